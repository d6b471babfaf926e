import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EntryLog } from './entry-log.ts';
import { GramRows } from './gram-rows.ts';
import { PLAIN, rowsOf } from './grams.ts';
import { countOf, GROUP_CHUNKS, GROUP_EVENTS, newBits, packed } from './word-bits.ts';

test('rows of grams are the chunks that have them, in whichever order these come', () => {
  const words = fc.stringMatching(/^[a-d]{4}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(GROUP_CHUNKS - 1), words), { maxLength: 60 }), fc.nat(60), (added, asked) => {
      const rows = new GramRows();
      const chunks = new Map<number, Set<number>>();
      const check = () => {
        for (const [row, of] of chunks) {
          const set = Array.from({ length: GROUP_CHUNKS }, (_, i) => i).filter(
            (i) => (rows.row(row)[i >>> 5]! >>> (i & 31)) & 1,
          );
          expect(new Set(set)).toEqual(of);
        }
      };
      for (const [i, [chunk, word]] of added.entries()) {
        if (i === asked) check();
        rows.add(chunk, Buffer.from(word), 0, 4);
        const [row] = rowsOf(word, PLAIN) as [number];
        chunks.set(row, (chunks.get(row) ?? new Set()).add(chunk));
      }
      check();
      const bits = [...chunks.values()].reduce((sum, { size }) => sum + size, 0);
      expect(rows.all.reduce((sum, word) => sum + countOf(Uint32Array.of(word)), 0)).toBe(bits);
    }),
    { numRuns: 20 },
  );
});

test('a log of entries has the events of each, in whichever order these come', () => {
  const entries = fc.array(fc.nat(9), { maxLength: 5 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(GROUP_EVENTS - 1), entries), { maxLength: 40 }),
      fc.nat(40),
      (added, asked) => {
        const log = new EntryLog(10);
        const wanted = Array.from({ length: 10 }, newBits);
        const check = () => {
          for (const [entry, bits] of wanted.entries()) {
            const events = newBits();
            log.addTo(events, entry);
            expect(events).toEqual(bits);
            expect(log.packed(entry)).toEqual({ count: countOf(bits), bytes: packed(bits, countOf(bits)) });
          }
        };
        for (const [i, [event, of]] of added.entries()) {
          if (i === asked) check();
          log.begin(event);
          for (const entry of of) {
            log.add(entry);
            new Uint8Array(wanted[entry]!.buffer)[event >> 3]! |= 0x80 >> (event & 7);
          }
        }
        check();
      },
    ),
    { numRuns: 50 },
  );
});
