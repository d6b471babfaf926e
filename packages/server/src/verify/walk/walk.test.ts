import { expect, test } from 'vitest';
import wabt from 'wabt';
import { CODE } from './code.ts';
import { walkRecords } from './index.ts';
import { WALK } from './program.ts';

test('what is run is what the program says (node scripts/build-walk.mjs makes it anew)', async () => {
  const program = (await wabt()).parseWat('program.ts', WALK, { simd: true });
  expect(CODE).toBe(Buffer.from(program.toBinary({}).buffer).toString('base64'));
});

const ID = '12345678-9abc-def0-1234-56789ABCDEF0';
const walk = (records: string) => {
  const found = walkRecords(Buffer.from(`{"Records":[${records}]}`), '{"Records":['.length);
  return found && { records: found.records, uuids: Buffer.from(found.uuids).toString('latin1') };
};

test('wherever blocks of bytes end, quotes, escapes, brackets and names are seen', () => {
  for (let length = 0; length < 200; length++) {
    const filler = '-'.repeat(length);
    const one = `{"a":"${filler}","eventID":"${ID}","b":["\\"}",{"eventID":"${ID}"},"\\\\"]}`;
    expect(walk(`${one},${one},{"${filler}\\\\":1}`)).toEqual({ records: 3, uuids: ID + ID });
    expect(walk(`{"a":"${filler}\\u0049"}`)).toBeUndefined(); // a name may be spelt so
    expect(walk(`{"a":"${filler}","eventID":1}`)).toBeUndefined();
    expect(walk(`{"a":"${filler}","eventID" :"${ID}"}`)).toBeUndefined();
    expect(walk(`{"a":"${filler}","eventID":"${ID}","eventID":"${ID}"}`)).toBeUndefined();
  }
});

test('ids that are no UUIDs are left to who parses', () => {
  for (let at = 0; at < ID.length; at++) {
    const withChar = (char: string) => walk(`{"eventID":"${ID.slice(0, at)}${char}${ID.slice(at + 1)}"}`);
    for (const char of ['g', '/', ':', '@', 'G', '`', '"', '\\', '', '00']) expect(withChar(char)).toBeUndefined();
    for (const char of '09afAF') expect(withChar(char)?.records).toBe(ID[at] === '-' ? undefined : 1);
  }
});

test('a large file after a small one, and a small one after a large one', () => {
  const record = (n: number) => `{"eventID":"${String(n).padStart(8, '0')}${ID.slice(8)}"}`;
  for (const count of [1, 5_000, 2, 20_000, 1]) {
    const found = walk(Array.from({ length: count }, (_, i) => record(i)).join());
    expect(found?.records).toBe(count);
    expect(found?.uuids.slice(-36)).toBe(`${String(count - 1).padStart(8, '0')}${ID.slice(8)}`);
  }
});
