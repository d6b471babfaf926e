import { OperatorError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { State, StateChange } from '../ports/state.ts';
import type { Sealer } from './sealed-secrets.ts';

/** Of one write to State. */
const CHANGES_MAX = 1_000;

/**
 * Records in memory, each kept sealed in State under `<prefix><id>`. Changes are seen at once and durable after
 * `flush`; what could not be written is tried again by the next flush.
 */
export interface SealedStore {
  shelf<T>(prefix: string, options: ShelfOptions<T>): Promise<Shelf<T>>;
  /** Resolves when every change made before is durable. @throws Pushback when the disk is full */
  flush(): Promise<void>;
}

export interface ShelfOptions<T> {
  /** Past this, the record that was put longest ago goes. */
  readonly sizeMax: number;
  readonly indexes?: readonly Index<T>[];
}

export interface Shelf<T> {
  readonly size: number;
  get(id: string): T | undefined;
  put(id: string, value: T): void;
  remove(id: string): void;
}

export interface SealedStoreOptions {
  readonly state: State;
  readonly sealer: Sealer;
  readonly logger: Logger;
  /** Drops what does not open, rather than refusing to start. */
  readonly forgetUnreadable?: boolean;
}

export function createSealedStore({ state, sealer, logger, forgetUnreadable }: SealedStoreOptions): SealedStore {
  /** What each place in State is to hold; asked when it is written, so that the newest is. */
  const dirty = new Map<string, () => unknown>();
  const writing = new Set<Promise<void>>();

  const write = async (places: readonly (readonly [string, () => unknown])[]): Promise<void> => {
    const changes = places.map(([place, now]): StateChange => {
      const value = now();
      return value === undefined ? { delete: place } : { put: place, value: sealer.seal(place, value) };
    });
    try {
      await state.write(changes);
    } catch (error) {
      for (const [place, now] of places) dirty.set(place, now);
      throw error;
    }
  };

  return {
    async shelf<T>(prefix: string, { sizeMax, indexes = [] }: ShelfOptions<T>) {
      const records = new Map<string, T>();
      const set = (id: string, value: T | undefined) => {
        const before = records.get(id);
        for (const index of indexes) index.change(id, before, value);
        records.delete(id); // the newest stands last
        if (value !== undefined) records.set(id, value);
      };
      const touch = (id: string) => dirty.set(prefix + id, () => records.get(id));
      const remove = (id: string) => {
        if (!records.has(id)) return;
        set(id, undefined);
        touch(id);
      };
      let unreadable = 0;
      for (const { key, value } of await state.list<string>(prefix)) {
        const id = key.slice(prefix.length);
        const record = sealer.open(key, String(value)) as T | undefined;
        if (record !== undefined) set(id, record);
        else if (forgetUnreadable) touch(id);
        else throw unreadableError();
        if (record === undefined) unreadable++;
      }
      if (unreadable > 0) logger.warn({ prefix, unreadable }, 'forgot what was sealed with another key');
      return {
        get size() {
          return records.size;
        },
        get: (id: string) => records.get(id),
        put(id: string, value: T) {
          if (JSON.stringify(records.get(id)) === JSON.stringify(value)) return;
          set(id, value);
          touch(id);
          if (records.size > sizeMax) remove(records.keys().next().value!);
        },
        remove,
      };
    },
    async flush() {
      const places = [...dirty];
      dirty.clear();
      for (let at = 0; at < places.length; at += CHANGES_MAX) {
        const batch = write(places.slice(at, at + CHANGES_MAX));
        writing.add(batch);
        batch.finally(() => writing.delete(batch)).catch(() => {});
      }
      // Also those under way: a change that was seen and needed no write of its own may be among them.
      await Promise.all(writing);
    },
  };
}

/** Ids by something that their records say, kept right by the shelf. */
export interface Index<T> {
  change(id: string, before: T | undefined, after: T | undefined): void;
}

/** @param termOf undefined leaves the record out */
export function createIndex<T, K>(termOf: (record: T) => K | undefined) {
  const terms = new Map<K, Set<string>>();
  return {
    change(id: string, before: T | undefined, after: T | undefined): void {
      const old = before && termOf(before);
      const ids = old === undefined ? undefined : terms.get(old);
      if (ids?.delete(id) && ids.size === 0) terms.delete(old!);
      const term = after && termOf(after);
      if (term !== undefined) terms.set(term, (terms.get(term) ?? new Set()).add(id));
    },
    ids: (term: K): string[] => [...(terms.get(term) ?? [])],
    first: (term: K): string | undefined => terms.get(term)?.values().next().value,
    terms: () => terms.keys(),
  };
}

const unreadableError = () =>
  new OperatorError(
    'What the gateway learned of access keys was sealed with another key, or was changed since. Give it the sealing key that it had, or start once with --forget-identities to begin anew.',
  );
