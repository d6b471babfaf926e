import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import { CLIENT_NAME } from '../wire/server-name.ts';

/** S3 sends 8 KB of headers at most; whoever sends more is not one that this reads. */
const HEAD_BYTES_MAX = 64 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');

export interface QuickAnswer {
  /** User metadata, lower-case names without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface QuickGets {
  /**
   * One GET of a path with these headers (`host` included).
   * @returns undefined for any other answer than a plain 200 with its length, and for none: it is then to be asked for
   * again by `client.ts`, which understands the rest and tells what is wrong
   */
  get(path: string, headers: Readonly<Record<string, string>>): Promise<QuickAnswer | undefined>;
  close(): void;
}

/**
 * GETs of thousands of objects over kept-alive connections. `node:http` serves every case of its protocol, and takes
 * three times as long over the one that is meant here.
 * @param bodyBytesMax larger answers are left to others
 */
export function createQuickGets(endpoint: URL, bodyBytesMax: number): QuickGets {
  const { hostname, port } = urlToHttpOptions(endpoint);
  const host = hostname ?? '';
  const secure = endpoint.protocol === 'https:';
  const open = (): Socket =>
    secure
      ? connectTls({ host, port: Number(port || 443), ...(isIP(host) === 0 && { servername: host }) })
      : connectTcp({ host, port: Number(port || 80), noDelay: true });
  const all = new Set<Connection>();
  const idle: Connection[] = [];

  return {
    async get(path, headers) {
      let connection = idle.pop();
      while (connection && !connection.usable) connection = idle.pop();
      connection ??= new Connection(open(), bodyBytesMax, (gone) => all.delete(gone));
      all.add(connection);
      let text = `GET ${path} HTTP/1.1\r\nuser-agent: ${CLIENT_NAME}\r\n`;
      for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
      const answer = await connection.ask(`${text}\r\n`);
      if (connection.usable) idle.push(connection);
      return answer;
    },
    close() {
      for (const connection of all) connection.destroy();
    },
  };
}

/** One connection with at most one request under way. */
class Connection {
  readonly #socket: Socket;
  readonly #bodyBytesMax: number;
  #answer: ((answer: QuickAnswer | undefined) => void) | undefined;
  /** What has come of the head, until it is whole. */
  #head: Buffer | undefined;
  #metadata: QuickAnswer['metadata'] = {};
  #closesAfter = false;
  #body: Buffer | undefined;
  #filled = 0;

  constructor(socket: Socket, bodyBytesMax: number, onGone: (self: Connection) => void) {
    this.#socket = socket;
    this.#bodyBytesMax = bodyBytesMax;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => {}); // `close` follows
    socket.on('end', () => this.destroy());
    socket.on('close', () => {
      onGone(this);
      this.#finish(undefined);
    });
  }

  get usable(): boolean {
    return !this.#socket.destroyed && this.#answer === undefined;
  }

  ask(request: string): Promise<QuickAnswer | undefined> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#socket.write(request, 'latin1');
    });
  }

  /** Whoever waits gets no answer. */
  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (!this.#answer)
      this.destroy(); // bytes that nobody asked for
    else if (this.#body) this.#fill(this.#body, chunk);
    else this.#readHead(chunk);
  }

  #readHead(chunk: Buffer): void {
    const bytes = this.#head ? Buffer.concat([this.#head, chunk]) : chunk;
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      this.#head = bytes;
      if (bytes.length > HEAD_BYTES_MAX) this.destroy();
      return;
    }
    const head = readHead(bytes.toString('latin1', 0, end));
    if (!head || head.length > this.#bodyBytesMax) {
      this.destroy();
      return;
    }
    this.#head = undefined;
    this.#metadata = head.metadata;
    this.#closesAfter = head.closes;
    const rest = bytes.subarray(end + HEAD_END.length);
    if (rest.length === head.length) {
      this.#finish(rest);
      return;
    }
    this.#filled = 0;
    this.#body = Buffer.allocUnsafeSlow(head.length);
    this.#fill(this.#body, rest);
  }

  #fill(body: Buffer, chunk: Buffer): void {
    chunk.copy(body, this.#filled);
    this.#filled += chunk.length;
    if (this.#filled > body.length) this.destroy();
    else if (this.#filled === body.length) this.#finish(body);
  }

  #finish(body: Buffer | undefined): void {
    const answer = this.#answer;
    this.#answer = undefined;
    this.#body = undefined;
    if (this.#closesAfter) this.destroy();
    answer?.(body && { metadata: this.#metadata, body });
  }
}

/** The head of a plain answer; undefined for any other. */
function readHead(text: string) {
  if (!text.startsWith('HTTP/1.1 200 ') || /\r\n(?:transfer-encoding|trailer|upgrade):/i.test(text)) return undefined;
  const lengths = [...text.matchAll(/\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*(?=\r\n|$)/gi)];
  if (lengths.length !== 1) return undefined;
  const metadata: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/\r\nx-amz-meta-([^:\r\n]+):[ \t]*([^\r\n]*)/gi)) {
    metadata[name!.toLowerCase()] = value!.trimEnd();
  }
  return { length: Number(lengths[0]![1]), metadata, closes: /\r\nconnection:[ \t]*close/i.test(text) };
}
