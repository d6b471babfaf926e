import type { Source } from '../../verify/source.ts';
import type { ClientPlace } from '../client.ts';

/** What a source is made from, in a form that can go to another thread. */
export type SourcePlace =
  | { readonly folder: string }
  | { readonly bucket: string; readonly client: ClientPlace; readonly inBulk: boolean };

/** A source that further threads can open for themselves. */
export interface PlacedSource extends Source {
  readonly place: SourcePlace;
  /** Whether a program on this machine answers for it. */
  readonly isServedHere: boolean;
}
