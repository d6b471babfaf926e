import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ALL,
  bytesOf,
  type EventBits,
  GROUP_EVENTS,
  has,
  listOf,
  NONE,
  newBits,
  ofChunks,
  PIECE_EVENTS,
  piecesOf,
  where,
  withCodes,
  within,
} from './word-bits.ts';

/** Places where something may go wrong, and any others. */
const place = fc.oneof(
  fc.nat(GROUP_EVENTS - 1),
  fc.constantFrom(0, 1, 7, 8, 15, 16, 31, 32, 63, 64, GROUP_EVENTS - 1, GROUP_EVENTS - 8),
);
const places = fc
  .array(place, { maxLength: 60 })
  .map((list) => [...new Set([...list, ...list.map((one) => one ^ 1)])].sort((a, b) => a - b));

function bitsOf(list: readonly number[]): EventBits {
  const bits = newBits();
  for (const one of list) bytesOf(bits)[one >> 3]! |= 0x80 >> (one & 7);
  return bits;
}

describe('sets of events of a group', () => {
  test('are listed, had within a span, and counted by the pieces they stand in', () => {
    fc.assert(
      fc.property(places, place, place, (list, a, b) => {
        const bits = bitsOf(list);
        expect([...listOf(bits)]).toEqual(list);
        for (const one of [...list, a, b]) expect(has(bits, one)).toBe(list.includes(one));
        const [start, end] = [Math.min(a, b), Math.max(a, b) + (a & 1)];
        expect([...listOf(within(bits, start, end))]).toEqual(list.filter((one) => one >= start && one < end));
        expect([...listOf(bits)]).toEqual(list); // as it was
        expect(piecesOf(bits)).toBe(new Set(list.map((one) => Math.floor(one / PIECE_EVENTS))).size);
      }),
      { numRuns: 100 },
    );
  });

  test('may be all, or none', () => {
    expect(within(ALL, 0, GROUP_EVENTS)).toBe(ALL);
    expect(within(NONE, 3, 5)).toBe(NONE);
    for (const [start, end] of [
      [0, 0],
      [9, 9],
      [GROUP_EVENTS, GROUP_EVENTS],
    ] as const)
      expect([...listOf(within(ALL, start, end))]).toEqual([]);
    expect([...listOf(within(ALL, 5, 18))]).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
    expect([piecesOf(ALL), piecesOf(NONE)]).toEqual([GROUP_EVENTS / PIECE_EVENTS, 0]);
    expect(listOf(ALL).every((one, i) => one === i)).toBe(true);
  });

  test.each([Uint8Array, Uint16Array])('are those with some codes: %o', (Codes) => {
    const codes = new Codes(GROUP_EVENTS).map((_: number, event: number) => (event * 7) % 11);
    const isOne = Uint8Array.from({ length: 11 }, (_, code) => (code === 2 || code === 9 ? 1 : 0));
    const expected = Array.from(codes.keys()).filter((event) => codes[event] === 2 || codes[event] === 9);
    expect([...listOf(withCodes(codes, isOne))]).toEqual(expected);
    expect([...listOf(where((event) => codes[event] === 2 || codes[event] === 9))]).toEqual(expected);
    expect(listOf(withCodes(codes, new Uint8Array(11))).length).toBe(0);
  });

  test('may be those of chunks', () => {
    const chunks = new Uint32Array(32);
    chunks[1] = 1 << 3;
    expect([...listOf(ofChunks(chunks))]).toEqual(Array.from({ length: 64 }, (_, i) => 35 * 64 + i));
  });
});
