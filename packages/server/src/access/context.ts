import { type Caller, canonicalUserId } from './caller.ts';
import type { PolicyRequest, RequestPrincipal } from './policy.ts';
import type { AccountPlace } from './principal-policies.ts';

/** What every request brings for conditions, as far as the wire knows it. */
export interface RequestFacts {
  readonly timeMs: number;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly secureTransport: boolean;
  readonly region?: string;
  readonly referer?: string;
  /** The services through which the call came, by their host names, the first first. */
  readonly calledVia?: readonly string[];
}

type Context = PolicyRequest['context'];

/** The caller as policies name it. */
export function principalOf(caller: Caller, bounded = false): RequestPrincipal {
  if (caller.anonymous) return { kind: 'anonymous' };
  const { accountId, arn, identity, principal } = caller;
  if (principal.kind === 'service') return { kind: 'service', service: principal.name ?? '' };
  const roleArn = issuerOf(caller);
  return {
    kind: 'aws',
    accountId,
    arn,
    canonicalUserId: canonicalUserId(accountId),
    ...(identity.principalId !== undefined && { uniqueId: identity.principalId.split(':')[0]! }),
    ...(roleArn !== undefined && { roleArn }),
    ...(bounded && { bounded }),
  };
}

/** Of a session: the role that it was made from, or the user who federated. */
const issuerOf = ({ identity }: Caller): string | undefined =>
  (identity.sessionContext?.sessionIssuer as { readonly arn?: string } | undefined)?.arn;

const PRINCIPAL_TYPES: Readonly<Record<Caller['principal']['kind'], string>> = {
  root: 'Account',
  user: 'User',
  role: 'AssumedRole',
  federated: 'FederatedUser',
  service: 'Service',
  anonymous: 'Anonymous',
};

/** A caller's request, as the global condition keys see it. */
export interface AskedBy {
  readonly caller: Caller;
  readonly facts: RequestFacts;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Of the caller's account. */
  readonly place?: AccountPlace | undefined;
  /** Of the account that the resource belongs to. */
  readonly resourceAccountId?: string | undefined;
  readonly resourcePlace?: AccountPlace | undefined;
}

type Value = string | readonly string[] | undefined;

/**
 * The global condition keys, in lower case (IAM user guide, "AWS global condition context keys"). Each is worked out only
 * when a policy asks for it. Services add those of their resources; there are no VPCs here, so that their keys are absent.
 */
const GLOBAL_KEYS: ReadonlyMap<string, (asked: AskedBy) => Value> = new Map<string, (asked: AskedBy) => Value>([
  ['aws:currenttime', ({ facts }) => new Date(facts.timeMs).toISOString()],
  ['aws:epochtime', ({ facts }) => epochSeconds(facts.timeMs)],
  ['aws:sourceip', ({ facts }) => facts.sourceIp],
  ['aws:useragent', ({ facts }) => facts.userAgent],
  ['aws:referer', ({ facts }) => facts.referer],
  ['aws:securetransport', ({ facts }) => String(facts.secureTransport)],
  ['aws:requestedregion', ({ facts }) => facts.region],
  ['aws:viaawsservice', ({ facts }) => String((facts.calledVia ?? []).length > 0)],
  ['aws:calledvia', ({ facts }) => facts.calledVia],
  ['aws:calledviafirst', ({ facts }) => facts.calledVia?.[0]],
  ['aws:calledvialast', ({ facts }) => facts.calledVia?.at(-1)],

  ['aws:principalisawsservice', ({ caller }) => String(caller.principal.kind === 'service')],
  ['aws:principalservicename', ({ caller }) => serviceName(caller)],
  ['aws:principalservicenameslist', ({ caller }) => optionalList(serviceName(caller))],
  ['aws:principaltype', ({ caller }) => PRINCIPAL_TYPES[caller.principal.kind]],
  ['aws:userid', ({ caller }) => (caller.anonymous ? 'anonymous' : caller.identity.principalId)],
  ['aws:username', ({ caller }) => (caller.principal.kind === 'user' ? caller.identity.userName : undefined)],
  ['aws:principalaccount', ({ caller }) => (caller.anonymous ? undefined : caller.accountId)],
  ['aws:principalarn', ({ caller }) => principalArn(caller)],
  ['aws:principalorgid', ({ place }) => place?.organizationId],
  ['aws:principalorgpaths', ({ place }) => optionalList(place?.path)],

  ['aws:resourceaccount', ({ caller, resourceAccountId }) => resourceAccountId ?? caller.accountId],
  ['aws:resourceorgid', ({ resourcePlace }) => resourcePlace?.organizationId],
  ['aws:resourceorgpaths', ({ resourcePlace }) => optionalList(resourcePlace?.path)],

  // Only temporary credentials bring these: with long-term ones MultiFactorAuthPresent is absent too, not false.
  ['aws:tokenissuetime', ({ caller }) => isoTime(caller.principal.session?.issuedMs)],
  ['aws:multifactorauthpresent', ({ caller }) => caller.principal.session && String(caller.principal.session.mfa)],
  ['aws:multifactorauthage', ({ caller, facts }) => mfaAge(caller, facts.timeMs)],
  ['aws:sourceidentity', ({ caller }) => caller.principal.session?.sourceIdentity],
  ['aws:federatedprovider', ({ caller }) => caller.principal.session?.externalProvider],
]);

