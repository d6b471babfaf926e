import { createHmac } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { RunningOpenTrail } from './opentrail.ts';

export interface ConsoleAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes back
  readonly body: any;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer | object;
  /** Default: the cookie that this browser has. */
  readonly cookie?: string;
}

/** What a browser does with the console, without one: keeps its cookie, shows the CSRF token; and what an attacker would. */
export class ConsoleVisitor {
  cookie: string | undefined;
  csrf: string | undefined;
  readonly userAgent: string;
  readonly #origin: string;

  constructor(server: Pick<RunningOpenTrail, 'console'>, userAgent = 'Mozilla/5.0 (Tests)') {
    this.#origin = server.console!;
    this.userAgent = userAgent;
  }

  /** One request, without anything that is not said here. */
  raw(path: string, { method = 'GET', headers = {}, body, cookie }: Asking = {}): Promise<ConsoleAnswer> {
    const { protocol, hostname, port } = new URL(this.#origin);
    const request = protocol === 'https:' ? httpsRequest : httpRequest;
    const isText = typeof body === 'string' || Buffer.isBuffer(body);
    const bytes = body === undefined ? undefined : isText ? body : JSON.stringify(body);
    return new Promise((fulfil, reject) => {
      const req = request({
        host: hostname,
        port,
        path,
        method,
        agent: false,
        rejectUnauthorized: false, // the tests' own certificate
        headers: {
          'user-agent': this.userAgent,
          ...(body !== undefined && !isText && { 'content-type': 'application/json' }),
          ...(bytes !== undefined && { 'content-length': Buffer.byteLength(bytes) }),
          ...(cookie !== undefined && { cookie }),
          ...(headers as Record<string, string>),
        },
      });
      req.once('error', reject);
      req.once('response', (res) => {
        const parts: Buffer[] = [];
        res.on('data', (part) => parts.push(part));
        res.once('error', reject);
        res.once('end', () => {
          const text = Buffer.concat(parts).toString();
          fulfil({ status: res.statusCode!, headers: res.headers, text, body: parsed(text) });
        });
      });
      req.end(bytes);
    });
  }

  /** As a page of the console asks. */
  async ask(path: string, asking: Asking = {}): Promise<ConsoleAnswer> {
    const answer = await this.raw(path, {
      ...(this.cookie !== undefined && { cookie: this.cookie }),
      ...asking,
      headers: {
        origin: this.#origin,
        'sec-fetch-site': 'same-origin',
        ...(this.csrf !== undefined && { 'x-opentrail-csrf': this.csrf }),
        ...asking.headers,
      },
    });
    const [set] = answer.headers['set-cookie'] ?? [];
    if (set !== undefined) this.cookie = /Max-Age=0/.test(set) ? undefined : set.split(';')[0]!;
    if (answer.body?.CsrfToken !== undefined) this.csrf = answer.body.CsrfToken;
    return answer;
  }

  signIn(input: object): Promise<ConsoleAnswer> {
    return this.ask('/session', { method: 'POST', body: input });
  }

  /** An operation of IAM or STS. */
  query(service: 'iam' | 'sts', operation: string, input: Readonly<Record<string, string>> = {}) {
    const version = service === 'iam' ? '2010-05-08' : '2011-06-15';
    const form = new URLSearchParams({ Action: operation, Version: version, ...input }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.ask(`/aws/${service}/us-east-1/`, { method: 'POST', body: form, headers });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A virtual device as an authenticator app is one. */
export function codesOf(base32: string): (steps: number) => string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...base32].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const seed = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  return (steps: number): string => {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
    const mac = createHmac('sha1', seed).update(counter).digest();
    return String((mac.readUInt32BE(mac[19]! & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
  };
}
