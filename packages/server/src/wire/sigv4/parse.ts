import { ALGORITHM, amzDate, parseAmzDate, type Scope, type Signable, sha256Hex } from './canonical.ts';
import { type AuthErrorKind, type AuthStyle, authError } from './errors.ts';

/** What a request claims about its signature; nothing of it is verified yet, but all of it is well formed. */
export interface ParsedAuthorization extends Scope {
  readonly kind: 'header' | 'query';
  readonly accessKeyId: string;
  /** YYYYMMDDTHHMMSSZ, as in the string to sign. */
  readonly timestamp: string;
  readonly timeMs: number;
  /** How long a presigned request holds; absent in a header, and where a service does not ask for it. */
  readonly expiresSeconds?: number;
  readonly sessionToken?: string;
  /** Lower case. */
  readonly signedHeaders: readonly string[];
  /** 64 hex digits. */
  readonly signature: string;
  readonly payload: Payload;
}

/** What x-amz-content-sha256 says of the body. `absent` leaves it to the service. */
export interface Payload {
  readonly kind: 'absent' | 'hash' | 'unsigned' | 'chunks' | 'chunks-trailer' | 'unsigned-trailer' | 'malformed';
  /** As sent; it stands in the canonical request. */
  readonly declared: string;
}

/** S3's longest presigned request: signing keys live a week. */
export const EXPIRES_SECONDS_MAX = 604_800;
/** Where a presigned request names no lifetime, it holds as long as a signed header. */
export const SKEW_MS_MAX = 15 * 60_000;

const PAYLOAD_KINDS: Readonly<Record<string, Payload['kind']>> = {
  '': 'absent',
  'UNSIGNED-PAYLOAD': 'unsigned',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': 'chunks',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': 'chunks-trailer',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': 'unsigned-trailer',
};

const AUTH_PARAMETERS = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature'];

/**
 * Reads the signature of a request, wherever it stands. `undefined` means that it carries none at all.
 * @param style how to word errors when the scope does not tell that it is S3
 * @throws AwsError when there is a signature but it is not one of Version 4, whole and well formed
 */
export function parseAuthorization(request: Signable, style: AuthStyle = 'json'): ParsedAuthorization | undefined {
  const header = request.headers.authorization;
  const query = new Map<string, string>();
  for (const [name, value] of request.query) if (name.startsWith('X-Amz-') && !query.has(name)) query.set(name, value);
  const inQuery = AUTH_PARAMETERS.some((name) => query.has(name));
  if (header !== undefined && inQuery) throw authError(style, 'two-mechanisms');
  if (header !== undefined) return parseHeader(request, header, style);
  if (inQuery) return parseQuery(request, query, style);
  if (request.query.some(([name]) => name === 'AWSAccessKeyId')) throw authError(style, 'unsupported'); // Version 2
  return undefined;
}

function parseHeader(request: Signable, header: string, style: AuthStyle): ParsedAuthorization {
  const space = header.indexOf(' ');
  const algorithm = space < 0 ? header : header.slice(0, space);
  if (algorithm !== ALGORITHM) throw authError(style, 'unsupported');
  const fields = new Map<string, string>();
  for (const part of header.slice(space + 1).split(',')) {
    const eq = part.indexOf('=');
    if (eq < 0)
      throw incomplete(style, `'${part.trim().slice(0, 100)}' not a valid key=value pair (missing equal-sign)`, header);
    fields.set(part.slice(0, eq).trim(), part.slice(eq + 1).trim());
  }
  const field = (name: string): string => fields.get(name) || missing(name);
  const missing = (name: string): never => {
    throw incomplete(style, `Authorization header requires '${name}' parameter`, header);
  };
  const credential = parseCredential(field('Credential'), style, 'incomplete');
  const worded = credential.service === 's3' ? 's3' : style;
  const { timestamp, timeMs } = requestTime(request, worded);
  const token = request.headers['x-amz-security-token'];
  return {
    kind: 'header',
    ...credential,
    timestamp,
    timeMs,
    ...(token !== undefined && { sessionToken: token }),
    signedHeaders: parseSignedHeaders(field('SignedHeaders'), worded, 'incomplete'),
    signature: parseSignature(field('Signature'), worded),
    payload: declaredPayload(request),
  };
}

