import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { OperatorError, Pushback } from '../../base/errors.ts';
import { ObjectsError, type ObjectToPut, type ServiceCaller } from '../../ports/objects.ts';
import { outsideKeys } from './keys.ts';
import { type OutsideObjects, openOutsideObjects } from './outside-objects.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const CALLER: ServiceCaller = {
  service: 'cloudtrail.amazonaws.com',
  sourceArn: 'arn:aws:cloudtrail:us-east-1:123456789012:trail/main',
  sourceAccount: '123456789012',
};
const BODY = Buffer.from('gzipped');
const OBJECT: ObjectToPut = {
  bucket: 'logs',
  key: 'AWSLogs/123456789012/CloudTrail/a b.json.gz',
  body: BODY,
  contentType: 'application/json',
  contentEncoding: 'gzip',
  acl: 'bucket-owner-full-control',
};
const SECRET = 'a-secret-that-nobody-may-see';
const xmlError = (code: string, more = '') =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>so it is</Message>${more}</Error>`;

type Reply = (res: ServerResponse, seen: Seen) => void;
const says =
  (status: number, body = '', headers: Record<string, string> = {}): Reply =>
  (res) =>
    res.writeHead(status, headers).end(body);

let server: Server;
let objects: OutsideObjects;
let clock: FakeClock;
let seen: Seen[];
/** What the store answers, one after another, and then 200. */
let replies: Reply[];

beforeEach(async () => {
  [seen, replies, clock] = [[], [], new FakeClock()];
  server = createServer(async (req, res) => {
    const parts: Buffer[] = [];
    for await (const part of req) parts.push(part as Buffer);
    const request = { method: req.method!, url: req.url!, headers: req.headers, body: Buffer.concat(parts) };
    seen.push(request);
    (replies.shift() ?? says(200))(res, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  objects = opened();
});
afterEach(async () => {
  objects.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const opened = (port = (server.address() as AddressInfo).port) =>
  openOutsideObjects({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    addressing: 'path',
    credentials: () => ({ accessKeyId: 'AKIAOUTSIDE', secretAccessKey: SECRET, sessionToken: 'a-token' }),
    clock,
  });

const failure = async (outcome: Promise<unknown>): Promise<Error> => {
  const error = await outcome.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof Error)) throw new Error('it should have failed');
  expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toMatch(/a-secret|a-token/);
  return error;
};

describe('a put', () => {
  test('says what delivery wants, signed, with checksums', async () => {
    await objects.put(CALLER, { ...OBJECT, metadata: { signature: 'abc' } });
    expect(seen).toMatchObject([
      {
        method: 'PUT',
        url: '/logs/AWSLogs/123456789012/CloudTrail/a%20b.json.gz',
        body: BODY,
        headers: {
          'content-length': String(BODY.length),
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          'content-md5': createHash('md5').update(BODY).digest('base64'),
          'x-amz-acl': 'bucket-owner-full-control',
          'x-amz-content-sha256': createHash('sha256').update(BODY).digest('hex'),
          'x-amz-meta-signature': 'abc',
          'x-amz-security-token': 'a-token',
          authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=AKIAOUTSIDE\/20260101\/us-east-1\/s3\//),
        },
      },
    ]);
    const [{ headers }] = seen as [Seen];
    expect(Object.keys(headers).filter((name) => name.includes('encryption'))).toEqual([]);
    const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization!)![1]!.split(';');
    expect(
      Object.keys(headers)
        .filter((name) => !signed.includes(name))
        .sort(),
    ).toEqual(['authorization', 'connection', 'user-agent']);
  });

  test('asks for the key of the trail; the ARN of the object is for the store to add', async () => {
    const kmsContext = { 'aws:cloudtrail:arn': CALLER.sourceArn, 'aws:s3:arn': 'arn:aws:s3:::logs/x' };
    await objects.put(CALLER, { ...OBJECT, kmsKeyId: 'arn:aws:kms:us-east-1:1:key/1', kmsContext });
    const { headers } = seen[0]!;
    expect(headers).toMatchObject({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:us-east-1:1:key/1',
    });
    const context = Buffer.from(headers['x-amz-server-side-encryption-context'] as string, 'base64').toString();
    expect(JSON.parse(context)).toEqual({ 'aws:cloudtrail:arn': CALLER.sourceArn });
  });

  test('of an empty marker is one too', async () => {
    await objects.put(CALLER, { ...OBJECT, key: 'AWSLogs/1/CloudTrail/', body: Buffer.alloc(0) });
    expect(seen).toMatchObject([{ url: '/logs/AWSLogs/1/CloudTrail/', headers: { 'content-length': '0' } }]);
  });

  test('goes out once more when a kept connection has just been closed, and only then', async () => {
    const cut: Reply = (res) => res.socket!.destroy();
    replies.push(says(200), cut);
    await objects.put(CALLER, OBJECT);
    await objects.put(CALLER, OBJECT);
    expect(seen).toHaveLength(3);
    expect(seen[2]!.body).toEqual(BODY);
    replies.push(cut, cut);
    expect(await failure(objects.put(CALLER, OBJECT))).toBeInstanceOf(Pushback);
    expect(seen).toHaveLength(5);
  });

  test('that would lead out of the bucket is not sent', async () => {
    const error = await failure(objects.put(CALLER, { ...OBJECT, key: '../others/AWSLogs/1/x' }));
    expect(error).toMatchObject({ name: 'ObjectsError', code: 'InvalidURI' });
    expect(seen).toEqual([]);
  });
});

test('the ACL of the bucket is asked for; a key is left to the put that follows', async () => {
  await objects.checkBucketAcl(CALLER, 'logs');
  expect(await objects.checkKey(CALLER, 'logs', 'arn:aws:kms:us-east-1:1:alias/a', {})).toBe(
    'arn:aws:kms:us-east-1:1:alias/a',
  );
  expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /logs?acl=']);
});

describe('what the store answers', () => {
  test.each([
    [404, xmlError('NoSuchBucket'), 'NoSuchBucket'],
    [403, xmlError('AccessDenied'), 'AccessDenied'],
    [403, xmlError('InvalidAccessKeyId', '<AWSAccessKeyId>AKIA</AWSAccessKeyId>'), 'InvalidAccessKeyId'],
    [400, xmlError('KMS.DisabledException'), 'KMS.DisabledException'],
    [503, xmlError('SlowDown'), 'SlowDown'],
    [500, xmlError('InternalError'), 'InternalError'],
    [403, '', 'AccessDenied'],
    [503, 'gone fishing', 'ServiceUnavailable'],
    [501, xmlError('NotImplemented'), 'NotImplemented'],
    [301, xmlError('PermanentRedirect'), 'PermanentRedirect'],
  ])('%i %s is told by its code', async (status, body, code) => {
    replies.push(says(status, body));
    const error = await failure(objects.put(CALLER, OBJECT));
    expect(error).toBeInstanceOf(ObjectsError);
    expect(error).toMatchObject({ code });
    expect(seen).toHaveLength(1);
  });

  test.each([502, 504])('%i is a proxy, not the store', async (status) => {
    replies.push(says(status, '<html>'));
    expect(await failure(objects.put(CALLER, OBJECT))).toBeInstanceOf(Pushback);
  });

  test('of a bucket elsewhere sends it there, from then on', async () => {
    replies.push(says(400, xmlError('AuthorizationHeaderMalformed', '<Region>eu-west-1</Region>')));
    await objects.put(CALLER, OBJECT);
    await objects.put(CALLER, OBJECT);
    const regions = seen.map(({ headers }) => headers.authorization!.split('/')[2]);
    expect(regions).toEqual(['us-east-1', 'eu-west-1', 'eu-west-1']);
    replies.push(...[1, 2, 3].map(() => says(301, '', { 'x-amz-bucket-region': 'us-west-2' })));
    expect(await failure(objects.put(CALLER, OBJECT))).toMatchObject({ code: 'MovedPermanently' }); // no circles
    expect(seen).toHaveLength(5);
  });

  test('without end is broken off', async () => {
    replies.push((res) => {
      res.writeHead(200);
      const flood = () => {
        while (!res.destroyed && res.write(Buffer.alloc(65_536)));
      };
      res.on('drain', flood);
      flood();
    });
    expect(await failure(objects.checkBucketAcl(CALLER, 'logs'))).toBeInstanceOf(Pushback);
  });
});

describe('a store that does not answer', () => {
  test.each<[string, Reply]>([
    ['says nothing', () => {}],
    ['stops in the middle', (res) => void res.writeHead(200, { 'content-length': '10' }).write('half')],
  ])('and %s is given up after a while', async (_, reply) => {
    const started = new Promise<void>((resolve) => {
      replies.push((res, request) => {
        reply(res, request);
        resolve();
      });
    });
    const outcome = failure(objects.put(CALLER, OBJECT));
    await started;
    await clock.advance(55_000);
    expect(await outcome).toMatchObject({ name: 'Pushback', message: expect.stringContaining('within 55 s') });
  });

  test('since nobody listens', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const error = await failure(opened(port).put(CALLER, OBJECT));
    expect(error).toMatchObject({ name: 'Pushback', message: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('keys for the store', () => {
  const env = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'secret' };

  test('of the environment', () => {
    expect(outsideKeys(undefined, env)()).toEqual({ accessKeyId: 'AKIAENV', secretAccessKey: 'secret' });
    expect(() => outsideKeys(undefined, {})).toThrow(OperatorError);
  });

  test('of a profile are read at each request; one that is gone fails what is asked for', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'opentrail-keys-'));
    const AWS_SHARED_CREDENTIALS_FILE = join(dir, 'credentials');
    const write = (profile: string, id: string) =>
      writeFileSync(
        AWS_SHARED_CREDENTIALS_FILE,
        `[${profile}]\naws_access_key_id = ${id}\naws_secret_access_key = s\n`,
      );
    const open = () => outsideKeys('store', { ...env, AWS_SHARED_CREDENTIALS_FILE });
    try {
      expect(open).toThrow(/no profile \[store\]/);
      write('store', 'AKIA1');
      const keys = open();
      expect(keys().accessKeyId).toBe('AKIA1');
      write('store', 'AKIA2');
      expect(keys().accessKeyId).toBe('AKIA2');
      write('other', 'AKIA3');
      const { port } = server.address() as AddressInfo;
      const place = { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', addressing: 'path' as const };
      const error = await failure(openOutsideObjects({ ...place, credentials: keys, clock }).put(CALLER, OBJECT));
      expect(error).toMatchObject({ name: 'Pushback', message: expect.stringContaining('keys cannot be read') });
      expect((error.cause as Error).message).toContain('no profile [store]');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
