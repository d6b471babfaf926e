import { connect } from 'node:net';
import { type Next, pick } from '../random.ts';

/** Requests as bytes on a socket, changed there: what arrives may not even be HTTP. */
export interface Signed {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Where they change how a server must read what follows. */
const INSERTS = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\0',
  ' ',
  ':',
  '\r\nContent-Length: 7',
  '\r\nContent-Length: 70000',
  '\r\nTransfer-Encoding: chunked',
  '\r\nTransfer-Encoding: nonsense',
  '\r\nExpect: 100-continue',
  '\r\nExpect: the worst',
  '\r\nConnection: Upgrade\r\nUpgrade: h2c',
  `\r\nX: ${'x'.repeat(70_000)}`,
];
const METHODS = ['CONNECT', 'TRACE', 'PRI', 'FROB', 'get', ''];
const VERSIONS = ['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9.9', 'HTTP/1', 'RTSP/1.0', ''];

/** The request's bytes with one to three changes. */
export function rawBytes(signed: Signed, next: Next): Buffer {
  let bytes = plainBytes(signed, next);
  for (let changes = 1 + Math.floor(next() * 3); changes > 0; changes--) bytes = change(bytes, next);
  return bytes;
}

function plainBytes({ method, path, headers, body }: Signed, next: Next): Buffer {
  const chunked = next() < 0.15;
  const version = next() < 0.05 ? pick(next, VERSIONS) : 'HTTP/1.1';
  const all = {
    ...headers,
    ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(body.length) }),
    ...(next() < 0.7 && { connection: 'close' }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${next() < 0.05 ? pick(next, METHODS) : method} ${path} ${version}\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head), chunked ? inChunks(body, next) : body]);
}

function inChunks(body: Buffer, next: Next): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const part = body.subarray(at, at + 1 + Math.floor(next() * body.length));
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
    at += part.length;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

function change(bytes: Buffer, next: Next): Buffer {
  const at = Math.floor(next() * bytes.length);
  const roll = next();
  if (roll < 0.6) {
    const flipped = Buffer.from(bytes);
    flipped[at] = Math.floor(next() * 256);
    return flipped;
  }
  if (roll < 0.7) return bytes.subarray(0, at + 1);
  if (roll < 0.75) return Buffer.concat([bytes, bytes.subarray(at)]);
  const inserted = Buffer.from(pick(next, INSERTS));
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
}

/** A client that says nothing but line ends has asked for nothing, and needs no answer (RFC 9112 §2.2). */
export const asksNothing = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0x0d || byte === 0x0a);

/**
 * Sends `bytes` in up to `pieces` parts, closes its side as one that has no more to say, and reads until the server
 * closes too. Status 0 means that no answer came. Rejects when the connection is cut, and when it lasts `waitMsMax`.
 */
export function sendRaw(endpoint: string, bytes: Buffer, pieces: number, waitMsMax: number): Promise<Answer> {
  return new Promise((fulfil, reject) => {
    const { hostname, port } = new URL(endpoint);
    const size = Math.max(1, Math.ceil(bytes.length / pieces));
    const socket = connect({ port: Number(port), host: hostname, noDelay: true }, () => send(0));
    const send = (at: number): void => {
      if (at + size >= bytes.length) socket.end(bytes.subarray(at));
      else socket.write(bytes.subarray(at, at + size), () => setImmediate(send, at + size));
    };
    let text = '';
    socket.setEncoding('latin1').on('data', (part) => {
      text += part;
    });
    socket.setTimeout(waitMsMax, () => socket.destroy(new Error(`no end within ${waitMsMax} ms`)));
    socket.once('error', (error) => reject(new Error(`${error.message} after ${JSON.stringify(text.slice(0, 200))}`)));
    socket.once('close', () => fulfil(readAnswer(text)));
  });
}

/** The first answer in `text`, without those that say only that another one will come. */
function readAnswer(text: string): Answer {
  const [head = '', body = ''] = text.replace(/^(HTTP\/1\.1 1\d\d .*?\r\n\r\n)+/s, '').split(/\r\n\r\n(.*)/s);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s)).map(([n, v]) => [n!.toLowerCase(), v]));
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? 0), headers, body };
}
