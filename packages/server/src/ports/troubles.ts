import type { Clock } from '../base/clock.ts';
import { systemErrorCode } from '../base/errors.ts';
import type { Mailboxes } from './mailboxes.ts';
import type { ObjectStore } from './object-store.ts';
import type { State } from './state.ts';

/** A disk's refusals. What else goes wrong is the caller's matter, or a bug that is logged. */
const DISK_REFUSALS: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE']);
/** A write that failed is past after this: nobody may have written since, to find out. */
const SHOWN_MS = 30_000;

export interface Troubles {
  /** The same State, whose failed writes are remembered. */
  watchState(state: State): State;
  /** The same store, whose failed writes are remembered. */
  watchObjects(store: ObjectStore): ObjectStore;
  /** The same mailboxes, whose failed writes are remembered. */
  watchMailboxes(mailboxes: Mailboxes): Mailboxes;
  /** Which parts the disk refused a write, lately and last; in words, for /readyz. */
  list(): readonly string[];
}

/** Remembers which parts could not write lately: each until it can again, or for a while. */
export function createTroubles(clock: Clock): Troubles {
  const failures = new Map<string, { readonly code: string; readonly atMs: number }>();

  const noting =
    <A extends unknown[], R>(part: string, write: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        const result = await write(...args);
        failures.delete(part);
        return result;
      } catch (error) {
        const code = systemErrorCode(error) ?? systemErrorCode(error instanceof Error ? error.cause : undefined);
        if (code && DISK_REFUSALS.has(code)) failures.set(part, { code, atMs: clock.monotonicMs() });
        throw error;
      }
    };

  return {
    watchState: (state) => ({
      get: (key) => state.get(key),
      list: (prefix) => state.list(prefix),
      page: (prefix, after, limit) => state.page(prefix, after, limit),
      count: (prefix) => state.count(prefix),
      write: noting('state', (changes) => state.write(changes)),
      ...(state.compact && { compact: noting('state', () => state.compact!()) }),
      close: () => state.close(),
    }),
    watchObjects: (store) => ({
      ...store,
      put: noting('objects', store.put),
      putPart: noting('objects', store.putPart),
      completeUpload: noting('objects', store.completeUpload),
      delete: noting('objects', store.delete),
      changeBucket: noting('objects', store.changeBucket),
    }),
    watchMailboxes: (boxes) => ({
      put: noting('mailboxes', boxes.put.bind(boxes)),
      update: noting('mailboxes', boxes.update.bind(boxes)),
      remove: noting('mailboxes', boxes.remove.bind(boxes)),
      drop: noting('mailboxes', boxes.drop.bind(boxes)),
      entries: boxes.entries.bind(boxes),
      entry: boxes.entry.bind(boxes),
      size: boxes.size.bind(boxes),
      body: boxes.body.bind(boxes),
      boxes: boxes.boxes.bind(boxes),
      close: () => boxes.close(),
    }),
    list() {
      const nowMs = clock.monotonicMs();
      const recent = [...failures].filter(([, { atMs }]) => nowMs - atMs < SHOWN_MS);
      return recent.map(([part, { code }]) => `${part} could not be written (${code})`);
    },
  };
}
