import { expect, test } from 'vitest';
import type { NewEvent } from '../../event/event.ts';
import { eventOfKeyEvent, eventsOfUse } from './records.ts';
import { ACCOUNT, arnOf, HOME, harness, OTHER, user } from './testing/harness.ts';

const recordsOf = (events: readonly NewEvent[]) => events.map(({ json }) => JSON.parse(json.toString()));

test('a use by a service is an AWSService call of the key’s account, by way of it the caller’s', async () => {
  const kms = harness();
  const allow = (Principal: object) => ({ Effect: 'Allow', Principal, Action: 'kms:*', Resource: '*' });
  const Statement = [allow({ AWS: [ACCOUNT, OTHER] }), allow({ Service: 'cloudtrail.amazonaws.com' })];
  const keyArn = arnOf(await kms.newKey({ Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
  const encryptionContext = { 'aws:cloudtrail:arn': 'arn:trail' };
  const eve = user('eve', OTHER);
  await kms.services.generateDataKey({
    service: 'cloudtrail.amazonaws.com',
    region: HOME,
    sourceArn: 'arn:trail',
    keyId: keyArn,
    encryptionContext,
  });
  const asking = { service: 's3.amazonaws.com', region: HOME, onBehalfOf: kms.context('PutObject', eve) } as const;
  await kms.services.generateDataKey({ ...asking, keyId: keyArn, encryptionContext: {} });
  const [byService, byCaller] = kms.uses.map((use) => recordsOf(eventsOfUse(kms, use)));
  expect(byService).toMatchObject([
    {
      userIdentity: { type: 'AWSService', invokedBy: 'cloudtrail.amazonaws.com' },
      eventSource: 'kms.amazonaws.com',
      eventName: 'GenerateDataKey',
      sourceIPAddress: 'cloudtrail.amazonaws.com',
      userAgent: 'cloudtrail.amazonaws.com',
      requestParameters: { keyId: keyArn, keySpec: 'AES_256', encryptionContext },
      responseElements: null,
      readOnly: true,
      resources: [{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: keyArn }],
      recipientAccountId: ACCOUNT,
      sharedEventID: expect.any(String),
    },
  ]);
  expect(byCaller).toMatchObject([
    { userIdentity: { userName: 'eve', invokedBy: 's3.amazonaws.com' }, recipientAccountId: OTHER },
    { userIdentity: { type: 'AWSAccount', accountId: OTHER }, recipientAccountId: ACCOUNT },
  ]);
});

test('a key that KMS deletes or rotates by itself is a service event', () => {
  const kms = harness();
  const keyId = '11111111-2222-3333-4444-555555555555';
  const event = { accountId: ACCOUNT, region: HOME, keyId, keyArn: arnOf(keyId), timeMs: kms.clock.now() };
  const made = (['DeleteKey', 'RotateKey'] as const).map((eventName) => eventOfKeyEvent(kms, { ...event, eventName }));
  const common = {
    eventType: 'AwsServiceEvent',
    userIdentity: { accountId: ACCOUNT, invokedBy: 'AWS Internal' },
    sourceIPAddress: 'AWS Internal',
    requestParameters: null,
    readOnly: false,
    resources: [{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: arnOf(keyId) }],
    recipientAccountId: ACCOUNT,
  };
  expect(recordsOf(made)).toMatchObject([
    { ...common, eventName: 'DeleteKey' },
    { ...common, eventName: 'RotateKey', serviceEventDetails: { keyId } },
  ]);
});
