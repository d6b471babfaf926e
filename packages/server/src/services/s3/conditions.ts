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
 * @param prefix of the headers of a copy's source, for which there is no 304: the copy fails
 * @throws AwsError PreconditionFailed, NotModified
 */
export function checkRead(version: ObjectVersion, c: ReadConditions, nowMs: number, prefix = ''): void {
  const modified = shownTime(version.modifiedMs).getTime();
  if (c.ifMatch !== undefined) {
    if (!matches(c.ifMatch, version.etag)) throw failed(`${prefix}If-Match`);
  } else if (c.ifUnmodifiedSince && modified > c.ifUnmodifiedSince.getTime())
    throw failed(`${prefix}If-Unmodified-Since`);
  // A time that is still to come is none to compare with (RFC 9110 §13.1.3 leaves it open; S3 passes over it).
  const since = c.ifModifiedSince?.getTime() ?? Number.POSITIVE_INFINITY;
  const unchanged =
    c.ifNoneMatch !== undefined ? matches(c.ifNoneMatch, version.etag) : modified <= since && since <= nowMs;
  if (!unchanged) return;
  if (prefix !== '') throw failed(prefix + (c.ifNoneMatch === undefined ? 'If-Modified-Since' : 'If-None-Match'));
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
 * @throws AwsError NotImplemented for other forms, which S3 has not either, and for both at once
 */
export function writeCheck(
  input: WriteConditions,
  key: string,
): ((current: ObjectVersion | undefined) => void) | undefined {
  const { IfMatch, IfNoneMatch } = input;
  if (IfMatch === undefined && IfNoneMatch === undefined) return undefined;
  if (IfMatch !== undefined && IfNoneMatch !== undefined) {
    throw notTaken('If-Match,If-None-Match', 'Multiple conditional request headers present in the request');
  }
  if (IfNoneMatch !== undefined && IfNoneMatch !== '*') throw notTaken('If-None-Match');
  if (IfMatch === '*') throw notTaken('If-Match');
  return (current) => {
    const present = current && !current.isDeleteMarker ? current : undefined;
    if (IfNoneMatch !== undefined && present) throw failed('If-None-Match');
    if (IfMatch === undefined) return;
    if (!present) throw s3Error('NoSuchKey', { members: { Key: key } });
    if (!matches(IfMatch, present.etag)) throw failed('If-Match');
  };
}

const notTaken = (
  Header: string,
  additionalMessage = `We don't accept the provided value of ${Header} header for this API`,
) => s3Error('NotImplemented', { members: { Header, additionalMessage } });

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
