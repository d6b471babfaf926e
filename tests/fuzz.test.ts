import { createHash, createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { makeTrail } from './support/trail.ts';

/**
 * Ten thousand mutated real requests: the answer is always the service's own kind of error (or success, where the
 * change did no harm), never a 5xx, a hang or a crash. Mutations are made before signing, so that they reach the
 * decoders and handlers, and after it, so that they meet the front door.
 */
const COUNT = Number(process.env.OPENTRAIL_FUZZ_REQUESTS ?? 10_000);
const SEED = Number(process.env.OPENTRAIL_FUZZ_SEED ?? Date.now() % 1_000_000);
const ANSWER_MS_MAX = 20_000;
const LANES = 8;

afterAll(cleanUp);

interface Sample {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const ARN = 'arn:aws:cloudtrail:us-east-1:123456789012:trail/main';
const ct = (operation: string, input: unknown): Sample => ({
  service: 'cloudtrail',
  method: 'POST',
  path: '/',
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `CloudTrail_20131101.${operation}` },
  body: JSON.stringify(input),
});
const s3 = (method: string, path: string, body = '', headers: Record<string, string> = {}): Sample => ({
  service: 's3',
  method,
  path,
  headers,
  body,
});

/** One of each kind of request that real clients send, as they send it. */
const CORPUS: readonly Sample[] = [
  ct('CreateTrail', {
    Name: 'other',
    S3BucketName: 'fuzz',
    TagsList: [{ Key: 'a', Value: 'b' }],
    IsMultiRegionTrail: true,
  }),
  ct('UpdateTrail', { Name: ARN, S3KeyPrefix: 'p', EnableLogFileValidation: true }),
  ct('DescribeTrails', { trailNameList: ['main', ARN], includeShadowTrails: true }),
  ct('GetTrailStatus', { Name: 'main' }),
  ct('ListTrails', { NextToken: 'x' }),
  ct('PutEventSelectors', {
    TrailName: 'main',
    EventSelectors: [
      {
        ReadWriteType: 'All',
        IncludeManagementEvents: true,
        DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::fuzz/'] }],
      },
    ],
  }),
  ct('PutEventSelectors', {
    TrailName: 'main',
    AdvancedEventSelectors: [
      {
        Name: 'n',
        FieldSelectors: [
          { Field: 'eventCategory', Equals: ['Data'] },
          { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
          { Field: 'eventName', StartsWith: ['Get'], NotEquals: ['GetObjectAcl'] },
        ],
      },
    ],
  }),
  ct('GetEventSelectors', { TrailName: ARN }),
  ct('AddTags', { ResourceId: ARN, TagsList: [{ Key: 'k', Value: 'v' }] }),
  ct('RemoveTags', { ResourceId: ARN, TagsList: [{ Key: 'k' }] }),
  ct('ListTags', { ResourceIdList: [ARN] }),
  ct('LookupEvents', {
    LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'CreateTrail' }],
    StartTime: 1_750_000_000,
    EndTime: 1_990_000_000,
    MaxResults: 10,
  }),
  ct('ListPublicKeys', { StartTime: 1_750_000_000, EndTime: 1_990_000_000 }),
  ct('CreateEventDataStore', { Name: 'store' }),
  {
    service: 'sts',
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  },
  s3('PUT', '/fuzz/a%20key/b.txt', 'hello', {
    'x-amz-meta-name': 'v',
    'content-type': 'text/plain',
    'x-amz-checksum-crc32': 'NhCmhg==',
  }),
  s3('GET', '/fuzz/a%20key/b.txt', '', { range: 'bytes=0-3' }),
  s3('HEAD', '/fuzz/a%20key/b.txt'),
  s3('PUT', '/fuzz/copy', '', { 'x-amz-copy-source': '/fuzz/a%20key/b.txt' }),
  s3('GET', '/fuzz?list-type=2&prefix=a&delimiter=%2F&max-keys=10&encoding-type=url'),
  s3('GET', '/fuzz?versions&key-marker=a'),
  s3(
    'POST',
    '/fuzz?delete',
    '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>gone</Key></Object><Quiet>true</Quiet></Delete>',
    { 'content-md5': 'x' },
  ),
  s3('POST', '/fuzz/big?uploads'),
  s3('PUT', '/fuzz/big?partNumber=1&uploadId=abc', 'part'),
  s3(
    'PUT',
    '/fuzz?policy',
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::fuzz/*' }],
    }),
  ),
  s3('PUT', '/fuzz?tagging', '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'),
  s3(
    'PUT',
    '/fuzz?lifecycle',
    '<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix>x</Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>',
  ),
  s3('PUT', '/fuzz?versioning', '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'),
  s3(
    'PUT',
    '/new-bucket-name',
    '<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>',
  ),
  {
    service: 'opentrail',
    method: 'POST',
    path: '/opentrail/v1/records?deduplicate=true',
    headers: { 'content-type': 'application/x-ndjson' },
    body: '{"eventVersion":"1.08","eventTime":"2026-01-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1","eventID":"x","userIdentity":{"type":"Root"}}\n',
  },
  {
    service: 'opentrail',
    method: 'POST',
    path: '/opentrail/v1/accounts',
    headers: { 'content-type': 'application/json' },
    body: '{"AccountId":"12"}',
  },
  {
    service: 'opentrail',
    method: 'GET',
    path: '/opentrail/v1/tail?last=5&follow=false&eventName=x',
    headers: {},
    body: '',
  },
];

type Next = () => number;
function random(seed: number): Next {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
const pick = <T>(next: Next, from: readonly T[]): T => from[Math.floor(next() * from.length)]!;

const NASTY = [
  '',
  '\0',
  '../..',
  '%2e%2e%2f',
  '%',
  '%zz',
  '%ff%fe',
  "' OR 1=1",
  '\ud800',
  '𐍈'.repeat(300),
  'a'.repeat(5000),
  '-1',
  '1e999',
  'null',
  '__proto__',
  '{}',
  '[]',
  '<x>',
  '&amp;&x;',
  'arn:aws:cloudtrail:::',
  '%{x}',
];
const NASTY_JSON: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  'a'.repeat(3000),
  [],
  {},
  [[[[]]]],
  { __proto__: 1 },
  ...NASTY,
];
const NASTY_TEXT = [
  '{"a":1,"a":2}',
  '{"__proto__":{"x":1}}',
  `${'['.repeat(20_000)}`,
  `{"Name":${'{"a":'.repeat(5000)}`,
  '\ufeff{}',
  '{"Name":"\\ud800"}',
  '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
  `<a>${'<a>'.repeat(10_000)}`,
  '<a b="',
  'Action=%',
  'Action=GetCallerIdentity&Action=X&Version=',
];

function mutateJson(value: unknown, next: Next): unknown {
  if (next() < 0.25) return pick(next, NASTY_JSON);
  if (Array.isArray(value))
    return next() < 0.2
      ? [...value, ...value, pick(next, NASTY_JSON)]
      : value.map((v) => (next() < 0.5 ? mutateJson(v, next) : v));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(
      ([k, v]) => [next() < 0.1 ? pick(next, NASTY) : k, next() < 0.5 ? mutateJson(v, next) : v] as const,
    );
    return Object.fromEntries(next() < 0.2 ? entries.slice(1) : entries);
  }
  return next() < 0.5 ? pick(next, NASTY_JSON) : value;
}

function mutateText(text: string, next: Next): string {
  if (text === '' || next() < 0.05) return pick(next, NASTY_TEXT);
  const at = Math.floor(next() * text.length);
  const length = Math.floor(next() * 6);
  const insert = pick(next, [
    '',
    String.fromCharCode(32 + Math.floor(next() * 95)),
    pick(next, NASTY),
    text.slice(0, 20),
  ]);
  return text.slice(0, at) + insert + text.slice(at + length);
}

function mutateBody(body: string, next: Next): string {
  if (body.startsWith('{') && next() < 0.7) {
    try {
      return JSON.stringify(mutateJson(JSON.parse(body), next)) ?? '';
    } catch {
      // NDJSON of more than one line: mutated as text.
    }
  }
  return mutateText(body, next);
}

const HEADER_NAMES = [
  'content-type',
  'x-amz-target',
  'range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'x-amz-acl',
  'x-amz-copy-source',
  'x-amz-tagging',
  'content-md5',
  'x-amz-checksum-sha256',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-server-side-encryption',
  'x-amz-meta-é',
  'smithy-protocol',
  'x-amz-decoded-content-length',
  'content-encoding',
  'expect',
];

function mutate(sample: Sample, next: Next): Sample {
  const roll = next();
  if (roll < 0.55) return { ...sample, body: mutateBody(sample.body, next) };
  if (roll < 0.75) return { ...sample, path: `/${mutateText(sample.path.slice(1), next)}` };
  if (roll < 0.8)
    return { ...sample, method: pick(next, ['GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS']) };
  if (roll < 0.85) return { ...pick(next, CORPUS), body: sample.body };
  return {
    ...sample,
    headers: {
      ...sample.headers,
      [pick(next, HEADER_NAMES)]: mutateText(pick(next, [...Object.values(sample.headers), 'bytes=0-']), next),
    },
  };
}

/** Only what HTTP can carry: the rest is what a client library would refuse to send. */
const sendablePath = (path: string) =>
  path.replace(/[^\x21-\x7e]/g, (c) => encodeURIComponent(Buffer.from(c).toString())).replace(/#/g, '%23');
const sendableValue = (value: string) =>
  value
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 4000)
    .trim();
const isName = (name: string) => /^[a-z0-9-]+$/.test(name);

const hash = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const decode = (text: string) => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};

interface Signed {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

function sign(server: RunningOpenTrail, sample: Sample): Signed {
  const body = Buffer.from(sample.body);
  const path = sendablePath(sample.path);
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const own = Object.entries(sample.headers)
    .filter(([name]) => isName(name))
    .map(([name, value]) => [name, sendableValue(value)]);
  const headers: Record<string, string> = {
    ...Object.fromEntries(own),
    host: new URL(server.endpoint).host,
    'x-amz-date': stamp,
    'x-amz-content-sha256': hash(body),
  };
  const names = Object.keys(headers).sort();
  const [rawPath, rawQuery = ''] = path.split(/\?(.*)/s);
  const query = rawQuery
    .split('&')
    .filter((p) => p !== '')
    .map((p) =>
      p
        .split(/=(.*)/s)
        .slice(0, 2)
        .map((x) => encode(decode(x)))
        .concat('')
        .slice(0, 2)
        .join('='),
    )
    .sort()
    .join('&');
  const uri =
    sample.service === 's3'
      ? rawPath!
          .split('/')
          .map((p) => encode(decode(p.replaceAll('+', '%2B'))))
          .join('/')
      : rawPath!.split('/').map(encode).join('/');
  const canonical = [
    sample.method,
    uri,
    query,
    ...names.map((n) => `${n}:${headers[n]!.replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    hash(body),
  ].join('\n');
  const scope = `${stamp.slice(0, 8)}/us-east-1/${sample.service}/aws4_request`;
  const key = ['us-east-1', sample.service, 'aws4_request'].reduce(
    (k: Buffer, part) => hmac(k, part),
    hmac(`AWS4${server.secretAccessKey}`, stamp.slice(0, 8)),
  );
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${hash(canonical)}`).toString('hex');
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${server.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { method: sample.method, path, headers, body };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: LANES });

function send(server: RunningOpenTrail, signed: Signed): Promise<Answer> {
  return new Promise((fulfil, reject) => {
    const { hostname, port } = new URL(server.endpoint);
    const req = request({
      hostname,
      port,
      method: signed.method,
      path: signed.path,
      headers: { ...signed.headers, 'content-length': signed.body.length },
      agent,
      timeout: ANSWER_MS_MAX,
    });
    req.once('response', (res) => {
      let body = '';
      res.setEncoding('latin1').on('data', (text) => {
        body += text;
      });
      res.once('end', () => fulfil({ status: res.statusCode!, headers: res.headers, body }));
      res.once('error', reject);
    });
    req.once('timeout', () => req.destroy(new Error(`no answer within ${ANSWER_MS_MAX} ms`)));
    req.once('error', reject);
    req.end(signed.body);
  });
}

/** Bytes on a socket, one or several flipped: what arrives may not even be HTTP. */
function sendRaw(server: RunningOpenTrail, bytes: Buffer): Promise<Answer> {
  return new Promise((fulfil, reject) => {
    const { hostname, port } = new URL(server.endpoint);
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    let text = '';
    socket
      .setEncoding('latin1')
      .setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error(`no answer within ${ANSWER_MS_MAX} ms`)));
    socket.on('data', (part) => {
      text += part;
    });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE'
        ? fulfil({ status: 0, headers: {}, body: text })
        : reject(error),
    );
    socket.once('close', () =>
      fulfil({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), headers: {}, body: text }),
    );
  });
}

