import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openDecoder } from './decoder.ts';

test('a Node that has other insides has no decoder', () => {
  expect(openDecoder('brotli', () => ({}))).toBeUndefined();
  expect(openDecoder('deflate', () => ({ _handle: { writeSync() {}, reset() {} } }))).toBeUndefined();
});

test('what lies outside of input or output is refused, and the next thing is decoded as ever', () => {
  const decoder = openDecoder('deflate')!;
  const [packed, output] = [deflateRawSync('plain'), Buffer.alloc(10)];
  const end = packed.length;
  for (const [from, to, at, room] of [
    [2, 1, 0, 10],
    [-1, 1, 0, 10],
    [0, end + 1, 0, 10],
    [0, end, 0, 11],
    [0, end, 8, 3],
    [0, end, -1, 3],
  ] as const) {
    expect(() => decoder.decode(packed, from, to, output, at, room, true)).toThrow(RangeError);
  }
  expect(decoder.decode(packed, 0, end, output, 0, 10, true)).toBe(5);
  expect(output.toString('utf8', 0, 5)).toBe('plain');
});
