import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Pushback } from '../../base/errors.ts';
import type { NewEvent } from '../../event/event.ts';
import type { Log, StoredEvent } from '../log.ts';
import { sampleEvent } from './sample.ts';

/** Where a suite's Log lives: opened again, it holds what was there before (unless it forgets). */
export interface LogPlace {
  open(): Promise<Log>;
  remove(): Promise<void>;
}

const batch = (from: number, count: number, jsonBytes?: number): NewEvent[] =>
  Array.from({ length: count }, (_, i) => sampleEvent(from + i, jsonBytes));

/** Everything from `from` on, read in bites of `bytesMax`. */
export async function readAll(log: Log, from = log.start, bytesMax = 10_000): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for (;;) {
    const events = await log.read(from + all.length, bytesMax);
    if (events.length === 0) return all;
    all.push(...events);
  }
}

const plain = (events: readonly StoredEvent[]) => events.map(({ header, json }) => ({ header, json }));

/**
 * What every Log does (the contract in `ports/log.ts`).
 * @param makePlace gives an empty place
 */
export function logSuite(name: string, makePlace: () => LogPlace, options: { readonly forgets: boolean }): void {
  describe(`${name}: what every Log does`, () => {
    let place: LogPlace;
    let log: Log;
    beforeEach(async () => {
      place = makePlace();
      log = await place.open();
    });
    afterEach(async () => {
      await log.close();
      await place.remove();
    });
    const never = new AbortController().signal;

    it('starts empty', async () => {
      expect([log.start, log.end, log.trouble]).toEqual([0, 0, undefined]);
      expect(await log.read(0, 1000)).toEqual([]);
      expect(await log.read(7, 1000)).toEqual([]);
    });

    it('gives back what was appended, in order, with sequences', async () => {
      expect(await log.append(batch(0, 3))).toBe(0);
      expect(await log.append(batch(3, 2))).toBe(3);
      expect(await log.append([])).toBe(5);
      expect(log.end).toBe(5);
      const events = await readAll(log);
      expect(plain(events)).toEqual(batch(0, 5));
      expect(events.map((e) => e.sequence)).toEqual([0, 1, 2, 3, 4]);
      expect(new Set(events.map((e) => Number.isFinite(e.acceptedMs)))).toEqual(new Set([true]));
    });

    it('keeps batches whole and in their order when many append at once', async () => {
      const sizes = Array.from({ length: 60 }, (_, i) => 1 + ((i * 7) % 11));
      const firsts = await Promise.all(sizes.map((size, i) => log.append(batch(i * 100, size))));
      const events = plain(await readAll(log));
      expect(events.length).toBe(sizes.reduce((a, b) => a + b, 0));
      for (const [i, first] of firsts.entries()) {
        expect(events.slice(first, first + sizes[i]!)).toEqual(batch(i * 100, sizes[i]!));
      }
      expect([...firsts].sort((a, b) => a - b)).toEqual(firsts);
    });

    it('reads from anywhere, within bounds, at least one event', async () => {
      await log.append(batch(0, 40, 1000));
      await log.append([sampleEvent(40, 600_000), ...batch(41, 5)]);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: 45 }), fc.integer({ min: 1, max: 9000 }), async (from, bytesMax) => {
          const events = await log.read(from, bytesMax);
          expect(events.map((e) => e.sequence)).toEqual(events.map((_, i) => from + i));
          expect(events.length).toBeGreaterThan(0);
          const bytes = events.reduce((sum, e) => sum + e.json.length, 0);
          expect(events.length === 1 || bytes <= bytesMax).toBe(true);
          expect(events[0]!.header.eventId).toBe(sampleEvent(from).header.eventId);
        }),
      );
      expect((await log.read(40, 1))[0]!.json.equals(sampleEvent(40, 600_000).json)).toBe(true);
    });

    it('lets readers follow while others append', async () => {
      const total = 300;
      const follow = async () => {
        const seen: StoredEvent[] = [];
        while (seen.length < total) {
          await log.waitPast(seen.length, never);
          seen.push(...(await log.read(seen.length, 2000)));
        }
        return seen;
      };
      const followers = [follow(), follow()];
      for (let n = 0; n < total; n += 3) await log.append(batch(n, 3));
      for (const seen of await Promise.all(followers)) expect(plain(seen)).toEqual(batch(0, total));
    });

    it('waits until the end is past a sequence', async () => {
      await log.append(batch(0, 2));
      await log.waitPast(1, never);
      let woken = false;
      const waiting = log.waitPast(2, never).then(() => {
        woken = true;
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(woken).toBe(false);
      await log.append(batch(2, 1));
      await waiting;
    });

    it('stops waiting when told to, or when it closes', async () => {
      const controller = new AbortController();
      const waiting = [log.waitPast(0, controller.signal), log.waitPast(0, AbortSignal.abort())];
      controller.abort();
      await Promise.all(waiting);
      const closing = log.waitPast(0, never);
      await log.close();
      await closing;
      await log.waitPast(0, never);
    });

    it('takes nothing once closed, and finishes what it took', async () => {
      const taken = log.append(batch(0, 10));
      const closed = log.close();
      await expect(log.append(batch(10, 1))).rejects.toThrow(Pushback);
      await closed;
      await log.close();
      expect(await taken).toBe(0);
      await expect(log.read(0, 1)).rejects.toThrow('closed');
    });

    if (options.forgets) return; // a Log in memory has nothing to open again
    it('holds the same when opened again', async () => {
      await log.append(batch(0, 100, 3000));
      const before = await readAll(log);
      await log.close();
      log = await place.open();
      expect([log.start, log.end]).toEqual([0, 100]);
      expect(await readAll(log)).toEqual(before);
      expect(await log.append(batch(100, 1))).toBe(100);
      expect(plain(await readAll(log, 99))).toEqual([sampleEvent(99, 3000), sampleEvent(100)]);
    });
  });
}
