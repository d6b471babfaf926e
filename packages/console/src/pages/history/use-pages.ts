import { useEffect, useRef, useState } from 'react';
import { searchEvents } from '../../api/search-events.ts';
import { rowOf } from './event-row.ts';
import { createPager, type Page } from './pager.ts';
import type { Search } from './request.ts';

export interface Pages {
  /** The page of `index`; while that is asked for, the one before it. */
  readonly page: Page | undefined;
  readonly index: number;
  readonly loading: boolean;
  readonly error: Error | undefined;
  /** Pages that can be gone to. */
  readonly reachableCount: number;
  readonly openEnd: boolean;
}

export async function askPage(
  search: Search,
  limit: number,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Page> {
  const input = { ...search, Limit: limit, ...(token !== undefined && { NextToken: token }) };
  const { Events, NextToken, SearchedUpTo, EventsBehind } = await searchEvents(input, signal);
  return { rows: Events.map(rowOf), nextToken: NextToken, upTo: SearchedUpTo, behindCount: EventsBehind };
}

const BEFORE: Pages = { page: undefined, index: 0, loading: true, error: undefined, reachableCount: 1, openEnd: true };

/**
 * The pages of a search, the next one fetched ahead. A new search begins at its first page and aborts all that the last
 * one still asked for; what was shown stays until the new page is there.
 */
export function usePages(search: Search | undefined, pageSize: number): readonly [Pages, (index: number) => void] {
  const [view, setView] = useState(BEFORE);
  const go = useRef<(index: number) => void>(() => undefined);
  useEffect(() => {
    if (search === undefined) return undefined;
    const abort = new AbortController();
    const pager = createPager((token) => askPage(search, pageSize, token, abort.signal));
    let wanted = 0;
    const show = (index: number, page: Page) => {
      if (abort.signal.aborted || wanted !== index) return;
      const { reachableCount, openEnd } = pager;
      setView({ page, index, loading: false, error: undefined, reachableCount, openEnd });
      pager.prefetch(index + 1);
    };
    const fail = (index: number, error: Error) => {
      if (!abort.signal.aborted && wanted === index) setView((before) => ({ ...before, loading: false, error }));
    };
    go.current = (index) => {
      wanted = index;
      const held = pager.held(index);
      if (held) return show(index, held);
      setView((before) => ({ ...before, index, loading: true, error: undefined }));
      pager.page(index).then(
        (page) => show(index, page),
        (error) => fail(index, error as Error),
      );
    };
    go.current(0);
    return () => abort.abort();
  }, [search, pageSize]);
  return [view, (index) => go.current(index)];
}
