import type { CallerPrincipal } from './caller.ts';
import type { Policy } from './policy.ts';

/**
 * What the evaluator must know of who asks. IAM's store answers it, Organizations' adds its part; `authorizer.ts` asks.
 */
export interface PrincipalPolicies {
  /**
   * All that grant or deny to the user or role: inline, attached, and those of a user's groups. Each, and their list, MUST
   * be the same object as long as it says the same: what is compiled of it is kept by the object.
   */
  readonly identity: readonly Policy[];
  /** The permissions boundary, when it has one. */
  readonly boundary?: Policy;
  /** Of the user or role, for `aws:PrincipalTag/…`. Tags of a session come with the caller. */
  readonly tags: Readonly<Record<string, string>>;
  /** Service control policies do not hold for service-linked roles. */
  readonly serviceLinked?: boolean;
}

export interface PrincipalPolicySource {
  /**
   * Answers from memory. Called for kinds `user`, `role` and `federated` (by the name of the user or role that it comes
   * from), never for root, services or anonymous callers. undefined when the user or role is gone: nothing is allowed.
   */
  policiesOf(accountId: string, principal: CallerPrincipal): Promise<PrincipalPolicies | undefined>;
}

/** An account's place in its organization. */
export interface AccountPlace {
  /** `o-…` */
  readonly organizationId: string;
  /** `o-…/r-…/ou-…/`, as `aws:PrincipalOrgPaths` has it. */
  readonly path: string;
  readonly managementAccountId: string;
  /**
   * Service control policies, a list for each level from the root down to the account: each level must allow. Empty for
   * the management account, and while the policy type is not enabled.
   */
  readonly serviceControl: readonly (readonly Policy[])[];
}

export interface OrganizationSource {
  /** Answers from memory; undefined outside an organization. */
  placeOf(accountId: string): Promise<AccountPlace | undefined>;
}
