import { expect, test } from 'vitest';
import { allPages, mapSome } from './pages.ts';

test('pages are read to the end, or until there are too many', async () => {
  const asked: (string | undefined)[] = [];
  const three = await allPages(async (token) => {
    asked.push(token);
    return { items: [asked.length], next: asked.length < 3 ? `t${asked.length}` : undefined };
  });
  expect([three, asked]).toEqual([{ items: [1, 2, 3], isCut: false }, [undefined, 't1', 't2']]);
  const endless = await allPages(async () => ({ items: [0], next: 'more' }));
  expect([endless.items.length, endless.isCut]).toEqual([20, true]);
});

test('some at a time, answers in order, the first failure is told', async () => {
  let now = 0;
  let most = 0;
  const answers = await mapSome([...Array(20).keys()], async (n) => {
    most = Math.max(most, ++now);
    await new Promise((resume) => setImmediate(resume));
    now--;
    return n * 2;
  });
  expect([answers[19], most]).toEqual([38, 6]);
  await expect(mapSome([1], async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await mapSome([], async () => 1)).toEqual([]);
});
