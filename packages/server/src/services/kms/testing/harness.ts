import { createAuthorizer, denialOf } from '../../../access/authorizer.ts';
import type { OrganizationSource, PrincipalPolicySource } from '../../../access/principal-policies.ts';
import { unlimitedPolicies } from '../../../access/testing/unlimited.ts';
import { FakeClock } from '../../../base/clock.ts';
import { AwsError } from '../../../base/errors.ts';
import { seededRandom } from '../../../base/random.ts';
import { memoryState } from '../../../ports/state/memory.ts';
import { loadCatalogue } from '../../../schema/catalogue.ts';
import { type CallContext, factsOf } from '../../../wire/service.ts';
import { createKmsForServices, type KmsUse } from '../for-services.ts';
import { kmsService } from '../index.ts';
import { createVault } from '../vault.ts';

export const ACCOUNT = '123456789012';
export const OTHER = '210987654321';
export const HOME = 'us-east-1';
const SCHEMA = loadCatalogue().schema('kms')!;

/** A caller of an account: an IAM user, or root. */
export const user = (userName: string, accountId = ACCOUNT): CallContext['caller'] => {
  const arn = userName === 'root' ? `arn:aws:iam::${accountId}:root` : `arn:aws:iam::${accountId}:user/${userName}`;
  const identity =
    userName === 'root'
      ? { type: 'Root', principalId: accountId, arn, accountId }
      : { type: 'IAMUser', principalId: `AIDA${userName.toUpperCase().padEnd(17, 'X')}`, arn, accountId, userName };
  const principal = userName === 'root' ? { kind: 'root' as const } : { kind: 'user' as const, name: userName };
  return { anonymous: false, accountId, arn, identity, principal };
};
export const alice = user('alice');

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes back
type Output = any;

export function harness(
  seed = 'kms',
  policies: PrincipalPolicySource = unlimitedPolicies,
  organizations?: OrganizationSource,
) {
  const clock = new FakeClock();
  const random = seededRandom(seed);
  const state = memoryState();
  const vault = createVault(Buffer.alloc(32, 7), random);
  const uses: KmsUse[] = [];
  const authorizer = createAuthorizer({ policies });
  const deps = {
    schema: SCHEMA,
    authorizer,
    state,
    vault,
    clock,
    random,
    ...(organizations && { organizations }),
    onUse: async (use: KmsUse) => void uses.push(use),
  };
  const service = kmsService(deps);

  const context = (operation: string, caller = alice, region = HOME): CallContext => ({
    operation,
    caller,
    region,
    requestId: 'request',
    timeMs: clock.now(),
    sourceIp: '192.0.2.1',
    userAgent: 'test',
    http: { method: 'POST', host: 'kms', rawPath: '/', query: [], headers: {} },
    notes: {},
    signal: new AbortController().signal,
  });

  async function permit(asked: CallContext, input: object): Promise<void> {
    await service.authorize?.(asked, input as Record<string, unknown>);
    const permission = service.permissions![asked.operation];
    const requests = typeof permission === 'function' ? await permission(asked, input) : [];
    for (const one of requests) await authorizer.require(asked.caller, factsOf(asked), one, denialOf(SCHEMA));
  }

  /** As the pipeline calls it: authorize, permissions, then the handler. */
  async function call(operation: string, input: object = {}, caller = alice, region = HOME): Promise<Output> {
    const asked = context(operation, caller, region);
    await permit(asked, input);
    const handler = service.operations[operation];
    if (!handler) throw service.notImplemented?.(operation);
    return handler(asked, input);
  }

  /** The code of the error that the call ends with; `ok` when it does not. */
  async function codeOf(operation: string, input: object = {}, caller = alice, region = HOME): Promise<string> {
    try {
      await call(operation, input, caller, region);
      return 'ok';
    } catch (error) {
      if (error instanceof AwsError) return error.code;
      throw error;
    }
  }

  /** A new key's id. */
  const newKey = async (input: object = {}, caller = alice): Promise<string> =>
    (await call('CreateKey', input, caller)).KeyMetadata.KeyId;

  return { ...deps, service, context, permit, call, codeOf, newKey, uses, services: createKmsForServices(deps) };
}

export type Harness = ReturnType<typeof harness>;
export const arnOf = (keyId: string, accountId = ACCOUNT): string => `arn:aws:kms:${HOME}:${accountId}:key/${keyId}`;
