import { resolveField } from './field-path.ts';
import { SEARCH_FIELDS } from './fields.ts';

/** The columns of a CSV file when none are asked for: what AWS's console offers of an event, in the order it shows it. */
export const CSV_COLUMNS: readonly string[] = [
  ...['eventTime', 'userName', 'eventName', 'resourceType', 'resourceName', 'accessKeyId', 'awsRegion', 'errorCode'],
  ...['eventSource', 'sourceIPAddress', 'userAgent', 'readOnly', 'accountId', 'requestId', 'eventId'],
];

const LABELS: ReadonlyMap<string, string> = new Map(SEARCH_FIELDS.map(({ name, label }) => [name, label]));

/** The head of a column: `Event time`; a path is its own. @throws PatternError when it names nothing */
export function columnTitle(field: string): string {
  const { name } = resolveField(field);
  return LABELS.get(name) ?? name;
}

/** Between the values of a field that is a list. */
export const LIST_SEPARATOR = ', ';

/**
 * A cell of a CSV file (RFC 4180). What a spreadsheet would run as a formula gets an apostrophe in front, which makes it
 * text: anyone may write a user agent.
 */
export function csvCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** What spreadsheets take for the beginning of a formula, or skip before one; also in full width. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: some programs skip NUL
const FORMULA = /^[\s\u0000]*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

/** A line of cells, its end included. */
export const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`;
