import { assert } from '../../base/errors.ts';
import { type StateChange, StateConflict, type StateEntry } from '../state.ts';

/** Keys are paths of names that AWS bounds well below this; a longer one is a bug, not data. */
export const KEY_BYTES_MAX = 512;
/** A trail with every selector value at its limit stays below this. */
export const VALUE_BYTES_MAX = 1_000_000;

/** One change with its version, checked and serialised, not yet applied. */
export interface StagedChange {
  readonly key: string;
  readonly version: number;
  /** undefined deletes */
  readonly json: string | undefined;
}

/**
 * The entries in memory, by key and in key order. Values are frozen copies, so that neither who wrote one nor who
 * reads it can change what is stored. Shared by the drivers that keep everything in memory.
 */
export class StateTable {
  readonly #entries = new Map<string, StateEntry>();
  /** All keys, sorted by code unit. */
  #keys: string[] = [];
  /** The last version given out; never given again, even when its key is deleted. */
  #version = 0;

  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#keys.length;
  }

  get<T>(key: string): StateEntry<T> | undefined {
    return this.#entries.get(key) as StateEntry<T> | undefined;
  }

  list<T>(prefix: string): StateEntry<T>[] {
    return this.page(prefix, '', this.#keys.length);
  }

  page<T>(prefix: string, after: string, limit: number): StateEntry<T>[] {
    const begin = Math.max(this.#position(prefix), this.#position(`${after}\0`));
    const end = Math.min(this.#end(prefix), begin + limit);
    return this.#keys.slice(begin, end).map((key) => this.#entries.get(key) as StateEntry<T>);
  }

  count(prefix: string): number {
    return this.#end(prefix) - this.#position(prefix);
  }

  /**
   * Checks one write against the table and what is staged before it, and stages it too.
   * @param staged changes that precede this write and will be applied with it; grows only when the write is good
   * @throws StateConflict
   */
  stage(changes: readonly StateChange[], staged: Map<string, StagedChange>): void {
    const lastVersion = [...staged.values()].reduce((max, s) => Math.max(max, s.version), this.#version);
    const mine = new Map<string, StagedChange>();
    for (const change of changes) {
      const key = 'put' in change ? change.put : change.delete;
      assert(key !== '' && Buffer.byteLength(key) <= KEY_BYTES_MAX, `state key of 1..${KEY_BYTES_MAX} bytes: ${key}`);
      assert(!mine.has(key), `a write changes a key once: ${key}`);
      if (change.ifVersion !== undefined && change.ifVersion !== this.#versionOf(key, staged)) {
        throw new StateConflict(key);
      }
      const json = 'put' in change ? JSON.stringify(change.value) : undefined;
      if ('put' in change) {
        assert(json !== undefined, `state value of ${key} is something that JSON can carry`);
        assert(Buffer.byteLength(json) <= VALUE_BYTES_MAX, `state value of ${key} is at most ${VALUE_BYTES_MAX} bytes`);
      }
      mine.set(key, { key, version: lastVersion + mine.size + 1, json });
    }
    for (const [key, change] of mine) {
      staged.delete(key); // so that the map stays in the order of versions
      staged.set(key, change);
    }
  }

  apply(change: StagedChange): void {
    const known = this.#entries.has(change.key);
    if (change.json !== undefined) {
      const value = freeze(JSON.parse(change.json));
      this.#entries.set(change.key, Object.freeze({ key: change.key, value, version: change.version }));
      if (!known) this.#keys.splice(this.#position(change.key), 0, change.key);
    } else if (known) {
      this.#entries.delete(change.key);
      this.#keys.splice(this.#position(change.key), 1);
    }
    this.#version = Math.max(this.#version, change.version);
  }

  #versionOf(key: string, staged: ReadonlyMap<string, StagedChange>): number | 'absent' {
    const change = staged.get(key);
    if (change) return change.json === undefined ? 'absent' : change.version;
    return this.#entries.get(key)?.version ?? 'absent';
  }

  /** Index of the first key that is not below `key`. */
  #position(key: string): number {
    return this.#firstNot((known) => known < key);
  }

  /** Index of the first key behind those that begin with `prefix`. */
  #end(prefix: string): number {
    return this.#firstNot((known) => known < prefix || known.startsWith(prefix));
  }

  #firstNot(isBefore: (key: string) => boolean): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#keys[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) freeze(member);
    Object.freeze(value);
  }
  return value;
}
