import type { LakeQuery } from '../lake.ts';
import type { Sequence } from '../log.ts';
import { COLUMNS, JSON_COLUMNS } from './columns.ts';
import { type Engine, statement } from './engine.ts';
import { fieldSql } from './filter-sql.ts';
import { readsRecords, scanOf } from './scan.ts';
import { narrowed } from './sketch.ts';
import type { LakeStore } from './store.ts';

/**
 * What searches that must read the records themselves have found: a page of the console asks for rows, counts and a
 * distribution of one filter, and then for the pages after it, and the records are read once for all of them. Events that
 * came since are added when it is asked for again.
 */
export interface FindsDeps {
  readonly directory: string;
  readonly store: LakeStore;
  readonly engine: Engine;
  /** Events kept of one question. Default 50,000. */
  readonly foundMax?: number;
}

interface Find {
  readonly table: string;
  /** Events before this have been looked at. */
  lookedAtTo: Sequence;
  rows: number;
  /** Work on it: one piece after the other. */
  working: Promise<void>;
  /** Who needs it now. */
  askers: number;
  stop: AbortController;
}

/** Of those found, kept in memory: some 700 bytes each. What is found more often is found soon without this. */
const FOUND_MAX = 50_000;
const FINDS_MAX = 6;
/** All but the records and their parts. */
const FOUND_COLUMNS = COLUMNS.filter((name) => name !== 'eventjson' && !Object.hasOwn(JSON_COLUMNS, name));

export class Finds {
  readonly #deps: FindsDeps;
  /** By what was asked; the least recently used first. */
  readonly #finds = new Map<string, Find>();
  readonly #foundMax: number;
  #next = 1;

  constructor(deps: FindsDeps) {
    this.#deps = deps;
    this.#foundMax = deps.foundMax ?? FOUND_MAX;
  }

  /** Whether what it finds is there already, but for what is new. */
  has(query: LakeQuery): boolean {
    const find = this.#finds.get(keyOf(query));
    return find !== undefined && this.#isKept(find);
  }

  /** Whether a field of events is kept with them. @throws PatternError when it names nothing */
  keeps(field: string): boolean {
    return FOUND_COLUMNS.includes(fieldSql(field).sql);
  }

  /**
   * Lends what was found, as SQL that stands after FROM in the place of `scanOf`, with the columns that `keeps` tells of; undefined when
   * the filter needs no records, or finds too many of them. Whoever asks second waits for what the first one began.
   * @throws the signal's reason when it aborts
   */
  async with<R>(query: LakeQuery, signal: AbortSignal, ask: (from: string | undefined) => Promise<R>): Promise<R> {
    if (!readsRecords(query.filter)) return ask(undefined);
    const find = this.#find(query);
    find.askers++;
    try {
      await unlessAborted(this.#catchUp(find, query), signal);
      return await ask(this.#isKept(find) ? this.#foundIn(find, query) : undefined);
    } finally {
      this.#leave(find);
    }
  }

  #isKept({ lookedAtTo, rows }: Find): boolean {
    return lookedAtTo > 0 && rows <= this.#foundMax;
  }

  #find(query: LakeQuery): Find {
    const key = keyOf(query);
    const known = this.#finds.get(key);
    this.#finds.delete(key);
    const find = known ?? {
      ...{ table: `found_${this.#next++}`, lookedAtTo: 0, rows: 0, askers: 0 },
      ...{ working: Promise.resolve(), stop: new AbortController() },
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
    for (const [key, { askers, table, working }] of this.#finds) {
      if (this.#finds.size <= FINDS_MAX) return;
      if (askers > 0) continue;
      this.#finds.delete(key);
      void working.catch(() => {}).then(() => this.#deps.engine.run(`DROP TABLE IF EXISTS ${table}`));
    }
  }

  #catchUp(find: Find, query: LakeQuery): Promise<void> {
    find.working = find.working.catch(() => {}).then(() => this.#lookAtRest(find, query));
    return find.working;
  }

  /**
   * Adds what is new. First which events: that all processors look for, as they do not for so many rows at most, and of
   * however many there are it is little. Then their columns, in one statement: what stops in the middle has done nothing.
   */
  async #lookAtRest(find: Find, query: LakeQuery): Promise<void> {
    const { directory, engine, store } = this.#deps;
    const { table, lookedAtTo, stop } = find;
    const { from: _from, filter, ...asked } = query; // others may ask from elsewhere
    const upTo = Math.min(query.upTo ?? store.indexedEnd, store.indexedEnd);
    if (find.rows > this.#foundMax || lookedAtTo >= upTo) return;
    const { snapshot, end } = store.hold();
    const which = `${table}_new`;
    try {
      const all = await narrowed(engine, directory, snapshot, filter);
      const rest = { ...all, start: Math.max(snapshot.start, lookedAtTo) };
      const run = async (into: string, columns: string, more: Pick<LakeQuery, 'filter'>, where = '') => {
        const { sql, values } = statement((bind) => {
          const scan = scanOf(directory, rest, { ...asked, ...more, upTo }, bind);
          return `${into} SELECT ${columns} FROM (SELECT * FROM ${scan}) AS found${where}`;
        });
        const [made] = await engine.rows<[bigint]>({ sql, values }, stop.signal);
        return Number(made![0]);
      };
      const added = await run(`CREATE OR REPLACE TABLE ${which} AS`, 'sequence', filter ? { filter } : {});
      if (find.rows + added <= this.#foundMax) {
        const into = lookedAtTo === 0 ? `CREATE OR REPLACE TABLE ${table} AS` : `INSERT INTO ${table}`;
        await run(into, FOUND_COLUMNS.join(', '), {}, ` WHERE sequence IN (SELECT sequence FROM ${which})`);
      }
      find.rows += added;
      find.lookedAtTo = upTo;
    } finally {
      end();
      await engine.run(`DROP TABLE IF EXISTS ${which}`);
    }
  }

  /** What was asked for before may have been before more was found, or before the Log let go of some. */
  #foundIn({ table }: Find, { from = 0, upTo }: LakeQuery): string {
    const { snapshot, end } = this.#deps.store.hold();
    end();
    const before = upTo === undefined ? '' : ` AND sequence < ${upTo}`;
    return `(SELECT * FROM ${table} WHERE sequence >= ${Math.max(from, snapshot.start)}${before}) AS events`;
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
