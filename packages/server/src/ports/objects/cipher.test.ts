import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEncryptor, decrypt, fileKey, framesOf, plainBytes, sealedBytes } from './cipher.ts';

const FRAME = 64 << 10;
const KEY = fileKey(Buffer.alloc(32, 1), { salt: Buffer.alloc(16, 2).toString('base64') });
const SIZES = [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3 * FRAME + 5];

function sealed(bytes: Buffer, chunkBytes = bytes.length || 1): Buffer {
  const encryptor = createEncryptor(KEY);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    // As a stream may, the chunk's memory is used again.
    const chunk = Buffer.from(bytes.subarray(at, at + chunkBytes));
    out.push(...encryptor.push([chunk]).map((b) => Buffer.from(b)));
    chunk.fill(0xff);
  }
  return Buffer.concat([...out, ...encryptor.end()]);
}

function read(file: Buffer, start: number, end: number, size: number): Buffer {
  const { at, length } = framesOf(start, end);
  return decrypt(KEY, file.subarray(at, at + length), start, end, size);
}

const bytesOf = (size: number) => Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 0xff));

test('any range of any size is what was written, however it came', () => {
  const sizes = fc.oneof(fc.constantFrom(...SIZES.slice(1)), fc.integer({ min: 1, max: 4 * FRAME }));
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), fc.integer({ min: 1000, max: 200_000 }), (size, a, b, chunk) => {
      const bytes = bytesOf(size);
      const file = sealed(bytes, chunk);
      const [start, end] = [a % size, b % size].sort((x, y) => x - y) as [number, number];
      expect(read(file, start, end, size).equals(bytes.subarray(start, end + 1))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test.each(SIZES)('%d bytes take what is said', (size) => {
  const file = sealed(bytesOf(size));
  expect(file.length).toBe(sealedBytes(size));
  expect(plainBytes(file.length)).toBe(size);
});

test('what was changed, cut off, moved or made longer is found', () => {
  const size = 2 * FRAME + 100;
  const file = sealed(bytesOf(size));
  const all =
    (bytes: Buffer, bytesSize = size) =>
    () =>
      read(bytes, 0, bytesSize - 1, bytesSize);
  expect(all(file)).not.toThrow();
  for (const at of [0, FRAME, FRAME + 20, file.length - 1]) {
    const changed = Buffer.from(file);
    changed[at]! ^= 1;
    expect(all(changed), `byte ${at}`).toThrow(/not what was written/);
  }
  const frame = FRAME + 16;
  const swapped = Buffer.concat([file.subarray(frame, 2 * frame), file.subarray(0, frame), file.subarray(2 * frame)]);
  expect(all(swapped)).toThrow(/not what was written/);
  expect(all(file.subarray(0, 2 * frame), 2 * FRAME)).toThrow(/not what was written/);
  expect(all(file.subarray(0, -1))).toThrow(/not what was written/);
  expect(() => decrypt(fileKey(Buffer.alloc(32, 1), { salt: 'AAAA' }), file, 0, 9, size)).toThrow(/not what was/);
});
