import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { OperatorError } from '../base/errors.ts';
import { sha256Hex } from '../trails/digest.ts';
import { logFileKey } from '../trails/paths.ts';
import { BUCKET, check, HOUR, type Made, makeBucket, place, T0 } from './testing/made-bucket.ts';

test('an untouched bucket is valid, all of it', async () => {
  const result = await check(makeBucket());
  expect(result).toMatchObject({
    digests: { checked: 4, valid: 4 },
    logFiles: { checked: 8, valid: 8 },
    records: 24,
    codes: [],
    verdict: 'valid',
  });
});

test('a copy without metadata is verified by what each following digest repeats', async () => {
  const made = makeBucket();
  for (const key of made.digests) rmSync(`${made.path(key)}.metadata.json`);
  expect(await check(made)).toMatchObject({
    codes: ['digest-newest-unsigned-copy'],
    verdict: 'valid',
    digests: { checked: 4, valid: 4 },
  });
});

test('nothing at all is not called valid', async () => {
  const made = makeBucket();
  for (const key of [...made.digests, ...made.logs]) rmSync(made.path(key));
  expect((await check(made)).verdict).toBe('nothing-found');
});

type Tamper = (made: Made) => void;
const edit = (key: string, change: (bytes: Buffer) => Buffer) => writeFileSync(key, change(readFileSync(key)));

/** What spec and user guide name, with what must be found; the AWS CLI misses those after the line. */
const TAMPERS: readonly (readonly [string, Tamper, readonly string[]])[] = [
  [
    'a log file changed',
    (m) => writeFileSync(m.path(m.logs[1]!), gzipSync('{"Records":[]}')),
    ['log-file-hash-mismatch'],
  ],
  ['a log file deleted', (m) => rmSync(m.path(m.logs[1]!)), ['log-file-missing']],
  ['a log file not gzip', (m) => writeFileSync(m.path(m.logs[1]!), 'hello'), ['log-file-unreadable']],
  [
    'bytes after a log file',
    (m) => edit(m.path(m.logs[1]!), (b) => Buffer.concat([b, Buffer.from('x')])),
    ['log-file-unreadable'],
  ],
  [
    'a second member after a log file',
    (m) => edit(m.path(m.logs[1]!), (b) => Buffer.concat([b, gzipSync('')])),
    ['log-file-unreadable'],
  ],
  ['a log file cut short', (m) => edit(m.path(m.logs[1]!), (b) => b.subarray(0, -5)), ['log-file-unreadable']],
  [
    'a digest changed',
    (m) =>
      m.rewrite(
        m.digests[1]!,
        (d) => {
          d.awsAccountId = '1';
        },
        false,
      ),
    ['chain-hash-mismatch', 'digest-signature-invalid'],
  ],
  ['a digest deleted', (m) => rmSync(m.path(m.digests[1]!)), ['digest-missing', 'log-file-not-listed']],
  [
    'a digest moved',
    (m) => {
      const to = m.digests[3]!.replace('T040000Z', 'T050000Z');
      mkdirSync(dirname(m.path(to)), { recursive: true });
      writeFileSync(m.path(to), readFileSync(m.path(m.digests[3]!)));
      rmSync(m.path(m.digests[3]!));
    },
    ['digest-moved'],
  ],
  [
    'a digest not JSON',
    (m) => writeFileSync(m.path(m.digests[3]!), gzipSync('{')),
    ['digest-unreadable', 'log-file-not-listed'],
  ],
  [
    'a digest that lacks its link',
    (m) =>
      m.rewrite(
        m.digests[2]!,
        (d) => {
          delete d.previousDigestS3Object;
          delete d.previousDigestS3Bucket;
        },
        false,
      ),
    ['chain-hash-mismatch', 'chain-restarted', 'digest-signature-invalid'],
  ],
  [
    'a digest whose link is no text',
    (m) =>
      m.rewrite(
        m.digests[3]!,
        (d) => {
          d.previousDigestS3Object = 7;
        },
        false,
      ),
    ['digest-unreadable', 'log-file-not-listed'],
  ],
  // ———
  [
    'the newest digests deleted',
    (m) => {
      for (const key of m.digests.slice(1)) rmSync(m.path(key));
    },
    ['chain-truncated'],
  ],
  [
    'every digest deleted',
    (m) => {
      for (const key of m.digests) rmSync(m.path(key));
    },
    ['log-files-without-digests'],
  ],
  [
    'digests deleted in a row',
    (m) => {
      for (const key of m.digests.slice(1, 3)) rmSync(m.path(key));
    },
    ['digest-missing', 'log-file-not-listed'],
  ],
  [
    'a fork',
    (m) =>
      m.rewrite(
        m.digests[3]!,
        (d) => {
          const to = JSON.parse(gunzipSync(readFileSync(m.path(m.digests[2]!))).toString());
          for (const n of ['Object', 'Bucket']) d[`previousDigestS3${n}`] = to[`previousDigestS3${n}`];
          d.previousDigestHashValue = to.previousDigestHashValue;
          d.previousDigestSignature = to.previousDigestSignature;
        },
        true,
      ),
    ['chain-forked'],
  ],
  [
    'a wrong previous hash, signed',
    (m) =>
      m.rewrite(
        m.digests[3]!,
        (d) => {
          d.previousDigestHashValue = 'ab'.repeat(32);
        },
        true,
      ),
    ['chain-hash-mismatch'],
  ],
  [
    'a wrong previous signature, signed',
    (m) =>
      m.rewrite(
        m.digests[3]!,
        (d) => {
          d.previousDigestSignature = 'ab'.repeat(256);
        },
        true,
      ),
    ['chain-signature-mismatch'],
  ],
  [
    'a chain begun anew',
    (m) =>
      m.rewrite(
        m.digests[3]!,
        (d) => {
          for (const n of ['S3Bucket', 'S3Object', 'HashValue', 'HashAlgorithm', 'Signature'])
            d[`previousDigest${n}`] = null;
        },
        true,
      ),
    ['chain-restarted'],
  ],
  [
    'a log file that no digest lists',
    (m) => writeFileSync(m.path(m.logs[1]!.replace('h0f1', 'evil')), gzipSync('{"Records":[]}')),
    ['log-file-not-listed'],
  ],
  [
    'a signature algorithm of its own',
    (m) =>
      edit(`${m.path(m.digests[3]!)}.metadata.json`, (b) =>
        Buffer.from(b.toString().replace('SHA256withRSA', 'banana')),
      ),
    ['digest-signature-algorithm-wrong'],
  ],
  [
    'an event that repeats',
    (m) => {
      const content = gunzipSync(readFileSync(m.path(m.logs[0]!)));
      writeFileSync(m.path(m.logs[7]!), gzipSync(content));
      m.rewrite(
        m.digests[3]!,
        (d) => {
          (d.logFiles as { hashValue: string }[])[1]!.hashValue = sha256Hex(content);
        },
        true,
      );
    },
    ['event-repeated'],
  ],
];

