import { timingSafeEqual } from 'node:crypto';
import type { HttpRequest } from '../request.ts';
import { amzDate, canonicalRequest, hmac, scopeString, signingKey, stringToSign } from './canonical.ts';
import { type AuthStyle, authError } from './errors.ts';
import { type ParsedAuthorization, SKEW_MS_MAX } from './parse.ts';

export { uriEncode } from './canonical.ts';
export { type ParsedAuthorization, parseAuthorization } from './parse.ts';
export { type Credentials, objectGetSigner, presign, type SignOptions, signRequest } from './sign.ts';

export interface VerifyOptions {
  readonly request: HttpRequest;
  readonly parsed: ParsedAuthorization;
  readonly secretAccessKey: string;
  readonly nowMs: number;
  /** SHA-256 of the body in hex, or `streamed` when it is still to come and will be checked by `body.ts`. */
  readonly body: string | 'streamed';
  readonly style: AuthStyle;
  /** The signing name of the service that will answer; a scope for another one is refused. */
  readonly service?: string;
}

/**
 * Checks a Signature Version 4, from scope and time to the signature itself. With `streamed` (and always for S3) the
 * body is covered as far as its declared hash goes: whoever reads it MUST compare (`body.ts` does).
 * @throws AwsError in the words of `style`
 */
export function verifySignature(options: VerifyOptions): void {
  const { request, parsed, secretAccessKey, style } = options;
  checkScope(options);
  checkTime(options);
  checkSignedHeaders(options);
  const canonicalOptions = {
    signedHeaders: parsed.signedHeaders,
    payloadHash: payloadHash(options),
    pathEncoding: style === 's3' ? 'once' : 'twice',
  } as const;
  const claimed = Buffer.from(parsed.signature, 'hex');
  let [canonical, toSign] = ['', ''];
  for (const headers of readings(request.headers)) {
    canonical = canonicalRequest({ ...request, headers }, canonicalOptions);
    toSign = stringToSign(parsed.timestamp, parsed, canonical);
    if (timingSafeEqual(hmac(signingKey(secretAccessKey, parsed), toSign), claimed)) return;
  }
  throw authError(style, 'bad-signature', {
    members: {
      AWSAccessKeyId: parsed.accessKeyId,
      StringToSign: toSign,
      SignatureProvided: parsed.signature,
      StringToSignBytes: spacedHex(toSign),
      CanonicalRequest: canonical,
      CanonicalRequestBytes: spacedHex(canonical),
    },
  });
}

/**
 * Headers as the client may have meant them. HTTP has bytes: boto3 and the AWS CLI send text that is not ASCII as UTF-8,
 * Node as Latin-1, which is how both are read; each signs the text.
 */
function* readings(headers: HttpRequest['headers']): Generator<HttpRequest['headers'], void> {
  yield headers;
  const values = Object.entries(headers);
  if (values.every(([, value]) => ASCII.test(value))) return;
  yield Object.fromEntries(values.map(([name, value]) => [name, Buffer.from(value, 'latin1').toString('utf8')]));
}

const ASCII = /^[\0-\x7f]*$/;

/** S3 takes the client's word and compares it with the body later; others hash the body that came. */
function payloadHash({ parsed, body, style }: VerifyOptions): string {
  const { kind, declared } = parsed.payload;
  if (kind === 'malformed') {
    throw authError(style, 'bad-payload-hash', {
      members: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: declared.slice(0, 200) },
    });
  }
  if (style === 's3' || body === 'streamed') {
    if (kind === 'absent') throw authError(style, 'missing-payload-hash');
    return declared;
  }
  return body;
}

function checkScope({ parsed, style, service }: VerifyOptions): void {
  const scope = scopeString(parsed);
  if (service !== undefined && parsed.service !== service) {
    const message =
      style !== 's3'
        ? `Credential should be scoped to correct service: '${service}'.`
        : parsed.kind === 'header'
          ? `The authorization header is malformed; incorrect service "${parsed.service}". This endpoint belongs to "${service}".`
          : `Error parsing the X-Amz-Credential parameter; incorrect service "${parsed.service}". This endpoint belongs to "${service}".`;
    throw authError(style, style === 's3' && parsed.kind === 'query' ? 'malformed-query' : 'wrong-scope', { message });
  }
  const day = parsed.timestamp.slice(0, 8);
  if (parsed.date === day) return;
  const message =
    style !== 's3'
      ? `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.slice(0, 8)}' != '${day}', from '${parsed.timestamp}'.`
      : parsed.kind === 'header'
        ? `The authorization header is malformed; Invalid credential date "${parsed.date}". This date is not the same as X-Amz-Date: "${day}".`
        : `Invalid credential date "${parsed.date}". This date is not the same as X-Amz-Date: "${day}".`;
  throw authError(style, style === 's3' && parsed.kind === 'query' ? 'malformed-query' : 'wrong-scope', { message });
}

function checkTime({ parsed, nowMs, style }: VerifyOptions): void {
  const { timeMs, timestamp, kind } = parsed;
  const presigned = kind === 'query';
  const holdsMs = presigned && parsed.expiresSeconds !== undefined ? parsed.expiresSeconds * 1000 : SKEW_MS_MAX;
  const expired = nowMs > timeMs + holdsMs;
  if (!expired && nowMs >= timeMs - SKEW_MS_MAX) return;
  const members = {
    ...(presigned && { 'X-Amz-Expires': String(holdsMs / 1000), Expires: new Date(timeMs + holdsMs).toISOString() }),
    ...(!presigned && { RequestTime: timestamp, MaxAllowedSkewMilliseconds: String(SKEW_MS_MAX) }),
    ServerTime: new Date(nowMs).toISOString(),
  };
  const worded = (text: string) => (style === 's3' ? { members } : { message: text });
  const now = amzDate(nowMs);
  if (expired) {
    const earliest = amzDate(nowMs - holdsMs);
    const text = `Signature expired: ${timestamp} is now earlier than ${earliest} (${now} - ${holdsMs / 60_000} min.)`;
    throw authError(style, presigned ? 'presigned-expired' : 'expired', worded(text));
  }
  const latest = amzDate(nowMs + SKEW_MS_MAX);
  const text = `Signature not yet current: ${timestamp} is still later than ${latest} (${now} + ${SKEW_MS_MAX / 60_000} min.)`;
  throw authError(style, presigned ? 'presigned-not-yet-valid' : 'not-yet-valid', worded(text));
}

/** These are covered although they are not listed: they stand in the string to sign, or are compared by value. */
const COVERED_ELSEWHERE: ReadonlySet<string> = new Set(['x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token']);

/** A header that says what to do must be signed, or anyone on the way could add one. */
function checkSignedHeaders({ request, parsed, style }: VerifyOptions): void {
  const signed = new Set(parsed.signedHeaders);
  const unsigned = Object.keys(request.headers).filter(
    (name) => name.startsWith('x-amz-') && !signed.has(name) && !COVERED_ELSEWHERE.has(name),
  );
  if (unsigned.length === 0) return;
  throw authError(style, 'unsigned-header', { members: { HeadersNotSigned: unsigned.join(', ') } });
}

const spacedHex = (text: string): string =>
  Buffer.from(text)
    .toString('hex')
    .replace(/..(?!$)/g, '$& ');
