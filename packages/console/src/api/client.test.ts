import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { json, native, s3, s3Path, send, setCallerPlace, stream } from './client.ts';
import { ApiError, isDenied, isThrottled } from './error.ts';

/** A server that answers as each test says, and remembers what it was asked. */
let answer: (req: IncomingMessage, res: ServerResponse, body: string) => void;
const asked: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[] = [];
const lost = { times: 0 };

const server = createServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    asked.push({ method: req.method, url: req.url, headers: req.headers, body });
    answer(req, res, body);
  });
});
const browserFetch = globalThis.fetch;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // In a browser addresses are relative to the page.
  globalThis.fetch = (path, init) => browserFetch(base + String(path), init);
  setCallerPlace({ region: () => 'eu-west-1', csrfToken: () => 'token', lost: () => void lost.times++ });
});
afterAll(() => {
  globalThis.fetch = browserFetch;
  server.close();
});
beforeEach(() => {
  asked.length = 0;
  lost.times = 0;
});

const ok = (body: string) => {
  answer = (_, res) => void res.end(body);
};
const refuse = (status: number, body: string, headers = {}) => {
  answer = (_, res) => void res.writeHead(status, headers).end(body);
};
const problem = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
};

test('a JSON operation goes to its service in the chosen Region, with the header of the session', async () => {
  ok('{"trailList":[]}');
  expect(await json('cloudtrail', 'DescribeTrails', { includeShadowTrails: false })).toEqual({ trailList: [] });
  expect(asked[0]).toMatchObject({ method: 'POST', url: '/aws/cloudtrail/eu-west-1/' });
  expect(asked[0]?.headers).toMatchObject({
    'x-amz-target': 'CloudTrail_20131101.DescribeTrails',
    'content-type': 'application/x-amz-json-1.1',
    'x-opentrail-csrf': 'token',
  });
  expect(asked[0]?.body).toBe('{"includeShadowTrails":false}');
});

test('an empty answer is an empty object', async () => {
  ok('');
  expect(await json('cloudtrail', 'DeleteTrail', { Name: 'x' })).toEqual({});
});

test('errors in JSON carry the name that the service gave them', async () => {
  refuse(400, '{"__type":"com.amazonaws.cloudtrail#TrailNotFoundException","message":"Unknown trail"}');
  expect(await problem(json('cloudtrail', 'GetTrail'))).toMatchObject({
    code: 'TrailNotFoundException',
    message: 'Unknown trail',
    status: 400,
  });
  refuse(403, '{"message":"no"}', { 'x-amzn-errortype': 'AccessDeniedException:http://x/' });
  expect(isDenied(await problem(native('accounts')))).toBe(true);
});

test('an answer that is neither JSON nor XML is an error all the same', async () => {
  refuse(502, 'Bad gateway');
  expect(await problem(native('accounts'))).toMatchObject({ code: 'HTTP 502', status: 502 });
});

test('what was refused for load is tried again', async () => {
  let left = 2;
  answer = (_, res) => void (left-- > 0 ? res.writeHead(503, { 'retry-after': '0' }).end('{}') : res.end('{"a":1}'));
  expect(await native('accounts')).toEqual({ a: 1 });
  expect(asked).toHaveLength(3);
});

test('and given up when it goes on', async () => {
  refuse(400, '{"__type":"ThrottlingException","message":"Rate exceeded"}');
  expect(isThrottled(await problem(json('cloudtrail', 'LookupEvents')))).toBe(true);
  expect(asked).toHaveLength(4);
});

test('what must not wait is told at once', async () => {
  refuse(429, '{"Code":"TooManyAttempts","Message":"Wait 15 minutes."}', { 'retry-after': '900' });
  expect(await problem(send('POST', '/session', { retry: false }))).toMatchObject({ code: 'TooManyAttempts' });
  expect(asked).toHaveLength(1);
});

test('other errors are not repeated', async () => {
  refuse(500, '{"__type":"InternalFailure","message":"x"}');
  await problem(json('cloudtrail', 'LookupEvents'));
  expect(asked).toHaveLength(1);
});

test('a session that the server knows no more is lost', async () => {
  refuse(401, '{"Code":"NotSignedIn","Message":"Sign in to go on."}');
  expect(await problem(send('GET', '/session'))).toMatchObject({ code: 'NotSignedIn', message: 'Sign in to go on.' });
  expect(lost.times).toBe(1);
});

test('an abort is no error of the server', async () => {
  answer = () => undefined;
  const abort = new AbortController();
  const call = native('search', {}, { signal: abort.signal });
  abort.abort();
  await expect(call).rejects.toMatchObject({ name: 'AbortError' });
});

test('nobody there', async () => {
  answer = (req) => void req.socket.destroy();
  expect(await problem(native('accounts'))).toMatchObject({ code: 'NetworkError', status: 0 });
});

test('keys of S3 keep their slashes and nothing else', async () => {
  ok('bytes');
  const answered = await s3('GET', s3Path('logs', 'a b/c+d?e#f'), { query: { versionId: 'x y', none: undefined } });
  expect(await answered.text()).toBe('bytes');
  expect(asked[0]?.url).toBe('/aws/s3/eu-west-1/logs/a%20b/c%2Bd%3Fe%23f?versionId=x+y');
});

test('a stream comes value by value, cut anywhere', async () => {
  answer = (_, res) => {
    res.write('{"n":1}\n{"n"');
    setTimeout(() => res.end(':2}\n\n{"n":"é"}'), 10);
  };
  const values: unknown[] = [];
  for await (const value of stream('tail', { query: { last: 3 } })) values.push(value);
  expect(values).toEqual([{ n: 1 }, { n: 2 }, { n: 'é' }]);
  expect(asked[0]).toMatchObject({ method: 'GET', url: '/aws/opentrail/eu-west-1/opentrail/v1/tail?last=3' });
});
