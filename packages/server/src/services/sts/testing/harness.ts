import { createAuthorizer } from '../../../access/authorizer.ts';
import type { Caller } from '../../../access/caller.ts';
import { createDenialMessages, DENIAL_MESSAGE_HEADER } from '../../../access/denial-messages.ts';
import { parsePolicy } from '../../../access/parse-policy.ts';
import type { Policy } from '../../../access/policy.ts';
import { createSessionKeys } from '../../../access/session-keys.ts';
import { createSessions } from '../../../access/sessions.ts';
import { FakeClock } from '../../../base/clock.ts';
import { AwsError } from '../../../base/errors.ts';
import { seededRandom } from '../../../base/random.ts';
import { memoryState } from '../../../ports/state/memory.ts';
import { loadSchema } from '../../../schema/load.ts';
import type { CallContext } from '../../../wire/service.ts';
import type { StsDeps, StsMfaDevice, StsOidcProvider, StsRole } from '../deps.ts';
import { stsService } from '../index.ts';
import { createOidcKeys, type OidcFetch } from '../oidc-keys.ts';

export const ACCOUNT = '123456789012';
export const OTHER = '210987654321';
export const SEED = Buffer.from('12345678901234567890');
export const arnOfRole = (name: string, accountId = ACCOUNT) => `arn:aws:iam::${accountId}:role/${name}`;
export const arnOfUser = (name: string, accountId = ACCOUNT) => `arn:aws:iam::${accountId}:user/${name}`;
export const mfaOf = (name: string) => `arn:aws:iam::${ACCOUNT}:mfa/${name}`;

type Statement = Readonly<Record<string, unknown>>;
export const policyOf = (...statements: Statement[]): Policy => {
  const parsed = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), {
    principal: statements.some((s) => 'Principal' in s) ? 'required' : 'refused',
  });
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.policy;
};
/** A trust policy's statement, which names no resource. */
export const trusting = (principal: unknown, more: Statement = {}): Policy =>
  policyOf({ Effect: 'Allow', Principal: principal, Action: 'sts:*', Resource: '*', ...more });
export const allowing = (...actions: string[]): Policy => policyOf({ Effect: 'Allow', Action: actions, Resource: '*' });

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes back
type Output = any;

