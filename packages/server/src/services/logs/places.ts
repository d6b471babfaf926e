import type { LogPlace } from '../../ports/log-groups.ts';
import { invalid } from './errors.ts';

/** A place as 56 digits, as long as AWS's event ids, which sort as places do. */
const TIME_DIGITS = 19;
const DIGITS = 56;

export const eventIdOf = ({ timestampMs, sequence }: LogPlace): string =>
  String(timestampMs).padStart(TIME_DIGITS, '0') + String(sequence + 1).padStart(DIGITS - TIME_DIGITS, '0');

/** @throws AwsError InvalidParameterException */
export function placeOfEventId(id: string): LogPlace {
  const place = { timestampMs: Number(id.slice(0, TIME_DIGITS)), sequence: Number(id.slice(TIME_DIGITS)) - 1 };
  if (id.length === DIGITS && /^\d+$/.test(id) && eventIdOf(place) === id) return place;
  throw invalid('The specified nextToken is invalid.');
}

/** Before and after everything. */
export const FIRST_PLACE: LogPlace = { timestampMs: 0, sequence: -1 };

export type Direction = 'f' | 'b';
/** GetLogEvents' tokens: read on from here, forward or backward. */
export const tokenOf = (direction: Direction, place: LogPlace): string => `${direction}/${eventIdOf(place)}`;

/** @throws AwsError InvalidParameterException */
export function readDirection(token: string): { readonly direction: Direction; readonly place: LogPlace } {
  const direction = token[0];
  if ((direction !== 'f' && direction !== 'b') || token[1] !== '/')
    throw invalid('The specified nextToken is invalid.');
  return { direction, place: placeOfEventId(token.slice(2)) };
}
