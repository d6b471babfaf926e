import { readdirSync } from 'node:fs';
import { systemErrorCode } from '../../base/errors.ts';
import type { HistoryQuery } from '../history.ts';
import { RAW_HEADER_BYTES } from '../log/raw-reader.ts';
import type { Sequence } from '../log.ts';
import { HotSegment } from './hot.ts';
import { IndexDamaged } from './index-file.ts';
import { type Candidate, holdsEventIds, type LookupPage, lookup } from './lookup.ts';
import { PartCache } from './pages.ts';
import { type SealedCaches, SealedSegment } from './sealed-segment.ts';
import type { IndexColumns } from './segment-index.ts';
import type { Source } from './source.ts';
import type { UnpackTeam } from './unpack-team.ts';

/**
 * Kept in memory: pages of index files, the hot ends of a few hundred lists; some four hundred inflated blocks, so that
 * a block with several hits is inflated once; and of the index of each segment, the newest first, what rare values are found
 * by, about 1 MB: of thirteen million events. The system's own cache of files is taken back from what idles.
 */
const CACHE_BYTES = { pages: 64 << 20, blocks: 16 << 20, held: 128 << 20 };
/** Indexed at a time: what a question may have to wait for. */
const PART_BYTES = 1 << 20;
/** Unsealed segments held in memory, some 20 MB each; with more, indexing waits for sealing. */
export const HOT_SEGMENTS_MAX = 8;

/** What of the Log there is to see. Everything up to `end` is durable. */
export interface LogView {
  readonly start: Sequence;
  readonly end: Sequence;
  /** Raw segments, oldest first: those complete, and last the one that grows. */
  readonly raw: readonly { readonly first: Sequence; readonly path: string; readonly bytes: number }[];
}

/**
 * Event history over the Log's segment files: hot segments indexed in memory, sealed ones by their index files. All
 * synchronous, without a clock or a thread of its own; `worker.ts` runs it.
 */
export class HistoryCore {
  readonly #directory: string;
  readonly #caches: SealedCaches;
  readonly #heldBytesMax: number;
  readonly #team: Pick<UnpackTeam, 'unpack'> | undefined;
  readonly #hot = new Map<Sequence, HotSegment>();
  readonly #sealed = new Map<Sequence, SealedSegment>();
  #view: LogView;
  #indexedEnd: Sequence;

  /**
   * @param view as the Log is now; only segments that are not raw any more are looked for among the sealed
   * @param team unpacks the blocks of a page in two threads
   */
  constructor(
    directory: string,
    view: LogView,
    { pages, blocks, held } = CACHE_BYTES,
    team?: Pick<UnpackTeam, 'unpack'>,
  ) {
    this.#directory = directory;
    this.#team = team;
    this.#caches = { pages: new PartCache(pages), blocks: new PartCache(blocks) };
    this.#heldBytesMax = held;
    this.#view = view;
    this.#indexedEnd = view.raw[0]?.first ?? view.end;
  }

  /** Events before this are searchable. */
  get indexedEnd(): Sequence {
    return this.#indexedEnd;
  }

