import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine, statement } from './engine.ts';
import { SequenceSet } from './sequence-set.ts';
import { bitsSql, isOneOf, setOfBits } from './set-sql.ts';
import { GROUP_EVENTS } from './word-bits.ts';

let directory: string;
let engine: Engine;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'opentrail-set-'));
  engine = await Engine.open({ directory, temporary: join(directory, 'tmp'), threads: 1, memoryBytes: 1 << 28 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Some values of bits long. */
const END = 40 * GROUP_EVENTS;
const place = fc.oneof(
  fc.nat(END - 1),
  fc.tuple(fc.nat(39), fc.constantFrom(0, 1, GROUP_EVENTS - 1)).map(([group, at]) => group * GROUP_EVENTS + at),
);
const range = fc.tuple(place, place).map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 1] as const);
const sets = fc
  .record({ ranges: fc.array(range, { maxLength: 2 }), singles: fc.array(place, { maxLength: 30 }) })
  .map(({ ranges, singles }) => {
    const set = ranges.reduce((all, [from, to]) => all.or(SequenceSet.range(from, to)), new SequenceSet());
    for (const one of singles) set.add(one);
    return set;
  });

const numbers = (rows: readonly (readonly [bigint])[]) => rows.map(([one]) => Number(one));
const values = (list: readonly number[]) => `(VALUES ${list.map((one) => `(${one}::BIGINT)`).join(', ')})`;

test('rows are found to be in a set, wherever they are and whatever part of it is asked for', async () => {
  await fc.assert(
    fc.asyncProperty(sets, fc.array(place, { minLength: 1, maxLength: 60 }), range, async (set, rows, [first, end]) => {
      // Tables grow while they are asked: what is past the end is no reason to fail.
      const asked = statement(
        (bind) =>
          `SELECT sequence FROM ${values([...rows, END + 1])} AS t(sequence) WHERE ${isOneOf(set, first, end, bind)}`,
      );
      const expected = rows.filter((one) => set.has(one) && one >= first && one < end);
      expect(numbers(await engine.rows<[bigint]>(asked))).toEqual(expected);
    }),
    { numRuns: 100 },
  );
});

test('rows become a set', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(place, { minLength: 1, maxLength: 60 }), async (rows) => {
      const [first, end] = [Math.min(...rows), Math.max(...rows) + 1];
      const asked = statement(() => `SELECT ${bitsSql(first, end)} FROM ${values(rows)} AS t(sequence)`);
      const [made] = await engine.rows<[Uint8Array]>(asked);
      const set = setOfBits(made![0], first, end);
      expect(rows.every((one) => set.has(one))).toBe(true);
      expect(set.count()).toBe(new Set(rows).size);
    }),
    { numRuns: 30 },
  );
  const [none] = await engine.rows<[null]>(
    statement(() => `SELECT ${bitsSql(5, 9)} FROM ${values([7])} AS t(sequence) WHERE sequence > 7`),
  );
  expect(setOfBits(none![0], 5, 9).count()).toBe(0);
});
