import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SequenceSet } from './sequence-set.ts';
import { GROUP_EVENTS, NONE } from './word-bits.ts';

const END = 4 * GROUP_EVENTS;
const place = fc.oneof(
  fc.nat(END - 1),
  fc.nat(4).map((group) => Math.min(END - 1, group * GROUP_EVENTS)),
  fc.nat(3).map((group) => (group + 1) * GROUP_EVENTS - 1),
);
const range = fc.tuple(place, place).map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 1] as const);

/** A set, made of ranges and single ones, and the same as one byte for each sequence. */
const sets = fc
  .record({ ranges: fc.array(range, { maxLength: 3 }), singles: fc.array(place, { maxLength: 20 }) })
  .map(({ ranges, singles }) => {
    let set = new SequenceSet();
    const plain = new Uint8Array(END);
    for (const [from, to] of ranges) {
      set = set.or(SequenceSet.range(from, to));
      plain.fill(1, from, to);
    }
    for (const one of singles) {
      set.add(one);
      plain[one] = 1;
    }
    return { set, plain };
  });

/** Whether the set has just these. Compared as bytes: vitest would look at each by itself. */
function expectSame(set: SequenceSet, plain: Uint8Array): void {
  const bytes = new Uint8Array(END / 8);
  for (let i = 0; i < END; i++) if (plain[i] === 1) bytes[i >> 3]! |= 0x80 >> (i & 7);
  expect(Buffer.compare(set.bits(0, END), bytes)).toBe(0);
  for (let i = 0; i < END; i += 997) expect(set.has(i)).toBe(plain[i] === 1);
}
const sum = (plain: Uint8Array) => plain.reduce((a, b) => a + b, 0);

test('sets of sequences are what sets are', () => {
  fc.assert(
    fc.property(sets, sets, range, (a, b, [from, to]) => {
      expectSame(a.set, a.plain);
      expectSame(
        a.set.or(b.set),
        a.plain.map((one, i) => one | b.plain[i]!),
      );
      expectSame(
        a.set.and(b.set),
        a.plain.map((one, i) => one & b.plain[i]!),
      );
      expectSame(
        a.set.without(b.set),
        a.plain.map((one, i) => one & ~b.plain[i]!),
      );
      expect(a.set.count()).toBe(sum(a.plain));
      expect(a.set.count(from, to)).toBe(sum(a.plain.subarray(from, to)));
      expectSame(a.set, a.plain); // as it was
      const listed = [...a.set.and(SequenceSet.range(from, to))];
      expect(listed.length).toBe(a.set.count(from, to));
      expect(listed.every((one, i) => a.plain[one] === 1 && one > (listed[i - 1] ?? from - 1))).toBe(true);
    }),
    { numRuns: 15 },
  );
});

test('what was counted is counted again when more comes', () => {
  const set = new SequenceSet();
  for (const one of [3, 3, 5]) set.add(one);
  expect(set.count()).toBe(2);
  set.add(6);
  expect(set.count()).toBe(3);
  set.put(0, NONE);
  expect([set.count(), set.has(3)]).toEqual([0, false]);
});

test('bits stand as DuckDB has them', () => {
  const set = SequenceSet.range(GROUP_EVENTS, 2 * GROUP_EVENTS);
  for (const one of [0, 9, 3 * GROUP_EVENTS - 1]) set.add(one);
  const bits = set.bits(0, 3 * GROUP_EVENTS, 1);
  expect(bits.length).toBe(1 + (3 * GROUP_EVENTS) / 8);
  expect([...bits.subarray(0, 4)]).toEqual([0, 0x80, 0x40, 0]);
  expect(bits.at(-1)).toBe(1);
  expect(set.bits(GROUP_EVENTS, 2 * GROUP_EVENTS).every((byte) => byte === 0xff)).toBe(true);
});

test('what comes of two sets is neither of them', () => {
  const [one, other] = [new SequenceSet(), SequenceSet.range(0, GROUP_EVENTS)];
  one.add(1);
  for (const made of [one.or(new SequenceSet()), one.and(other), one.without(new SequenceSet())]) {
    made.add(2);
    expect(one.has(2)).toBe(false);
  }
});
