import { createHash, createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';

/** Who signs. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** One request of a service, before it is signed. */
export interface Call {
  readonly service: string;
  readonly method: string;
  /** With its query, percent-encoded as it is to go over the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** `cloudtrail:DeleteTrail`, for titles. */
  readonly name: string;
}

/** What goes over the wire: headers as pairs, as attackers send some of them twice. */
export interface Wire {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  /** The error's name, wherever the protocol has it. */
  readonly code: string;
  readonly body: string;
}

export interface SignOptions {
  readonly at?: Date;
  readonly region?: string;
  /** In the scope, in place of the call's. */
  readonly service?: string;
  /** In the scope, in place of the timestamp's. */
  readonly day?: string;
  /** What x-amz-content-sha256 says, in place of the body's hash. */
  readonly payloadHash?: string;
  readonly expiresSeconds?: number;
}

const hash = (data: string): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, data: string): Buffer => createHmac('sha256', key).update(data).digest();
export const stampOf = (at: Date): string => at.toISOString().replace(/[-:]|\.\d+/g, '');
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Of the host that all tests talk to. */
let host = '';
export const useHost = (endpoint: string): void => {
  host = new URL(endpoint).host;
};

/** Written anew rather than taken from the product: what signs must not share mistakes with what verifies. */
function signatureOf(
  { method, path }: Pick<Call, 'method' | 'path'>,
  { secretAccessKey }: Credentials,
  { headers, stamp, scope, payload }: { headers: [string, string][]; stamp: string; scope: string; payload: string },
): { readonly signature: string; readonly names: string } {
  const [rawPath = '', rawQuery = ''] = path.split(/\?(.*)/s);
  const segments = (text: string) => text.split('/').map(encode).join('/');
  const once = rawPath
    .split('/')
    .map((segment) => encode(decodeURIComponent(segment)))
    .join('/');
  const query = rawQuery
    .split('&')
    .filter((part) => part !== '')
    .map((part) => part.split(/=(.*)/s))
    .map(([name = '', value = '']) => [encode(decodeURIComponent(name)), encode(decodeURIComponent(value))] as const)
    .sort(([name, value], [otherName, otherValue]) => order(name, otherName) || order(value, otherValue))
    .map(([name, value]) => `${name}=${value}`);
  const sorted = headers.map(([name, value]) => [name.toLowerCase(), value.trim()] as const).sort();
  const names = sorted.map(([name]) => name).join(';');
  const lines = sorted.map(([name, value]) => `${name}:${value}`);
  const [day = '', region = '', service = ''] = scope.split('/');
  const canonicalPath = service === 's3' ? once : segments(once);
  const canonical = [method, canonicalPath, query.join('&'), ...lines, '', names, payload].join('\n');
  const key = [region, service, 'aws4_request'].reduce<Buffer>(hmac, hmac(`AWS4${secretAccessKey}`, day));
  const toSign = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${hash(canonical)}`;
  return { signature: hmac(key, toSign).toString('hex'), names };
}

const scopeOf = (call: Call, stamp: string, { region = 'us-east-1', service, day }: SignOptions): string =>
  `${day ?? stamp.slice(0, 8)}/${region}/${service ?? call.service}/aws4_request`;

/** Signs with the Authorization header. */
export function signed(call: Call, as: Credentials, options: SignOptions = {}): Wire {
  const stamp = stampOf(options.at ?? new Date());
  const payload = options.payloadHash ?? hash(call.body);
  const headers: [string, string][] = [
    ...Object.entries(call.headers),
    ['host', host],
    ['x-amz-date', stamp],
    ['x-amz-content-sha256', payload],
    ...(as.sessionToken === undefined ? [] : ([['x-amz-security-token', as.sessionToken]] as [string, string][])),
  ];
  const scope = scopeOf(call, stamp, options);
  const { signature, names } = signatureOf(call, as, { headers, stamp, scope, payload });
  const value = `AWS4-HMAC-SHA256 Credential=${as.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { method: call.method, path: call.path, headers: [...headers, ['authorization', value]], body: call.body };
}

/** Signs in the query, as presigned URLs are. */
export function presigned(call: Call, as: Credentials, options: SignOptions = {}): Wire {
  const stamp = stampOf(options.at ?? new Date());
  const scope = scopeOf(call, stamp, options);
  const headers: [string, string][] = [['host', host]];
  const query = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${as.accessKeyId}/${scope}`,
    'X-Amz-Date': stamp,
    'X-Amz-Expires': String(options.expiresSeconds ?? 60),
    'X-Amz-SignedHeaders': 'host',
    ...(as.sessionToken !== undefined && { 'X-Amz-Security-Token': as.sessionToken }),
  };
  const joined = Object.entries(query).map(([name, value]) => `${name}=${encode(value)}`);
  const path = `${call.path}${call.path.includes('?') ? '&' : '?'}${joined.join('&')}`;
  const payload = call.service === 's3' ? 'UNSIGNED-PAYLOAD' : hash(call.body);
  const { signature } = signatureOf({ method: call.method, path }, as, { headers, stamp, scope, payload });
  return { method: call.method, path: `${path}&X-Amz-Signature=${signature}`, headers, body: call.body };
}

/** Without any signature. */
export const unsigned = (call: Call): Wire => ({
  method: call.method,
  path: call.path,
  headers: [...Object.entries(call.headers), ['host', host]],
  body: call.body,
});

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/** @param userAgent the mark by which the record is found again */
export function send(wire: Wire, userAgent: string): Promise<Answer> {
  const [hostname, port] = host.split(':');
  const length: [string, string][] =
    wire.method === 'GET' || wire.method === 'HEAD' ? [] : [['content-length', String(Buffer.byteLength(wire.body))]];
  const headers = [...wire.headers, ['user-agent', userAgent], ...length].flat();
  return new Promise((fulfil, reject) => {
    const req = request(
      { agent, hostname, port, method: wire.method, path: wire.path, headers, setHost: false } as never,
      (res) => {
        let body = '';
        res.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        res.once('end', () => fulfil(answerOf(res.statusCode!, res.headers as Record<string, string>, body)));
        res.once('error', reject);
      },
    );
    req.once('error', reject);
    if (length.length > 0) req.write(wire.body);
    req.end();
  });
}

function answerOf(status: number, headers: Readonly<Record<string, string>>, body: string): Answer {
  const inJson = /"__type"\s*:\s*"(?:[^"#]*#)?([^"]+)"/.exec(body)?.[1];
  const code = headers['x-amzn-errortype']?.split(':')[0] ?? /<Code>([^<]+)<\/Code>/.exec(body)?.[1] ?? inJson ?? '';
  return { status, code, body };
}

/** Ends the connections that are kept. */
export const hangUp = (): void => agent.destroy();
