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

/** What IAM and Organizations know of caller and resource. */
export interface PrincipalFacts {
  /** Of the user or role. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly place?: AccountPlace | undefined;
}

type Context = PolicyRequest['context'];

/** The caller as policies name it. */
export function principalOf(caller: Caller, bounded = false): RequestPrincipal {
  if (caller.anonymous) return { kind: 'anonymous' };
  const { accountId, arn, identity } = caller;
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

/**
 * The global condition keys of a caller's request (IAM user guide, "AWS global condition context keys"). Services add
 * those of their resources; there are no VPCs here, so that their keys are absent.
 */
export function callerContext(caller: Caller, facts: RequestFacts, known: PrincipalFacts = {}): Context {
  const { identity, principal, anonymous } = caller;
  return {
    ...factsContext(facts),
    'aws:PrincipalIsAWSService': 'false',
    'aws:PrincipalType': PRINCIPAL_TYPES[principal.kind],
    'aws:userid': anonymous ? 'anonymous' : (identity.principalId ?? ''),
    ...(!anonymous && {
      'aws:PrincipalAccount': caller.accountId,
      'aws:PrincipalArn': (principal.kind === 'role' && issuerOf(caller)) || caller.arn,
    }),
    ...(principal.kind === 'user' && identity.userName !== undefined && { 'aws:username': identity.userName }),
    ...tagContext('aws:PrincipalTag', { ...known.tags, ...principal.session?.tags }),
    ...(known.place && {
      'aws:PrincipalOrgID': known.place.organizationId,
      'aws:PrincipalOrgPaths': [known.place.path],
    }),
    ...sessionContext(principal.session, facts.timeMs),
  };
}

/** Keys that only temporary credentials bring: with long-term ones also `MultiFactorAuthPresent` is absent, not false. */
function sessionContext(session: Caller['principal']['session'], timeMs: number): Context {
  if (!session) return {};
  const { issuedMs, mfa, sourceIdentity, externalProvider } = session;
  return {
    'aws:TokenIssueTime': new Date(issuedMs).toISOString(),
    'aws:MultiFactorAuthPresent': String(mfa),
    ...(mfa && { 'aws:MultiFactorAuthAge': String(Math.max(0, Math.floor((timeMs - issuedMs) / 1000))) }),
    ...(sourceIdentity !== undefined && { 'aws:SourceIdentity': sourceIdentity }),
    ...(externalProvider !== undefined && { 'aws:FederatedProvider': externalProvider }),
  };
}

/** The same for a service that acts for one of its resources. It comes from no address that a policy could name. */
export function serviceContext(
  caller: { readonly service: string; readonly sourceArn: string; readonly sourceAccount: string },
  timeMs: number,
  sourcePlace?: AccountPlace,
): Context {
  return {
    ...timeContext(timeMs),
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

/** Of the account that the resource belongs to. */
export const resourceContext = (accountId: string, place: AccountPlace | undefined): Context => ({
  'aws:ResourceAccount': accountId,
  ...(place && { 'aws:ResourceOrgID': place.organizationId, 'aws:ResourceOrgPaths': [place.path] }),
});

/** Tags as condition keys. Names that differ by case alone are one key with several values. */
export function tagContext(
  prefix: 'aws:PrincipalTag' | 'aws:RequestTag' | 'aws:ResourceTag',
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

function factsContext({ timeMs, sourceIp, userAgent, secureTransport, region, referer, calledVia }: RequestFacts) {
  const via = calledVia !== undefined && calledVia.length > 0;
  return {
    ...timeContext(timeMs),
    'aws:SourceIp': sourceIp,
    'aws:UserAgent': userAgent,
    'aws:SecureTransport': String(secureTransport),
    'aws:ViaAWSService': String(via),
    ...(via && {
      'aws:CalledVia': calledVia,
      'aws:CalledViaFirst': calledVia[0]!,
      'aws:CalledViaLast': calledVia.at(-1)!,
    }),
    ...(region !== undefined && { 'aws:RequestedRegion': region }),
    ...(referer !== undefined && { 'aws:Referer': referer }),
  };
}

const timeContext = (timeMs: number) => ({
  'aws:CurrentTime': new Date(timeMs).toISOString(),
  'aws:EpochTime': String(Math.floor(timeMs / 1000)),
});
