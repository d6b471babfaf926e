import { useStore } from './store.ts';
import { createStoredStore } from './stored-store.ts';

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
