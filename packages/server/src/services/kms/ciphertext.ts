import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Random } from '../../base/random.ts';
import type { EncryptionContext } from './api.ts';

/**
 * What Encrypt and GenerateDataKey give out. AWS calls its own format opaque; this is ours:
 *
 *     'OTK' 01 · length of region, region · account, 12 digits · key id, 16 bytes · material id, 32 bytes ·
 *     salt, 16 bytes · nonce, 12 bytes · ciphertext · tag, 16 bytes
 *
 * Each blob has a key of its own, drawn from the key material by HKDF-SHA256 with the salt, so that no count of blobs
 * wears the material out (as AWS does, KMS Cryptographic Details, "Symmetric encryption"). AES-256-GCM authenticates all
 * that stands before the ciphertext, and the encryption context.
 */
export interface BlobHeader {
  readonly accountId: string;
  readonly region: string;
  readonly keyId: string;
  readonly materialId: string;
}

export interface ParsedBlob extends BlobHeader {
  /** All that is authenticated and not encrypted. */
  readonly head: Buffer;
  readonly salt: Buffer;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

const MAGIC = Buffer.from('OTK\x01', 'latin1');
const ACCOUNT_CHARS = 12;
const KEY_ID_BYTES = 16;
const MATERIAL_ID_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** @param material AES-256 key, which stays the caller's to wipe */
export function encryptBlob(
  material: Buffer,
  header: BlobHeader,
  context: EncryptionContext,
  plaintext: Buffer,
  random: Random,
): Buffer {
  const region = Buffer.from(header.region, 'latin1');
  const salt = random.bytes(SALT_BYTES);
  const nonce = random.bytes(NONCE_BYTES);
  const head = Buffer.concat([
    MAGIC,
    Buffer.from([region.length]),
    region,
    Buffer.from(header.accountId, 'latin1'),
    Buffer.from(header.keyId.replaceAll('-', ''), 'hex'),
    Buffer.from(header.materialId, 'hex'),
    salt,
    nonce,
  ]);
  const cipher = createCipheriv('aes-256-gcm', blobKey(material, salt), nonce).setAAD(aad(head, context));
  return Buffer.concat([head, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** undefined when it is no blob of ours. What it says is not to be believed before `decryptBlob` has opened it. */
export function parseBlob(blob: Buffer): ParsedBlob | undefined {
  const regionEnd = MAGIC.length + 1 + (blob[MAGIC.length] ?? 0);
  const headEnd = regionEnd + ACCOUNT_CHARS + KEY_ID_BYTES + MATERIAL_ID_BYTES + SALT_BYTES + NONCE_BYTES;
  if (blob.length <= headEnd + TAG_BYTES || !blob.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  let at = regionEnd;
  const next = (length: number) => {
    at += length;
    return blob.subarray(at - length, at);
  };
  const region = blob.toString('latin1', MAGIC.length + 1, regionEnd);
  const accountId = next(ACCOUNT_CHARS).toString('latin1');
  if (!/^[a-z0-9-]{1,32}$/.test(region) || !/^\d{12}$/.test(accountId)) return undefined;
  const hex = next(KEY_ID_BYTES).toString('hex');
  return {
    accountId,
    region,
    keyId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    materialId: next(MATERIAL_ID_BYTES).toString('hex'),
    salt: next(SALT_BYTES),
    nonce: next(NONCE_BYTES),
    head: blob.subarray(0, headEnd),
    ciphertext: blob.subarray(headEnd, -TAG_BYTES),
    tag: blob.subarray(-TAG_BYTES),
  };
}

/** undefined when the blob was changed, or made with other material or another context. */
export function decryptBlob(material: Buffer, blob: ParsedBlob, context: EncryptionContext): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', blobKey(material, blob.salt), blob.nonce, {
    authTagLength: TAG_BYTES,
  })
    .setAAD(aad(blob.head, context))
    .setAuthTag(blob.tag);
  const plaintext = decipher.update(blob.ciphertext);
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
}

const blobKey = (material: Buffer, salt: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', material, salt, 'opentrail kms blob 1', KEY_BYTES));

/** The head tells its own length, and JSON tells names from values: no two pairs of head and context are the same bytes. */
const aad = (head: Buffer, context: EncryptionContext): Buffer =>
  Buffer.concat([head, Buffer.from(canonicalContext(context))]);

/** The same text for the same pairs, in whatever order they came. */
export const canonicalContext = (context: EncryptionContext): string =>
  JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)));
