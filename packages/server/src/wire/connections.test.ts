import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import type { AwsError } from '../base/errors.ts';
import { plainBody } from './body.ts';
import { encodeError } from './codec/index.ts';
import { type HttpServer, type ListenOptions, listen } from './http-server.ts';
import { readRequest } from './request.ts';

const clock = new FakeClock();
let server: HttpServer;
/** Called for each request; its body is read and answered when this is done. */
let before: (req: IncomingMessage, res: ServerResponse) => unknown = () => {};
beforeEach(() => {
  before = () => {};
});

/** Reads the body as the pipeline does and answers with its size, or with the error's name. */
async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
  await before(req, res);
  let text: string;
  try {
    const body = await plainBody(req, { x: readRequest(req), style: 'json', sizeBytesMax: 1e6, verify: () => {} });
    text = `${req.method} ${body.length}`;
  } catch (error) {
    res.statusCode = 400;
    res.setHeader('connection', 'close');
    text = (error as AwsError).code;
  }
  res.end(text);
}

const options: ListenOptions = {
  host: '127.0.0.1',
  port: 0,
  after: clock.after.bind(clock),
  refuse: (error, headers) => {
    const protocol = 'x-amz-target' in headers ? 'awsJson1_1' : 'restXml';
    return encodeError({ protocol }, error, 'id-1', { hostId: 'host-1', resource: '/' });
  },
};
beforeAll(async () => {
  server = await listen(handle, options);
});
afterAll(() => server.stop(0));

/** Everything that comes back until the connection is closed. Rejects when it is cut. */
async function answerTo(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (part) => {
    text += part;
  });
  await once(socket, 'close');
  return text;
}

const STYLES: Readonly<Record<string, (socket: Socket, bytes: Buffer) => void>> = {
  'and closes its side': (socket, bytes) => socket.end(bytes),
  'and waits': (socket, bytes) => socket.write(bytes),
  'in small pieces': (socket, bytes) => {
    const size = Math.max(5, bytes.length >> 4);
    const next = (at: number) => {
      if (at < bytes.length) socket.write(bytes.subarray(at, at + size), () => setImmediate(next, at + size));
    };
    next(0);
  },
};

function send(text: string, style = 'and waits'): Promise<string> {
  const socket = connect(server.port, '127.0.0.1').setNoDelay();
  STYLES[style]!(socket, Buffer.from(text, 'latin1'));
  return answerTo(socket);
}

