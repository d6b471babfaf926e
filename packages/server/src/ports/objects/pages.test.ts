import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SortedPages } from './pages.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');

test('behaves like a sorted map, whatever is done to it', () => {
  const key = fc.oneof(
    fc.integer({ min: 0, max: 400 }).map((n) => `AWSLogs/123456789012/${String(n).padStart(6, '0')}`),
    fc.string({ maxLength: 4 }),
  );
  const change = fc.record({ key, drop: fc.boolean(), size: fc.constantFrom(0, 10, 200, 3000, 40_000) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400, size: 'max' }), key, (changes, from) => {
      const pages = new SortedPages();
      const model = new Map<string, number>();
      for (const { key: k, drop, size } of changes) {
        if (drop) expect(pages.delete(bytes(k))).toBe(model.delete(k));
        else {
          pages.set(bytes(k), Buffer.alloc(size, size));
          model.set(k, size);
        }
      }
      expect(pages.size).toBe(model.size);
      const keys = [...model.keys()].sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
      expect([...pages.entries()].map((e) => e.key.toString('utf8'))).toEqual(keys);
      for (const k of keys) expect(pages.get(bytes(k))?.length).toBe(model.get(k));
      const after = keys.find((k) => Buffer.compare(bytes(k), bytes(from)) >= 0);
      expect(pages.seek(bytes(from))?.key.toString('utf8')).toBe(after);
    }),
    { numRuns: 60 },
  );
});

test('a hundred thousand entries of a log bucket cost little more than their own bytes', () => {
  const pages = new SortedPages();
  for (let i = 0; i < 100_000; i++) {
    const day = `2026/01/${String((i % 28) + 1).padStart(2, '0')}`;
    const name = `123456789012_CloudTrail_eu-west-1_${i}_abcdefghij.json.gz`;
    pages.set(bytes(`AWSLogs/123456789012/CloudTrail/eu-west-1/${day}/${name}`), Buffer.alloc(33));
  }
  expect(pages.heldBytes / 100_000).toBeLessThan(170);
  expect(pages.size).toBe(100_000);
});
