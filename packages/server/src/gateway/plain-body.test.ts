import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Capture } from './capture.ts';
import { plainBody } from './plain-body.ts';

const whole = (bytes: Buffer) => ({ bytes, whole: true, totalBytes: bytes.length });
const text = Buffer.from('{"TableName":"t"}'.repeat(20));
const chunked = (...pieces: readonly Buffer[]) =>
  Buffer.concat([
    ...pieces.flatMap((piece) => [Buffer.from(`${piece.length.toString(16)};chunk-signature=00\r\n`), piece, CRLF]),
    Buffer.from('0;chunk-signature=00\r\nx-amz-checksum-crc32:AAAA\r\n\r\n'),
  ]);
const CRLF = Buffer.from('\r\n');

describe('plainBody', () => {
  test('leaves alone what is not packed', () => {
    const copy = whole(text);
    expect(plainBody(copy, {})).toBe(copy);
    expect(plainBody(copy, { 'content-encoding': 'identity' })).toBe(copy);
  });

  for (const [coding, pack] of [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['Deflate', deflateRawSync],
  ] as const) {
    test(`undoes ${coding}, whole or cut off`, () => {
      const packed = pack(text);
      expect(plainBody(whole(packed), { 'content-encoding': coding }).bytes).toEqual(text);
      const cut = { bytes: packed.subarray(0, packed.length - 3), whole: false, totalBytes: packed.length };
      const plain = plainBody(cut, { 'content-encoding': coding });
      expect(plain.whole).toBe(false);
      expect(text.subarray(0, plain.bytes.length)).toEqual(plain.bytes);
    });

    test(`does not unpack a bomb of ${coding}`, () => {
      const bomb = pack(Buffer.alloc(64 << 20));
      expect(plainBody(whole(bomb), { 'content-encoding': coding })).toMatchObject({ whole: false });
      expect(plainBody(whole(bomb), { 'content-encoding': coding }).bytes).toHaveLength(0);
    });
  }

  test('undoes aws-chunked first, wherever it is named, and by the payload hash when it is not', () => {
    const packed = gzipSync(text);
    const body = whole(chunked(packed.subarray(0, 10), packed.subarray(10)));
    expect(plainBody(body, { 'content-encoding': 'aws-chunked, gzip' }).bytes).toEqual(text);
    expect(plainBody(body, { 'content-encoding': 'gzip,aws-chunked' }).bytes).toEqual(text);
    const named = { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'content-encoding': 'gzip' };
    expect(plainBody(body, named)).toMatchObject({ bytes: text, whole: true });
  });

  test('says that it is not whole where chunks are cut off, malformed or without an end', () => {
    const body = chunked(Buffer.from('abc'), Buffer.from('def'));
    fc.assert(
      fc.property(fc.nat(body.length - 1), (at) => {
        const cut = { bytes: body.subarray(0, at), whole: false, totalBytes: body.length };
        const plain = plainBody(cut, { 'content-encoding': 'aws-chunked' });
        expect('abcdef'.startsWith(plain.bytes.toString())).toBe(true);
        expect(plain.whole).toBe(false);
      }),
    );
    const wrong = whole(Buffer.from('3\r\nabc\r\nzz\r\n'));
    expect(plainBody(wrong, { 'content-encoding': 'aws-chunked' })).toMatchObject({ whole: false });
  });

  test('gives nothing for codings that it does not know, and for what is not in the coding', () => {
    for (const coding of ['zstd', 'compress', 'constructor', 'gzip', 'gzip,gzip,gzip,gzip']) {
      expect(plainBody(whole(text), { 'content-encoding': coding })).toMatchObject({ whole: false, totalBytes: 340 });
    }
  });

  test('never throws, whatever the bytes', () => {
    const codings = fc.array(fc.constantFrom('gzip', 'br', 'deflate', 'aws-chunked', 'x'), { maxLength: 4 });
    fc.assert(
      fc.property(fc.uint8Array(), codings, (bytes, names) => {
        plainBody(whole(Buffer.from(bytes)), { 'content-encoding': names.join() });
      }),
    );
  });
});

describe('Capture', () => {
  test('keeps the beginning, counts everything, and gives its budget back', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });
    fc.assert(
      fc.property(pieces, fc.nat(200), fc.boolean(), (parts, max, ended) => {
        const budget = { heldBytes: 0 };
        const capture = new Capture(max, budget);
        for (const part of parts) capture.add(Buffer.from(part));
        const all = Buffer.concat(parts);
        const copy = capture.copy(ended);
        expect(copy.bytes).toEqual(all.subarray(0, max));
        expect(copy).toMatchObject({ whole: ended && all.length <= max, totalBytes: all.length });
        expect(budget.heldBytes).toBe(copy.bytes.length);
        capture.release();
        expect(budget.heldBytes).toBe(0);
        expect(copy.bytes).toEqual(all.subarray(0, max));
      }),
    );
  });
});
