import { describe, expect, it } from 'vitest';
import { toLookupEvent } from './lookup-event.ts';

describe('toLookupEvent', () => {
  it('shows a record as LookupEvents does', () => {
    const json =
      '{"eventID": "e-1", "eventTime":"2023-07-10T11:42:36Z","eventName":"CreateRole","eventSource":"iam.amazonaws.com",' +
      '"userIdentity":{"type":"IAMUser","userName":"Zoë","accessKeyId":"AKIA"},"readOnly":false,"requestParameters":{"roleName":"r"},"resources":[{"ARN":"arn:x"}]}';
    expect(toLookupEvent(Buffer.from(json))).toEqual({
      EventId: 'e-1',
      EventName: 'CreateRole',
      ReadOnly: 'false',
      AccessKeyId: 'AKIA',
      EventTime: new Date('2023-07-10T11:42:36Z'),
      EventSource: 'iam.amazonaws.com',
      Username: 'Zoë',
      Resources: [{ ResourceType: 'AWS::IAM::Role', ResourceName: 'r' }, { ResourceName: 'arn:x' }],
      CloudTrailEvent: json,
    });
  });

  it('leaves out what the record does not say, and takes an Insights event by its details', () => {
    const json = JSON.stringify({
      eventID: 'e-2',
      eventTime: '2023-07-10T11:42:00Z',
      insightDetails: { eventName: 'RunInstances', eventSource: 'ec2.amazonaws.com' },
    });
    expect(toLookupEvent(Buffer.from(json))).toEqual({
      EventId: 'e-2',
      EventName: 'RunInstances',
      EventTime: new Date('2023-07-10T11:42:00Z'),
      EventSource: 'ec2.amazonaws.com',
      Resources: [],
      CloudTrailEvent: json,
    });
  });
});
