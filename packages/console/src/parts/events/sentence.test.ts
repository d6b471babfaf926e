import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { printSentence, sentenceOf } from './sentence.ts';
import { pastOf, wordsOf } from './words.ts';

const alice = { type: 'IAMUser', userName: 'alice', arn: 'arn:aws:iam::123456789012:user/alice' };
const event = (eventSource: string, eventName: string, more: object = {}) => ({
  eventSource: `${eventSource}.amazonaws.com`,
  eventName,
  userIdentity: alice,
  sourceIPAddress: '10.0.0.7',
  ...more,
});
const say = (record: object) => printSentence(sentenceOf(record as Record<string, unknown>), '');

describe('sentences', () => {
  test.each([
    [
      event('s3', 'DeleteBucket', { requestParameters: { bucketName: 'my-logs' } }),
      'alice deleted bucket my-logs from 10.0.0.7',
    ],
    [
      event('s3', 'DeleteBucket', { requestParameters: { bucketName: 'my-logs' }, errorCode: 'AccessDenied' }),
      'alice tried to delete bucket my-logs from 10.0.0.7, refused with AccessDenied',
    ],
    [
      event('s3', 'PutBucketPolicy', { requestParameters: { bucketName: 'b', bucketPolicy: {} } }),
      'alice set policy of bucket b from 10.0.0.7',
    ],
    [
      event('s3', 'GetObject', { requestParameters: { bucketName: 'b', key: 'a/b c.txt' } }),
      'alice read object “a/b c.txt” of bucket b from 10.0.0.7',
    ],
    [
      event('iam', 'CreateAccessKey', {
        requestParameters: { userName: 'bob' },
        responseElements: { accessKey: { accessKeyId: 'AKIAX' } },
      }),
      'alice created access key AKIAX for user bob from 10.0.0.7',
    ],
    [
      event('iam', 'CreateAccessKey', { requestParameters: { userName: 'bob' }, errorCode: 'LimitExceededException' }),
      'alice tried to create access key for user bob from 10.0.0.7, failed with LimitExceededException',
    ],
    [
      event('ec2', 'TerminateInstances', {
        requestParameters: { instancesSet: { items: [{ instanceId: 'i-1' }, { instanceId: 'i-2' }] } },
      }),
      'alice terminated instances i-1, i-2 from 10.0.0.7',
    ],
    [
      event('ec2', 'TerminateInstances', {
        requestParameters: { instancesSet: { items: ['1', '2', '3', '4'].map((n) => ({ instanceId: `i-${n}` })) } },
      }),
      'alice terminated instances i-1 and 3 others from 10.0.0.7',
    ],
    [
      event('signin', 'ConsoleLogin', {
        responseElements: { ConsoleLogin: 'Failure' },
        errorMessage: 'Failed authentication',
      }),
      'alice tried to sign in to the console from 10.0.0.7, refused: Failed authentication',
    ],
    [
      event('rds', 'DeleteDBInstance', { requestParameters: { dBInstanceIdentifier: 'db1' } }),
      'alice deleted DB instance db1 from 10.0.0.7',
    ],
    [
      event('lambda', 'CreateFunction20150331', { requestParameters: { functionName: 'f' } }),
      'alice created function f from 10.0.0.7',
    ],
    [event('ec2', 'DescribeInstances'), 'alice read instances from 10.0.0.7'],
    [
      {
        eventSource: 'kms.amazonaws.com',
        eventName: 'RotateKey',
        userIdentity: { invokedBy: 'AWS Internal' },
        sourceIPAddress: 'AWS Internal',
        serviceEventDetails: { keyId: 'k-1' },
      },
      'AWS Internal rotated key k-1',
    ],
    [
      {
        eventSource: 'opentrail.amazonaws.com',
        eventName: 'RuleMatched',
        serviceEventDetails: {
          ruleTitle: 'Bucket deleted',
          matchedEvent: { eventName: 'DeleteBucket', userIdentityArn: 'arn:aws:iam::1:user/eve' },
        },
      },
      'Rule “Bucket deleted” matched DeleteBucket by eve',
    ],
  ])('%#: %s', (record, sentence) => {
    expect(say(record)).toBe(sentence);
  });

  test('names that could be taken for words of the sentence are quoted, and what cannot be seen is written out', () => {
    const bucketName = 'x from 10.0.0.1,\u202e refused {q.bucketName} [y]';
    expect(say(event('s3', 'DeleteBucket', { requestParameters: { bucketName } }))).toBe(
      'alice deleted bucket “x from 10.0.0.1,\\u202e refused {q.bucketName} [y]” from 10.0.0.7',
    );
  });

  test('odd shapes make a sentence still', () => {
    const odd: readonly unknown[] = [null, 7, [], 'x', { a: [null] }, { __proto__: null }];
    for (const value of odd) {
      const record = {
        userIdentity: value,
        eventName: value,
        eventSource: value,
        requestParameters: value,
        responseElements: value,
        resources: value,
        errorCode: value,
      };
      expect(typeof say(record)).toBe('string');
      expect(typeof say({ ...record, eventSource: 's3.amazonaws.com', eventName: 'constructor' })).toBe('string');
    }
  });
});

test.each([
  ['DeleteDBInstance', 'delete', 'DB instance'],
  ['ListObjectsV2', 'list', 'objects'],
  ['CreateFunction20150331v2', 'create', 'function'],
  ['Decrypt', 'decrypt', ''],
  ['GetMFADevice', 'read', 'MFA device'],
])('words of %s', (name, verb, noun) => {
  expect(wordsOf(name)).toEqual([verb, noun]);
});

test.each([
  ['delete', 'deleted'],
  ['modify', 'modified'],
  ['stop', 'stopped'],
  ['run', 'ran'],
  ['deploy', 'deployed'],
])('%s, %s', (verb, past) => {
  expect(pastOf(verb)).toBe(past);
});

const DATA = new URL('../../../../../../../shared/data/events/', import.meta.url).pathname;
const hasData = existsSync(DATA);
if (!hasData) process.stderr.write(`LEFT OUT, because ${DATA} is not on this machine: sentences of real records\n`);
test.skipIf(!hasData)('every real record makes a sentence with an actor and a verb', () => {
  for (const file of readdirSync(DATA).filter((name) => name.endsWith('.ndjson'))) {
    for (const line of readFileSync(`${DATA}${file}`, 'utf8').trim().split('\n')) {
      const { what } = sentenceOf(JSON.parse(line));
      expect(what, line.slice(0, 300)).toMatch(/^\S.* \S/);
      expect(what).not.toMatch(/undefined|\{|\[object/);
    }
  }
});
