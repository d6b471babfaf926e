/**
 * A stretch of time as people say it: 90 days back from now, from one moment to another, or all there is.
 */
export type Range =
  | { readonly type: 'relative'; readonly amount: number; readonly unit: RangeUnit }
  | { readonly type: 'absolute'; readonly startMs: number; readonly endMs: number }
  | { readonly type: 'all' };

export type RangeUnit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';

const UNITS: Readonly<Record<string, RangeUnit>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
  y: 'year',
};
const LETTERS = Object.fromEntries(Object.entries(UNITS).map(([letter, unit]) => [unit, letter]));

const UNIT_MS: Readonly<Record<Exclude<RangeUnit, 'month' | 'year'>, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};
/** What CloudTrail's own Event history shows. */
export const DEFAULT_RANGE: Range = { type: 'relative', amount: 90, unit: 'day' };

/** Moments of a range that has no beginning or no end: the ends of what ISO 8601 writes with four digits. */
const FIRST_MS = 0;
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The parameters of the URL that say a range: `range=90d`, `range=all`, or `from` and `to`, of which one may lack. */
export function writeRange(range: Range): readonly (readonly [name: string, text: string])[] {
  if (range.type === 'all') return [['range', 'all']];
  if (range.type === 'relative') return [['range', `${range.amount}${LETTERS[range.unit]}`]];
  const { startMs, endMs } = range;
  const from = ['from', new Date(startMs).toISOString()] as const;
  return endMs === LAST_MS ? [from] : [from, ['to', new Date(endMs).toISOString()]];
}

/** @returns undefined when the parameters say no range: URLs are written by anybody. */
export function readRange(params: URLSearchParams): Range | undefined {
  const [from, to] = [params.get('from'), params.get('to')];
  if (from !== null || to !== null) return absolute(from, to);
  const text = params.get('range') ?? '';
  if (text === 'all') return { type: 'all' };
  const relative = /^(\d{1,5})(s|mo|m|h|d|w|y)$/.exec(text);
  const amount = Number(relative?.[1]);
  return relative && amount >= 1 ? { type: 'relative', amount, unit: UNITS[relative[2]!]! } : undefined;
}

function absolute(from: string | null, to: string | null): Range | undefined {
  const startMs = from === null ? FIRST_MS : Date.parse(from);
  const endMs = to === null ? LAST_MS : Date.parse(to);
  return startMs >= FIRST_MS && startMs <= endMs && endMs <= LAST_MS ? { type: 'absolute', startMs, endMs } : undefined;
}

/**
 * The moments that a range means at `nowMs`. The end of a relative range stays open: the server's clock says what is
 * newest, not this machine's, which may be minutes behind it.
 */
export function resolveRange(range: Range, nowMs: number): { readonly startMs?: number; readonly endMs?: number } {
  if (range.type === 'all') return {};
  if (range.type === 'absolute') {
    return { startMs: range.startMs, ...(range.endMs !== LAST_MS && { endMs: range.endMs }) };
  }
  return { startMs: Math.max(0, before(nowMs, range.amount, range.unit)) };
}

function before(nowMs: number, amount: number, unit: RangeUnit): number {
  if (unit !== 'month' && unit !== 'year') return nowMs - amount * UNIT_MS[unit];
  const date = new Date(nowMs);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() - amount * (unit === 'year' ? 12 : 1));
  // 31 March less a month is the last of February, not the 3rd of March.
  if (date.getUTCDate() !== day) date.setUTCDate(0);
  return date.getTime();
}

/** `the last 90 days`, for where a range is spoken of. */
export function describeRange(range: Range): string {
  if (range.type === 'all') return 'all time';
  if (range.type === 'relative') {
    return range.amount === 1 ? `the last ${range.unit}` : `the last ${range.amount} ${range.unit}s`;
  }
  return 'this time range';
}
