import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventFromBytes } from '../../event/accept.ts';
import type { EventHeader, NewEvent } from '../../event/event.ts';
import { compileValues, searchableEvent } from '../../event/search/index.ts';
import { generateEvents } from '../../testing/generate.ts';
import { type Column, columnsOf, decodedColumn, decodedTimes, NewColumns, type Times } from './coded-columns.ts';
import { CODED_FIELDS, codedField, RECORD_FIELDS } from './coded-fields.ts';
import { NewGroup } from './gram-group.ts';
import { LeafPaths } from './leaf-paths.ts';
import { records } from './suite.ts';
import { ValueIds } from './value-ids.ts';
import { GROUP_EVENTS, listOf } from './word-bits.ts';

const [{ header: HEADER }] = [...generateEvents(1)] as [NewEvent];
const NOTHING = Buffer.from('{}');

/** Values that have other numbers than codes. */
function newValues(isList = false): ValueIds {
  const values = new ValueIds(isList);
  for (const text of ['more', 'that', 'there', 'are']) values.idOf(text);
  return values;
}

/** Columns of events with these headers, and as a file has them. */
function columnsWith(headers: readonly Partial<EventHeader>[], first = 0) {
  const made = new NewColumns(new LeafPaths());
  for (const [i, header] of headers.entries()) {
    made.begin(first + i, { ...HEADER, ...header }, NOTHING);
    made.end(true);
  }
  const [times, ...blocks] = made.encoded().map((bytes) => Buffer.from(bytes)) as [Buffer, ...Buffer[]];
  return { made, times, blocks };
}

const valuesAt = ({ codes, ids, values }: Column, event: number) => values.valuesOf(ids[codes[event]!]!);
const timeAt = ({ base, unit, deltas }: Times, event: number) => base + unit * deltas[event]!;

describe('columns of codes', () => {
  test.each([
    ['one value', GROUP_EVENTS, 1, 1],
    ['one value, and none', 1_000, 1, 1],
    ['few values', 1_000, 255, 1],
    ['many values', 1_000, 256, 2],
    ['as many as there may be', GROUP_EVENTS, 16_383, 2],
  ])('are the same of a file: of %s', (_, count, values, bytesEach) => {
    const nameOf = (event: number) => `user-${event % values}`;
    const headers = Array.from({ length: count }, (_, event) => ({ username: nameOf(event) }));
    const { made, blocks } = columnsWith(headers, GROUP_EVENTS - count);
    const field = codedField('userName');
    const decoded = decodedColumn(blocks[field]!, newValues())!;
    for (const column of [made.column(field, newValues())!, decoded]) {
      const differing = headers.findIndex((_, i) => valuesAt(column, GROUP_EVENTS - count + i)[0] !== nameOf(i));
      expect(differing).toBe(-1);
      if (count < GROUP_EVENTS) expect(valuesAt(column, 0)).toEqual([]);
    }
    expect(decoded.codes.BYTES_PER_ELEMENT).toBe(bytesEach);
    const one = codedField('errorCode'); // nobody has any
    expect(blocks[one]!.length).toBeLessThan(50);
    expect(valuesAt(decodedColumn(blocks[one]!, newValues())!, 7)).toEqual([]);
  });

  test('are not of too many values, nor of damaged bytes', () => {
    const { made, blocks } = columnsWith(Array.from({ length: 16_384 }, (_, i) => ({ username: `user-${i}` })));
    const field = codedField('userName');
    expect(made.column(field, newValues())).toBeUndefined();
    expect(decodedColumn(blocks[field]!, newValues())).toBeUndefined();
    const { times, blocks: few } = columnsWith([{ username: 'a' }, { username: 'b' }]);
    for (const [block, decoded] of [
      [few[field]!, (bytes: Buffer) => decodedColumn(bytes, newValues())],
      [times, decodedTimes],
    ] as const) {
      expect(decoded(block)).toBeDefined();
      for (const at of [0, 5, 9, 13, block.length - 1]) expect(decoded(flipped(block, at)), `${at}`).toBeUndefined();
      for (const size of [0, 3, 11, block.length - 1]) expect(decoded(block.subarray(0, size))).toBeUndefined();
    }
  });

  test('mend halves of characters, as columns of the lake do', () => {
    const { made, blocks } = columnsWith([
      { username: 'a\ud83e' },
      { username: 'a\udd86' },
      { username: 'a\u{1f986}' },
    ]);
    const field = codedField('userName');
    for (const column of [made.column(field, newValues())!, decodedColumn(blocks[field]!, newValues())!])
      expect([0, 1, 2].map((event) => valuesAt(column, event)[0])).toEqual(['a\ufffd', 'a\ufffd', 'a\u{1f986}']);
  });

  test.each([
    ['seconds', [1_700_000_000_000, 1_700_000_003_000], 4],
    ['milliseconds', [1_700_000_000_001, 1_700_000_003_000], 4],
    ['seconds of some decades, without those that lie between', [-1_000_000_000_000, 3_000_000_000_000], 4],
    ['milliseconds far apart', [-1, 1_700_000_000_001], 8],
    ['seconds very far apart', [-1_000_000_000_000, 4_000_000_000_000_000], 8],
    ['parts of milliseconds, which are left out', [1_700_000_000_000.5, 1_700_000_003_000], 4],
  ])('know times: %s', (_, some, bytesEach) => {
    const { made, times } = columnsWith(Array.from({ length: GROUP_EVENTS }, (_, i) => ({ timeMs: some[i % 2]! })));
    const decoded = decodedTimes(times)!;
    for (const known of [made.times, decoded]) {
      expect([0, 1, 2, GROUP_EVENTS - 1].map((event) => timeAt(known, event))).toEqual(
        [0, 1, 0, 1].map((i) => Math.trunc(some[i]!)),
      );
    }
    expect(decoded.deltas.BYTES_PER_ELEMENT).toBe(bytesEach);
  });
});

