import type { Part } from '../../ports/object-store.ts';
import { invalidArgument, s3Error } from './errors.ts';

export interface Slice {
  readonly start: number;
  /** Inclusive; before `start` when there are no bytes. */
  readonly end: number;
  /** Whether the answer is 206 with Content-Range. */
  readonly partial: boolean;
}

/**
 * The bytes that a Range header asks for. What is no single range of bytes is ignored, as S3 does (RFC 9110 §14.2).
 * @throws AwsError InvalidRange
 */
export function sliceByRange(range: string | undefined, sizeBytes: number): Slice {
  const whole = { start: 0, end: sizeBytes - 1, partial: false };
  const match = /^bytes=(\d*)-(\d*)$/.exec(range?.trim() ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (!match || (first === '' && last === '') || (first !== '' && last !== '' && Number(last) < Number(first)))
    return whole;
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (start < sizeBytes && start <= end) return { start, end, partial: true };
  throw s3Error('InvalidRange', {
    members: { RangeRequested: range ?? '', ActualObjectSize: String(sizeBytes) },
    headers: { 'content-range': `bytes */${sizeBytes}` },
  });
}

/** The bytes of one part; an object that was not uploaded in parts has one. @throws AwsError InvalidPartNumber */
export function sliceByPart(partNumber: number, parts: readonly Part[] | undefined, sizeBytes: number): Slice {
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > 10_000) {
    throw invalidArgument(
      'partNumber',
      String(partNumber),
      'Part number must be an integer between 1 and 10000, inclusive',
    );
  }
  const sizes = parts?.map((part) => part.sizeBytes) ?? [sizeBytes];
  const size = sizes[partNumber - 1];
  if (size === undefined) {
    throw s3Error('InvalidPartNumber', {
      members: { PartNumberRequested: String(partNumber), ActualPartCount: String(sizes.length) },
    });
  }
  const start = sizes.slice(0, partNumber - 1).reduce((sum, bytes) => sum + bytes, 0);
  return { start, end: start + size - 1, partial: size > 0 };
}
