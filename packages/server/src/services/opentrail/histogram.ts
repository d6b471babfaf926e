import type { Lake, LakeQuery } from '../../ports/lake.ts';

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

/** Widths of buckets that people read at a glance. */
const INTERVALS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28].map((n) => n * DAY),
];

/** The narrowest width with which a range of time has at most so many buckets, those at its ends being parts of one. */
export function intervalOf(startMs: number, endMs: number, bucketsMax: number): number {
  const fits = (ms: number) => Math.floor(endMs / ms) - Math.floor(startMs / ms) < bucketsMax;
  const found = INTERVALS_MS.find(fits);
  if (found !== undefined) return found;
  let ms = INTERVALS_MS.at(-1)!;
  while (!fits(ms)) ms *= 2;
  return ms;
}

/** The range of time that a histogram covers: an end that was left open is where the events end. */
export async function histogramRange(
  lake: Lake,
  query: LakeQuery,
  open: { readonly start: boolean; readonly end: boolean },
  signal: AbortSignal,
): Promise<{ readonly startMs: number; readonly endMs: number } | undefined> {
  const outermost = async (order: 'newest' | 'oldest') =>
    (await lake.page({ ...query, order, limit: 1 }, signal)).rows[0]?.timeMs;
  const [startMs, endMs] = await Promise.all([
    open.start ? outermost('oldest') : query.startMs,
    open.end ? outermost('newest') : query.endMs,
  ]);
  return startMs === undefined || endMs === undefined ? undefined : { startMs, endMs };
}