function rawBytes(signed: Signed, next: Next): Buffer {
  const headers = Object.entries({
    ...signed.headers,
    'content-length': String(signed.body.length),
    connection: 'close',
  });
  const head = `${signed.method} ${signed.path} HTTP/1.1\r\n${headers.map(([n, v]) => `${n}: ${v}`).join('\r\n')}\r\n\r\n`;
  const bytes = Buffer.concat([Buffer.from(head), signed.body]);
  for (let flips = 1 + Math.floor(next() * 3); flips > 0; flips--)
    bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
  return bytes;
}

/** Whether an error looks as the service's own: a code in its protocol's place, and a request id. */
function isShaped({ status, headers, body }: Answer, method: string): boolean {
  if (status < 400 || method === 'HEAD') return true;
  if (/<Code>[A-Za-z.]+<\/Code>/.test(body)) return true;
  return /"__type":"[A-Za-z.#]+"/.test(body) || typeof headers['x-amzn-errortype'] === 'string';
}

test(`${COUNT} mutated requests get an answer of the service's own kind (seed ${SEED})`, {
  timeout: 60_000 + COUNT * 60,
}, async () => {
  const server = await startOpenTrail({ flags: { 'log-level': 'error' } });
  await makeTrail(server, { Name: 'main', S3BucketName: 'fuzz' });
  for (const sample of CORPUS) {
    const answer = await send(server, sign(server, sample));
    expect(answer.body, `${sample.method} ${sample.path} ${sample.body.slice(0, 80)}`).not.toMatch(
      /Signature|InternalFailure|InternalError/,
    );
  }
  const next = random(SEED);
  const statuses = new Map<number, number>();
  const wrong: string[] = [];
  let left = COUNT;
  const lane = async () => {
    while (left-- > 0 && wrong.length < 10) {
      const sample = mutate(pick(next, CORPUS), next);
      const twice = next() < 0.3 ? mutate(sample, next) : sample;
      const signed = sign(server, twice);
      const raw = next() < 0.15 ? rawBytes(signed, next) : undefined;
      const answer = await (raw ? sendRaw(server, raw) : send(server, signed)).catch((error) => ({
        status: 599,
        headers: {},
        body: String(error),
      }));
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const overloaded = answer.status === 501 && answer.body.includes('NotImplemented'); // S3's own word for what it lacks
      const bad = (answer.status >= 500 && !overloaded) || !isShaped(answer, signed.method);
      if (bad)
        wrong.push(
          `${signed.method} ${signed.path.slice(0, 200)} ${JSON.stringify(twice.headers).slice(0, 300)} ${raw?.toString('latin1').slice(0, 600) ?? twice.body.slice(0, 300)}\n→ ${answer.status} ${answer.body.slice(0, 300)}`,
        );
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(wrong.join('\n\n')).toBe('');
  expect((await fetch(`${server.endpoint}/readyz`)).status).toBe(200);
  // The mutations are worth something only if many of them got past the signature check.
  expect([...statuses].filter(([s]) => s >= 200 && s < 300).reduce((n, [, c]) => n + c, 0)).toBeGreaterThan(COUNT / 20);
  expect(await server.stop(), server.log()).toBe(0);
  expect(server.log()).not.toContain(server.secretAccessKey);
});
