import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { isPresent, numberOf, textOf, type Value } from './values.ts';

/** A function of the language (user guide, "Functions"); undefined where its arguments do not fit. */
export interface FunctionOf {
  readonly takes: readonly [min: number, max: number];
  readonly call: (args: readonly Value[]) => Value;
}

const ANY_MAX = 50;
/** Text that a function makes: a record's own size, so that `concat` of `concat` cannot fill the memory. */
const TEXT_CHARS_MAX = 1 << 20;

const numeric = (count: number, call: (...numbers: number[]) => number): FunctionOf => ({
  takes: [count, count],
  call: (args) => finite(args, call),
});
const variadic = (call: (...numbers: number[]) => number): FunctionOf => ({
  takes: [1, ANY_MAX],
  call: (args) => finite(args, call),
});
function finite(args: readonly Value[], call: (...numbers: number[]) => number): Value {
  const numbers = args.map(numberOf);
  if (numbers.includes(undefined)) return undefined;
  const result = call(...(numbers as number[]));
  return Number.isFinite(result) ? result : undefined;
}
const textual = (min: number, max: number, call: (text: string, ...more: string[]) => Value): FunctionOf => ({
  takes: [min, max],
  call: ([first, ...more]) => (isPresent(first) ? call(textOf(first), ...more.map(textOf)) : undefined),
});
const ofTime = (call: (ms: number, period: string) => Value): FunctionOf => ({
  takes: [2, 2],
  call: ([time, period]) => {
    const ms = numberOf(time);
    return ms === undefined ? undefined : call(ms, textOf(period));
  },
});

/** Characters of `set` (blanks without one) taken off. */
function trimmed(text: string, set: string | undefined, left: boolean, right: boolean): string {
  const chars = new Set(set === undefined || set === '' ? [' ', '\t', '\n', '\r'] : set);
  let [from, to] = [0, text.length];
  if (left) while (from < to && chars.has(text[from]!)) from++;
  if (right) while (to > from && chars.has(text[to - 1]!)) to--;
  return text.slice(from, to);
}

export const FUNCTIONS: Readonly<Record<string, FunctionOf>> = {
  abs: numeric(1, Math.abs),
  ceil: numeric(1, Math.ceil),
  floor: numeric(1, Math.floor),
  sqrt: numeric(1, Math.sqrt),
  log: numeric(1, Math.log),
  greatest: variadic(Math.max),
  least: variadic(Math.min),

  isempty: { takes: [1, 1], call: ([value]) => !isPresent(value) || textOf(value) === '' },
  isblank: { takes: [1, 1], call: ([value]) => textOf(value).trim() === '' },
  ispresent: { takes: [1, 1], call: ([value]) => isPresent(value) },
  coalesce: { takes: [1, ANY_MAX], call: (args) => args.find(isPresent) },
  concat: { takes: [1, ANY_MAX], call: (args) => args.map(textOf).join('').slice(0, TEXT_CHARS_MAX) },
  strlen: textual(1, 1, (text) => [...text].length),
  toupper: textual(1, 1, (text) => text.toUpperCase()),
  tolower: textual(1, 1, (text) => text.toLowerCase()),
  trim: textual(1, 2, (text, set) => trimmed(text, set, true, true)),
  ltrim: textual(1, 2, (text, set) => trimmed(text, set, true, false)),
  rtrim: textual(1, 2, (text, set) => trimmed(text, set, false, true)),
  substr: textual(2, 3, (text, from, length) =>
    text.slice(Number(from), length === undefined ? undefined : Number(from) + Number(length)),
  ),
  replace: textual(3, 3, (text, search, by) =>
    search === '' ? text : text.replaceAll(search!, () => by!).slice(0, TEXT_CHARS_MAX),
  ),
  strcontains: textual(2, 2, (text, part) => (text.includes(part!) ? 1 : 0)),

  /** Times are milliseconds. `bin` is `datefloor` of @timestamp (compile.ts gives it that). */
  datefloor: ofTime((ms, period) => floorTo(ms, period)),
  dateceil: ofTime((ms, period) => {
    const floor = floorTo(ms, period);
    return floor === undefined || floor === ms ? floor : floorTo(floor + 1.5 * (periodMs(period) ?? 0), period);
  }),
  bin: { takes: [1, 1], call: () => undefined },
  frommillis: numeric(1, (ms) => ms),
  tomillis: numeric(1, (ms) => ms),

  isvalidip: textual(1, 1, (text) => isIP(text) !== 0),
  isvalidipv4: textual(1, 1, (text) => isIPv4(text)),
  isvalidipv6: textual(1, 1, (text) => isIPv6(text)),
  isipinsubnet: textual(2, 2, (ip, subnet) => inSubnet(ip, subnet!, [4, 6])),
  isipv4insubnet: textual(2, 2, (ip, subnet) => inSubnet(ip, subnet!, [4])),
  isipv6insubnet: textual(2, 2, (ip, subnet) => inSubnet(ip, subnet!, [6])),
};

function inSubnet(ip: string, subnet: string, versions: readonly number[]): boolean {
  const version = isIP(ip);
  const [network = '', prefix = ''] = subnet.split('/');
  if (version === 0 || !versions.includes(version) || isIP(network) !== version) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const bits = Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > (version === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family);
  return list.check(ip, family);
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ...{ ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 },
  ...{ mo: 30 * 86_400_000, q: 91 * 86_400_000, y: 365 * 86_400_000 },
};
/** Also spelled out: `5 minutes`. */
const PERIOD = /^(\d+)\s*(ms|mo|min|[smhdwqy])(?:[a-z]*)$/i;

/** How long a period is; months, quarters and years about. undefined when it is none. */
export function periodMs(period: string): number | undefined {
  const [, count, unit = ''] = PERIOD.exec(period) ?? [];
  if (count === undefined || Number(count) === 0) return undefined;
  return Number(count) * UNITS_MS[unit.toLowerCase() === 'min' ? 'm' : unit.toLowerCase()]!;
}

/** The beginning of the period that a time is in. Weeks begin on Monday; months, quarters and years as in calendars (UTC). */
export function floorTo(ms: number, period: string): number | undefined {
  const [, count = '', unit = ''] = PERIOD.exec(period) ?? [];
  const length = periodMs(period);
  if (length === undefined) return undefined;
  const months = { mo: 1, q: 3, y: 12 }[unit.toLowerCase()];
  if (months !== undefined) {
    const date = new Date(ms);
    if (Number.isNaN(date.getTime())) return undefined;
    const month = date.getUTCFullYear() * 12 + date.getUTCMonth();
    const floor = month - (month % (months * Number(count)));
    return Date.UTC(Math.floor(floor / 12), floor % 12);
  }
  const shift = unit.toLowerCase() === 'w' ? 4 * 86_400_000 : 0; // the epoch was a Thursday
  return Math.floor((ms - shift) / length) * length + shift;
}
