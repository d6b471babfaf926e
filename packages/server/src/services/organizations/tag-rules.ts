import { constraint, invalid } from './errors.ts';
import type { Tags } from './model.ts';

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** AWS's quota, a resource. */
const TAGS_MAX = 50;

/** @throws AwsError InvalidInputException, ConstraintViolationException */
export function tagsOf(list: readonly Tag[] = [], before: Tags = {}): Tags {
  const keys = list.map(({ Key }) => Key);
  if (new Set(keys).size < keys.length) {
    throw invalid('DUPLICATE_TAG_KEY', 'Tag keys must be unique among the tags attached to the same entity.');
  }
  const reserved = keys.find((key) => /^aws:/i.test(key));
  if (reserved !== undefined) {
    throw invalid('INVALID_SYSTEM_TAGS_PARAMETER', `Tag key ${reserved} begins with aws:, which is reserved.`);
  }
  const tags = { ...before, ...Object.fromEntries(list.map(({ Key, Value }) => [Key, Value])) };
  if (Object.keys(tags).length <= TAGS_MAX) return tags;
  throw constraint('MAX_TAG_LIMIT_EXCEEDED', `You have exceeded the ${TAGS_MAX} tags that a resource may have.`);
}
