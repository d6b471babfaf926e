import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { readAll } from './log.suite.ts';
import { RAW_HEADER_BYTES, readRawFrames, segmentName } from './raw-reader.ts';
import { sampleEvent } from './sample.ts';
import { writeSealed } from './sealed.ts';
import { openLog } from './segment-log.ts';
import type { SegmentLog } from './types.ts';

let directory: string;
let clock: FakeClock;
let opened: SegmentLog[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'log-'));
  clock = new FakeClock();
  opened = [];
});
afterEach(async () => {
  for (const log of opened) await log.close();
  rmSync(directory, { recursive: true });
});

async function open(segmentEventsMax = 1000): Promise<SegmentLog> {
  const log = await openLog({ directory, clock, logger: silentLogger, segmentEventsMax });
  opened.push(log);
  return log;
}
const batch = (from: number, count: number) => Array.from({ length: count }, (_, i) => sampleEvent(from + i, 60));
const ids = async (log: SegmentLog) => (await readAll(log)).map((e) => Number(e.header.eventId.slice(-12)));
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const file = (first: number, kind: 'wal' | 'seg' | 'idx' = 'wal') => join(directory, segmentName(first, kind));

/** A log of these batches, each a write of its own. */
async function make(batches: readonly number[], segmentEventsMax?: number): Promise<void> {
  const log = await open(segmentEventsMax);
  let n = 0;
  for (const count of batches) {
    await log.append(batch(n, count));
    n += count;
  }
  await log.close();
}

/** As history's worker does. */
function seal(log: SegmentLog, first: number): void {
  const { path, bytes } = log.complete.find((s) => s.first === first)!;
  writeSealed(path, file(first, 'seg'), bytes);
  writeFileSync(file(first, 'idx'), 'postings');
}

describe('the last segment', () => {
  it('torn at any byte, or zero from there on, opens with the batches before', async () => {
    await make([2, 3, 1, 2]);
    const whole = readFileSync(file(0));
    const ends = [...readRawFrames(file(0), undefined, whole.length)].map((frame) => frame.next.offset);
    const batchEnds = [2, 5, 6, 8].map((n) => [ends[n - 1]!, n] as const);
    for (let cut = batchEnds[0]![0]; cut < whole.length; cut++) {
      const expected = batchEnds.findLast(([end]) => end <= cut)![1];
      for (const filler of cut % 4 === 0 ? [0, whole.length - cut] : [0]) {
        writeFileSync(file(0), Buffer.concat([whole.subarray(0, cut), Buffer.alloc(filler)]));
        const log = await openLog({ directory, clock, logger: silentLogger });
        expect(log.end, `cut at ${cut}`).toBe(expected);
        if (cut % 50 === 0) expect(await log.append(batch(expected, 1))).toBe(expected);
        expect(await ids(log)).toEqual(numbers(0, log.end));
        await log.close();
      }
    }
  });

  it('damaged where all was durable is refused, and not touched', async () => {
    await make([2, 3, 1]);
    const whole = readFileSync(file(0));
    const lastWriteAt = [...readRawFrames(file(0), undefined, whole.length)][4]!.next.offset;
    for (let at = 0; at < lastWriteAt; at++) {
      const bad = Buffer.from(whole);
      bad[at]! ^= 0x41;
      writeFileSync(file(0), bad);
      await expect(open(), `byte ${at}`).rejects.toThrow(/000\.wal is damaged at byte \d+/);
      expect(readFileSync(file(0)).equals(bad)).toBe(true);
    }
  });

  it('goes on after a start, in the same file', async () => {
    await make([2]);
    await make([]);
    const log = await open();
    expect(await log.append(batch(2, 1))).toBe(2);
    expect(await ids(log)).toEqual([0, 1, 2]);
    expect(readdirSync(directory)).toEqual([segmentName(0, 'wal')]);
    expect(log.durable).toMatchObject({ segmentFirst: 0, path: file(0), bytes: readFileSync(file(0)).length, end: 3 });
  });
});

describe('older segments', () => {
  it('damaged, cut or missing are refused by name', async () => {
    await make([2, 2, 2], 2);
    const whole = readFileSync(file(2));
    const flipped = Buffer.from(whole);
    flipped[RAW_HEADER_BYTES + 30]! ^= 1;
    for (const bad of [flipped, whole.subarray(0, -1), whole.subarray(0, RAW_HEADER_BYTES), Buffer.alloc(0)]) {
      writeFileSync(file(2), bad);
      await expect(open()).rejects.toThrow(/002\.wal is damaged at byte \d+/);
    }
    rmSync(file(2));
    await expect(open()).rejects.toThrow(/000\.wal is damaged .* up to 4/);
  });

  it('may hold what a failed write left, which is cut', async () => {
    await make([2, 2, 2], 2);
    const whole = readFileSync(file(2));
    writeFileSync(file(2), Buffer.concat([whole, whole.subarray(RAW_HEADER_BYTES), Buffer.from('rest')]));
    expect(await ids(await open())).toEqual(numbers(0, 6));
    expect(readFileSync(file(2)).equals(whole)).toBe(true);
  });
});

