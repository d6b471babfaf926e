import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TOP_VALUES_KEPT, TopValues } from './top-values.ts';

describe('the most frequent values', () => {
  test('of few different ones are counted exactly, most frequent first, then by value', () => {
    const few = fc.array(fc.constantFrom(...'abcdefghijklmnop'));
    fc.assert(
      fc.property(few, (values) => {
        const top = new TopValues();
        const counts = new Map<string, number>();
        for (const value of values) {
          top.add(value);
          counts.set(value, (counts.get(value) ?? 0) + 1);
        }
        const sorted = [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
        expect(top.top(5)).toEqual(sorted.slice(0, 5));
        expect(new TopValues(JSON.parse(JSON.stringify(top))).top(99)).toEqual(sorted);
      }),
    );
  });

  test('of however many are never counted too low, nor too high by more than a sixteenth of all, and none of these is missing', () => {
    const many = fc.array(fc.oneof(fc.constantFrom('often', 'very often'), fc.integer({ max: 200 }).map(String)), {
      maxLength: 2_000,
      size: 'max',
    });
    fc.assert(
      fc.property(many, (values) => {
        const top = new TopValues();
        const counts = new Map<string, number>();
        for (const value of values) {
          top.add(value);
          counts.set(value, (counts.get(value) ?? 0) + 1);
        }
        const found = new Map(top.top(Number.POSITIVE_INFINITY));
        expect(found.size).toBeLessThanOrEqual(TOP_VALUES_KEPT);
        const error = values.length / TOP_VALUES_KEPT;
        for (const [value, count] of found) {
          expect(count).toBeGreaterThanOrEqual(counts.get(value)!);
          expect(count).toBeLessThanOrEqual(counts.get(value)! + error);
        }
        for (const [value, count] of counts) if (count > error) expect(found.has(value)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('are added up, scaled down to nothing, and cut', () => {
    const [a, b] = [new TopValues([['x', 3]]), new TopValues([['y', 1]])];
    a.addAll(b);
    a.add('z'.repeat(5_000), 2);
    expect(a.top(2)).toEqual([
      ['x', 3],
      ['z'.repeat(1_024), 2],
    ]);
    a.scale(1 / 3);
    expect(a.top(9)).toEqual([
      ['x', 1],
      ['z'.repeat(1_024), 2 / 3],
    ]);
  });
});
