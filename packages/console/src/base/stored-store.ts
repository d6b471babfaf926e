import { createStore, type Store } from './store.ts';

/** Kept under one key each, so that one that is broken loses no other. */
const KEY_PREFIX = 'opentrail.';

/** What is stored by that name, or `fallback` when there is nothing, or nothing that can be read. */
function readStored<T>(name: string, fallback: T): T {
  try {
    const text = localStorage.getItem(KEY_PREFIX + name);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

/** A store that outlives the page, and follows other tabs of it. Storage may be full or forbidden: then it lives shorter. */
export function createStoredStore<T>(name: string, fallback: T): Store<T> {
  const store = createStore(readStored(name, fallback));
  if (typeof window !== 'undefined')
    window.addEventListener('storage', (event) => {
      if (event.key === KEY_PREFIX + name) store.set(readStored(name, fallback));
    });
  return {
    ...store,
    set(next) {
      store.set(next);
      try {
        localStorage.setItem(KEY_PREFIX + name, JSON.stringify(next));
      } catch {
        // Nothing to do: what was chosen holds until the page is left.
      }
    },
  };
}
