import {
  ALGORITHM,
  amzDate,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  EMPTY_SHA256,
  hmac,
  type Scope,
  type Signable,
  scopeString,
  sha256Hex,
  signingKey,
  stringToSign,
} from './canonical.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignOptions {
  readonly method: string;
  /** Path percent-encoded as it shall be sent. */
  readonly url: URL;
  /** Any case; every one of them gets signed. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, or its declared hash: 64 hex digits or `UNSIGNED-PAYLOAD`. Default: no body. */
  readonly body?: Buffer | { readonly sha256: string };
  readonly credentials: Credentials;
  readonly region: string;
  /** The signing name; `s3` brings S3's own rules with it. */
  readonly service: string;
  readonly nowMs: number;
}

export interface SignedRequest {
  readonly url: string;
  /** Lower case, `host` included. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Signs a request in its Authorization header. Send exactly the returned URL and headers. */
export function signRequest(options: SignOptions): SignedRequest {
  const { credentials, body = Buffer.alloc(0) } = options;
  const scope = scopeOf(options);
  const payloadHash = Buffer.isBuffer(body) ? sha256Hex(body) : body.sha256;
  const request = signable(options, [], {
    'x-amz-date': amzDate(options.nowMs),
    ...(credentials.sessionToken !== undefined && { 'x-amz-security-token': credentials.sessionToken }),
    ...((options.service === 's3' || !Buffer.isBuffer(body)) && { 'x-amz-content-sha256': payloadHash }),
  });
  const signedHeaders = Object.keys(request.headers).sort();
  const signature = sign(options, scope, request, signedHeaders, payloadHash);
  const authorization = `${ALGORITHM} Credential=${credentials.accessKeyId}/${scopeString(scope)}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  return { url: sendable(options, request), headers: { ...request.headers, authorization } };
}

export interface ObjectGetSignerOptions extends Pick<SignOptions, 'credentials' | 'region'> {
  /** As the Host header has it. */
  readonly host: string;
}

/**
 * Signs GETs of S3 objects, thousands of them, as `signRequest` would: from one to the next only path and time change.
 * @returns a function from the path (its segments encoded by `uriEncode`) to the headers to send
 */
export function objectGetSigner({ credentials, region, host }: ObjectGetSignerOptions) {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const token = sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken };
  const signedHeaders = Object.keys({ host, 'x-amz-content-sha256': '', 'x-amz-date': '', ...token }).join(';');
  let ofSecond = -1;
  let headers: Readonly<Record<string, string>> = {};
  let [scope, tail] = ['', ''];
  let key: Buffer = Buffer.alloc(0);

  return (path: string, nowMs: number): Readonly<Record<string, string>> => {
    const second = Math.floor(nowMs / 1000);
    if (second !== ofSecond) {
      ofSecond = second;
      const date = amzDate(nowMs);
      const parts = { date: date.slice(0, 8), region, service: 's3' };
      headers = { host, 'x-amz-content-sha256': EMPTY_SHA256, 'x-amz-date': date, ...token };
      scope = scopeString(parts);
      key = signingKey(secretAccessKey, parts);
      const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
      tail = `\n\n${lines.join('')}\n${signedHeaders}\n${EMPTY_SHA256}`;
    }
    const toSign = `${ALGORITHM}\n${headers['x-amz-date']}\n${scope}\n${sha256Hex(`GET\n${path}${tail}`)}`;
    const signature = hmac(key, toSign).toString('hex');
    const authorization = `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
    return { ...headers, authorization };
  };
}

/** Signs a URL that holds for `expiresSeconds` (at most a week) with whatever body, and needs only `headers` sent. */
export function presign(options: SignOptions & { readonly expiresSeconds: number }): string {
  const { credentials } = options;
  const scope = scopeOf(options);
  const names = [...new Set(['host', ...Object.keys(options.headers ?? {}).map((name) => name.toLowerCase())])].sort();
  const request = signable(
    options,
    [
      ['X-Amz-Algorithm', ALGORITHM],
      ['X-Amz-Credential', `${credentials.accessKeyId}/${scopeString(scope)}`],
      ['X-Amz-Date', amzDate(options.nowMs)],
      ['X-Amz-Expires', String(options.expiresSeconds)],
      ['X-Amz-SignedHeaders', names.join(';')],
      ...(credentials.sessionToken === undefined ? [] : [['X-Amz-Security-Token', credentials.sessionToken] as const]),
    ],
    {},
  );
  const payloadHash = options.service === 's3' ? 'UNSIGNED-PAYLOAD' : sha256Hex('');
  const signature = sign(options, scope, request, names, payloadHash);
  return `${sendable(options, request)}&X-Amz-Signature=${signature}`;
}

const scopeOf = ({ nowMs, region, service }: SignOptions): Scope => ({
  date: amzDate(nowMs).slice(0, 8),
  region,
  service,
});

function signable(
  { method, url, headers = {} }: SignOptions,
  query: readonly (readonly [string, string])[],
  added: Readonly<Record<string, string>>,
): Signable {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    method,
    rawPath: url.pathname,
    query: [...url.searchParams, ...query],
    headers: { host: url.host, ...Object.fromEntries(lower), ...added },
  };
}

function sign(
  { credentials, service, nowMs }: SignOptions,
  scope: Scope,
  request: Signable,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const pathEncoding = service === 's3' ? 'once' : 'twice';
  const canonical = canonicalRequest(request, { signedHeaders, payloadHash, pathEncoding });
  const toSign = stringToSign(amzDate(nowMs), scope, canonical);
  return hmac(signingKey(credentials.secretAccessKey, scope), toSign).toString('hex');
}

/** The query goes out in its canonical spelling, so that no proxy or server can read it in two ways. */
function sendable({ url, service }: SignOptions, request: Signable): string {
  const path = service === 's3' ? canonicalPath(url.pathname, 'once') : url.pathname;
  const query = canonicalQuery(request.query);
  return `${url.origin}${path}${query && `?${query}`}`;
}
