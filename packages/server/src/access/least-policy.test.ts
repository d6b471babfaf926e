import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actionsOf } from './actions.ts';
import { LeastPolicy, type PolicyEvent } from './least-policy.ts';

const policyOf = (...events: PolicyEvent[]) => {
  const policy = new LeastPolicy();
  for (const event of events) policy.add(event);
  return policy;
};
const call = (source: string, eventName: string, more: Omit<PolicyEvent, 'eventSource' | 'eventName'> = {}) => ({
  eventSource: `${source}.amazonaws.com`,
  eventName,
  ...more,
});

describe('the action of a call', () => {
  it.each([
    ['ec2', 'DescribeVpcs', ['ec2:DescribeVpcs']],
    ['s3', 'ListObjects', ['s3:ListBucket']],
    ['s3', 'CopyObject', ['s3:GetObject', 's3:PutObject']],
    ['lambda', 'UpdateFunctionCode20150331v2', ['lambda:UpdateFunctionCode']],
    ['lambda', 'GetLayerVersion20181031', ['lambda:GetLayerVersion']],
    ['lambda', 'Invoke', ['lambda:InvokeFunction']],
    ['cloudfront', 'CreateDistribution2020_05_31', ['cloudfront:CreateDistribution']],
    ['monitoring', 'PutMetricAlarm', ['cloudwatch:PutMetricAlarm']],
    ['sts', 'GetCallerIdentity', []],
    ['signin', 'ConsoleLogin', []],
  ])('%s %s', (source, name, actions) => {
    expect(actionsOf(`${source}.amazonaws.com`, name)).toEqual(actions);
  });
});

describe('the least policy', () => {
  it('names the resources that records name, objects for object actions and buckets for bucket actions', () => {
    const bucket = { accountId: '123456789012', type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::logs' };
    const object = { type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::logs/a/b' };
    const prefix = { type: 'AWS::S3::Object', ARNPrefix: 'arn:aws:s3:::logs/a/' };
    expect(
      policyOf(
        call('s3', 'GetObject', { resources: [object, bucket] }),
        call('s3', 'ListObjects', { resources: [prefix, bucket] }),
        call('s3', 'GetBucketAcl', { resources: [bucket] }),
        call('ec2', 'DescribeVpcs'),
        call('kms', 'Decrypt', { resources: [{ ARN: 'arn:aws:kms:us-east-1:1:key/k', type: 'AWS::KMS::Key' }] }),
      ).document().Statement,
    ).toEqual([
      { Effect: 'Allow', Action: ['ec2:DescribeVpcs'], Resource: ['*'] },
      { Effect: 'Allow', Action: ['kms:Decrypt'], Resource: ['arn:aws:kms:us-east-1:1:key/k'] },
      { Effect: 'Allow', Action: ['s3:GetBucketAcl', 's3:ListBucket'], Resource: ['arn:aws:s3:::logs'] },
      { Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::logs/a/b'] },
    ]);
  });

  it('gathers resources, and one use without a name makes it all of them', () => {
    const topic = (n: string) => ({ requestParameters: { topicArn: `arn:aws:sns:us-east-1:1:${n}` } });
    const two = policyOf(call('sns', 'Publish', topic('b')), call('sns', 'Publish', topic('a')));
    expect(two.document().Statement[0]!.Resource).toEqual(['arn:aws:sns:us-east-1:1:a', 'arn:aws:sns:us-east-1:1:b']);
    const all = policyOf(call('sns', 'Publish', topic('b')), call('sns', 'Publish'));
    expect(all.document().Statement[0]!.Resource).toEqual(['*']);
  });

  it('lets roles be passed that were passed, and assumed that were assumed', () => {
    const role = 'arn:aws:iam::123456789012:role/app';
    const { Statement } = policyOf(
      call('lambda', 'CreateFunction20150331', { requestParameters: { functionName: 'f', role } }),
      call('sts', 'AssumeRole', { requestParameters: { roleArn: role } }),
    ).document();
    expect(Statement).toEqual([
      { Effect: 'Allow', Action: ['iam:PassRole', 'sts:AssumeRole'], Resource: [role] },
      { Effect: 'Allow', Action: ['lambda:CreateFunction'], Resource: ['*'] },
    ]);
  });

  it('does not grant what was refused, but says it; what was both refused and done is granted', () => {
    const policy = policyOf(
      call('ec2', 'RunInstances', { errorCode: 'Client.UnauthorizedOperation' }),
      call('iam', 'CreateUser', { errorCode: 'AccessDenied' }),
      call('iam', 'CreateUser'),
      call('iam', 'GetUser', { errorCode: 'NoSuchEntityException' }),
    );
    expect(policy.denied).toEqual(['ec2:RunInstances']);
    expect(policy.document().Statement).toEqual([
      { Effect: 'Allow', Action: ['iam:CreateUser', 'iam:GetUser'], Resource: ['*'] },
    ]);
    expect(policy.calls).toBe(2);
  });

  it('takes any JSON for a record', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.dictionary(fc.constantFrom('eventSource', 'eventName', 'resources', 'requestParameters'), fc.jsonValue()),
        ),
        (events) => {
          const { Statement } = policyOf(...events).document();
          for (const { Action, Resource } of Statement) expect(Action.length * Resource.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});
