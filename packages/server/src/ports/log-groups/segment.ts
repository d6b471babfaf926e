import type { StoredLogEvent } from '../log-groups.ts';
import type { BlockInfo } from './block.ts';

/** A run of a group's events in one file. */
export interface Segment {
  readonly path: string;
  /** Sequences of its first event and of the one after its last. */
  readonly first: number;
  readonly end: number;
  /** Infinite the other way round when it has none. */
  readonly minMs: number;
  readonly maxMs: number;
  blocks(): Promise<readonly BlockInfo[]>;
  load(block: BlockInfo): Promise<readonly StoredLogEvent[]>;
  readonly lease: Lease;
  /** Gives back what the system holds for it. MUST NOT be called while somebody reads. */
  close(): Promise<void>;
}

/** Who reads a segment may do so to the end, also when it is replaced or deleted meanwhile. */
export class Lease {
  #readers = 0;
  #dispose: (() => Promise<void>) | undefined;

  take(): void {
    this.#readers++;
  }

  async giveBack(): Promise<void> {
    if (--this.#readers === 0) await this.#dispose?.();
  }

  /** Disposes of the segment when nobody reads it. Nobody may take it any more. */
  async end(dispose: () => Promise<void>): Promise<void> {
    if (this.#readers === 0) await dispose();
    else this.#dispose = dispose;
  }
}
