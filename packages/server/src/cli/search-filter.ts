import { OperatorError } from '../base/errors.ts';
import { PatternError, parseSearchFilter, resolveField } from '../event/search/index.ts';
import { momentOf } from './times.ts';

/** Which events, as the commands that search take it. */
export interface Found {
  readonly filter: string;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly account?: string | undefined;
  readonly oldest: boolean;
}

/** Of a command's options. @throws OperatorError for a filter or a time that is none */
export function foundBy(filter: string, options: Readonly<Record<string, unknown>>, nowMs: number): Found {
  const moment = (time: unknown) => (time === undefined ? undefined : momentOf(String(time), nowMs));
  return {
    filter: checkedFilter(filter),
    sinceMs: moment(options.since),
    untilMs: moment(options.until),
    account: options.account as string | undefined,
    oldest: options.oldest === true,
  };
}

/** The same as SearchEvents and ExportEvents take it. */
export const asInput = ({ filter, sinceMs, untilMs, account, oldest }: Found) => ({
  ...(filter !== '' && { Filter: filter }),
  ...(sinceMs !== undefined && { StartTime: isoTime(sinceMs) }),
  ...(untilMs !== undefined && { EndTime: isoTime(untilMs) }),
  ...(account !== undefined && { AccountId: account }),
  ...(oldest && { Order: 'oldest' }),
});

const isoTime = (ms: number): string => new Date(ms).toISOString();

/** @throws OperatorError that shows where a filter went wrong */
export function checkedFilter(text: string): string {
  try {
    parseSearchFilter(text);
    return text;
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new OperatorError(`${error.message}${pointed(text, error.position)}`);
  }
}

/** Long filters are shown around the place. */
const SHOWN_BEFORE_CHARS = 60;
const SHOWN_AFTER_CHARS = 20;

function pointed(text: string, position: number): string {
  const begin = Math.max(0, position - SHOWN_BEFORE_CHARS);
  const shown = text.slice(begin, position + SHOWN_AFTER_CHARS).replace(/\s/g, ' ');
  return `\n  ${shown}\n  ${' '.repeat(position - begin)}^`;
}

/** Fields as a command line lists them. @throws OperatorError for what is none */
export function fieldList(text: string): readonly string[] {
  try {
    return splitFields(text).map((field) => resolveField(field).name);
  } catch (error) {
    throw error instanceof PatternError ? new OperatorError(error.message) : error;
  }
}

/** At commas, but for those in quotes. */
const splitFields = (text: string): readonly string[] =>
  (text.match(/(?:"(?:[^"\\]|\\.)*"|[^",]|")+/g) ?? []).map((field) => field.trim()).filter((field) => field !== '');
