import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { CloudTrailClient, CreateTrailCommand, ListTrailsCommand } from '@aws-sdk/client-cloudtrail';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AwsError } from '../base/errors.ts';
import { type BodyFacts, bodyFacts, plainBody, verifiedBody } from './body.ts';
import { checksumOf } from './checksum.ts';
import { readRequest } from './request.ts';
import type { AuthStyle } from './sigv4/errors.ts';
import { parseAuthorization, signRequest, verifySignature } from './sigv4/index.ts';

const credentials = { accessKeyId: 'AKIAEXAMPLE234567', secretAccessKey: 'secret/with+characters' };
const region = 'eu-central-1';
const STYLES: Readonly<Record<string, AuthStyle>> = { s3: 's3', sts: 'query', iam: 'query', lambda: 'rest-json' };

/** What the server made of the last request. */
let seen: {
  body?: Buffer;
  facts?: BodyFacts | undefined;
  error?: unknown;
  service?: string | undefined;
  kind?: string | undefined;
};
let server: Server;
let endpoint: string;

/** A server that does what the pipeline does with a signature and a body. PUTs are streamed. */
async function take(req: IncomingMessage): Promise<void> {
  const x = readRequest(req);
  const authorization = parseAuthorization(x);
  const style = STYLES[authorization?.service ?? 's3'] ?? 'json';
  seen.service = authorization?.service;
  seen.kind = authorization?.kind;
  const secret = authorization && credentials.secretAccessKey;
  const verify = (body: string) => {
    if (!authorization) return;
    verifySignature({ request: x, parsed: authorization, secretAccessKey: secret!, nowMs: Date.now(), body, style });
  };
  if (req.method === 'PUT') {
    verify('streamed');
    const stream = verifiedBody(req, { x, authorization, secret, style });
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    seen.body = Buffer.concat(parts);
    seen.facts = bodyFacts(stream);
    return;
  }
  seen.body = await plainBody(req, { x, authorization, secret, style, sizeBytesMax: 100_000, verify });
}

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    await take(req);
    const isS3 = seen.service === 's3' || seen.service === undefined;
    res.writeHead(200, { 'content-type': isS3 || seen.service === 'sts' ? 'text/xml' : 'application/json' });
    if (seen.service === 'sts' || seen.service === 'iam') res.end(`<R><GetCallerIdentityResult/></R>`);
    else res.end(isS3 ? '' : '{}');
  } catch (error) {
    seen.error = error;
    res.statusCode = error instanceof AwsError ? error.status : 500;
    res.setHeader('connection', 'close');
    res.end(error instanceof AwsError ? error.code : String(error));
    req.unpipe();
    req.resume();
  }
}

