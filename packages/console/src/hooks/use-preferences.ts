import { createStore, type Store, useStore } from '../base/store.ts';

/** What a person likes, kept in this browser. */
export interface Preferences {
  readonly theme: 'light' | 'dark' | 'system';
  readonly times: 'local' | 'utc';
  readonly density: 'comfortable' | 'compact';
  readonly navigationOpen: boolean;
  /** Where what is chosen in a list is shown, on screens wide enough for both. */
  readonly splitPanel: 'bottom' | 'side';
  /** Single keys act (WCAG 2.1.4 wants a way to turn that off). */
  readonly shortcuts: boolean;
  /** The Region of calls; undefined: the server's. */
  readonly region?: string;
}

const DEFAULTS: Preferences = {
  theme: 'system',
  times: 'local',
  density: 'comfortable',
  navigationOpen: true,
  splitPanel: 'bottom',
  shortcuts: true,
};

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

const stored = createStoredStore<Partial<Preferences>>('preferences', {});

let merged: { of: Partial<Preferences>; is: Preferences } = { of: {}, is: DEFAULTS };

/** All preferences; an older console's may lack some. */
export const preferences = {
  get(): Preferences {
    const of = stored.get();
    if (merged.of !== of) merged = { of, is: { ...DEFAULTS, ...of } };
    return merged.is;
  },
  subscribe: stored.subscribe,
  set: (patch: Partial<Preferences>): void => stored.set({ ...stored.get(), ...patch }),
};

export function usePreferences(): readonly [Preferences, (patch: Partial<Preferences>) => void] {
  return [useStore(preferences), preferences.set];
}
