import { expect, test } from 'vitest';
import { ACCOUNT, createHarness, HOME } from './testing/harness.ts';

const OPERATIONS = ['PutResourcePolicy', 'GetResourcePolicy', 'DeleteResourcePolicy'];
const ID = '12345678-1234-1234-1234-123456789012';
const arn = (resource: string, service = 'cloudtrail') => `arn:aws:${service}:${HOME}:${ACCOUNT}:${resource}`;
const ResourcePolicy = JSON.stringify({ Version: '2012-10-17', Statement: [] });
const codeOf = async (operation: string, input: object) => (await createHarness().refusal(operation, input))[0];

test.each([
  [arn(`eventdatastore/${ID}`), 'ResourceNotFoundException'],
  [arn(`channel/${ID}`), 'ResourceNotFoundException'],
  [arn('channel/01234567890'), 'ResourceNotFoundException'],
  [arn('dashboard/mine'), 'ResourceNotFoundException'],
  [arn(`eventdatastore/${ID}`).replace(ACCOUNT, '210987654321'), 'ResourceNotFoundException'],
  [arn('trail/main'), 'ResourceTypeNotSupportedException'],
  [arn('constructor/x'), 'ResourceTypeNotSupportedException'],
  [arn('eventdatastore/short'), 'ResourceARNNotValidException'],
  [arn('dashboard/a'), 'ResourceARNNotValidException'],
  [arn('dashboard'), 'ResourceARNNotValidException'],
  [arn('logs', 's3'), 'ResourceARNNotValidException'],
  [arn(`channel/${'1'.repeat(256)}`), 'ResourceARNNotValidException'],
  [ID, 'ResourceARNNotValidException'],
  ['', 'ResourceARNNotValidException'],
  [undefined, 'ResourceARNNotValidException'],
])('a policy of %s: %s', async (ResourceArn, code) => {
  for (const operation of OPERATIONS) expect(await codeOf(operation, { ResourceArn, ResourcePolicy })).toBe(code);
});

test.each([
  [undefined, 'ResourcePolicyNotValidException'],
  ['', 'ResourcePolicyNotValidException'],
  ['{', 'ResourcePolicyNotValidException'],
  ['null', 'ResourcePolicyNotValidException'],
  ['"Statement"', 'ResourcePolicyNotValidException'],
  ['{}', 'ResourcePolicyNotValidException'],
  [ResourcePolicy.padEnd(8192), 'ResourceNotFoundException'],
  [ResourcePolicy.padEnd(8193), 'ResourcePolicyNotValidException'],
])('a policy that is %s: %s', async (policy, code) => {
  const input = { ResourceArn: arn(`channel/${ID}`), ResourcePolicy: policy };
  expect(await codeOf('PutResourcePolicy', input)).toBe(code);
});