beforeAll(async () => {
  server = createServer((req, res) => void answer(req, res));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.closeAllConnections());
beforeEach(() => {
  seen = {};
});

const common = () => ({ endpoint, region, credentials, maxAttempts: 1 });
const s3 = () => new S3Client({ ...common(), forcePathStyle: true });

describe('the SDK for JavaScript', () => {
  it('is understood for JSON, query and REST JSON services', async () => {
    const trails = new CloudTrailClient(common());
    await trails.send(new ListTrailsCommand({}));
    expect(seen).toMatchObject({ service: 'cloudtrail', body: Buffer.from('{}') });
    await trails.send(new CreateTrailCommand({ Name: 'ünï', S3BucketName: 'b' }));
    expect(seen.body!.toString()).toContain('ünï');
    await new STSClient(common()).send(new GetCallerIdentityCommand({}));
    expect(seen).toMatchObject({ service: 'sts' });
    const lambda = new LambdaClient(common());
    const arn = 'arn:aws:lambda:eu-central-1:123456789012:function:f';
    await lambda.send(new InvokeCommand({ FunctionName: arn, Payload: Buffer.from('{"a":1}'), Qualifier: '$LATEST' }));
    expect(seen).toMatchObject({ service: 'lambda', body: Buffer.from('{"a":1}') });
    expect(seen.error).toBeUndefined();
  });

  it('is understood with a session token', async () => {
    const session = { ...credentials, sessionToken: 'IQoJb3JpZ2lu//////////wEaDGV1LWNlbnRyYWwtMSJ+=' };
    await new CloudTrailClient({ ...common(), credentials: session }).send(new ListTrailsCommand({}));
    await s3().send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'x' }));
    expect(seen.error).toBeUndefined();
  });

  it.each([
    'plain',
    'a b/c+d&e=f?g',
    "quote'(paren)*!~",
    'ünïcode/日本',
    'trailing/',
    'double//slash',
    'dot/./dot',
    '%41',
    '$@:,;',
  ])('puts the key %j', async (Key) => {
    await s3().send(new PutObjectCommand({ Bucket: 'b', Key, Body: 'hello', Metadata: { name: 'a  b' } }));
    expect(seen.error).toBeUndefined();
    expect(seen.body!.toString()).toBe('hello');
    expect(seen.facts).toMatchObject({ sizeBytes: 5, checksum: { algorithm: 'CRC32' } });
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'puts with %s, known and streamed',
    async (algorithm) => {
      const data = Buffer.alloc(300_000, 'The quick brown fox. ');
      const value = checksumOf(algorithm, data);
      await s3().send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: data, ChecksumAlgorithm: algorithm }));
      expect(seen.error).toBeUndefined();
      expect(seen.facts).toMatchObject({ checksum: { algorithm, value } });
      const body = Readable.from([data.subarray(0, 100_000), data.subarray(100_000)]);
      await s3().send(
        new PutObjectCommand({
          Bucket: 'b',
          Key: 'k',
          Body: body,
          ContentLength: data.length,
          ChecksumAlgorithm: algorithm,
        }),
      );
      expect(seen.error).toBeUndefined();
      expect(seen.body!.equals(data)).toBe(true);
      expect(seen.facts).toMatchObject({ sizeBytes: data.length, checksum: { algorithm, value } });
      expect(seen.facts!.trailers.get(`x-amz-checksum-${algorithm.toLowerCase()}`)).toBe(value);
    },
  );

  it('presigns', async () => {
    const get = await getSignedUrl(s3(), new GetObjectCommand({ Bucket: 'b', Key: 'a b/ü', VersionId: 'x/y' }), {
      expiresIn: 60,
    });
    expect((await fetch(get)).status).toBe(200);
    expect(seen.kind).toBe('query');
    expect((await fetch(get.replace('versionId=x', 'versionId=z'))).status).toBe(403);
    const putClient = new S3Client({ ...common(), forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' });
    const put = await getSignedUrl(putClient, new PutObjectCommand({ Bucket: 'b', Key: 'k' }), { expiresIn: 60 });
    expect((await fetch(put, { method: 'PUT', body: 'anything' })).status).toBe(200);
    expect(seen.body!.toString()).toBe('anything');
  });
});

const python = promisify(execFile);
const found = async (command: string, args: string[]) =>
  python(command, args).then(
    () => true,
    () => false,
  );
const hasBoto3 = await found('python3', ['-c', 'import boto3']);
const hasCli = await found('aws', ['--version']);
const env = () => ({
  ...process.env,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_DEFAULT_REGION: region,
  AWS_MAX_ATTEMPTS: '1',
});
if (!hasBoto3) process.stderr.write('SKIPPED: boto3 is not installed, its signatures were not tested\n');
if (!hasCli) process.stderr.write('SKIPPED: the AWS CLI is not installed, its signatures were not tested\n');