function parseQuery(request: Signable, query: ReadonlyMap<string, string>, style: AuthStyle): ParsedAuthorization {
  const credential = parseCredential(query.get('X-Amz-Credential') ?? '', style, 'malformed-query');
  const isS3 = credential.service === 's3';
  const worded = isS3 ? 's3' : style;
  const wrong = (message: string) => authError(worded, 'malformed-query', { message });
  if (query.get('X-Amz-Algorithm') !== ALGORITHM) throw wrong(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  const required = ['X-Amz-Signature', 'X-Amz-Date', 'X-Amz-SignedHeaders', ...(isS3 ? ['X-Amz-Expires'] : [])];
  const absent = required.filter((name) => !query.get(name));
  if (absent.length > 0) {
    throw wrong(
      `Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters. Missing: ${absent.join(', ')}.`,
    );
  }
  const names = request.query.map(([name]) => name).filter((name) => query.has(name));
  if (names.length !== query.size) throw wrong('An X-Amz- query parameter of the signature is given twice.');
  const timestamp = query.get('X-Amz-Date')!;
  const timeMs = parseAmzDate(timestamp);
  if (timeMs === undefined) {
    throw wrong(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`);
  }
  const expires = query.get('X-Amz-Expires');
  const signedHeaders = parseSignedHeaders(query.get('X-Amz-SignedHeaders')!, worded, 'malformed-query');
  const token = query.get('X-Amz-Security-Token') ?? request.headers['x-amz-security-token'];
  return {
    kind: 'query',
    ...credential,
    timestamp,
    timeMs,
    ...(expires !== undefined && { expiresSeconds: parseExpires(expires, wrong) }),
    ...(token !== undefined && { sessionToken: token }),
    signedHeaders,
    signature: parseSignature(query.get('X-Amz-Signature')!, worded),
    payload: presignedPayload(request, query, signedHeaders, isS3),
  };
}

function parseExpires(text: string, wrong: (message: string) => Error): number {
  if (!/^-?\d{1,15}$/.test(text)) throw wrong('X-Amz-Expires should be a number');
  const seconds = Number(text);
  if (seconds < 0) throw wrong('X-Amz-Expires must be non-negative');
  if (seconds > EXPIRES_SECONDS_MAX) {
    throw wrong(
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${EXPIRES_SECONDS_MAX} seconds`,
    );
  }
  return seconds;
}

/** A presigned S3 request does not cover its body, unless its signature names a hash. */
function presignedPayload(
  request: Signable,
  query: ReadonlyMap<string, string>,
  signedHeaders: readonly string[],
  isS3: boolean,
): Payload {
  const inQuery = query.get('X-Amz-Content-Sha256');
  if (inQuery !== undefined) return payloadOf(inQuery);
  if (signedHeaders.includes('x-amz-content-sha256')) return declaredPayload(request);
  return payloadOf(isS3 ? 'UNSIGNED-PAYLOAD' : '');
}

/** What the header x-amz-content-sha256 says, signed or not. */
export const declaredPayload = (request: Signable): Payload => payloadOf(request.headers['x-amz-content-sha256'] ?? '');

function payloadOf(declared: string): Payload {
  if (/^[0-9a-f]{64}$/i.test(declared)) return { kind: 'hash', declared };
  return { kind: Object.hasOwn(PAYLOAD_KINDS, declared) ? PAYLOAD_KINDS[declared]! : 'malformed', declared };
}

/**
 * Region and service end up in ARNs, keys of State and file names: nothing but their own alphabet may pass. Regions may be
 * those of imported records, of which somebody asks for digests' keys.
 */
const REGION = /^[A-Za-z0-9-]{1,64}$/;
const SERVICE = /^[a-z0-9-]{1,64}$/;

function parseCredential(text: string, style: AuthStyle, kind: AuthErrorKind) {
  const parts = text.split('/');
  const [accessKeyId, date, region, service, end] = parts;
  const s3 = style === 's3' || service === 's3';
  const wrong = (why: string): Error => {
    const message = !s3
      ? `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term: ${why}.`
      : kind === 'incomplete'
        ? `The authorization header is malformed; the Credential is mal-formed (${why}); expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`
        : `Error parsing the X-Amz-Credential parameter; the Credential is mal-formed (${why}); expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`;
    return authError(s3 ? 's3' : style, kind, { message });
  };
  if (parts.length !== 5) throw wrong(`it has ${parts.length} elements`);
  if (!/^\w{1,128}$/.test(accessKeyId!)) throw authError(s3 ? 's3' : style, 'unknown-key');
  if (!/^\d{8}$/.test(date!)) throw wrong('the date is not YYYYMMDD');
  if (!REGION.test(region!)) throw wrong('the region is not valid');
  if (!SERVICE.test(service!)) throw wrong('the service is not valid');
  if (end !== 'aws4_request') throw wrong("it does not end with 'aws4_request'");
  return { accessKeyId: accessKeyId!, date: date!, region: region!, service: service! };
}

function parseSignedHeaders(text: string, style: AuthStyle, kind: AuthErrorKind): string[] {
  const names = text.split(';');
  if (!names.every((name) => /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name))) {
    throw authError(style, kind, { message: 'SignedHeaders must be lower-case header names joined by semicolons.' });
  }
  if (!names.includes('host')) {
    throw authError(style, 'bad-signature', {
      message: "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    });
  }
  return names;
}

/** Anything but 64 hex digits could only fail the comparison. */
function parseSignature(text: string, style: AuthStyle): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw authError(style, 'bad-signature');
  return text;
}

/** The time that was signed: X-Amz-Date, or else Date in either of its forms. */
function requestTime(request: Signable, style: AuthStyle): { timestamp: string; timeMs: number } {
  const text = request.headers['x-amz-date'] ?? request.headers.date;
  if (text === undefined) {
    throw style === 's3'
      ? authError(style, 'missing-token', {
          message: 'AWS authentication requires a valid Date or x-amz-date header',
        })
      : authError(style, 'incomplete', {
          message: "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        });
  }
  const iso = parseAmzDate(text);
  if (iso !== undefined) return { timestamp: text, timeMs: iso };
  const timeMs = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(timeMs)) {
    const message = `Date must be in ISO-8601 'basic format'. Got '${text.slice(0, 100)}'. See http://en.wikipedia.org/wiki/ISO_8601`;
    throw authError(style, 'incomplete', { message });
  }
  return { timestamp: amzDate(timeMs), timeMs };
}

/** Says which header was meant without giving its signature away. */
function incomplete(style: AuthStyle, what: string, header: string): Error {
  const message =
    style === 's3'
      ? `The authorization header is malformed; ${what}.`
      : `${what} in Authorization header (hashed with SHA-256 and encoded with Base64): '${Buffer.from(sha256Hex(header), 'hex').toString('base64')}'.`;
  return authError(style, 'incomplete', { message });
}
