import { expect, test, vi } from 'vitest';
import { createPager, type Page } from './pager.ts';

const pagesOf = (count: number) =>
  vi.fn(async (token: string | undefined): Promise<Page> => {
    const index = Number(token ?? 0);
    return { rows: [], ...(index + 1 < count && { nextToken: String(index + 1) }) };
  });

test('pages are reached one after the other, each asked for once', async () => {
  const ask = pagesOf(3);
  const pager = createPager(ask);
  expect(pager.reachableCount).toBe(1);
  await Promise.all([pager.page(0), pager.page(0)]);
  expect([pager.reachableCount, pager.openEnd]).toEqual([2, true]);
  await pager.page(1);
  await pager.page(2);
  await pager.page(0);
  expect([pager.reachableCount, pager.openEnd]).toEqual([3, false]);
  expect(ask.mock.calls).toEqual([[undefined], ['1'], ['2']]);
});

test('a prefetch that fails is tried again by whoever wants the page', async () => {
  const ask = pagesOf(3);
  const pager = createPager(ask);
  await pager.page(0);
  ask.mockRejectedValueOnce(new Error('gone'));
  pager.prefetch(1);
  await expect(pager.page(1)).rejects.toThrow('gone');
  await expect(pager.page(1)).resolves.toMatchObject({ nextToken: '2' });
  pager.prefetch(99);
  expect(ask).toHaveBeenCalledTimes(3);
});

test('however far somebody goes, only some pages are held, and all can be reached again', async () => {
  const ask = pagesOf(100);
  const pager = createPager(ask);
  for (let i = 0; i < 100; i++) await pager.page(i);
  expect(pager.held(99)).toBeDefined();
  expect(pager.held(0)).toBeUndefined();
  await pager.page(0);
  expect(ask).toHaveBeenCalledTimes(101);
});
