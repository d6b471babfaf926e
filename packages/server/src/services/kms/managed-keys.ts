import { uuid } from '../../base/random.ts';
import { StateConflict } from '../../ports/state.ts';
import type { KmsDeps } from './deps.ts';
import { ALIAS, type Alias, aliasKey, type Key, type KeyPlace, keyKey } from './key.ts';
import { managedPolicy } from './policy.ts';

/** Services that have a key of their own in every account, made when somebody first asks for it. */
export const MANAGED_SERVICES: ReadonlySet<string> = new Set([
  ...['cloudtrail', 'dynamodb', 'ebs', 'kinesis', 'lambda', 'logs', 'rds', 's3', 'secretsmanager', 'sns', 'sqs', 'ssm'],
]);
/** AWS rotates its managed keys every year. */
const ROTATION_DAYS = 365;
const DAY_MS = 86_400_000;

/** Makes the AWS managed key behind `alias/aws/…`, once; does nothing for names that no service has. */
export async function makeManagedKey(deps: KmsDeps, place: KeyPlace, alias: string): Promise<void> {
  const service = alias.slice(`${ALIAS}aws/`.length);
  if (!MANAGED_SERVICES.has(service)) return;
  const { accountId, region } = place;
  const keyId = uuid(deps.random);
  const createdMs = deps.clock.now();
  const key: Key = {
    accountId,
    region,
    keyId,
    createdMs,
    description: `Default key that protects data of ${service} when no other key is named`,
    manager: 'AWS',
    enabled: true,
    policy: managedPolicy(service, accountId, region),
    tags: [],
    aliases: [alias],
    rotation: { periodDays: ROTATION_DAYS, nextMs: createdMs + ROTATION_DAYS * DAY_MS },
    materials: [deps.vault.make({ accountId, region, keyId }, createdMs)],
  };
  const named: Alias = { keyId, createdMs, updatedMs: createdMs };
  try {
    await deps.state.write([
      { put: aliasKey(place, alias), value: named, ifVersion: 'absent' },
      { put: keyKey(place, keyId), value: key, ifVersion: 'absent' },
    ]);
  } catch (error) {
    if (!(error instanceof StateConflict)) throw error; // somebody else was first
  }
}
