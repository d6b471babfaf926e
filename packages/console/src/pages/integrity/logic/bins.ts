import type { Lane, Marks } from './collected.ts';
import type { ObjectState } from './lines.ts';

/** Objects that stand too close to be told apart in a drawing are drawn as one: the worst. */
export interface Bin {
  readonly index: number;
  readonly state: ObjectState;
  readonly counts: Readonly<Record<ObjectState, number>>;
}

const WORST_FIRST: readonly ObjectState[] = ['missing', 'changed', 'unlisted', 'valid'];

export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** From the first object to the last; undefined when there is none. A single moment gets some room around it. */
export function spanOf(lanes: Iterable<Lane>): Span | undefined {
  let [startMs, endMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { marks } of lanes)
    for (const byState of Object.values(marks))
      for (const times of Object.values(byState))
        for (const ms of times) {
          if (ms < startMs) startMs = ms;
          if (ms > endMs) endMs = ms;
        }
  if (startMs > endMs) return undefined;
  return startMs === endMs ? { startMs: startMs - 30_000, endMs: endMs + 30_000 } : { startMs, endMs };
}

/** The objects of a lane by where they stand in a span of so many places. Places without any are left out. */
export function binsOf(marks: Marks, { startMs, endMs }: Span, places: number): Bin[] {
  const bins = new Map<number, Record<ObjectState, number>>();
  for (const state of WORST_FIRST)
    for (const ms of marks[state]) {
      if (ms < startMs || ms > endMs) continue;
      const index = Math.min(places - 1, Math.floor(((ms - startMs) / (endMs - startMs)) * places));
      const counts = bins.get(index) ?? { valid: 0, missing: 0, changed: 0, unlisted: 0 };
      counts[state]++;
      bins.set(index, counts);
    }
  return [...bins]
    .map(([index, counts]) => ({ index, counts, state: WORST_FIRST.find((state) => counts[state] > 0)! }))
    .sort((a, b) => a.index - b.index);
}

const wrong = ({ marks }: Lane): boolean =>
  Object.values(marks).some(({ missing, changed, unlisted }) => missing.length + changed.length + unlisted.length > 0);

/** Nothing was delivered there, and the digests that say so are valid: most Regions of most trails. */
export const isQuiet = (lane: Lane): boolean => !wrong(lane) && lane.marks['log-file'].valid.length === 0;

/** Lanes with something wrong first, then by name. */
export function sortedLanes(lanes: Iterable<Lane>): Lane[] {
  const name = ({ accountId, region }: Lane) => `${accountId} ${region}`;
  return [...lanes].sort(
    (a, b) => Number(wrong(b)) - Number(wrong(a)) || (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0),
  );
}

/** Moments at which an axis is labelled: round ones, not too close. */
export function ticksOf({ startMs, endMs }: Span, max: number): number[] {
  const step = STEPS_MS.find((ms) => (endMs - startMs) / ms <= max) ?? STEPS_MS.at(-1)!;
  const ticks: number[] = [];
  for (let ms = Math.ceil(startMs / step) * step; ms <= endMs && ticks.length < 2 * max; ms += step) ticks.push(ms);
  return ticks;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS_MS: readonly number[] = [
  ...[1, 5, 15, 30].map((n) => n * SECOND),
  ...[1, 5, 15, 30].map((n) => n * MINUTE),
  ...[1, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY),
];
