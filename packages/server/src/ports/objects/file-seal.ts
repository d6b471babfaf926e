import type { Attributes, Marks, Part } from '../object-store.ts';
import type { FileCipher } from './cipher.ts';

/** A part, and how its own file is encrypted. */
export interface StoredPart extends Part {
  readonly cipher?: FileCipher;
}

/** What an object's file says at its end. Bucket and key are for whoever must recover files without the index. */
export interface FileSeal {
  readonly bucket: string;
  readonly key: string;
  readonly attributes: Attributes;
  readonly marks: Marks;
  readonly parts?: readonly StoredPart[];
  /** Absent where the bytes stand as they are. */
  readonly cipher?: FileCipher;
}
