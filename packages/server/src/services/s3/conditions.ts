import type { ObjectVersion } from '../../ports/object-store.ts';
import { s3Error } from './errors.ts';
import { quoted, shownTime } from './model.ts';

/** The conditional headers of reads, and of a copy's source. */
export interface ReadConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: Date | undefined;
  readonly ifUnmodifiedSince?: Date | undefined;
}

/**
 * Checks a read's conditions in S3's order: a tag that matches outranks the date beside it (RFC 9110 §13.2.2).
 * @param forCopy a copy has no 304; it fails
 * @throws AwsError PreconditionFailed, NotModified
 */
export function checkRead(version: ObjectVersion, c: ReadConditions, forCopy = false): void {
  const modified = shownTime(version.modifiedMs).getTime();
  if (c.ifMatch !== undefined) {
    if (!matches(c.ifMatch, version.etag)) throw failed('If-Match');
  } else if (c.ifUnmodifiedSince && modified > c.ifUnmodifiedSince.getTime()) throw failed('If-Unmodified-Since');
  const unchanged =
    c.ifNoneMatch !== undefined
      ? matches(c.ifNoneMatch, version.etag)
      : c.ifModifiedSince !== undefined && modified <= c.ifModifiedSince.getTime();
  if (!unchanged) return;
  if (forCopy) throw failed(c.ifNoneMatch === undefined ? 'If-Modified-Since' : 'If-None-Match');
  throw s3Error('NotModified', {
    headers: { etag: quoted(version.etag), 'last-modified': new Date(modified).toUTCString() },
  });
}

export interface WriteConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

/**
 * Conditional writes: only where there is nothing (`If-None-Match: *`), or only over exactly this.
 * @returns the check for the store, which it makes in the instant of the write
 * @throws AwsError NotImplemented for other forms, which S3 has not either
 */
export function writeCheck(
  input: WriteConditions,
  key: string,
): ((current: ObjectVersion | undefined) => void) | undefined {
  const { IfMatch, IfNoneMatch } = input;
  if (IfMatch === undefined && IfNoneMatch === undefined) return undefined;
  if (IfNoneMatch !== undefined && IfNoneMatch !== '*') {
    throw s3Error('NotImplemented', { members: { Header: 'If-None-Match' } });
  }
  return (current) => {
    const present = current && !current.isDeleteMarker ? current : undefined;
    if (IfNoneMatch !== undefined && present) throw failed('If-None-Match');
    if (IfMatch === undefined) return;
    if (!present) throw s3Error('NoSuchKey', { members: { Key: key } });
    if (!matches(IfMatch, present.etag)) throw failed('If-Match');
  };
}

export const failed = (condition: string) => s3Error('PreconditionFailed', { members: { Condition: condition } });

/** Whether a list of entity tags holds this one; S3 takes them without quotes too. */
export function matches(header: string, etag: string): boolean {
  return header.split(',').some((part) => {
    const tag = part
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
    return tag === '*' || tag === etag;
  });
}
