import { AwsError } from '../../base/errors.ts';
import { invalidArgument, s3Error } from './errors.ts';
import type { Tag } from './model.ts';

/** S3 user guide, "Categorizing your objects using tags" and "Using cost allocation S3 bucket tags"; its own words. */
const LIMITS = {
  object: {
    countMax: 10,
    tooMany: 'Object tags cannot be greater than 10',
    reserved: 'Your TagKey cannot be prefixed with aws:',
  },
  bucket: {
    countMax: 50,
    tooMany: 'Bucket tag count cannot be greater than 50',
    reserved: 'System tags cannot be added/updated by requester',
  },
} as const;
const KEY_CHARS_MAX = 128;
const VALUE_CHARS_MAX = 256;
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

interface GivenTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** @throws AwsError BadRequest when there are too many, MalformedXML for half a tag, InvalidTag */
export function checkTags(tags: readonly GivenTag[] | undefined, of: keyof typeof LIMITS): Tag[] {
  const { countMax, tooMany, reserved } = LIMITS[of];
  const checked = (tags ?? []).map(({ Key, Value }) => {
    if (Key === undefined || Value === undefined) throw s3Error('MalformedXML');
    return { Key, Value };
  });
  if (checked.length > countMax) throw s3Error('BadRequest', { message: tooMany });
  const seen = new Set<string>();
  for (const { Key, Value } of checked) {
    const refuse = (message: string) => s3Error('InvalidTag', { message, members: { TagKey: Key } });
    if (/^aws:/i.test(Key)) throw refuse(reserved);
    if (Key === '' || Key.length > KEY_CHARS_MAX || !ALLOWED.test(Key)) {
      throw refuse('The TagKey you have provided is invalid');
    }
    if (Value.length > VALUE_CHARS_MAX || !ALLOWED.test(Value)) {
      throw s3Error('InvalidTag', { members: { TagKey: Key, TagValue: Value } });
    }
    if (seen.has(Key)) throw refuse('Cannot provide multiple Tags with the same key');
    seen.add(Key);
  }
  return checked;
}

/** The `x-amz-tagging` header: tags as a query string. @throws AwsError BadRequest, InvalidArgument */
export function tagsFromHeader(header: string | undefined): readonly Tag[] | undefined {
  if (header === undefined) return undefined;
  try {
    return checkTags(
      [...new URLSearchParams(header)].map(([Key, Value]) => ({ Key, Value })),
      'object',
    );
  } catch (cause) {
    if (cause instanceof AwsError && cause.code === 'BadRequest') throw cause;
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
