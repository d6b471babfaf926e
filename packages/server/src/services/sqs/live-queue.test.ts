import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Deque, Schedule } from './deque.ts';
import type { Held } from './lines.ts';
import { LiveQueue } from './live-queue.ts';

const action = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    group: fc.constantFrom('a', 'b', 'c'),
    hiddenMs: fc.constantFrom(0, 0, 0, 5, 20),
  }),
  fc.record({
    kind: fc.constant('take' as const),
    max: fc.integer({ min: 1, max: 10 }),
    hiddenMs: fc.constantFrom(0, 10, 30),
  }),
  fc.record({ kind: fc.constant('forget' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('hide' as const), at: fc.nat(), hiddenMs: fc.constantFrom(0, 15) }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 40 }) }),
);

/** What is known of a message without any cleverness. */
interface Plain {
  readonly id: number;
  readonly group: string;
  readonly held: Held;
  taken: boolean;
  dueMs: number;
}

describe.each([true, false])('a queue in memory, FIFO: %s', (fifo) => {
  test('gives out what a plain list would', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 80 }), async (actions) => {
        const clock = new FakeClock();
        const live = new LiveQueue(clock, fifo);
        const all = new Map<number, Plain>();
        let nextId = 1;
        const nowMs = () => clock.monotonicMs();
        const settle = () => {
          for (const one of all.values()) if (one.dueMs <= nowMs()) one.taken = false;
        };
        const isReady = (one: Plain) => one.dueMs <= nowMs();
        const ofGroup = (group: string) => [...all.values()].filter((one) => one.group === group);
        /** Messages that may be taken now. */
        const available = () => {
          const ready = [...all.values()].filter(isReady);
          if (!fifo) return ready;
          return ready.filter((one) =>
            ofGroup(one.group).every((other) => !other.taken && (other.id >= one.id || isReady(other))),
          );
        };
        for (const step of actions) {
          settle();
          const ids = [...all.keys()];
          if (step.kind === 'add') {
            const id = nextId++;
            live.add({ id, group: step.group, receives: 0, hiddenMs: step.hiddenMs });
            all.set(id, { id, group: step.group, held: live.find(id)!, taken: false, dueMs: nowMs() + step.hiddenMs });
          } else if (step.kind === 'advance') await clock.advance(step.ms);
          else if (step.kind === 'take') {
            const may = new Set(available().map(({ id }) => id));
            const taken = live.take(step.max, step.hiddenMs);
            expect(taken.every(({ id }) => may.has(id))).toBe(true);
            expect(taken.length).toBe(Math.min(step.max, may.size));
            if (fifo) {
              for (const group of ['a', 'b', 'c']) {
                const given = taken.filter((one) => one.group === group).map(({ id }) => id);
                expect(given).toEqual(
                  ofGroup(group)
                    .slice(0, given.length)
                    .map(({ id }) => id),
                );
              }
            }
            for (const { id } of taken) Object.assign(all.get(id)!, { taken: true, dueMs: nowMs() + step.hiddenMs });
          } else if (ids.length > 0) {
            const one = all.get(ids[step.at % ids.length]!)!;
            if (step.kind === 'forget') {
              live.forget(one.id);
              all.delete(one.id);
            } else if (one.taken) {
              live.hide(one.held, step.hiddenMs);
              one.dueMs = nowMs() + step.hiddenMs;
            }
          }
          settle();
          const hidden = [...all.values()].filter((one) => !isReady(one));
          expect(live.counts()).toEqual({
            ready: all.size - hidden.length,
            taken: hidden.filter(({ taken }) => taken).length,
            delayed: hidden.filter(({ taken }) => !taken).length,
          });
          // Who waits is let go exactly when there is something to take.
          if (available().length > 0) {
            let woken = false;
            void live.wait(1_000_000, new AbortController().signal).then(() => {
              woken = true;
            });
            await Promise.resolve();
            expect(woken).toBe(true);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('does not let receivers run in circles while a group is busy', async () => {
    const clock = new FakeClock();
    const live = new LiveQueue(clock, fifo);
    for (const id of [1, 2]) live.add({ id, group: 'g', receives: 0, hiddenMs: 0 });
    live.take(1, 1000);
    if (fifo) {
      expect(live.take(1, 1000)).toEqual([]);
      let woken = false;
      void live.wait(5_000, new AbortController().signal).then(() => {
        woken = true;
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(woken).toBe(false);
      await clock.advance(1_000);
      expect(woken).toBe(true);
    }
    live.close();
    await live.wait(5_000, new AbortController().signal);
  });
});

test('a deque and a schedule keep their order, however large', () => {
  const deque = new Deque<{ id: number }>();
  for (let id = 0; id < 5000; id += 2) deque.push({ id });
  deque.insert({ id: 4995 });
  deque.insert({ id: 6000 });
  const ids: number[] = [];
  for (let item = deque.shift(); item; item = deque.shift()) ids.push(item.id);
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  expect(ids.length).toBe(2502);

  fc.assert(
    fc.property(fc.array(fc.integer()), (times) => {
      const schedule = new Schedule<number>();
      for (const dueMs of times) schedule.add({ dueMs, item: dueMs });
      schedule.filter(({ item }) => item % 3 !== 0);
      const out: number[] = [];
      for (let next = schedule.shift(); next; next = schedule.shift()) out.push(next.dueMs);
      expect(out).toEqual(times.filter((t) => t % 3 !== 0).sort((a, b) => a - b));
    }),
  );
});
