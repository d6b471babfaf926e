import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readVarint, varintBytes, writeVarint } from './posting-blocks.ts';

test('a varint holds any whole number that a time can be', () => {
  const bytes = Buffer.alloc(16, 0xff);
  const near = [0, 127, 128, 2 ** 14, 2 ** 21, 2 ** 28, 2 ** 31, 2 ** 32, 2 ** 35, 2 ** 49, Number.MAX_SAFE_INTEGER];
  const values = fc.oneof(
    fc.maxSafeNat(),
    fc.nat(),
    fc.constantFrom(...near).chain((n) => fc.integer({ min: Math.max(0, n - 2), max: Math.min(n + 2, 2 ** 53 - 1) })),
  );
  fc.assert(
    fc.property(values, fc.nat(4), (value, at) => {
      const end = writeVarint(bytes, at, value);
      expect([readVarint(bytes, at), varintBytes(value)]).toEqual([value, end - at]);
    }),
    { numRuns: 1000 },
  );
});