  /**
   * Opens the sealed segments that stand in the directory.
   * @returns those whose index is missing or damaged; call `sealed` for each when it is made
   */
  open(): readonly Sequence[] {
    const raw = new Set(this.#view.raw.map((r) => r.first));
    const lacking: Sequence[] = [];
    for (const name of readdirSync(this.#directory)) {
      const first = Number(/^(\d{20})\.seg$/.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(first) || raw.has(first)) continue;
      try {
        this.#sealed.set(first, new SealedSegment(this.#directory, first, this.#caches));
      } catch (error) {
        if (!(error instanceof IndexDamaged) && systemErrorCode(error) !== 'ENOENT') throw error;
        lacking.push(first);
      }
    }
    return lacking.sort((a, b) => a - b);
  }

  /** Segments whose index older code wrote: they answer, and faster when it is made anew. The newest first. */
  old(): readonly Sequence[] {
    return this.#newestFirst().flatMap((segment) => (segment.isOld ? [segment.first] : []));
  }

  /** The Log has moved on: what retention deleted is let go, what was appended waits for `index`. */
  follow(view: LogView): void {
    this.#view = view;
    for (const segment of this.#sealed.values()) {
      if (segment.end > view.start) continue;
      segment.close();
      this.#sealed.delete(segment.first);
    }
  }

  /**
   * Indexes the next part of what the Log has gained: with the default, some three milliseconds of work.
   * @returns whether there is more to index now
   */
  index(partBytes = PART_BYTES): boolean {
    for (const { first, path, bytes } of this.#view.raw) {
      if (this.#sealed.has(first) || bytes <= RAW_HEADER_BYTES) continue;
      let hot = this.#hot.get(first);
      if (!hot) {
        if (this.#hot.size >= HOT_SEGMENTS_MAX) return false; // `sealed` makes room
        hot = new HotSegment(path);
        this.#hot.set(first, hot);
      }
      const before = hot.end;
      const more = hot.indexUpTo(bytes, partBytes);
      this.#indexedEnd = Math.max(this.#indexedEnd, hot.end);
      if (more || hot.end > before) return true;
    }
    this.#indexedEnd = this.#view.end;
    return false;
  }

  /** A copy of the index of a segment that is not sealed, as far as it goes; undefined when it is sealed. */
  hotIndex(first: Sequence): IndexColumns | undefined {
    return this.#hot.get(first)?.columns();
  }

  /** The segment's `.seg` and `.idx` are durable: from now on it is read from them. */
  sealed(first: Sequence): void {
    const segment = new SealedSegment(this.#directory, first, this.#caches);
    this.#sealed.get(first)?.close();
    this.#sealed.set(first, segment);
    this.#hot.get(first)?.close();
    this.#hot.delete(first);
    this.#indexedEnd = Math.max(this.#indexedEnd, segment.end);
  }

  /** With nothing else to do: some two milliseconds of what a first lookup would wait for. @returns false when done */
  warm(): boolean {
    const segments = this.#newestFirst();
    if (segments.some((segment) => segment.warm())) return true;
    let heldBytes = 0;
    for (const segment of segments) {
      heldBytes += segment.heldBytesMax;
      if (heldBytes > this.#heldBytesMax) segment.release();
      else if (segment.hold()) return true;
    }
    return false;
  }

  /** One page. @throws IndexDamaged when an index must be made anew first */
  lookup(query: HistoryQuery): LookupPage {
    return lookup(this.#sources(), query, (candidates) => this.#unpackTogether(candidates));
  }

  /** With the other thread, when there is one: what is not unpacked then is when it is read. */
  #unpackTogether(candidates: readonly Candidate[]): void {
    if (!this.#team) return;
    const sequences = new Map<Source, Sequence[]>();
    for (const { source, sequence } of candidates) {
      const ofSource = sequences.get(source);
      if (ofSource) ofSource.push(sequence);
      else sequences.set(source, [sequence]);
    }
    const blocks = [...sequences].flatMap(([source, some]) => source.lacking?.(some) ?? []);
    this.#team.unpack(blocks, (key, plain) => this.#caches.blocks.replace(key, plain));
  }

  /** Newest segments first: what importers repeat is mostly recent. @throws IndexDamaged */
  holdsEventIds(accountId: string, eventIds: readonly string[]): readonly boolean[] {
    const sources = this.#sources().sort((a, b) => b.first - a.first);
    return holdsEventIds(sources, accountId, eventIds);
  }

  close(): void {
    for (const segment of this.#sources()) segment.close();
    this.#sealed.clear();
    this.#hot.clear();
  }

  #newestFirst(): SealedSegment[] {
    return [...this.#sealed.values()].sort((a, b) => b.first - a.first);
  }

  #sources(): (HotSegment | SealedSegment)[] {
    return [...this.#sealed.values(), ...this.#hot.values()];
  }
}
