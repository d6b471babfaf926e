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

/**
 * The range of time that a histogram covers: an end that was left open is where the events end, but for those that are
 * dated after now as long as there are others: one of the year 9999 would make a single bucket of all the rest.
 * @returns undefined when there are no events
 */
export async function histogramRange(
  lake: Lake,
  query: LakeQuery,
  { start, end, nowMs }: { readonly start: boolean; readonly end: boolean; readonly nowMs: number },
  signal: AbortSignal,
): Promise<{ readonly startMs: number; readonly endMs: number } | undefined> {
  const outermost = async (order: 'newest' | 'oldest', until = query.endMs) =>
    (await lake.page({ ...query, endMs: until, order, limit: 1 }, signal)).rows[0]?.timeMs;
  const newest = async () => (await outermost('newest', Math.min(nowMs, query.endMs))) ?? outermost('newest');
  const [startMs, endMs] = await Promise.all([
    start ? outermost('oldest') : query.startMs,
    end ? newest() : query.endMs,
  ]);
  return startMs === undefined || endMs === undefined ? undefined : { startMs, endMs };
}
