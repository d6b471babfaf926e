import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { Socket } from 'node:net';
import { AwsError, assert } from '../base/errors.ts';
import { breakOff } from './broken-body.ts';
import type { EncodedResponse } from './codec/index.ts';
import { addressOf } from './request.ts';
import { incompleteBody } from './sigv4/chunked.ts';

/** MUST answer the request and never throw. */
export type Handle = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

export interface ConnectionOptions {
  /** Words an answer to what never became a request. `headers` is what could be read of its head, lower case. */
  readonly refuse: (error: AwsError, headers: Readonly<Record<string, string>>, sourceIp: string) => EncodedResponse;
  readonly after: (delayMs: number, fn: () => void) => () => void;
  /** `handle` answers `Expect: 100-continue` itself; otherwise clients are told to continue at once. */
  readonly handlesExpect?: boolean;
}

/** S3 gives up about as soon on a body of which nothing comes; it is noticed within twice this. */
const BODY_IDLE_MS = 20_000;
/** After our last word a client gets this long to read it: closing at once, with bytes of his unread, would unsay it. */
const LINGER_MS_MAX = 2_000;
/** What a client may still send meanwhile, unread: more than any sender has under way on a fast and distant line. */
const LINGER_BYTES_MAX = 16 * 1024 * 1024;
/** Connections that linger at once; past it they are closed at once. Some 20 KB each, and none lasts. */
const LINGERING_MAX = 1_024;

/** What a connection is busy with; nothing of it is held once it is over, for a client may keep its connection for hours. */
interface Latest {
  req?: IncomingMessage | undefined;
  res?: ServerResponse | undefined;
}

function forget(latest: Latest, res: ServerResponse): void {
  if (latest.res !== res) return; // another request is being answered already
  latest.res = undefined;
  if (latest.req?.complete) latest.req = undefined;
}

type ParseError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };
/** As Node would say it. */
const problem = (code: string): ParseError => Object.assign(new Error(code), { code });

/**
 * Sees to what Node leaves open about connections: that everything which comes in is answered, by `handle` or `refuse`,
 * also what is no HTTP, and that the answer arrives. Every wait for a client is bounded here or by Node's own time-outs
 * (`http-server.ts`). Call it before `server` listens.
 */
