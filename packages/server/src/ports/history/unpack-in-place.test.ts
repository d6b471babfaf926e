import { brotliCompressSync, constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openDecoder } from '../../base/decoder.ts';
import type { Codec } from '../log/sealed-format.ts';
import { createUnpacker } from './unpack-in-place.ts';

const PACK: Readonly<Record<Codec, (plain: Buffer, quality?: number) => Buffer>> = {
  brotli: (plain, quality = 0) => brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }),
  deflate: (plain, level = 1) => deflateRawSync(plain, { level }),
};

describe.each([
  ['brotli, with what this Node has', 'brotli', createUnpacker('brotli', openDecoder('brotli'))],
  ['brotli, with what any Node has', 'brotli', createUnpacker('brotli', undefined)],
  ['deflate, with what this Node has', 'deflate', createUnpacker('deflate', openDecoder('deflate'))],
  ['deflate, with what any Node has', 'deflate', createUnpacker('deflate', undefined)],
] as const)('%s', (_, codec, unpack) => {
  const pack = PACK[codec];

  test('block after block is unpacked, of any size', () => {
    const block = fc.tuple(
      fc.uint8Array({ maxLength: 3_000 }),
      fc.constantFrom(1, 1, 5, 300),
      fc.constantFrom(0, 1, 5),
    );
    fc.assert(
      fc.property(fc.array(block, { maxLength: 10 }), (blocks) => {
        for (const [bytes, times, quality] of blocks) {
          const plain = Buffer.concat(Array.from({ length: times }, () => Buffer.from(bytes)));
          expect(unpack(pack(plain, quality), plain.length).equals(plain)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('a beginning is what the whole begins with, and has what was asked for', () => {
    const block = fc.record({
      bytes: fc.uint8Array({ minLength: 1, maxLength: 3_000 }),
      times: fc.constantFrom(1, 1, 5, 30, 300),
      quality: fc.constantFrom(0, 1, 5),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      wanted: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(block, { maxLength: 10 }), (blocks) => {
        for (const { bytes, times, quality, share, wanted } of blocks) {
          const plain = Buffer.concat(Array.from({ length: times }, (_, i) => Buffer.from(bytes).fill(i, 0, 1)));
          const wantedBytes = Math.round(wanted * plain.length);
          const isThere = ({ length }: Buffer) => length >= wantedBytes;
          const beginning = unpack(pack(plain, quality), plain.length, { share, isThere });
          expect(beginning.length).toBeGreaterThanOrEqual(wantedBytes);
          expect(beginning.equals(plain.subarray(0, beginning.length))).toBe(true);
          expect(unpack(pack(plain, quality), plain.length).equals(plain)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('what is damaged, cut or of another size is refused, and the next block is not the worse for it', () => {
    const plain = Buffer.from('abcdefgh-1234'.repeat(2_000));
    const packed = pack(plain);
    expect(() => unpack(Buffer.from(packed).fill(0xff, 0, 20), plain.length)).toThrow();
    expect(() => unpack(packed.subarray(0, packed.length - 5), plain.length)).toThrow();
    const never = { share: 0.3, isThere: () => false };
    expect(() => unpack(Buffer.from(packed).fill(0xff, 0, 20), plain.length, never)).toThrow();
    expect(() => unpack(packed, plain.length + 1, never)).toThrow();
    expect(() => unpack(packed, plain.length - 1)).toThrow();
    expect(() => unpack(packed, plain.length + 1)).toThrow();
    expect(unpack(packed, plain.length).equals(plain)).toBe(true);
  });
});

test.each(['brotli', 'deflate'] as const)('this Node has what the quick way of %s takes', (codec) => {
  const unpack = createUnpacker(codec, openDecoder(codec));
  const [one, two] = ['one', 'two'].map((text) => unpack(PACK[codec](Buffer.from(text)), text.length));
  expect(one!.buffer).toBe(two!.buffer);
});

test.each(['brotli', 'deflate'] as const)('this Node unpacks no more of %s than it has to', (codec) => {
  const plain = Buffer.from(Array.from({ length: 20_000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24));
  const beginning = createUnpacker(codec, openDecoder(codec))(PACK[codec](plain), plain.length, {
    share: 0.25,
    isThere: () => true,
  });
  expect(beginning.length).toBeLessThan(plain.length / 2);
});
