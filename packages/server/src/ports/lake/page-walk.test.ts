import { beforeEach, describe, expect, test } from 'vitest';
import { compileSearchFilter, type SearchFilter, searchableEvent } from '../../event/search/index.ts';
import { generateEvents } from '../../testing/generate.ts';
import type { LakePageQuery } from '../lake.ts';
import type { StoredEvent } from '../log.ts';
import { columnsOf, type GroupColumns, NewColumns } from './coded-columns.ts';
import type { Group } from './gram-index.ts';
import { LeafPaths } from './leaf-paths.ts';
import { Moved } from './log-test.ts';
import { type WalkDeps, walk } from './page-walk.ts';
import type { Asked } from './selection.ts';
import { SequenceSet } from './sequence-set.ts';
import { ValueIds } from './value-ids.ts';
import { ALL, GROUP_EVENTS, listOf, NONE, PIECE_EVENTS, where } from './word-bits.ts';
import { type Bounds, UNKNOWN } from './word-bounds.ts';

/** The first events of three groups, whose times overlap: the third is older than the second. */
const [GROUPS, EACH] = [3, 800];
const EVENTS: readonly StoredEvent[] = [...generateEvents(GROUPS * EACH, { jitterMs: 2_000 })].map((event, i) => {
  const group = [0, 2, 1][Math.floor(i / EACH)]!;
  const sequence = group * GROUP_EVENTS + (i % EACH);
  const json = i % 40 === 0 ? Buffer.from(`${event.json}`.replace('{', '{"note":"Rare Thing",')) : event.json;
  return { ...event, sequence, json, acceptedMs: 0 };
});
const END = GROUPS * GROUP_EVENTS;
const RARE: SearchFilter = { text: 'rare thing' };
const never = new AbortController().signal;

const groupOf = ({ sequence }: StoredEvent) => Math.floor(sequence / GROUP_EVENTS);
const holds = compileSearchFilter(RARE);
const isRare = ({ header, json }: StoredEvent) => holds(searchableEvent(header, json));
const setOf = (events: readonly StoredEvent[]) => {
  const set = new SequenceSet();
  for (const { sequence } of events) set.add(sequence);
  return set;
};

const columns = Array.from({ length: GROUPS }, (_, number): GroupColumns => {
  const made = new NewColumns(new LeafPaths());
  for (const event of EVENTS.filter((event) => groupOf(event) === number)) {
    made.begin(event.sequence % GROUP_EVENTS, event.header, event.json);
    made.end(true);
  }
  const values = new ValueIds(false);
  return columnsOf(made, () => values);
});
const groups = columns.map((columns, number): Group => {
  const times = EVENTS.filter((event) => groupOf(event) === number).map(({ header }) => header.timeMs);
  return { number, minMs: Math.min(...times), maxMs: Math.max(...times), columns };
});

/** What was asked of: groups, and pieces of the Log by their first events. */
let asked: number[];
let reads: number[];
/** What the index says of a filter: that one event in two is doubted, and others here and there. */
let bounds: (group: number) => Bounds;
const deps: WalkDeps = {
  index: {
    *groups() {
      yield* groups;
    },
    asking: () => (group) => {
      asked.push(group);
      return bounds(group);
    },
  },
  records: {
    readSome: (from, to, wanted) => {
      reads.push(from);
      const first = EVENTS.findIndex(({ sequence }) => sequence === from);
      return EVENTS.slice(first, first + to - from).filter(({ json }) => wanted(json));
    },
  },
};
const EVERY = setOf(EVENTS);
const sure = setOf(EVENTS.filter((event, i) => i % 80 === 0 && isRare(event)));
const doubted = setOf(EVENTS.filter((event, i) => (i % 80 !== 0 && isRare(event)) || i % 7 === 1));

beforeEach(() => {
  [asked, reads] = [[], []];
  bounds = (group) => ({ sure: sure.of(group), may: sure.or(doubted).of(group) });
});

const query = (more: Partial<LakePageQuery & Asked> = {}): LakePageQuery & Asked => ({
  ...{ startMs: 0, endMs: 1e15, from: 0, upTo: END, order: 'newest', limit: 10, filter: RARE },
  ...more,
});

/** All that a query asks about, in its order. */
function expected({ accounts, startMs, endMs, from, upTo, order, filter }: LakePageQuery & Asked): StoredEvent[] {
  const sign = order === 'newest' ? -1 : 1;
  return EVENTS.filter((event) => {
    const { header, sequence } = event;
    const isAsked = (accounts?.includes(header.accountId) ?? true) && sequence >= from && sequence < upTo;
    return isAsked && header.timeMs >= startMs && header.timeMs <= endMs && (!filter || isRare(event));
  }).sort((a, b) => sign * (a.header.timeMs - b.header.timeMs || a.sequence - b.sequence));
}
const keyOf = ({ sequence, header: { timeMs, accountId } }: StoredEvent) => ({ timeMs, sequence, accountId });

const MIDDLE_MS = EVENTS[EVENTS.length / 2]!.header.timeMs;
const SOME: readonly Partial<LakePageQuery & Asked>[] = [
  ...[{}, { accounts: ['444455556666'] }, { accounts: [] }, { from: 300, upTo: 2 * GROUP_EVENTS + 500 }],
  ...[
    { startMs: MIDDLE_MS - 3_000, endMs: MIDDLE_MS },
    { startMs: MIDDLE_MS, accounts: ['111122223333'] },
  ],
];

