import { createHash, timingSafeEqual } from 'node:crypto';
import { Transform } from 'node:stream';
import type { KnownIdentity } from '../access/directory.ts';
import type { Clock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { announcedTrailers } from '../wire/checksum-claims.ts';
import type { Detected } from '../wire/detected.ts';
import type { HttpRequest } from '../wire/request.ts';
import { EMPTY_SHA256 } from '../wire/sigv4/canonical.ts';
import { chunkedDecoder } from '../wire/sigv4/chunked.ts';
import { type AuthStyle, authError } from '../wire/sigv4/errors.ts';
import {
  type Credentials,
  type ParsedAuthorization,
  parseAuthorization,
  verifySignature,
} from '../wire/sigv4/index.ts';
import { hostAtUpstream, resign } from './resign.ts';
import { chunkResigner, type Rewriter } from './resign-chunks.ts';

/** What `Recognised` tells of a request here. */
export interface Claimed {
  readonly signingName: string;
  readonly detected?: Pick<Detected, 'protocol'> | undefined;
}

/** What a request may be asked for meanwhile. */
export interface Pending {
  /** Host and port of the upstream, for the signature that it is to see. */
  readonly upstreamHost: string;
  /**
   * Reads the body to its end; in hex. Asked where there is one, the signature covers it, and the request does not tell
   * its hash.
   */
  bodySha256(): Promise<string>;
}

/** A step between a request's head and the upstream. */
export interface Admission {
  /**
   * @throws AwsError, in the service's own words, when the gateway refuses the request. Nothing is recorded of it:
   * CloudTrail files a record under the caller's account, and such a request has no caller. It is counted here.
   */
  admit(http: HttpRequest, claimed: Claimed, pending: Pending): Promise<Admitted>;
}

export interface Admitted {
  readonly known: KnownIdentity | undefined;
  /** Whether the upstream will see credentials of ours, so that its answers do not speak of the client's. */
  readonly resigned: boolean;
  /** To put in place of the client's, lower case; undefined takes one away. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawQuery: string;
  /**
   * When present, the body MUST pass through one of these: it keeps back the last piece until all of the body is known
   * to be what was signed, and fails with an AwsError otherwise. It does not change the length.
   */
  readonly body?: () => Transform;
}

export interface AdmissionOptions {
  readonly find: (accessKeyId: string, sessionToken: string | undefined) => Promise<KnownIdentity | undefined>;
  /**
   * `pass`: the upstream decides. `verify`: those whose secret is known are verified, others passed on. `require`:
   * signed requests whose secret is not known are refused too. Unsigned ones always go on: some operations have no
   * signature, and the upstream knows which.
   */
  readonly signatures: 'pass' | 'verify' | 'require';
  /**
   * Signs what was verified anew. What was not verified goes on as it came, or anybody would act with these.
   */
  readonly resign?: Resigning | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'rejectedRequests'>;
}

export interface Resigning {
  /** Asked for each request: the operator may change them. */
  readonly credentials: () => Credentials;
  /** Host names of the gateway's own, in whose place the upstream sees its own. */
  readonly ownHosts: readonly string[];
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { find, signatures, clock, logger, metrics } = options;

  const admit = async (http: HttpRequest, claimed: Claimed, pending: Pending): Promise<Admitted> => {
    const style = styleOf(claimed);
    const parsed = signatures === 'pass' ? undefined : parseSigned(http, style);
    if (!parsed) return { ...AS_IT_CAME, rawQuery: http.rawQuery, known: undefined };
    const known = await find(parsed.accessKeyId, parsed.sessionToken);
    const asItCame = { ...AS_IT_CAME, rawQuery: http.rawQuery, known };
    const secret = known?.secretAccessKey;
    if (secret === undefined || UNVERIFIABLE.test(parsed.payload.declared)) {
      if (signatures === 'require') throw authError(style, 'unknown-key');
      return asItCame;
    }
    checkKey(known!, parsed, style, clock.now());
    const declares = parsed.payload.kind !== 'absent';
    const bodySha256 = !declares && announcesBody(http) ? await pending.bodySha256() : EMPTY_SHA256;
    verifySignature({
      request: http,
      parsed,
      secretAccessKey: secret,
      nowMs: clock.now(),
      body: declares ? 'streamed' : bodySha256,
      style,
    });
    const check = bodyCheck(http, parsed, secret, style);
    const payloadHash = declares ? parsed.payload.declared : bodySha256;
    const again =
      options.resign &&
      resign({
        http,
        parsed,
        payloadHash,
        credentials: options.resign.credentials(),
        host: hostAtUpstream(http.host, pending.upstreamHost, options.resign.ownHosts),
        nowMs: clock.now(),
      });
    const isChunked = parsed.payload.kind === 'chunks' || parsed.payload.kind === 'chunks-trailer';
    const rewriter = again && isChunked ? () => chunkResigner(again.seed) : undefined;
    return {
      ...asItCame,
      ...(again && { resigned: true, headers: again.headers, rawQuery: again.rawQuery }),
      ...(check && { body: () => guardedBody(check(), rewriter?.(), (error) => count(error, http, claimed)) }),
    };
  };
  const count = (error: unknown, http: HttpRequest, claimed: Claimed) => {
    if (!(error instanceof AwsError)) return;
    metrics.rejectedRequests.inc({ code: error.code });
    logger.info({ code: error.code, sourceIp: http.sourceIp, service: claimed.signingName }, 'request rejected');
  };

  return {
    async admit(http, claimed, pending) {
      try {
        return await admit(http, claimed, pending);
      } catch (error) {
        count(error, http, claimed);
        throw error;
      }
    },
  };
}

const AS_IT_CAME = { resigned: false, headers: {} };

/** Event streams and asymmetric signatures: nothing here can verify those. */
const UNVERIFIABLE = /^STREAMING-AWS4-(?:HMAC-SHA256-EVENTS|ECDSA)/;

const announcesBody = ({ headers }: HttpRequest): boolean =>
  (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined;

/** undefined for what has no signature, but perhaps a token of another kind, which is the upstream's to know. */
function parseSigned(http: HttpRequest, style: AuthStyle): ParsedAuthorization | undefined {
  return /^Bearer /i.test(http.headers.authorization ?? '') ? undefined : parseAuthorization(http, style);
}

/** S3's own way of signing and wording; other XML services word errors as the query services do. */
function styleOf({ signingName, detected }: Claimed): AuthStyle {
  if (/^s3(?:$|express$|-outposts$|-object-lambda$)/.test(signingName)) return 's3';
  const protocol = detected?.protocol;
  if (protocol === 'awsQuery' || protocol === 'ec2Query' || protocol === 'restXml') return 'query';
  return protocol === 'restJson1' ? 'rest-json' : 'json';
}

function checkKey(known: KnownIdentity, parsed: ParsedAuthorization, style: AuthStyle, nowMs: number): void {
  const { active, session, source } = known;
  if (!active) throw authError(style, 'unknown-key');
  if (source !== 'file' && !sameToken(session?.tokenSha256, parsed.sessionToken)) throw authError(style, 'bad-token');
  if (session && session.expiresMs <= nowMs) throw authError(style, 'expired-token');
}

function sameToken(sha256: string | undefined, token: string | undefined): boolean {
  if (sha256 === undefined || token === undefined) return sha256 === token;
  return timingSafeEqual(createHash('sha256').update(token).digest(), Buffer.from(sha256, 'hex'));
}

/** Looks at a body as it passes; both throw or reject with an AwsError when it is not what was signed. */
interface BodyCheck {
  update(bytes: Buffer): Promise<void> | undefined;
  end(): Promise<void>;
}

function bodyCheck(http: HttpRequest, parsed: ParsedAuthorization, secretAccessKey: string, style: AuthStyle) {
  const { kind, declared } = parsed.payload;
  if (kind === 'hash') return () => hashCheck(declared.toLowerCase(), style);
  if (kind !== 'chunks' && kind !== 'chunks-trailer') return undefined;
  const length = http.headers['x-amz-decoded-content-length'] ?? '';
  if (!/^\d{1,15}$/.test(length)) {
    throw new AwsError('MissingContentLength', 'You must provide the x-amz-decoded-content-length HTTP header.', {
      status: 411,
    });
  }
  const trailer = kind === 'chunks-trailer' ? { trailer: announcedTrailers(http.headers) } : {};
  const signed = { authorization: parsed, secretAccessKey };
  return () => chunkCheck(chunkedDecoder({ signed, ...trailer, decodedBytes: Number(length), style }));
}

function hashCheck(declared: string, style: AuthStyle): BodyCheck {
  const hash = createHash('sha256');
  return {
    update(bytes) {
      hash.update(bytes);
      return undefined;
    },
    async end() {
      const computed = hash.digest('hex');
      if (computed === declared) return;
      if (style !== 's3') throw authError(style, 'bad-signature');
      throw new AwsError(
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        { members: { ClientComputedContentSHA256: declared, S3ComputedContentSHA256: computed } },
      );
    },
  };
}

function chunkCheck(decoder: Transform): BodyCheck {
  const ended = new Promise<void>((fulfil, reject) => decoder.once('end', fulfil).once('error', reject));
  ended.catch(() => {}); // told by whoever waits
  decoder.resume();
  return {
    update: (bytes) =>
      new Promise((fulfil, reject) => decoder.write(bytes, (error) => (error ? reject(error) : fulfil()))),
    end() {
      decoder.end();
      return ended;
    },
  };
}

/** Passes a body on behind its check, and never the last of it before the check is through. */
function guardedBody(check: BodyCheck, rewriter: Rewriter | undefined, refused: (error: unknown) => void): Transform {
  let held: Buffer | undefined;
  const guard: Transform = new Transform({
    async transform(bytes: Buffer, _encoding, done) {
      try {
        await check.update(bytes);
        for (const piece of rewriter?.take(bytes) ?? [bytes]) {
          if (held) guard.push(held);
          held = piece;
        }
        done();
      } catch (error) {
        refused(error);
        done(error as Error);
      }
    },
    async flush(done) {
      try {
        await check.end();
        for (const piece of [held, ...(rewriter?.end() ?? [])]) if (piece) guard.push(piece);
        done();
      } catch (error) {
        refused(error);
        done(error as Error);
      }
    },
  });
  return guard;
}
