import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PartCache } from './pages.ts';

const RING_BYTES = 800;
/** Eight parts of this fill the ring; what is larger is not kept. */
const KEPT_BYTES_MAX = RING_BYTES / 8;

const lengthOf = (key: number) => 1 + ((key * 37) % (KEPT_BYTES_MAX + 20));
const partOf = (key: number) => Buffer.alloc(lengthOf(key), key);

test('gives each part as it was read, wherever in the ring it lies and however often that was gone over', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 400, size: 'max' }), (keys) => {
      const cache = new PartCache(RING_BYTES);
      for (const key of keys) expect(cache.get(key, () => partOf(key))).toEqual(partOf(key));
    }),
  );
});

test('what takes the place of another part is given from then on, and neither is mixed with what came later', () => {
  const use = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(fc.array(use, { maxLength: 400, size: 'max' }), (uses) => {
      const cache = new PartCache(RING_BYTES);
      const latest = new Map<number, Buffer>();
      for (const [key, what] of uses) {
        const kept = cache.kept(key);
        if (kept) expect(kept).toEqual(latest.get(key));
        const part = Buffer.alloc(1 + ((key * 37 + what * 11) % KEPT_BYTES_MAX), 31 * what + key);
        latest.set(key, part);
        expect(cache.replace(key, part)).toEqual(part);
        expect(cache.get(key, () => Buffer.of())).toEqual(part);
      }
    }),
  );
});

test('keeps the latest parts, reads again what was gone over, and never keeps what is too large', () => {
  const cache = new PartCache(RING_BYTES);
  const reads: number[] = [];
  const get = (key: number, bytes: number) =>
    cache.get(key, () => {
      reads.push(key);
      return Buffer.alloc(bytes, key);
    });
  for (let key = 0; key < 8; key++) get(key, KEPT_BYTES_MAX);
  for (let key = 0; key < 8; key++) get(key, KEPT_BYTES_MAX);
  expect(reads).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  get(8, KEPT_BYTES_MAX); // over the oldest
  get(1, KEPT_BYTES_MAX);
  get(0, KEPT_BYTES_MAX);
  expect(reads.slice(8)).toEqual([8, 0]);
  get(9, KEPT_BYTES_MAX + 1);
  get(9, KEPT_BYTES_MAX + 1);
  expect(reads.slice(10)).toEqual([9, 9]);
});
