import { createHash, randomBytes } from 'node:crypto';

/** Randomness is a parameter too: the system's in production, a seed in tests. */
export interface Random {
  bytes(count: number): Buffer;
}

/** Each request takes some 90 bytes; asking OpenSSL for each handful costs more than all that is done with them. */
const POOL_BYTES = 8 << 10;
let pool = Buffer.alloc(0);

/** The operating system's cryptographic source. No byte of it is given out twice. */
export const systemRandom: Random = {
  bytes(count) {
    if (count > POOL_BYTES) return randomBytes(count);
    if (count > pool.length) pool = randomBytes(POOL_BYTES);
    const bytes = pool.subarray(0, count);
    pool = pool.subarray(count);
    return bytes;
  },
};

/** A repeatable source for tests: SHA-256 in counter mode over the seed. */
export function seededRandom(seed: string): Random {
  let counter = 0;
  return {
    bytes(count) {
      const parts: Buffer[] = [];
      for (let have = 0; have < count; have += 32) {
        parts.push(createHash('sha256').update(`${seed}:${counter++}`).digest());
      }
      return Buffer.concat(parts).subarray(0, count);
    },
  };
}

/** A version 4 UUID, lower case: the form of CloudTrail's eventID and of most request ids. */
export function uuid(random: Random): string {
  const b = random.bytes(16);
  b[6] = (b[6]! & 0x0f) | 0x40;
  b[8] = (b[8]! & 0x3f) | 0x80;
  const hex = b.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** `length` characters drawn evenly from `alphabet` (at most 256 characters). */
export function randomString(random: Random, length: number, alphabet: string): string {
  const limit = 256 - (256 % alphabet.length); // bytes at or above this would favour the first characters
  let out = '';
  while (out.length < length) {
    for (const byte of random.bytes(length * 2)) {
      if (byte < limit && out.length < length) out += alphabet[byte % alphabet.length];
    }
  }
  return out;
}

export const UPPER_ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
export const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** The alphabet of AWS's access key and principal ids (RFC 4648 base 32). */
export const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
