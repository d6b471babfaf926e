import type { Tag } from '@aws-sdk/client-cloudtrail';
import { AwsError } from '../../base/errors.ts';
import type { Trail } from '../../trails/trail.ts';

type StoredTag = Trail['tags'][number];

const KEY_CHARS_MAX = 128;
const VALUE_CHARS_MAX = 256;
const TAGS_MAX = 50;

/**
 * The tags after adding `added`: new values for known keys, in place, new keys at the end. A tag without a value has
 * the value null (spec: api §9 AddTags).
 * @throws AwsError InvalidTagParameterException, TagsLimitExceededException
 */
export function mergedTags(tags: readonly StoredTag[], added: readonly Tag[]): StoredTag[] {
  checkTags(added);
  const merged = new Map(tags.map((t) => [t.Key, t]));
  for (const { Key, Value } of added) merged.set(Key as string, { Key: Key as string, Value: Value ?? null });
  if (merged.size > TAGS_MAX) {
    throw new AwsError(
      'TagsLimitExceededException',
      `A resource can have at most ${TAGS_MAX} tags; this would make ${merged.size}.`,
    );
  }
  return [...merged.values()];
}

/** The tags without those whose keys are in `removed`; values do not matter, unknown keys are ignored. */
export function remainingTags(tags: readonly StoredTag[], removed: readonly Tag[]): StoredTag[] {
  checkTags(removed);
  const keys = new Set(removed.map((t) => t.Key));
  return tags.filter((t) => !keys.has(t.Key));
}

function checkTags(tags: readonly Tag[]): void {
  const seen = new Set<string>();
  for (const { Key: key, Value: value } of tags) {
    if (!key || length(key) > KEY_CHARS_MAX) {
      refuse(`A tag key must have 1 to ${KEY_CHARS_MAX} characters.`);
    }
    if (value !== undefined && value !== null && (value === '' || length(value) > VALUE_CHARS_MAX)) {
      refuse(`The value of tag ${key} must have 1 to ${VALUE_CHARS_MAX} characters, or be left out.`);
    }
    if (key.toLowerCase().startsWith('aws:')) refuse(`Tag key ${key} begins with aws:, which is reserved.`);
    if (seen.has(key)) refuse(`Tag key ${key} occurs more than once.`);
    seen.add(key);
  }
}

/** In Unicode characters, not UTF-16 units. */
const length = (text: string) => [...text].length;

function refuse(message: string): never {
  throw new AwsError('InvalidTagParameterException', message);
}
