import { createAuthorizer } from '../authorizer.ts';
import type { Caller, CallerSession } from '../caller.ts';
import type { RequestFacts } from '../context.ts';
import { parsePolicy } from '../parse-policy.ts';
import type { Policy, PolicyRequest } from '../policy.ts';
import type { AccountPlace } from '../principal-policies.ts';

/** A request and all policies that have a say in it, as short as a table of a hundred wants it. */
export interface Case {
  readonly as?: Caller;
  readonly identity?: Statements;
  readonly boundary?: Statements;
  /** Session policies. */
  readonly session?: readonly Statements[];
  /** Service control policies, by level. */
  readonly scp?: readonly (readonly Statements[])[];
  /** The resource's policy. */
  readonly resource?: Statements;
  readonly owner?: string;
  /** The resource's policy must allow in its own account too. */
  readonly decides?: boolean;
  readonly granted?: boolean;
  readonly do: string;
  /** Default: `*`. */
  readonly on?: string;
  readonly with?: PolicyRequest['context'];
  readonly facts?: Partial<RequestFacts>;
  /** Of the user or role. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly place?: Partial<AccountPlace>;
}
export type Statements = readonly Statement[];
// biome-ignore lint/suspicious/noExplicitAny: statements are JSON
type Statement = Readonly<Record<string, any>>;

export const ACCOUNT = '123456789012';
export const OTHER = '999999999999';
const FACTS: RequestFacts = {
  timeMs: Date.UTC(2026, 0, 2, 12),
  sourceIp: '203.0.113.7',
  userAgent: 'aws-cli/2',
  secureTransport: true,
  region: 'us-east-1',
};

export const user = (name = 'alice', accountId = ACCOUNT, session?: Partial<CallerSession>): Caller => {
  const arn = `arn:aws:iam::${accountId}:user/${name}`;
  return {
    anonymous: false,
    accountId,
    arn,
    identity: { type: 'IAMUser', principalId: `AIDA${name.toUpperCase()}`, arn, accountId, userName: name },
    principal: { kind: 'user', name, ...(session && { session: sessionOf(session) }) },
  };
};
export const root = (accountId = ACCOUNT): Caller => {
  const arn = `arn:aws:iam::${accountId}:root`;
  const identity = { type: 'Root', principalId: accountId, arn, accountId };
  return { anonymous: false, accountId, arn, identity, principal: { kind: 'root' } };
};
export const role = (name = 'admin', accountId = ACCOUNT, session: Partial<CallerSession> = {}): Caller => {
  const arn = `arn:aws:sts::${accountId}:assumed-role/${name}/me`;
  const sessionIssuer = { type: 'Role', arn: `arn:aws:iam::${accountId}:role/${name}`, accountId, userName: name };
  const principalId = `AROA${name.toUpperCase()}:me`;
  const identity = { type: 'AssumedRole', principalId, arn, accountId, sessionContext: { sessionIssuer } };
  return { anonymous: false, accountId, arn, identity, principal: { kind: 'role', name, session: sessionOf(session) } };
};
/** Of GetFederationToken, called by alice. */
export const federated = (name = 'bob', accountId = ACCOUNT): Caller => {
  const arn = `arn:aws:sts::${accountId}:federated-user/${name}`;
  const sessionIssuer = { type: 'IAMUser', arn: `arn:aws:iam::${accountId}:user/alice`, accountId, userName: 'alice' };
  const principalId = `${accountId}:${name}`;
  const identity = { type: 'FederatedUser', principalId, arn, accountId, sessionContext: { sessionIssuer } };
  const principal = { kind: 'federated' as const, name: 'alice', session: sessionOf({}) };
  return { anonymous: false, accountId, arn, identity, principal };
};
export const service = (name: string): Caller => ({
  anonymous: false,
  accountId: '',
  arn: name,
  identity: { type: 'AWSService', invokedBy: name },
  principal: { kind: 'service', name },
});
export const nobody: Caller = {
  anonymous: true,
  accountId: 'anonymous',
  arn: '*',
  identity: { type: 'AWSAccount', principalId: '' },
  principal: { kind: 'anonymous' },
};

const sessionOf = (over: Partial<CallerSession>): CallerSession => ({
  issuedMs: FACTS.timeMs - 600_000,
  expiresMs: FACTS.timeMs + 3_000_000,
  mfa: false,
  policies: [],
  tags: {},
  ...over,
});

export const allow = (
  action: string | readonly string[],
  resource: unknown = '*',
  more: Statement = {},
): Statement => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
  ...more,
});
export const deny = (action: string | readonly string[], resource: unknown = '*', more: Statement = {}): Statement => ({
  ...allow(action, resource, more),
  Effect: 'Deny',
});
export const when = (Condition: Statement): Statement => ({ Condition });
export const to = (Principal: unknown, more: Statement = {}): Statement => ({ Principal, ...more });

const json = (statements: Statements) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const parsed = (statements: Statements, principal: 'required' | 'refused'): Policy => {
  const outcome = parsePolicy(json(statements), { principal });
  if ('problem' in outcome) throw new Error(`${outcome.problem}: ${json(statements)}`);
  return outcome.policy;
};
const own = (statements: Statements) => parsed(statements, 'refused');

/** `allowed`, or who said no: `identity-based` by silence, `deny: identity-based` by a Deny. */
export async function decisionOf(c: Case): Promise<string> {
  const caller = withSessionPolicies(c.as ?? user(), c.session);
  const known = {
    identity: c.identity ? [own(c.identity)] : [],
    ...(c.boundary && { boundary: own(c.boundary) }),
    tags: c.tags ?? {},
  };
  const place: AccountPlace | undefined =
    c.scp || c.place
      ? {
          organizationId: 'o-example',
          path: 'o-example/r-root/ou-one/',
          managementAccountId: '000000000000',
          serviceControl: (c.scp ?? []).map((level) => level.map(own)),
          ...c.place,
        }
      : undefined;
  const authorizer = createAuthorizer({
    policies: { policiesOf: async () => known },
    ...(place && { organizations: { placeOf: async (id) => (id === OTHER ? undefined : place) } }),
  });
  const { allowed, kind, by } = await authorizer.decide(
    caller,
    { ...FACTS, ...c.facts },
    {
      action: c.do,
      resource: c.on ?? '*',
      ...(c.with && { context: c.with }),
      ...(c.resource && { resourcePolicy: parsed(c.resource, 'required') }),
      ...(c.owner !== undefined && { resourceAccountId: c.owner }),
      ...(c.decides !== undefined && { resourceDecides: c.decides }),
      ...(c.granted !== undefined && { granted: c.granted }),
    },
  );
  return allowed ? 'allowed' : `${kind === 'explicit-deny' ? 'deny: ' : ''}${by}`;
}

function withSessionPolicies(caller: Caller, policies: Case['session']): Caller {
  const { principal } = caller;
  if (!policies || !principal.session) return caller;
  return { ...caller, principal: { ...principal, session: { ...principal.session, policies: policies.map(json) } } };
}
