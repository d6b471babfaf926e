/** Anything that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface StateEntry<T = Json> {
  readonly key: string;
  readonly value: T;
  /** Changes with every write of the key. */
  readonly version: number;
}

export type StateChange =
  | { readonly put: string; readonly value: unknown; readonly ifVersion?: number | 'absent' }
  | { readonly delete: string; readonly ifVersion?: number };

/** A condition of `write` did not hold; nothing was written. */
export class StateConflict extends Error {
  readonly key: string;

  constructor(key: string) {
    super(`state changed under us: ${key}`);
    this.name = 'StateConflict';
    this.key = key;
  }
}

/**
 * Small durable facts: trails, identities, keys, cursors. Keys are paths (`trail/123456789012/main`), at most 512
 * bytes; values are what JSON can carry, at most 1 MB.
 *
 * - `write` MUST be atomic and durable over all its changes when it resolves, and MUST throw `StateConflict`, having
 *   changed nothing, when a condition does not hold. It throws `Pushback` when the disk is full.
 * - A read MUST see every write that resolved before it.
 */
export interface State {
  get<T>(key: string): Promise<StateEntry<T> | undefined>;
  /** All entries whose key starts with `prefix`, in key order. */
  list<T>(prefix: string): Promise<readonly StateEntry<T>[]>;
  /** As many of these as `limit`, behind the key `after`; costs no more than what it finds. */
  page<T>(prefix: string, after: string, limit: number): Promise<readonly StateEntry<T>[]>;
  /** How many there are, without looking at them. */
  count(prefix: string): Promise<number>;
  write(changes: readonly StateChange[]): Promise<void>;
  /**
   * Leaves nothing on the disk of values that were replaced or deleted: for secrets that earlier builds wrote in clear.
   * Absent where nothing is kept of them anyway. @throws Pushback when the disk is full
   */
  compact?(): Promise<void>;
  close(): Promise<void>;
}
