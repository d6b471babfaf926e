import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gzip, OpenLogFile } from './log-file.ts';
import { HEADER } from './testing/world.ts';

const PLACE = {
  kind: 'CloudTrail',
  region: 'us-east-1',
  bucket: 'logs',
  prefix: undefined,
  organizationId: undefined,
} as const;

describe('a log file', () => {
  it('holds its records as they are, wherever chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 2, max: 40_000 }), { minLength: 1, maxLength: 40 }),
        async (sizes) => {
          const file = new OpenLogFile(PLACE, 5);
          const texts = sizes.map((size, i) => `"${String.fromCharCode(97 + (i % 26)).repeat(size - 2)}"`);
          texts.forEach((text, i) => {
            const before = file.bytes;
            const json = Buffer.from(text);
            const growth = file.growth(json.length);
            file.add({ sequence: 5 + i, acceptedMs: 0, header: { ...HEADER, timeMs: 1000 * i }, json });
            expect(file.bytes - before).toBe(growth);
          });
          const { chunks, sha256 } = file.close();
          const whole = `{"Records":[${texts.join(',')}]}`;
          expect(file.bytes).toBe(whole.length);
          expect(sha256).toBe(createHash('sha256').update(whole).digest('hex'));
          expect(gunzipSync(Buffer.concat(await gzip(chunks))).toString()).toBe(whole);
          expect(file.close()).toEqual({ chunks, sha256 });
          expect(file).toMatchObject({
            oldestMs: 0,
            newestMs: 1000 * (sizes.length - 1),
            lastSequence: 4 + sizes.length,
          });
        },
      ),
      { numRuns: 30 },
    );
  });
});
