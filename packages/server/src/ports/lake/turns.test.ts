import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Turns } from './turns.ts';

const never = new AbortController().signal;

/** A promise, and what fulfils it. */
function latch(): readonly [Promise<void>, () => void] {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return [opened, open];
}

/** Whether a promise is settled when all that can go on has. */
async function isDone(work: Promise<unknown>): Promise<boolean> {
  let done = false;
  void work.finally(() => {
    done = true;
  });
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
  return done;
}

test('what comes first is waited for until it is done, lets go, or takes too long', async () => {
  const clock = new FakeClock();
  const turns = new Turns(clock);
  await turns.pauses(never)();
  const [ended, end] = latch();
  const first = turns.first(() => ended);
  const waiting = turns.pauses(never)();
  expect(await isDone(waiting)).toBe(false);
  end();
  await Promise.all([first, waiting]);
  const [slow, go] = latch();
  void turns.first(async (letGo) => {
    await slow;
    letGo();
    await new Promise(() => {});
  });
  const others = turns.pauses(never)();
  expect(await isDone(others)).toBe(false);
  go();
  await others;
  void turns.first(async () => new Promise(() => {}));
  const more = turns.pauses(never)();
  expect(await isDone(more)).toBe(false);
  await clock.advance(1_000);
  await more;
});

test('who has gone is told so at the next pause, and what fails holds nobody up', async () => {
  const turns = new Turns(new FakeClock());
  await expect(turns.pauses(AbortSignal.abort())()).rejects.toThrow('aborted');
  await expect(turns.first(async () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  await turns.pauses(never)();
});
