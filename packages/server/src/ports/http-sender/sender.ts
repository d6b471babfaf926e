import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { rootCertificates } from 'node:tls';
import { addressIn, checkedLookup, isAllowedAddress } from '../../base/addresses.ts';
import type { Clock } from '../../base/clock.ts';
import { systemErrorCode } from '../../base/errors.ts';
import {
  ANSWER_BYTES_MAX,
  type EndpointAnswer,
  type HttpSender,
  type OutgoingRequest,
  SendError,
} from '../http-sender.ts';

export interface HttpSenderOptions {
  readonly clock: Clock;
  /** PEM of authorities that are trusted besides the public ones. */
  readonly extraCa?: string;
}

/** Under way to one origin at a time: enough for some hundred messages a second at 20 ms each. */
export const PER_ORIGIN_MAX = 16;
/** Under way in all. A message has up to 256 KB, so they hold 128 MB at worst, and a connection each. */
export const IN_ALL_MAX = 512;
/** Kept open for the next message; endpoints close sooner or later themselves, 5 s being a common default. */
const IDLE_SOCKET_MS = 4_000;
const IDLE_SOCKETS_MAX = 64;
const ANSWER_HEADER_BYTES_MAX = 16 * 1024;

/** Sends with Node's own client, over connections that are kept for a few seconds. */
export function createHttpSender({ clock, extraCa }: HttpSenderOptions): HttpSender {
  const lookup = checkedLookup(isAllowedAddress, forbidden);
  const shared = {
    keepAlive: true,
    maxFreeSockets: IDLE_SOCKETS_MAX,
    timeout: IDLE_SOCKET_MS,
    scheduling: 'lifo',
    lookup,
  } as const;
  const plain = new PlainAgent(shared);
  const tls = {
    lookup,
    minVersion: 'TLSv1.2',
    ...(extraCa !== undefined && { ca: [...rootCertificates, extraCa] }),
  } as const;
  const secure = new SecureAgent({ ...shared, ...tls });
  const underWay = new Map<string, number>();
  const cuts = new Set<() => void>();

  return {
    async send(request) {
      const url = readUrl(request.url);
      const count = underWay.get(url.origin) ?? 0;
      if (count >= PER_ORIGIN_MAX || cuts.size >= IN_ALL_MAX) {
        throw new SendError('busy', `too many requests to ${url.host} are under way`);
      }
      underWay.set(url.origin, count + 1);
      try {
        return await exchange(request, url).catch((error) => {
          if (!(error instanceof StaleConnection)) throw error;
          return exchange(request, url, false);
        });
      } finally {
        const left = underWay.get(url.origin)! - 1;
        if (left === 0) underWay.delete(url.origin);
        else underWay.set(url.origin, left);
      }
    },
    close() {
      for (const cut of cuts) cut();
      plain.destroy();
      secure.destroy();
    },
  };

  /** @param reusing whether it may go over a connection that an earlier exchange left open */
  function exchange(request: OutgoingRequest, url: URL, reusing = true): Promise<EndpointAnswer> {
    const { method, headers, body, timeoutMs } = request;
    return new Promise((fulfil, reject) => {
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      const options = {
        method,
        maxHeaderSize: ANSWER_HEADER_BYTES_MAX,
        headers: { ...headers, ...(bytes && { 'content-length': bytes.length }) },
      };
      let began = false;
      const answered = (answer: IncomingMessage) => {
        began = true;
        readBody(answer).then((read) => {
          done();
          if (!read.whole) sent.destroy();
          fulfil({ status: answer.statusCode!, headers: plainHeaders(answer), body: read.bytes });
        }, failed);
      };
      let sent: ReturnType<typeof plainRequest>;
      try {
        sent =
          url.protocol === 'https:'
            ? secureRequest(url, { ...options, ...(reusing ? { agent: secure } : { ...tls, agent: false }) }, answered)
            : plainRequest(url, { ...options, ...(reusing ? { agent: plain } : { agent: false, lookup }) }, answered);
      } catch (error) {
        reject(new SendError('malformed', `cannot be sent: ${(error as Error).message}`, { cause: error }));
        return;
      }
      const done = () => {
        cancel();
        cuts.delete(cut);
      };
      const failed = (error: unknown) => {
        done();
        sent.destroy();
        const stale = reusing && sent.reusedSocket && !began && !(error instanceof SendError);
        reject(stale ? new StaleConnection() : error instanceof SendError ? error : connectionProblem(error, url));
      };
      const cut = () => failed(new SendError('connection', 'the server stops'));
      const cancel = clock.after(timeoutMs, () =>
        failed(new SendError('timeout', `no whole answer from ${url.host} within ${timeoutMs / 1000} s`)),
      );
      cuts.add(cut);
      sent.on('error', failed);
      sent.end(bytes);
    });
  }
}

/** The endpoint closed a kept connection just as it was to be used again. */
class StaleConnection extends Error {}

function readUrl(text: string): URL {
  if (!URL.canParse(text)) throw new SendError('malformed', 'not a URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new SendError('malformed', 'the URL is neither http: nor https:');
  }
  const address = addressIn(url);
  if (address !== undefined && !isAllowedAddress(address)) throw forbidden();
  return url;
}

const forbidden = () =>
  new SendError('forbidden-address', 'link-local and metadata addresses are never sent to, nor names that mean them');

async function readBody(answer: IncomingMessage): Promise<{ readonly bytes: Buffer; readonly whole: boolean }> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    parts.push(part.subarray(0, ANSWER_BYTES_MAX - size));
    size += part.length;
    if (size > ANSWER_BYTES_MAX) return { bytes: Buffer.concat(parts), whole: false };
  }
  return { bytes: Buffer.concat(parts), whole: true };
}

function plainHeaders({ headersDistinct }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headersDistinct).map(([name, values]) => [name, values!.join(', ')]));
}

/** Node's words for it name the address, not what was sent. */
function connectionProblem(error: unknown, url: URL): SendError {
  const why = systemErrorCode(error) ?? (error as Error).message;
  return new SendError('connection', `no answer from ${url.host}: ${why}`, { cause: error });
}
