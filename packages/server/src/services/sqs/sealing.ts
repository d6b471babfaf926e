import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Random } from '../../base/random.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts bodies with AES-256-GCM, bound to the message's id: what SqsManagedSseEnabled promises. */
export interface Sealing {
  seal(body: Buffer, messageId: string): Buffer;
  /** @throws Error when it is not what was sealed */
  open(sealed: Buffer, messageId: string): Buffer;
}

/** @param key 32 bytes, for this use alone */
export function createSealing(key: Buffer, random: Random): Sealing {
  return {
    seal(body, messageId) {
      const nonce = random.bytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(messageId));
      return Buffer.concat([nonce, cipher.update(body), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, messageId) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(messageId))
        .setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      return Buffer.concat([
        decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)),
        decipher.final(),
      ]);
    },
  };
}
