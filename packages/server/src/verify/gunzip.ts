import { crc32, inflateRaw, inflateRawSync } from 'node:zlib';
import { type Decoder, openDecoder } from '../base/decoder.ts';

/** Well above CloudTrail's 50 MB for a file, and bearable for as many as are read at once: a gzip bomb ends here. */
const INFLATED_BYTES_MAX = 128 * 1024 * 1024;

/** Up to here the way to the thread pool and back takes longer than inflating. */
const AT_ONCE_BYTES_MAX = 64 * 1024;
/** A damaged or hostile file may say any size; this much is made room for on its word. */
const CHUNK_BYTES_MAX = 1024 * 1024;
/** The least that zlib takes. */
const CHUNK_BYTES_MIN = 64;

/** Why bytes are no proper gzip file, in words. */
export class GzipProblem extends Error {}

/**
 * Inflates a gzip file of exactly one member. `node:zlib` reads on through further members and ignores what follows
 * them; in evidence neither may stand.
 * @throws GzipProblem
 */
export async function gunzipStrictly(bytes: Buffer): Promise<Buffer> {
  const start = isGzip(bytes) ? headerEnd(bytes) : undefined;
  if (start === undefined) throw new GzipProblem('not a gzip file');
  const { content, consumed } = await inflate(bytes.subarray(start), bytes.readUInt32LE(bytes.length - 4));
  const end = start + consumed;
  if (bytes.length < end + TRAILER_BYTES) throw new GzipProblem('the gzip stream is cut short');
  if (bytes.readUInt32LE(end) !== crc32(content)) throw new GzipProblem('the gzip checksum is wrong');
  if (bytes.readUInt32LE(end + 4) !== content.length % 2 ** 32) throw new GzipProblem('the gzip length is wrong');
  if (bytes.length > end + TRAILER_BYTES)
    throw new GzipProblem('unexpected data after the end of the compressed stream');
  return content;
}

/** A file of CloudTrail's is seldom larger, before gzip or after. */
const IN_PLACE_BYTES_MAX = 1 << 20;
/** Is written to only by what is longer than the file says. */
const SPARE_BYTES = 1;

/** false in a Node that has none. */
let shared: { readonly decoder: Decoder; readonly content: Buffer } | false | undefined;

function openShared(): typeof shared {
  const decoder = openDecoder('deflate');
  return decoder ? { decoder, content: Buffer.allocUnsafeSlow(IN_PLACE_BYTES_MAX + SPARE_BYTES) } : false;
}

/**
 * The quick way, for proper files: the same decoder and the same memory for all.
 * @returns a view that the next call goes over; undefined for whatever is large or not as it should be, of which
 *   `gunzipStrictly` says what it is
 */
export function gunzipInPlace(bytes: Buffer): Buffer | undefined {
  shared ??= openShared();
  const start = isGzip(bytes) ? headerEnd(bytes) : undefined;
  if (!shared || start === undefined) return undefined;
  const { decoder, content } = shared;
  const end = bytes.length - TRAILER_BYTES;
  const length = bytes.readUInt32LE(end + 4);
  if (length > IN_PLACE_BYTES_MAX || bytes.length > IN_PLACE_BYTES_MAX) return undefined;
  try {
    const made = decoder.decode(bytes, start, end, content, 0, length + SPARE_BYTES, true);
    decoder.reset();
    if (made !== length || decoder.leftOver !== 0) return undefined;
  } catch {
    return undefined;
  }
  const view = content.subarray(0, length);
  return crc32(view) === bytes.readUInt32LE(end) ? view : undefined;
}

interface Inflated {
  readonly content: Buffer;
  readonly consumed: number;
}

/** @param sizeHint what the file says of its content's size: room for all of it at once, if it is not too much */
async function inflate(raw: Buffer, sizeHint: number): Promise<Inflated> {
  const chunkSize = Math.min(sizeHint + 1, CHUNK_BYTES_MAX) + CHUNK_BYTES_MIN;
  const options = { info: true, maxOutputLength: INFLATED_BYTES_MAX, chunkSize };
  try {
    if (raw.length <= AT_ONCE_BYTES_MAX) return inflated(inflateRawSync(raw, options));
    return await new Promise((fulfil, reject) => {
      inflateRaw(raw, options, (error, result) => (error ? reject(error) : fulfil(inflated(result))));
    });
  } catch (error) {
    throw new GzipProblem(`not a whole gzip stream: ${(error as Error).message}`);
  }
}

/** With `info` the result is not what the types say. */
function inflated(result: Buffer): Inflated {
  const { buffer, engine } = result as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
  return { content: buffer, consumed: engine.bytesWritten };
}

/** CRC-32 and length of the content (RFC 1952 §2.3.1). */
const TRAILER_BYTES = 8;
const HEADER_BYTES = 10;

const isGzip = (bytes: Buffer): boolean =>
  bytes.length >= HEADER_BYTES + TRAILER_BYTES && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;

/**
 * RFC 1952 §2.3: ten bytes, then extra field, name, comment and header checksum as the flags say.
 * @returns undefined when that is all there is
 */
function headerEnd(bytes: Buffer): number | undefined {
  const flags = bytes[3]!;
  let at = HEADER_BYTES;
  if (flags & 4) at += 2 + bytes.readUInt16LE(at);
  for (const flag of [8, 16]) {
    if (!(flags & flag)) continue;
    const zero = bytes.indexOf(0, at);
    if (zero < 0) return undefined;
    at = zero + 1;
  }
  if (flags & 2) at += 2;
  return at < bytes.length ? at : undefined;
}
