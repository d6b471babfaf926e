import type { CallerPrincipal } from '../caller.ts';
import type { Policy } from '../policy.ts';
import type { PrincipalPolicies } from '../principal-policies.ts';
import { awsManagedPolicy } from './aws-managed.ts';
import { identityPolicy } from './documents.ts';
import { keys, type PolicyHolder, policyNameOf } from './entities.ts';
import type { IamData } from './iam-data.ts';

/** Principals kept at hand, some 500 bytes each besides their policies. */
const KEPT_MAX = 20_000;
/** An account that changes faster than its principals can be read: take what is there. */
const READINGS_MAX = 4;

interface Kept {
  readonly version: number;
  readonly policies: PrincipalPolicies | undefined;
}

/** See `PrincipalPolicySource`. One look-up in State while the account's entities stay as they are. */
export function createPrincipalPolicies(data: IamData) {
  const kept = new Map<string, Kept>();

  return async (accountId: string, { kind, name = '' }: CallerPrincipal): Promise<PrincipalPolicies | undefined> => {
    let version = await data.version(accountId);
    const place = `${accountId}${kind === 'role' ? ':role/' : ':user/'}${name}`;
    const known = kept.get(place);
    if (known?.version === version) return known.policies;
    for (let readings = 1; ; readings++) {
      const policies = kind === 'role' ? await ofRole(data, accountId, name) : await ofUser(data, accountId, name);
      const now = await data.version(accountId);
      if (now === version || readings === READINGS_MAX) {
        kept.delete(place);
        kept.set(place, { version, policies });
        if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value!);
        return policies;
      }
      version = now; // changed while it was read: halves of two states are none
    }
  };
}

async function ofUser(data: IamData, accountId: string, name: string): Promise<PrincipalPolicies | undefined> {
  const user = await data.get(keys.user(accountId, name));
  if (!user) return undefined;
  const groups = await Promise.all(user.groups.map((group) => data.get(keys.group(accountId, group))));
  const holders = [user, ...groups.filter((group) => group !== undefined)];
  const identity = (await Promise.all(holders.map((holder) => policiesOfHolder(data, holder)))).flat();
  return { identity, ...(await boundaryOf(data, user)), tags: user.tags };
}

async function ofRole(data: IamData, accountId: string, name: string): Promise<PrincipalPolicies | undefined> {
  const role = await data.get(keys.role(accountId, name));
  if (!role) return undefined;
  return {
    identity: await policiesOfHolder(data, role),
    ...(await boundaryOf(data, role)),
    tags: role.tags,
    ...(role.linkedTo !== undefined && { serviceLinked: true }),
  };
}

async function policiesOfHolder(data: IamData, holder: PolicyHolder): Promise<readonly Policy[]> {
  const attached = await Promise.all(holder.attached.map((arn) => managedDocument(data, arn)));
  return [...Object.values(holder.inline), ...attached].map(understood);
}

/** A boundary whose policy is gone, which nothing lets happen, allows nothing. */
async function boundaryOf(data: IamData, { boundary }: PolicyHolder): Promise<{ readonly boundary?: Policy }> {
  return boundary === undefined ? {} : { boundary: understood(await managedDocument(data, boundary)) };
}

/** What a managed policy says now, JSON; undefined when there is none of that ARN. */
export async function managedDocument(data: IamData, arn: string): Promise<string | undefined> {
  const own = policyNameOf(arn);
  if (!own) return awsManagedPolicy(arn)?.document;
  const policy = await data.get(keys.policy(own.accountId, own.policyName));
  return policy?.arn === arn ? policy.versions.find(({ id }) => id === policy.defaultVersionId)?.document : undefined;
}

/** Allows nothing and denies everything: what a policy stands for that cannot be understood. Only a fault of ours makes one. */
const REFUSAL: Policy = {
  version: '2012-10-17',
  statements: [
    {
      effect: 'Deny',
      notPrincipals: false,
      actions: ['*'],
      notActions: false,
      resources: ['*'],
      notResources: false,
      conditions: [],
    },
  ],
};

function understood(document: string | undefined): Policy {
  const read = document === undefined ? undefined : identityPolicy(document);
  return read && 'policy' in read ? read.policy : REFUSAL;
}
