import { createHash } from 'node:crypto';
import { AwsError } from '../base/errors.ts';
import { EMPTY_SHA256, hmac, sha256Hex } from '../wire/sigv4/canonical.ts';
import type { ChunkSeed } from './resign.ts';

/** A chunk is held until its hash is known, for its signature goes before it. AWS's SDKs send 64 KB to 1 MB. */
const CHUNK_BYTES_MAX = 16 << 20;
/** As S3 bounds its trailing headers, with the last chunk's line. */
const TAIL_BYTES_MAX = 17 << 10;
/** A body may come in very small pieces, each a Buffer with a cost of its own: so many are joined. */
const LOOSE_MAX = 256;
const LINE_BYTES_MAX = 256;
const LF = 0x0a;

/** Rewrites a body as it passes. */
export interface Rewriter {
  /** @returns what can go on now */
  take(bytes: Buffer): Buffer[];
  /** Once all has been taken, and was found good. */
  end(): Buffer[];
}

/**
 * Signs a signed aws-chunked body anew, chunk by chunk, keeping every other byte, so that it is as long as before. The
 * body MUST have been checked up to where it is given here (`chunkedDecoder`): what is no chunk is not told here.
 */
export function chunkResigner(seed: ChunkSeed): Rewriter {
  let previous = seed.signature;
  let buffered: Buffer[] = [];
  let bufferedBytes = 0;
  let loose = 0;
  /** Of the chunk's line and data together; undefined while the line is not whole. */
  let chunkBytes: number | undefined;
  let lineBytes = 0;
  let atTail = false;

  const sign = (kind: 'PAYLOAD' | 'TRAILER', hashes: readonly string[]): string => {
    const toSign = [`AWS4-HMAC-SHA256-${kind}`, seed.timestamp, seed.scope, previous, ...hashes];
    previous = hmac(seed.key, toSign.join('\n')).toString('hex');
    return previous;
  };
  const signChunk = (line: string, data: Buffer): string => {
    const hash = data.length === 0 ? EMPTY_SHA256 : createHash('sha256').update(data).digest('hex');
    const signature = sign('PAYLOAD', [EMPTY_SHA256, hash]);
    return line.replace(/(chunk-signature=)[0-9a-f]{64}/, (_all, name: string) => name + signature);
  };
  const joined = (): Buffer => {
    if (buffered.length > 1) buffered = [Buffer.concat(buffered)];
    loose = 0;
    return buffered[0] ?? Buffer.alloc(0);
  };
  /** Knows how long the chunk is once its line is there. */
  const readLine = (): void => {
    const bytes = joined();
    const lf = bytes.indexOf(LF, bytes[0] === 0x0d && bytes[1] === LF ? 2 : bytes[0] === LF ? 1 : 0);
    if (lf < 0) {
      if (bytes.length > LINE_BYTES_MAX) throw malformed('a line is too long');
      return;
    }
    lineBytes = lf + 1;
    const size = Number.parseInt(bytes.toString('latin1', 0, lineBytes).trim(), 16);
    if (!(size <= CHUNK_BYTES_MAX)) throw malformed(`a chunk may have ${CHUNK_BYTES_MAX} bytes here`);
    chunkBytes = lineBytes + size;
    atTail = size === 0;
  };

  return {
    take(bytes) {
      const out: Buffer[] = [];
      buffered.push(bytes);
      bufferedBytes += bytes.length;
      if (++loose === LOOSE_MAX) {
        buffered.push(Buffer.concat(buffered.splice(-LOOSE_MAX)));
        loose = 0;
      }
      for (;;) {
        if (atTail) {
          if (bufferedBytes > TAIL_BYTES_MAX) throw malformed('its trailer is too long');
          return out;
        }
        if (chunkBytes === undefined) readLine();
        if (atTail) continue;
        if (chunkBytes === undefined || bufferedBytes < chunkBytes) return out;
        const whole = joined();
        const data = whole.subarray(lineBytes, chunkBytes);
        out.push(Buffer.from(signChunk(whole.toString('latin1', 0, lineBytes), data), 'latin1'), data);
        buffered = [whole.subarray(chunkBytes)];
        bufferedBytes -= chunkBytes;
        chunkBytes = undefined;
      }
    },
    end() {
      const tail = joined().toString('latin1');
      const line = signChunk(tail.slice(0, lineBytes), Buffer.alloc(0));
      return [Buffer.from(line + signTrailer(tail.slice(lineBytes)), 'latin1')];
    },
  };

  function signTrailer(text: string): string {
    const signed = /(x-amz-trailer-signature:\s*)[0-9a-f]{64}/i;
    if (!signed.test(text)) return text;
    const trailers = text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !signed.test(line))
      .map((line) => [line.slice(0, line.indexOf(':')).trim().toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
      .sort(([a], [b]) => (a! < b! ? -1 : 1))
      .map(([name, value]) => `${name}:${value}\n`);
    const signature = sign('TRAILER', [sha256Hex(trailers.join(''))]);
    return text.replace(signed, (_all, name: string) => name + signature);
  }
}

const malformed = (why: string) =>
  new AwsError('InvalidChunkSizeError', `The aws-chunked body cannot be signed anew: ${why}.`);
