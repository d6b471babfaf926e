import { invalidArgument, s3Error } from './errors.ts';
import type { Tag } from './model.ts';

/** S3 user guide, "Categorizing your objects using tags"; buckets take more. */
export const OBJECT_TAGS_MAX = 10;
export const BUCKET_TAGS_MAX = 50;
const KEY_CHARS_MAX = 128;
const VALUE_CHARS_MAX = 256;
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

interface GivenTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** @throws AwsError InvalidTag, BadRequest-like InvalidArgument when there are too many */
export function checkTags(tags: readonly GivenTag[] | undefined, countMax: number): Tag[] {
  const checked = (tags ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }));
  if (checked.length > countMax) {
    throw s3Error('InvalidTag', { message: `Object tags cannot be greater than ${countMax}` });
  }
  const seen = new Set<string>();
  for (const { Key, Value } of checked) {
    if (Key === '' || Key.length > KEY_CHARS_MAX || !ALLOWED.test(Key) || /^aws:/i.test(Key)) {
      throw s3Error('InvalidTag', { message: 'The TagKey you have provided is invalid', members: { TagKey: Key } });
    }
    if (Value.length > VALUE_CHARS_MAX || !ALLOWED.test(Value))
      throw s3Error('InvalidTag', { members: { TagValue: Value } });
    if (seen.has(Key)) {
      throw s3Error('InvalidTag', {
        message: 'Cannot provide multiple Tags with the same key',
        members: { TagKey: Key },
      });
    }
    seen.add(Key);
  }
  return checked;
}

/** The `x-amz-tagging` header: tags as a query string. */
export function tagsFromHeader(header: string | undefined): readonly Tag[] | undefined {
  if (header === undefined) return undefined;
  try {
    const tags = [...new URLSearchParams(header)].map(([Key, Value]) => ({ Key, Value }));
    return checkTags(tags, OBJECT_TAGS_MAX);
  } catch (cause) {
    throw Object.assign(
      invalidArgument(
        'x-amz-tagging',
        header,
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      ),
      { cause },
    );
  }
}
