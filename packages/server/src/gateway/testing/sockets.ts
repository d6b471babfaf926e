import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { createMetrics, type Metrics } from '../../base/metrics.ts';
import { systemRandom } from '../../base/random.ts';
import type { Protocol } from '../../schema/types.ts';
import { listen } from '../../wire/http-server.ts';
import type { Exchange } from '../exchange.ts';
import { createProxy, type ProxyLimits, type Recorder, type Route } from '../proxy.ts';
import { createUpstreams, parseUpstreams } from '../upstreams.ts';

/** Real sockets for tests of the proxy: what goes over the wire is looked at byte for byte. */

const closers = new Set<() => unknown>();

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const close of [...closers].reverse()) await close();
  closers.clear();
}

export interface Seen {
  /** Everything that came over the connection so far. */
  bytes: Buffer;
  readonly socket: Socket;
}

/** An upstream that speaks plain bytes: `script` is called after every piece that comes over a connection. */
export async function rawUpstream(script: (seen: Seen) => void): Promise<{ port: number; connections: Seen[] }> {
  const connections: Seen[] = [];
  const server = createServer((socket) => {
    const seen: Seen = { bytes: Buffer.alloc(0), socket };
    connections.push(seen);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (part) => {
      seen.bytes = Buffer.concat([seen.bytes, part]);
      script(seen);
    });
  });
  closers.add(() => {
    for (const { socket } of connections) socket.destroy();
  });
  return { port: await listenOn(server), connections };
}

/** An upstream as `node:http` makes it. */
export async function httpUpstream(handle: (req: IncomingMessage, res: ServerResponse) => void): Promise<number> {
  const server = createHttpServer({ requireHostHeader: false, maxHeaderSize: 1 << 20 }, handle);
  closers.add(() => server.closeAllConnections());
  return listenOn(server);
}

async function listenOn(server: Server): Promise<number> {
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  closers.add(() => server.close());
  return (server.address() as AddressInfo).port;
}

export interface Gateway {
  readonly port: number;
  readonly exchanges: Exchange[];
  readonly metrics: Metrics;
}

export interface GatewayOptions {
  readonly recorder?: Partial<Recorder>;
  readonly clock?: Clock;
  readonly limits?: Partial<ProxyLimits>;
  readonly wants?: Route['wants'];
  readonly protocol?: Protocol;
  readonly tls?: { cert: string; key: string };
  readonly upstream?: string;
}

/** A gateway on a port of its own before what listens on `upstreamPort`; `exchanges` are what its recorder got. */
export async function startGateway(upstreamPort: number, options: GatewayOptions = {}): Promise<Gateway> {
  const { clock = systemClock, limits = {}, recorder = {}, protocol = 'restXml' } = options;
  const upstreams = createUpstreams(parseUpstreams([options.upstream ?? `*=http://127.0.0.1:${upstreamPort}`]));
  const exchanges: Exchange[] = [];
  const metrics = createMetrics();
  const wants = options.wants ?? { requestBytes: 1 << 20, answerBytes: 1 << 20 };
  const proxy = createProxy({
    routeOf: () => ({
      claimed: { signingName: 's3', detected: { protocol } },
      upstream: upstreams.for('s3'),
      wants,
      target: { protocol },
    }),
    recorder: {
      check: (http, route) => recorder.check?.(http, route),
      async record(exchange, route) {
        exchanges.push(exchange);
        await recorder.record?.(exchange, route);
      },
    },
    clock,
    random: systemRandom,
    logger: silentLogger,
    metrics,
    limits,
  });
  const server = await listen(proxy.handle, {
    host: '127.0.0.1',
    port: 0,
    after: clock.after.bind(clock),
    handlesExpect: true,
    refuse: (error) => ({ status: error.status, headers: {}, body: Buffer.from(error.code) }),
    ...(options.tls && { tls: options.tls }),
  });
  closers.add(async () => {
    proxy.close();
    upstreams.close();
    await server.stop(0);
  });
  return { port: server.port, exchanges, metrics };
}

export interface Client {
  readonly socket: Socket;
  /** All that came back so far, as latin1. */
  text(): string;
  send(bytes: Buffer | string): void;
  /** Resolves when `probe` holds of what came, or throws when the connection ends before. */
  until(probe: (text: string) => boolean): Promise<string>;
  /** Resolves when the server has closed. */
  closed: Promise<string>;
}

