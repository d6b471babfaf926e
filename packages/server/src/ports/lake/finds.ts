import type { LakeQuery } from '../lake.ts';
import type { Sequence } from '../log.ts';
import { type Engine, statement } from './engine.ts';
import { LogTest, Moved } from './log-test.ts';
import type { LogRecords } from './records.ts';
import { scanOf } from './scan.ts';
import { type FilterIndex, SequenceSet, type Span } from './sequence-set.ts';
import { bitsSql, setOfBits } from './set-sql.ts';
import { narrowed } from './sketch.ts';
import type { LakeStore, Snapshot } from './store.ts';
import type { Turns } from './turns.ts';

/**
 * Which events filters have found: a page of the console asks for rows, counts and a distribution of one filter, and then
 * for the pages after it, and they are looked for once for all of them. Events that came since are added when it is asked
 * for again.
 */
export interface FindsDeps {
  readonly directory: string;
  readonly store: LakeStore;
  readonly engine: Engine;
  /** Tells what it can without reading records. */
  readonly index: FilterIndex;
  readonly records: Pick<LogRecords, 'readSome'>;
  readonly turns: Turns;
}

/** A question with a filter. */
export type Filtered = LakeQuery & Required<Pick<LakeQuery, 'filter'>>;

interface Find {
  /** The filter is true of these, though not all need be of the asked time and account. */
  found: SequenceSet;
  /** Events before this have been looked at. */
  lookedAtTo: Sequence;
  /** Work on it: one piece after the other. */
  working: Promise<void>;
  /** Who needs it now. */
  askers: number;
  stop: AbortController;
}

/** Of ten million events, 1.4 MB each. */
const FINDS_MAX = 6;

export class Finds {
  readonly #deps: FindsDeps;
  /** By what was asked; the least recently used first. */
  readonly #finds = new Map<string, Find>();

  constructor(deps: FindsDeps) {
    this.#deps = deps;
  }

  /**
   * What was found: the filter is true of these, though not all need be of the asked time and account, and of no others that
   * are before the asked end. Whoever asks second waits for what the first one began.
   * @throws the signal's reason when it aborts; PatternError when the filter names nothing
   */
  async of(query: Filtered, signal: AbortSignal): Promise<SequenceSet> {
    const find = this.#find(query);
    find.askers++;
    try {
      await unlessAborted(this.#catchUp(find, query), signal);
      return find.found;
    } finally {
      this.#leave(find);
    }
  }

  /** The same, if there is nothing left to look at. */
  known(query: LakeQuery): SequenceSet | undefined {
    const find = this.#finds.get(keyOf(query));
    return find && find.lookedAtTo >= this.#endOf(query) ? find.found : undefined;
  }

  #endOf({ upTo }: LakeQuery): Sequence {
    const { indexedEnd } = this.#deps.store;
    return Math.min(upTo ?? indexedEnd, indexedEnd);
  }

  #find(query: LakeQuery): Find {
    const key = keyOf(query);
    const known = this.#finds.get(key);
    this.#finds.delete(key);
    const find = known ?? {
      found: new SequenceSet(),
      lookedAtTo: 0,
      working: Promise.resolve(),
      askers: 0,
      stop: new AbortController(),
    };
    this.#finds.set(key, find);
    return find;
  }

  #leave(find: Find): void {
    find.askers--;
    if (find.askers === 0) {
      find.stop.abort();
      find.stop = new AbortController();
    }
    for (const [key, { askers }] of this.#finds) {
      if (this.#finds.size <= FINDS_MAX) return;
      if (askers === 0) this.#finds.delete(key);
    }
  }

  #catchUp(find: Find, query: Filtered): Promise<void> {
    find.working = find.working.catch(() => {}).then(() => this.#lookAtRest(find, query));
    return find.working;
  }

  /** Adds what is new: all of it, or nothing when it stops in the middle. */
  async #lookAtRest(find: Find, query: Filtered): Promise<void> {
    const upTo = this.#endOf(query);
    if (find.lookedAtTo >= upTo) return;
    const { signal } = find.stop;
    const added = await this.#deps.store.question(async (snapshot) => {
      const span = { from: Math.max(snapshot.start, find.lookedAtTo), upTo };
      const asked = { ...query, ...span };
      const given = await this.#deps.index.found(query.filter, asked, this.#deps.turns.pauses(signal));
      if (!given) return this.#scan(snapshot, asked, signal);
      return given.maybe ? given.sure.or(await this.#tested(given.maybe, snapshot, asked, signal)) : given.sure;
    });
    Object.assign(find, { found: find.found.or(added), lookedAtTo: upTo });
  }

  /** Looks at what the index is not sure of: in the Log, for it is little, and of all places. */
  async #tested(
    maybe: SequenceSet,
    snapshot: Snapshot,
    query: Filtered & Span,
    signal: AbortSignal,
  ): Promise<SequenceSet> {
    try {
      return await new LogTest(this.#deps.records, query.filter, query).among(maybe, this.#deps.turns.pauses(signal));
    } catch (error) {
      if (error instanceof Moved) return this.#scan(snapshot, query, signal, maybe);
      throw error;
    }
  }

  /** Which events: all that is asked of so many, which is little of each, and what all processors look for. */
  async #scan(all: Snapshot, query: LakeQuery & Span, signal: AbortSignal, among?: SequenceSet): Promise<SequenceSet> {
    const { directory, engine } = this.#deps;
    const snapshot = await narrowed(engine, directory, all, query.filter);
    const { from, upTo } = query;
    const [row] = await engine.rows<[Uint8Array | null]>(
      statement(
        (bind) =>
          `SELECT ${bitsSql(from, upTo)} FROM (SELECT * FROM ${scanOf(directory, snapshot, query, bind, among)}) AS found`,
      ),
      signal,
    );
    return setOfBits(row![0], from, upTo);
  }
}

const keyOf = ({ filter, startMs, endMs, accounts }: LakeQuery) => JSON.stringify([filter, startMs, endMs, accounts]);

async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  signal.addEventListener('abort', abort);
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
