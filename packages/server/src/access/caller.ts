import { createHash } from 'node:crypto';
import type { UserIdentity } from '../event/record.ts';

/** Who makes the call, once the signature is known to be good. `anonymous` reaches only services that allow it (S3). */
export interface Caller {
  readonly anonymous: boolean;
  readonly accountId: string;
  readonly arn: string;
  readonly identity: UserIdentity;
}

/** The account as S3's ACLs name it: 64 hex digits, always the same for an account. */
export const canonicalUserId = (accountId: string): string =>
  createHash('sha256').update(`opentrail canonical user of account ${accountId}`).digest('hex');