describe('finds', () => {
  for (const [name, tamper, codes] of TAMPERS) {
    test(name, async () => {
      const made = makeBucket();
      tamper(made);
      const result = await check(made);
      expect(result.codes).toEqual(codes);
      expect(result.verdict).toBe(codes[0] === 'chain-restarted' ? 'valid' : 'invalid');
    });
  }
});

test('log files that came after the newest digest are only not covered yet', async () => {
  const made = makeBucket();
  const key = logFileKey({ ...place, kind: 'CloudTrail', timeMs: T0 + 4 * HOUR + 300_000, unique: 'a'.repeat(16) });
  writeFileSync(made.path(key), gzipSync('{"Records":[]}'));
  expect(await check(made)).toMatchObject({ codes: ['log-files-not-covered-yet'], verdict: 'valid' });
});

test('a time range leaves the rest alone', async () => {
  const made = makeBucket();
  rmSync(made.path(made.logs[0]!));
  expect(await check(made, { startMs: T0 + 2 * HOUR, endMs: T0 + 3 * HOUR })).toMatchObject({
    codes: [],
    verdict: 'valid',
  });
});

test('what is dated in the future is left out only where somebody asked for an end', async () => {
  const made = makeBucket();
  writeFileSync(made.path(made.logs[7]!), gzipSync('{"Records":[]}'));
  expect(await check(made, { endMs: T0 })).toMatchObject({ codes: [], digests: { checked: 2 } });
  expect(await check(made, { endMs: T0, isOpenEnded: true })).toMatchObject({
    codes: ['log-file-hash-mismatch'],
    digests: { checked: 4 },
  });
  const key = logFileKey({ ...place, kind: 'CloudTrail', timeMs: T0 + 3.5 * HOUR, unique: 'alien'.padEnd(16, '0') });
  writeFileSync(made.path(key), gzipSync('{"Records":[]}'));
  const { codes } = await check(made, { endMs: T0, isOpenEnded: true });
  expect(codes).toContain('log-file-not-listed');
});

test('a log file that came long after its name is vouched for by a digest beyond the time range', async () => {
  const made = makeBucket(6);
  const key = logFileKey({ ...place, kind: 'CloudTrail', timeMs: T0 + 1_200_000, unique: 'late'.padEnd(16, '0') });
  const content = Buffer.from('{"Records":[]}');
  writeFileSync(made.path(key), gzipSync(content));
  made.rewrite(
    made.digests[5]!,
    (d) => {
      const late = { s3Bucket: BUCKET, s3Object: key, hashValue: sha256Hex(content), hashAlgorithm: 'SHA-256' };
      d.logFiles = [...(d.logFiles as object[]), late];
    },
    true,
  );
  expect(await check(made, { endMs: T0 + 6 * HOUR })).toMatchObject({ codes: [] });
  expect(await check(made, { endMs: T0 + HOUR })).toMatchObject({ codes: [], digests: { checked: 3 } });
  writeFileSync(made.path(key), gzipSync('{"Records":[{}]}'));
  expect(await check(made, { endMs: T0 + HOUR })).toMatchObject({ codes: ['log-file-hash-mismatch'] });
  // Somebody else's word is none.
  made.rewrite(made.digests[5]!, (d) => Object.assign(d, { awsAccountId: '1' }), false);
  expect(await check(made, { endMs: T0 + HOUR })).toMatchObject({ codes: ['log-file-not-listed'] });
});

