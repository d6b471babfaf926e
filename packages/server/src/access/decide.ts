import type { Policy, PolicyRequest } from './policy.ts';
import { type Asked, askedOf, DENIED, SILENT, type Weight, weigh, weighTogether } from './weigh.ts';

/** Everything that has a say in a request. */
export interface PolicySet {
  /** Of the user or role that asks, the same object while they are the same; `everything` for root. */
  readonly identity: readonly Policy[] | 'everything';
  readonly boundary?: Policy;
  /** Present when the session came with policies, or (federated users) must have; empty allows nothing. */
  readonly session?: readonly Policy[];
  /** A list for each level of the organization. */
  readonly serviceControl?: readonly (readonly Policy[])[];
  readonly resource?: ResourceSide;
}

/** The resource's part. Absent when it can have no policy and belongs to the caller's account. */
export interface ResourceSide {
  readonly policy?: Policy;
  /** Default: the caller's. */
  readonly accountId?: string;
  /** Its policy must allow also within the account: roles' trust policies, KMS keys. */
  readonly decides?: boolean;
  /** Something of the resource besides its policy allows it: a grant of a KMS key, an ACL. */
  readonly granted?: boolean;
}

export type PolicyKind = 'identity-based' | 'resource-based' | 'session' | 'permissions boundary' | 'service control';

export type Ruling =
  | { readonly allowed: true; readonly kind?: never; readonly by?: never }
  | { readonly allowed: false; readonly kind: 'explicit-deny' | 'implicit-deny'; readonly by: PolicyKind };

const ALLOWED: Ruling = { allowed: true };
const denied = (by: PolicyKind): Ruling => ({ allowed: false, kind: 'explicit-deny', by });
const unheard = (by: PolicyKind): Ruling => ({ allowed: false, kind: 'implicit-deny', by });

/**
 * Whether a request is allowed, as IAM decides it (IAM user guide, "Policy evaluation logic"): a Deny anywhere wins; each
 * level of the organization must allow; then what the resource's policy says to the principal itself, or the principal's
 * own policies within boundary and session. Of an account's principals on another account's resource, both sides must
 * allow. Services and anonymous callers have nothing but the resource's policy. Pure.
 */
export function decide(set: PolicySet, request: PolicyRequest): Ruling {
  const asked = askedOf(request);
  const { resource } = set;
  const said = resource?.policy ? weigh(resource.policy, asked) : SILENT;
  if (request.principal.kind !== 'aws') {
    if (said === DENIED) return denied('resource-based');
    return said !== SILENT || resource?.granted === true ? ALLOWED : unheard('resource-based');
  }
  const organization = (set.serviceControl ?? []).map((policies) => weighAll(policies, asked));
  const identity = set.identity === 'everything' ? ITSELF : weighTogether(set.identity, asked);
  const boundary = set.boundary ? weigh(set.boundary, asked) : ITSELF;
  const session = set.session ? weighAll(set.session, asked) : ITSELF;

  if (organization.includes(DENIED)) return denied('service control');
  if (said === DENIED) return denied('resource-based');
  if (identity === DENIED) return denied('identity-based');
  if (boundary === DENIED) return denied('permissions boundary');
  if (session === DENIED) return denied('session');

  if (organization.includes(SILENT)) return unheard('service control');
  const foreign = resource?.accountId !== undefined && resource.accountId !== request.principal.accountId;
  const standing = resource?.granted === true ? ITSELF : said;
  if (standing === SILENT && (foreign || resource?.decides === true)) return unheard('resource-based');
  if (!foreign && standing === ITSELF) return ALLOWED;
  if (identity === SILENT && (foreign || standing !== AS_ROLE)) return unheard('identity-based');
  if (boundary === SILENT) return unheard('permissions boundary');
  return session === SILENT ? unheard('session') : ALLOWED;
}

const AS_ROLE = 2;
const ITSELF = 3;

/** All policies of one kind speak as one. */
function weighAll(policies: readonly Policy[], asked: Asked): Weight {
  let weight: Weight = SILENT;
  for (const policy of policies) {
    const one = weigh(policy, asked);
    if (one === DENIED) return DENIED;
    if (one > weight) weight = one;
  }
  return weight;
}
