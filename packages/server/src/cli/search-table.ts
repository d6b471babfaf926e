import { eventFromBytes } from '../event/accept.ts';
import { columnTitle, compileValues, LIST_SEPARATOR, searchableEvent } from '../event/search/index.ts';
import { printable } from './printable.ts';
import type { FoundEvent } from './search.ts';

/** What answers "who did what, when, from where" on one line. */
export const TABLE_COLUMNS: readonly string[] = [
  ...['eventTime', 'userName', 'eventName', 'resourceName', 'awsRegion', 'sourceIPAddress', 'errorCode'],
];

/** Columns are no narrower, and no wider unless the screen has room. */
const WIDTH_MIN = 8;
const WIDTH_MAX = 40;
/** Part of a time says nothing. */
const TIME_CHARS = '2026-01-31T23:59:59Z'.length;
/** Where nobody says how wide the screen is: files and pipes. */
const SCREEN_CHARS = 160;
const GAP = '  ';

/** Prints pages of events as one table, as wide as the first page needs. */
export function table(
  columns: readonly string[],
  screenChars = SCREEN_CHARS,
): (events: readonly FoundEvent[]) => string {
  const readers = columns.map(compileValues);
  const titles = columns.map(columnTitle).map(printable);
  const mins = columns.map((column) => (column === 'eventTime' ? TIME_CHARS : WIDTH_MIN));
  let widths: readonly number[] | undefined;

  const cellsOf = ({ AccountId, Record }: FoundEvent): readonly string[] => {
    const made = eventFromBytes(Buffer.from(Record), { accountId: AccountId, fallbackAccountId: AccountId });
    if ('refused' in made) return columns.map(() => '?');
    const event = searchableEvent(made.event.header, Record);
    return readers.map((read) => printable(read(event).join(LIST_SEPARATOR)));
  };
  return (events) => {
    const rows = events.map(cellsOf);
    const isFirst = widths === undefined;
    if (isFirst && rows.length === 0) return 'no events\n';
    widths ??= widthsOf([titles, ...rows], mins, screenChars);
    const head = isFirst ? [titles, widths.map((width) => '─'.repeat(width))] : [];
    return [...head, ...rows].map((row) => `${lineOf(row, widths!)}\n`).join('');
  };
}

/** The widest column gives way, as long as one has something left to give. */
function widthsOf(
  rows: readonly (readonly string[])[],
  mins: readonly number[],
  screenChars: number,
): readonly number[] {
  const widths = mins.map((_, i) => Math.min(WIDTH_MAX, Math.max(...rows.map((row) => row[i]!.length))));
  const room = screenChars - GAP.length * (widths.length - 1);
  for (let over = sum(widths) - room; over > 0; over--) {
    const spare = widths.map((width, i) => (width > mins[i]! ? width : 0));
    const widest = Math.max(...spare);
    if (widest === 0) break;
    widths[spare.indexOf(widest)]!--;
  }
  return widths;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

const lineOf = (row: readonly string[], widths: readonly number[]): string =>
  row
    .map((cell, i) => (cell.length > widths[i]! ? `${cell.slice(0, widths[i]! - 1)}…` : cell.padEnd(widths[i]!)))
    .join(GAP)
    .trimEnd();