/**
 * What a request has for a global condition key.
 * @param key lower case
 */
export function globalKey(asked: AskedBy, key: string): Value {
  const known = GLOBAL_KEYS.get(key);
  if (known) return known(asked);
  return key.startsWith(PRINCIPAL_TAG) ? principalTag(asked, key.slice(PRINCIPAL_TAG.length)) : undefined;
}

/** All of them that the request has, for whoever needs them at once. */
export function callerContext(caller: Caller, facts: RequestFacts): Context {
  const context: Record<string, string | readonly string[]> = {};
  for (const [key, workOut] of GLOBAL_KEYS) {
    const value = workOut({ caller, facts });
    if (value !== undefined) context[key] = value;
  }
  return context;
}

const PRINCIPAL_TAG = 'aws:principaltag/';

/** A session's own tags win over those of its role or user. */
function principalTag({ caller, tags = {} }: AskedBy, folded: string): Value {
  for (const own of [caller.principal.session?.tags ?? {}, tags]) {
    const values = Object.keys(own).filter((name) => name.toLowerCase() === folded);
    if (values.length > 0) return values.map((name) => own[name]!);
  }
  return undefined;
}

/** Policies know a session by its role; a federated user by the session. */
function principalArn(caller: Caller): Value {
  if (caller.anonymous) return undefined;
  return (caller.principal.kind === 'role' ? issuerOf(caller) : undefined) ?? caller.arn;
}

function mfaAge({ principal: { session } }: Caller, timeMs: number): Value {
  return session?.mfa ? String(Math.max(0, Math.floor((timeMs - session.issuedMs) / 1000))) : undefined;
}

const serviceName = ({ principal }: Caller) => (principal.kind === 'service' ? principal.name : undefined);
const optionalList = (value: string | undefined): Value => (value === undefined ? undefined : [value]);
const isoTime = (ms: number | undefined): Value => (ms === undefined ? undefined : new Date(ms).toISOString());
const epochSeconds = (ms: number): string => String(Math.floor(ms / 1000));

/** The same for a service that acts for one of its resources. It comes from no address that a policy could name. */
export function serviceContext(
  caller: { readonly service: string; readonly sourceArn: string; readonly sourceAccount: string },
  timeMs: number,
  sourcePlace?: Pick<AccountPlace, 'organizationId' | 'path'>,
): Context {
  return {
    'aws:CurrentTime': new Date(timeMs).toISOString(),
    'aws:EpochTime': epochSeconds(timeMs),
    'aws:PrincipalIsAWSService': 'true',
    'aws:PrincipalServiceName': caller.service,
    'aws:PrincipalServiceNamesList': [caller.service],
    'aws:SecureTransport': 'true',
    'aws:SourceArn': caller.sourceArn,
    'aws:SourceAccount': caller.sourceAccount,
    ...(sourcePlace && {
      'aws:SourceOrgID': sourcePlace.organizationId,
      'aws:SourceOrgPaths': [sourcePlace.path],
    }),
  };
}

/** Of the account that the resource belongs to, for whoever asks in a service's name. */
export const resourceContext = (accountId: string, place: AccountPlace | undefined): Context => ({
  'aws:ResourceAccount': accountId,
  ...(place && { 'aws:ResourceOrgID': place.organizationId, 'aws:ResourceOrgPaths': [place.path] }),
});

/** Tags as condition keys. Names that differ by case alone are one key with several values. */
export function tagContext(
  prefix: 'aws:RequestTag' | 'aws:ResourceTag',
  tags: Readonly<Record<string, string>>,
): Context {
  const context: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(tags)) {
    const key = `${prefix}/${name}`.toLowerCase();
    if (Object.hasOwn(context, key)) context[key]!.push(value);
    else context[key] = [value];
  }
  return context;
}

/** The tags that a request sets. */
export function requestTagContext(tags: Readonly<Record<string, string>>): Context {
  const names = Object.keys(tags);
  return { ...tagContext('aws:RequestTag', tags), ...(names.length > 0 && { 'aws:TagKeys': names }) };
}
