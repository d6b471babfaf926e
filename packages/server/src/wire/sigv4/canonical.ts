import { createHash, createHmac } from 'node:crypto';

/** Signature Version 4's pure arithmetic: canonical request, string to sign, signing key. */
export const ALGORITHM = 'AWS4-HMAC-SHA256';
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** What of a request gets signed. */
export interface Signable {
  readonly method: string;
  /** Path as sent, percent-encoded. */
  readonly rawPath: string;
  /** Decoded parameters. */
  readonly query: readonly (readonly [string, string])[];
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface CanonicalOptions {
  readonly signedHeaders: readonly string[];
  readonly payloadHash: string;
  /** S3 encodes a path once; every other service encodes again what the client had encoded already. */
  readonly pathEncoding: 'once' | 'twice';
}

/** The canonical request, made from what the server will interpret, so that nothing else can have been signed. */
export function canonicalRequest(request: Signable, options: CanonicalOptions): string {
  const names = [...options.signedHeaders].sort();
  return [
    request.method,
    canonicalPath(request.rawPath, options.pathEncoding),
    canonicalQuery(request.query),
    ...names.map((name) => `${name}:${foldSpace(request.headers[name] ?? '')}`),
    '',
    names.join(';'),
    options.payloadHash,
  ].join('\n');
}

export function canonicalPath(rawPath: string, encoding: 'once' | 'twice'): string {
  if (encoding === 'once') return rawPath.split('/').map(encodeOnce).join('/');
  const kept: string[] = [];
  for (const segment of rawPath.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(uriEncode(segment));
  }
  const slash = kept.length > 0 && /\/\.{0,2}$/.test(rawPath) ? '/' : '';
  return `/${kept.join('/')}${slash}`;
}

/** A key may hold anything: what the client encoded loosely is brought to the one canonical spelling. */
function encodeOnce(segment: string): string {
  try {
    return uriEncode(decodeURIComponent(segment));
  } catch {
    return uriEncode(segment); // not UTF-8 or a stray '%': signed by nobody in a canonical way, so it will not match
  }
}

export function canonicalQuery(query: readonly (readonly [string, string])[]): string {
  return query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const foldSpace = (value: string): string => value.trim().replace(/\s+/g, ' ');

/** RFC 3986 encoding of everything but unreserved characters. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

export interface Scope {
  /** YYYYMMDD */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export const scopeString = ({ date, region, service }: Scope): string => `${date}/${region}/${service}/aws4_request`;

/** @param timestamp YYYYMMDDTHHMMSSZ */
export const stringToSign = (timestamp: string, scope: Scope, canonical: string): string =>
  [ALGORITHM, timestamp, scopeString(scope), sha256Hex(canonical)].join('\n');

/** Keys are derived once a day, Region and service; far more principals than this are never busy at once. */
const SIGNING_KEYS_MAX = 1_000;
const signingKeys = new Map<string, Buffer>();

/** The key of a day's requests to a service in a Region. Four HMACs, so those that were used last are kept. */
export function signingKey(secretAccessKey: string, { date, region, service }: Scope): Buffer {
  const id = `${secretAccessKey}\n${date}\n${region}\n${service}`;
  let key = signingKeys.get(id);
  if (key) signingKeys.delete(id);
  else {
    key = [date, region, service, 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`));
    if (signingKeys.size >= SIGNING_KEYS_MAX) signingKeys.delete(signingKeys.keys().next().value!);
  }
  signingKeys.set(id, key); // last in order, so that it goes last
  return key;
}

export const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
export const sha256Hex = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** ms since the epoch as YYYYMMDDTHHMMSSZ. */
export const amzDate = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

/** The reverse of `amzDate`; undefined when it is no such date. */
export function parseAmzDate(text: string): number | undefined {
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!m) return undefined;
  const ms = Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}
