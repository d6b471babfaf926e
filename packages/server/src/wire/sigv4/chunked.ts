import { createHash, type Hash, timingSafeEqual } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { AwsError } from '../../base/errors.ts';
import { EMPTY_SHA256, hmac, scopeString, sha256Hex, signingKey } from './canonical.ts';
import { type AuthStyle, authError } from './errors.ts';
import type { ParsedAuthorization } from './parse.ts';

/** Size, `;chunk-signature=` and 64 hex digits take 100 bytes. */
const CHUNK_HEADER_BYTES_MAX = 256;
/** As S3 bounds its trailing headers. */
const TRAILER_BYTES_MAX = 16 * 1024;
const LF = 0x0a;
const CR = 0x0d;

export interface ChunkedOptions {
  /** What signs each chunk (and the trailer); absent when chunks are unsigned. */
  readonly signed?: { readonly authorization: ParsedAuthorization; readonly secretAccessKey: string };
  /** Names that x-amz-trailer announced, lower case; undefined when the body has no trailer. */
  readonly trailer?: readonly string[];
  /** x-amz-decoded-content-length. */
  readonly decodedBytes: number;
  readonly style: AuthStyle;
}

export interface ChunkedDecoder extends Transform {
  /** Trailing headers, whole once the stream has ended. */
  readonly trailers: ReadonlyMap<string, string>;
}

/**
 * Takes the aws-chunked coding off a body: chunk by chunk, checking the chain of chunk signatures that the request's
 * own signature starts, the trailer and its signature, and the announced length. Data flows on before its chunk is
 * known to be good, so a consumer MUST NOT commit before `end`.
 * Errors: SignatureDoesNotMatch, IncompleteBody, InvalidChunkSizeError, MalformedTrailerError.
 */
export function chunkedDecoder(options: ChunkedOptions): ChunkedDecoder {
  return new Decoder(options);
}

/** What the next bytes are. */
type Expecting = 'size' | 'data' | 'data-end' | 'trailer' | 'nothing';

class Decoder extends Transform implements ChunkedDecoder {
  readonly trailers = new Map<string, string>();
  readonly #options: ChunkedOptions;
  readonly #chain: Chain | undefined;
  #expecting: Expecting = 'size';
  #line = '';
  #chunkLeft = 0;
  #chunkSignature = '';
  #chunkHash: Hash | undefined;
  #decoded = 0;
  #trailerBytes = 0;

