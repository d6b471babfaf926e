import { createHash } from 'node:crypto';
import type { LogPlace } from '../../ports/log-groups.ts';
import { invalid } from './errors.ts';
import { eventIdOf, placeOfEventId } from './places.ts';

interface Pointer extends LogPlace {
  readonly groupId: string;
}

const UUID_CHARS = 36;
const DIGEST_CHARS = 11;

/** `@ptr`: where a record is. It gives no right: what it means is looked for among the caller's own groups. */
export const pointerTo = (groupId: string, place: LogPlace): string => {
  const text = groupId + eventIdOf(place);
  return Buffer.from(digest(text) + text).toString('base64');
};

/** @throws AwsError InvalidParameterException */
export function readPointer(pointer: string): Pointer {
  const bytes = Buffer.from(pointer, 'base64').toString('latin1');
  const text = bytes.slice(DIGEST_CHARS);
  if (bytes.slice(0, DIGEST_CHARS) !== digest(text)) throw invalid('The logRecordPointer is invalid.');
  return { groupId: text.slice(0, UUID_CHARS), ...placeOfEventId(text.slice(UUID_CHARS)) };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_CHARS);
