import { closeSync, fstatSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { HistoryCursor } from '../history.ts';
import { readFully } from '../log/raw-reader.ts';
import { syncDirectory } from '../log/sealed-writer.ts';
import { SteadyFile } from '../log/steady-file.ts';
import type { Sequence } from '../log.ts';
import { decodeTail, encodeIndex, INDEX_VERSION, type IndexTail, TAIL_BYTES } from './index-format.ts';
import { PagedFile, type PartCache } from './pages.ts';
import { PostingIndex } from './posting-index.ts';
import { RankedIndex } from './ranked-index.ts';
import type { IndexColumns } from './segment-index.ts';
import type { Term } from './terms.ts';

/** An index file is not what was written. It can be made anew from the sealed segment. */
export class IndexDamaged extends Error {
  readonly first: Sequence;

  constructor(path: string, first: Sequence, offset: number, what: string) {
    super(`The index file ${path} is damaged at byte ${offset}: ${what}. It is made anew from its sealed segment.`);
    this.name = 'IndexDamaged';
    this.first = first;
  }
}

/** Writes the index file under a temporary name, makes it durable, and then gives it its own. */
export function writeIndex(path: string, index: IndexColumns): void {
  const temporary = `${path}.tmp`;
  const file = new SteadyFile(temporary);
  try {
    for (const part of encodeIndex(index)) file.write(part);
    file.finish();
  } finally {
    file.close();
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** The parts of an open index file that every version has. */
export interface IndexParts {
  readonly tail: IndexTail;
  /** In memory: about 3 bytes an event. */
  readonly footer: ArrayBuffer;
  /** The file's data, given the CRCs of its pages. */
  readonly data: (crcs: Uint32Array) => PagedFile;
}

/** What finds a segment's events, whatever the version of its index file. */
export interface TermIndex {
  /** The events of `term` older than `before`, newest first. Nothing is read when the term is not here (mostly). */
  candidates(term: Term, before: HistoryCursor): Iterable<HistoryCursor>;
  /** What `hold` would take of memory; 0 for what cannot be held. */
  readonly heldBytesMax: number;
  /** Reads the next part of what most questions need, to hold it in memory. @returns false when there is no more */
  hold(): boolean;
  /** Holds nothing any more. */
  release(): void;
}

/** An index file opened for look-ups: footer in memory, the rest read page by page. */
export class IndexFile implements TermIndex {
  readonly tail: IndexTail;
  readonly #fd: number;
  readonly #index: TermIndex;

  /** @throws IndexDamaged */
  constructor(path: string, first: Sequence, cache: PartCache) {
    const damage = (offset: number, what: string) => new IndexDamaged(path, first, offset, what);
    this.#fd = openSync(path, 'r');
    try {
      const tailAt = Math.max(0, fstatSync(this.#fd).size - TAIL_BYTES);
      const tail = decodeTail(readFully(this.#fd, tailAt, TAIL_BYTES));
      if (!tail || tail.first !== first || tail.dataBytes > tailAt) throw damage(tailAt, 'its tail is wrong');
      const footer = new Uint8Array(readFully(this.#fd, tail.dataBytes, tailAt - tail.dataBytes));
      if (crc32(footer) !== tail.footerCrc) throw damage(tail.dataBytes, 'its footer fails its check');
      const data = (crcs: Uint32Array) =>
        new PagedFile(this.#fd, tail.dataBytes, crcs, cache, (o) => damage(o, 'a page fails its check'));
      this.tail = tail;
      const parts = { tail, footer: footer.buffer, data };
      this.#index = tail.version === INDEX_VERSION ? new PostingIndex(parts) : new RankedIndex(parts);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** Whether older code wrote it. */
  get isOld(): boolean {
    return this.tail.version !== INDEX_VERSION;
  }

  candidates(term: Term, before: HistoryCursor): Iterable<HistoryCursor> {
    return this.#index.candidates(term, before);
  }

  get heldBytesMax(): number {
    return this.#index.heldBytesMax;
  }

  hold(): boolean {
    return this.#index.hold();
  }

  release(): void {
    this.#index.release();
  }

  close(): void {
    closeSync(this.#fd);
  }
}
