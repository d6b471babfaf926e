import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { KnownIdentity } from '../access/directory.ts';
import { FakeClock } from '../base/clock.ts';
import { createLogger } from '../base/logger.ts';
import { createMetrics } from '../base/metrics.ts';
import type { HttpRequest } from '../wire/request.ts';
import { amzDate, EMPTY_SHA256, hmac, sha256Hex, signingKey } from '../wire/sigv4/canonical.ts';
import { parseAuthorization, presign, signRequest, verifySignature } from '../wire/sigv4/index.ts';
import { type AdmissionOptions, type Admitted, type Claimed, createAdmission } from './admit.ts';
import { hostAtUpstream } from './resign.ts';

const CLIENT = { accessKeyId: 'AKIACLIENT', secretAccessKey: 'the client secret' };
const SESSION = { accessKeyId: 'ASIACLIENT', secretAccessKey: 'the session secret', sessionToken: 'the token' };
const OWN = { accessKeyId: 'AKIAGATEWAY', secretAccessKey: 'the gateway secret', sessionToken: 'own token' };
const S3: Claimed = { signingName: 's3', detected: { protocol: 'restXml' } };
const STS: Claimed = { signingName: 'sts', detected: { protocol: 'awsQuery' } };

const clock = new FakeClock();
const known = (accessKeyId: string, more: Partial<KnownIdentity>): [string, KnownIdentity] => [
  accessKeyId,
  { accessKeyId, accountId: '1', identity: {}, owner: { kind: 'root' }, source: 'issued', active: true, ...more },
];
const tokenSha256 = createHash('sha256').update(SESSION.sessionToken).digest('hex');
const session = { expiresMs: clock.now() + 3_600_000, tokenSha256 };
const keys = new Map([
  known('AKIACLIENT', { secretAccessKey: CLIENT.secretAccessKey }),
  known('AKIAINACTIVE', { secretAccessKey: CLIENT.secretAccessKey, active: false }),
  known('AKIANOSECRET', {}),
  known('ASIACLIENT', { secretAccessKey: SESSION.secretAccessKey, session }),
]);
let lines: string[] = [];
beforeEach(() => {
  lines = [];
});

const admission = (options: Partial<AdmissionOptions> = {}) =>
  createAdmission({
    find: async (id) => keys.get(id),
    signatures: 'verify',
    clock,
    logger: createLogger('debug', { write: (line: string) => void lines.push(line) }),
    metrics: createMetrics(),
    ...options,
  });

function requestOf(method: string, url: string, headers: Readonly<Record<string, string>>): HttpRequest {
  const { pathname, search, searchParams, host } = new URL(url);
  const query = [...searchParams];
  return {
    method,
    rawPath: pathname,
    rawQuery: search.slice(1),
    query,
    headers: { host, ...headers },
    host,
    sourceIp: '',
  };
}

interface Made {
  readonly service?: string;
  readonly credentials?: typeof CLIENT | typeof SESSION;
  readonly body?: Buffer | { readonly sha256: string };
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

function signed({
  service = 's3',
  credentials = CLIENT,
  body = Buffer.alloc(0),
  headers = {},
  path = '/b/k%20y?x=1%2F2&y',
}: Made = {}) {
  const url = new URL(`http://localhost:4572${path}`);
  const method = 'PUT';
  const made = signRequest({
    method,
    url,
    headers,
    body,
    credentials,
    region: 'eu-west-1',
    service,
    nowMs: clock.now(),
  });
  return requestOf(method, made.url, made.headers);
}

/** What `admit` may ask for; a body is only read where its hash is needed. */
const bodyOf = (text: string | Buffer) => ({ upstreamHost: 'localhost:4572', bodySha256: async () => sha256Hex(text) });
const PENDING = { upstreamHost: 'localhost:4572', bodySha256: () => Promise.reject(new Error('not needed')) };
const resign = { credentials: () => OWN, ownHosts: ['localhost'] };

/** Whether the upstream, which knows only the gateway's credentials, takes what comes out. */
function upstreamTakes(
  http: HttpRequest,
  { headers, rawQuery }: Admitted,
  bodySha256: string | 'streamed',
  style: 's3' | 'query' = 's3',
) {
  const merged = Object.fromEntries(
    Object.entries({ ...http.headers, ...headers }).filter(([, v]) => v !== undefined),
  ) as Record<string, string>;
  const query = [...new URLSearchParams(rawQuery)];
  const sent = { ...http, headers: merged, query, rawQuery, host: merged.host! };
  const parsed = parseAuthorization(sent, style)!;
  expect(parsed.accessKeyId).toBe(OWN.accessKeyId);
  expect(parsed.sessionToken).toBe(OWN.sessionToken);
  verifySignature({
    request: sent,
    parsed,
    secretAccessKey: OWN.secretAccessKey,
    nowMs: clock.now(),
    body: bodySha256,
    style,
  });
  return { sent, parsed };
}

async function through(admitted: Admitted, parts: readonly Buffer[]): Promise<Buffer> {
  const out: Buffer[] = [];
  const body = Readable.from(parts)
    .on('error', () => {})
    .pipe(admitted.body!());
  for await (const part of body) out.push(part as Buffer);
  return Buffer.concat(out);
}

const cut = (bytes: Buffer, at: readonly number[]): Buffer[] => {
  const ends = [...at.map((a) => a % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end)).filter((part) => part.length > 0);
};

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'admitted',
    (error) => error.code ?? error,
  );

