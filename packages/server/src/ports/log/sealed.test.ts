import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { PartCache } from '../history/pages.ts';
import { SealedEvents } from '../history/sealed-events.ts';
import { encodeEvent, FIRST_OF_WRITE, LAST_OF_BATCH } from './frame.ts';
import { encodeRawHeader, RAW_HEADER_BYTES, readRawFrames, storedEvent } from './raw-reader.ts';
import { sampleEvent } from './sample.ts';
import { BLOCK_EVENTS, BlockCache, openSealed, readSealedFooter, SealedWriter, writeSealed } from './sealed.ts';
import { encodeFooter, encodeTable, NO_SPAN } from './sealed-format.ts';

const dir = mkdtempSync(join(tmpdir(), 'sealed-'));
afterAll(() => rmSync(dir, { recursive: true }));
const RAW = join(dir, 'raw.wal');
const SEG = join(dir, 'sealed.seg');
const FIRST = 1000;
const SEED = 77;

/** A raw segment with events of these sizes; event i is accepted at 5000 - i. @returns its bytes */
function writeRaw(sizes: readonly number[]): number {
  const bytes = Buffer.alloc(sizes.reduce((sum, size) => sum + size + 400, 100_000));
  let at = RAW_HEADER_BYTES;
  encodeRawHeader({ first: FIRST, seed: SEED }).copy(bytes);
  sizes.forEach((size, i) => {
    at = encodeEvent(bytes, at, sampleEvent(i, size), 5000 - i, FIRST_OF_WRITE | LAST_OF_BATCH, SEED);
  });
  writeFileSync(RAW, bytes.subarray(0, at));
  return at;
}

const u32 = (n: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n);
  return bytes;
};

const expected = (sizes: readonly number[]) =>
  sizes.map((size, i) => ({ sequence: FIRST + i, acceptedMs: 5000 - i, ...sampleEvent(i, size) }));
const sizesOf = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 70 });

describe('raw frames', () => {
  it('are read in chunks, from any place', () => {
    const sizes = [10, 2_000_000, 20, 3_500_000, 30];
    const bytes = writeRaw(sizes);
    const frames = [...readRawFrames(RAW, undefined, bytes)];
    expect(frames.length).toBe(sizes.length);
    for (const [i, event] of expected(sizes).entries()) {
      const { json, ...rest } = storedEvent(frames[i]!.sequence, frames[i]!);
      expect(json.equals(event.json)).toBe(true); // toEqual would look at megabytes one by one
      expect(rest).toEqual({ sequence: event.sequence, acceptedMs: event.acceptedMs, header: event.header });
    }
    expect(frames.at(-1)!.next).toEqual({ sequence: FIRST + 5, offset: bytes });
    expect([...readRawFrames(RAW, frames[2]!.next, bytes)].map((f) => f.sequence)).toEqual([FIRST + 3, FIRST + 4]);
    expect(() => [...readRawFrames(RAW, undefined, bytes - 1)]).toThrow(`byte ${frames[3]!.next.offset}`);
  });
});

