import { describe, expect, test } from 'vitest';
import { bucketNeeds, covers, keyNeeds, mergedPolicy, topicNeeds } from './policy.ts';

const PLACE = { trailArn: 'arn:aws:cloudtrail:us-east-1:123456789012:trail/main', accountId: '123456789012' };
const NEEDS = bucketNeeds('logs', '', PLACE);
const document = (...Statement: unknown[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const allow = (more: object) => ({ Effect: 'Allow', Principal: { Service: 'cloudtrail.amazonaws.com' }, ...more });
const missing = (...statements: unknown[]) =>
  mergedPolicy(document(...statements), NEEDS)!.missing.map(({ Action }) => Action);

describe('mergedPolicy', () => {
  test('makes a policy where there is none, which then lacks nothing', () => {
    for (const needs of [
      NEEDS,
      bucketNeeds('logs', 'a/b', { ...PLACE, organizationId: 'o-1' }),
      topicNeeds('arn:aws:sns:x', PLACE),
      keyNeeds(PLACE),
    ]) {
      const made = mergedPolicy(undefined, needs)!;
      expect(made.missing).toEqual(needs);
      expect(mergedPolicy(made.text, needs)!.missing).toEqual([]);
    }
  });
  test('knows what is allowed already, in AWS’s words or wider', () => {
    const wide = allow({ Action: ['s3:*'], Resource: ['arn:aws:s3:::logs', 'arn:aws:s3:::logs/*'] });
    expect(missing(wide)).toEqual([]);
    expect(missing({ ...wide, Principal: '*' })).toEqual([]);
    expect(missing(allow({ Action: 'S3:PUTOBJECT', Resource: 'arn:aws:s3:::logs/AWSLogs/123456789012/*' }))).toEqual([
      's3:GetBucketAcl',
    ]);
    const account = { StringEquals: { 'aws:SourceAccount': ['123456789012'] } };
    expect(missing({ ...wide, Condition: account })).toEqual([]);
    expect(
      missing({ ...wide, Condition: { ArnLike: { 'AWS:SourceArn': 'arn:aws:cloudtrail:*:123456789012:trail/*' } } }),
    ).toEqual([]);
  });
  test('adds what others, other places, denials and unknown conditions do not give', () => {
    const all = { Action: 's3:*', Resource: ['arn:aws:s3:::logs', 'arn:aws:s3:::logs/*'] };
    const both = ['s3:GetBucketAcl', 's3:PutObject'];
    expect(missing({ ...allow(all), Effect: 'Deny' })).toEqual(both);
    expect(missing({ ...allow(all), Principal: { Service: 'sns.amazonaws.com' } })).toEqual(both);
    expect(missing(allow({ ...all, Resource: 'arn:aws:s3:::other/*' }))).toEqual(both);
    expect(missing(allow({ ...all, Condition: { Bool: { 'aws:SecureTransport': 'true' } } }))).toEqual(both);
    expect(missing(allow({ ...all, Condition: { StringEquals: { 'aws:SourceArn': 'arn:other' } } }))).toEqual(both);
    expect(missing(null, 7, 'x')).toEqual(both);
  });
  test('keeps what is there, and names of statements apart', () => {
    const other = mergedPolicy(
      undefined,
      bucketNeeds('logs', '', { ...PLACE, trailArn: 'arn:aws:cloudtrail:us-east-1:1:trail/other' }),
    )!;
    const { Statement } = JSON.parse(mergedPolicy(other.text, NEEDS)!.text) as { Statement: { Sid: string }[] };
    expect(Statement.map(({ Sid }) => Sid)).toEqual([
      'AWSCloudTrailAclCheck20150319',
      'AWSCloudTrailWrite20150319',
      'AWSCloudTrailAclCheck201503192',
      'AWSCloudTrailWrite201503192',
    ]);
    const single = JSON.stringify({ Version: '2008-10-17', Id: 'mine', Statement: { Sid: 'one', Effect: 'Deny' } });
    expect(JSON.parse(mergedPolicy(single, NEEDS)!.text)).toMatchObject({
      Version: '2008-10-17',
      Id: 'mine',
      Statement: [{ Sid: 'one' }, {}, {}],
    });
  });
  test('leaves alone what it cannot read', () => {
    for (const text of ['{', '[]', '1', 'null']) expect(mergedPolicy(text, NEEDS)).toBeUndefined();
  });
});

test('covers knows the wildcards of policies, and takes no time for hostile ones', () => {
  expect([covers('*', ''), covers('a*c', 'abc'), covers('a?c', 'abc'), covers('a*', 'a*')]).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect([covers('a?', 'a'), covers('', 'a'), covers('a*c', 'acb'), covers('abc', 'ab*')]).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(covers(`${'*a'.repeat(500)}b`, 'a'.repeat(5_000))).toBe(false);
});