describe('sealing', () => {
  it('moves readers over and deletes the raw file, also while it is read', async () => {
    await make([3, 3, 3], 3);
    const log = await open(3);
    expect(log.complete.map((s) => s.first)).toEqual([0, 3]);
    seal(log, 3);
    seal(log, 0);
    const reads = numbers(0, 20).map((i) => log.read(i % 9, 1));
    await Promise.all([log.sealed(3), log.sealed(0), log.sealed(3)]);
    expect((await Promise.all(reads)).map((events) => events[0]!.sequence)).toEqual(numbers(0, 20).map((i) => i % 9));
    expect(log.complete).toEqual([]);
    expect([existsSync(file(0)), existsSync(file(3)), existsSync(file(6))]).toEqual([false, false, true]);
    expect(await ids(log)).toEqual(numbers(0, 9));
    await log.close();
    expect(await ids(await open())).toEqual(numbers(0, 9));
  });

  it('is refused when the sealed form holds something else', async () => {
    await make([3, 2, 3], 3);
    const log = await open(3);
    writeSealed(file(0), file(3, 'seg'), readFileSync(file(0)).length);
    await expect(log.sealed(3)).rejects.toThrow('holds 3 events from 0');
    await expect(log.sealed(5)).rejects.toThrow('complete segment');
    expect(await ids(log)).toEqual(numbers(0, 8));
  });

  it('is finished at the next start, or begun again', async () => {
    await make([3, 3, 3, 3], 3);
    const log = await open();
    seal(log, 0);
    seal(log, 3);
    rmSync(file(3, 'idx'));
    writeFileSync(`${file(6, 'seg')}.tmp`, 'half');
    writeFileSync(join(directory, segmentName(99, 'idx')), 'an orphan');
    await log.close();
    const again = await open();
    expect(again.complete.map((s) => s.first)).toEqual([3, 6]);
    expect(readdirSync(directory)).toEqual(
      [file(0, 'idx'), file(0, 'seg'), file(3, 'seg'), file(3), file(6), file(9)].map((p) =>
        p.slice(directory.length + 1),
      ),
    );
    expect(await ids(again)).toEqual(numbers(0, 12));
  });

  it('keeps the raw file of a sealed form that is damaged', async () => {
    await make([3, 3], 3);
    const log = await open();
    seal(log, 0);
    await log.close();
    writeFileSync(file(0, 'seg'), readFileSync(file(0, 'seg')).subarray(0, -1));
    await expect(open()).rejects.toThrow(/000\.seg is damaged/);
    expect(existsSync(file(0))).toBe(true);
  });

  it('may leave the sealed form of everything, and the log goes on after it', async () => {
    await make([3, 3], 3);
    const log = await open();
    seal(log, 0);
    await log.sealed(0);
    await log.close();
    rmSync(file(3));
    const again = await open();
    expect([again.start, again.end]).toEqual([0, 3]);
    expect(await again.append(batch(3, 1))).toBe(3);
    expect(await ids(again)).toEqual(numbers(0, 4));
  });
});

describe('retention', () => {
  async function sealedLog(): Promise<SegmentLog> {
    const log = await open(2);
    for (let n = 0; n < 10; n += 2) {
      await log.append(batch(n, 2));
      clock.jump(1000);
    }
    for (const { first } of log.complete) {
      seal(log, first);
      await log.sealed(first);
    }
    return log;
  }

  it('deletes whole sealed segments from the front, within its limits', async () => {
    const log = await sealedLog();
    const t0 = (await log.read(0, 1))[0]!.acceptedMs;
    expect(await log.retain({ floor: 10 })).toBe(0);
    expect(await log.retain({ beforeSequence: 3, floor: 10 })).toBe(2);
    expect(await log.retain({ beforeSequence: 10, floor: 5 })).toBe(4);
    expect(await log.retain({ acceptedBeforeMs: t0 + 2000, floor: 10 })).toBe(4);
    expect(await log.retain({ acceptedBeforeMs: t0 + 2001, floor: 10 })).toBe(6);
    expect(await log.retain({ beforeSequence: 99, floor: 99 })).toBe(8); // the active one stays
    expect(log.start).toBe(8);
    expect(readdirSync(directory)).toEqual([segmentName(8, 'wal')]);
    await expect(log.read(7, 100)).rejects.toThrow('event 7 was deleted; the log starts with 8');
    await log.close();
    const again = await open();
    expect([again.start, again.end]).toEqual([8, 10]);
  });

  it('lets reads under way end', async () => {
    const log = await sealedLog();
    const reads = numbers(0, 8).map((n) => log.read(n, 1));
    await log.retain({ beforeSequence: 10, floor: 10 });
    expect((await Promise.all(reads)).map((events) => events[0]!.sequence)).toEqual(numbers(0, 8));
  });

  it('never deletes a segment that waits to be sealed', async () => {
    await make([2, 2, 2], 2);
    const log = await open(2);
    expect(await log.retain({ beforeSequence: 4, floor: 4 })).toBe(0);
  });
});

it('reads across more sealed segments than are kept open', async () => {
  await make(
    Array.from({ length: 40 }, () => 1),
    1,
  );
  const log = await open(1);
  for (const { first } of log.complete) {
    seal(log, first);
    await log.sealed(first);
  }
  expect((await Promise.all(numbers(0, 40).map((n) => log.read(n, 1)))).map((e) => e[0]!.sequence)).toEqual(
    numbers(0, 40),
  );
  expect(await ids(log)).toEqual(numbers(0, 40));
});