/** STS over an IAM that tests fill by hand. */
export function harness(fetch?: OidcFetch) {
  const clock = new FakeClock();
  const sessions = createSessions(Buffer.alloc(32, 3), seededRandom('sts'));
  const state = memoryState();
  const roles = new Map<string, StsRole>();
  const policies = new Map<string, Policy[]>();
  const devices = new Map<string, StsMfaDevice>();
  const providers = new Map<string, StsOidcProvider>();
  const nameOf = (arn: string) => arn.split('/').at(-1)!;

  const denialMessages = createDenialMessages(Buffer.alloc(32, 3), seededRandom('denials'));
  const authorizer = createAuthorizer({
    denialMessages,
    policies: {
      policiesOf: async (accountId, { kind, name }) => ({
        identity: policies.get(kind === 'role' ? arnOfRole(name!, accountId) : arnOfUser(name!, accountId)) ?? [],
        tags: {},
      }),
    },
  });
  const deps: StsDeps = {
    schema: loadSchema('sts'),
    sessions,
    state,
    clock,
    authorizer,
    denialMessages,
    oidcKeys: createOidcKeys(fetch ?? { issuerOf: (url) => `https://${url}`, json: async () => ({}) }, clock),
    directory: {
      role: async (accountId, name) => roles.get(`${accountId}/${name}`),
      oidcProvider: async (accountId, url) => providers.get(`${accountId}/${url}`),
      mfaDevice: async (_accountId, serialNumber) => devices.get(serialNumber.toLowerCase()),
      hasPolicy: async (_accountId, arn) => arn.startsWith('arn:aws:iam::aws:policy/'),
      accountOfKey: async (id) => (id === 'AKIAIOSFODNN7EXAMPLE' ? OTHER : undefined),
    },
  };
  const service = stsService(deps);
  const findKey = createSessionKeys({
    sessions,
    clock,
    directory: {
      user: async (accountId, name) => ({ userId: `AIDA${name}`, arn: arnOfUser(name, accountId) }),
      role: async (accountId, name) => roles.get(`${accountId}/${name}`),
      managedPolicy: async () => undefined,
    },
  });

  const user = (name: string, accountId = ACCOUNT): Caller => {
    const arn = arnOfUser(name, accountId);
    const identity = { type: 'IAMUser', principalId: `AIDA${name}`, arn, accountId, userName: name };
    return { anonymous: false, accountId, arn, identity, principal: { kind: 'user', name } };
  };
  const root = (accountId = ACCOUNT): Caller => {
    const arn = `arn:aws:iam::${accountId}:root`;
    const identity = { type: 'Root', principalId: accountId, arn, accountId };
    return { anonymous: false, accountId, arn, identity, principal: { kind: 'root' } };
  };
  const anonymous: Caller = {
    anonymous: true,
    accountId: 'anonymous',
    arn: '*',
    identity: { type: 'AWSAccount' },
    principal: { kind: 'anonymous' },
  };

  const contextOf = (operation: string, caller: Caller): CallContext => ({
    operation,
    caller,
    region: 'us-east-1',
    requestId: 'request',
    timeMs: clock.now(),
    sourceIp: '192.0.2.1',
    userAgent: 'test',
    http: { method: 'POST', host: 'sts', rawPath: '/', query: [], headers: {} },
    notes: {},
    signal: new AbortController().signal,
  });
  /** As the pipeline calls it. */
  async function call(caller: Caller, operation: string, input: object = {}, context = contextOf(operation, caller)) {
    await service.authorize?.(context, input as Record<string, unknown>);
    const permission = service.permissions![operation];
    if (typeof permission === 'function') {
      for (const asked of await permission(context, input)) await authorizer.require(caller, factsFor(context), asked);
    }
    return (await service.operations[operation]!(context, input)) as Output;
  }

  return {
    clock,
    state,
    sessions,
    service,
    user,
    root,
    anonymous,
    contextOf,
    call,
    providers,
    /** What a denied call says about itself, encoded. */
    async denialOf(caller: Caller, operation: string, input: object = {}): Promise<string> {
      const error = await call(caller, operation, input).catch((thrown: AwsError) => thrown);
      return (error as AwsError).headers[DENIAL_MESSAGE_HEADER]!;
    },
    /** The error of a call that is refused: its code and message. */
    async refused(caller: Caller, operation: string, input: object = {}) {
      const error = await call(caller, operation, input).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof AwsError)) throw new Error(`not refused: ${String(error)}`);
      return `${error.code}: ${error.message}`;
    },
    /** Whom the credentials of an answer stand for. */
    async callerOf({ Credentials }: Output): Promise<Caller> {
      const key = await findKey(Credentials.AccessKeyId, Credentials.SessionToken);
      if (typeof key === 'string') throw new Error(key);
      return key.caller;
    },
    role(name: string, trustPolicy: Policy, more: Partial<StsRole> & { readonly accountId?: string } = {}) {
      const { accountId = ACCOUNT, ...rest } = more;
      const arn = arnOfRole(name, accountId);
      const roleId = `AROA${nameOf(arn).toUpperCase()}`;
      const role = { roleName: name, roleId, arn, trustPolicy, maxSessionSeconds: 3600, tags: {}, ...rest };
      roles.set(`${accountId}/${name}`, role);
      return arn;
    },
    allow(arn: string, ...actions: string[]) {
      policies.set(arn, [allowing(...actions)]);
    },
    mfaDevice(serialNumber: string, device: StsMfaDevice) {
      devices.set(serialNumber, device);
    },
  };
}

const factsFor = ({ timeMs, sourceIp, userAgent }: CallContext) => ({
  timeMs,
  sourceIp,
  userAgent,
  secureTransport: false,
});