const flipped = (bytes: Buffer, at: number) => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

const spelt = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
const value = fc.constantFrom('a', 'B', 5, true, null, {}, [], '');
const part = fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 2 }), fc.record({ a: value }));
/** Some in which little is odd: one odd value has all of a record be read otherwise. */
const simple = fc.tuple(part, value).map(([type, errorCode]) => {
  const event = { eventTime: '2026-11-21T00:00:00Z', eventName: 'N', eventSource: 's' };
  return JSON.stringify({ ...event, userIdentity: { type }, errorCode });
});
/** Records as programs write them: compact or not, with letters as they are or escaped. */
const written = fc.tuple(fc.oneof(records, simple), fc.constantFrom(0, 0, 0, 1, 2)).map(([json, how]) => {
  if (how === 0) return json;
  if (how === 1) return JSON.stringify(JSON.parse(json), undefined, 1);
  return json.replaceAll(/"(?:[^"\\]|\\.)*"/g, (text) => text.replace(/[a-ce]/, spelt));
});
/** Some values that are frequent, and that any rare one is: of fields, and within what stands where they should. */
const frequent = fc
  .subarray(['"a"', '"B"', '"bAb"', '"5"', '5', 'true', 'null', '{}', '[]', '""', ''])
  .map((values) =>
    RECORD_FIELDS.flatMap(({ path }) => [path, `${path}[`, `${path}"a"`]).flatMap((path) =>
      values.map((value) => ({ path, value })),
    ),
  );

test('what columns have of a record is what searches find in it', () => {
  let odd = 0;
  fc.assert(
    fc.property(fc.array(written, { minLength: 1, maxLength: 40 }), frequent, (jsons, leaves) => {
      const events = jsons.map((json) => {
        const made = eventFromBytes(Buffer.from(json), { fallbackAccountId: '000000000000' });
        if ('refused' in made) throw new Error(made.refused.message);
        return searchableEvent(made.event.header, made.event.json);
      });
      const group = new NewGroup(0, { words: [], leaves });
      for (const [i, { header, text }] of events.entries()) group.add(2 * i, header, Buffer.from(text));
      const values = CODED_FIELDS.map(({ isList }) => newValues(isList));
      const columns = columnsOf(group.columns, (field) => values[field]!);
      const [, ...blocks] = group.columns.encoded();
      expect([...listOf(columns.known)]).toEqual(events.map((_, i) => 2 * i));
      for (const [field, { name }] of CODED_FIELDS.entries()) {
        const valuesOf = compileValues(name);
        const [own, stored] = [columns.column(field)!, decodedColumn(Buffer.from(blocks[field]!), values[field]!)!];
        for (const [i, event] of events.entries()) {
          const expected = [...new Set(valuesOf(event))];
          expect(valuesAt(own, 2 * i), `${name} of ${event.text}`).toEqual(expected);
          expect(valuesAt(stored, 2 * i)).toEqual(expected);
          if (expected.some((value) => /^[[{]/.test(value))) odd++;
        }
      }
    }),
    { numRuns: 25 },
  );
  expect(odd).toBeGreaterThan(20);
});
