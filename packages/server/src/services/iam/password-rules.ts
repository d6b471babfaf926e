import type { PasswordHash, PasswordPolicy } from '../../access/iam/entities.ts';
import { isPassword } from '../../access/iam/passwords.ts';
import { iamError } from './errors.ts';

/** What holds in an account without a policy of its own, as GetAccountPasswordPolicy would never show it. */
const USUAL_LENGTH = 8;
const USUAL_KINDS = 3;

const KINDS = {
  RequireUppercaseCharacters: { has: /[A-Z]/, what: 'uppercase character' },
  RequireLowercaseCharacters: { has: /[a-z]/, what: 'lowercase character' },
  RequireNumbers: { has: /\d/, what: 'number' },
  RequireSymbols: { has: /[!@#$%^&*()_+\-=[\]{}|']/, what: 'symbol' },
} as const;

/** @throws AwsError PasswordPolicyViolation */
export function requireGoodPassword(password: string, policy: PasswordPolicy | undefined): void {
  const violation = (why: string) => iamError('PasswordPolicyViolation', why);
  const length = policy?.MinimumPasswordLength ?? USUAL_LENGTH;
  if (password.length < length) throw violation(`Password should have a minimum length of ${length}`);
  const kinds = Object.entries(KINDS) as [keyof typeof KINDS, { readonly has: RegExp; readonly what: string }][];
  const missing = kinds.filter(([, { has }]) => !has.test(password));
  if (!policy) {
    if (kinds.length - missing.length >= USUAL_KINDS) return;
    throw violation(`Password should have at least ${USUAL_KINDS} of: ${kinds.map(([, { what }]) => what).join(', ')}`);
  }
  const first = missing.find(([name]) => policy[name]);
  if (first) throw violation(`Password should have at least one ${first[1].what}`);
}

/** @throws AwsError PasswordPolicyViolation when it is one of the former ones that may not come back */
export async function requireNewPassword(
  password: string,
  former: readonly PasswordHash[],
  policy: PasswordPolicy | undefined,
): Promise<void> {
  for (const known of former.slice(0, policy?.PasswordReusePrevention ?? 0)) {
    if (await isPassword(password, known)) {
      throw iamError('PasswordPolicyViolation', 'Password was used before, and may not be used again yet.');
    }
  }
}
