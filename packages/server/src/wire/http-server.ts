import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { OperatorError, systemErrorCode } from '../base/errors.ts';
import { type ConnectionOptions, type Handle, tendConnections } from './connections.ts';

/** Time for a client to send its headers; a slower one is holding a connection for nothing. */
const HEADERS_TIMEOUT_MS = 30_000;
/** Time for a whole request: a 5 GB part over a slow line takes long, but not for ever. */
const REQUEST_TIMEOUT_MS = 3_600_000;
/** Longer than the 60 s after which common load balancers and SDK pools reuse or drop an idle connection. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** AWS allows 8 KB of S3 headers; presigned URLs with session tokens are longer. */
const HEADER_BYTES_MAX = 64 * 1024;

/** Past it new connections are closed at once. Far more than busy clients keep open, at some 20 KB each. */
const CONNECTIONS_MAX = 8_192;
/** After this long without a byte the system asks whether the client is still there: a tail may be silent for days. */
const KEEP_ALIVE_PROBE_MS = 60_000;

const CLOSE_IDLE_EVERY_MS = 50;

export interface HttpServer {
  readonly port: number;
  readonly secure: boolean;
  /** Takes no new requests, lets those in hand finish for up to `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

export interface ListenOptions extends ConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** What the operator sets to have another port. Default `--port`. */
  readonly portSetting?: string;
  /** Which part of the files that the process may have open its connections may take. Default one half. */
  readonly openFilesShare?: number;
  readonly tls?: Pick<TlsOptions, 'SNICallback'> & { readonly cert: string; readonly key: string };
}

/** Listens and hands every request to `handle`. @throws OperatorError when the port is taken */
export async function listen(handle: Handle, options: ListenOptions): Promise<HttpServer> {
  const settings = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // Its absence is answered in the service's own words, by `readRequest`.
    requireHostHeader: false,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
  };
  const server: Server = options.tls
    ? createHttpsServer({ ...settings, ...options.tls, minVersion: 'TLSv1.2', allowHalfOpen: true })
    : createHttpServer(settings);
  server.maxConnections = Math.min(CONNECTIONS_MAX, Math.floor(openFilesMax() * (options.openFilesShare ?? 1 / 2)));
  server.maxHeadersCount = 0; // their bytes are bounded; Node would drop those past the 2,000th without a word
  tendConnections(server, handle, options);
  await new Promise<void>((fulfil, reject) => {
    server.once('error', (error) => reject(listenProblem(error, options)));
    server.listen(options.port, options.host, () => fulfil());
  });
  return {
    port: (server.address() as AddressInfo).port,
    secure: options.tls !== undefined,
    stop: (graceMs) =>
      new Promise((fulfil) => {
        const cancel = options.after(graceMs, () => server.closeAllConnections());
        // A connection that is busy now falls idle later, and its client may keep it for a minute.
        const closeIdle = () => {
          server.closeIdleConnections();
          cancelNext = options.after(CLOSE_IDLE_EVERY_MS, closeIdle);
        };
        let cancelNext = () => {};
        server.close(() => {
          cancel();
          cancelNext();
          fulfil();
        });
        closeIdle();
      }),
  };
}

/** How many files the process may have open: connections get a part of them, for the Log needs some whoever comes. */
function openFilesMax(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY; // not Linux
  }
}

function listenProblem(error: Error, { host, port, portSetting = '--port' }: ListenOptions): Error {
  const code = systemErrorCode(error);
  if (code === 'EADDRINUSE') {
    return new OperatorError(
      `Port ${port} on ${host} is taken by another program. Stop it, or choose another port with ${portSetting}.`,
    );
  }
  return new OperatorError(`Cannot listen on ${host}:${port}: ${code ?? error.message}.`);
}
