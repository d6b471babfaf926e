import type { Principals, RequestPrincipal } from './policy.ts';

/**
 * How a principal is meant by a policy: not at all (0); through its account, which leaves it to the account's policies
 * (1); as the role, or the user who federated, that its session comes from, which leaves boundary and session policies
 * their say (2); itself (3). Everybody (`*`) means each session itself (IAM user guide, "Policy evaluation for requests
 * within a single account").
 */
export type Standing = 0 | 1 | 2 | 3;

export function standingOf(principals: Principals, who: RequestPrincipal): Standing {
  if (principals.everyone) return 3;
  if (who.kind === 'anonymous') return 0;
  if (who.kind === 'service') return principals.services.includes(who.service) ? 3 : 0;
  const { aws } = principals;
  if (aws.includes(who.arn)) return who.arn === rootOf(who) ? 1 : 3;
  const { roleArn, uniqueId } = who;
  const named = (roleArn !== undefined && aws.includes(roleArn)) || (uniqueId !== undefined && aws.includes(uniqueId));
  if (named) return roleArn === undefined ? 3 : 2;
  return namesAccount(principals, who) ? 1 : 0;
}

/**
 * Whether a `NotPrincipal` with Deny spares it. All that stands for it must be listed: account and user, or account,
 * role and session. A permissions boundary makes it denied in any case (IAM reference, "NotPrincipal").
 */
export function isExempt(principals: Principals, who: RequestPrincipal): boolean {
  if (who.kind !== 'aws' || principals.everyone) return standingOf(principals, who) !== 0;
  if (who.bounded === true || !namesAccount(principals, who)) return false;
  const { aws } = principals;
  const { arn, roleArn, uniqueId } = who;
  const byId = uniqueId !== undefined && aws.includes(uniqueId);
  if (roleArn === undefined) return arn === rootOf(who) || byId || aws.includes(arn);
  return aws.includes(arn) && (byId || aws.includes(roleArn));
}

type Aws = Extract<RequestPrincipal, { kind: 'aws' }>;

const rootOf = ({ accountId }: Aws): string => `arn:aws:iam::${accountId}:root`;

function namesAccount({ aws, canonicalUsers }: Principals, who: Aws): boolean {
  return (
    aws.includes(who.accountId) ||
    aws.includes(rootOf(who)) ||
    (who.canonicalUserId !== undefined && canonicalUsers.includes(who.canonicalUserId))
  );
}
