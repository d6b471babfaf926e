import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProfileKeys, readProfile, sharedCredentialsPath } from './access/credentials-file.ts';
import { type KnownIdentity, openDirectory } from './access/directory.ts';
import type { KnownKey } from './access/identities.ts';
import { openSealingKey } from './access/sealed-secrets.ts';
import type { Clock } from './base/clock.ts';
import { OperatorError, systemErrorCode } from './base/errors.ts';
import type { Logger } from './base/logger.ts';
import type { Metrics } from './base/metrics.ts';
import type { Random } from './base/random.ts';
import type { Config } from './config.ts';
import { createGateway, type GatewayDeps } from './gateway/index.ts';
import { openLocalCa, USUAL_NAMES } from './gateway/local-ca.ts';
import type { State } from './ports/state.ts';
import { loadCatalogue } from './schema/catalogue.ts';
import type { Auditor } from './wire/audit.ts';
import { type ListenOptions, listen } from './wire/http-server.ts';

/** Calls in hand get this long to end when the gateway is told to stop. */
const STOP_GRACE_MS = 10_000;
/** Where the key that seals learned secrets may be given instead of being kept beside them. */
export const SEALING_KEY_ENV = 'OPENTRAIL_SEALING_KEY';

export interface GatewayParts {
  readonly config: Config;
  readonly dataDir: string;
  readonly state: State;
  readonly auditor: Auditor;
  readonly ownKeys?: GatewayDeps['ownKeys'];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Registers what is to be closed, in reverse order. */
  readonly closing: <T>(part: T, close: (part: T) => unknown) => T;
}

export interface OpenGateway {
  readonly port: number;
  /** PEM file that clients are to trust, where the gateway makes its own certificates. */
  readonly caPath?: string;
}

/** Puts the capture gateway together and listens: part of `serve`, or all that `opentrail gateway` serves. */
export async function openGateway(parts: GatewayParts): Promise<OpenGateway> {
  const { config, clock, random, logger, closing } = parts;
  const directory = closing(
    await openDirectory({
      ...parts,
      sealingKey: openSealingKey({
        path: join(parts.dataDir, 'sealing-key'),
        fromEnvironment: process.env[SEALING_KEY_ENV],
        random,
      }),
      file: config.identities,
      unknownAccountId: config.accountId,
      forgetUnreadable: config.forgetIdentities,
    }),
    (d) => d.close(),
  );
  const upstreamKeys =
    config.upstreamProfile === undefined ? undefined : openProfile(config.upstreamProfile, process.env, logger);
  const reload = () => {
    directory.reload();
    upstreamKeys?.reload();
  };
  process.on('SIGHUP', reload);
  closing(reload, (fn) => process.off('SIGHUP', fn));
  const gateway = closing(
    createGateway(
      {
        upstream: config.upstream,
        ...(config.upstreamCa !== undefined && { upstreamCa: readPem(config.upstreamCa, '--upstream-ca') }),
        limits: { upstreamQuietMs: config.upstreamTimeoutSeconds * 1000 },
        hostSuffixes: config.hostSuffixes,
        defaultRegion: config.region,
        signatures: config.signatures,
        upstreamCredentials: upstreamKeys?.keys,
      },
      {
        ...parts,
        directory,
        catalogue: loadCatalogue(config.models === undefined ? {} : { modelsDir: config.models }),
      },
    ),
    (g) => g.close(),
  );
  const { caPath, ...tls } = gatewayTls(parts);
  const server = closing(
    await listen(gateway.handle, {
      host: config.host,
      port: config.gatewayPort,
      after: clock.after,
      refuse: gateway.refuse,
      handlesExpect: true,
      ...tls,
    }),
    (s) => s.stop(STOP_GRACE_MS),
  );
  logger.info({ port: server.port, upstreams: config.upstream }, 'capture gateway listens');
  return { port: server.port, ...(caPath !== undefined && { caPath }) };
}

/** With a certificate of the operator's, with certificates of its own for any host that is asked for, or without TLS. */
function gatewayTls({ config, dataDir, clock, random }: GatewayParts) {
  if (config.gatewayTls === 'off') return tlsOf(config.gatewayTlsCert, config.gatewayTlsKey);
  const ca = openLocalCa({ directory: dataDir, clock, random });
  const names = config.hostSuffixes.flatMap((name) => [name, `*.${name}`]);
  return { tls: ca.tls([...new Set([config.host, ...USUAL_NAMES, ...names])]), caPath: ca.certificatePath };
}

/** The keys of a profile, and a way to have them read again. @throws OperatorError when it has none to begin with */
function openProfile(profile: string, env: Readonly<Record<string, string | undefined>>, logger: Logger) {
  const path = sharedCredentialsPath(env);
  const read = (): ProfileKeys => {
    const found = readProfile(path, profile);
    if (found) return found;
    throw new OperatorError(`There is no profile [${profile}] with keys in ${path}; --upstream-profile names it.`);
  };
  let keys = read();
  return {
    keys: () => keys,
    reload() {
      try {
        keys = read();
      } catch (error) {
        logger.error({ err: error }, 'the keys of the upstream could not be read again; those of before still hold');
      }
    },
  };
}

/** The certificate and key of a listener, when it has them. @throws OperatorError */
export function tlsOf(
  cert: string | undefined,
  key: string | undefined,
): Pick<ListenOptions, 'tls'> & Pick<OpenGateway, 'caPath'> {
  if (cert === undefined || key === undefined) return {};
  const flags = 'the certificate and key settings name PEM files';
  return { tls: { cert: readPem(cert, flags), key: readPem(key, flags) } };
}

function readPem(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new OperatorError(`Cannot read ${path}: ${systemErrorCode(error) ?? error}; ${flag}.`);
  }
}

/** A key of this server's own accounts, as the gateway knows keys. */
export function ownIdentity(accessKeyId: string, key: KnownKey | string | undefined): KnownIdentity | undefined {
  if (key === undefined || typeof key === 'string') return undefined;
  const { identity, accountId } = key.caller;
  const { userName } = identity;
  const owner = userName === undefined ? ({ kind: 'root' } as const) : ({ kind: 'user', userName } as const);
  const { active, secretAccessKey } = key;
  return { accessKeyId, identity, accountId, owner, source: 'file', active, secretAccessKey };
}
