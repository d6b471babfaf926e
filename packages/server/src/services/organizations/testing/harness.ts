import { createAuthorizer } from '../../../access/authorizer.ts';
import type { Caller } from '../../../access/caller.ts';
import { createIamStore } from '../../../access/iam-store.ts';
import { createIdentities } from '../../../access/identities.ts';
import { createSealer } from '../../../access/sealed-secrets.ts';
import { FakeClock } from '../../../base/clock.ts';
import { AwsError } from '../../../base/errors.ts';
import { silentLogger } from '../../../base/logger.ts';
import { seededRandom } from '../../../base/random.ts';
import type { NewEvent } from '../../../event/event.ts';
import { memoryState } from '../../../ports/state/memory.ts';
import { loadCatalogue } from '../../../schema/catalogue.ts';
import { type CallContext, factsOf } from '../../../wire/service.ts';
import { createOrganizationSource, createOrganizationStore, openOrganizations } from '../index.ts';

export const MANAGEMENT = '111111111111';
export const OTHER = '222222222222';

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes back
type Output = any;
const schema = loadCatalogue().schema('organizations')!;

/** Organizations over IAM in memory, whose accounts have their administrators. */
export async function harness(state = memoryState()) {
  const clock = new FakeClock();
  const random = seededRandom('organizations');
  const sealer = createSealer(Buffer.alloc(32, 7), random);
  const { accounts } = createIdentities({ state, random, clock, sealer });
  const iam = createIamStore({ state, clock, logger: silentLogger, sealer });
  const events: NewEvent[] = [];
  const keep = async (more: readonly NewEvent[]) => void events.push(...more);
  const log = { start: 0, end: 0 };
  const store = createOrganizationStore(state, log);
  const source = createOrganizationSource(store);
  const deps = { schema, state, clock, random, logger: silentLogger, accounts, iam, keep };
  const { service, close, forCloudTrail } = openOrganizations(deps, store);
  const authorizer = createAuthorizer({ policies: iam, organizations: source });
  for (const id of [MANAGEMENT, OTHER]) await accounts.create(id);

  const contextOf = (operation: string, caller: Caller): CallContext => ({
    operation,
    caller,
    region: 'us-east-1',
    requestId: 'request',
    timeMs: clock.now(),
    sourceIp: '192.0.2.1',
    userAgent: 'test',
    http: { method: 'POST', host: 'organizations', rawPath: '/', query: [], headers: {} },
    notes: {},
    signal: new AbortController().signal,
  });

  /** As the pipeline calls it. */
  async function call(accountId: string, operation: string, input: object = {}): Promise<Output> {
    const caller = user(accountId);
    const context = contextOf(operation, caller);
    await service.authorize?.(context, input as Record<string, unknown>);
    const permission = service.permissions![operation];
    if (typeof permission !== 'function') throw new Error(`no permission of ${operation}`);
    for (const asked of await permission(context, input)) await authorizer.require(caller, factsOf(context), asked);
    return service.operations[operation]!(context, input);
  }

  return {
    state,
    log,
    clock,
    accounts,
    iam,
    events,
    store,
    source,
    service,
    forCloudTrail,
    close,
    call,
    manage: (operation: string, input: object = {}) => call(MANAGEMENT, operation, input),
    /** Whether a user of the account may do it. */
    async allowed(accountId: string, action: string, resource = '*') {
      const caller = user(accountId);
      return authorizer.decide(caller, factsOf(contextOf(action, caller)), { action, resource });
    },
    /** The error of a call that is refused: its name, and the reason when it has one. */
    async refused(accountId: string, operation: string, input: object = {}): Promise<string> {
      const error = await call(accountId, operation, input).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof AwsError)) throw new Error(`not refused: ${String(error)}`);
      return [error.code, ...Object.values(error.members)].join(' ');
    },
    /** A member account, made to its end. */
    async newAccount(name: string, more: object = {}): Promise<string> {
      const input = { AccountName: name, Email: `${name}@example.com`, ...more };
      const { CreateAccountStatus: begun } = await call(MANAGEMENT, 'CreateAccount', input);
      return (await creation(begun.Id)).AccountId;
    },
    creation,
  };

  /** How a creation ended. */
  async function creation(CreateAccountRequestId: string): Promise<Output> {
    for (;;) {
      const answer = await call(MANAGEMENT, 'DescribeCreateAccountStatus', { CreateAccountRequestId });
      if (answer.CreateAccountStatus.State !== 'IN_PROGRESS') return answer.CreateAccountStatus;
      await new Promise(setImmediate);
    }
  }
}

function user(accountId: string): Caller {
  const arn = `arn:aws:iam::${accountId}:user/opentrail`;
  const identity = { type: 'IAMUser', principalId: 'AIDAEXAMPLE', arn, accountId, userName: 'opentrail' };
  return { anonymous: false, accountId, arn, identity, principal: { kind: 'user', name: 'opentrail' } };
}
