import { isIP } from 'node:net';
import type { HttpRequest } from '../wire/request.ts';
import {
  ALGORITHM,
  amzDate,
  canonicalRequest,
  hmac,
  type Scope,
  scopeString,
  signingKey,
  stringToSign,
} from '../wire/sigv4/canonical.ts';
import type { Credentials, ParsedAuthorization } from '../wire/sigv4/index.ts';

export interface ResignOptions {
  readonly http: HttpRequest;
  /** Of the client's signature, which MUST have been verified: whoever is re-signed acts with these credentials. */
  readonly parsed: ParsedAuthorization;
  /** 64 hex digits, or what the client declared of its body. */
  readonly payloadHash: string;
  readonly credentials: Credentials;
  readonly nowMs: number;
  /** The Host that the upstream shall see, where it is not the client's. */
  readonly host?: string | undefined;
}

export interface Resigned {
  /** Lower case; undefined takes the client's away. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawQuery: string;
  /** What the chunks of a signed aws-chunked body are signed on from. */
  readonly seed: ChunkSeed;
}

export interface ChunkSeed {
  readonly key: Buffer;
  readonly timestamp: string;
  readonly scope: string;
  readonly signature: string;
}

/** Headers that a neighbour may change on the way: nobody can sign them. */
const UNSIGNABLE: ReadonlySet<string> = new Set([
  ...['authorization', 'connection', 'expect', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'],
]);
const SIGNATURE_PARAMETERS: ReadonlySet<string> = new Set([
  ...['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Expires', 'X-Amz-SignedHeaders', 'X-Amz-Signature'],
  ...['X-Amz-Security-Token', 'X-Amz-Content-Sha256'],
]);

/**
 * Signs a request anew, for the same service and Region, in its Authorization header; a presigned one too. All else of
 * the request stays as it is.
 */
export function resign({ http, parsed, payloadHash, credentials, nowMs, host }: ResignOptions): Resigned {
  const timestamp = amzDate(nowMs);
  const scope: Scope = { date: timestamp.slice(0, 8), region: parsed.region, service: parsed.service };
  const isS3 = parsed.service.startsWith('s3');
  const declares = isS3 || 'x-amz-content-sha256' in http.headers;
  const changed: Record<string, string | undefined> = {
    ...(host !== undefined && { host }),
    'x-amz-date': timestamp,
    'x-amz-security-token': credentials.sessionToken,
    ...(declares && { 'x-amz-content-sha256': payloadHash }),
  };
  const headers = Object.fromEntries(
    Object.entries({ ...http.headers, ...changed }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
  const asSigned = new Set(parsed.signedHeaders);
  const signedHeaders = Object.keys(headers)
    .filter((name) => !UNSIGNABLE.has(name) && (name === 'host' || name.startsWith('x-amz-') || asSigned.has(name)))
    .sort();
  const inQuery = parsed.kind === 'query';
  const isOurs = ([name]: readonly [string, string]) => !inQuery || !SIGNATURE_PARAMETERS.has(name);
  const canonical = canonicalRequest(
    { ...http, headers, query: http.query.filter(isOurs) },
    { signedHeaders, payloadHash, pathEncoding: isS3 ? 'once' : 'twice' },
  );
  const key = signingKey(credentials.secretAccessKey, scope);
  const signature = hmac(key, stringToSign(timestamp, scope, canonical)).toString('hex');
  const credential = `${credentials.accessKeyId}/${scopeString(scope)}`;
  const authorization = `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  return {
    headers: { ...changed, authorization },
    rawQuery: inQuery ? withoutSignature(http.rawQuery) : http.rawQuery,
    seed: { key, timestamp, scope: scopeString(scope), signature },
  };
}

/** The other parameters keep their spelling. Signature parameters were read by their plain names, or not at all. */
function withoutSignature(rawQuery: string): string {
  const name = (part: string) => decodeURIComponent((part.split('=', 1)[0] ?? '').replaceAll('+', ' '));
  return rawQuery
    .split('&')
    .filter((part) => !SIGNATURE_PARAMETERS.has(name(part)))
    .join('&');
}

/**
 * The Host that an upstream is to see: its own in place of a name of the gateway's, and behind what stood before that
 * (a bucket). Any other name is the one that the client means, as AWS's own are. Where the upstream is an address,
 * nothing can stand before it: there the client's stays, and the upstream has to know it.
 */
export function hostAtUpstream(clientHost: string, upstreamHost: string, ownHosts: readonly string[]): string {
  const name = nameIn(clientHost);
  if (isIP(name) !== 0 || !name.includes('.')) return upstreamHost;
  const [own] = ownHosts
    .filter((host) => name === host || name.endsWith(`.${host}`))
    .sort((a, b) => b.length - a.length);
  if (own === undefined) return clientHost;
  const before = name.slice(0, -own.length);
  if (before === '') return upstreamHost;
  return isIP(nameIn(upstreamHost)) === 0 ? before + upstreamHost : clientHost;
}

const nameIn = (host: string): string =>
  host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
