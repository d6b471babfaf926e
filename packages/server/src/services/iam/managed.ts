import { awsManagedPolicies, awsManagedPolicy } from '../../access/iam/aws-managed.ts';
import { keys, type ManagedPolicy, type PolicyHolder, policyNameOf } from '../../access/iam/entities.ts';
import type { IamReader } from '../../access/iam/iam-data.ts';
import { iamError, noSuch } from './errors.ts';
import type { Usage } from './output.ts';

/** The managed policy, the account's own or AWS's; undefined when there is none of that ARN. */
export async function managedPolicy(
  reader: IamReader,
  accountId: string,
  arn: string,
): Promise<ManagedPolicy | undefined> {
  const own = policyNameOf(arn);
  if (!own) return awsManagedPolicy(arn);
  if (own.accountId !== accountId) return undefined;
  const policy = await reader.get(keys.policy(accountId, own.policyName));
  return policy?.arn === arn ? policy : undefined;
}

/** @throws AwsError InvalidInput for what is no ARN of a policy, NoSuchEntity */
export async function findPolicy(reader: IamReader, accountId: string, arn: string): Promise<ManagedPolicy> {
  checkPolicyArn(arn);
  const policy = await managedPolicy(reader, accountId, arn);
  if (policy) return policy;
  throw noSuch(`Policy ${arn} was not found.`);
}

/** One that the account may change. @throws AwsError */
export async function findOwnPolicy(reader: IamReader, accountId: string, arn: string): Promise<ManagedPolicy> {
  const policy = await findPolicy(reader, accountId, arn);
  if (!awsManagedPolicy(arn)) return policy;
  throw iamError('AccessDenied', 'Policy is outside your own account.');
}

export function checkPolicyArn(arn: string): void {
  if (!/^arn:aws:iam::(aws|\d{12}):policy\/[\x21-\x7e]+$/.test(arn)) {
    throw iamError('InvalidInput', `ARN ${arn} is not valid.`);
  }
}

/**
 * @throws AwsError unless the policy can be attached: it is there, and not for service-linked roles alone
 */
export async function requireAttachable(reader: IamReader, accountId: string, arn: string): Promise<ManagedPolicy> {
  checkPolicyArn(arn);
  const policy = await managedPolicy(reader, accountId, arn);
  if (!policy) throw noSuch(`Policy ${arn} does not exist or is not attachable.`);
  if (policy.path.startsWith('/aws-service-role/')) {
    throw iamError('PolicyNotAttachable', 'Cannot attach a Service Role Policy to a Customer Role.');
  }
  return policy;
}

/** @throws AwsError unless it is a managed policy that can bound a user or role */
export async function requireBoundary(reader: IamReader, accountId: string, arn: string | undefined): Promise<void> {
  if (arn === undefined) return;
  checkPolicyArn(arn);
  if (await managedPolicy(reader, accountId, arn)) return;
  throw noSuch(`Scope ARN: ${arn} does not exist or is not attachable.`);
}

export async function holdersOf(reader: IamReader, accountId: string): Promise<readonly PolicyHolder[]> {
  const lists = [keys.users(accountId), keys.groups(accountId), keys.roles(accountId)] as const;
  return (await Promise.all(lists.map((prefix) => reader.list<PolicyHolder>(prefix as string)))).flat();
}

const UNUSED: Usage = { attached: 0, boundary: 0 };

/** How often each managed policy is in use in the account, counted afresh: some thousand holders take a few ms. */
export async function usageOf(reader: IamReader, accountId: string): Promise<(arn: string) => Usage> {
  const counts = new Map<string, { attached: number; boundary: number }>();
  const count = (arn: string, what: keyof Usage) => {
    const known = counts.get(arn) ?? { ...UNUSED };
    known[what]++;
    counts.set(arn, known);
  };
  for (const { attached, boundary } of await holdersOf(reader, accountId)) {
    for (const arn of attached) count(arn, 'attached');
    if (boundary !== undefined) count(boundary, 'boundary');
  }
  return (arn) => counts.get(arn) ?? UNUSED;
}

export const allPolicies = async (
  reader: IamReader,
  accountId: string,
  scope: 'All' | 'AWS' | 'Local' = 'All',
): Promise<readonly ManagedPolicy[]> => [
  ...(scope === 'Local' ? [] : awsManagedPolicies()),
  ...(scope === 'AWS' ? [] : await reader.list(keys.policies(accountId))),
];
