import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { realDataDir, realFiles } from '../testing/real-data.ts';
import { createRecordSlicer, RECORD_BYTES_MAX, RECORD_DEPTH_MAX, type Slice, sliceRecords } from './slice.ts';

const show = (slices: Iterable<Slice>) =>
  [...slices].map((s) => ('json' in s ? `${s.line}:${s.json.toString()}` : `${s.line}!${s.refused.code}`));
const slice = (text: string) => show(sliceRecords(Buffer.from(text)));

/** The same input in pieces: a slice must not depend on where chunks end. */
function inChunks(input: Buffer, sizes: readonly number[]): Slice[] {
  const slicer = createRecordSlicer();
  const out: Slice[] = [];
  for (let at = 0, n = 0; at < input.length; n++) {
    const size = sizes.length ? sizes[n % sizes.length]! : input.length;
    // A copy that is wiped after use by the caller would be wrong: slices may point into it.
    out.push(...slicer.push(Buffer.from(input.subarray(at, at + size))));
    at += size;
  }
  return [...out, ...slicer.end()];
}

describe('sliceRecords', () => {
  it('reads NDJSON, with blank lines, Windows line ends and a byte order mark', () => {
    expect(slice('{"a":1}\n\n{"b":{"c":[1,{"d":2}]}}\n')).toEqual(['1:{"a":1}', '3:{"b":{"c":[1,{"d":2}]}}']);
    expect(slice('\ufeff{"a":1}\r\n{"b":2}')).toEqual(['1:{"a":1}', '2:{"b":2}']);
  });

  it('reads log files, compact and pretty', () => {
    expect(slice('{"Records":[{"a":1},{"b":2}]}')).toEqual(['1:{"a":1}', '1:{"b":2}']);
    expect(slice('{\n  "Records" : [\n {\n "a": 1\n },\n {"b":2} ] }\n')).toEqual(['3:{\n "a": 1\n }', '6:{"b":2}']);
    expect(slice('{"Records":[]}')).toEqual([]);
    expect(slice('{"Records":[{"a":1}]}{"Records":[{"b":1}]}\n{"c":1}')).toEqual([
      '1:{"a":1}',
      '1:{"b":1}',
      '2:{"c":1}',
    ]);
  });

  it('reads arrays and objects one after another', () => {
    expect(slice('[{"a":1},\n{"b":2}]')).toEqual(['1:{"a":1}', '2:{"b":2}']);
    expect(slice('{"a":1}{"b":2} {"c":3}')).toEqual(['1:{"a":1}', '1:{"b":2}', '1:{"c":3}']);
    expect(slice('')).toEqual([]);
    expect(slice('[]\n')).toEqual([]);
  });

  it('keeps quotes, escapes and brackets in strings, and records that only look like log files', () => {
    const odd = [
      '{"a":"}{][\\"\\\\"}',
      '{"Record":[{}]}',
      '{"Records":{"a":[]}}',
      '{"Recordsx":[]}',
      '{}',
      '{"R":"\\u007b"}',
    ];
    expect(slice(odd.join('\n'))).toEqual(odd.map((text, i) => `${i + 1}:${text}`));
  });

  it('refuses a broken line and goes on with the next', () => {
    const good = '{"good":[1]}';
    expect(slice(`{"cut":"in a str\n${good}`)).toEqual(['1!TruncatedRecord', `2:${good}`]);
    expect(slice(`{"cut":1\n${good}`)).toEqual(['1!TruncatedRecord', `2:${good}`]);
    expect(slice(`{"cut":1,\n${good}`)).toEqual(['1!TruncatedRecord', `2:${good}`]);
    expect(slice(`{"cut":{"a":[1]}\n${good}`)).toEqual(['1!TruncatedRecord', `2:${good}`]);
    expect(slice(`{"a":[1}}\n${good}`)).toEqual(['1!MalformedJson', `2:${good}`]);
    expect(slice(`not json\nmore of it\n${good}\n"x"`)).toEqual(['1!MalformedJson', `3:${good}`, '4!MalformedJson']);
    expect(slice(`[INFO] hello\n${good}`)).toEqual(['1!MalformedJson', `2:${good}`]);
    expect(slice(`${good}\n{"open":`)).toEqual([`1:${good}`, '2!TruncatedRecord']);
    expect(slice(`{"Records":[${good}`)).toEqual([`1:${good}`, '1!TruncatedRecord']);
  });

  it('passes over scalars among records, a run of them for one refusal', () => {
    const [a, b] = ['{"a":1}', '{"b":[2]}'];
    expect(slice('[1,2]')).toEqual(['1!NotARecord']);
    expect(slice(`{"Records":[${a},5,${b}]}${a}`)).toEqual([`1:${a}`, '1!NotARecord', `1:${b}`, `1:${a}`]);
    expect(slice(`[null, -1.5e+3, "}{][,\\"",\n true,${a},"",${b}]\n${a}`)).toEqual([
      '1!NotARecord',
      `2:${a}`,
      '2!NotARecord',
      `2:${b}`,
      `3:${a}`,
    ]);
    expect(slice(`[1:${a},${b}]\n${a}`)).toEqual(['1!NotARecord', '1!MalformedJson', `2:${a}`]);
    expect(slice(`["broken\n${a}`)).toEqual(['1!NotARecord', '1!MalformedJson', `2:${a}`]);
    expect(slice('[1')).toEqual(['1!NotARecord', '1!TruncatedRecord']);
  });

  it('goes one record at a time, so that a body of nothing but tiny ones costs no memory', () => {
    const body = Buffer.from('{}'.repeat(10));
    const slices = sliceRecords(body);
    expect(slices.next().done).toBe(false);
    body.fill(' ', 2);
    expect([...slices]).toEqual([]); // what came behind the first had not been looked at
  });

  it('bounds size and depth, and goes on behind', () => {
    const fits = `{"a":"${'x'.repeat(RECORD_BYTES_MAX - 8)}"}`;
    const large = `{"a":"${'x'.repeat(RECORD_BYTES_MAX)}","b":{"c":[1]}}`;
    const input = Buffer.from(`${fits}\n${large}\n{"b":1}`);
    for (const slices of [[...sliceRecords(input)], inChunks(input, [65_536])]) {
      expect(slices.map((s) => ('json' in s ? s.json.length : s.refused.code))).toEqual([
        RECORD_BYTES_MAX,
        'RecordTooLarge',
        7,
      ]);
    }
    const nest = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(slice(`${nest(RECORD_DEPTH_MAX)}\n${nest(RECORD_DEPTH_MAX + 1)}\n{}`)).toEqual([
      `1:${nest(RECORD_DEPTH_MAX)}`,
      '2!RecordTooDeep',
      '3:{}',
    ]);
    expect(slice('['.repeat(100_000))).toEqual(['1!MalformedJson']);
    expect(slice(`{"a":${'['.repeat(100_000)}`)).toEqual(['1!TruncatedRecord']);
  });

  it('finds whatever was written, however it is wrapped and chunked', () => {
    const record = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }));
    const wrap = fc.constantFrom(
      (parts: string[]) => parts.join('\n'),
      (parts: string[]) => parts.join(''),
      (parts: string[]) => `[${parts.join(',')}]`,
      (parts: string[]) => `{"Records":[${parts.join(',')}]}`,
      (parts: string[]) => `{ "Records":\n[ ${parts.join(' ,\n ')} ]}`,
    );
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 8 }),
        fc.boolean(),
        wrap,
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 10 }),
        (records, pretty, wrapped, sizes) => {
          const parts = records
            .filter((r) => Object.keys(r)[0] !== 'Records')
            .map((r) => JSON.stringify(r, null, pretty ? 1 : 0));
          const slices = inChunks(Buffer.from(wrapped(parts)), sizes);
          expect(slices.map((s) => ('json' in s ? s.json.toString() : s.refused))).toEqual(parts);
        },
      ),
    );
  });

  it('says the same of any bytes, however they are chunked', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ',',
      ':',
      '\n',
      ' ',
      'x',
      '{"Records":[',
      '{"a":1}',
      '"Records"',
      '\n{',
      '[5,',
      'null',
    ];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces), { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 10 }),
        (text, sizes) => {
          const input = Buffer.from(text.join(''));
          expect(show(inChunks(input, sizes))).toEqual(show(sliceRecords(input)));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe.skipIf(!realDataDir)('sliceRecords on real data (../shared/data)', () => {
  it('finds every line of every file', () => {
    for (const { bytes } of realFiles('events', '.ndjson')) {
      const lines = bytes.toString().split('\n').filter(Boolean);
      expect(show(sliceRecords(bytes))).toEqual(lines.map((text, i) => `${i + 1}:${text}`));
      expect(show(inChunks(bytes, [997, 64]))).toEqual(show(sliceRecords(bytes)));
    }
  });

  it('finds every record of whole log files and of pretty examples', () => {
    for (const { bytes } of realFiles('events/whole-files/invictus', '.json')) {
      const { Records } = JSON.parse(bytes.toString()) as { Records: unknown[] };
      const found = [...sliceRecords(bytes)].map((s) => ('json' in s ? JSON.parse(s.json.toString()) : s.refused));
      expect(found).toEqual(Records);
    }
    for (const { bytes } of realFiles('documented-examples', '.json')) {
      expect(show(sliceRecords(bytes))).toEqual([`1:${bytes.toString().trim()}`]);
    }
  });
});

it('what cannot be read past is said to leave out what follows', () => {
  const [first, second, ...rest] = [...sliceRecords(Buffer.from('{"Records":[{"a":1},[5],{"b":2}]}\n'))];
  expect(first).toMatchObject({ line: 1 });
  expect(second).toMatchObject({ refused: { code: 'MalformedJson', message: expect.stringContaining('not read') } });
  expect(rest).toEqual([]);
});