describe.each(['newest', 'oldest'] as const)('pages of the %s', (order) => {
  test.each(['none', 'a doubted one', 'one of which all was found'])(
    'are those of all events: filter %s',
    async (how) => {
      const found = how === 'one of which all was found' ? setOf(EVENTS.filter(isRare)) : undefined;
      for (const more of SOME) {
        const limit = how === 'none' ? 190 : 7;
        const { filter, ...rest } = query({ order, limit, ...more });
        const one = { ...rest, ...(how !== 'none' && { filter }) };
        const all = expected(one).map(keyOf);
        for (let at = 0; at <= all.length; at += limit) {
          const after = at > 0 && { after: all[at - 1]! };
          const { keys, rest } = (await walk(deps, { ...one, ...after }, found, never))!;
          expect(keys).toEqual(all.slice(at, at + limit));
          expect(rest.and(EVERY).count()).toBe(0);
        }
      }
      expect(reads.length > 0).toBe(how === 'a doubted one');
      expect(asked.length > 0).toBe(how === 'a doubted one');
    },
  );

  test('read no more than they need, and ask no group of other times', async () => {
    await walk(deps, query({ order }), undefined, never);
    expect(new Set(asked)).toEqual(new Set([order === 'newest' ? 1 : 0]));
    expect(reads.length).toBeGreaterThan(0);
    expect(reads.length).toBeLessThan(EACH / PIECE_EVENTS / 1.5);
    expect(new Set(reads).size).toBe(reads.length);
    asked = [];
    const unread = { ...columns[1]!, times: () => expect.unreachable() };
    const index = {
      ...deps.index,
      groups: () => [groups[0]!, { ...groups[1]!, columns: unread }].values() as Generator<Group>,
    };
    const before = query({ order, endMs: groups[1]!.minMs - 1, limit: 100 });
    expect((await walk({ ...deps, index }, before, undefined, never))!.keys.length).toBeGreaterThan(10);
    expect(new Set(asked)).toEqual(new Set([0]));
  });

  test('leave what is not known to others', async () => {
    const kept = where((event) => event % 3 > 0);
    const [first, second, third] = groups as [Group, Group, Group];
    const some = [first, { ...second, columns: { ...columns[1]!, known: kept } }, { ...third, columns: undefined }];
    const index = { ...deps.index, groups: () => some.values() as Generator<Group> };
    const { keys, rest } = (await walk({ ...deps, index }, query({ order, limit: 1_000 }), undefined, never))!;
    const isKnown = ({ sequence }: StoredEvent) =>
      sequence < GROUP_EVENTS || (sequence < 2 * GROUP_EVENTS && (sequence % GROUP_EVENTS) % 3 > 0);
    const all = expected(query({ order }));
    expect(keys).toEqual(all.filter(isKnown).map(keyOf));
    const may = EVENTS.filter((event) => sure.or(doubted).has(event.sequence) && !isKnown(event));
    expect([...rest]).toEqual(may.map(({ sequence }) => sequence).sort((a, b) => a - b));
    const damaged = { ...first, columns: { ...columns[0]!, times: () => undefined } };
    const none = { ...deps.index, groups: () => [damaged].values() as Generator<Group> };
    const left = (await walk({ ...deps, index: none }, query({ order, upTo: GROUP_EVENTS }), undefined, never))!;
    expect([left.keys, listOf(left.rest.of(0)).length]).toEqual([[], listOf(bounds(0).may).length]);
  });
});

describe('a walk', () => {
  /** A group of which no event is found, with each so many in doubt. */
  const walkWith = (each: number, times = 1) => {
    const values = new ValueIds(false);
    const [deltas, codes] = [new Uint32Array(GROUP_EVENTS), new Uint8Array(GROUP_EVENTS)];
    const made: GroupColumns = {
      known: ALL,
      times: () => ({ base: 5, unit: 1, deltas }),
      column: () => ({ codes, ids: Uint32Array.of(values.idOf('1')), values }),
    };
    const some = Array.from({ length: times }, (_, number) => ({ number, minMs: 5, maxMs: 5, columns: made }));
    const may = where((event) => event % each === 0);
    const index = { groups: () => some.values() as Generator<Group>, asking: () => () => ({ sure: NONE, may }) };
    const records = {
      readSome: (from: number) => {
        reads.push(from);
        return [];
      },
    };
    return walk({ index, records }, query(), undefined, never);
  };

  test('is given up where too much would have to be read, sooner where all is in doubt', async () => {
    expect(await walkWith(PIECE_EVENTS)).toMatchObject({ keys: [] });
    expect(reads).toHaveLength(GROUP_EVENTS / PIECE_EVENTS);
    reads = [];
    expect(await walkWith(PIECE_EVENTS / 2)).toBeUndefined();
    expect(reads.length).toBeLessThan(500);
    reads = [];
    expect(await walkWith(PIECE_EVENTS, 3)).toBeUndefined();
    expect(reads.length).toBeLessThan(7_000);
  });

  test('stops when nobody waits, and when the log moves on', async () => {
    bounds = () => UNKNOWN;
    const stopping = new AbortController();
    const page = walk(deps, query({ limit: 1_000 }), undefined, stopping.signal);
    stopping.abort();
    await expect(page).rejects.toThrow('aborted');
    expect(new Set(asked).size).toBe(1);
    const moved = { ...deps, records: { readSome: () => undefined } };
    await expect(walk(moved, query(), undefined, never)).rejects.toThrow(Moved);
  });
});
