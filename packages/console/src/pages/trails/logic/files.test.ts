import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { overdueStretch, problemsOf, remedyOf, stateOf } from '../../../parts/trails/health.ts';
import { crumbsOf, folderPage, isLogFile, lastPart } from './listing.ts';
import { gunzipText, recordsIn, rowOf } from './log-file.ts';

const TRAIL = { Name: 'main', TrailARN: 'arn', HomeRegion: 'us-east-1', S3BucketName: 'logs' };

describe('health', () => {
  test('in a word', () => {
    expect(stateOf(TRAIL, { IsLogging: false }).type).toBe('stopped');
    expect(stateOf(TRAIL, { IsLogging: true }).type).toBe('pending');
    expect(stateOf(TRAIL, { IsLogging: true, LatestDeliveryTime: 1 }).type).toBe('success');
    expect(stateOf(TRAIL, { IsLogging: true, LatestDeliveryTime: 1, LatestDeliveryError: 'AccessDenied' }).type).toBe(
      'error',
    );
  });
  test('each error once, with what mends it', () => {
    const problems = problemsOf(TRAIL, {
      IsLogging: true,
      LatestDeliveryError: 'NoSuchBucket',
      LatestDigestDeliveryError: 'NoSuchBucket',
      LatestNotificationError: 'AuthorizationError',
      LatestCloudWatchLogsDeliveryError: 'ResourceNotFoundException',
    });
    expect(problems.map(({ about }) => about)).toEqual(['Log files', 'Notifications', 'CloudWatch Logs']);
    for (const { says, how } of problems) expect([says, how].every((text) => text.length > 20)).toBe(true);
    const key = problemsOf(
      { ...TRAIL, KmsKeyId: 'k' },
      { IsLogging: true, LatestDeliveryError: 'KMS.DisabledException' },
    );
    expect(key[0]!.says).toBe('The key k is disabled.');
  });
  test('what should have been delivered by now', () => {
    const now = 10_000_000;
    expect(overdueStretch({ IsLogging: true, StartLoggingTime: 9_000 }, now)).toBeUndefined();
    expect(overdueStretch({ IsLogging: true, StartLoggingTime: 1_000, LatestDeliveryTime: 8_799 }, now)).toEqual({
      StartTime: 8_800,
      EndTime: 8_800,
    });
    expect(overdueStretch({ IsLogging: false, LatestDeliveryTime: 1 }, now)).toBeUndefined();
  });
  test('errors of saving', () => {
    expect(remedyOf('InsufficientS3BucketPolicyException')).toMatch(/storage step/);
    expect(remedyOf('InvalidTrailNameException')).toBeUndefined();
  });
});

describe('folders', () => {
  test('of one, many or no entries', () => {
    expect(folderPage({ CommonPrefixes: { Prefix: 'a/b%20c/' }, Contents: '' }, 'a/')).toEqual({
      folders: ['a/b c/'],
      files: [],
    });
    const answer = {
      Contents: [
        { Key: 'a/', Size: '0', LastModified: 't' },
        { Key: 'a/x.json.gz', Size: '12', LastModified: 't' },
      ],
      NextContinuationToken: 'more',
    };
    expect(folderPage(answer, 'a/')).toEqual({
      folders: [],
      files: [{ key: 'a/x.json.gz', sizeBytes: 12, modified: 't' }],
      next: 'more',
    });
    expect(folderPage({ CommonPrefixes: { Prefix: '%E0%A4%A' } }, '')).toMatchObject({ folders: ['%E0%A4%A'] });
  });
  test('the way down', () => {
    expect(crumbsOf('p/AWSLogs/', 'p/AWSLogs/1/CloudTrail/').map(({ text }) => text)).toEqual([
      'p/AWSLogs/',
      '1',
      'CloudTrail',
    ]);
    expect(crumbsOf('p/AWSLogs/', 'elsewhere/')).toHaveLength(1);
    expect([lastPart('a/b/'), lastPart('a/c')]).toEqual(['b', 'c']);
    expect([isLogFile('a/CloudTrail/x.json.gz'), isLogFile('a/CloudTrail-Digest/x.json.gz'), isLogFile('a')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('log files', () => {
  const stream = (bytes: Uint8Array) => new Blob([new Uint8Array(bytes)]).stream() as ReadableStream<Uint8Array>;
  test('are inflated and read', async () => {
    const text = JSON.stringify({
      Records: [{ eventName: 'ü', userIdentity: { userName: 'alice' }, recipientAccountId: '1' }, 7],
    });
    const records = recordsIn(await gunzipText(stream(gzipSync(text))));
    expect(records.map(rowOf)).toMatchObject([{ id: '0', name: 'ü', user: 'alice', accountId: '1', errorCode: '' }]);
    expect(rowOf({ eventName: 3, userIdentity: 'x', eventID: { a: 1 } }, 1)).toMatchObject({
      name: '',
      user: '',
      eventId: '',
    });
  });
  test('and what is none is said to be none', async () => {
    await expect(gunzipText(stream(Buffer.from('plain')))).rejects.toThrow('not a whole gzip file');
    await expect(gunzipText(stream(gzipSync('x'.repeat(1000)).subarray(0, 20)))).rejects.toThrow(
      'not a whole gzip file',
    );
    await expect(gunzipText(stream(gzipSync(Buffer.alloc(100 * 1024 * 1024))))).rejects.toThrow('too large');
    expect(() => recordsIn('{')).toThrow('no JSON');
    expect(() => recordsIn('[]')).toThrow('Records');
  });
});
