import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { Pushback } from '../../base/errors.ts';
import { type Bind, type BoundValue, literal } from './filter-sql.ts';

/** SQL, and what its parameters stand for, in their order. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly BoundValue[];
}

/** Writes a statement: what `write` binds becomes its parameters. */
export function statement(write: (bind: Bind) => string): Statement {
  const values: BoundValue[] = [];
  const sql = write((value) => `$${values.push(value)}`);
  return { sql, values };
}

export interface EngineOptions {
  /** The only folder that statements can reach. */
  readonly directory: string;
  /** Where what does not fit into memory goes; within `directory`. */
  readonly temporary: string;
  readonly threads: number;
  readonly memoryBytes: number;
}

/** Statements under way; more of them would only share the same threads and memory. */
const STATEMENTS_MAX = 8;
/** Statements that wait for their turn. */
const WAITING_MAX = 200;
const RETRY_AFTER_MS = 1000;

class OutOfMemory extends Pushback {
  constructor() {
    super('the lake has not the memory for this search now: narrow it, or try again', RETRY_AFTER_MS);
  }
}

/** DuckDB, in memory, shut in: it reads and writes in its folder alone, and nobody can change that by a statement. */
export class Engine {
  readonly #instance: DuckDBInstance;
  readonly #idle: DuckDBConnection[] = [];
  readonly #turns: (() => void)[] = [];
  #underWay = 0;
  /** The last question that had to be asked again for want of memory. */
  #lastOfMemory: Promise<unknown> = Promise.resolve();

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async open({ directory, temporary, threads, memoryBytes }: EngineOptions): Promise<Engine> {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(threads),
      memory_limit: `${Math.floor(memoryBytes / 1024)}KiB`,
      temp_directory: temporary,
      // Nothing is ever fetched or loaded that did not come with the package.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // What is in memory is not there for long: DuckDB would stop to compress it each 50,000 events or so.
      checkpoint_threshold: '1TB',
    });
    const engine = new Engine(instance);
    await engine.run('SET parquet_metadata_cache = true'); // files of the lake never change under their name
    await engine.run(`SET allowed_directories = [${literal(`${directory}/`)}]`);
    await engine.run('SET enable_external_access = false');
    await engine.run('SET lock_configuration = true');
    return engine;
  }

  /**
   * Runs one statement and reads all of what it gives. A question that found too little memory beside others is asked
   * once more, with none beside it that had the same trouble.
   * @throws the signal's reason when it aborts; Pushback when there is too little memory even so
   */
  async rows<Row extends readonly unknown[]>(
    { sql, values }: Statement,
    signal?: AbortSignal,
  ): Promise<readonly Row[]> {
    const read = () =>
      this.use(async (connection) => {
        const reader = await connection.runAndReadAll(sql, [...values]);
        return reader.getRowsJS() as unknown as readonly Row[];
      }, signal);
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof OutOfMemory)) throw error;
      const again = this.#lastOfMemory.then(read);
      this.#lastOfMemory = again.catch(() => undefined);
      return again;
    }
  }

  async run(sql: string): Promise<void> {
    await this.use(async (connection) => void (await connection.run(sql)));
  }

  /** Runs statements one after the other: all of them, or none. */
  async transaction(statements: readonly string[]): Promise<void> {
    await this.use(async (connection) => {
      await connection.run('BEGIN');
      try {
        for (const sql of statements) await connection.run(sql);
        await connection.run('COMMIT');
      } catch (error) {
        await connection.run('ROLLBACK').catch(() => {}); // that it was of no use any more is told by the first error
        throw error;
      }
    });
  }

  /**
   * Lends a connection. When the signal aborts, what runs on it is interrupted. With a signal it is a question, and
   * waits for its turn; the lake's own work does not.
   * @throws Pushback when too many wait already
   */
  async use<R>(work: (connection: DuckDBConnection) => Promise<R>, signal?: AbortSignal): Promise<R> {
    const isQuestion = signal !== undefined;
    if (isQuestion) await this.#turn();
    let interrupt = () => {};
    try {
      signal?.throwIfAborted();
      const connection = this.#idle.pop() ?? (await this.#instance.connect());
      interrupt = () => connection.interrupt();
      signal?.addEventListener('abort', interrupt);
      try {
        return await work(connection);
      } finally {
        this.#idle.push(connection);
      }
    } catch (error) {
      signal?.throwIfAborted(); // rather than DuckDB's own word for it
      if (isQuestion && isOutOfMemory(error)) throw new OutOfMemory();
      throw error;
    } finally {
      signal?.removeEventListener('abort', interrupt);
      if (isQuestion) this.#passOn();
    }
  }

  /** A connection that is never lent to others. */
  ownConnection(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  #passOn(): void {
    const next = this.#turns.shift();
    if (next) next();
    else this.#underWay--;
  }

  async #turn(): Promise<void> {
    if (this.#underWay >= STATEMENTS_MAX) {
      if (this.#turns.length >= WAITING_MAX) throw new Pushback('too many searches are under way', RETRY_AFTER_MS);
      return new Promise<void>((resolve) => this.#turns.push(resolve)); // the place is handed on
    }
    this.#underWay++;
  }
}

const isOutOfMemory = (error: unknown) => error instanceof Error && /out of memory/i.test(error.message);
