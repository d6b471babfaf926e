import type { SearchFilter } from '../../event/search/index.ts';
import type { LogEvent } from '../history/sealed-events.ts';
import type { LakeQuery } from '../lake.ts';
import type { Sequence } from '../log.ts';
import { COLUMNS, JSON_COLUMNS } from './columns.ts';
import { type Engine, statement } from './engine.ts';
import { type Bind, fieldSql } from './filter-sql.ts';
import { NOTHING, readsRecords, scanOf, withinTime } from './scan.ts';
import { Moved, type SeekDeps, seek, testedInLog } from './seek.ts';
import { type FilterIndex, type FoundByIndex, SequenceSet } from './sequence-set.ts';
import { bitsSql, setOfBits } from './set-sql.ts';
import { narrowed } from './sketch.ts';
import { Staging } from './staging.ts';
import type { LakeStore, Snapshot } from './store.ts';

/**
 * What searches that must read the records themselves have found: a page of the console asks for rows, counts and a
 * distribution of one filter, and then for the pages after it, and the records are read once for all of them. Events that
 * came since are added when it is asked for again.
 */
export interface FindsDeps extends SeekDeps {
  readonly directory: string;
  readonly store: LakeStore;
  readonly engine: Engine;
  /** Tells what it can without reading records. */
  readonly index?: FilterIndex;
  /** Events whose columns are kept, of one question. Default 50,000. */
  readonly columnsMax?: number;
  /** What the index finds is read in the Log all the same, for its columns, when it is no more than this. Default 5,000. */
  readonly readMax?: number;
}

interface Find {
  /** Which events: the filter is true of these, though not all need be of the asked time and account. */
  found: SequenceSet;
  /** A table of their columns: of those that were read anyway, and not too many. */
  readonly columns: string;
  hasColumns: boolean;
  /** Rows of that table, as long as it has all. */
  rows: number;
  /** Events before this have been looked at. */
  lookedAtTo: Sequence;
  /** Work on it: one piece after the other. */
  working: Promise<void>;
  /** Who needs it now. */
  askers: number;
  stop: AbortController;
}

/** What was found of a filter. */
export interface Found {
  /** SQL that stands after FROM in the place of `scanOf`. @param query the same filter */
  from(query: LakeQuery, bind: Bind): string;
  /** Which events; undefined where they are few, with their columns in memory. */
  readonly events?: SequenceSet;
  /** More events than `from` gives, for whoever reads those that are doubted by himself: of these the filter may be false. */
  readonly candidates?: Pick<Found, 'from'> & { readonly doubted: SequenceSet };
}

/** In memory: some 700 bytes each. */
const COLUMNS_MAX = 50_000;
/** What is read of the Log for that takes a quarter of a second. */
const READ_MAX = 5_000;
const FINDS_MAX = 6;
/** All but the records and their parts. */
const FOUND_COLUMNS = COLUMNS.filter((name) => name !== 'eventjson' && !Object.hasOwn(JSON_COLUMNS, name));
const NO_COLUMNS = `SELECT ${FOUND_COLUMNS.join(', ')} FROM ${NOTHING}`;
/** Events that are made columns of at a time, and where. */
const STAGED_EVENTS = 1_000;
const STAGED = 'staged';

export class Finds {
  readonly #deps: FindsDeps;
  /** By what was asked; the least recently used first. */
  readonly #finds = new Map<string, Find>();
  readonly #columnsMax: number;
  readonly #readMax: number;
  #staging: Staging | undefined;
  /** Of those that use it: it takes one batch at a time. */
  #turn: Promise<void> = Promise.resolve();
  #next = 1;

  constructor(deps: FindsDeps) {
    this.#deps = deps;
    this.#columnsMax = deps.columnsMax ?? COLUMNS_MAX;
    this.#readMax = deps.readMax ?? READ_MAX;
  }

