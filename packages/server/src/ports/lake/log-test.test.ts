import { beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { compileSearchFilter, parseSearchFilter, searchableEvent } from '../../event/search/index.ts';
import { generateEvents } from '../../testing/generate.ts';
import type { StoredEvent } from '../log.ts';
import { LogTest, Moved } from './log-test.ts';
import { SequenceSet } from './sequence-set.ts';
import { Turns } from './turns.ts';
import { PIECE_EVENTS } from './word-bits.ts';

const EVENTS: readonly StoredEvent[] = [...generateEvents(2_000)].map((event, sequence) => ({
  ...{ ...event, sequence, acceptedMs: 0 },
  json: sequence % 40 === 0 ? Buffer.from(event.json.toString().replace('{', '{"note":"Rare Thing",')) : event.json,
}));
const turns = new Turns(systemClock);
const never = turns.pauses(new AbortController().signal);

/** What of the Log was read, and of how many events it was wanted. */
let read: (readonly [from: number, to: number])[];
let wanted: number;
const records = {
  readSome: (from: number, to: number, isWanted: (bytes: Buffer) => boolean) => {
    read.push([from, to]);
    const events = EVENTS.slice(from, to).filter(({ json }) => isWanted(json));
    wanted += events.length;
    return events;
  },
};
beforeEach(() => {
  [read, wanted] = [[], 0];
});

const testOf = (filter: string, span = { from: 0, upTo: EVENTS.length }) =>
  new LogTest(records, parseSearchFilter(filter)!, span);
const setOf = (list: readonly number[]) => {
  const set = new SequenceSet();
  for (const one of list) set.add(one);
  return set;
};

describe('what is tested in the log', () => {
  test.each(['rare thing', '"rare THING" and readOnly = false', 'rare and not userAgent : boto', 'eventName ^ Get'])(
    '%s is true of those events of which a scan finds it so',
    async (filter) => {
      const holds = compileSearchFilter(parseSearchFilter(filter));
      const isTrue = (sequence: number) => holds(searchableEvent(EVENTS[sequence]!.header, EVENTS[sequence]!.json));
      const some = Array.from(EVENTS.keys()).filter((i) => i % 3 === 0 && i % 50 < 20);
      const found = [...(await testOf(filter).among(setOf(some), never))];
      expect(found).toEqual(some.filter(isTrue));
      expect(found.length).toBeGreaterThan(1);
      const test = testOf(filter);
      expect(some.map((sequence) => test.holds(sequence))).toEqual(some.map(isTrue));
    },
  );

  test('is read by pieces, each once, and within its span', () => {
    const test = testOf('rare', { from: 5, upTo: 38 });
    for (const sequence of [5, 7, 6, 15, 16, 37, 33]) test.holds(sequence);
    expect(read).toEqual([
      [5, 16],
      [16, 32],
      [32, 38],
    ]);
    expect(test.reads).toBe(3);
  });

  test('is parsed only where its bytes may be those of what is sought', async () => {
    await testOf('rare thing').among(setOf([...EVENTS.keys()]), never);
    expect(read).toHaveLength(EVENTS.length / PIECE_EVENTS);
    expect(wanted).toBe(EVENTS.length / 40);
  });

  test('is told of when the log moves on, and left when nobody waits', async () => {
    const moved = new LogTest({ readSome: () => undefined }, parseSearchFilter('rare')!, { from: 0, upTo: 9 });
    expect(() => moved.holds(3)).toThrow(Moved);
    await expect(moved.among(setOf([3]), never)).rejects.toThrow(Moved);
    const stopping = new AbortController();
    const all = testOf('rare').among(setOf([...EVENTS.keys()]), turns.pauses(stopping.signal));
    stopping.abort();
    await expect(all).rejects.toThrow('aborted');
    expect(read.length).toBeLessThan(EVENTS.length / PIECE_EVENTS);
  });
});
