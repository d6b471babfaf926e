import { evaluate, type Policy, type PolicyRequest, type Principals, type Statement } from '../../access/policy.ts';
import { AwsError } from '../../base/errors.ts';
import { type CallContext, factsOf } from '../../wire/service.ts';
import type { StsDeps, StsRole } from './deps.ts';
import { notAuthorized } from './errors.ts';

export type Conditions = PolicyRequest['context'];

/** Account and name in `arn:aws:iam::123456789012:role/path/name`. */
export function parseRoleArn(arn: string): { readonly accountId: string; readonly roleName: string } | undefined {
  const m = /^arn:aws:iam::(\d{12}):role\/(?:[\x21-\x7e]*\/)?([\w+=,.@-]{1,64})$/.exec(arn);
  return m ? { accountId: m[1]!, roleName: m[2]! } : undefined;
}

/** The role by its ARN, path included; undefined when there is none. */
export async function findRole(
  { directory }: StsDeps,
  arn: string,
): Promise<(StsRole & { accountId: string }) | undefined> {
  const named = parseRoleArn(arn);
  const role = named && (await directory.role(named.accountId, named.roleName));
  return role?.arn === arn ? { ...role, accountId: named!.accountId } : undefined;
}

/**
 * Sees to it that the caller may do all these to the role: by its trust policy, and where that names the caller's
 * account only, or another account's principal, by the caller's own policies too.
 * @throws AwsError AccessDenied; of another account's role as if there were none, so that nobody learns which there are
 */
export async function requireTrust(
  deps: StsDeps,
  context: CallContext,
  role: StsRole & { readonly accountId: string },
  actions: readonly string[],
  conditions: Conditions,
): Promise<void> {
  const asked = {
    resource: role.arn,
    resourcePolicy: role.trustPolicy,
    resourceAccountId: role.accountId,
    resourceDecides: true,
    context: { ...roleConditions(role), ...conditions },
  };
  for (const action of actions) {
    try {
      await deps.authorizer.require(context.caller, factsOf(context), { ...asked, action });
    } catch (error) {
      const foreign = role.accountId !== context.caller.accountId;
      throw foreign && error instanceof AwsError ? notAuthorized(context, action, role.arn) : error;
    }
  }
}

/** The role's tags, under both names that they go by. */
export const roleConditions = ({ tags }: StsRole): Conditions =>
  Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`iam:ResourceTag/${key}`, value],
    ]),
  );

/** Whether the trust policy lets whom the identity provider vouches for do this. */
export function trustsProvider(
  policy: Policy,
  request: Omit<PolicyRequest, 'principal'>,
  providerArn: string,
): boolean {
  const principal = { kind: 'service', service: providerArn } as const;
  return evaluate(asSeenByProviders(policy), { ...request, principal }) === 'allow';
}

const seen = new WeakMap<Policy, Policy>();

/**
 * The policy with identity providers in the place of services, since no request has both. `*` means principals of AWS:
 * it denies everyone, but lets in nobody whom only a provider knows.
 */
function asSeenByProviders(policy: Policy): Policy {
  const known = seen.get(policy);
  if (known) return known;
  const statements = policy.statements.map((statement) => ({
    ...statement,
    ...(statement.principals && { principals: providersOf(statement, statement.principals) }),
  }));
  const made = { ...policy, statements };
  seen.set(policy, made);
  return made;
}

const providersOf = ({ effect }: Statement, { everyone, federated }: Principals): Principals => ({
  everyone: everyone && effect === 'Deny',
  aws: [],
  services: federated,
  canonicalUsers: [],
  federated: [],
});
