import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLiveBuffer } from './live-buffer.ts';

const event = (Sequence: number) => ({ Sequence, AccountId: '123456789012', EventTime: 0, Record: '{}' });

test('rows come newest first, and stay until newer ones push them out', () => {
  const buffer = createLiveBuffer(3, 3);
  for (const n of [1, 2]) buffer.push(event(n));
  expect(buffer.take().rows).toEqual([event(2), event(1)]);
  for (const n of [3, 4]) buffer.push(event(n));
  expect(buffer.take()).toEqual({ rows: [event(4), event(3), event(2)], receivedCount: 4, skippedCount: 0 });
});

test('whatever comes and however often it is drawn: each record was on the screen or is counted as skipped', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 }), (batches) => {
      const buffer = createLiveBuffer(4, 10);
      const shown = new Set<number>();
      let next = 0;
      for (const size of batches) {
        for (let i = 0; i < size; i++) buffer.push(event(next++));
        const { rows, receivedCount, skippedCount } = buffer.take();
        for (const row of rows.slice(0, 4)) shown.add(row.Sequence);
        expect(rows.length).toBeLessThanOrEqual(10);
        expect(rows).toEqual([...rows].sort((a, b) => b.Sequence - a.Sequence));
        expect(receivedCount).toBe(next);
        expect(shown.size + skippedCount).toBe(next);
      }
    }),
  );
});