const MANY = 'z'.repeat(3_000_000);
/** [what, its bytes, the error] */
const NOT_HTTP: readonly (readonly [string, string, string])[] = [
  ['CONNECT', 'CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n', '405 MethodNotAllowed'],
  ['PRI without a version', 'PRI /x\r\nHost: a\r\n\r\n', '405 MethodNotAllowed'],
  ['CONNECT with much behind it', `CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n${MANY}`, '405 MethodNotAllowed'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400 BadRequest'],
  ['an unknown version', 'GET / HTTP/7.3\r\nHost: h\r\n\r\n', '400 BadRequest'],
  ['an unknown method', 'FROB / HTTP/1.1\r\nHost: h\r\n\r\n', '400 BadRequest'],
  ['a space in the target, much behind it', `PUT /a b HTTP/1.1\r\nHost: h\r\n\r\n${MANY}`, '400 BadRequest'],
  ['a TLS greeting', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', '400 BadRequest'],
  ['a bare CR', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n', '400 BadRequest'],
  ['a header without a name', 'GET / HTTP/1.1\r\n: x\r\n\r\n', '400 BadRequest'],
  ['two lengths', 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', '400 BadRequest'],
  ['a length that is none', 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x2\r\n\r\nab', '400 BadRequest'],
  ['a head too large', `GET / HTTP/1.1\r\nX: ${MANY}\r\n\r\n`, '400 RequestHeaderSectionTooLarge'],
];

describe.each(Object.keys(STYLES))('a client that sends %s', (style) => {
  test.each(NOT_HTTP)('%s is answered', async (_what, bytes, expected) => {
    const answer = await send(bytes, style);
    const [, status, code] = /^HTTP\/1\.1 (\d+) .*<Code>(\w+)/s.exec(answer) ?? [];
    expect(`${status} ${code}`).toBe(expected);
    expect(answer).toMatch(/^connection: close\r$/m);
    expect(answer).toMatch(/^x-amz-request-id: id-1\r$/m);
    const [, length, body] = /^content-length: (\d+)\r\n\r\n(.*)/ms.exec(answer)!;
    expect(body).toHaveLength(Number(length));
  });

  test('a chunk without a size within the body is the answer of its request', async () => {
    const answer = await send(
      'PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n',
      style,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*\r\n\r\nBadRequest$/s);
  });

  test('garbage behind a whole request does not take the place of its answer', async () => {
    before = () => new Promise(setImmediate);
    const answer = await send('GET / HTTP/1.1\r\nHost: h\r\n\r\nGARBAGE\r\n\r\n', style);
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\nGET 0HTTP\/1\.1 400 .*<Code>BadRequest/s);
  });

  test('what follows a last request is not heard', async () => {
    const answer = await send(`GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n${MANY}`, style);
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^<]*\r\n\r\nGET 0$/s);
  });
});

test('an answer has the form that the broken head speaks', async () => {
  const answer = await send('POST / HTTP/1.1\r\nX-Amz-Target: CloudTrail_20131101.ListTrails\r\nBroken\r\n\r\n');
  expect(answer).toContain('"__type":"BadRequest"');
});

test.each(['GET / HT', 'GET / HTTP/1.1\r\nHos', 'GET / HTTP/1.1\r\nHost: h\r\n'])(
  'a client that closes its side within the head (%j) is answered',
  async (bytes) => {
    expect(await send(bytes, 'and closes its side')).toContain('<Code>BadRequest</Code>');
  },
);

test('a client that closes its side after a whole request is answered', async () => {
  before = () => new Promise(setImmediate);
  expect(await send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab', 'and closes its side')).toMatch(
    /PUT 2$/,
  );
});

test.each([
  'Content-Length: 9',
  'Transfer-Encoding: chunked',
  'Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 9',
])('a client that closes its side within the body (%s) is told that it is incomplete', async (header) => {
  const answer = await send(`PUT / HTTP/1.1\r\nHost: h\r\n${header}\r\n\r\n3\r\n`, 'and closes its side');
  expect(answer).toMatch(/^HTTP\/1\.1 400 .*\r\n\r\nIncompleteBody$/s);
});

test('a body of which nothing comes any more is given up, one that keeps coming is not', async () => {
  const arrived = () => new Promise<void>((fulfil) => (before = () => fulfil()));
  const begun = arrived();
  const socket = connect(server.port, '127.0.0.1');
  socket.write('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n12');
  const answer = answerTo(socket);
  await begun;
  await clock.advance(15_000);
  socket.write('34');
  await new Promise<void>((fulfil) => {
    before = () => fulfil();
    void send('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'); // comes after `34`
  });
  await clock.advance(15_000);
  expect(socket.readableEnded).toBe(false);
  await clock.advance(40_000);
  expect(await answer).toMatch(/^HTTP\/1\.1 400 .*\r\n\r\nRequestTimeout$/s);
});

test('a body that waits for us has time', async () => {
  let goOn = () => {};
  const begun = new Promise<void>((fulfil) => {
    before = () => {
      fulfil();
      return new Promise<void>((resume) => (goOn = resume));
    };
  });
  const body = 'x'.repeat(900_000);
  const answer = send(
    `PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await begun;
  await clock.advance(300_000);
  goOn();
  expect(await answer).toMatch(/PUT 900000$/);
});

describe('a client that does not close after the last word', () => {
  const refused = async () => {
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.write('?\r\n'));
    socket.on('error', () => {}).resume();
    await once(socket, 'end');
    return socket;
  };

  test('is cut off after a while', async () => {
    const socket = await refused();
    await clock.advance(2_000);
    // Only what is written shows that nobody is there any more.
    const closed = new Promise((fulfil) => socket.once('close', fulfil));
    const poke = () => {
      if (socket.destroyed) return;
      socket.write('x');
      setImmediate(poke);
    };
    poke();
    await closed;
  });

  test('is cut off when it sends without end', async () => {
    const socket = await refused();
    let sent = 0;
    const part = Buffer.alloc(1 << 20);
    const flood = (error?: Error | null) => {
      sent += part.length;
      if (!error) socket.write(part, flood);
    };
    const closed = new Promise((fulfil) => socket.once('close', fulfil));
    flood();
    await closed;
    expect(sent).toBeGreaterThan(16 << 20);
    expect(sent).toBeLessThan(64 << 20);
  });
});

test('stopping does not wait for clients that linger longer than they may', async () => {
  const own = await listen(handle, options);
  const socket = connect({ port: own.port, host: '127.0.0.1', allowHalfOpen: true }, () =>
    socket.write('CONNECT a:1 HTTP/1.1\r\n\r\n'),
  );
  socket.on('error', () => {}).resume();
  await once(socket, 'end');
  const stopped = own.stop(60_000);
  await clock.advance(2_000);
  await stopped;
  socket.destroy();
});

describe('over TLS', () => {
  let secure: HttpServer;
  beforeAll(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'opentrail-tls-'));
    const [key, cert] = [join(dir, 'key'), join(dir, 'cert')];
    const made = [
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
    ];
    execFileSync('openssl', ['req', '-x509', ...made], { stdio: 'ignore' });
    secure = await listen(handle, {
      ...options,
      tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') },
    });
    rmSync(dir, { recursive: true });
  });
  afterAll(() => secure.stop(0));

  /** [what, its bytes, the answer] */
  const SENT: readonly (readonly [string, string, RegExp])[] = [
    ['a whole request', 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab', /200 .*PUT 2$/s],
    ['half a body', 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab', /400 .*IncompleteBody$/s],
    ['a bad chunk', 'PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: h\r\n\r\nzz', /400 .*BadRequest$/s],
    ['half a head', 'PUT / HT', /400 .*<Code>BadRequest/s],
    ['no HTTP, and much of it', `PUT /a b HTTP/1.1\r\n\r\n${MANY}`, /400 .*<Code>BadRequest/s],
    ['CONNECT', `CONNECT a.example:443 HTTP/1.1\r\n\r\n${MANY}`, /405 .*<Code>MethodNotAllowed/s],
  ];
  test.each(SENT)('a client that sends %s and closes its side is answered', async (_what, bytes, expected) => {
    before = () => new Promise(setImmediate);
    const socket = connectTls({ port: secure.port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.end(Buffer.from(bytes, 'latin1'));
    expect(await answerTo(socket)).toMatch(expected);
  });

  test('plain HTTP is not served, and does no harm', async () => {
    const socket = connect(secure.port, '127.0.0.1', () => socket.end('GET / HTTP/1.1\r\nHost: h\r\n\r\n'));
    expect(await answerTo(socket).catch(() => '')).not.toContain('HTTP');
  });
});
