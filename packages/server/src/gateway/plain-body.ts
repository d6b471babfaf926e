import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { Copy } from './exchange.ts';

/** What a body may become when it is unpacked: far above what is decoded for a record, far below what hurts. */
const PLAIN_BYTES_MAX = 8 * 1024 * 1024;
/** Nobody packs a body more than twice; each layer costs time. */
const CODINGS_MAX = 3;
const CHUNK_LINE_BYTES_MAX = 256;
const CRLF = Buffer.from('\r\n');

/**
 * A body without the codings that it travelled in: aws-chunked (its signatures are the upstream's to check) and
 * content-encoding. What cannot be undone (another coding, broken, too large when unpacked) gives an empty body that
 * is not whole: a record without parameters says less, but nothing wrong.
 * @param headers of the message, lower case
 */
export function plainBody(copy: Copy, headers: Readonly<Record<string, string>>): Copy {
  const isStreaming = headers['x-amz-content-sha256']?.startsWith('STREAMING-') === true;
  if (headers['content-encoding'] === undefined && !isStreaming) return copy;
  const codings = (headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  const chunked = isStreaming || codings.includes('aws-chunked');
  const packed = codings.filter((coding) => coding !== 'aws-chunked').reverse();
  if (!chunked && packed.length === 0) return copy;
  if (packed.length > CODINGS_MAX) return nothingOf(copy);
  let plain = chunked ? unchunk(copy) : copy;
  for (const coding of packed) {
    if (plain.bytes.length === 0) return plain;
    const bytes = unpack(coding, plain.bytes);
    if (bytes === undefined) return nothingOf(copy);
    plain = { ...plain, bytes };
  }
  return plain;
}

const nothingOf = ({ totalBytes }: Copy): Copy => ({ bytes: Buffer.alloc(0), whole: false, totalBytes });

/** Takes the chunk headers and trailers out. What is cut off or malformed ends it there, as not whole. */
function unchunk(copy: Copy): Copy {
  const { bytes, totalBytes } = copy;
  const parts: Buffer[] = [];
  let at = 0;
  let whole = false;
  for (;;) {
    const end = bytes.subarray(at, at + CHUNK_LINE_BYTES_MAX).indexOf(CRLF);
    if (end < 0) break;
    const size = /^([0-9a-f]{1,12})(?:;|$)/i.exec(bytes.toString('latin1', at, at + end))?.[1];
    if (size === undefined) break;
    const length = Number.parseInt(size, 16);
    at += end + CRLF.length;
    if (length === 0) {
      whole = copy.whole;
      break;
    }
    const data = bytes.subarray(at, at + length);
    parts.push(data);
    at += length + CRLF.length;
    if (data.length < length) break;
  }
  return { bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts), whole, totalBytes };
}

type Unpack = (bytes: Buffer) => Buffer;

/** Where the copy is cut off, what can be had of it is given: flushing tells zlib not to mind the missing end. */
const LENIENT = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: PLAIN_BYTES_MAX };

const UNPACKERS: Readonly<Record<string, Unpack>> = {
  gzip: (bytes) => gunzipSync(bytes, LENIENT),
  'x-gzip': (bytes) => gunzipSync(bytes, LENIENT),
  br: (bytes) =>
    brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: PLAIN_BYTES_MAX }),
  // RFC 9110 §8.4.1.2: some send it without the zlib wrapper that the name means.
  deflate: (bytes) => (isZlib(bytes) ? inflateSync(bytes, LENIENT) : inflateRawSync(bytes, LENIENT)),
};

/** RFC 1950 §2.2: the method is deflate, and the first two bytes are a multiple of 31. */
const isZlib = (bytes: Buffer): boolean => (bytes[0]! & 0x0f) === 8 && (bytes[0]! * 256 + (bytes[1] ?? 0)) % 31 === 0;

function unpack(coding: string, bytes: Buffer): Buffer | undefined {
  if (!Object.hasOwn(UNPACKERS, coding)) return undefined;
  try {
    return UNPACKERS[coding]!(bytes);
  } catch {
    return undefined;
  }
}