describe('who gets in', () => {
  test('a good signature: header, session, presigned, query service with its body', async () => {
    expect((await admission().admit(signed(), S3, PENDING)).known?.accessKeyId).toBe('AKIACLIENT');
    expect((await admission().admit(signed({ credentials: SESSION }), S3, PENDING)).known?.accessKeyId).toBe(
      'ASIACLIENT',
    );
    const url = new URL('http://localhost:4572/b/k');
    const presigned = presign({
      method: 'GET',
      url,
      credentials: SESSION,
      region: 'x-y-1',
      service: 's3',
      nowMs: clock.now(),
      expiresSeconds: 60,
    });
    expect((await admission().admit(requestOf('GET', presigned, {}), S3, PENDING)).known).toBeDefined();
    const body = Buffer.from('Action=GetCallerIdentity');
    const http = signed({ service: 'sts', body, path: '/', headers: { 'content-length': String(body.length) } });
    expect((await admission().admit(http, STS, bodyOf(body))).known).toBeDefined();
    expect(await refusal(admission().admit(http, STS, bodyOf('Action=DeleteUser')))).toBe('SignatureDoesNotMatch');
  });

  const credentials = (accessKeyId: string) => ({ ...CLIENT, accessKeyId });
  const cases: [string, AdmissionOptions['signatures'], HttpRequest, string][] = [
    [
      'a wrong secret',
      'verify',
      signed({ credentials: { ...CLIENT, secretAccessKey: 'guess' } }),
      'SignatureDoesNotMatch',
    ],
    ['a wrong secret, passed on', 'pass', signed({ credentials: { ...CLIENT, secretAccessKey: 'guess' } }), 'admitted'],
    ['an inactive key', 'verify', signed({ credentials: credentials('AKIAINACTIVE') }), 'InvalidAccessKeyId'],
    ['an unknown key', 'verify', signed({ credentials: credentials('AKIAWHO') }), 'admitted'],
    ['an unknown key', 'require', signed({ credentials: credentials('AKIAWHO') }), 'InvalidAccessKeyId'],
    ['a key without secret', 'verify', signed({ credentials: credentials('AKIANOSECRET') }), 'admitted'],
    ['a key without secret', 'require', signed({ credentials: credentials('AKIANOSECRET') }), 'InvalidAccessKeyId'],
    ['a wrong token', 'verify', signed({ credentials: { ...SESSION, sessionToken: 'other' } }), 'InvalidToken'],
    ['a token too many', 'verify', signed({ credentials: { ...SESSION, ...CLIENT } }), 'InvalidToken'],
    ['no signature', 'require', requestOf('GET', 'http://h/b/k', {}), 'admitted'],
    ['a bearer token', 'require', requestOf('GET', 'http://h/', { authorization: 'Bearer x' }), 'admitted'],
    [
      'a malformed signature',
      'verify',
      requestOf('GET', 'http://h/', { authorization: 'AWS4-HMAC-SHA256 x' }),
      'AuthorizationHeaderMalformed',
    ],
    [
      'a malformed signature, passed on',
      'pass',
      requestOf('GET', 'http://h/', { authorization: 'AWS4-HMAC-SHA256 x' }),
      'admitted',
    ],
    [
      'a header added on the way',
      'verify',
      { ...signed(), headers: { ...signed().headers, 'x-amz-acl': 'public-read' } },
      'AccessDenied',
    ],
  ];
  for (const [name, signatures, http, expected] of cases) {
    test(`${name} (${signatures}): ${expected}`, async () => {
      expect(await refusal(admission({ signatures }).admit(http, S3, PENDING))).toBe(expected);
      if (expected !== 'admitted') expect(lines.join('')).toMatch(`"code":"${expected}"`);
      expect(lines.join('')).not.toMatch(/secret|token"|Signature=/);
    });
  }

  test('a session past its end; a query service’s words', async () => {
    const expired = new Map([
      known('ASIACLIENT', {
        secretAccessKey: SESSION.secretAccessKey,
        session: { ...session, expiresMs: clock.now() },
      }),
    ]);
    const late = admission({ find: async (id) => expired.get(id) });
    expect(await refusal(late.admit(signed({ credentials: SESSION }), S3, PENDING))).toBe('ExpiredToken');
    const inactive = signed({ service: 'sts', path: '/', credentials: credentials('AKIAINACTIVE') });
    expect(await refusal(admission().admit(inactive, STS, PENDING))).toBe('InvalidClientTokenId');
  });
});

describe('bodies', () => {
  const data = Buffer.from('hello world '.repeat(1000));

  test('one that is not what was signed never passes whole', async () => {
    const http = signed({ body: data });
    const admitted = await admission().admit(http, S3, PENDING);
    expect(await through(admitted, cut(data, [5, 700]))).toEqual(data);
    const other = Buffer.from(data);
    other[3] = 0;
    const passed: Buffer[] = [];
    const guard = admitted.body!();
    guard.on('data', (part) => passed.push(part));
    const failed = new Promise<{ code?: string }>((fulfil) => guard.on('error', fulfil));
    Readable.from(cut(other, [5, 700])).pipe(guard);
    expect((await failed).code).toBe('XAmzContentSHA256Mismatch');
    expect(Buffer.concat(passed).length).toBeLessThan(data.length);
  });

  for (const trailer of [undefined, ['x-amz-checksum-crc32', 'AAAAAA=='] as const]) {
    const declared = `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${trailer ? '-TRAILER' : ''}`;
    const request = () =>
      signed({
        body: { sha256: declared },
        headers: {
          'content-encoding': 'aws-chunked',
          'x-amz-decoded-content-length': String(data.length),
          ...(trailer && { 'x-amz-trailer': trailer[0] }),
        },
      });

    test(`${declared}: signed anew chunk by chunk, as long as before`, async () => {
      const http = request();
      const body = chunked(http, data, trailer);
      const admitted = await admission({ resign }).admit(http, S3, PENDING);
      const { sent } = upstreamTakes(http, admitted, 'streamed');
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(), { maxLength: 50 }), async (at) => {
          const out = await through(admitted, cut(body, at));
          expect(out.length).toBe(body.length);
          const upstream = admission({
            find: async () => known(OWN.accessKeyId, { secretAccessKey: OWN.secretAccessKey, source: 'file' })[1],
          });
          expect(await through(await upstream.admit(sent, S3, PENDING), [out])).toEqual(out);
        }),
        { numRuns: 50 },
      );
      expect(await through(admitted, cut(body, Array.from(body.keys())))).toHaveLength(body.length);
    });

    test(`${declared}: a chunk that was changed is refused`, async () => {
      const http = request();
      const body = chunked(http, data, trailer);
      body[body.indexOf('world')]! ^= 1;
      for (const options of [{}, { resign }]) {
        const admitted = await admission(options).admit(http, S3, PENDING);
        expect(await refusal(through(admitted, cut(body, [100, 3000, 9000])))).toBe('SignatureDoesNotMatch');
        expect(await refusal(through(admitted, [body.subarray(0, 5000)]))).toMatch(
          /IncompleteBody|SignatureDoesNotMatch/,
        );
      }
    });
  }
});

