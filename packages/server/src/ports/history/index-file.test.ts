import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { HistoryCursor } from '../history.ts';
import { IndexDamaged, IndexFile, writeIndex } from './index-file.ts';
import { PartCache } from './pages.ts';
import { Postings } from './postings.ts';
import type { IndexColumns } from './segment-index.ts';
import { isOlder, NEWEST } from './source.ts';
import { encodeRankedIndex } from './testing/encode-ranked-index.ts';

const directory = mkdtempSync(join(tmpdir(), 'opentrail-index-'));
const path = join(directory, 'some.idx');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const FIRST = 5000;

interface Row {
  readonly timeMs: number;
  readonly terms: readonly number[];
}

/** What a segment's index hands to the file. */
function columnsOf(rows: readonly Row[]): IndexColumns {
  const postings = new Postings();
  rows.forEach(({ terms }, row) => {
    for (const term of terms) postings.add(term, row);
  });
  const timeMs = Float64Array.from(rows, (row) => row.timeMs);
  const [oldestMs, newestMs] = [Math.min(...timeMs), Math.max(...timeMs)];
  return { first: FIRST, rows: rows.length, oldestMs, newestMs, timeMs, postings: postings.columns() };
}

const VERSIONS = {
  'as written now': writeIndex,
  'of version 1': (to: string, index: IndexColumns) => writeFileSync(to, Buffer.concat(encodeRankedIndex(index))),
};

// Low bits alike and high bits alike, first and last of all, and many in between.
const TERMS = [0, 1, 2, 2 ** 53 - 1, 2 ** 53 - 2, ...Array.from({ length: 40 }, (_, i) => (i + 1) * 2 ** 47 + i)];

/** As evenly as real terms, which are hashes. */
const spread = (n: number) => Math.floor(((n * 0.6180339887) % 1) * 2 ** 53);

/** Ties, whole seconds or not, close together or years apart. */
const times = fc
  .tuple(fc.constantFrom(1, 1000, 1000, 86_400_000), fc.constantFrom(3, 500, 100_000))
  .map(([unitMs, range]) => fc.integer({ min: 0, max: range }).map((n) => 1.7e12 + n * unitMs));

const segments = times.chain((timeMs) =>
  fc.record({
    rows: fc
      .array(fc.record({ timeMs, terms: fc.array(fc.constantFrom(...TERMS), { maxLength: 4 }) }), {
        minLength: 1,
        maxLength: 400,
        size: 'max',
      })
      // Some terms of every event or of every other: lists of many blocks.
      .map((rows) => rows.map((row, i) => ({ ...row, terms: [77, 78 + (i % 2), ...row.terms] }))),
    befores: fc.array(fc.record({ timeMs, sequence: fc.integer({ min: FIRST, max: FIRST + 400 }) }), { maxLength: 5 }),
    holds: fc.nat(1),
  }),
);

for (const [name, write] of Object.entries(VERSIONS)) {
  describe(`an index file ${name}`, () => {
    test('gives the events of a term as a plain list would, from any place on', () => {
      const cache = new PartCache(1 << 16);
      fc.assert(
        fc.property(segments, ({ rows, befores, holds }) => {
          write(path, columnsOf(rows));
          const index = new IndexFile(path, FIRST, cache);
          for (let i = 0; i < holds; i++) index.hold();
          for (const before of [NEWEST, ...befores]) {
            for (const term of [...TERMS, 77, 78, 79, 4711]) {
              expect([...index.candidates(term, before)]).toEqual(expected(rows, term, before));
            }
          }
          index.close();
        }),
        { numRuns: 50 },
      );
    });

    test('gives what belongs to many lists that are read by turns', () => {
      const rows = Array.from({ length: 20_000 }, (_, i) => ({
        timeMs: 1000 * Math.floor(i / 3) + ((i * 7919) % 60) * 1000,
        terms: [1, 10 + (i % 7), 1000 + (i % 900), 5000 + i].map(spread),
      }));
      write(path, columnsOf(rows));
      const index = new IndexFile(path, FIRST, new PartCache(1 << 16));
      const terms = [1, 10, 16, 1000, 1899, 5000, 5000 + 19_999].map(spread);
      while (index.hold());
      const readers = terms.map((term) => index.candidates(term, NEWEST)[Symbol.iterator]());
      const found = terms.map((): HistoryCursor[] => []);
      for (let open = true; open; ) {
        open = false;
        readers.forEach((reader, i) => {
          const { done, value } = reader.next();
          if (done) return;
          if (value.sequence === FIRST + 12_345) index.release();
          found[i]!.push(value);
          open = true;
        });
      }
      terms.forEach((term, i) => {
        expect(found[i]).toEqual(expected(rows, term, NEWEST));
      });
      index.close();
    });

    test('tells where it is damaged, wherever that is', () => {
      const rows = Array.from({ length: 2_000 }, (_, i) => ({ timeMs: 1000 * i, terms: [1, 1000 + i].map(spread) }));
      write(path, columnsOf(rows));
      const whole = readFileSync(path);
      const readAll = () => {
        const index = new IndexFile(path, FIRST, new PartCache(1 << 16));
        try {
          for (const term of [1, ...rows.map((_, i) => 1000 + i)].map(spread)) {
            expect([...index.candidates(term, NEWEST)]).toEqual(expected(rows, term, NEWEST));
          }
        } finally {
          index.close();
        }
      };
      readAll();
      for (let at = 0; at < whole.length; at += 1 + Math.floor(whole.length / 40)) {
        const spoilt = Buffer.from(whole);
        spoilt[at]! ^= 0x10;
        writeFileSync(path, spoilt);
        try {
          readAll(); // bytes that no term's postings stand in may go unnoticed
        } catch (error) {
          expect(error).toBeInstanceOf(IndexDamaged);
        }
      }
    });
  });
}

function expected(rows: readonly Row[], term: number, before: HistoryCursor): HistoryCursor[] {
  return rows
    .map(({ timeMs, terms }, row) => ({ timeMs, sequence: FIRST + row, terms }))
    .filter((event) => event.terms.includes(term) && isOlder(event, before))
    .map(({ timeMs, sequence }) => ({ timeMs, sequence }))
    .sort((a, b) => (isOlder(a, b) ? 1 : -1));
}
