import { describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { GroupColumns } from './coded-columns.ts';
import { codedField } from './coded-fields.ts';
import type { Group } from './gram-index.ts';
import { type Asked, selected, type Tally, tally } from './selection.ts';
import { SequenceSet } from './sequence-set.ts';
import { Turns } from './turns.ts';
import { ValueIds } from './value-ids.ts';
import { ALL, type EventBits, GROUP_EVENTS, listOf, NONE, where } from './word-bits.ts';

const turns = new Turns(systemClock);
const never = turns.pauses(new AbortController().signal);
const ACCOUNT = codedField('accountId');
/** Every fourth event of them is of the second account; each is a second later than the one before. */
const VALUES = new ValueIds(false);
const [ONE, OTHER] = ['111111111111', '222222222222'].map((text) => VALUES.idOf(text)) as [number, number];
const CODES = new Uint8Array(GROUP_EVENTS).map((_, event) => (event % 4 === 3 ? 1 : 0));
const DELTAS = new Uint32Array(GROUP_EVENTS).map((_, event) => event);

const columnsOf = (known: EventBits): GroupColumns => ({
  known,
  times: () => ({ base: 1_000, unit: 1_000, deltas: DELTAS }),
  column: (field) =>
    field === ACCOUNT ? { codes: CODES, ids: Uint32Array.of(ONE, OTHER), values: VALUES } : undefined,
});
const timeOf = (event: number) => 1_000 + event * 1_000;
const groupOf = (columns: GroupColumns | undefined, number = 0): Group => ({
  ...{ number, minMs: timeOf(0), maxMs: timeOf(GROUP_EVENTS - 1), columns },
});
const asked = (more: Partial<Asked> = {}): Asked => ({
  ...{ startMs: 0, endMs: 1e12, from: 0, upTo: GROUP_EVENTS },
  ...more,
});

describe('events of a group', () => {
  const listed = (more: Partial<Asked>, group = groupOf(columnsOf(ALL))) => {
    const bits = selected(group, asked(more));
    return bits && [...listOf(bits)];
  };

  test('are chosen by their times and accounts', () => {
    expect(selected(groupOf(columnsOf(ALL)), asked())).toBe(ALL);
    expect(listed({ startMs: 3_000, endMs: 5_999 })).toEqual([2, 3, 4]);
    expect(listed({ accounts: ['222222222222', 'x'], endMs: 8_000 })).toEqual([3, 7]);
    expect(listed({ accounts: ['x'] })).toEqual([]);
  });

  test('are not looked at where it is known that none is asked about', () => {
    const unknown = groupOf(undefined);
    for (const more of [{ accounts: [] }, { endMs: 999 }, { startMs: timeOf(GROUP_EVENTS) }])
      expect(selected(unknown, asked(more))).toBe(NONE);
    expect(selected(unknown, asked())).toBeUndefined();
    const damaged = groupOf({ known: ALL, times: () => undefined, column: () => undefined });
    expect(listed({}, damaged)).toHaveLength(GROUP_EVENTS); // of which nothing has to be read
    for (const more of [{ startMs: 2_000 }, { accounts: ['111111111111'] }])
      expect(listed(more, damaged)).toBeUndefined();
  });
});

describe('what is summed up', () => {
  /** The events of each group that were added. @param isAble whether it can add those of a group */
  class Added implements Tally {
    readonly lists: number[][] = [];
    readonly #isAble: boolean;

    constructor(isAble = true) {
      this.#isAble = isAble;
    }

    add(_: GroupColumns, events: Uint16Array): boolean {
      if (this.#isAble) this.lists.push([...events]);
      return this.#isAble;
    }
  }

  const tallied = async (
    groups: readonly Group[],
    more: Partial<Asked>,
    among?: readonly number[],
    into = new Added(),
  ) => {
    const set = among && new SequenceSet();
    for (const one of among ?? []) set!.add(one);
    const rest = await tally({ groups: () => groups.values() as Generator<Group> }, asked(more), set, into, never);
    return { lists: into.lists, rest };
  };
  const upTo = 3 * GROUP_EVENTS;
  const first = 2 * GROUP_EVENTS;

  test('leaves what is not known, whole groups or some events, within the span alone', async () => {
    const half = columnsOf(where((event) => event % 2 === 0));
    const groups = [groupOf(columnsOf(ALL)), groupOf(undefined, 1), groupOf(half, 2)];
    const span = { from: 65_533, upTo: first + 5 };
    const { lists, rest } = await tallied(groups, span);
    expect(lists).toEqual([
      [65_533, 65_534, 65_535],
      [0, 2, 4],
    ]);
    expect(rest.count()).toBe(GROUP_EVENTS + 2);
    expect([rest.count(GROUP_EVENTS, first), rest.has(first + 1), rest.has(first + 3)]).toEqual([
      GROUP_EVENTS,
      true,
      true,
    ]);
    const some = await tallied(groups, { ...span, accounts: ['222222222222'] }, [
      65_534,
      65_535,
      70_000,
      first + 1,
      first + 4,
    ]);
    expect(some.lists).toEqual([[65_535]]);
    expect([...some.rest]).toEqual([70_000, first + 1]);
  });

  test('leaves all of a group that cannot be added', async () => {
    const groups = [groupOf(columnsOf(ALL)), groupOf({ ...columnsOf(ALL), times: () => undefined }, 1)];
    const { rest } = await tallied(
      groups.slice(0, 1),
      { from: 5, upTo: 9, endMs: timeOf(6) },
      undefined,
      new Added(false),
    );
    expect([...rest]).toEqual([5, 6, 7, 8]);
    const timed = await tallied(groups, { upTo, endMs: timeOf(2) }, [1, 2, 3, GROUP_EVENTS + 1]);
    expect([timed.lists, [...timed.rest]]).toEqual([[[1, 2]], [GROUP_EVENTS + 1]]);
  });

  test('takes the list of all events where all are asked about', async () => {
    const { lists, rest } = await tallied([groupOf(columnsOf(ALL)), groupOf(undefined, 1)], { upTo });
    expect(lists.map((list) => list.length)).toEqual([GROUP_EVENTS]);
    expect(rest.count()).toBe(GROUP_EVENTS);
  });

  test('shares nothing with the events among which it looks', async () => {
    const among = SequenceSet.range(3, 5);
    const index = { groups: () => [groupOf(undefined)].values() as Generator<Group> };
    const rest = await tally(index, asked(), among, new Added(), never);
    rest.add(9);
    expect([among.count(), rest.count()]).toEqual([2, 3]);
  });

  test('stops when nobody waits', async () => {
    const groups = { groups: () => [groupOf(columnsOf(ALL))].values() as Generator<Group> };
    await expect(tally(groups, asked(), undefined, new Added(), turns.pauses(AbortSignal.abort()))).rejects.toThrow(
      'aborted',
    );
  });
});
