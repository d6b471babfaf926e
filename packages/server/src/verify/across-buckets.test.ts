import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { OperatorError } from '../base/errors.ts';
import { directorySource } from '../cli/verify/directory-source.ts';
import { sha256Hex } from '../trails/digest.ts';
import type { Source } from './source.ts';
import { BUCKET, check, HOUR, type Made, makeBucket, T0 } from './testing/made-bucket.ts';
import type { ObjectVerdict } from './verdicts.ts';

describe('a trail that moved from bucket to bucket', () => {
  const BUCKETS = ['a', 'a', 'b', 'b', 'a', BUCKET];
  const selection = { prefix: 'AWSLogs/', trailName: 'main', homeRegion: 'us-east-1' };
  const asked = { endMs: T0 + 7 * HOUR, selection };

  /** A source of one of the buckets whose objects all lie in one folder. */
  const sourceOf = (made: Made, bucketOf: ReadonlyMap<string, string>, bucket: string): Source => {
    const all = directorySource(made.folder);
    return {
      name: `s3://${bucket}`,
      bucket,
      inBucket: (name) => sourceOf(made, bucketOf, name),
      async *list(prefix) {
        if (bucket === 'refused') throw new OperatorError('Cannot list s3://refused: AccessDenied');
        for await (const object of all.list(prefix)) if (bucketOf.get(object.key) === bucket) yield object;
      },
      get: async (name, key) => (bucketOf.get(key) === name ? all.get(undefined, key) : undefined),
    };
  };
  const moving = (buckets = BUCKETS) => {
    const made = makeBucket(buckets.length, undefined, (hour) => buckets[hour]!);
    const bucketOf = new Map(
      buckets.flatMap((name, hour) => [
        [made.digests[hour]!, name],
        [made.logs[2 * hour]!, name],
        [made.logs[2 * hour + 1]!, name],
      ]),
    );
    return { ...made, bucketOf, source: sourceOf(made, bucketOf, BUCKET) };
  };

  test('is verified in all of them, as one chain', async () => {
    const made = moving();
    const verdicts: ObjectVerdict[] = [];
    const onVerdict = (verdict: ObjectVerdict) => void verdicts.push(verdict);
    expect(await check(made, { ...asked, source: made.source, onVerdict })).toMatchObject({
      digests: { checked: 6, valid: 6 },
      logFiles: { checked: 12, valid: 12 },
      records: 36,
      codes: [],
    });
    expect(new Set(verdicts.map(({ key, bucket = BUCKET }) => `${bucket} ${key}`))).toEqual(
      new Set([...made.bucketOf].map(([key, bucket]) => `${bucket} ${key}`)),
    );
    const late = { ...asked, source: made.source, startMs: T0 + 5.5 * HOUR };
    expect(await check(made, late)).toMatchObject({ digests: { checked: 1 }, codes: [] });
    const { trailName: _, ...untold } = selection;
    expect(await check(made, { ...asked, source: made.source, selection: untold })).toMatchObject({
      digests: { checked: 1 },
      codes: ['chain-begins-elsewhere'],
    });
  });

  test('what is wrong there is found, and named with its bucket', async () => {
    const made = moving();
    rmSync(made.path(made.digests[3]!));
    writeFileSync(made.path(made.logs[4]!), gzipSync('{"Records":[]}'));
    rmSync(made.path(made.logs[0]!));
    const named = async (of: Made & { readonly source: Source }) =>
      (await check(of, { ...asked, source: of.source })).findings.map(({ code, object }) => `${code} ${object}`);
    const folder = made.logs[0]!.replace(/2026.*/, '');
    expect(await named(made)).toEqual([
      `log-file-missing s3://a/${made.logs[0]}`,
      `log-file-hash-mismatch s3://b/${made.logs[4]}`,
      `chain-truncated s3://b/${folder}`,
      `digest-missing s3://b/${made.digests[3]}`,
    ]);
    const other = moving();
    const later = (digest: Record<string, unknown>) =>
      Object.assign(digest, { digestStartTime: '2026-06-01T01:01:00Z' });
    other.rewrite(other.digests[1]!, later, true);
    expect(await named(other)).toEqual([
      `chain-hash-mismatch s3://b/${other.digests[2]}`,
      `chain-signature-mismatch s3://b/${other.digests[2]}`,
    ]);
  });

  test('an event that stands in a log file of another bucket, too, is found', async () => {
    const made = moving(['a', BUCKET]);
    const [theirs, ours] = [made.logs[0]!, made.logs[2]!];
    copyFileSync(made.path(theirs), made.path(ours));
    const hashValue = sha256Hex(gunzipSync(readFileSync(made.path(ours))));
    const repeat = (digest: Record<string, unknown>) => {
      for (const file of digest.logFiles as { s3Object: string; hashValue: string }[])
        if (file.s3Object === ours) file.hashValue = hashValue;
    };
    made.rewrite(made.digests[1]!, repeat, true);
    const { codes, findings } = await check(made, { ...asked, source: made.source });
    expect(codes).toEqual(['event-repeated']);
    expect(findings).toHaveLength(3);
    expect(findings[0]).toMatchObject({
      object: `s3://a/${theirs}`,
      message: expect.stringMatching(`^eventID \\S+ stands also in s3://${BUCKET}/${ours}$`),
    });
  });

  test('log files that were delivered before the move belong to the digest after it', async () => {
    const made = moving(['a', 'a', BUCKET]);
    made.bucketOf.set(made.logs[4]!, 'a');
    const move = (digest: Record<string, unknown>) => {
      for (const file of digest.logFiles as { s3Object: string; s3Bucket: string }[])
        if (file.s3Object === made.logs[4]) file.s3Bucket = 'a';
    };
    made.rewrite(made.digests[2]!, move, true);
    expect(await check(made, { ...asked, source: made.source })).toMatchObject({
      logFiles: { checked: 6, valid: 6 },
      codes: [],
    });
    rmSync(made.path(made.logs[4]!));
    expect((await check(made, { ...asked, source: made.source })).findings).toMatchObject([
      { code: 'log-file-missing', object: `s3://a/${made.logs[4]}` },
    ]);
  });

  test('a bucket that cannot be listed any more is a notice', async () => {
    const made = moving(['refused', BUCKET]);
    expect(await check(made, { ...asked, source: made.source })).toMatchObject({
      digests: { checked: 1, valid: 1 },
      findings: [{ message: expect.stringMatching(/refused\/.*\. Cannot list s3:\/\/refused: AccessDenied$/) }],
      codes: ['chain-begins-elsewhere'],
      verdict: 'valid',
    });
  });
});
