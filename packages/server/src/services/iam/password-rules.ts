import { scrypt, timingSafeEqual } from 'node:crypto';
import type { PasswordHash, PasswordPolicy } from '../../access/iam/entities.ts';
import type { Random } from '../../base/random.ts';
import { iamError } from './errors.ts';

/** scrypt's cost: 16 MB and some 50 ms a password. */
const COST = { N: 16_384, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** On the thread pool: nobody waits for it but who asked. */
const hash = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((fulfil, reject) => {
    scrypt(password, salt, HASH_BYTES, COST, (error, key) => (error ? reject(error) : fulfil(key)));
  });

export async function hashedPassword(random: Random, password: string): Promise<PasswordHash> {
  const salt = Buffer.from(random.bytes(SALT_BYTES));
  return { salt: salt.toString('base64'), hash: (await hash(password, salt)).toString('base64') };
}

export async function isPassword(password: string, known: PasswordHash): Promise<boolean> {
  const expected = Buffer.from(known.hash, 'base64');
  return timingSafeEqual(expected, await hash(password, Buffer.from(known.salt, 'base64')));
}

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
