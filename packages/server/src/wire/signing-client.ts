import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { CLIENT_NAME } from './server-name.ts';
import { type Credentials, signRequest } from './sigv4/index.ts';

export interface SigningClientOptions {
  readonly clock: Clock;
  /** Calls that may be under way at once to a host, on kept connections. */
  readonly connections: number;
}

export interface SignedCall {
  readonly method: string;
  /** Its path percent-encoded as it shall be sent. */
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly credentials: Credentials;
  readonly region: string;
  /** The signing name. */
  readonly service: string;
  /** Breaks the call off, also while its answer is being read. */
  readonly signal?: AbortSignal;
}

export interface SigningClient {
  /**
   * Signs and sends one request.
   * @returns the answer, whose body is still to be read
   * @throws the system's error when nobody answers
   */
  send(call: SignedCall): Promise<IncomingMessage>;
  close(): void;
}

/** A small client of services that take Signature Version 4: no retries, no opinions of answers. */
export function createSigningClient({ clock, connections }: SigningClientOptions): SigningClient {
  const agentOptions = { keepAlive: true, maxSockets: connections };
  const plain = new HttpAgent(agentOptions);
  const secure = new HttpsAgent(agentOptions);
  return {
    send({ signal, ...call }) {
      const signed = signRequest({ ...call, nowMs: clock.now() });
      const { hostname, port, protocol } = urlToHttpOptions(call.url);
      const isSecure = protocol === 'https:';
      const path = signed.url.slice(call.url.origin.length);
      return new Promise((fulfil, reject) => {
        const options = {
          hostname,
          port,
          path,
          method: call.method,
          // Not signed, as by AWS's clients: proxies may add to it.
          headers: { 'user-agent': CLIENT_NAME, ...signed.headers },
          ...(signal && { signal }),
        };
        const req = isSecure ? httpsRequest({ ...options, agent: secure }) : httpRequest({ ...options, agent: plain });
        req.once('response', fulfil);
        req.on('error', reject);
        req.end(call.body);
      });
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

/** The body of an answer. @throws Error when it is larger than `bytesMax`, or breaks off */
export function readAnswer(stream: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((fulfil, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    stream.on('data', (part: Buffer) => {
      size += part.length;
      parts.push(part);
      if (size > bytesMax) stream.destroy(new Error('the answer was larger than any of its kind should be'));
    });
    stream.once('error', reject).once('end', () => fulfil(parts.length === 1 ? parts[0]! : Buffer.concat(parts, size)));
  });
}