export function connectTo(port: number, socket: Socket = connect(port, '127.0.0.1')): Client {
  const parts: Buffer[] = [];
  const waiting = new Set<() => void>();
  const text = () => Buffer.concat(parts).toString('latin1');
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (part: Buffer) => {
    parts.push(part);
    for (const look of waiting) look();
  });
  const closed = new Promise<string>((fulfil) => {
    socket.once('close', () => {
      fulfil(text());
      for (const look of waiting) look();
    });
  });
  closers.add(() => socket.destroy());
  return {
    socket,
    text,
    closed,
    send: (bytes) => void socket.write(bytes),
    until: (probe) =>
      new Promise((fulfil, reject) => {
        const look = () => {
          if (probe(text())) fulfil(text());
          else if (socket.closed) reject(new Error(`closed after: ${text().slice(0, 2000)}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Resolves when `probe` gives something, asked again after every turn of the event loop. */
export async function soon<T>(probe: () => T | undefined | false | 0, what: string): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const value = probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not soon: ${what}`);
    await new Promise((resume) => setTimeout(resume, 2));
  }
}

/** A message as it came: first line, headers in order, and the body freed of HTTP's own framing. */
export interface Message {
  readonly first: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly trailers: readonly string[];
  /** What came behind it. */
  readonly rest: Buffer;
}

/** Reads one message; undefined while it is not whole. A body without length is all that came, once `ended`. */
export function readMessage(bytes: Buffer, options: { ended?: boolean; noBody?: boolean } = {}): Message | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...headers] = bytes.toString('latin1', 0, end).split('\r\n');
  const value = (name: string) =>
    headers
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const rest = bytes.subarray(end + 4);
  const isRequest = !first.startsWith('HTTP/');
  const status = isRequest ? 0 : Number(first.split(' ')[1]);
  if (options.noBody || status === 204 || status === 304 || (status >= 100 && status < 200)) {
    return { first, headers, body: Buffer.alloc(0), trailers: [], rest };
  }
  if (/chunked/i.test(value('transfer-encoding') ?? '')) {
    const read = readChunks(rest);
    return read && { first, headers, ...read };
  }
  const length = value('content-length');
  if (length === undefined && !isRequest) {
    return options.ended ? { first, headers, body: rest, trailers: [], rest: Buffer.alloc(0) } : undefined;
  }
  const size = Number(length ?? 0);
  if (rest.length < size) return undefined;
  return { first, headers, body: rest.subarray(0, size), trailers: [], rest: rest.subarray(size) };
}

function readChunks(bytes: Buffer): Pick<Message, 'body' | 'trailers' | 'rest'> | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lf = bytes.indexOf('\r\n', at);
    if (lf < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lf), 16);
    at = lf + 2;
    if (size === 0) break;
    if (bytes.length < at + size + 2) return undefined;
    parts.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
  if (bytes.subarray(at, at + 2).toString() === '\r\n') {
    return { body: Buffer.concat(parts), trailers: [], rest: bytes.subarray(at + 2) };
  }
  const end = bytes.indexOf('\r\n\r\n', at);
  if (end < 0) return undefined;
  const trailers = bytes.toString('latin1', at, end).split('\r\n');
  return { body: Buffer.concat(parts), trailers, rest: bytes.subarray(end + 4) };
}

const OF_ONE_HOP = /^(connection|keep-alive|transfer-encoding|te|upgrade|proxy-connection|http2-settings):/i;

/** What must be the same on both sides of a proxy. */
export const endToEnd = ({ first, headers, body, trailers }: Message) => ({
  first,
  headers: headers.filter((line) => !OF_ONE_HOP.test(line)),
  body: body.toString('latin1'),
  trailers,
});

export const GET = 'GET /b/k HTTP/1.1\r\nHost: h\r\n\r\n';
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
export const whole = (text: string) => readMessage(Buffer.from(text, 'latin1')) !== undefined;
export const answering = (answer: string) => (seen: Seen) => {
  const message = readMessage(seen.bytes);
  if (!message) return;
  seen.bytes = message.rest;
  seen.socket.write(answer);
};
