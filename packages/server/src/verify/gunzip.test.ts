import { deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GzipProblem, gunzipInPlace, gunzipStrictly } from './gunzip.ts';

const contentOf = fc
  .tuple(fc.uint8Array({ maxLength: 2_000 }), fc.constantFrom(1, 1, 3, 40, 900))
  .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes)));

/** RFC 1952's optional fields: extra, name, comment, header checksum. */
const withFields = (file: Buffer, flags: number): Buffer =>
  Buffer.concat([
    file.subarray(0, 3),
    Buffer.from([flags]),
    file.subarray(4, 10),
    ...(flags & 4 ? [Buffer.from([3, 0, 7, 0, 7])] : []),
    ...(flags & 8 ? [Buffer.from('name\0')] : []),
    ...(flags & 16 ? [Buffer.from('comment\0')] : []),
    ...(flags & 2 ? [Buffer.from([1, 2])] : []),
    file.subarray(10),
  ]);

test('proper files are inflated in place, one after another, as they are by the strict way', async () => {
  const file = fc.tuple(contentOf, fc.constantFrom(0, 1, 6, 9), fc.constantFrom(0, 0, 2, 4, 8, 16, 30));
  await fc.assert(
    fc.asyncProperty(fc.array(file, { maxLength: 6 }), async (files) => {
      for (const [content, level, flags] of files) {
        const bytes = withFields(gzipSync(content, { level }), flags);
        const quick = gunzipInPlace(bytes);
        // The first kilobytes of what is too large for the quick way are the strict way's as well.
        if (content.length <= 1 << 20) expect(quick?.equals(content)).toBe(true);
        expect((await gunzipStrictly(bytes)).equals(content)).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

test('what was tampered with is not inflated in place unless the strict way takes it too', async () => {
  const damage = fc.record({
    content: contentOf,
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    byte: fc.integer({ min: 0, max: 255 }),
    how: fc.constantFrom('changed', 'cut', 'inserted', 'appended'),
  });
  const strictly = (bytes: Buffer) =>
    gunzipStrictly(bytes).catch((error: unknown) => {
      expect(error).toBeInstanceOf(GzipProblem);
      return undefined;
    });
  await fc.assert(
    fc.asyncProperty(damage, async ({ content, at, byte, how }) => {
      const whole = gzipSync(content);
      const place = Math.floor(at * whole.length);
      const tail = how === 'changed' ? whole.subarray(place + 1) : how === 'inserted' ? whole.subarray(place) : [];
      const bytes =
        how === 'appended'
          ? Buffer.concat([whole, whole.subarray(0, place), Buffer.from([byte])])
          : Buffer.concat([
              whole.subarray(0, place),
              how === 'cut' ? Buffer.alloc(0) : Buffer.from([byte]),
              Buffer.from(tail),
            ]);
      const quick = gunzipInPlace(bytes);
      const held = quick && Buffer.from(quick);
      expect(held?.toString('latin1')).toEqual((await strictly(bytes))?.toString('latin1'));
    }),
    { numRuns: 300 },
  );
});

test('a header that runs into what follows it is refused, whatever it says', async () => {
  const rest = fc.array(fc.constantFrom(0, 0, 1, 2, 0x61), { minLength: 8, maxLength: 30 });
  const header = fc.tuple(fc.constantFrom(2, 4, 8, 16, 28, 30), rest);
  await fc.assert(
    fc.asyncProperty(header, async ([flags, bytes]) => {
      const file = Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3, ...bytes]);
      const quick = gunzipInPlace(file);
      const held = quick && Buffer.from(quick);
      const strict = await gunzipStrictly(file).catch((error: unknown) => {
        expect(error).toBeInstanceOf(GzipProblem);
        return undefined;
      });
      expect(held).toEqual(strict);
    }),
    { numRuns: 500 },
  );
});

test('two members, or a length that is not so, are for the strict way to refuse', async () => {
  const two = Buffer.concat([gzipSync('one'), gzipSync('two')]);
  const short = gzipSync('a log file, and more');
  short.writeUInt32LE(5, short.length - 4);
  for (const bytes of [two, short, deflateRawSync('no gzip'), Buffer.alloc(0)]) {
    expect(gunzipInPlace(bytes)).toBeUndefined();
    await expect(gunzipStrictly(bytes)).rejects.toThrow(GzipProblem);
  }
  expect(gunzipInPlace(gzipSync('whole'))?.toString()).toBe('whole');
});
