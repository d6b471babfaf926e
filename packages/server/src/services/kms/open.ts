import { environmentKeys } from '../../access/credentials-file.ts';
import { purposeKey } from '../../access/sealed-secrets.ts';
import type { Clock } from '../../base/clock.ts';
import { OperatorError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { NewEvent } from '../../event/event.ts';
import type { Service } from '../../wire/service.ts';
import type { KeyEvent, KmsDeps } from './deps.ts';
import { openExternalMaster } from './external-master.ts';
import { createKmsForServices, type KmsForServices, type KmsUse } from './for-services.ts';
import { kmsService } from './index.ts';
import { openMasterKey } from './master-key.ts';
import { eventOfKeyEvent, eventsOfUse } from './records.ts';
import { startKeySweep } from './sweep.ts';
import { createVault } from './vault.ts';

export interface OpenKmsOptions extends Omit<KmsDeps, 'vault' | 'onEvent'> {
  readonly logger: Logger;
  /** The data folder, where the master key is kept unless it is kept elsewhere. */
  readonly dataDir: string;
  /** `--kms-master`: ARN or URL of a key of another KMS. */
  readonly master?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Makes records durable: of what services do with keys, before they get them, and of what KMS does by itself. */
  readonly keep: (events: readonly NewEvent[]) => Promise<void>;
}

export interface Kms {
  readonly service: Service;
  readonly forServices: KmsForServices;
  /** A key for one use alone, made of the master key, for what this server encrypts by itself. */
  purposeKey(purpose: string): Buffer;
  close(): Promise<void>;
}

/** Where the master key may be given instead of being kept in the data folder. */
const MASTER_KEY_ENV = 'OPENTRAIL_KMS_MASTER_KEY';

/** Opens the master key, and all that stands on it. @throws OperatorError */
export async function openKms(options: OpenKmsOptions): Promise<Kms> {
  const { dataDir: dir, state, random, env } = options;
  const fromEnvironment = env[MASTER_KEY_ENV] === '' ? undefined : env[MASTER_KEY_ENV];
  const external = options.master === undefined ? undefined : openMaster(options.master, options.clock, env);
  const masterKey = await openMasterKey({ dir, state, random, fromEnvironment, external });
  const deps = {
    ...options,
    vault: createVault(masterKey, random),
    onUse: (use: KmsUse) => keepAll(eventsOfUse(options, use)),
    onEvent: (event: KeyEvent) => keepAll([eventOfKeyEvent(options, event)]),
  };
  return {
    service: kmsService(deps),
    forServices: createKmsForServices(deps),
    purposeKey: (purpose) => purposeKey(masterKey, purpose),
    close: startKeySweep(deps),
  };

  async function keepAll(events: readonly NewEvent[]): Promise<void> {
    if (events.length > 0) await options.keep(events);
  }
}

function openMaster(key: string, clock: Clock, env: OpenKmsOptions['env']) {
  const credentials = environmentKeys(env);
  if (credentials) return openExternalMaster({ key, credentials, clock });
  throw new OperatorError(
    '--kms-master needs credentials for that KMS: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN).',
  );
}
