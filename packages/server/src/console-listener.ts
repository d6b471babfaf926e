import { fileURLToPath } from 'node:url';
import type { Config } from './config.ts';
import { type ConsoleDeps, openConsole } from './console/index.ts';
import { tlsOf } from './gateway-listener.ts';
import { listen } from './wire/http-server.ts';

export interface ConsoleParts
  extends Omit<
    ConsoleDeps,
    'place' | 'directory' | 'port' | 'endpointHost' | 'region' | 'regions' | 'operatorAccountId'
  > {
  readonly config: Config;
  /** Where clients find the AWS endpoint. */
  readonly endpoint: () => string;
  /** Ends what waits for more, so that nothing keeps the server from stopping. */
  readonly stopping: AbortController;
  readonly closing: <T>(part: T, close: (part: T) => unknown) => T;
}

export interface OpenConsole {
  readonly port: number;
}

/** Requests in hand get this long to end when the server is told to stop. */
const STOP_GRACE_MS = 10_000;
/** A browser has six connections at most; the AWS endpoint has half of the files. */
const OPEN_FILES_SHARE = 1 / 8;
/** Built by Vite beside the server's own code. */
const BUILT = fileURLToPath(new URL('../console/', import.meta.url));

/** The console on its port. @throws OperatorError for what the operator must mend: port, certificate */
export async function openConsoleListener(parts: ConsoleParts): Promise<OpenConsole> {
  const { config, endpoint, stopping, closing, clock, logger } = parts;
  const host = config.consoleHost ?? config.host;
  const tls = tlsOf(config.tlsCert, config.tlsKey);
  let port = config.consolePort;
  const pages = closing(
    await openConsole({
      ...parts,
      place: {
        secure: tls.tls !== undefined,
        ...(tls.tls && { certificate: tls.tls.cert }),
        names: [host, ...(config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname])],
        ...(config.consoleUrl !== undefined && { url: config.consoleUrl }),
      },
      directory: BUILT,
      port: () => port,
      endpointHost: () => new URL(endpoint()).host,
      region: config.region,
      regions: config.regions,
      operatorAccountId: config.accountId,
    }),
    (c) => c.close(),
  );
  const server = closing(
    await listen(pages.handle, {
      host,
      port,
      portSetting: '--console-port',
      openFilesShare: OPEN_FILES_SHARE,
      after: clock.after,
      refuse: pages.refuse,
      ...tls,
    }),
    (s) => {
      stopping.abort();
      return s.stop(STOP_GRACE_MS);
    },
  );
  port = server.port;
  logger.info({ port }, 'console listens');
  return { port };
}