describe('other clients', () => {
  it.runIf(hasBoto3)('boto3 is understood', async () => {
    const script = `
import boto3, io, urllib.request
from botocore.config import Config
c = Config(s3={'addressing_style': 'path'})
boto3.client('cloudtrail', endpoint_url='${endpoint}').list_trails()
s3 = boto3.client('s3', endpoint_url='${endpoint}', config=c)
for key in ['plain', 'a b/c+d', "q'(p)*!~", 'ünï/日本', 'x//y', '$@:,;=&']:
    s3.put_object(Bucket='b', Key=key, Body=b'hello')
s3.put_object(Bucket='b', Key='k', Body=io.BytesIO(b'x' * 200000), ChecksumAlgorithm='SHA256')
s3.put_object(Bucket='b', Key='k', Body=b'hello', ContentMD5='XUFAKrxLKna5cZ2REBfFkg==')
url = s3.generate_presigned_url('get_object', Params={'Bucket': 'b', 'Key': 'a b/ü'})
boto3.client('lambda', endpoint_url='${endpoint}').list_tags(Resource='arn:aws:lambda:eu-central-1:123456789012:function:f')
v4 = boto3.client('s3', endpoint_url='${endpoint}', config=Config(signature_version='s3v4', s3={'addressing_style': 'path'}))
urllib.request.urlopen(v4.generate_presigned_url('get_object', Params={'Bucket': 'b', 'Key': 'a b/ü'})).read()
`;
    await python('python3', ['-c', script], { env: env() });
    expect(seen.error).toBeUndefined();
    expect(seen.kind).toBe('query');
  });

  it.runIf(hasCli)('the AWS CLI is understood', async () => {
    await python('aws', ['cloudtrail', 'list-trails', '--endpoint-url', endpoint], { env: env() });
    expect(seen).toMatchObject({ service: 'cloudtrail' });
    expect(seen.error).toBeUndefined();
  });
});

/** Sends a request signed by us, with headers and body as given. */
async function send(
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  method = 'PUT',
  signedBody: string = 'UNSIGNED-PAYLOAD',
) {
  const url = new URL(`${endpoint}/b/k`);
  const signed = signRequest({
    method,
    url,
    headers,
    body: { sha256: signedBody },
    credentials,
    region,
    service: 's3',
    nowMs: Date.now(),
  });
  const res = await fetch(signed.url, { method, headers: signed.headers, body: new Uint8Array(body) });
  return { status: res.status, code: await res.text() };
}

