import { expect, test, vi } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { eventFromBytes } from '../event/accept.ts';
import { MemoryLog } from '../ports/log/memory.ts';
import { memoryState } from '../ports/state/memory.ts';
import { startForwarding } from './forward.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function event(i: number) {
  const record = {
    eventTime: '2026-01-01T00:00:00Z',
    eventName: 'X',
    eventSource: 'x.amazonaws.com',
    eventID: `e${i}`,
  };
  const made = eventFromBytes(Buffer.from(JSON.stringify(record)), { fallbackAccountId: '123456789012' });
  if ('refused' in made) throw new Error(made.refused.message);
  return made.event;
}

function setUp() {
  const clock = new FakeClock();
  const log = new MemoryLog(clock);
  const state = memoryState();
  const batches: string[][] = [];
  const refused: number[] = [];
  const failures: Error[] = [];
  const send = vi.fn(async (body: Buffer) => {
    const ids = body
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { eventID: string }).eventID);
    batches.push(ids);
    const failure = failures.shift();
    if (failure) throw failure;
    return { Results: ids.map((id) => ({ Status: id === 'e666' ? 'REFUSED' : 'ACCEPTED' })) };
  });
  const start = () =>
    startForwarding({ log, state, send, clock, logger: silentLogger, refused: (n) => void refused.push(n) });
  return { clock, log, state, batches, refused, failures, start };
}

test('sends in order what is there and what comes, and goes on after a restart where it stopped', async () => {
  const { log, batches, start } = setUp();
  await log.append([event(1), event(2)]);
  const first = await start();
  await expect.poll(() => first.cursor).toBe(2);
  await log.append([event(3)]);
  await expect.poll(() => first.cursor).toBe(3);
  await first.stop();
  await log.append([event(4)]);
  const second = await start();
  await expect.poll(() => second.cursor).toBe(4);
  expect(batches).toEqual([['e1', 'e2'], ['e3'], ['e4']]);
  await second.stop();
});

test('a batch that does not arrive is sent again, with longer and longer pauses, and says so meanwhile', async () => {
  const { clock, log, batches, failures, start } = setUp();
  failures.push(new Error('refused'), new Error('still'), new Error('and still'));
  await log.append([event(1)]);
  const forwarder = await start();
  await expect.poll(() => forwarder.trouble()).toBe('records do not arrive at the server: refused (1 wait)');
  await clock.advance(499);
  expect(batches).toHaveLength(1);
  await clock.advance(1);
  await settle();
  await clock.advance(999);
  expect(batches).toHaveLength(2);
  await clock.advance(1);
  await settle();
  await clock.advance(2000);
  await expect.poll(() => forwarder.cursor).toBe(1);
  expect(batches).toEqual([['e1'], ['e1'], ['e1'], ['e1']]);
  expect(forwarder.trouble()).toBeUndefined();
  await forwarder.stop();
});

test('a record that the server refuses is counted and holds nothing up', async () => {
  const { log, refused, start } = setUp();
  await log.append([event(666), event(1)]);
  const forwarder = await start();
  await expect.poll(() => forwarder.cursor).toBe(2);
  expect(refused).toEqual([1]);
  await forwarder.stop();
});

test('stops in the middle of an outage', async () => {
  const { log, failures, start } = setUp();
  failures.push(new Error('down'));
  await log.append([event(1)]);
  const forwarder = await start();
  await expect.poll(() => forwarder.trouble()).toBeDefined();
  await forwarder.stop();
  expect(forwarder.cursor).toBe(0);
});
