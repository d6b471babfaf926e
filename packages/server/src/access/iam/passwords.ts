import { scrypt, timingSafeEqual } from 'node:crypto';
import type { Random } from '../../base/random.ts';
import type { PasswordHash } from './entities.ts';

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