describe('a body that is not what was said', () => {
  const body = Buffer.from('hello');
  const wrong = Buffer.from('other');
  it.each<[string, Record<string, string>, string, string]>([
    ['hash', {}, '0'.repeat(64), 'XAmzContentSHA256Mismatch'],
    ['Content-MD5', { 'content-md5': Buffer.alloc(16).toString('base64') }, 'UNSIGNED-PAYLOAD', 'BadDigest'],
    ['no MD5', { 'content-md5': 'hello' }, 'UNSIGNED-PAYLOAD', 'InvalidDigest'],
    ['checksum', { 'x-amz-checksum-crc32': checksumOf('CRC32', wrong) }, 'UNSIGNED-PAYLOAD', 'BadDigest'],
    ['no checksum', { 'x-amz-checksum-crc32': 'hello' }, 'UNSIGNED-PAYLOAD', 'InvalidRequest'],
    ['unknown checksum', { 'x-amz-checksum-xxhash3': 'hello' }, 'UNSIGNED-PAYLOAD', 'InvalidRequest'],
    [
      'two checksums',
      { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-crc32c': 'AAAAAA==' },
      'UNSIGNED-PAYLOAD',
      'InvalidRequest',
    ],
    [
      'other algorithm',
      { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-sdk-checksum-algorithm': 'SHA1' },
      'UNSIGNED-PAYLOAD',
      'InvalidRequest',
    ],
    ['no length', {}, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'MissingContentLength'],
    ['not chunked', { 'x-amz-decoded-content-length': '5' }, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'IncompleteBody'],
    [
      'trailer unannounced',
      { 'x-amz-decoded-content-length': '5' },
      'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'IncompleteBody',
    ],
  ])('is refused with its answer: %s', async (_name, headers, signedBody, code) => {
    for (const method of ['PUT', 'POST']) {
      expect(await send(headers, body, method, signedBody)).toMatchObject({ code });
      expect(seen.facts).toBeUndefined();
    }
  });

  it('is told of a wrong checksum in the trailer', async () => {
    const coded = `5\r\nhello\r\n0\r\nx-amz-checksum-crc32:${checksumOf('CRC32', wrong)}\r\n\r\n`;
    const headers = {
      'x-amz-decoded-content-length': '5',
      'x-amz-trailer': 'x-amz-checksum-crc32',
      'content-encoding': 'aws-chunked',
    };
    expect(await send(headers, Buffer.from(coded), 'PUT', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER')).toMatchObject({
      code: 'BadDigest',
    });
    const good = coded.replace(checksumOf('CRC32', wrong), checksumOf('CRC32', body));
    expect(await send(headers, Buffer.from(good), 'POST', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER')).toMatchObject({
      status: 200,
    });
    expect(seen.body!.toString()).toBe('hello');
  });

  it('is not compared when the checksum is that of a multipart object', async () => {
    const url = new URL(`${endpoint}/b/k?uploadId=1`);
    const headers = { 'x-amz-checksum-crc32': 'AAAAAA==' };
    const signed = signRequest({
      method: 'POST',
      url,
      headers,
      body,
      credentials,
      region,
      service: 's3',
      nowMs: Date.now(),
    });
    expect(
      (await fetch(signed.url, { method: 'POST', headers: signed.headers, body: new Uint8Array(body) })).status,
    ).toBe(200);
  });

  it('is refused when it is too large, and the client hears it while it sends', async () => {
    const signed = signRequest({
      method: 'POST',
      url: new URL(`${endpoint}/b/k`),
      body: { sha256: 'UNSIGNED-PAYLOAD' },
      credentials,
      region,
      service: 's3',
      nowMs: Date.now(),
    });
    const req = httpRequest(signed.url, { method: 'POST', headers: signed.headers });
    req.on('error', () => {});
    req.write(Buffer.alloc(200_000));
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    expect(res.statusCode).toBe(413);
    req.destroy();
  });

  it.each(['PUT', 'POST'])('is an error when the client goes away in the middle of a %s', async (method) => {
    const signed = signRequest({
      method,
      url: new URL(`${endpoint}/b/k`),
      headers: { 'content-length': '10' },
      body: { sha256: 'UNSIGNED-PAYLOAD' },
      credentials,
      region,
      service: 's3',
      nowMs: Date.now(),
    });
    const head = Object.entries(signed.headers)
      .map(([n, v]) => `${n}: ${v}\r\n`)
      .join('');
    const socket = connect(Number(new URL(endpoint).port), '127.0.0.1');
    const arrived = once(server, 'request');
    socket.write(`${method} /b/k HTTP/1.1\r\n${head}\r\nhello`);
    const [, res] = (await arrived) as [IncomingMessage, ServerResponse];
    const closed = once(res, 'close');
    socket.destroy();
    await closed;
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen.error).toMatchObject({ code: 'IncompleteBody' });
  });

  it('breaks nothing when nobody reads it', async () => {
    const quiet = createServer((req, res) => {
      verifiedBody(req, { x: readRequest(req), style: 's3' });
      req.once('close', () => res.destroy());
    });
    await once(quiet.listen(0, '127.0.0.1'), 'listening');
    const socket = connect((quiet.address() as AddressInfo).port, '127.0.0.1');
    const arrived = once(quiet, 'request');
    socket.write('PUT /b/k HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nhello');
    const [, res] = (await arrived) as [IncomingMessage, ServerResponse];
    socket.destroy();
    await once(res, 'close');
    await new Promise((resolve) => quiet.close(resolve));
  });

  it('can be left in the middle, and the client still gets its answer', async () => {
    const strict = createServer(async (req, res) => {
      const stream = verifiedBody(req, { x: readRequest(req), style: 's3' });
      for await (const _ of stream) break; // destroys the stream
      res.writeHead(409, { connection: 'close' }).end('enough');
      req.unpipe();
      req.resume();
    });
    await once(strict.listen(0, '127.0.0.1'), 'listening');
    const { port } = strict.address() as AddressInfo;
    const req = httpRequest({ port, method: 'PUT', path: '/b/k', headers: { 'content-length': 4_000_000 } });
    req.on('error', () => {});
    req.end(Buffer.alloc(4_000_000));
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    expect(res.statusCode).toBe(409);
    req.destroy();
    await new Promise((resolve) => strict.close(resolve));
  });
});
