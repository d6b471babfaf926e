import { isUtf8 } from 'node:buffer';
import {
  BIGINT,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBTimestampValue,
  TIMESTAMP,
  VARCHAR,
} from '@duckdb/node-api';
import type { EventHeader } from '../../event/event.ts';
import type { LogEvent } from '../history/sealed-events.ts';
import { COLUMN_TYPES, COLUMNS, HEADER_COLUMNS, JSON_COLUMNS, TEXT_COLUMNS } from './columns.ts';
import { HEADER_TEXT } from './header-texts.ts';
import { type Found, type Member, membersOf, scanRecord } from './record-scan.ts';
import { CHUNK_ROWS, TextRows } from './text-rows.ts';

/** Columns that are no text stand first. */
const FIRST_TEXT = 2;
const TYPES = COLUMNS.map((_, i) => [BIGINT, TIMESTAMP][i] ?? VARCHAR);
const textColumn = (name: string): number => COLUMNS.indexOf(name) - FIRST_TEXT;
const EVENT_JSON = textColumn('eventjson');
const RECORD_COLUMNS = [...Object.keys(TEXT_COLUMNS), ...Object.keys(JSON_COLUMNS)].map(textColumn);
const MEMBERS = membersOf([
  ...Object.entries(TEXT_COLUMNS).map(([name, path]) => ({ path: path.slice('$.'.length), text: textColumn(name) })),
  ...Object.entries(JSON_COLUMNS).map(([name, member]) => ({ path: member, json: textColumn(name) })),
]);

/** Takes events in: one batch at a time. */
export class Staging {
  readonly #connection: DuckDBConnection;
  readonly #chunk = DuckDBDataChunk.create(TYPES);
  readonly #texts = new TextRows(COLUMNS.length - FIRST_TEXT);
  readonly #values = new RecordValues(this.#texts);

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** Makes an empty table of the lake's columns. */
  async createTable(name: string): Promise<void> {
    await this.#connection.run(`CREATE TABLE ${name} (${COLUMN_TYPES})`);
  }

  /** Adds events to a table: all of them or, when it throws, none. Whatever a record holds, it gets in. */
  async add(table: string, events: readonly LogEvent[]): Promise<void> {
    const connection = this.#connection;
    await connection.run('BEGIN');
    try {
      const appender = await connection.createAppender(table);
      try {
        for (let from = 0; from < events.length; from += CHUNK_ROWS)
          this.#fill(events.slice(from, from + CHUNK_ROWS), (chunk) => appender.appendDataChunk(chunk));
        appender.flushSync();
      } finally {
        appender.closeSync();
      }
      await connection.run('COMMIT');
    } catch (error) {
      await connection.run('ROLLBACK');
      throw error;
    }
  }

  #fill(events: readonly LogEvent[], use: (chunk: DuckDBDataChunk) => void): void {
    const [chunk, texts] = [this.#chunk, this.#texts];
    texts.clear();
    events.forEach((event, row) => {
      headerTexts(event.header).forEach((text, column) => {
        if (text !== '') texts.set(column, row, text);
      });
      this.#values.add(row, event.json);
    });
    chunk.rowCount = events.length;
    chunk.setColumnValues(
      0,
      events.map(({ sequence }) => BigInt(sequence)),
    );
    chunk.setColumnValues(
      1,
      events.map(({ header }) => timestamp(header.timeMs)),
    );
    texts.lend(chunk, FIRST_TEXT, () => use(chunk));
  }
}

const timestamp = (ms: number) => new DuckDBTimestampValue(BigInt(Math.trunc(ms)) * 1000n);

/** In the order of `HEADER_COLUMNS`. */
const headerTexts = (h: EventHeader): readonly string[] => HEADER_COLUMNS.map((name) => HEADER_TEXT[name](h));

const [QUOTE, NULL] = ['"', 'n'].map((character) => character.charCodeAt(0));

/**
 * Records, and their values as columns: texts as what they say, empty ones and null as nothing, all else as compact JSON
 * that DuckDB can read, without halves of characters. Of a member that a record repeats, the first counts.
 */
class RecordValues implements Found {
  readonly #texts: TextRows;
  #row = 0;

  constructor(texts: TextRows) {
    this.#texts = texts;
  }

  add(row: number, json: Buffer): void {
    const texts = this.#texts;
    this.#row = row;
    // What is no UTF-8 was never accepted; DuckDB is not to find out what comes of it.
    const record = isUtf8(json) ? json : Buffer.from(json.toString());
    const start = texts.addBytes(record);
    const end = start + record.length;
    texts.setPlace(EVENT_JSON, row, start, end);
    if (scanRecord({ bytes: texts.bytes, start, end, isPlain: false }, MEMBERS, this)) return;
    for (const column of RECORD_COLUMNS) texts.unset(column, row);
    this.#addPlain(record);
  }

  /** Reads a record that is not written as most are, with numbers and repeated members as JavaScript has them. */
  #addPlain(record: Buffer): void {
    const texts = this.#texts;
    let plain: Buffer;
    try {
      plain = Buffer.from(readable(record));
    } catch (error) {
      if (error instanceof SyntaxError) return; // never accepted; it goes without columns of the record
      throw error;
    }
    const start = texts.addBytes(plain);
    scanRecord({ bytes: texts.bytes, start, end: start + plain.length, isPlain: true }, MEMBERS, this);
  }

  found({ text, json }: Member, start: number, end: number, escaped: boolean): void {
    const first = this.#texts.bytes[start];
    if (first === NULL) return;
    if (json !== undefined) this.#set(json, start, end, escaped ? readable : undefined);
    if (text === undefined) return;
    if (first !== QUOTE) this.#set(text, start, end, escaped ? readable : undefined);
    else if (escaped) this.#set(text, start, end, JSON.parse);
    else if (end - start > 2) this.#set(text, start + 1, end - 1, undefined);
  }

  #set(column: number, start: number, end: number, read: ((json: string) => string) | undefined): void {
    const [texts, row] = [this.#texts, this.#row];
    if (texts.isSet(column, row)) return;
    if (!read) texts.setPlace(column, row, start, end);
    else texts.set(column, row, read(texts.text(start, end)));
  }
}

/** The same as DuckDB reads JSON: compact, without halves of characters, and without numbers past all bounds. */
function readable(json: string | Buffer): string {
  const text = JSON.stringify(JSON.parse(json.toString()));
  // What JSON.stringify escapes as \ud… is a half; a whole character it writes as it is.
  return text.replace(/\\(?:ud[89a-f]..|.)/g, (escaped) => (escaped.length > 2 ? '\ufffd' : escaped));
}
