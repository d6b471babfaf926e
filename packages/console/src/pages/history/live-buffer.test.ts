import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLiveBuffer } from './live-buffer.ts';

test('rows come newest first, and stay until newer ones push them out', () => {
  const buffer = createLiveBuffer(3, 3);
  for (const json of ['a', 'b']) buffer.push(json);
  expect(buffer.take().rows.map((row) => row.json)).toEqual(['b', 'a']);
  for (const json of ['c', 'd']) buffer.push(json);
  expect(buffer.take()).toMatchObject({ rows: [{ json: 'd' }, { json: 'c' }, { json: 'b' }], skippedCount: 0 });
});

test('what comes again after the stream was resumed is one row', () => {
  const buffer = createLiveBuffer(3, 3);
  expect(['a', 'b', 'a', 'b', 'c'].map((json) => buffer.push(json))).toEqual([true, true, false, false, true]);
  expect(buffer.take()).toMatchObject({ receivedCount: 3 });
});

test('a record that is no more on the screen is known all the same, and none is taken for another', () => {
  const buffer = createLiveBuffer(3, 3);
  const record = (n: number) => `{"eventID":"the same","n":${n}}`;
  for (let n = 0; n < 1_000; n++) expect(buffer.push(record(n))).toBe(true);
  buffer.take();
  for (let n = 0; n < 1_000; n++) expect(buffer.push(record(n))).toBe(false);
  expect(buffer.push(record(1_000))).toBe(true);
});

test('whatever comes and however often it is drawn: each record was on the screen or is counted as skipped', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 }), (batches) => {
      const buffer = createLiveBuffer(4, 10);
      const shown = new Set<number>();
      let next = 0;
      for (const size of batches) {
        for (let i = 0; i < size; i++) buffer.push(String(next++));
        const { rows, receivedCount, skippedCount } = buffer.take();
        for (const row of rows.slice(0, 4)) shown.add(row.number);
        expect(rows.length).toBeLessThanOrEqual(10);
        expect(rows.map((row) => row.number)).toEqual([...rows.map((row) => row.number)].sort((a, b) => b - a));
        expect(receivedCount).toBe(next);
        expect(shown.size + skippedCount).toBe(next);
      }
    }),
  );
});
