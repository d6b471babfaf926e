import { describe, expect, it } from 'vitest';
import { lookupKeys } from './lookup-keys.ts';

const username = (userIdentity: unknown) => lookupKeys({ userIdentity }).username;
const resources = (record: object) => lookupKeys(record as Record<string, unknown>).resources;

describe('lookupKeys', () => {
  it('names users as LookupEvents does', () => {
    expect(username({ type: 'IAMUser', userName: 'Alice' })).toBe('Alice');
    expect(username({ type: 'Root', arn: 'arn:aws:iam::1:root', userName: 'alias' })).toBe('root');
    expect(username({ type: 'AssumedRole', arn: 'arn:aws:sts::1:assumed-role/dev/bob@x.org' })).toBe('bob@x.org');
    expect(username({ type: 'AssumedRole', principalId: 'AROA1:session' })).toBe('session');
    expect(username({ type: 'FederatedUser', principalId: '1:carol' })).toBe('carol');
    expect(username({ type: 'AWSService', invokedBy: 'ec2.amazonaws.com' })).toBe('');
    for (const odd of [null, undefined, 7, 'x', [], { type: 'IAMUser', userName: 5 }, { type: 'AssumedRole' }]) {
      expect(username(odd)).toBe('');
    }
  });

  it('lists what the call names and what the record lists, each once', () => {
    expect(
      resources({
        eventSource: 'sts.amazonaws.com',
        requestParameters: { roleArn: 'arn:role' },
        responseElements: {
          credentials: { accessKeyId: 'ASIA1' },
          assumedRoleUser: { assumedRoleId: 'AROA:s', arn: 'arn:s' },
        },
        resources: [{ accountId: '1', type: 'AWS::IAM::Role', ARN: 'arn:role' }, { ARN: 'arn:untyped' }],
      }),
    ).toEqual([
      ['AWS::IAM::Role', 'arn:role'],
      ['AWS::IAM::AccessKey', 'ASIA1'],
      ['AWS::STS::AssumedRole', 'AROA:s'],
      ['AWS::STS::AssumedRole', 'arn:s'],
      ['', 'arn:untyped'],
    ]);
  });

  it('walks through lists', () => {
    const items = [{ instanceId: 'i-1' }, { instanceId: 'i-2' }, { instanceId: 'i-1' }];
    expect(resources({ eventSource: 'ec2.amazonaws.com', requestParameters: { instancesSet: { items } } })).toEqual([
      ['AWS::EC2::Instance', 'i-1'],
      ['AWS::EC2::Instance', 'i-2'],
    ]);
    expect(resources({ eventSource: 'ssm.amazonaws.com', requestParameters: { names: ['/a', '/b', 7] } })).toHaveLength(
      2,
    );
  });

  it('survives any shape', () => {
    for (const odd of [null, 7, 'x', [[[]]], { instancesSet: { items: [[{ instanceId: 'i' }], null] } }]) {
      expect(resources({ eventSource: 'ec2.amazonaws.com', requestParameters: odd, resources: odd })).toEqual([]);
    }
    expect(resources({ eventSource: 'constructor', resources: [{ ARN: 'x'.repeat(2_001) }, null, 3] })).toEqual([]);
    expect(resources({ resources: Array.from({ length: 1_000 }, (_, i) => ({ ARN: `${i}` })) })).toHaveLength(255);
  });
});
