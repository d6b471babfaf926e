import type { HttpRequest } from '../request.ts';
import type { EncodedResponse } from './types.ts';
import { element, xmlDocument } from './xml.ts';
import { escapeXml } from './xml-parse.ts';

type Output = Readonly<Record<string, unknown>>;

/**
 * What the aws-chunked framing (SigV4 of streams) puts into headers is about the transfer, not the object: S3 keeps
 * neither its name in Content-Encoding nor its length.
 */
export function finishS3Input(input: Record<string, unknown>, request: HttpRequest): Record<string, unknown> {
  const { ContentEncoding, ...rest } = input;
  const encodings = typeof ContentEncoding === 'string' ? ContentEncoding.split(',').map((one) => one.trim()) : [];
  const kept = encodings.filter((one) => one !== '' && one.toLowerCase() !== 'aws-chunked').join(',');
  const length = request.headers['x-amz-decoded-content-length'] ?? '';
  return {
    ...rest,
    ...(kept !== '' && { ContentEncoding: kept }),
    ...(/^\d{1,15}$/.test(length) && 'ContentLength' in rest && { ContentLength: Number(length) }),
  };
}

/** What S3 does besides what its schema says; applied to the output before it is written. */
export function prepareS3Output(operation: string, output: Output): Output {
  return URL_ENCODED_LISTS.has(operation) && output.EncodingType === 'url' ? (urlEncoded(output) as Output) : output;
}

/** And to the answer afterwards. */
export function finishS3Answer(
  operation: string,
  output: Output,
  xmlns: string,
  answer: EncodedResponse,
): EncodedResponse {
  // The one output that is not wrapped: <LocationConstraint>eu-west-1</LocationConstraint>, empty for us-east-1.
  if (operation === 'GetBucketLocation') {
    const text = escapeXml(String(output.LocationConstraint ?? ''));
    return { ...answer, body: xmlDocument(element('LocationConstraint', text, ` xmlns="${xmlns}"`)) };
  }
  if (ANSWERED_204.has(operation)) return { ...answer, status: 204 };
  const isRange = (operation === 'GetObject' || operation === 'HeadObject') && output.ContentRange !== undefined;
  return isRange ? { ...answer, status: 206 } : answer;
}

/** Of these S3's own model says 200. */
const ANSWERED_204: ReadonlySet<string> = new Set(['PutBucketPolicy', 'PutBucketTagging']);

/** Operations with an `encoding-type` parameter, which lets keys through that XML cannot hold. */
const URL_ENCODED_LISTS: ReadonlySet<string> = new Set([
  'ListObjects',
  'ListObjectsV2',
  'ListObjectVersions',
  'ListMultipartUploads',
]);

/** What `encoding-type=url` encodes (S3 API reference, ListObjectsV2: EncodingType), wherever it stands. */
const URL_ENCODED_MEMBERS: ReadonlySet<string> = new Set([
  'Delimiter',
  'Key',
  'KeyMarker',
  'Marker',
  'NextKeyMarker',
  'NextMarker',
  'Prefix',
  'StartAfter',
]);

function urlEncoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(urlEncoded);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const encoded: Record<string, unknown> = { ...value };
  for (const name of Object.keys(encoded)) {
    const inner = encoded[name];
    if (typeof inner === 'object') encoded[name] = urlEncoded(inner);
    else if (typeof inner === 'string' && URL_ENCODED_MEMBERS.has(name)) encoded[name] = urlEncode(inner);
  }
  return encoded;
}

/** As a form would, but with slashes left as they are. By way of bytes, since a lone surrogate cannot be encoded. */
function urlEncode(text: string): string {
  if (NOTHING_TO_ENCODE.test(text)) return text;
  return encodeURIComponent(Buffer.from(text).toString())
    .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+');
}

/** As most keys are. */
const NOTHING_TO_ENCODE = /^[\w.*/-]*$/;
