import { brotliCompressSync, constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Codec } from '../log/sealed-format.ts';
import { createUnpacker } from './unpack-in-place.ts';

const PACK: Readonly<Record<Codec, (plain: Buffer, quality?: number) => Buffer>> = {
  brotli: (plain, quality = 0) => brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }),
  deflate: (plain, level = 1) => deflateRawSync(plain, { level }),
};

describe.each([
  ['brotli, with what this Node has', 'brotli', createUnpacker('brotli')],
  ['brotli, with what any Node has', 'brotli', createUnpacker('brotli', () => ({}))],
  ['deflate, with what this Node has', 'deflate', createUnpacker('deflate')],
  ['deflate, with what any Node has', 'deflate', createUnpacker('deflate', () => ({}))],
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

  test('what is damaged, cut or of another size is refused, and the next block is not the worse for it', () => {
    const plain = Buffer.from('abcdefgh-1234'.repeat(2_000));
    const packed = pack(plain);
    expect(() => unpack(Buffer.from(packed).fill(0xff, 0, 20), plain.length)).toThrow();
    expect(() => unpack(packed.subarray(0, packed.length - 5), plain.length)).toThrow();
    expect(() => unpack(packed, plain.length - 1)).toThrow();
    expect(() => unpack(packed, plain.length + 1)).toThrow();
    expect(unpack(packed, plain.length).equals(plain)).toBe(true);
  });
});

test.each(['brotli', 'deflate'] as const)('this Node has what the quick way of %s takes', (codec) => {
  const unpack = createUnpacker(codec);
  const [one, two] = ['one', 'two'].map((text) => unpack(PACK[codec](Buffer.from(text)), text.length));
  expect(one!.buffer).toBe(two!.buffer);
});
