import { snsError } from './errors.ts';
import type { Topic } from './model.ts';

export interface Tag {
  readonly Key?: string;
  readonly Value?: string;
}

/** AWS's quota, a resource. */
const TAGS_MAX = 50;
const KEY_CHARS_MAX = 128;
const VALUE_CHARS_MAX = 256;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** @throws AwsError InvalidParameter, TagLimitExceeded */
export function readTags(tags: readonly Tag[]): Topic['tags'] {
  for (const { Key = '', Value = '' } of tags) {
    const keyOk = Key !== '' && Key.length <= KEY_CHARS_MAX && TAG_TEXT.test(Key) && !/^aws:/i.test(Key);
    if (!keyOk) throw snsError('InvalidParameter', `Invalid parameter: Tags Reason: a tag cannot have the key ${Key}`);
    if (Value.length > VALUE_CHARS_MAX || !TAG_TEXT.test(Value)) {
      throw snsError('InvalidParameter', `Invalid parameter: Tags Reason: the tag ${Key} cannot have this value`);
    }
  }
  const read = Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
  if (Object.keys(read).length < tags.length) {
    throw snsError('InvalidParameter', 'Invalid parameter: Duplicated keys are not allowed.');
  }
  return atMost(read);
}

export const withTags = (known: Topic['tags'], added: Topic['tags']): Topic['tags'] => atMost({ ...known, ...added });

export const withoutTags = (known: Topic['tags'], keys: readonly string[]): Topic['tags'] =>
  Object.fromEntries(Object.entries(known).filter(([key]) => !keys.includes(key)));

export const listTags = (tags: Topic['tags']): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

function atMost(tags: Topic['tags']): Topic['tags'] {
  if (Object.keys(tags).length <= TAGS_MAX) return tags;
  throw snsError('TagLimitExceeded', `Could not complete request: tag quota of per resource exceeded (${TAGS_MAX})`);
}
