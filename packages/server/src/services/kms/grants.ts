import { createHash } from 'node:crypto';
import type { RequestPrincipal } from '../../access/policy.ts';
import type { State } from '../../ports/state.ts';
import type { EncryptionContext, GrantConstraints } from './api.ts';
import { type Grant, grantsPrefix, type Key, rootArn } from './key.ts';

/** What somebody wants to do that a grant might allow. */
export interface Grantable {
  /** As grants name it: `Decrypt`, `ReEncryptFrom`. */
  readonly operation: string;
  /** Of operations on data. */
  readonly encryptionContext?: EncryptionContext;
  /** Of CreateGrant: what the new grant shall give. */
  readonly proposed?: Pick<Grant, 'operations' | 'constraints'>;
}

const HASH_CHARS = 16;
/** Stands first in the id of each of a grantee's grants, so that those of one are found among 50,000. */
export const principalHash = (principal: string): string =>
  createHash('sha256').update(principal).digest('hex').slice(0, HASH_CHARS);

/** The names by which a grant may mean this principal. */
export function namesOf(principal: RequestPrincipal): readonly string[] {
  if (principal.kind === 'anonymous') return [];
  if (principal.kind === 'service') return [principal.service];
  const names = [principal.arn, principal.roleArn, rootArn(principal.accountId)];
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Whether some grant on the key lets the principal do it. */
export async function isGranted(
  state: State,
  key: Key,
  principal: RequestPrincipal,
  wanted: Grantable,
): Promise<boolean> {
  for (const name of namesOf(principal)) {
    const grants = await state.list<Grant>(grantsPrefix(key) + principalHash(name));
    if (grants.some(({ value }) => value.granteePrincipal === name && covers(value, wanted))) return true;
  }
  return false;
}

function covers(grant: Grant, { operation, encryptionContext, proposed }: Grantable): boolean {
  if (!grant.operations.includes(operation)) return false;
  if (proposed) {
    const isWider = proposed.operations.some((one) => !grant.operations.includes(one));
    return !isWider && isAsStrict(proposed.constraints ?? {}, grant.constraints ?? {});
  }
  return encryptionContext === undefined || satisfies(encryptionContext, grant.constraints ?? {});
}

function satisfies(context: EncryptionContext, { EncryptionContextEquals, EncryptionContextSubset }: GrantConstraints) {
  return (
    (EncryptionContextEquals === undefined || isSame(context, EncryptionContextEquals)) &&
    (EncryptionContextSubset === undefined || contains(context, EncryptionContextSubset))
  );
}

/** Whoever may grant under constraints may only hand them on, or stricter ones. */
function isAsStrict(child: GrantConstraints, parent: GrantConstraints): boolean {
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = parent;
  if (equals && !(child.EncryptionContextEquals && isSame(child.EncryptionContextEquals, equals))) return false;
  if (!subset) return true;
  return [child.EncryptionContextEquals, child.EncryptionContextSubset].some((one) => one && contains(one, subset));
}

const contains = (context: EncryptionContext, part: EncryptionContext): boolean =>
  Object.entries(part).every(([name, value]) => Object.hasOwn(context, name) && context[name] === value);
const isSame = (a: EncryptionContext, b: EncryptionContext): boolean => contains(a, b) && contains(b, a);

/** Who may retire a grant by what the grant itself says. */
export function mayRetire(grant: Grant, principal: RequestPrincipal): boolean {
  const names = namesOf(principal);
  const is = (name: string | undefined) => name !== undefined && names.includes(name);
  return is(grant.retiringPrincipal) || (is(grant.granteePrincipal) && grant.operations.includes('RetireGrant'));
}