export function tendConnections(
  server: Server,
  handle: Handle,
  { refuse, after, handlesExpect = false }: ConnectionOptions,
): void {
  const latest = new WeakMap<Socket, Latest>();
  const deaf = new WeakSet<Socket>();
  const lingering = new Set<Socket>();

  const take = (req: IncomingMessage, res: ServerResponse) => {
    // Node takes `PRI /x` without a version for a request, and cuts its connection as soon as this event is over.
    if (req.method === 'PRI') {
      refuseMethod(req, req.socket);
      return;
    }
    const known = latest.get(req.socket);
    const now = known ?? {};
    if (!known) welcome(req.socket, now);
    now.req = req;
    now.res = res;
    res.once('close', () => forget(now, res));
    if (req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined) watch(req);
    void handle(req, res);
  };
  const welcome = (socket: Socket, now: Latest) => {
    latest.set(socket, now);
    // Node's way to close after the last answer.
    socket.destroySoon = () => linger(socket);
    // The parser does not mind a body that ends too early when its request asks for an upgrade.
    socket.on('end', () => {
      if (now.req?.complete === false) failed(problem('HPE_INVALID_EOF_STATE'), socket);
    });
  };
  // A client may close its side once it has asked (`nc`, shutdown(2)), and is answered nevertheless. Node knows it thus.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('request', take);
  // Anything but `100-continue` is an expectation that nobody has; AWS's front does not mind it either.
  server.on('checkExpectation', take);
  if (handlesExpect) server.on('checkContinue', take);
  server.on('clientError', (error, socket) => failed(error, socket as Socket));
  server.on('connect', (req, duplex) => {
    duplex.on('error', () => {}); // Node has let go of it
    refuseMethod(req, duplex as Socket);
  });

  function refuseMethod(req: IncomingMessage, socket: Socket): void {
    // Behind a request whose answer has not left there is no place for another one any more.
    if (latest.get(socket)?.res?.closed === false) socket.destroy();
    else say(socket, METHOD_NOT_ALLOWED, flat(req.headers));
  }

  /** The parser can go no further. It says so again at the end of input, and all the time-outs do. */
  function failed(error: ParseError, socket: Socket): void {
    if (deaf.has(socket)) return;
    if (!/^(HPE|ERR_HTTP)_/.test(error.code ?? '') || !socket.writable) {
      socket.destroy();
      return;
    }
    stopReading(socket);
    const { req, res } = latest.get(socket) ?? {};
    const inBody = req?.complete === false;
    if (req && inBody) breakOff(req, troubleOf(error.code, true));
    const last = () => {
      if (inBody || error.code === 'HPE_CLOSED_CONNECTION') linger(socket);
      else say(socket, troubleOf(error.code, false), headersIn(error.rawPacket));
    };
    if (res === undefined || res.closed) last();
    else res.once('close', last);
  }

  /** A request's body must keep coming. Where it waits for us, because nobody takes what is there, that is not its fault. */
  function watch(req: IncomingMessage): void {
    let seen = -1;
    let cancel = () => {};
    const look = () => {
      if (req.complete) return;
      const { bytesRead } = req.socket;
      if (bytesRead === seen && req.readableLength === 0) {
        failed(problem('ERR_HTTP_REQUEST_TIMEOUT'), req.socket);
        return;
      }
      seen = bytesRead;
      cancel = after(BODY_IDLE_MS, look);
    };
    look();
    req.once('close', () => cancel());
  }

  /** Answers what is no request, as the last thing on its connection. */
  function say(socket: Socket, error: AwsError, headers: Readonly<Record<string, string>>): void {
    if (lingering.has(socket) || !socket.writable) return;
    socket.write(rawAnswer(refuse(error, headers, addressOf(socket))));
    linger(socket);
  }

  /** From here on nothing is taken for a request; what still comes is thrown away, within bounds. */
  function stopReading(socket: Socket): void {
    deaf.add(socket);
    let bytes = 0;
    socket.removeAllListeners('data');
    socket.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > LINGER_BYTES_MAX) socket.destroy();
    });
    socket.resume();
  }

  /** Closes our side, and the whole when the client has closed its own or its time is up. */
  function linger(socket: Socket): void {
    if (lingering.has(socket)) return;
    if (socket.readableEnded || lingering.size >= LINGERING_MAX) {
      Socket.prototype.destroySoon.call(socket);
      return;
    }
    lingering.add(socket);
    if (!deaf.has(socket)) stopReading(socket);
    socket.end();
    const cancel = after(LINGER_MS_MAX, () => socket.destroy());
    socket.once('close', () => {
      lingering.delete(socket);
      cancel();
    });
  }
}

const METHOD_NOT_ALLOWED = new AwsError(
  'MethodNotAllowed',
  'The specified method is not allowed against this resource.',
  { status: 405 },
);
const REQUEST_TIMEOUT = new AwsError(
  'RequestTimeout',
  'Your socket connection to the server was not read from or written to within the timeout period.',
);
const HEAD_TOO_LARGE = new AwsError(
  'RequestHeaderSectionTooLarge',
  'Your request header section exceeds the maximum allowed request header section size.',
);
const NO_HTTP = new AwsError('BadRequest', 'An error occurred when parsing the HTTP request.');

/** S3's words (API reference, "Error responses") for what Node's parser found. */
function troubleOf(code: string | undefined, inBody: boolean): AwsError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return REQUEST_TIMEOUT;
  if (code === 'HPE_HEADER_OVERFLOW') return HEAD_TOO_LARGE;
  return inBody && code === 'HPE_INVALID_EOF_STATE' ? incompleteBody() : NO_HTTP;
}

/** What looks like headers in bytes that are no request: they tell in which tongue to answer. */
function headersIn(packet: Buffer = Buffer.alloc(0)): Record<string, string> {
  const [head = ''] = packet.toString('latin1').split('\r\n\r\n', 1);
  const pairs = [...head.matchAll(/^([\w-]+): *(.*)$/gm)].map(([, name, value]) => [name!.toLowerCase(), value!]);
  return Object.fromEntries(pairs);
}

const flat = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

function rawAnswer({ status, headers, body }: EncodedResponse): Buffer {
  assert(Buffer.isBuffer(body), 'an error is in memory');
  const all = { ...headers, connection: 'close', 'content-length': body.length };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`), body]);
}
