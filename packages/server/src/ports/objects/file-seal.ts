import type { Attributes, Marks, Part } from '../object-store.ts';

/** What an object's file says at its end. Bucket and key are for whoever must recover files without the index. */
export interface FileSeal {
  readonly bucket: string;
  readonly key: string;
  readonly attributes: Attributes;
  readonly marks: Marks;
  readonly parts?: readonly Part[];
}
