import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventFromBytes } from './accept.ts';
import { eventsOfBatch } from './batch.ts';
import { RECORD_BYTES_MAX, RECORD_DEPTH_MAX, sliceRecords } from './slice.ts';

const OPTIONS = { fallbackAccountId: '999999999999' };
const RECORD = { eventTime: '2023-07-10T11:42:36Z', eventSource: 'iam.amazonaws.com', eventName: 'CreateRole' };

const byTheLongWay = (body: Buffer) =>
  [...sliceRecords(body)].map((slice) =>
    'refused' in slice ? slice : { line: slice.line, ...eventFromBytes(slice.json, OPTIONS) },
  );
const both = (body: string) => {
  const bytes = Buffer.from(body);
  const items = [...eventsOfBatch(bytes, OPTIONS)];
  expect(items).toEqual(byTheLongWay(bytes));
  return items;
};

const nested = (depth: number) => JSON.stringify(RECORD).replace('}', `,"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
const good = fc.record({ n: fc.integer() }).map((more) => JSON.stringify({ ...RECORD, ...more }));
const odd = fc.constantFrom(
  '',
  ' ',
  '{}',
  '{"eventTime":"now"}',
  '[',
  ']}',
  '{"Records":[',
  `{"Records":[${JSON.stringify(RECORD)}]}`,
  `{"R\\u0065cords":[],${JSON.stringify(RECORD).slice(1)}`,
  JSON.stringify({ ...RECORD, Records: [] }),
  `${JSON.stringify(RECORD)}${JSON.stringify(RECORD)}`,
  `${JSON.stringify(RECORD)},${JSON.stringify(RECORD)}`,
  ` ${JSON.stringify(RECORD)} `,
  `${JSON.stringify(RECORD)}\r`,
  JSON.stringify(RECORD, null, 1),
  JSON.stringify({ ...RECORD, name: 'Jörg' }),
  JSON.stringify({ ...RECORD, text: '}\n{' }),
  JSON.stringify({ ...RECORD, text: 'x' }).replace('x', '}\n{'),
  nested(3),
  nested(RECORD_DEPTH_MAX - 1),
  nested(RECORD_DEPTH_MAX),
  JSON.stringify({ ...RECORD, list: Array.from({ length: RECORD_DEPTH_MAX }, () => []) }),
);

test('a batch gives what the long way gives, wherever something odd stands in it', () => {
  const lines = fc.array(fc.oneof({ weight: 4, arbitrary: good }, odd), { maxLength: 12 });
  fc.assert(
    fc.property(lines, fc.boolean(), (all, isEnded) => {
      both(all.join('\n') + (isEnded ? '\n' : ''));
    }),
    { numRuns: 500 },
  );
});

test('a batch gives what the long way gives, whatever is broken in it', () => {
  const bytes = Buffer.from(`${JSON.stringify(RECORD)}\n`.repeat(3));
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.constantFrom(...'{}[]",:\n\\ \0\x7f'), (at, character) => {
      const broken = Buffer.from(bytes);
      broken.write(character, at, 'latin1');
      both(broken.toString('latin1'));
    }),
    { numRuns: 500 },
  );
});

test('records keep their bytes, and lines their numbers', () => {
  const items = both(`${JSON.stringify(RECORD)}\n{}\nwhat?\n${JSON.stringify(RECORD)}\n`);
  expect(items.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
  expect(items.map((item) => ('event' in item ? item.event.json.toString() : item.refused.code))).toEqual([
    JSON.stringify(RECORD),
    'NotARecord',
    'MalformedJson',
    JSON.stringify(RECORD),
  ]);
});

test('what is too large or too deep is refused', () => {
  const codes = (body: string) => both(body).map((item) => ('event' in item ? 'taken' : item.refused.code));
  const large = JSON.stringify({ ...RECORD, text: 'x'.repeat(RECORD_BYTES_MAX) });
  expect(codes(`${JSON.stringify(RECORD)}\n${large}\n${JSON.stringify(RECORD)}`)).toEqual([
    'taken',
    'RecordTooLarge',
    'taken',
  ]);
  expect(codes(`${nested(RECORD_DEPTH_MAX)}\n${nested(RECORD_DEPTH_MAX - 1)}`)).toEqual(['RecordTooDeep', 'taken']);
});
