import type { EventRow } from './event-row.ts';

export interface Page {
  readonly rows: readonly EventRow[];
  readonly nextToken?: string;
  /** Which events were there when the search began: all its pages are of these. */
  readonly upTo?: number;
  /** Events that were accepted but could not be searched yet. */
  readonly behindCount?: number;
}

/** Pages that are kept, so that going back costs nothing: at 100 rows of 1.5 kB each about 3 MB. */
const PAGES_KEPT_MAX = 20;

/** The pages of one search, one after the other: each but the first is reached by the token of the one before. */
export interface Pager {
  /** Pages that can be asked for: those seen, and the next one when there is one. */
  readonly reachableCount: number;
  /** Whether there is more behind the reachable ones. */
  readonly openEnd: boolean;
  /** @param index from 0, below `reachableCount`. Asks at most once at a time for each. */
  page(index: number): Promise<Page>;
  /** The page, when it is here already. */
  held(index: number): Page | undefined;
  /** Fetches a page that is likely to be wanted. Never fails: whoever wants it asks again. */
  prefetch(index: number): void;
}

export function createPager(ask: (token: string | undefined) => Promise<Page>): Pager {
  const tokens: (string | undefined)[] = [undefined];
  const kept = new Map<number, Page>();
  const asked = new Map<number, Promise<Page>>();
  let isEndKnown = false;

  async function fetchPage(index: number): Promise<Page> {
    try {
      const page = await ask(tokens[index]);
      keep(index, page);
      return page;
    } finally {
      asked.delete(index);
    }
  }

  function keep(index: number, page: Page): void {
    if (page.nextToken === undefined) isEndKnown = true;
    else tokens[index + 1] = page.nextToken;
    kept.set(index, page);
    for (const oldest of kept.keys()) {
      if (kept.size <= PAGES_KEPT_MAX) break;
      kept.delete(oldest);
    }
  }

  function page(index: number): Promise<Page> {
    const held = kept.get(index);
    if (held) return Promise.resolve(held);
    const answer = asked.get(index) ?? fetchPage(index);
    asked.set(index, answer);
    return answer;
  }

  return {
    get reachableCount() {
      return tokens.length;
    },
    get openEnd() {
      return !isEndKnown;
    },
    held: (index) => kept.get(index),
    page,
    prefetch(index) {
      if (index < tokens.length) page(index).catch(() => undefined);
    },
  };
}
