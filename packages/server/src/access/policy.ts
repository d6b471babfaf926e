import type { Condition } from './conditions.ts';
import { askedOf, DENIED, SILENT, weigh } from './weigh.ts';

/**
 * Policies, and what a single one says to a request. Pure. An explicit Deny wins, then an Allow, else nothing is said.
 * How several policies decide together is in `decide.ts`.
 */
export interface Policy {
  readonly version: '2008-10-17' | '2012-10-17';
  readonly statements: readonly Statement[];
}

export interface Statement {
  readonly sid?: string;
  readonly effect: 'Allow' | 'Deny';
  /** Absent in policies of identities. */
  readonly principals?: Principals;
  /** `Not…` turns the match around. */
  readonly notPrincipals: boolean;
  readonly actions: readonly string[];
  readonly notActions: boolean;
  readonly resources: readonly string[];
  readonly notResources: boolean;
  readonly conditions: readonly Condition[];
}

export interface Principals {
  /** `*`: whoever it is, anonymous too. */
  readonly everyone: boolean;
  /** Account ids, ARNs, unique ids. */
  readonly aws: readonly string[];
  readonly services: readonly string[];
  readonly canonicalUsers: readonly string[];
  /** Identity providers. Kept for the record: they only ever stand in trust policies, and match nobody here. */
  readonly federated: readonly string[];
}

export type RequestPrincipal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'service'; readonly service: string }
  | {
      readonly kind: 'aws';
      readonly accountId: string;
      readonly arn: string;
      readonly canonicalUserId?: string;
      /** AIDA…, or of a session the role's AROA…. */
      readonly uniqueId?: string;
      /** Of a session: its role, or the user who federated. */
      readonly roleArn?: string;
      /** Whether it has a permissions boundary, which `NotPrincipal` never exempts. */
      readonly bounded?: boolean;
    };

export interface PolicyRequest {
  readonly principal: RequestPrincipal;
  /** `s3:PutObject` */
  readonly action: string;
  readonly resource: string;
  /** Condition keys by any case; `context.ts` makes those that every request has. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  /** More of them, worked out once a statement that fits otherwise has a condition or a variable. */
  readonly later?: (() => PolicyRequest['context']) | undefined;
  /** Gives keys (lower case) that `context` has not. */
  readonly more?: (key: string) => string | readonly string[] | undefined;
}

export type Verdict = 'allow' | 'deny' | 'none';

/** What the policy says to the request; `none` leaves it to other policies, which mostly means no. */
export function evaluate(policy: Policy, request: PolicyRequest): Verdict {
  const weight = weigh(policy, askedOf(request));
  return weight === DENIED ? 'deny' : weight === SILENT ? 'none' : 'allow';
}

/** Conditions worth naming in a statement for a service: they keep it from acting for just anyone. */
const NAMED_CONDITIONS = ['aws:SourceArn', 's3:x-amz-acl'];

/**
 * The statement, as JSON, that would make the policy allow the request; undefined when it is allowed already, or when
 * a Deny stands in the way and no statement could help.
 * @param resource pattern to name in place of the request's own resource
 */
export function missingStatement(
  policy: Policy | undefined,
  request: PolicyRequest,
  resource: string = request.resource,
): string | undefined {
  if (policy && evaluate(policy, request) !== 'none') return undefined;
  const { principal, action, context } = request;
  const conditions = NAMED_CONDITIONS.filter((key) => context[key] !== undefined).map((key) => [key, context[key]]);
  return JSON.stringify({
    Effect: 'Allow',
    Principal: principalJson(principal),
    Action: action,
    Resource: resource,
    ...(principal.kind === 'service' &&
      conditions.length > 0 && { Condition: { StringEquals: Object.fromEntries(conditions) } }),
  });
}

function principalJson(principal: RequestPrincipal): unknown {
  if (principal.kind === 'anonymous') return '*';
  return principal.kind === 'service' ? { Service: principal.service } : { AWS: principal.roleArn ?? principal.arn };
}
