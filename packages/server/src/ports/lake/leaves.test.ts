import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LeafPaths } from './leaf-paths.ts';
import { LeafScanner } from './leaves.ts';

/** As `{"a":[1]}` has `"a"[` and `1`; and which were said to be plain. */
function scanned(record: string, paths = new LeafPaths()) {
  const bytes = Buffer.from(record);
  const leaves: { path: string; json: string; isPlain: boolean }[] = [];
  const leaf = (path: number, from: number, to: number, _hash: number, isPlain: boolean) => {
    leaves.push({ path: paths.textOf(path), json: bytes.toString('utf8', from, to), isPlain });
  };
  return { isRead: new LeafScanner(paths, { known: () => -1, leaf }).scan(bytes), leaves };
}

/** What should be found, of a record that was parsed. */
function leavesOf(value: unknown, path: string): { path: string; json: string }[] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0)
    return [{ path, json: JSON.stringify(value) }];
  const inner = Object.entries(value);
  return inner.flatMap(([name, one]) => leavesOf(one, path + (Array.isArray(value) ? '[' : JSON.stringify(name))));
}

describe('leaves of a record', () => {
  test('are all of its values, each with its path', () => {
    const names = fc.constantFrom('a', 'bucketName', 'A', '', 'x.y', '[', '0');
    const values = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'medium' },
        ...[fc.string({ unit: 'grapheme' }), fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true })],
        ...[fc.integer(), fc.boolean(), fc.constant(null)],
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(names, tie('value'), { maxKeys: 5 }),
      ),
    })).value;
    const paths = new LeafPaths();
    fc.assert(
      fc.property(fc.dictionary(names, values, { minKeys: 1, maxKeys: 6 }), (record) => {
        const { isRead, leaves } = scanned(JSON.stringify(record), paths);
        expect(isRead).toBe(true);
        expect(leaves.map(({ path, json }) => ({ path, json }))).toEqual(leavesOf(record, ''));
        for (const { json, isPlain } of leaves)
          expect(isPlain, json).toBe(/^("[ !#-[\]-\u007f]*"|\d{1,15}|true|false|null|\{\}|\[\])$/.test(json));
      }),
    );
  });

  test.each([
    ...[
      '{"a":1,"a":2}',
      '{"x":{"a":"b","c":"d","a":"e"}}',
      '{ "a":1}',
      '{"a": 1}',
      '{"a":[1, 2]}',
      '{"a":1}\n',
      '{}',
      '[1]',
    ],
    ...['{"\\u0061":1}', '{"é":1}', '{"a":1', '{"a":"b}', '', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`],
    `{${Array.from({ length: 2_000 }, (_, i) => `"n${i}":${i}`).join()}}`,
    `{"a":${'['.repeat(40)}1${']'.repeat(40)}}`,
  ])('are not read of %.40s', (record) => {
    expect(scanned(record).isRead).toBe(false);
  });

  test('have paths as many as there is room for', () => {
    const paths = new LeafPaths();
    const read = Array.from({ length: 9_000 }, (_, i) => scanned(`{"a":{"n${i}":1}}`, paths).isRead);
    expect([read[0], read[8_000], read[8_999]]).toEqual([true, true, false]);
    expect(scanned('{"a":{"n7":[{"b":1}]}}', paths).isRead).toBe(false);
    expect(scanned('{"a":{"n7":5}}', paths).leaves).toEqual([{ path: '"a""n7"', json: '5', isPlain: true }]);
    expect([paths.pathOf('"a"'), paths.pathOf('"a""nowhere"'), paths.pathOf('"a"[')]).toEqual([
      expect.any(Number),
      -1,
      -1,
    ]);
  });
});