test('what came while validation was switched off is told apart from what somebody put there', async () => {
  const made = makeBucket(6);
  rmSync(made.path(made.digests[2]!));
  const unlink = (digest: Record<string, unknown>) => {
    for (const name of Object.keys(digest)) if (name.startsWith('previous')) digest[name] = null;
  };
  made.rewrite(made.digests[3]!, unlink, true);
  for (const key of made.digests.slice(4)) rmSync(made.path(key));
  const range = { endMs: T0 + 4 * HOUR };
  expect(await check(made, range)).toMatchObject({ codes: ['chain-restarted', 'log-files-in-gap'], verdict: 'valid' });
  const planted = logFileKey({ ...place, kind: 'CloudTrail', timeMs: T0 + 0.5 * HOUR, unique: 'x'.repeat(16) });
  writeFileSync(made.path(planted), gzipSync('{"Records":[]}'));
  expect((await check(made, range)).findings).toContainEqual(
    expect.objectContaining({ code: 'log-file-not-listed', object: planted }),
  );
});

describe('a trail that moved', () => {
  /** Two hours here, two there, and back again for the last. */
  const moved = () => makeBucket(5, (hour) => (hour === 2 || hour === 3 ? 'there' : 'here'));
  const asked = {
    endMs: T0 + 6 * HOUR,
    selection: { prefix: 'here/AWSLogs/', trailName: 'main', homeRegion: 'us-east-1' },
  };

  test('to another prefix is verified in both places, as one chain', async () => {
    const made = moved();
    expect(await check(made, asked)).toMatchObject({
      digests: { checked: 5, valid: 5 },
      logFiles: { checked: 10, valid: 10 },
      codes: [],
    });
    expect(await check(made, { ...asked, startMs: T0 + 4.5 * HOUR })).toMatchObject({
      digests: { checked: 1 },
      codes: [],
    });
    // An Insight that no digest lists, where the trail delivered before.
    const unlisted = made.logs[5]!.replaceAll('CloudTrail', 'CloudTrail-Insight');
    mkdirSync(dirname(made.path(unlisted)), { recursive: true });
    writeFileSync(made.path(unlisted), gzipSync('{"Records":[]}'));
    expect((await check(made, asked)).findings).toMatchObject([{ code: 'log-file-not-listed', object: unlisted }]);
    rmSync(made.path(unlisted));
    writeFileSync(made.path(made.logs[5]!), gzipSync('{"Records":[]}'));
    rmSync(made.path(made.digests[2]!));
    expect((await check(made, asked)).codes).toEqual(['digest-missing', 'log-file-not-listed']);
  });

  test('to another bucket is verified from there on in a copy, and what lies before is named', async () => {
    const made = makeBucket(4, undefined, (hour) => (hour < 2 ? 'former' : BUCKET));
    for (const key of [...made.digests.slice(0, 2), ...made.logs.slice(0, 4)]) rmSync(made.path(key));
    expect(await check(made)).toMatchObject({ codes: ['chain-begins-elsewhere'], verdict: 'valid' });
  });
});

describe('with so many files that several threads read them', () => {
  const made = makeBucket(510);
  const range = { endMs: T0 + 511 * HOUR };

  test('all are read, and what is wrong with some is found', async () => {
    expect(await check(made, range)).toMatchObject({
      logFiles: { checked: 1020, valid: 1020 },
      records: 3060,
      codes: [],
    });
    rmSync(made.path(made.logs[3]!));
    writeFileSync(made.path(made.logs[515]!), gzipSync('{"Records":[]}'));
    const { findings, logFiles } = await check(made, range);
    expect(logFiles).toEqual({ checked: 1020, valid: 1018 });
    expect(findings.map(({ code, object }) => `${code} ${object}`).sort()).toEqual([
      `log-file-hash-mismatch ${made.logs[515]}`,
      `log-file-missing ${made.logs[3]}`,
    ]);
  });

  test('one that cannot be read ends it, saying why', async () => {
    const files = made.logs.slice(100).map((key) => `${made.path(key)}.metadata.json`);
    for (const file of files) writeFileSync(file, '{');
    await expect(check(made, range)).rejects.toThrow(OperatorError);
    for (const file of files) rmSync(file);
  });
});
