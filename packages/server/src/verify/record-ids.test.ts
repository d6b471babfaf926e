import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventIds } from './event-ids.ts';
import { type RecordIds, recordIdsOf } from './record-ids.ts';
import { UUID_CHARS } from './walk/index.ts';

const uuid = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

/** All ids as text, in no particular order. */
function idsIn(found: RecordIds | undefined): string[] | undefined {
  if (!found) return undefined;
  const text = Buffer.from(found.uuids).toString('latin1');
  const uuids = Array.from({ length: text.length / UUID_CHARS }, (_, i) =>
    text.slice(i * UUID_CHARS, (i + 1) * UUID_CHARS),
  );
  return [...uuids, ...found.others].sort();
}

const read = (text: string) => recordIdsOf(Buffer.from(text));
const idsOfText = (text: string) => idsIn(read(text));

const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ unit: 'binary' }),
    fc.constantFrom('eventID', '"eventID":"', '\\', '}', ']', uuid(7)),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('eventID', 'eventId', 'a', '\\', '"', 'eventI\u0000'), tie('value'), { maxKeys: 3 }),
  ),
})).value;

test('the ids are those that parsing finds, whatever else the records hold', () => {
  const id = fc.oneof(fc.nat().map(uuid), fc.nat().map(uuid), fc.string(), fc.constant(undefined), fc.constant(null));
  const record = fc
    .tuple(json, id, json)
    .map(([before, eventID, after]) => ({ before, eventID, after, eventIDs: [before] }));
  fc.assert(
    fc.property(fc.array(record, { maxLength: 5 }), fc.constantFrom(undefined, 1), (Records, indent) => {
      const found = read(JSON.stringify({ Records }, null, indent));
      expect(found?.records).toBe(Records.length);
      const wanted = Records.map((r) => r.eventID).filter((one) => typeof one === 'string');
      expect(idsIn(found)).toEqual(wanted.sort());
    }),
  );
});

test("CloudTrail's own form needs no parsing", () => {
  const found = read(
    `{"Records":[{"eventVersion":"1.11","requestParameters":{"a":["}\\""]},"eventID":"${uuid(1)}"},{"x":1}]}`,
  );
  expect(found).toMatchObject({ records: 2, others: [] });
  expect(idsIn(found)).toEqual([uuid(1)]);
});

test.each([
  ['no records', '{"Records":[]}', []],
  ['an id in a nested object', `{"Records":[{"a":{"eventID":"${uuid(1)}"}}]}`, []],
  ['an id in a text', `{"Records":[{"a":"\\"eventID\\":\\"${uuid(1)}\\""}]}`, []],
  ['eventID as a value', `{"Records":[{"a":"eventID","b":"eventID"}]}`, []],
  ['a name in escapes', `{"Records":[{"event\\u0049D":"${uuid(1)}"}]}`, [uuid(1)]],
  ['an id in escapes', '{"Records":[{"eventID":"\\u0061"}]}', ['a']],
  ['two ids in a record: the last counts', `{"Records":[{"eventID":"${uuid(1)}","eventID":"${uuid(2)}"}]}`, [uuid(2)]],
  ['blanks', `{ "Records": [ { "eventID" : "${uuid(1)}" } ] }\n`, [uuid(1)]],
  ['something besides', `{"Records":[{"eventID":"${uuid(1)}"}],"more":1}`, [uuid(1)]],
  ['a record that is no object', `{"Records":[1,{"eventID":"${uuid(1)}"}]}`, [uuid(1)]],
  ['nothing', '', undefined],
  ['cut short in a record', '{"Records":[{"a":"', undefined],
  ['cut short behind a record', '{"Records":[{}', undefined],
  ['cut short behind a comma', '{"Records":[{},', undefined],
  ['cut short behind a backslash', '{"Records":[{"a":"\\', undefined],
  ['a bracket too many', '{"Records":[{}]}]', undefined],
  ['other members', '{"Recordings":[]}', undefined],
  ['no list', '{"Records":{}}', undefined],
])('%s', (_, text, ids) => {
  expect(idsOfText(text)).toEqual(ids);
});

test('an id is known again in either case, walked or parsed, however many there are', () => {
  const ids = new EventIds();
  const many = Array.from({ length: 300_000 }, (_, i) => `{"eventID":"${uuid(i)}"}`);
  expect(ids.addAll(read(`{"Records":[${many.join()}]}`)!, 0)).toEqual([]);
  expect(ids.addAll(read(`{"Records":[{"eventID":"${uuid(299_999).toUpperCase()}"}]}`)!, 1)).toEqual([
    { eventId: uuid(299_999).toUpperCase(), firstFile: 0 },
  ]);
  expect(ids.addAll(read(`{"Records": [{"eventID":"${uuid(5)}"}, {"eventID":"odd"}]}`)!, 2)).toEqual([
    { eventId: uuid(5), firstFile: 0 },
  ]);
  expect(ids.addAll(read('{"Records":[{"eventID":"odd"}]}')!, 3)).toEqual([{ eventId: 'odd', firstFile: 2 }]);
});
