import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { AwsError, assert, Pushback } from '../base/errors.ts';
import { whyBroken } from './broken-body.ts';
import type { ChecksumAlgorithm } from './checksum.ts';
import { announcedTrailers, checksumClaims, claimChecker } from './checksum-claims.ts';
import { type HttpRequest, readBody } from './request.ts';
import { type ChunkedDecoder, chunkedDecoder, incompleteBody } from './sigv4/chunked.ts';
import { type AuthStyle, authError } from './sigv4/errors.ts';
import type { ParsedAuthorization } from './sigv4/index.ts';
import { declaredPayload } from './sigv4/parse.ts';

/**
 * A request's body on its way in: bounded, freed of the aws-chunked coding, and compared with all that the client
 * says of it (x-amz-content-sha256, chunk signatures, Content-MD5, x-amz-checksum-*).
 */
export interface BodyOptions {
  readonly x: HttpRequest;
  /** Absent for anonymous requests, as is `secret`. */
  readonly authorization?: ParsedAuthorization | undefined;
  readonly secret?: string | undefined;
  readonly style: AuthStyle;
}

export interface PlainBodyOptions extends BodyOptions {
  readonly sizeBytesMax: number;
  /** Checks the request's signature; called once, before anything else is said about the body. */
  readonly verify: (bodySha256: string | 'streamed') => void;
}

/** What is known of a streamed body once it has ended. */
export interface BodyFacts {
  readonly sizeBytes: number;
  /** What the client claimed in x-amz-checksum-* (or its trailer), found to be right; base64. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
  readonly trailers: ReadonlyMap<string, string>;
}

const facts = new WeakMap<Readable, BodyFacts>();

/** Of a stream made by `verifiedBody`, after its `end`; undefined before, and for any other stream. */
export const bodyFacts = (stream: Readable): BodyFacts | undefined => facts.get(stream);

/**
 * Reads a whole body into memory. Where its hash is declared, the signature is checked before the first byte is read.
 * @throws AwsError as `verify` does; RequestEntityTooLarge, IncompleteBody, XAmzContentSHA256Mismatch, BadDigest …
 */
export async function plainBody(req: IncomingMessage, options: PlainBodyOptions): Promise<Buffer> {
  const { style, sizeBytesMax, verify } = options;
  const decoder = decoderFor(options);
  const declared = style === 's3' || decoder !== undefined;
  if (declared) verify('streamed');
  const check = bodyCheck(options);
  let bytes: Buffer = NOTHING;
  try {
    if (decoder) bytes = await readBody(feed(req, decoder), sizeBytesMax);
    else if (announcesBody(options.x)) bytes = await readBody(req, sizeBytesMax);
  } catch (error) {
    throw error instanceof AwsError || error instanceof Pushback ? error : incompleteBody();
  }
  const broken = whyBroken(req);
  if (broken) throw broken;
  check.update(bytes);
  if (!declared) verify(check.sha256());
  check.finish(decoder);
  return bytes;
}

const NOTHING = Buffer.alloc(0);

/** A request without either header has no body (RFC 9112 §6.3), as most reads have none. */
const announcesBody = ({ headers }: HttpRequest): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;

/**
 * The body as a stream, for a request whose signature has been verified. A body that is not what was signed or claimed
 * makes the stream fail at its end, so a consumer MUST commit only after `end`; `bodyFacts` tells the rest then.
 * Destroying the stream leaves the connection alone, so that an answer can still be sent.
 */
export function verifiedBody(req: IncomingMessage, options: BodyOptions): Readable {
  const decoder = decoderFor(options);
  const check = bodyCheck(options);
  const out = new Transform({
    transform(bytes: Buffer, _encoding, done) {
      check.update(bytes);
      done(null, bytes);
    },
    flush(done) {
      try {
        facts.set(out, check.finish(decoder));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  out.on('error', () => {}); // a handler that refused early never looks at its body, which may still fail
  if (decoder) {
    decoder.on('error', (error) => out.destroy(error));
    feed(req, decoder).pipe(out);
  } else {
    feed(req, out);
  }
  return out;
}

/** Joins without `stream.pipeline`, which would destroy the request, and the answer's connection with it. */
function feed<T extends Transform>(req: IncomingMessage, into: T): T {
  const lost = () => {
    if (!req.complete) into.destroy(incompleteBody());
  };
  req.on('error', lost);
  req.on('close', lost);
  req.on('end', () => {
    const broken = whyBroken(req);
    if (broken) into.destroy(broken); // before `pipe` ends it as if it were whole
  });
  return req.pipe(into);
}

/** The decoder that x-amz-content-sha256 asks for. */
function decoderFor({ x, authorization, secret, style }: BodyOptions): ChunkedDecoder | undefined {
  const { kind } = authorization?.payload ?? declaredPayload(x);
  if (kind !== 'chunks' && kind !== 'chunks-trailer' && kind !== 'unsigned-trailer') return undefined;
  const length = x.headers['x-amz-decoded-content-length'] ?? '';
  if (!/^\d{1,15}$/.test(length)) {
    throw new AwsError('MissingContentLength', 'You must provide the x-amz-decoded-content-length HTTP header.', {
      status: 411,
    });
  }
  const common = { decodedBytes: Number(length), style };
  const trailer = announcedTrailers(x.headers);
  if (kind === 'unsigned-trailer') return chunkedDecoder({ ...common, trailer });
  if (!authorization) throw authError(style, 'missing-token');
  assert(secret !== undefined, 'a signed body comes with the key that signs it');
  const signed = { authorization, secretAccessKey: secret };
  return chunkedDecoder({ ...common, signed, ...(kind === 'chunks-trailer' && { trailer }) });
}

/** Hashes what goes by and compares it at the end. */
function bodyCheck({ x, authorization, style }: BodyOptions) {
  const payload = authorization?.payload ?? declaredPayload(x);
  if (style === 's3' && payload.kind === 'malformed') throw authError(style, 'bad-payload-hash');
  // S3 takes the word of who says UNSIGNED-PAYLOAD; others verify the signature by the hash of what came.
  const hash = payload.kind === 'hash' || style !== 's3' ? createHash('sha256') : undefined;
  let sha256: string | undefined;
  const claims = claimChecker(style === 's3' ? checksumClaims(x, authorization?.kind === 'query') : {});
  let sizeBytes = 0;
  return {
    update(bytes: Buffer): void {
      sizeBytes += bytes.length;
      hash?.update(bytes);
      claims.update(bytes);
    },
    /** Of all that went by, in hex. Only once there is no more, and not with S3's style. */
    sha256(): string {
      assert(hash, 'the body was hashed');
      sha256 ??= hash.digest('hex');
      return sha256;
    },
    finish(decoder: ChunkedDecoder | undefined): BodyFacts {
      if (payload.kind === 'hash' && this.sha256() !== payload.declared.toLowerCase()) {
        throw contentHashMismatch(style, payload.declared, this.sha256());
      }
      const trailers = decoder?.trailers ?? new Map();
      const checksum = claims.finish(trailers);
      return { sizeBytes, ...(checksum && { checksum }), trailers };
    },
  };
}

function contentHashMismatch(style: AuthStyle, declared: string, actual: string): AwsError {
  if (style !== 's3') return authError(style, 'bad-signature');
  return new AwsError(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    { members: { ClientComputedContentSHA256: declared, S3ComputedContentSHA256: actual } },
  );
}
