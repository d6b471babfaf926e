import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { State } from '../ports/state.ts';

/**
 * The keys that sign digests: one set per Region, RSA-2048, each used for 30 days (spec: integrity §5, validate-logs
 * §5). Private halves stay in State and leave it only as a `KeyObject`; nothing is ever deleted, so that a chain of
 * any age can be verified.
 */

export interface PublicSigningKey {
  /** Lower-case hex MD5 of `value`. */
  readonly fingerprint: string;
  /** DER of the PKCS#1 `RSAPublicKey`. */
  readonly value: Buffer;
  /** The key signs what is dated [validityStartMs, validityEndMs), ms since the epoch. */
  readonly validityStartMs: number;
  readonly validityEndMs: number;
}

export interface SigningKey extends PublicSigningKey {
  readonly privateKey: KeyObject;
}

export interface SigningKeys {
  /**
   * The key for something dated `atMs` (default: now), made when there is none yet. A digest is signed with the key of
   * its own end time, so that whoever asks for the keys of a stretch of digests gets those that signed them, whatever
   * the clock did.
   */
  current(region: string, atMs?: number): Promise<SigningKey>;
  /** Every key whose validity overlaps [startMs, endMs], oldest first. */
  list(region: string, startMs: number, endMs: number): Promise<readonly PublicSigningKey[]>;
}

interface StoredKey {
  readonly fingerprint: string;
  /** base64 of the PKCS#1 DER */
  readonly publicKey: string;
  /** base64 of the PKCS#8 DER. Secret. */
  readonly privateKey: string;
  readonly validityStartMs: number;
  readonly validityEndMs: number;
}

const KEY_BITS = 2048;
/** As in AWS's own examples. */
const VALIDITY_MS = 30 * 86_400_000;

const prefixOf = (region: string): string => `signing-key/${region}/`;

export interface SigningKeysDeps {
  readonly state: State;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Regions that `list` makes a key for when it is asked about now and there is none: the AWS CLI gives up on a Region
   * without any key, even where it has nothing to verify.
   */
  readonly regions?: readonly string[];
}

export function createSigningKeys({ state, clock, logger, regions = [] }: SigningKeysDeps): SigningKeys {
  const loaded = new Map<string, SigningKey>();
  /** Makes of one Region take turns, so that two digests at once do not make two keys. */
  const turns = new Map<string, Promise<unknown>>();

  const stored = async (region: string): Promise<readonly StoredKey[]> =>
    (await state.list<StoredKey>(prefixOf(region))).map((entry) => entry.value).sort(byStart);

  async function findOrMake(region: string, atMs: number): Promise<SigningKey> {
    // The newest that fits: windows overlap once the clock has been set back.
    const found = (await stored(region)).filter((key) => isValidAt(key, atMs)).at(-1);
    if (found) return load(found);
    const made = await makeKey(atMs);
    await state.write([{ put: `${prefixOf(region)}${made.fingerprint}`, value: made, ifVersion: 'absent' }]);
    logger.info({ region, fingerprint: made.fingerprint }, 'made a key for signing digests');
    return load(made);
  }

  function load(key: StoredKey): SigningKey {
    const known = loaded.get(key.fingerprint);
    if (known) return known;
    const privateKey = createPrivateKey({ key: Buffer.from(key.privateKey, 'base64'), format: 'der', type: 'pkcs8' });
    const fresh = { ...publicPart(key), privateKey };
    loaded.set(key.fingerprint, fresh);
    return fresh;
  }

  const keys: SigningKeys = {
    current(region, atMs = clock.now()) {
      const turn = (turns.get(region) ?? Promise.resolve()).then(() => findOrMake(region, atMs));
      turns.set(
        region,
        turn.catch(() => undefined),
      );
      return turn;
    },
    async list(region, startMs, endMs) {
      const now = clock.now();
      if (regions.includes(region) && startMs <= now && now <= endMs) await keys.current(region, now);
      const overlapping = (await stored(region)).filter(
        (k) => k.validityStartMs <= endMs && k.validityEndMs >= startMs,
      );
      return overlapping.map(publicPart);
    },
  };
  return keys;
}

const byStart = (a: StoredKey, b: StoredKey): number => a.validityStartMs - b.validityStartMs;

const isValidAt = (key: StoredKey, atMs: number): boolean => key.validityStartMs <= atMs && atMs < key.validityEndMs;

const publicPart = (key: StoredKey): PublicSigningKey => ({
  fingerprint: key.fingerprint,
  value: Buffer.from(key.publicKey, 'base64'),
  validityStartMs: key.validityStartMs,
  validityEndMs: key.validityEndMs,
});

async function makeKey(validityStartMs: number): Promise<StoredKey> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: KEY_BITS, publicExponent: 65_537 });
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'pkcs1' });
  return {
    fingerprint: createHash('md5').update(der).digest('hex'),
    publicKey: der.toString('base64'),
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    validityStartMs,
    validityEndMs: validityStartMs + VALIDITY_MS,
  };
}
