import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { OperatorError, systemErrorCode } from '../base/errors.ts';

/** Where calls are sent on to, over connections that are kept. */
export interface Upstream {
  /** As the operator wrote it, for messages: `https://s3.example`. */
  readonly name: string;
  /** Host and port, as `Host` names them: `s3.example`, `127.0.0.1:9000`. */
  readonly host: string;
  /** Opens a request with exactly these headers. The caller adds listeners before anything can come back. */
  ask(head: RequestHead): ClientRequest;
}

export interface RequestHead {
  readonly method: string;
  /** Path and query as sent, byte for byte. */
  readonly target: string;
  /** Name, value, name, value … */
  readonly headers: readonly string[];
}

export interface Upstreams {
  /** By the service's name in the signature; undefined when neither it nor `*` has an upstream. */
  for(signingName: string): Upstream | undefined;
  /** Cuts connections that nobody uses, and those in use. */
  close(): void;
}

/**
 * Idle connections are closed after this long. Servers commonly close them after five seconds, some without saying
 * so; a request that crosses their farewell on the wire would fail.
 */
const IDLE_MS_MAX = 4_000;
/** Of one upstream; what a burst opened beyond it is closed once it is idle. */
const IDLE_CONNECTIONS_MAX = 256;
/** Larger than Node's 16 KB: an upstream may send metadata and policies in headers. As much as clients may send. */
const ANSWER_HEADER_BYTES_MAX = 64 * 1024;

const SIGNING_NAME = /^[a-z0-9-]{1,64}$/;
const HOW_TO =
  'Write --upstream as s3=http://127.0.0.1:9000,*=http://127.0.0.1:5000: a signing name, or * for all others.';

/** Reads `--upstream`, an entry each: `s3=http://127.0.0.1:9000`. @throws OperatorError */
export function parseUpstreams(entries: readonly string[]): ReadonlyMap<string, URL> {
  const found = new Map<string, URL>();
  for (const entry of entries) {
    const at = entry.indexOf('=');
    const [service, address] = at < 0 ? ['', entry] : [entry.slice(0, at).trim(), entry.slice(at + 1).trim()];
    if (at < 0) throw new OperatorError(`The upstream "${entry}" names no service. ${HOW_TO}`);
    if (service !== '*' && !SIGNING_NAME.test(service)) {
      throw new OperatorError(`"${service}" in the upstream "${entry}" is no signing name of a service. ${HOW_TO}`);
    }
    if (found.has(service)) throw new OperatorError(`Two upstreams are given for ${service}. ${HOW_TO}`);
    found.set(service, parseAddress(entry, address));
  }
  return found;
}

function parseAddress(entry: string, address: string): URL {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new OperatorError(`"${address}" in the upstream "${entry}" is no URL. ${HOW_TO}`);
  }
  const wrong =
    url.protocol !== 'http:' && url.protocol !== 'https:'
      ? 'only http and https are spoken'
      : url.username !== '' || url.password !== ''
        ? 'requests carry their own credentials'
        : url.pathname !== '/' || url.search !== '' || url.hash !== ''
          ? 'a path cannot be put before that of a signed request'
          : undefined;
  if (wrong !== undefined) throw new OperatorError(`The upstream "${entry}" cannot be used: ${wrong}. ${HOW_TO}`);
  return url;
}

/**
 * Opens nothing yet; connections are made when they are needed.
 * @param ca PEM text of authorities that are trusted besides the well-known ones
 */
export function createUpstreams(addresses: ReadonlyMap<string, URL>, options: { ca?: string } = {}): Upstreams {
  const kept = { keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS_MAX, timeout: IDLE_MS_MAX };
  const secure = {
    ...kept,
    minVersion: 'TLSv1.2' as const,
    ...(options.ca !== undefined && { ca: [...rootCertificates, options.ca] }),
  };
  const agents: HttpAgent[] = [];
  const open = (url: URL): Upstream => {
    const isSecure = url.protocol === 'https:';
    const agent = ofOneUpstream(isSecure ? new HttpsAgent(secure) : new HttpAgent(kept), url.origin);
    agents.push(agent);
    return upstreamAt(url, isSecure ? httpsRequest : httpRequest, readingToTheEnd(agent));
  };
  const upstreams = new Map([...addresses].map(([service, url]) => [service, open(url)]));
  return {
    for: (signingName) => upstreams.get(signingName) ?? upstreams.get('*'),
    close() {
      for (const agent of agents) agent.destroy();
    },
  };
}

/** Node names connections by all that they were opened with, several times a request; here all of an agent's are alike. */
function ofOneUpstream(agent: HttpAgent, name: string): HttpAgent {
  agent.getName = () => name;
  return agent;
}

type Write = (...args: unknown[]) => void;
interface Connecting {
  createConnection(...args: unknown[]): Record<'_write' | '_writev', Write>;
}

/**
 * An upstream that refuses an upload half-way may answer and close, with bytes unread. Node takes the failing write for
 * the end of the connection, though the answer is there to be read. Here a write to who has closed is forgotten: what
 * there is to read comes first, and then the end, which says all that the failed write would have.
 */
function readingToTheEnd<T extends HttpAgent>(agent: T): T {
  const connecting = agent as unknown as Connecting;
  const create = connecting.createConnection;
  connecting.createConnection = (...args) => {
    const socket = create.apply(agent, args as never);
    for (const name of ['_write', '_writev'] as const) {
      const write = socket[name];
      socket[name] = function (...given) {
        const done = given.pop() as (error?: Error | null) => void;
        write.call(this, ...given, (error?: Error | null) => done(isClosedByPeer(error) ? null : error));
      };
    }
    return socket;
  };
  return agent;
}

const isClosedByPeer = (error: unknown): boolean => /^(EPIPE|ECONNRESET)$/.test(systemErrorCode(error) ?? '');

function upstreamAt(url: URL, request: typeof httpRequest, agent: HttpAgent): Upstream {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const maxHeaderSize = ANSWER_HEADER_BYTES_MAX;
  // The certificate has to be the upstream's own, whatever Host the client signed. Without TLS nobody looks for one.
  const servername = url.protocol === 'https:' && isIP(host) === 0 ? host : '';
  return {
    name: url.origin,
    host: url.host,
    ask({ method, target, headers }) {
      const options = { host, port, agent, maxHeaderSize, servername, method, path: target, headers };
      const asked = request(options);
      asked.maxHeadersCount = 0; // Node would drop those past the 2,000th without a word
      return asked;
    },
  };
}
