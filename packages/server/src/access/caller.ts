import { createHash } from 'node:crypto';
import type { UserIdentity } from '../event/record.ts';

/** Who makes the call, once the signature is known to be good. `anonymous` reaches only services that allow it (S3). */
export interface Caller {
  readonly anonymous: boolean;
  readonly accountId: string;
  readonly arn: string;
  readonly identity: UserIdentity;
  /** What policies decide by; `identity` is what records show. */
  readonly principal: CallerPrincipal;
}

export interface CallerPrincipal {
  readonly kind: 'root' | 'user' | 'role' | 'federated' | 'service' | 'anonymous';
  /** Where its policies are found: user name, role name; of federated users that of the user who made the session. */
  readonly name?: string;
  /** Its user or role has been deleted since the credentials were given out: they are good for nothing. */
  readonly gone?: true;
  /** Of temporary credentials. */
  readonly session?: CallerSession;
}

/** What temporary credentials bring along. */
export interface CallerSession {
  readonly issuedMs: number;
  readonly expiresMs: number;
  readonly mfa: boolean;
  /** Session policy documents, JSON. What none of them allows, the session may not. */
  readonly policies: readonly string[];
  /** They win over the tags of the user or role. */
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
  readonly sourceIdentity?: string;
  /** The identity provider that vouched: `aws:FederatedProvider`. */
  readonly externalProvider?: string;
  readonly sessionName?: string;
  /** Whether a role's session made it. */
  readonly chained?: boolean;
  /** Whether signing in to the console made it. */
  readonly console?: boolean;
}

/** Accounts whose canonical ids are at hand: each call asks for its own. */
const CANONICAL_IDS_MAX = 1_000;
const canonicalIds = new Map<string, string>();

/** The account as S3's ACLs name it: 64 hex digits, always the same for an account. */
export function canonicalUserId(accountId: string): string {
  let id = canonicalIds.get(accountId);
  if (id === undefined) {
    id = createHash('sha256').update(`opentrail canonical user of account ${accountId}`).digest('hex');
    if (canonicalIds.size >= CANONICAL_IDS_MAX) canonicalIds.delete(canonicalIds.keys().next().value!);
    canonicalIds.set(accountId, id);
  }
  return id;
}