  constructor(options: ChunkedOptions) {
    super();
    this.#options = options;
    if (options.signed) this.#chain = new Chain(options.signed.authorization, options.signed.secretAccessKey);
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      for (let at = 0; at < bytes.length; ) {
        at = this.#expecting === 'data' ? this.#takeData(bytes, at) : this.#takeLine(bytes, at);
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    const { decodedBytes } = this.#options;
    if (this.#expecting === 'nothing' && this.#decoded === decodedBytes) done();
    else done(incompleteBody(`${decodedBytes} bytes were announced, ${this.#decoded} came`));
  }

  #takeData(bytes: Buffer, at: number): number {
    const data = bytes.subarray(at, at + this.#chunkLeft);
    this.#chunkLeft -= data.length;
    this.#chunkHash?.update(data);
    this.push(data);
    if (this.#chunkLeft === 0) {
      this.#checkChunk();
      this.#expecting = 'data-end';
    }
    return at + data.length;
  }

  /** Collects a line up to its LF, however it is split, and acts on it without its end. */
  #takeLine(bytes: Buffer, at: number): number {
    const lf = bytes.indexOf(LF, at);
    const end = lf < 0 ? bytes.length : lf;
    const room = (this.#expecting === 'trailer' ? TRAILER_BYTES_MAX : CHUNK_HEADER_BYTES_MAX) - this.#line.length;
    if (end - at > room) throw this.#malformed('a line is too long');
    this.#line += bytes.toString('latin1', at, end);
    if (lf < 0) return end;
    const line = this.#line.charCodeAt(this.#line.length - 1) === CR ? this.#line.slice(0, -1) : this.#line;
    this.#line = '';
    this.#takeWholeLine(line);
    return lf + 1;
  }

  #takeWholeLine(line: string): void {
    if (this.#expecting === 'size') this.#beginChunk(line);
    else if (this.#expecting === 'data-end' && line === '') this.#expecting = 'size';
    else if (this.#expecting === 'trailer') this.#takeTrailer(line);
    else if (line !== '') throw this.#malformed('there is more than the announced data');
  }

  #beginChunk(line: string): void {
    const m = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
    if (!m || (this.#chain !== undefined) !== (m[2] !== undefined))
      throw this.#malformed('a chunk header is malformed');
    const size = Number.parseInt(m[1]!, 16);
    this.#decoded += size;
    if (this.#decoded > this.#options.decodedBytes) {
      throw incompleteBody(`more than the announced ${this.#options.decodedBytes} bytes came`);
    }
    this.#chunkLeft = size;
    this.#chunkSignature = m[2] ?? '';
    this.#chunkHash = this.#chain && createHash('sha256');
    if (size > 0) {
      this.#expecting = 'data';
      return;
    }
    this.#checkChunk();
    this.#expecting = 'trailer';
  }

  #checkChunk(): void {
    if (!this.#chain) return;
    if (!this.#chain.accepts('PAYLOAD', [EMPTY_SHA256, this.#chunkHash!.digest('hex')], this.#chunkSignature)) {
      throw authError(this.#options.style, 'bad-signature', { message: 'A chunk signature does not match its chunk.' });
    }
  }

  /** A body without trailers ends by an empty line as well. */
  #takeTrailer(line: string): void {
    const signature = this.trailers.get(TRAILER_SIGNATURE);
    const mustBeSigned = this.#chain !== undefined && this.#options.trailer !== undefined;
    if (line === '') {
      if (mustBeSigned && signature === undefined) return; // some clients leave a line empty before the signature
      this.#checkTrailers(signature);
      this.#expecting = 'nothing';
      return;
    }
    this.#trailerBytes += line.length;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    if (this.#trailerBytes > TRAILER_BYTES_MAX || name === '' || this.trailers.has(name)) throw malformedTrailer();
    this.trailers.set(name, line.slice(colon + 1).trim());
  }

  #checkTrailers(signature: string | undefined): void {
    const { trailer: announced = [], style } = this.#options;
    this.trailers.delete(TRAILER_SIGNATURE);
    if (this.trailers.size !== announced.length || !announced.every((name) => this.trailers.has(name))) {
      throw malformedTrailer();
    }
    if (!this.#chain || this.#options.trailer === undefined) return;
    const canonical = [...this.trailers]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}:${value}\n`);
    if (!this.#chain.accepts('TRAILER', [sha256Hex(canonical.join(''))], signature ?? '')) {
      throw authError(style, 'bad-signature', { message: 'The trailer signature does not match the trailer.' });
    }
  }

  #malformed(why: string): AwsError {
    if (this.#expecting === 'trailer') return malformedTrailer();
    return new AwsError('InvalidChunkSizeError', `The aws-chunked body cannot be read: ${why}.`);
  }
}

const TRAILER_SIGNATURE = 'x-amz-trailer-signature';

/** The chain of signatures: each one covers the one before. */
class Chain {
  readonly #key: Buffer;
  readonly #head: readonly [string, string];
  #previous: string;

  constructor(authorization: ParsedAuthorization, secretAccessKey: string) {
    this.#key = signingKey(secretAccessKey, authorization);
    this.#head = [authorization.timestamp, scopeString(authorization)];
    this.#previous = authorization.signature;
  }

  accepts(kind: 'PAYLOAD' | 'TRAILER', hashes: readonly string[], signature: string): boolean {
    const toSign = [`AWS4-HMAC-SHA256-${kind}`, ...this.#head, this.#previous, ...hashes].join('\n');
    const expected = hmac(this.#key, toSign);
    const claimed = Buffer.from(signature, 'hex');
    this.#previous = signature;
    return claimed.length === expected.length && timingSafeEqual(claimed, expected);
  }
}

/** S3's error for a body that is not as long as it was said to be. */
export function incompleteBody(why?: string): AwsError {
  const message = 'The request body terminated unexpectedly';
  return new AwsError('IncompleteBody', why === undefined ? message : `${message}: ${why}.`);
}

export const malformedTrailer = (): AwsError =>
  new AwsError(
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  );
