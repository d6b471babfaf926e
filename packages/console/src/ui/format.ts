/** Texts of values, the same on every page. */

const NUMBER = new Intl.NumberFormat('en-US');
const SHORT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

/** 1,234,567 */
export const countText = (n: number): string => NUMBER.format(n);
/** 1 event, 1,234,567 events */
export const eventsText = (n: number): string => `${countText(n)} event${n === 1 ? '' : 's'}`;
/** 1.2M */
export const shortCount = (n: number): string => SHORT.format(n);

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** 1.3 MB, in powers of 1000. */
export function bytesText(bytes: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), BYTE_UNITS.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[power]}`;
}

const SPANS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** 3 minutes, 1 day; under a second `0 seconds`. */
export function spanText(ms: number): string {
  const [unit, size] = SPANS.find(([, size]) => Math.abs(ms) >= size) ?? SPANS[3];
  const n = Math.floor(Math.abs(ms) / size);
  return `${n} ${unit}${n === 1 ? '' : 's'}`;
}

/** 3 minutes ago. Clocks that differ by little put nothing into the future. */
export const agoText = (ms: number, nowMs: number): string =>
  nowMs - ms < 1000 ? 'just now' : `${spanText(nowMs - ms)} ago`;

/** 1234-5678-9012, as AWS's console writes it. */
export const accountText = (id: string): string =>
  /^\d{12}$/.test(id) ? `${id.slice(0, 4)}-${id.slice(4, 8)}-${id.slice(8)}` : id;

/** The last part of an ARN, which people know: user, role and session, `root`. */
export function callerName(arn: string): string {
  const resource = arn.split(':').slice(5).join(':');
  return resource.replace(/^(user|assumed-role|federated-user)\//, '') || arn;
}

export type TimeZoneChoice = 'local' | 'utc';

const two = (n: number) => String(n).padStart(2, '0');

/** 2026-01-31 12:34:56, in the chosen zone; `short` leaves the seconds out. Sorts as it reads. */
export function timeText(ms: number, zone: TimeZoneChoice, { short = false } = {}): string {
  if (!Number.isFinite(ms)) return 'unknown';
  // A local time is the UTC reading of a moment moved by the offset.
  const at = new Date(zone === 'utc' ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000);
  if (Number.isNaN(at.getTime())) return 'unknown';
  const date = `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}${short ? '' : `:${two(at.getUTCSeconds())}`}`;
  return `${date} ${time}`;
}

/** UTC, UTC+01:00 … of that moment. */
export function zoneText(ms: number, zone: TimeZoneChoice): string {
  const minutes = zone === 'utc' ? 0 : -new Date(ms).getTimezoneOffset();
  if (!minutes) return 'UTC';
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** Milliseconds of a time as answers have it: seconds since the epoch, ISO 8601, or milliseconds already. */
export function timeMs(value: number | string | Date): number {
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'string') return Date.parse(value);
  // Answers of AWS's JSON services count seconds: 1e11 ms were 1973, 1e11 s the year 5138.
  return Math.abs(value) < 1e11 ? value * 1000 : value;
}
