import { join } from 'node:path';
import type { HistoryCursor } from '../history.ts';
import { segmentName } from '../log/raw-reader.ts';
import { readSealedFooter } from '../log/sealed.ts';
import type { Sequence } from '../log.ts';
import { IndexDamaged, IndexFile } from './index-file.ts';
import type { PartCache } from './pages.ts';
import { type LackingBlock, SealedEvents } from './sealed-events.ts';
import type { EncodedEvent, Scan, Source } from './source.ts';

/** What all sealed segments share: what they keep in memory is bounded together. */
export interface SealedCaches {
  /** Of index files. */
  readonly pages: PartCache;
  /** Of `.seg` files, inflated. */
  readonly blocks: PartCache;
}

/** A sealed segment: found through its index file, read from its `.seg`, which is opened when first needed. */
export class SealedSegment implements Source {
  readonly first: Sequence;
  readonly #segPath: string;
  readonly #caches: SealedCaches;
  readonly #index: IndexFile;
  #events: SealedEvents | undefined;
  #warmed = false;
  #spoilt = false;

  /** @throws IndexDamaged when the index is damaged, missing, or not of this `.seg` */
  constructor(directory: string, first: Sequence, caches: SealedCaches) {
    this.first = first;
    this.#segPath = join(directory, segmentName(first, 'seg'));
    this.#caches = caches;
    const path = join(directory, segmentName(first, 'idx'));
    this.#index = new IndexFile(path, first, caches.pages);
    const { count } = readSealedFooter(this.#segPath);
    if (count !== this.#index.tail.rows) {
      this.#index.close();
      throw new IndexDamaged(path, first, 0, `it is of ${this.#index.tail.rows} events, the segment holds ${count}`);
    }
  }

  get end(): Sequence {
    return this.first + this.#index.tail.rows;
  }

  /** Whether its index is one that older code wrote: right, but slower. */
  get isOld(): boolean {
    return this.#index.isOld;
  }

  get oldestMs(): number {
    return this.#index.tail.oldestMs;
  }

  get newestMs(): number {
    return this.#index.tail.newestMs;
  }

  *candidates({ term, before, startMs }: Scan): Iterable<HistoryCursor> {
    for (const candidate of this.#index.candidates(term, before)) {
      if (candidate.timeMs < startMs) return;
      yield candidate;
    }
  }

  read(sequence: Sequence): EncodedEvent {
    return this.#opened().readEncoded(sequence);
  }

  lacking(sequences: readonly Sequence[]): readonly LackingBlock[] {
    return this.#opened().lacking(sequences);
  }

  /** Opens the `.seg` ahead of the first read. @returns false when it was called before */
  warm(): boolean {
    if (this.#warmed) return false;
    this.#warmed = true;
    try {
      this.#opened();
    } catch {} // told to whoever needs an event of it
    return true;
  }

  /** What `hold` would take of memory. */
  get heldBytesMax(): number {
    return this.#index.heldBytesMax;
  }

  /** Reads the next part of what most questions need of its index, to hold it in memory. @returns false when all is read */
  hold(): boolean {
    if (this.#spoilt) return false;
    try {
      return this.#index.hold();
    } catch {
      this.#spoilt = true; // told to whoever needs that page
      return false;
    }
  }

  release(): void {
    this.#index.release();
  }

  close(): void {
    this.#index.close();
    this.#events?.close();
  }

  #opened(): SealedEvents {
    this.#events ??= new SealedEvents(this.#segPath, this.#caches.blocks);
    return this.#events;
  }
}
