import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { OperatorError, systemErrorCode } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { replaceFile } from './credentials-file.ts';

const KEY_BYTES = 32;
/** GCM's own nonce length. Random ones may be drawn 2^32 times for a key (NIST SP 800-38D §8.3): centuries of sessions. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Keeps values encrypted (AES-256-GCM), each bound to its place: one moved to another place does not open there. */
export interface Sealer {
  seal(place: string, value: unknown): string;
  /** undefined when it was sealed with another key, for another place, or was changed since. */
  open(place: string, sealed: string): unknown;
}

export interface SealingKeyOptions {
  /** Made, for its owner alone, when it does not exist. Not touched when the environment has a key. */
  readonly path: string;
  /** The key itself, in base64: for who keeps keys elsewhere than beside the data. */
  readonly fromEnvironment?: string | undefined;
  readonly random: Random;
}

/**
 * The key that seals what the gateway has learned.
 * @throws OperatorError when it is no key, or the file is open to others or cannot be read or written
 */
export function openSealingKey({ path, fromEnvironment, random }: SealingKeyOptions): Buffer {
  if (fromEnvironment !== undefined) return decodeKey(fromEnvironment, 'The sealing key in the environment');
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat) return makeKey(path, random);
    if (!stat.isFile() || (stat.mode & 0o077) !== 0) {
      throw new OperatorError(`${path} is a key and others may read it. Run: chmod 600 ${path}`);
    }
    return decodeKey(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(
      `Cannot use the key file ${path}: ${systemErrorCode(error) ?? error}. Mend its permissions, or free some space.`,
      { cause: error },
    );
  }
}

function makeKey(path: string, random: Random): Buffer {
  const key = Buffer.from(random.bytes(KEY_BYTES)); // a copy: the source's pool is not ours to keep
  replaceFile(path, `${key.toString('base64')}\n`);
  return key;
}

function decodeKey(text: string, where: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length === KEY_BYTES && key.toString('base64') === text.trim()) return key;
  throw new OperatorError(
    `${where} is no sealing key: it must be ${KEY_BYTES} bytes in base64, as \`openssl rand -base64 ${KEY_BYTES}\` makes them.`,
  );
}

/** A key for one use alone, made of a key that serves several: what is sealed for one use cannot pass for another's. */
export const purposeKey = (key: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', `opentrail ${purpose}`, KEY_BYTES));

/** nonce, tag, text: AES-256-GCM, bound to its place. */
export function sealBytes(key: Buffer, place: string, bytes: Buffer, random: Random): Buffer {
  const nonce = Buffer.from(random.bytes(NONCE_BYTES));
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
  const text = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** undefined when it was sealed with another key, for another place, or was changed since. Never throws. */
export function openBytes(key: Buffer, place: string, sealed: Buffer): Buffer | undefined {
  const [nonceEnd, tagEnd] = [NONCE_BYTES, NONCE_BYTES + TAG_BYTES];
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceEnd), { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(place))
      .setAuthTag(sealed.subarray(nonceEnd, tagEnd));
    return Buffer.concat([decipher.update(sealed.subarray(tagEnd)), decipher.final()]);
  } catch {
    return undefined;
  }
}

export function createSealer(key: Buffer, random: Random): Sealer {
  const keyId = createHash('sha256').update('opentrail sealing key').update(key).digest('hex').slice(0, 8);
  return {
    seal: (place, value) =>
      `${keyId}.${sealBytes(key, place, Buffer.from(JSON.stringify(value)), random).toString('base64')}`,
    open(place, sealed) {
      const [id, data] = sealed.split('.');
      const text = id === keyId && data !== undefined ? openBytes(key, place, Buffer.from(data, 'base64')) : undefined;
      return text && JSON.parse(text.toString('utf8'));
    },
  };
}
