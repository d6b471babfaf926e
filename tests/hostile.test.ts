import { once } from 'node:events';
import { get } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { clientConfig, signedFetch, signedHeaders } from './support/sdk.ts';

/** What attackers tried on a running server, and must not get. */
let server: RunningOpenTrail;
beforeAll(async () => {
  server = await startOpenTrail();
  await signedFetch(server, 'PUT', '/hostile', '', { service: 's3' });
});
afterAll(cleanUp);

interface Shown {
  readonly eventName: string;
  readonly errorCode?: string;
}

const records = async (): Promise<Shown[]> => {
  const answer = await signedFetch(server, 'GET', '/opentrail/v1/tail?from=0&follow=false');
  const text = await answer.text();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Shown);
};

test('names that callers think of do not become labels of metrics', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await signedFetch(server, 'POST', '/', 'Action=NoSuchThing&Version=2011-06-15', {
    service: 'sts',
    headers,
  });
  expect(answer.status).toBe(400);
  const metrics = await (await fetch(`${server.endpoint}/metrics`)).text();
  expect(metrics).not.toContain('NoSuchThing');
  expect(metrics).toContain('opentrail_requests_total{service="sts",operation="unknown",status="400"} 1');
});

test('a presigned object that is called like a page of ours is the object', async () => {
  const port = new URL(server.endpoint).port;
  const client = new S3Client({ ...clientConfig(server), endpoint: `http://localhost:${port}` });
  await signedFetch(server, 'PUT', '/hostile/metrics', 'an object', { service: 's3' });
  const url = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket: 'hostile', Key: 'metrics' })));
  expect(url.hostname).toBe('hostile.localhost');
  const body = await new Promise<string>((fulfil, reject) => {
    const options = { host: '127.0.0.1', port, path: url.pathname + url.search, headers: { host: url.host } };
    get(options, (res) => text(res).then(fulfil, reject)).once('error', reject);
  });
  expect(body).toBe('an object');
});

test('a caller who is known leaves a record also when the body is not what was said', async () => {
  const headers = { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' };
  const answer = await signedFetch(server, 'PUT', '/hostile?tagging', '<Tagging/>', { service: 's3', headers });
  expect(await answer.text()).toContain('BadDigest');
  const mine = (await records()).filter((r) => r.eventName === 'PutBucketTagging');
  expect(mine).toMatchObject([{ errorCode: 'BadDigest' }]);
});

test('a presigned URL cannot store metadata that would break the answers', async () => {
  const client = new S3Client({ ...clientConfig(server), forcePathStyle: true });
  const command = new PutObjectCommand({ Bucket: 'hostile', Key: 'odd', Metadata: { 'a b': 'v' } });
  const answer = await fetch(await getSignedUrl(client, command), { method: 'PUT', body: 'x' });
  expect([answer.status, await answer.text()]).toMatchObject([400, expect.stringContaining('InvalidArgument')]);
});

test('tails of one account cannot pile up, and those that are dropped give their place back', async () => {
  const ends: AbortController[] = [];
  const tail = async () => {
    const end = new AbortController();
    ends.push(end);
    return (await signedFetch(server, 'GET', '/opentrail/v1/tail', '', { signal: end.signal })).status;
  };
  const statuses = await Promise.all(Array.from({ length: 70 }, tail));
  expect(statuses.filter((status) => status === 200)).toHaveLength(64);
  expect(statuses.filter((status) => status === 503)).toHaveLength(6);
  for (const end of ends) end.abort();
  await expect.poll(tail, { timeout: 60_000 }).toBe(200);
  for (const end of ends) end.abort();
});

test('a tail ends when its client closes its side: nothing else would be heard of one that went', async () => {
  const path = '/opentrail/v1/tail?eventName=Never';
  const headers = Object.entries(signedHeaders(server, 'GET', path)).map(([name, value]) => `${name}: ${value}\r\n`);
  const { hostname, port } = new URL(server.endpoint);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.write(`GET ${path} HTTP/1.1\r\n${headers.join('')}\r\n`);
  const [head] = await once(socket.setEncoding('latin1'), 'data');
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  socket.end().resume();
  await once(socket, 'close');
});

test('a client that says too little is told so in bounded time, and one that sends too much is not heard out', async () => {
  const { hostname, port } = new URL(server.endpoint);
  const answerTo = (bytes: string) =>
    new Promise<string>((fulfil, reject) => {
      const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes));
      let text = '';
      socket.setEncoding('latin1').on('data', (part) => {
        text += part;
      });
      socket.once('error', reject);
      socket.once('end', () => {
        socket.end();
        fulfil(text);
      });
    });
  const put = 'PUT /hostile/k HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n';
  expect(await answerTo(`${put}too little`)).toMatch(/^HTTP\/1\.1 403 .*connection: close.*<Code>AccessDenied/is);
  expect(await answerTo(put + 'x'.repeat(50_000_000))).toMatch(/^HTTP\/1\.1 403 .*<Code>AccessDenied/s);
});
