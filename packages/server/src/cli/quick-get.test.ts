import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createQuickGets } from './quick-get.ts';

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A server that answers each request with what `answer` says, in those pieces; undefined hangs up. */
async function serve(answer: (request: string, connection: number) => readonly string[] | undefined) {
  let connections = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    const connection = connections++;
    socket.on('error', () => {});
    socket.on('data', async (data) => {
      const parts = answer(data.toString('latin1'), connection);
      if (!parts) return socket.destroy();
      for (const part of parts) {
        socket.write(part, 'latin1');
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const gets = createQuickGets(new URL(`http://127.0.0.1:${port}`), 1000);
  return { ...gets, connections: () => connections };
}

const ok = (body: string, headers = '') => `HTTP/1.1 200 OK\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;

test('one request after another goes over one connection', async () => {
  const requests: string[] = [];
  const server = await serve((request) => {
    requests.push(request);
    return [ok(`body ${requests.length}`, 'X-Amz-Meta-Signature: ab cd \r\nx-amz-meta-b:c\r\n')];
  });
  for (const n of [1, 2, 3]) {
    const answer = await server.get(`/b/${n}`, { host: 'h', authorization: 'a' });
    expect(answer?.body.toString()).toBe(`body ${n}`);
    expect(answer?.metadata).toEqual({ signature: 'ab cd', b: 'c' });
  }
  expect(requests[0]).toBe('GET /b/1 HTTP/1.1\r\nuser-agent: opentrail\r\nhost: h\r\nauthorization: a\r\n\r\n');
  expect(server.connections()).toBe(1);
  server.close();
});

test('an answer may come in any pieces', async () => {
  const text = ok('0123456789', 'a: b\r\n');
  const server = await serve(() => [...text]);
  expect((await server.get('/', {}))?.body.toString()).toBe('0123456789');
  expect((await server.get('/', {}))?.body.toString()).toBe('0123456789');
  server.close();
});

test('requests at once have connections of their own, and an empty body is one', async () => {
  const server = await serve((request) => [ok(request.startsWith('GET /empty') ? '' : 'x'.repeat(999))]);
  const answers = await Promise.all(['/a', '/empty', '/c'].map((path) => server.get(path, {})));
  expect(answers.map((answer) => answer?.body.length)).toEqual([999, 0, 999]);
  expect(server.connections()).toBe(3);
  server.close();
});

test('a connection that the server closes after an answer is not used again', async () => {
  const server = await serve((_, connection) => [ok(String(connection), 'Connection: close\r\n')]);
  expect((await server.get('/', {}))?.body.toString()).toBe('0');
  expect((await server.get('/', {}))?.body.toString()).toBe('1');
  server.close();
});

describe('is left to others', () => {
  test.each([
    ['another status', ['HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx']],
    ['an interim answer', ['HTTP/1.1 100 Continue\r\n\r\n', ok('x')]],
    ['another version', ['HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx']],
    ['a body in chunks', ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n']],
    ['a body without length', ['HTTP/1.1 200 OK\r\n\r\nx']],
    ['two lengths', [ok('x', 'content-length: 2\r\n')]],
    ['a length that is none', ['HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nx']],
    ['a body that is too large', [ok('x'.repeat(1001))]],
    ['more than was announced', [`${ok('x')}y`]],
    ['more than was announced, later', ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx', 'yz']],
    ['an endless head', Array.from({ length: 80 }, () => `a: ${'b'.repeat(1000)}\r\n`)],
    ['something else than HTTP', ['SSH-2.0-x\r\n\r\n']],
  ])('%s', async (_, parts) => {
    const server = await serve(() => parts);
    expect(await server.get('/', {})).toBeUndefined();
    server.close();
  });

  test('a connection that breaks off, and a server that is not there', async () => {
    const server = await serve((request) => (request.startsWith('GET /cut') ? undefined : ['HTTP/1.1 200 OK\r\nCo']));
    expect(await server.get('/cut', {})).toBeUndefined();
    const unanswered = server.get('/slow', {});
    server.close();
    expect(await unanswered).toBeUndefined();
    expect(await createQuickGets(new URL('http://127.0.0.1:1'), 1).get('/', {})).toBeUndefined();
  });
});
