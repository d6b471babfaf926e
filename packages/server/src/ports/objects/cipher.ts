import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

/**
 * Bytes on disk under a data key: AES-256-GCM in frames of 64 KB, each with its tag behind it. A frame's nonce is its
 * number and whether it is the last, so frames can be read from anywhere, and what was changed, moved or cut off is
 * found when it is read. Every file has a key of its own, drawn from the data key with the file's salt: nonces repeat
 * from file to file, keys do not, also when the parts of an upload share a data key.
 */
export interface FileCipher {
  /** base64, 16 bytes */
  readonly salt: string;
}

export const SALT_BYTES = 16;
const FRAME_BYTES = 64 << 10;
const TAG_BYTES = 16;
const SEALED_FRAME_BYTES = FRAME_BYTES + TAG_BYTES;
const NONCE_BYTES = 12;

/** @param dataKey 32 bytes */
export const fileKey = (dataKey: Buffer, { salt }: FileCipher): Buffer =>
  createHmac('sha256', dataKey).update('opentrail object file 1').update(salt, 'base64').digest();

/** How many plaintext bytes stand in that many of a file. */
export function plainBytes(fileBytes: number): number {
  const rest = fileBytes % SEALED_FRAME_BYTES;
  return Math.floor(fileBytes / SEALED_FRAME_BYTES) * FRAME_BYTES + (rest === 0 ? 0 : rest - TAG_BYTES);
}

export const sealedBytes = (bytes: number): number => bytes + Math.ceil(bytes / FRAME_BYTES) * TAG_BYTES;

export interface Encryptor {
  /** As many frames as are certain not to be the last. What is left is kept for later. */
  push(chunks: readonly Buffer[]): Buffer[];
  /** The rest, the last frame in it. */
  end(): Buffer[];
}

/** @param key of the file (`fileKey`) */
export function createEncryptor(key: Buffer): Encryptor {
  let waiting: Buffer = Buffer.alloc(0);
  let number = 0;
  const seal = (frame: Buffer, isLast: boolean): Buffer[] => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce(number++, isLast), { authTagLength: TAG_BYTES });
    return [cipher.update(frame), cipher.final(), cipher.getAuthTag()];
  };
  return {
    push(chunks) {
      const bytes = waiting.length === 0 && chunks.length === 1 ? chunks[0]! : Buffer.concat([waiting, ...chunks]);
      const out: Buffer[] = [];
      let at = 0;
      for (; bytes.length - at > FRAME_BYTES; at += FRAME_BYTES) {
        out.push(...seal(bytes.subarray(at, at + FRAME_BYTES), false));
      }
      // A copy: what it is cut from may be used again for what comes next.
      waiting = Buffer.from(bytes.subarray(at));
      return out;
    },
    end: () => (waiting.length === 0 ? [] : seal(waiting, true)),
  };
}

/** Where the frames stand that hold the bytes from `start` to `end`, both inclusive; for `decrypt`. */
export function framesOf(
  start: number,
  end: number,
): { readonly first: number; readonly at: number; readonly length: number } {
  const first = Math.floor(start / FRAME_BYTES);
  const last = Math.floor(end / FRAME_BYTES);
  return { first, at: first * SEALED_FRAME_BYTES, length: (last - first + 1) * SEALED_FRAME_BYTES };
}

/** Of a number of bytes from the start of a frame on, so that reading in turns ends with a frame. */
export const frameEnd = (start: number, bytes: number): number =>
  Math.ceil((start + bytes) / FRAME_BYTES) * FRAME_BYTES - 1;

/**
 * The bytes from `start` to `end`, both inclusive, out of the frames that hold them.
 * @param frames from `framesOf(start, end).at` on, as long as it says or to the end of the body
 * @param sizeBytes of the whole plaintext
 * @throws Error when they are not what was written
 */
export function decrypt(key: Buffer, frames: Buffer, start: number, end: number, sizeBytes: number): Buffer {
  const { first } = framesOf(start, end);
  const lastFrame = Math.ceil(sizeBytes / FRAME_BYTES) - 1;
  const opened: Buffer[] = [];
  let number = first;
  for (let at = 0; number * FRAME_BYTES <= end; at += SEALED_FRAME_BYTES, number++) {
    const frame = frames.subarray(at, Math.min(at + SEALED_FRAME_BYTES, frames.length));
    if (frame.length <= TAG_BYTES) throw damaged();
    const decipher = createDecipheriv('aes-256-gcm', key, nonce(number, number === lastFrame), {
      authTagLength: TAG_BYTES,
    }).setAuthTag(frame.subarray(-TAG_BYTES));
    opened.push(decipher.update(frame.subarray(0, -TAG_BYTES)));
    try {
      decipher.final();
    } catch {
      throw damaged();
    }
  }
  const bytes = opened.length === 1 ? opened[0]! : Buffer.concat(opened);
  const from = start - first * FRAME_BYTES;
  const wanted = bytes.subarray(from, from + end - start + 1);
  if (wanted.length !== end - start + 1) throw damaged();
  return wanted;
}

function nonce(number: number, isLast: boolean): Buffer {
  const bytes = Buffer.alloc(NONCE_BYTES);
  bytes[0] = isLast ? 1 : 0;
  bytes.writeUIntBE(number, NONCE_BYTES - 6, 6);
  return bytes;
}

const damaged = () => new Error('an object file is not what was written: its bytes do not bear out their tags');
