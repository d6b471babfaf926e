import { expect, test } from 'vitest';
import { checkCoverage, deliveryOf } from './coverage.ts';
import type { Chain, ListedLogFile } from './inventory.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 0, 2);
const HOME = { accountId: '123456789012', region: 'us-east-1' };

const chain = (endMs: number, lastModifiedMs?: number): Chain => {
  const place = { ...HOME, trailName: 't', homeRegion: HOME.region, endMs, backfill: false, prefix: undefined };
  const digest = {
    key: `digest ${endMs}`,
    sizeBytes: 1,
    place,
    ...(lastModifiedMs !== undefined && { lastModifiedMs }),
  };
  return { id: 'c', trail: 't', ...HOME, selected: true, digests: [digest] } as unknown as Chain;
};
const file = (timeMs: number): ListedLogFile =>
  ({ key: `folder/2026/01/02/${timeMs}`, sizeBytes: 1, place: { ...HOME, timeMs } }) as unknown as ListedLogFile;

const codes = (
  chains: readonly Chain[],
  logFiles: readonly ListedLogFile[],
  { spanMs = HOUR_MS, deliveredMs }: { readonly spanMs?: number; readonly deliveredMs?: number } = {},
) =>
  checkCoverage({
    chains,
    logFiles,
    listedKeys: new Set(),
    startMs: 0,
    endMs: NOW_MS,
    digestSpanMs: new Map([['c', spanMs]]),
    gaps: new Map(),
    latestDigestDeliveryMs: new Map(deliveredMs === undefined ? [] : [[deliveryOf(HOME), deliveredMs]]),
    unvalidatedPrefixes: new Set(),
  }).map(({ code }) => code);

test('a file where digests cover everything must be listed', () => {
  expect(codes([chain(NOW_MS, NOW_MS + 60_000)], [file(NOW_MS - 600_000)])).toEqual(['log-file-not-listed']);
  expect(codes([chain(NOW_MS)], [file(NOW_MS - 600_000)])).toEqual(['log-file-not-listed']);
});

test('a digest whose end lies ahead of its arrival, after the clock was set back, covers up to its arrival', () => {
  const ahead = chain(NOW_MS + 400 * 24 * HOUR_MS, NOW_MS - HOUR_MS);
  expect(codes([ahead], [file(NOW_MS - 600_000)])).toEqual(['log-files-not-covered-yet']);
  expect(codes([ahead], [file(NOW_MS - 1.5 * HOUR_MS)])).toEqual(['log-file-not-listed']);
});

test('a chain is cut off when the trail delivered a later digest than is here', () => {
  const minutes = (n: number) => n * 60_000;
  const here = chain(NOW_MS, NOW_MS + minutes(5));
  expect(codes([here], [], { deliveredMs: NOW_MS + minutes(5) })).toEqual([]);
  expect(codes([here], [], { deliveredMs: NOW_MS + minutes(65) })).toEqual(['chain-truncated']);
  // Put back in place, so that it seems to be the latest delivery.
  expect(codes([chain(NOW_MS, NOW_MS + minutes(500))], [], { deliveredMs: NOW_MS + minutes(125) })).toEqual([
    'chain-truncated',
  ]);
});

test('a Region of which nothing is left is missed, once another one shows that the trail delivered here', () => {
  const other = (endMs: number) => ({ ...chain(endMs, endMs), region: 'eu-west-1' }) as Chain;
  const deliveredMs = NOW_MS - 60_000;
  expect(codes([other(NOW_MS - HOUR_MS)], [], { deliveredMs })).toEqual(['chain-truncated']);
  // The trail may have been moved here after it delivered the digest of its home Region.
  expect(codes([other(NOW_MS)], [], { deliveredMs })).toEqual(['chain-absent']);
  expect(codes([], [], { deliveredMs })).toEqual(['chain-absent']);
});

test('what the trail delivered last says nothing of another that delivered here and was deleted', () => {
  const other = { ...chain(NOW_MS, NOW_MS + 60_000), selected: false };
  expect(codes([other], [], { deliveredMs: NOW_MS + 24 * HOUR_MS })).toEqual(['chain-absent']);
});

test('a range without any digest of the chain says nothing of how old its newest is', () => {
  const here = chain(NOW_MS, NOW_MS + 300_000);
  expect(codes([here], [], { spanMs: 0, deliveredMs: NOW_MS + 300_000 })).toEqual([]);
  expect(codes([here], [], { spanMs: 0, deliveredMs: NOW_MS + 2 * HOUR_MS })).toEqual(['chain-truncated']);
});
