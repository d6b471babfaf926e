import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DigestPlace,
  digestKey,
  folderOf,
  type LogFilePlace,
  logFileKey,
  parseDigestKey,
  parseLogFileKey,
} from './paths.ts';

const MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const LOG: LogFilePlace = {
  accountId: '123456789012',
  region: 'eu-west-1',
  kind: 'CloudTrail',
  timeMs: MS,
  unique: 'abcDEF0123456789',
};
const DIGEST: DigestPlace = {
  accountId: '123456789012',
  region: 'eu-west-1',
  trailName: 'my_trail.a-b',
  homeRegion: 'us-east-1',
  endMs: MS,
};

describe('log file keys', () => {
  it('are as CloudTrail names them', () => {
    expect(logFileKey(LOG)).toBe(
      'AWSLogs/123456789012/CloudTrail/eu-west-1/2026/01/02/123456789012_CloudTrail_eu-west-1_20260102T0304Z_abcDEF0123456789.json.gz',
    );
    expect(logFileKey({ ...LOG, prefix: 'a/b', organizationId: 'o-abc123defg', kind: 'CloudTrail-Insight' })).toBe(
      'a/b/AWSLogs/o-abc123defg/123456789012/CloudTrail-Insight/eu-west-1/2026/01/02/123456789012_CloudTrail-Insight_eu-west-1_20260102T0304Z_abcDEF0123456789.json.gz',
    );
  });

  it('are refused when a part contradicts another', () => {
    const key = logFileKey(LOG);
    expect(parseLogFileKey(key)).toEqual({ ...LOG, timeMs: Date.UTC(2026, 0, 2, 3, 4) });
    for (const wrong of [
      key.replace('2026/01/02', '2026/01/03'),
      key.replace('_eu-west-1_', '_eu-west-2_'),
      key.replace('20260102T', '20261302T'),
      `${key}x`,
      key.replace('AWSLogs', 'Logs'),
      digestKey(DIGEST),
    ]) {
      expect(parseLogFileKey(wrong), wrong).toBeUndefined();
    }
  });
});

describe('digest keys', () => {
  it('end in the second of their end, where the AWS CLI cuts it out by position', () => {
    const key = digestKey({ ...DIGEST, prefix: 'p' });
    expect(key).toBe(
      'p/AWSLogs/123456789012/CloudTrail-Digest/eu-west-1/2026/01/02/123456789012_CloudTrail-Digest_eu-west-1_my_trail.a-b_us-east-1_20260102T030405Z.json.gz',
    );
    expect(key.slice(-24, -8)).toBe('20260102T030405Z');
    const backfill = digestKey({ ...DIGEST, backfill: true });
    expect(backfill.slice(-33, -17)).toBe('20260102T030405Z');
    expect(parseDigestKey(backfill)).toEqual({ ...DIGEST, backfill: true });
    expect(key.startsWith(`${folderOf({ ...DIGEST, prefix: 'p' }, 'CloudTrail-Digest')}/`)).toBe(true);
    expect(parseDigestKey(logFileKey(LOG))).toBeUndefined();
  });
});

describe('any place', () => {
  const word = (chars: string, max: number) =>
    fc.string({ unit: fc.constantFrom(...chars), minLength: 1, maxLength: max });
  const place = {
    accountId: fc.constantFrom('123456789012', '000000000001'),
    region: fc.constantFrom('us-east-1', 'ap-northeast-3', 'x', 'Imported-1'),
    prefix: fc.option(
      word('ab/_-AWSLogs', 20).filter((p) => !/^\/|\/$|\/\//.test(p)),
      { nil: undefined },
    ),
    organizationId: fc.option(fc.constant('o-abc123defg'), { nil: undefined }),
  };
  const ms = fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) / 60_000 }).map((minutes) => minutes * 60_000);

  it('comes back from its key', () => {
    const log = fc.record({
      ...place,
      kind: fc.constantFrom(
        'CloudTrail' as const,
        'CloudTrail-Insight' as const,
        'CloudTrail-NetworkActivity' as const,
      ),
      timeMs: ms,
      unique: fc.string({ unit: fc.constantFrom(...'aZ09'), minLength: 16, maxLength: 16 }),
    });
    const digest = fc.record({
      ...place,
      trailName: word('aZ0_.-', 12),
      homeRegion: fc.constantFrom('us-east-1', 'eu-west-1'),
      endMs: ms,
    });
    fc.assert(
      fc.property(log, (p) => {
        expect(parseLogFileKey(logFileKey(p))).toEqual(defined(p));
      }),
    );
    fc.assert(
      fc.property(digest, (p) => {
        expect(parseDigestKey(digestKey(p))).toEqual(defined(p));
      }),
    );
  });
});

const defined = (o: object) => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined));
