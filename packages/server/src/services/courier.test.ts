import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { seededRandom } from '../base/random.ts';
import { createMemoryMailboxes } from '../ports/mailboxes/memory.ts';
import { Courier, type Parcel } from './courier.ts';

const settle = async () => {
  for (let i = 0; i < 40; i++) await new Promise((resolve) => setImmediate(resolve));
};

function world(options: Partial<ConstructorParameters<typeof Courier>[0]> = {}) {
  const clock = new FakeClock();
  const mailboxes = createMemoryMailboxes();
  const delivered: string[] = [];
  const given: string[] = [];
  const failing = new Map<string, number>();
  const start = () => {
    const courier = new Courier({
      mailboxes,
      clock,
      random: seededRandom('c'),
      logger: silentLogger,
      prefix: 'x/',
      async deliver({ body }: Parcel) {
        const text = body.toString();
        const left = failing.get(text) ?? 0;
        if (left > 0) {
          failing.set(text, left - 1);
          throw new Error('not now');
        }
        delivered.push(text);
      },
      again: ({ tries }) => tries < 10,
      giveUp: async ({ body }) => void given.push(body.toString()),
      isOrdered: (box) => box.endsWith('.fifo'),
      ...options,
    });
    courier.start();
    return courier;
  };
  return { clock, mailboxes, delivered, given, failing, start };
}

const put = (w: ReturnType<typeof world>, box: string, texts: readonly string[]) =>
  w.mailboxes.put(texts.map((text) => ({ box, body: Buffer.from(text), meta: { at: w.clock.now() } })));

test('all arrive, whatever fails how often; what fails for good is given up; in order where that matters', async () => {
  await fc.assert(
    fc.asyncProperty(
      // A try that the end of the process cuts off is not counted.
      fc.array(fc.oneof(fc.integer({ min: 0, max: 10 }), fc.constant(20)), { maxLength: 30 }),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 3 }),
      async (failures, ordered, restarts) => {
        const w = world();
        const texts = failures.map((count, i) => {
          w.failing.set(`m${i}`, count);
          return `m${i}`;
        });
        await put(w, ordered ? 'x/a.fifo' : 'x/a', texts);
        let courier = w.start();
        for (const ms of restarts) {
          await w.clock.advance(ms);
          await courier.close();
          courier = w.start();
        }
        for (let i = 0; i < 40 * (failures.length + 1) && w.mailboxes.boxes('x/').length > 0; i++) {
          await settle();
          await w.clock.advance(500_000);
        }
        await settle();
        const lost = texts.filter((_, i) => failures[i]! > 10);
        expect([...w.given].sort()).toEqual([...lost].sort());
        const arrived = texts.filter((_, i) => failures[i]! <= 10);
        expect(ordered ? w.delivered : [...w.delivered].sort()).toEqual(ordered ? arrived : [...arrived].sort());
        expect(w.mailboxes.boxes('x/')).toEqual([]);
        await courier.close();
      },
    ),
    { numRuns: 15 },
  );
});

test('a receiver that hangs holds up nobody else, and not the end', async () => {
  const w = world({
    deliver: ({ box, body }: Parcel) => {
      if (box === 'x/hangs') return new Promise<void>(() => {});
      w.delivered.push(body.toString());
      return Promise.resolve();
    },
  });
  await put(
    w,
    'x/hangs',
    Array.from({ length: 500 }, (_, i) => `h${i}`),
  );
  await put(w, 'x/well', ['a', 'b']);
  const courier = w.start();
  await settle();
  expect(w.delivered).toEqual(['a', 'b']);
  const closed = courier.close();
  await w.clock.advance(2_000);
  await closed;
  expect(w.mailboxes.size('x/hangs').count).toBe(500);
});

test('more boxes than may be under way at once take turns', async () => {
  const w = world({
    deliver: async ({ box }: Parcel) => {
      await new Promise<void>((resolve) => w.clock.after(10, resolve));
      w.delivered.push(box);
    },
  });
  for (let i = 0; i < 300; i++) await put(w, `x/${i}`, ['1', '2']);
  const courier = w.start();
  for (let i = 0; i < 20; i++) {
    await settle();
    await w.clock.advance(10);
  }
  await settle();
  expect(w.delivered).toHaveLength(600);
  await courier.close();
});

test('what was dropped is not tried again', async () => {
  const w = world();
  w.failing.set('a', 5);
  await put(w, 'x/a', ['a']);
  const courier = w.start();
  await settle();
  await courier.drop('x/a');
  await w.clock.advance(600_000);
  await settle();
  expect([w.delivered, w.given, w.failing.get('a')]).toEqual([[], [], 4]);
  await courier.close();
});
