import { crc32, inflateRaw, inflateRawSync } from 'node:zlib';

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
  const start = headerBytes(bytes);
  const { content, consumed } = await inflate(bytes.subarray(start), bytes.readUInt32LE(bytes.length - 4));
  const end = start + consumed;
  if (bytes.length < end + 8) throw new GzipProblem('the gzip stream is cut short');
  if (bytes.readUInt32LE(end) !== crc32(content)) throw new GzipProblem('the gzip checksum is wrong');
  if (bytes.readUInt32LE(end + 4) !== content.length % 2 ** 32) throw new GzipProblem('the gzip length is wrong');
  if (bytes.length > end + 8) throw new GzipProblem('unexpected data after the end of the compressed stream');
  return content;
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

/** RFC 1952 §2.3: ten bytes, then extra field, name, comment and header checksum as the flags say. */
function headerBytes(bytes: Buffer): number {
  const short = () => new GzipProblem('not a gzip file');
  if (bytes.length < 18 || bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) throw short();
  const flags = bytes[3]!;
  let at = 10;
  if (flags & 4) at += 2 + bytes.readUInt16LE(at);
  for (const flag of [8, 16]) {
    if (!(flags & flag)) continue;
    const zero = bytes.indexOf(0, at);
    if (zero < 0) throw short();
    at = zero + 1;
  }
  if (flags & 2) at += 2;
  if (at >= bytes.length) throw short();
  return at;
}
