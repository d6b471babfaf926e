import { identityPolicy } from '../../access/iam/documents.ts';
import type { PolicyHolder, Tags } from '../../access/iam/entities.ts';
import type { IamStore } from '../../access/iam-store.ts';
import type { Policy, PolicyRequest } from '../../access/policy.ts';
import { iamError, noSuch } from './errors.ts';
import { findGroup, findRole, findUser } from './find.ts';

/** A policy with the name under which a simulation tells of it. */
export interface NamedPolicy {
  readonly policy: Policy;
  readonly id: string;
}

/** A user, group or role with all that governs it. */
export interface SimulatedPrincipal {
  readonly arn?: string;
  readonly policies: readonly NamedPolicy[];
  readonly boundary?: Policy;
  readonly tags: Tags;
  /** Condition keys that hold for all of its requests. */
  readonly context: PolicyRequest['context'];
}

/** @throws AwsError InvalidInput for what is no ARN of a user, group or role of the account; NoSuchEntity */
export async function principalByArn(store: IamStore, accountId: string, arn: string): Promise<SimulatedPrincipal> {
  const [, owner, kind, path] = /^arn:aws:iam::(\d{12}):(user|group|role)\/(.+)$/.exec(arn) ?? [];
  if (kind === undefined || owner !== accountId)
    throw iamError('InvalidInput', `Invalid Entity Arn: ${arn} does not clearly define entity type and name.`);
  const name = path!.slice(path!.lastIndexOf('/') + 1);
  const { data } = store;
  if (kind === 'group') {
    const group = await findGroup(data, accountId, name);
    return { arn, policies: await policiesOf(store, group, `group_${group.groupName}`), tags: {}, context: {} };
  }
  if (kind === 'role') {
    const role = await findRole(data, accountId, name);
    if (role.arn !== arn) throw noSuch(`The role with name ${name} cannot be found.`);
    const policies = await policiesOf(store, role, `role_${role.roleName}`);
    return {
      arn,
      policies,
      ...(await boundaryOf(store, role)),
      tags: role.tags,
      context: contextOf(accountId, arn, role.tags),
    };
  }
  const user = await findUser(data, accountId, name);
  if (user.arn !== arn) throw noSuch(`The user with name ${name} cannot be found.`);
  const groups = await Promise.all(user.groups.map((group) => findGroup(data, accountId, group)));
  const policies = [
    await policiesOf(store, user, `user_${user.userName}`),
    ...(await Promise.all(groups.map((group) => policiesOf(store, group, `group_${group.groupName}`)))),
  ].flat();
  const context = { ...contextOf(accountId, arn, user.tags), 'aws:username': user.userName, 'aws:userid': user.userId };
  return { arn, policies, ...(await boundaryOf(store, user)), tags: user.tags, context };
}

const contextOf = (accountId: string, arn: string, tags: Tags): PolicyRequest['context'] => ({
  'aws:PrincipalArn': arn,
  'aws:PrincipalAccount': accountId,
  ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
});

async function policiesOf(store: IamStore, holder: PolicyHolder, owner: string): Promise<readonly NamedPolicy[]> {
  const managed = await Promise.all(
    holder.attached.map(async (arn) => ({
      document: await store.managedPolicy(arn),
      id: arn.slice(arn.lastIndexOf('/') + 1),
    })),
  );
  const inline = Object.entries(holder.inline).map(([name, document]) => ({ document, id: `${owner}_${name}` }));
  return [...inline, ...managed].flatMap(({ document, id }) => {
    const read = document === undefined ? undefined : identityPolicy(document);
    return read && 'policy' in read ? [{ policy: read.policy, id }] : [];
  });
}

async function boundaryOf(store: IamStore, { boundary }: PolicyHolder): Promise<{ readonly boundary?: Policy }> {
  const document = boundary === undefined ? undefined : await store.managedPolicy(boundary);
  const read = document === undefined ? undefined : identityPolicy(document);
  return read && 'policy' in read ? { boundary: read.policy } : {};
}
