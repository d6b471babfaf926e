import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';
import { PartCache } from '../history/pages.ts';
import { SealedEvents } from '../history/sealed-events.ts';
import { segmentName } from '../log/raw-reader.ts';
import type { Sequence } from '../log.ts';

/** Inflated blocks kept: pages next to each other meet the same ones. */
const CACHE_BYTES = 16 << 20;
/** Open at a time, some 150 kB each. */
const SEGMENTS_MAX = 64;

/**
 * Records by their sequence, out of the Log's sealed segments: sixteen of them are read to have one, where Parquet reads
 * some ten thousand. All that the lake holds stands in the Log too, most of it sealed.
 */
export class LogRecords {
  readonly #directory: string;
  readonly #cache = new PartCache(CACHE_BYTES);
  /** The least recently used first. */
  readonly #open = new Map<Sequence, SealedEvents>();
  /** First sequences of sealed segments, ascending. */
  #firsts: readonly Sequence[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The Log has sealed or dropped a segment. */
  changed(): void {
    this.#firsts = readdirSync(this.#directory)
      .flatMap((name) => /^(\d{20})\.seg$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
    for (const [first, segment] of this.#open) {
      if (this.#firsts.includes(first)) continue;
      segment.close();
      this.#open.delete(first);
    }
  }

  /** @param sealedEnd what stands before this is sealed @returns undefined when it stands elsewhere, or is gone */
  read(sequence: Sequence, sealedEnd: Sequence): Buffer | undefined {
    const first = sequence < sealedEnd ? this.#firsts.findLast((one) => one <= sequence) : undefined;
    if (first === undefined) return undefined;
    try {
      return this.#segment(first).read(sequence).json;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined; // retention took it
      throw error;
    }
  }

  close(): void {
    for (const segment of this.#open.values()) segment.close();
    this.#open.clear();
  }

  #segment(first: Sequence): SealedEvents {
    const known = this.#open.get(first);
    this.#open.delete(first);
    const segment = known ?? new SealedEvents(join(this.#directory, segmentName(first, 'seg')), this.#cache);
    this.#open.set(first, segment);
    const [oldest] = this.#open.keys();
    if (this.#open.size > SEGMENTS_MAX && oldest !== undefined) {
      this.#open.get(oldest)!.close();
      this.#open.delete(oldest);
    }
    return segment;
  }
}