describe('a sealed segment', () => {
  it('holds what the raw one did, read in any of its ways', async () => {
    await fc.assert(
      fc.asyncProperty(sizesOf, fc.nat(), fc.integer({ min: 1, max: 40_000 }), async (sizes, at, bytesMax) => {
        expect(writeSealed(RAW, SEG, writeRaw(sizes))).toBe(sizes.length);
        const events = expected(sizes);
        const sealed = openSealed(SEG);
        const index = at % sizes.length;
        expect(await sealed.readAt(FIRST + index)).toEqual(events[index]);
        const some = await sealed.readEvents(FIRST + index, bytesMax);
        expect(some).toEqual(events.slice(index, index + some.length));
        const taken = some.reduce((sum, e) => sum + e.json.length, 0);
        expect(some.length === 1 || taken <= bytesMax).toBe(true);
        const next = events[index + some.length];
        const headersMax = 200 * (some.length + 1);
        if (next) expect(taken + next.json.length + headersMax).toBeGreaterThan(bytesMax);
        expect(await sealed.readEvents(FIRST, 1e9)).toEqual(events);
        sealed.close();
      }),
      { numRuns: 40 },
    );
  });

  it('is read as well when an older version has deflated it', async () => {
    const sizes = Array.from({ length: 20 }, (_, i) => 50 * i);
    const frames = [...readRawFrames(RAW, undefined, writeRaw(sizes))];
    const blocks = [frames.slice(0, BLOCK_EVENTS), frames.slice(BLOCK_EVENTS)].map((some) => {
      const plain = Buffer.concat(some.flatMap(({ body }) => [u32(body.length), body]));
      const bytes = deflateRawSync(plain, { level: 1 });
      return { bytes, inflatedBytes: plain.length, crc: crc32(bytes) };
    });
    const table = encodeTable(blocks.map((block) => ({ ...NO_SPAN, ...block, offset: 0, bytes: block.bytes.length })));
    const tableOffset = blocks.reduce((sum, { bytes }) => sum + bytes.length, 8);
    const footer = encodeFooter({
      ...NO_SPAN,
      first: FIRST,
      count: 20,
      tableOffset,
      tableCrc: crc32(table),
      codec: 'deflate',
    });
    expect(footer.toString('latin1', 0, 8)).toBe('OTSEG\0\0\u0001');
    writeFileSync(SEG, Buffer.concat([footer.subarray(0, 8), ...blocks.map(({ bytes }) => bytes), table, footer]));
    const sealed = openSealed(SEG);
    expect(await sealed.readEvents(FIRST, 1e9)).toEqual(expected(sizes));
    sealed.close();
    const events = new SealedEvents(SEG, new PartCache(1 << 20));
    expect(events.read(FIRST + 17)).toEqual(sampleEvent(17, sizes[17]));
    events.close();
  });

  it('says what it spans, as a whole and block by block', async () => {
    const sizes = Array.from({ length: 40 }, () => 100);
    writeSealed(RAW, SEG, writeRaw(sizes));
    const sealed = openSealed(SEG);
    expect(readSealedFooter(SEG)).toMatchObject({ first: FIRST, count: 40, acceptedMinMs: 4961, acceptedMaxMs: 5000 });
    expect(sealed.blocks.length).toBe(3);
    expect(sealed.blocks[1]).toMatchObject({
      acceptedMinMs: 5000 - 31,
      acceptedMaxMs: 5000 - 16,
      timeMinMs: sampleEvent(16).header.timeMs,
      timeMaxMs: sampleEvent(31).header.timeMs,
    });
    expect(sealed.readBlockSync(2).length).toBe(40 - 2 * BLOCK_EVENTS);
    await expect(sealed.readAt(FIRST + 40)).rejects.toThrow('holds 1040');
    sealed.close();
  });

  it('with any byte flipped is refused, or gives only what it held', async () => {
    const sizes = Array.from({ length: 20 }, (_, i) => 50 + i);
    writeSealed(RAW, SEG, writeRaw(sizes));
    const whole = readFileSync(SEG);
    for (let i = 8; i < whole.length; i++) {
      const bad = Buffer.from(whole);
      bad[i]! ^= 0x10;
      writeFileSync(SEG, bad);
      const readAll = async () => {
        const sealed = openSealed(SEG);
        try {
          return await sealed.readEvents(FIRST, 1e9);
        } finally {
          sealed.close();
        }
      };
      await expect(readAll(), `byte ${i}`).rejects.toThrow(/damaged at byte \d+/);
    }
  });

  it('is not there until it is whole', () => {
    rmSync(SEG);
    const bytes = writeRaw([100, 100]);
    expect(() => writeSealed(RAW, SEG, bytes - 1)).toThrow('damaged');
    expect(existsSync(SEG) || existsSync(`${SEG}.tmp`)).toBe(false);
    new SealedWriter(SEG, 5).abort();
    expect(existsSync(`${SEG}.tmp`)).toBe(false);
  });
});

it('a block cache stays within its bytes', () => {
  const cache = new BlockCache(100);
  for (const key of ['a', 'b', 'c']) cache.set(key, [], 40);
  expect(['a', 'b', 'c'].map((key) => cache.get(key) !== undefined)).toEqual([false, true, true]);
  cache.get('b');
  cache.set('d', [], 40);
  expect(['b', 'c', 'd'].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true]);
  cache.set('huge', [], 1000);
  expect(['b', 'd', 'huge'].map((key) => cache.get(key) !== undefined)).toEqual([false, false, false]);
});

it('a sealed writer that fails at the end can still be aborted', () => {
  const writer = new SealedWriter(join(dir, 'taken'), 0);
  mkdirSync(join(dir, 'taken', 'by-a-folder'), { recursive: true });
  writer.add(Buffer.alloc(20), 1, 1);
  expect(() => writer.finish()).toThrow();
  writer.abort();
  expect(existsSync(join(dir, 'taken.tmp'))).toBe(false);
});