  /** Whether what it finds is there already, but for what is new. */
  has(query: LakeQuery): boolean {
    return (this.#finds.get(keyOf(query))?.lookedAtTo ?? 0) > 0;
  }

  /**
   * Lends what was found; undefined when the filter needs no records, or there are none. Whoever asks second waits for
   * what the first one began.
   * @param fields that will be read @throws the signal's reason when it aborts; PatternError when a field names nothing
   */
  async with<R>(
    query: LakeQuery,
    fields: readonly string[],
    signal: AbortSignal,
    ask: (found: Found | undefined) => Promise<R>,
  ): Promise<R> {
    if (!readsRecords(query.filter)) return ask(undefined);
    const find = this.#find(query);
    find.askers++;
    try {
      await unlessAborted(this.#catchUp(find, query), signal);
      if (find.lookedAtTo === 0) return await ask(undefined);
      const hasAll = find.hasColumns && fields.every((field) => FOUND_COLUMNS.includes(fieldSql(field).sql));
      return await this.#deps.store.question((snapshot) =>
        ask(hasAll ? inColumns(find.columns, snapshot) : this.#inLake(find.found, snapshot)),
      );
    } finally {
      this.#leave(find);
    }
  }

  /**
   * What is known now without reading many records: what was found before, or what the index says, where it says much.
   * What it does not know is looked at by the filter. undefined when that is of no help, or `with` has it in memory.
   */
  known(query: LakeQuery, snapshot: Snapshot): Found | undefined {
    const upTo = this.#endOf(query);
    const find = this.#finds.get(keyOf(query));
    if (find && find.lookedAtTo > 0) {
      const maybe = SequenceSet.range(find.lookedAtTo, upTo);
      return find.hasColumns ? undefined : this.#inLake(find.found, snapshot, maybe);
    }
    const given = this.#indexed({ ...query, from: Math.max(snapshot.start, query.from ?? 0), upTo });
    if (!given?.isMuch) return undefined;
    const { sure, maybe, rest } = given;
    const found = this.#inLake(sure, snapshot, maybe, rest);
    if (!maybe) return found;
    return { ...found, candidates: { ...this.#inLake(sure.or(maybe), snapshot, undefined, rest), doubted: maybe } };
  }

  #indexed(query: LakeQuery & Span): (FoundByIndex & { readonly isMuch: boolean }) | undefined {
    const { index } = this.#deps;
    const given = index && readsRecords(query.filter) ? index.found(query.filter!, query) : undefined;
    if (!given) return undefined;
    const asked = SequenceSet.range(query.from, query.upTo);
    const [sure, maybe] = [given.sure.and(asked), given.maybe?.and(asked)];
    const isMuch = sure.count() + (maybe?.count() ?? 0) > this.#readMax;
    return { ...given, sure, ...(maybe && { maybe }), isMuch };
  }

  /** @param maybe is tested by the filter @param rest what is still to be true of those in `sure` */
  #inLake(sure: SequenceSet, snapshot: Snapshot, maybe = new SequenceSet(), rest?: SearchFilter): Found {
    const { directory } = this.#deps;
    const from = ({ filter, ...query }: LakeQuery, bind: Bind) => {
      const known = scanOf(directory, snapshot, { ...query, ...(rest && { filter: rest }) }, bind, sure);
      if (maybe.count() === 0 || !filter) return known;
      const tested = scanOf(directory, snapshot, { ...query, filter }, bind, maybe);
      return `(SELECT * FROM ${known} UNION ALL SELECT * FROM ${tested}) AS events`;
    };
    return { from, events: maybe.count() === 0 ? sure : sure.or(maybe) };
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
      ...{ found: new SequenceSet(), columns: `found_${this.#next++}`, hasColumns: true, rows: 0, lookedAtTo: 0 },
      ...{ working: Promise.resolve(), askers: 0, stop: new AbortController() },
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
    for (const [key, { askers, columns, working }] of this.#finds) {
      if (this.#finds.size <= FINDS_MAX) return;
      if (askers > 0) continue;
      this.#finds.delete(key);
      void working.catch(() => {}).then(() => this.#drop(columns));
    }
  }

  #catchUp(find: Find, query: LakeQuery): Promise<void> {
    find.working = find.working.catch(() => {}).then(() => this.#lookAtRest(find, query));
    return find.working;
  }

  /** Adds what is new: all of it, or nothing when it stops in the middle. */
  async #lookAtRest(find: Find, query: LakeQuery): Promise<void> {
    const { engine, store } = this.#deps;
    const { columns, lookedAtTo, stop } = find;
    const upTo = this.#endOf(query);
    if (lookedAtTo >= upTo) return;
    const more = `${columns}_new`;
    try {
      const added = await store.question(async (snapshot) => {
        const rest = { ...query, from: Math.max(snapshot.start, lookedAtTo), upTo };
        const given = this.#indexed(rest);
        const sought = given?.isMuch ? undefined : await this.#seek(more, rest, stop.signal);
        if (sought) return sought;
        return given ? this.#sure(given, snapshot, rest, stop.signal) : this.#scan(snapshot, rest, stop.signal);
      });
      const rows = find.rows + added.rows;
      const hasColumns = find.hasColumns && added.hasColumns && rows <= this.#columnsMax;
      if (hasColumns)
        await engine.transaction([
          `CREATE TABLE IF NOT EXISTS ${columns} AS ${NO_COLUMNS}`,
          ...(added.rows > 0 ? [`INSERT INTO ${columns} SELECT * FROM ${more}`] : []),
        ]);
      Object.assign(find, { found: find.found.or(added.found), rows, hasColumns, lookedAtTo: upTo });
    } finally {
      await this.#drop(more);
    }
  }

  async #drop(table: string): Promise<void> {
    await this.#deps.engine.run(`DROP TABLE IF EXISTS ${table}`);
  }

  /** All that the index finds, with what it is not sure of looked at: in the Log, for it is little, and of all places. */
  async #sure({ sure, maybe, rest }: FoundByIndex, all: Snapshot, query: LakeQuery & Span, signal: AbortSignal) {
    const known = rest ? (await this.#scan(all, { ...query, filter: rest }, signal, sure)).found : sure;
    const tested =
      maybe &&
      ((await testedInLog(this.#deps.records, query, maybe, signal)) ??
        (await this.#scan(all, query, signal, maybe)).found);
    const found = tested ? known.or(tested) : known;
    const rows = found.count();
    return { found, rows, hasColumns: rows === 0 };
  }

  /** Which events: all that is asked of so many, which is little of each, and what all processors look for. */
  async #scan(all: Snapshot, query: LakeQuery & Span, signal: AbortSignal, among?: SequenceSet): Promise<Added> {
    const { directory, engine } = this.#deps;
    const snapshot = await narrowed(engine, directory, all, query.filter);
    const { from, upTo } = query;
    const [row] = await engine.rows<[Uint8Array | null, bigint]>(
      statement(
        (bind) =>
          `SELECT ${bitsSql(from, upTo)}, count(*) FROM (SELECT * FROM ${scanOf(directory, snapshot, query, bind, among)}) AS found`,
      ),
      signal,
    );
    const [bits, count] = row!;
    return { found: setOfBits(bits, from, upTo), rows: Number(count), hasColumns: bits === null };
  }

  /** @returns undefined when they must be found otherwise */
  async #seek(into: string, query: LakeQuery & Span, signal: AbortSignal): Promise<Added | undefined> {
    const pieces = seek(this.#deps, query, undefined, signal);
    if (!pieces) return undefined;
    const { engine } = this.#deps;
    await engine.run(`CREATE OR REPLACE TABLE ${into} AS ${NO_COLUMNS}`);
    const found = new SequenceSet();
    let rows = 0;
    const put = async (events: readonly LogEvent[]) => {
      rows += events.length;
      for (const { sequence } of events) found.add(sequence);
      if (rows > this.#columnsMax) return;
      await this.#staged(events, (staged) =>
        engine.run(`INSERT INTO ${into} SELECT ${FOUND_COLUMNS.join(', ')} FROM ${staged}`),
      );
    };
    try {
      let waiting: LogEvent[] = [];
      for await (const piece of pieces) {
        for (const event of piece) waiting.push(event);
        if (waiting.length < STAGED_EVENTS) continue;
        await put(waiting);
        waiting = [];
      }
      if (waiting.length > 0) await put(waiting);
    } catch (error) {
      if (error instanceof Moved) return undefined;
      throw error;
    }
    return { found, rows, hasColumns: rows <= this.#columnsMax };
  }

  /** Lends a table of these events, with all columns. */
  #staged(events: readonly LogEvent[], use: (table: string) => Promise<void>): Promise<void> {
    const { engine } = this.#deps;
    const done = this.#turn.then(async () => {
      this.#staging ??= new Staging(await engine.ownConnection());
      await this.#staging.createTable(STAGED);
      try {
        await this.#staging.add(STAGED, events);
        await use(STAGED);
      } finally {
        await engine.run(`DROP TABLE ${STAGED}`);
      }
    });
    this.#turn = done.catch(() => {});
    return done;
  }
}

/** What was asked for before may have been before more was found, or before the Log let go of some. */
function inColumns(table: string, { start }: Snapshot): Found {
  return {
    from: ({ from = 0, upTo, startMs, endMs }) => {
      const before = upTo === undefined ? '' : ` AND sequence < ${upTo}`;
      const time = withinTime({ startMs, endMs });
      return `(SELECT * FROM ${table} WHERE sequence >= ${Math.max(from, start)}${before} AND ${time}) AS events`;
    },
  };
}

type Span = Required<Pick<LakeQuery, 'from' | 'upTo'>>;

interface Added {
  readonly found: SequenceSet;
  readonly rows: number;
  /** Whether all of their columns stand in the table that was to be made. */
  readonly hasColumns: boolean;
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
