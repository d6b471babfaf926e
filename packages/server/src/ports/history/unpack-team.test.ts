import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { brotliCompressSync, crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Codec } from '../log/sealed-format.ts';
import { recordAt } from './packed-block.ts';
import type { LackingBlock } from './sealed-events.ts';
import { UnpackTeam } from './unpack-team.ts';

const PACK: Readonly<Record<Codec, (plain: Buffer) => Buffer>> = {
  brotli: brotliCompressSync,
  deflate: deflateRawSync,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'opentrail-team-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const blockOf = (texts: readonly string[]): Buffer =>
  Buffer.concat(
    texts.map((text) => {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(Buffer.byteLength(text));
      return Buffer.concat([head, Buffer.from(text)]);
    }),
  );

interface PlainBlock {
  readonly texts: readonly string[];
  /** Each text is repeated so often. */
  readonly times: number;
  readonly codec: Codec;
  /** Which record of it, as a share of all. */
  readonly wanted: number;
  readonly isDamaged: boolean;
}

const block: fc.Arbitrary<PlainBlock> = fc.record({
  texts: fc.array(fc.string({ maxLength: 200 }), { minLength: 1, maxLength: 16 }),
  times: fc.constantFrom(1, 1, 1, 20, 1_000),
  codec: fc.constantFrom('brotli' as const, 'deflate' as const),
  wanted: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  isDamaged: fc.constantFrom(false, false, false, true),
});

const USUAL: PlainBlock = {
  texts: Array.from({ length: 16 }, (_, i) => `record ${i}`.repeat(100)),
  times: 1,
  codec: 'brotli',
  wanted: 0.5,
  isDamaged: false,
};

/** Blocks in a file, and of each the record that is wanted. */
function packed(path: string, blocks: readonly PlainBlock[]) {
  const parts: Buffer[] = [];
  let offset = 0;
  const made = blocks.map(({ texts, times, codec, wanted, isDamaged }, key) => {
    const long = texts.map((text) => text.repeat(times));
    const plain = blockOf(long);
    const bytes = PACK[codec](plain);
    const crc = isDamaged ? crc32(bytes) ^ 1 : crc32(bytes);
    const skipped = Math.floor(wanted * texts.length);
    const place = { fd: -1, offset, bytes: bytes.length, crc, plainBytes: plain.length, codec };
    parts.push(bytes);
    offset += bytes.length;
    return { lacking: { key, block: place, records: skipped + 1 }, skipped, text: long[skipped]!, isDamaged };
  });
  writeFileSync(path, Buffer.concat(parts));
  return made;
}

test.each([
  ['with the other thread', () => new UnpackTeam()],
  ['without one', () => new UnpackTeam(() => {})],
])('gives the wanted record of each block that it gives, and none that is damaged: %s', (_, make) => {
  const team = make();
  const path = join(folder, 'blocks');
  fc.assert(
    fc.property(fc.array(block, { minLength: 4, maxLength: 80 }), (blocks) => {
      const made = packed(path, blocks);
      const fd = openSync(path, 'r');
      const given = new Map<number, Buffer>();
      const lacking: LackingBlock[] = made.map(({ lacking: l }) => ({ ...l, block: { ...l.block, fd } }));
      team.unpack(lacking, (key, plain) => given.set(key, Buffer.from(plain)));
      closeSync(fd);
      for (const [key, plain] of given) {
        const { isDamaged, skipped, text } = made[key]!;
        expect(isDamaged).toBe(false);
        expect(recordAt(plain, skipped)?.toString()).toBe(text);
      }
    }),
    { numRuns: 60 },
  );
});

test('alone it gives all that is whole and of the usual size', () => {
  const path = join(folder, 'whole');
  const made = packed(path, [USUAL, USUAL, { ...USUAL, isDamaged: true }, USUAL, { ...USUAL, times: 100 }, USUAL]);
  const fd = openSync(path, 'r');
  const given: number[] = [];
  const lacking = made.map(({ lacking: l }) => ({ ...l, block: { ...l.block, fd } }));
  new UnpackTeam(() => {}).unpack(lacking, (key) => given.push(key));
  closeSync(fd);
  expect(given).toEqual([0, 1, 3, 5]);
});

test('the other thread does its part', () => {
  const path = join(folder, 'part');
  const made = packed(path, Array<PlainBlock>(50).fill(USUAL));
  const fd = openSync(path, 'r');
  const lacking = made.map(({ lacking: l }) => ({ ...l, block: { ...l.block, fd } }));
  const team = new UnpackTeam();
  const fromThere = new Set<string>();
  while (fromThere.size === 0) {
    team.unpack(lacking, (_, plain) => {
      if (plain.buffer instanceof SharedArrayBuffer) fromThere.add(`${recordAt(plain, made[0]!.skipped)}`);
    });
  }
  closeSync(fd);
  expect([...fromThere]).toEqual([USUAL.texts[8]]);
});

/** Takes one job, as the table in `unpack-team.ts` has them, and never does it. */
const STUCK = `
  const states = new Int32Array(require('node:worker_threads').workerData, 8, 64);
  let slot = 0;
  while (Atomics.compareExchange(states, slot, 1, 2) !== 1) slot = (slot + 1) % 10;
  for (;;) Atomics.wait(states, slot, 2);
`;

test('a thread that is stuck at a block keeps nobody waiting, and that block is all that is left out', async () => {
  const path = join(folder, 'stuck');
  const made = packed(path, Array<PlainBlock>(10).fill(USUAL));
  const fd = openSync(path, 'r');
  const lacking = made.map(({ lacking: l }) => ({ ...l, block: { ...l.block, fd } }));
  let thread: Worker | undefined;
  const team = new UnpackTeam((memory) => {
    thread = new Worker(STUCK, { eval: true, workerData: memory });
  });
  const given = () => {
    let blocksGiven = 0;
    team.unpack(lacking, () => blocksGiven++);
    return blocksGiven;
  };
  while (given() === 10);
  for (let round = 0; round < 10; round++) expect(given()).toBe(10);
  closeSync(fd);
  await thread?.terminate();
});
