import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  closeAll,
  httpUpstream,
  rawUpstream,
  readMessage,
  type Seen,
} from '../packages/server/src/gateway/testing/sockets.ts';
import { type CloudTrailRecord, recordsOf } from './gateway/harness.ts';
import { eventually } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { signedHeaders } from './support/sdk.ts';

/**
 * What goes wrong on either side of the gateway: the client gets what the upstream gave, or an error in its protocol's
 * shape, and a record says what happened.
 */
let server: RunningOpenTrail;
let made = 0;

beforeAll(async () => {
  const emulator = await httpUpstream((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part) => parts.push(part));
    req.on('end', () => {
      const refused = refusalOf(String(req.headers['x-amz-target'] ?? ''), Buffer.concat(parts).toString());
      const body = refused === undefined ? '{}' : JSON.stringify({ __type: refused, message: 'no' });
      res.writeHead(refused === undefined ? 200 : 400, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
    });
  });
  const broken = await rawUpstream(breakingOff);
  const silent = await rawUpstream(() => {});
  const closed = await rawUpstream(({ socket }) => socket.destroy());
  const upstream = [
    `*=http://127.0.0.1:${emulator}`,
    `s3=http://127.0.0.1:${broken.port}`,
    `sts=http://127.0.0.1:${silent.port}`,
    `ec2=http://127.0.0.1:${silent.port}`,
    `lambda=http://127.0.0.1:${closed.port}`,
    'kms=http://127.0.0.1:1',
  ];
  // Long enough for those that do answer: they share their process with all that the tests do.
  const flags = { upstream: upstream.join(','), 'gateway-port': 0, 'upstream-timeout-seconds': 4 };
  server = await startOpenTrail({ flags });
});
afterAll(async () => {
  await closeAll();
  await cleanUp();
});

/** As DynamoDB finds fault with requests. */
function refusalOf(target: string, body: string): string | undefined {
  if (target.endsWith('.Nothing')) return 'com.amazon.coral.service#UnknownOperationException';
  try {
    JSON.parse(body);
    return undefined;
  } catch {
    return 'com.amazon.coral.service#SerializationException';
  }
}