describe('signing anew', () => {
  test('header signatures of every kind of body', async () => {
    const bodies: [string, { sha256: string } | Buffer][] = [
      ['nothing', Buffer.alloc(0)],
      ['a hash', Buffer.from('x')],
      ['UNSIGNED-PAYLOAD', { sha256: 'UNSIGNED-PAYLOAD' }],
      ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { sha256: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }],
    ];
    for (const [, body] of bodies) {
      const http = signed({
        body,
        credentials: SESSION,
        headers: { 'content-type': 'text/plain', 'x-amz-meta-a': 'b  c' },
      });
      const admitted = await admission({ resign }).admit(http, S3, PENDING);
      expect(admitted.resigned).toBe(true);
      const { sent } = upstreamTakes(http, admitted, 'streamed');
      expect(sent.headers['x-amz-content-sha256']).toBe(http.headers['x-amz-content-sha256']);
    }
  });

  test('a presigned request is signed in its header; its other parameters keep their spelling', async () => {
    const url = new URL('http://localhost/b/k?response-content-type=a%2Fb&versionId=1');
    const presigned = presign({
      method: 'GET',
      url,
      credentials: SESSION,
      region: 'eu-west-1',
      service: 's3',
      nowMs: clock.now(),
      expiresSeconds: 60,
    });
    const http = requestOf('GET', presigned, {});
    const admitted = await admission({ resign }).admit(http, S3, { ...PENDING, upstreamHost: 'minio:9000' });
    expect(admitted.rawQuery).toBe('response-content-type=a%2Fb&versionId=1');
    const { sent, parsed } = upstreamTakes(http, admitted, 'streamed');
    expect([parsed.kind, parsed.payload.kind, sent.headers.host]).toEqual(['header', 'unsigned', 'minio:9000']);
  });

  test('a query service, by the hash of the body that came', async () => {
    const body = Buffer.from('Action=GetCallerIdentity');
    const http = signed({
      service: 'sts',
      path: '/',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) },
    });
    const admitted = await admission({ resign }).admit(http, STS, bodyOf(body));
    upstreamTakes(http, admitted, sha256Hex(body), 'query');
    expect(admitted.headers).not.toHaveProperty('x-amz-content-sha256');
  });

  test('what was not verified is never signed', async () => {
    const strangers = [
      signed({ credentials: { ...CLIENT, accessKeyId: 'AKIANOSECRET' } }),
      signed({ credentials: { ...CLIENT, accessKeyId: 'AKIAWHO' } }),
      requestOf('GET', 'http://h/b/k', {}),
    ];
    for (const http of strangers) {
      const admitted = await admission({ resign }).admit(http, S3, PENDING);
      expect(admitted).toMatchObject({ resigned: false, headers: {}, rawQuery: http.rawQuery });
    }
  });
});

