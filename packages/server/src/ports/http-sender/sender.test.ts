import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { isAllowedAddress } from '../../base/addresses.ts';
import { FakeClock, systemClock } from '../../base/clock.ts';
import { ANSWER_BYTES_MAX, SendError } from '../http-sender.ts';
import { createHttpSender, PER_ORIGIN_MAX } from './sender.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

async function serve(listener: RequestListener, make: (l: RequestListener) => Server = createServer) {
  const server = make(listener);
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function sender(options: Partial<Parameters<typeof createHttpSender>[0]> = {}) {
  const made = createHttpSender({ clock: systemClock, ...options });
  closing.push(() => made.close());
  return made;
}

const post = (url: string, body = 'hello') => ({ method: 'POST', url, body, timeoutMs: 60_000 }) as const;
const failureOf = async (sent: Promise<unknown>) => {
  const error = await sent.then(
    () => undefined,
    (e) => e,
  );
  expect(error).toBeInstanceOf(SendError);
  return (error as SendError).failure;
};

describe('an exchange', () => {
  test('brings method, headers, body there and the answer back, over one connection', async () => {
    const sockets = new Set();
    const port = await serve((req, res) => {
      sockets.add(req.socket);
      let body = '';
      req.on('data', (part) => {
        body += part;
      });
      req.on('end', () => res.writeHead(202, { 'X-Seen': `${req.method} ${req.headers['x-a']}` }).end(`got ${body}`));
    });
    const http = sender();
    for (let i = 0; i < 3; i++) {
      const answer = await http.send({ ...post(`http://127.0.0.1:${port}/hook?x=1`), headers: { 'X-A': 'b' } });
      expect(answer).toMatchObject({ status: 202, headers: { 'x-seen': 'POST b' }, body: Buffer.from('got hello') });
    }
    expect(sockets.size).toBe(1);
  });

  test('does not follow redirects, and any status is an answer', async () => {
    let hits = 0;
    const port = await serve((_req, res) => {
      hits++;
      res.writeHead(302, { location: '/else' }).end();
    });
    expect((await sender().send(post(`http://127.0.0.1:${port}/`))).status).toBe(302);
    expect(hits).toBe(1);
  });

  test('reads of an endless answer as much as it may', async () => {
    const port = await serve((_req, res) => {
      const write = () => {
        while (res.write('x'.repeat(10_000)));
      };
      res.on('drain', write);
      write();
    });
    const answer = await sender().send(post(`http://127.0.0.1:${port}/`));
    expect(answer.body.length).toBe(ANSWER_BYTES_MAX);
  });

  test('ends when its time is over, also in the middle of an answer', async () => {
    const clock = new FakeClock();
    const port = await serve((_req, res) => {
      res.writeHead(200).write('a');
    });
    const sent = sender({ clock }).send(post(`http://127.0.0.1:${port}/`));
    const failure = failureOf(sent);
    await clock.advance(60_001);
    expect(await failure).toBe('timeout');
  });

  test('over a kept connection that the endpoint closes is had over a new one', async () => {
    let requests = 0;
    const port = await serve((req, res) => {
      requests++;
      // The second request on a connection finds it closed.
      if ((req.socket as { used?: boolean }).used) return void req.socket.destroy();
      (req.socket as { used?: boolean }).used = true;
      res.end();
    });
    const http = sender();
    await http.send(post(`http://127.0.0.1:${port}/`));
    expect((await http.send(post(`http://127.0.0.1:${port}/`))).status).toBe(200);
    expect(requests).toBe(3);
  });

  test('with an endpoint that closes or is not there fails as a connection', async () => {
    const port = await serve((req) => req.socket.destroy());
    const http = sender();
    expect(await failureOf(http.send(post(`http://127.0.0.1:${port}/`)))).toBe('connection');
    expect(await failureOf(http.send(post('http://127.0.0.1:1/')))).toBe('connection');
    expect(await failureOf(http.send(post('http://no-such-host.invalid/')))).toBe('connection');
  });

  test.each([
    ['no url', {}],
    ['ftp://example.com/', {}],
    ['http://127.0.0.1/', { 'bad name': 'x' }],
    ['http://127.0.0.1/', { a: 'b\r\nc: d' }],
  ])('with %s %j is malformed', async (url, headers) => {
    expect(await failureOf(sender().send({ ...post(url), headers }))).toBe('malformed');
  });

  test('of one origin holds up nobody else when it hangs, and no more than its share', async () => {
    const hanging = await serve(() => {});
    const good = await serve((_req, res) => void res.end());
    const http = sender();
    const held = Array.from({ length: PER_ORIGIN_MAX }, () =>
      failureOf(http.send(post(`http://127.0.0.1:${hanging}/`))),
    );
    expect(await failureOf(http.send(post(`http://127.0.0.1:${hanging}/`)))).toBe('busy');
    expect((await http.send(post(`http://127.0.0.1:${good}/`))).status).toBe(200);
    http.close();
    expect(new Set(await Promise.all(held))).toEqual(new Set(['connection']));
  });
});

describe('addresses', () => {
  const FORBIDDEN = [
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    'fe80::1',
    'febf::1',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '224.0.0.1',
    '255.255.255.255',
    'ff02::1',
  ];
  test.each(FORBIDDEN)('%s is never sent to', async (address) => {
    expect(isAllowedAddress(address)).toBe(false);
    const host = address.includes(':') ? `[${address}]` : address;
    expect(await failureOf(sender().send(post(`http://${host}/latest/meta-data/`)))).toBe('forbidden-address');
  });

  test.each(['http://2852039166/', 'http://0xa9.0xfe.0xa9.0xfe/', 'http://0251.0376.0251.0376/'])(
    '%s is another spelling of one',
    async (url) => expect(await failureOf(sender().send(post(url)))).toBe('forbidden-address'),
  );

  test.each(['127.0.0.1', '10.0.0.1', '192.0.2.1', '::1', '2600::1', 'fd12::1', '::ffff:10.0.0.1'])(
    '%s may be sent to',
    (address) => expect(isAllowedAddress(address)).toBe(true),
  );
});

describe('HTTPS', () => {
  const dir = mkdtempSync(join(tmpdir(), 'opentrail-sender-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  execFileSync(
    'openssl',
    'req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=hook -addext subjectAltName=IP:127.0.0.1'.split(
      ' ',
    ),
    { cwd: dir, stdio: 'ignore' },
  );
  const cert = readFileSync(join(dir, 'cert'), 'utf8');
  const secure = (l: RequestListener) => createSecureServer({ cert, key: readFileSync(join(dir, 'key')) }, l);

  test('is refused where nobody vouches for the certificate, and had with an extra authority', async () => {
    const port = await serve((_req, res) => void res.end('in secret'), secure);
    expect(await failureOf(sender().send(post(`https://127.0.0.1:${port}/`)))).toBe('connection');
    const answer = await sender({ extraCa: cert }).send(post(`https://127.0.0.1:${port}/`));
    expect(answer.body.toString()).toBe('in secret');
  });
});