/** Ends in the middle of a short answer, or of a long one. */
function breakingOff(seen: Seen): void {
  const message = readMessage(seen.bytes);
  if (!message) return;
  const { socket } = seen;
  if (message.first.includes('/short')) {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.');
  } else {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n${'x'.repeat(100_000)}`);
    setTimeout(() => socket.end('x'.repeat(100_000)), 20);
  }
}

interface Asked {
  readonly service: string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

async function ask({ service, method = 'POST', path = '/', body = '', headers = {} }: Asked): Promise<Response> {
  made++;
  const signer = { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'x', endpoint: server.gateway! };
  const signed = signedHeaders(signer, method, path, body, { service, headers });
  const { host: _host, ...sent } = signed;
  return fetch(new URL(path, server.gateway), { method, headers: sent, ...(body !== '' && { body }) });
}

/** The record of the call that was made last. */
async function lastRecord(): Promise<CloudTrailRecord> {
  const records = await recordsOf(server, made);
  expect(records).toHaveLength(made);
  return records.at(-1)!;
}

const dynamo = (operation: string, body: string, contentType = 'application/x-amz-json-1.0') =>
  ask({
    service: 'dynamodb',
    body,
    headers: { 'content-type': contentType, 'x-amz-target': `DynamoDB_20120810.${operation}` },
  });
const form = (service: string, action: string) =>
  ask({
    service,
    body: `Action=${action}&Version=2016-11-15`,
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  });

describe('a request that the upstream finds fault with', () => {
  test('an operation that nobody knows', async () => {
    const answer = await dynamo('Nothing', '{"TableName":"t"}');
    expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ message: 'no' })]);
    expect(await lastRecord()).toMatchObject({
      eventSource: 'dynamodb.amazonaws.com',
      eventName: 'Nothing',
      errorCode: 'UnknownOperationException',
      requestParameters: { TableName: 't' },
    });
  });

  test('a body that is none', async () => {
    expect((await dynamo('DeleteTable', '{"TableName":')).status).toBe(400);
    expect(await lastRecord()).toMatchObject({
      eventName: 'DeleteTable',
      errorCode: 'SerializationException',
      requestParameters: null,
    });
  });

  test('a content type that is another one’s, where the upstream does not mind it', async () => {
    expect((await dynamo('DeleteTable', '{"TableName":"t"}', 'text/plain')).status).toBe(200);
    expect(await lastRecord()).toMatchObject({ eventName: 'DeleteTable', requestParameters: { tableName: 't' } });
  });

  test('bytes that no encoding undoes', async () => {
    const headers = {
      'x-amz-target': 'DynamoDB_20120810.DeleteTable',
      'content-type': 'application/x-amz-json-1.0',
      'content-encoding': 'gzip',
    };
    expect((await ask({ service: 'dynamodb', body: 'not gzip', headers })).status).toBe(400);
    expect(await lastRecord()).toMatchObject({ eventName: 'DeleteTable', requestParameters: null });
  });

  test('ten megabytes of headers are no request, and leave no record', async () => {
    const { hostname, port } = new URL(server.gateway!);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (part) => {
      text += part;
    });
    socket.write(`GET /b/k HTTP/1.1\r\nHost: s3\r\nX-Long: ${'x'.repeat(10_000_000)}\r\n\r\n`);
    await new Promise((fulfil) => socket.once('close', fulfil));
    expect(text).toMatch(/^HTTP\/1.1 4\d\d [\s\S]*<Code>RequestHeaderSectionTooLarge<\/Code>/);
    await lastRecord();
    const metrics = await (await fetch(`${server.endpoint}/metrics`)).text();
    expect(metrics).toMatch(/opentrail_gateway_calls_total\{upstream="none",outcome="refused"\} 1/);
  });
});

describe('an upstream that fails', () => {
  const failed = (code: string) => ({ errorCode: code, errorMessage: expect.any(String), responseElements: null });

  test('it is down: 502 in the shape of JSON', async () => {
    const body = JSON.stringify({ KeyId: 'k', PendingWindowInDays: 7 });
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.ScheduleKeyDeletion',
    };
    const answer = await ask({ service: 'kms', body, headers });
    expect([answer.status, await answer.json()]).toEqual([502, expect.objectContaining({ __type: 'BadGateway' })]);
    expect(await lastRecord()).toMatchObject({
      eventSource: 'kms.amazonaws.com',
      eventName: 'ScheduleKeyDeletion',
      ...failed('BadGateway'),
    });
  });

  test('it closes without a word: 502 in the shape of REST and JSON', async () => {
    const answer = await ask({ service: 'lambda', method: 'DELETE', path: '/2015-03-31/functions/f' });
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([502, 'BadGateway']);
    expect(await lastRecord()).toMatchObject({
      eventName: 'DeleteFunction20150331',
      requestParameters: { functionName: 'f' },
      ...failed('BadGateway'),
    });
  });

  test('it is silent: 504 in the shapes of the query services', async () => {
    const sts = await form('sts', 'GetCallerIdentity');
    expect([sts.status, await sts.text()]).toEqual([504, expect.stringMatching(/<ErrorResponse[\s\S]*GatewayTimeout/)]);
    expect(await lastRecord()).toMatchObject({ eventName: 'GetCallerIdentity', ...failed('GatewayTimeout') });
    const ec2 = await form('ec2', 'DescribeVpcs');
    expect([ec2.status, await ec2.text()]).toEqual([
      504,
      expect.stringMatching(/<Response><Errors><Error><Code>GatewayTimeout/),
    ]);
    expect(await lastRecord()).toMatchObject({ eventName: 'DescribeVpcs', errorMessage: expect.any(String) });
  });

  test('it ends in the middle of a short answer: 502 in the shape of S3', async () => {
    const answer = await ask({ service: 's3', method: 'GET', path: '/bucket/short' });
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringMatching(/<Error><Code>BadGateway/)]);
    expect(await lastRecord()).toMatchObject({ eventName: 'GetObject', ...failed('BadGateway') });
  });

  test('it ends in the middle of a long answer: the client is cut off too', async () => {
    const answer = await ask({ service: 's3', method: 'GET', path: '/bucket/long' });
    expect(answer.status).toBe(200);
    await expect(answer.arrayBuffer()).rejects.toThrow();
    expect(await lastRecord()).toMatchObject({
      eventName: 'GetObject',
      ...failed('BadGateway'),
      requestParameters: { bucketName: 'bucket', key: 'long' },
    });
  });
});

test('all of it is told by the metrics, and nothing by a stack trace', async () => {
  const page = await eventually(async () => {
    const text = await (await fetch(`${server.endpoint}/metrics`)).text();
    return /opentrail_gateway_open_calls 0/.test(text) && text;
  }, 'no call is open');
  const outcomes = [...page.matchAll(/opentrail_gateway_calls_total\{upstream="http[^"]*",outcome="([^"]+)"\} (\d+)/g)];
  const counted = new Map<string, number>();
  for (const [, outcome, count] of outcomes) counted.set(outcome!, (counted.get(outcome!) ?? 0) + Number(count));
  expect(Object.fromEntries(counted)).toEqual({
    passed: 4,
    'upstream-unreachable': 2,
    'upstream-timeout': 2,
    'answer-cut-off': 2,
  });
  expect(page).toMatch(/opentrail_gateway_unrecorded_total 0/);
  expect(server.log()).not.toMatch(/"level":50/);
});
