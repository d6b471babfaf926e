import { createAuthorizer } from '../../../access/authorizer.ts';
import type { Caller } from '../../../access/caller.ts';
import { createIamStore } from '../../../access/iam-store.ts';
import { bootstrapAccount, createIdentities } from '../../../access/identities.ts';
import { createSealer } from '../../../access/sealed-secrets.ts';
import { FakeClock } from '../../../base/clock.ts';
import { AwsError } from '../../../base/errors.ts';
import { silentLogger } from '../../../base/logger.ts';
import { seededRandom } from '../../../base/random.ts';
import { memoryState } from '../../../ports/state/memory.ts';
import { loadCatalogue } from '../../../schema/catalogue.ts';
import { type CallContext, factsOf } from '../../../wire/service.ts';
import { iamService } from '../index.ts';

export const ACCOUNT = '123456789012';
export const OTHER = '210987654321';
const SCHEMA = loadCatalogue().schema('iam')!;

const callerOf = (accountId: string, type: string, resource: string, principal: Caller['principal']): Caller => {
  const arn = `arn:aws:iam::${accountId}:${resource}`;
  const identity = {
    type,
    principalId: 'AIDAEXAMPLE',
    arn,
    accountId,
    ...(principal.kind === 'user' && { userName: principal.name! }),
  };
  return { anonymous: false, accountId, arn, identity, principal } as Caller;
};
export const user = (name: string, accountId = ACCOUNT): Caller =>
  callerOf(accountId, 'IAMUser', `user/${name}`, { kind: 'user', name });
export const root = (accountId = ACCOUNT): Caller => callerOf(accountId, 'Root', 'root', { kind: 'root' });
export const admin = user('opentrail');

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes back
type Output = any;

/** IAM over a State in memory, with two accounts, called as the pipeline calls it: rules, permissions, handler. */
export async function harness(state = memoryState()) {
  const clock = new FakeClock();
  const random = seededRandom('iam');
  const sealer = createSealer(Buffer.alloc(32, 3), random);
  const identities = createIdentities({ state, random, clock, sealer });
  await bootstrapAccount({ state, random, clock, sealer }, ACCOUNT);
  await bootstrapAccount({ state, random, clock, sealer }, OTHER);
  const store = createIamStore({ state, clock, logger: silentLogger, sealer });
  const service = iamService({ schema: SCHEMA, store, sealer, clock, random });
  const authorizer = createAuthorizer({ policies: store });

  const context = (operation: string, caller: Caller): CallContext => ({
    operation,
    caller,
    region: 'us-east-1',
    requestId: 'request',
    timeMs: clock.now(),
    sourceIp: '192.0.2.1',
    userAgent: 'test',
    http: { method: 'POST', host: 'iam', rawPath: '/', query: [], headers: {} },
    notes: {},
    signal: new AbortController().signal,
  });

  async function call(operation: string, input: object = {}, caller: Caller = admin): Promise<Output> {
    const asked = context(operation, caller);
    await service.authorize?.(asked, input as Record<string, unknown>);
    const permission = service.permissions![operation];
    const requests =
      typeof permission === 'function'
        ? await permission(asked, input)
        : [{ action: `iam:${operation}`, resource: '*' }];
    for (const request of requests) await authorizer.require(caller, factsOf(asked), request);
    const handler = service.operations[operation];
    if (!handler) throw service.notImplemented?.(operation);
    return handler(asked, input);
  }

  /** How the call ends: `ok`, or the code and message of its error. */
  async function ends(operation: string, input: object = {}, caller: Caller = admin): Promise<string> {
    try {
      await call(operation, input, caller);
      return 'ok';
    } catch (error) {
      if (error instanceof AwsError) return `${error.code}: ${error.message}`;
      throw error;
    }
  }

  return { state, clock, random, sealer, identities, store, service, authorizer, call, ends };
}
export type Harness = Awaited<ReturnType<typeof harness>>;

export const allow = (action: string, resource = '*'): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: resource }] });
export const trust = (principal: object): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' }],
  });
