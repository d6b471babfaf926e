import { createStoredStore } from '../../base/stored-store.ts';
import { DEFAULT_COLUMNS } from './state.ts';

export interface SavedSearch {
  readonly name: string;
  /** The page's state as its URL has it, without `?`. */
  readonly params: string;
}

/** A menu longer than this is no menu. */
export const SAVED_MAX = 100;
export const NAME_CHARS_MAX = 100;

/** Named searches, in this browser. */
export const savedSearches = createStoredStore<readonly SavedSearch[]>('history.searches', []);

/** With the search under its name, in place of one that had it; in order of names. */
export function withSaved(all: readonly SavedSearch[], saved: SavedSearch): readonly SavedSearch[] {
  const others = all.filter(({ name }) => name !== saved.name);
  return [...others, saved].sort((a, b) => a.name.localeCompare(b.name)).slice(0, SAVED_MAX);
}

export const without = (all: readonly SavedSearch[], name: string): readonly SavedSearch[] =>
  all.filter((saved) => saved.name !== name);

/** How this person likes the list. */
export interface HistoryPreferences {
  readonly columns: readonly string[];
  readonly pageSize: number;
  readonly wrapLines: boolean;
  /** undefined: as the window is wide enough for them. */
  readonly facetsOpen: boolean | undefined;
  /** By column, as somebody has drawn them. */
  readonly widths: Readonly<Record<string, number>>;
}

export const PAGE_SIZES: readonly number[] = [10, 25, 50, 100];

const DEFAULTS: HistoryPreferences = {
  columns: DEFAULT_COLUMNS,
  pageSize: 50,
  wrapLines: false,
  facetsOpen: undefined,
  widths: {},
};

const stored = createStoredStore<Partial<HistoryPreferences>>('history.preferences', {});
let merged: { of: Partial<HistoryPreferences>; is: HistoryPreferences } = { of: {}, is: DEFAULTS };

export const historyPreferences = {
  get(): HistoryPreferences {
    const of = stored.get();
    if (merged.of !== of) merged = { of, is: { ...DEFAULTS, ...of } };
    return merged.is;
  },
  subscribe: stored.subscribe,
  set: (patch: Partial<HistoryPreferences>): void => stored.set({ ...stored.get(), ...patch }),
};