/** The body as a signing client sends it. */
function chunked(http: HttpRequest, data: Buffer, trailer: readonly [string, string] | undefined): Buffer {
  const timestamp = amzDate(clock.now());
  const scope = { date: timestamp.slice(0, 8), region: 'eu-west-1', service: 's3' };
  const key = signingKey(CLIENT.secretAccessKey, scope);
  let previous = /Signature=([0-9a-f]{64})/.exec(http.headers.authorization!)![1]!;
  const sign = (kind: string, ...hashes: string[]) => {
    const head = [`AWS4-HMAC-SHA256-${kind}`, timestamp, `${scope.date}/eu-west-1/s3/aws4_request`, previous];
    previous = hmac(key, [...head, ...hashes].join('\n')).toString('hex');
    return previous;
  };
  const pieces = [data.subarray(0, 5000), data.subarray(5000, 9000), data.subarray(9000), Buffer.alloc(0)];
  const chunks = pieces.flatMap((piece) => {
    const line = `${piece.length.toString(16)};chunk-signature=${sign('PAYLOAD', EMPTY_SHA256, sha256Hex(piece))}\r\n`;
    return [Buffer.from(line), piece, ...(piece.length > 0 ? [Buffer.from('\r\n')] : [])];
  });
  const end = trailer
    ? `${trailer.join(':')}\r\nx-amz-trailer-signature:${sign('TRAILER', sha256Hex(`${trailer.join(':')}\n`))}\r\n\r\n`
    : '\r\n';
  return Buffer.concat([...chunks, Buffer.from(end)]);
}

test('the host that an upstream sees', () => {
  const own = ['localhost', 's3.localhost', 'gateway.example'];
  const cases: [string, string, string][] = [
    ['127.0.0.1:4572', 'minio:9000', 'minio:9000'],
    ['[::1]:4572', 's3.example', 's3.example'],
    ['gateway', 's3.example', 's3.example'],
    ['gateway.example:4572', 's3.example', 's3.example'],
    ['a.bucket.gateway.example:4572', 's3.example', 'a.bucket.s3.example'],
    ['bucket.s3.localhost:4572', 'localhost:9000', 'bucket.localhost:9000'],
    ['bucket.localhost:4572', '127.0.0.1:9000', 'bucket.localhost:4572'],
    ['sts.us-east-1.amazonaws.com', 'sts.us-east-1.amazonaws.com', 'sts.us-east-1.amazonaws.com'],
    ['bucket.s3.amazonaws.com', '10.0.0.1:9000', 'bucket.s3.amazonaws.com'],
  ];
  for (const [client, upstream, expected] of cases) expect(hostAtUpstream(client, upstream, own)).toBe(expected);
});
