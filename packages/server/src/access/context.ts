import { type Caller, canonicalUserId } from './caller.ts';
import type { PolicyRequest, RequestPrincipal } from './policy.ts';

/** What every request brings for conditions, as far as the wire knows it. */
export interface RequestFacts {
  readonly timeMs: number;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly secureTransport: boolean;
}

/** The caller as policies name it. */
export function principalOf(caller: Caller): RequestPrincipal {
  if (caller.anonymous) return { kind: 'anonymous' };
  const { accountId, arn, identity } = caller;
  const roleArn = roleOf(caller);
  return {
    kind: 'aws',
    accountId,
    arn,
    canonicalUserId: canonicalUserId(accountId),
    ...(identity.principalId !== undefined && { uniqueId: identity.principalId.split(':')[0]! }),
    ...(roleArn !== undefined && { roleArn }),
  };
}

/** Of a session: the role that it was made from. */
const roleOf = ({ identity }: Caller): string | undefined =>
  (identity.sessionContext?.sessionIssuer as { readonly arn?: string } | undefined)?.arn;

const PRINCIPAL_TYPES: Readonly<Record<string, string>> = {
  Root: 'Account',
  IAMUser: 'User',
  AssumedRole: 'AssumedRole',
  FederatedUser: 'FederatedUser',
};

/** The global condition keys of a caller's request. Services add their own. */
export function callerContext(caller: Caller, facts: RequestFacts): PolicyRequest['context'] {
  const { identity } = caller;
  return {
    ...factsContext(facts),
    'aws:PrincipalIsAWSService': 'false',
    'aws:PrincipalType': caller.anonymous ? 'Anonymous' : (PRINCIPAL_TYPES[identity.type ?? ''] ?? 'Unknown'),
    ...(!caller.anonymous && {
      'aws:PrincipalAccount': caller.accountId,
      'aws:PrincipalArn': roleOf(caller) ?? caller.arn,
    }),
    ...(identity.principalId && { 'aws:userid': identity.principalId }),
    ...(identity.userName !== undefined && { 'aws:username': identity.userName }),
  };
}

/** The same for a service that acts for one of its resources. It comes from no address that a policy could name. */
export function serviceContext(
  caller: { readonly service: string; readonly sourceArn: string; readonly sourceAccount: string },
  timeMs: number,
): PolicyRequest['context'] {
  return {
    ...timeContext(timeMs),
    'aws:PrincipalIsAWSService': 'true',
    'aws:PrincipalServiceName': caller.service,
    'aws:SecureTransport': 'true',
    'aws:SourceArn': caller.sourceArn,
    'aws:SourceAccount': caller.sourceAccount,
  };
}

const factsContext = ({ timeMs, sourceIp, userAgent, secureTransport }: RequestFacts) => ({
  ...timeContext(timeMs),
  'aws:SourceIp': sourceIp,
  'aws:UserAgent': userAgent,
  'aws:SecureTransport': String(secureTransport),
});

const timeContext = (timeMs: number) => ({
  'aws:CurrentTime': new Date(timeMs).toISOString(),
  'aws:EpochTime': String(Math.floor(timeMs / 1000)),
});
