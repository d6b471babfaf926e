import { eventFromBytes } from '../../accept.ts';
import { type SearchableEvent, searchableEvent } from '../index.ts';

/** A record that has a value of every kind. */
export const RECORD = {
  eventVersion: '1.11',
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROAX:alice',
    arn: 'arn:aws:sts::111122223333:assumed-role/admin/alice',
    accountId: '111122223333',
    accessKeyId: 'ASIAEXAMPLE',
    sessionContext: { sessionIssuer: { arn: 'arn:aws:iam::111122223333:role/admin' } },
  },
  eventTime: '2026-11-21T10:00:00Z',
  eventSource: 's3.amazonaws.com',
  eventName: 'DeleteBucket',
  awsRegion: 'eu-west-1',
  sourceIPAddress: '198.51.100.7',
  userAgent: '[Boto3/1.34 md/Botocore#1.34]',
  errorCode: 'AccessDenied',
  errorMessage: 'User said "no"',
  requestParameters: {
    bucketName: 'Payroll',
    Host: 's3.eu-west-1.amazonaws.com',
    'x-amz-acl': 'private',
    'odd.name': 1,
    nothing: null,
    empty: '',
    count: 12,
    tags: [{ key: 'a', value: 1 }, { key: 'b' }, { key: null }],
  },
  responseElements: null,
  requestID: 'R1',
  eventID: 'e1',
  readOnly: false,
  resources: [{ type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::Payroll' }],
  eventType: 'AwsApiCall',
  managementEvent: true,
  recipientAccountId: '111122223333',
  eventCategory: 'Management',
};

/** As it comes out of the Log. */
export function eventOf(record: object): SearchableEvent {
  const made = eventFromBytes(Buffer.from(JSON.stringify(record)), { fallbackAccountId: '999999999999' });
  if ('refused' in made) throw new Error(made.refused.message);
  return searchableEvent(made.event.header, made.event.json);
}
