import {
  BIGINT,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBPreparedStatement,
  type DuckDBValue,
  VARCHAR,
} from '@duckdb/node-api';
import type { EventHeader } from '../../event/event.ts';
import type { StoredEvent } from '../log.ts';
import { LIST_MARK, LIST_MARK_STANDS_FOR, READABLE, STAGED, selectStaged } from './columns.ts';

/** Rows of a DuckDB chunk. */
const CHUNK_ROWS = 2048;
const TYPES = Object.values(STAGED).map((type) => (type === 'BIGINT' ? BIGINT : VARCHAR));

const definition = Object.entries(STAGED).map(([name, type]) => `${name} ${type}`);

/** Takes events in: one batch at a time. */
export class Staging {
  readonly #connection: DuckDBConnection;
  /** The statement for the table that events go to now: planning it costs more than running it on a few events. */
  #insert: { readonly table: string; readonly statement: DuckDBPreparedStatement } | undefined;

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  static async open(connection: DuckDBConnection): Promise<Staging> {
    await connection.run(`CREATE TABLE staged (${definition.join(', ')})`);
    return new Staging(connection);
  }

  /** Makes an empty table of the lake's columns. */
  async createTable(name: string): Promise<void> {
    await this.#connection.run(`CREATE TABLE ${name} AS ${selectStaged(READABLE)} LIMIT 0`);
  }

  /**
   * Adds events to a table: all of them or, when it throws, none. Whatever a record holds it gets in: what DuckDB cannot
   * read as JSON is read by JavaScript for it, and if that does not help, goes without columns of the record.
   */
  async add(table: string, events: readonly StoredEvent[]): Promise<void> {
    try {
      await stage(this.#connection, events, () => null);
      await (await this.#insertInto(table)).run();
    } catch (error) {
      if (!isAboutJson(error)) throw error;
      await this.#addOdd(table, events);
    } finally {
      await this.#connection.run('TRUNCATE staged');
    }
  }

  async #insertInto(table: string): Promise<DuckDBPreparedStatement> {
    if (this.#insert?.table === table) return this.#insert.statement;
    this.#insert?.statement.destroySync();
    this.#insert = undefined;
    const statement = await this.#connection.prepare(`INSERT INTO ${table} ${selectStaged(READABLE)}`);
    this.#insert = { table, statement };
    return statement;
  }

  async #addOdd(table: string, events: readonly StoredEvent[]): Promise<void> {
    const connection = this.#connection;
    const reader = await connection.runAndReadAll('SELECT sequence FROM staged WHERE NOT json_valid(eventjson)');
    const odd = new Set(reader.getRowsJS().map(([sequence]) => Number(sequence)));
    await connection.run('TRUNCATE staged');
    await stage(connection, events, ({ sequence, json }) => (odd.has(sequence) ? readable(json) : null));
    const valid = `CASE WHEN json_valid(${READABLE}) THEN ${READABLE} END`;
    try {
      await connection.run(`INSERT INTO ${table} ${selectStaged(valid)}`);
    } catch (error) {
      if (!isAboutJson(error)) throw error;
      await connection.run(`INSERT INTO ${table} ${selectStaged('NULL')}`);
    }
  }
}

/** Rather than about memory, or the disk. */
const isAboutJson = (error: unknown) => error instanceof Error && /json/i.test(error.message);

/** The same record as DuckDB reads JSON: without halves of characters, and without numbers past all bounds. */
function readable(json: Buffer): string {
  const text = JSON.stringify(JSON.parse(json.toString()));
  // What JSON.stringify escapes as \ud… is a half; a whole character it writes as it is.
  return text.replace(/\\(?:ud[89a-f]..|.)/g, (escaped) => (escaped.length > 2 ? '\ufffd' : escaped));
}

async function stage(
  connection: DuckDBConnection,
  events: readonly StoredEvent[],
  readableOf: (event: StoredEvent) => string | null,
): Promise<void> {
  const appender = await connection.createAppender('staged');
  try {
    for (let from = 0; from < events.length; from += CHUNK_ROWS) {
      const part = events.slice(from, from + CHUNK_ROWS);
      const rows = part.map((event) => stagedRow(event, readableOf(event)));
      const chunk = DuckDBDataChunk.create(TYPES, part.length);
      TYPES.forEach((_, column) => {
        chunk.setColumnValues(
          column,
          rows.map((row) => row[column]!),
        );
      });
      appender.appendDataChunk(chunk);
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}

/** In the order of `STAGED`. */
function stagedRow({ sequence, header: h, json }: StoredEvent, readable: string | null): readonly DuckDBValue[] {
  return [
    BigInt(sequence),
    BigInt(Math.trunc(h.timeMs)),
    orNull(h.accountId),
    orNull(h.region),
    h.category,
    h.readOnly === undefined ? null : String(h.readOnly),
    orNull(h.eventId),
    orNull(h.eventName),
    orNull(h.eventSource),
    orNull(h.username),
    orNull(h.accessKeyId),
    marked(distinctTypes(h.resources)),
    marked(h.resources.map(([, name]) => name)),
    json.toString(),
    readable,
  ];
}

/** An event counts once for each type, however many resources it has of it. */
function distinctTypes(resources: EventHeader['resources']): readonly string[] {
  if (resources.length === 1) return [resources[0]![0]];
  return [...new Set(resources.map(([type]) => type))];
}

function marked(values: readonly string[]): string | null {
  const present = values.filter((value) => value !== '');
  if (present.length === 0) return null;
  return `${LIST_MARK}${present.map((value) => value.replaceAll(LIST_MARK, LIST_MARK_STANDS_FOR)).join(LIST_MARK)}${LIST_MARK}`;
}

const orNull = (text: string) => (text === '' ? null : text);
