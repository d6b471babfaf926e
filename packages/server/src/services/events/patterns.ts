import { compileEventPattern, type EventTest, PatternError } from '../../event/event-pattern/index.ts';
import { eventsError, invalid } from './errors.ts';

/** The fields by which rules are found without looking at the event as a whole. */
export interface Literals {
  readonly source?: ReadonlySet<string>;
  readonly detailType?: ReadonlySet<string>;
  readonly eventSource?: ReadonlySet<string>;
  readonly eventName?: ReadonlySet<string>;
}

/** Values that the pattern allows for some fields; a field is absent where the pattern leaves it open. */
export function literalsOf(pattern: string): Literals {
  const fields = objectOf(JSON.parse(pattern));
  const detail = objectOf(fields.detail);
  const found = {
    source: stringsOf(fields.source),
    detailType: stringsOf(fields['detail-type']),
    eventSource: stringsOf(detail.eventSource),
    eventName: stringsOf(detail.eventName),
  };
  return Object.fromEntries(Object.entries(found).filter(([, values]) => values !== undefined));
}

/** Nothing but whole strings: any other kind of match leaves the field open here. */
function stringsOf(value: unknown): ReadonlySet<string> | undefined {
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) return undefined;
  return new Set(value);
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

export type EventMatcher = EventTest;

/** @throws PatternError */
export const compilePattern = (pattern: string): EventMatcher => compileEventPattern(pattern);

/** @throws AwsError InvalidEventPatternException, with the place of the error */
export function checkPattern(pattern: string): EventMatcher {
  try {
    return compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw eventsError('InvalidEventPatternException', error.message);
  }
}

/** Members that TestEventPattern asks of an event (API reference). */
const NEEDED = ['id', 'detail-type', 'source', 'account', 'time', 'region', 'resources'];

/** TestEventPattern. @throws AwsError InvalidEventPatternException, ValidationException */
export function matchesText(pattern: string, event: string): boolean {
  const matches = checkPattern(pattern);
  let parsed: unknown;
  try {
    parsed = JSON.parse(event);
  } catch {
    throw invalid('Parameter Event is not valid. Reason: it is not JSON.');
  }
  const missing = NEEDED.filter((name) => !Object.hasOwn(objectOf(parsed), name));
  if (missing.length > 0) throw invalid(`Parameter Event is not valid. Reason: it lacks ${missing.join(', ')}.`);
  return matches(parsed);
}
