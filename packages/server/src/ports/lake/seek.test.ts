import { beforeEach, describe, expect, test } from 'vitest';
import { compileSearchFilter, parseSearchFilter, searchableEvent } from '../../event/search/index.ts';
import { generateEvents } from '../../testing/generate.ts';
import type { LakeQuery } from '../lake.ts';
import type { StoredEvent } from '../log.ts';
import type { Chunk } from './gram-index.ts';
import { CHUNK_EVENTS } from './grams.ts';
import { Moved, type SeekOrder, seek } from './seek.ts';

const EVENTS: readonly StoredEvent[] = [...generateEvents(4_000, { jitterMs: 20_000 })].map((event, sequence) => ({
  ...{ ...event, sequence, acceptedMs: 0 },
  // Nobody's name is in few of them only.
  json: sequence % 40 === 0 ? Buffer.from(event.json.toString().replace('{', '{"note":"Rare Thing",')) : event.json,
}));
const never = new AbortController().signal;
const chunks = Array.from({ length: Math.ceil(EVENTS.length / CHUNK_EVENTS) }, (_, i): Chunk => {
  const times = EVENTS.slice(i * CHUNK_EVENTS, (i + 1) * CHUNK_EVENTS).map(({ header }) => header.timeMs);
  return { first: i * CHUNK_EVENTS, minMs: Math.min(...times), maxMs: Math.max(...times) };
});

/** First sequences of the chunks that were read. */
let read: number[];
let places: readonly Chunk[];
const deps = {
  grams: { chunks: () => places },
  records: {
    readSome: (from: number, to: number, wanted: (bytes: Buffer) => boolean) => {
      read.push(from);
      return EVENTS.slice(from, to).filter(({ json }) => wanted(json));
    },
  },
};
beforeEach(() => {
  read = [];
  places = chunks;
});

const query = (filter: string, more: Partial<LakeQuery> = {}) => ({
  ...{ filter: parseSearchFilter(filter)!, startMs: 0, endMs: Number.MAX_SAFE_INTEGER, from: 0, upTo: EVENTS.length },
  ...more,
});

async function found(asked: ReturnType<typeof query>, order?: SeekOrder): Promise<readonly number[]> {
  const sequences: number[] = [];
  for await (const piece of seek(deps, asked, order, never)!) sequences.push(...piece.map(({ sequence }) => sequence));
  return sequences.sort((a, b) => a - b);
}

const expected = (asked: ReturnType<typeof query>) => {
  const test = compileSearchFilter(asked.filter);
  return EVENTS.filter(
    ({ header, json, sequence }) =>
      header.timeMs >= asked.startMs &&
      header.timeMs <= asked.endMs &&
      (!asked.accounts || asked.accounts.includes(header.accountId)) &&
      sequence >= asked.from &&
      sequence < asked.upTo &&
      test(searchableEvent(header, json)),
  ).map(({ sequence }) => sequence);
};

describe('what is sought in the log', () => {
  test.each(['rare thing', '"rare THING" and readOnly = false', 'rare and not userAgent : boto', 'rare or zzzz'])(
    '%s is all that a scan would find',
    async (filter) => {
      const middleMs = EVENTS[2_000]!.header.timeMs;
      for (const more of [
        ...[{}, { from: 200, upTo: 3_333 }, { accounts: ['111122223333'] }, { accounts: [] }],
        ...[{ startMs: middleMs - 9_000, endMs: middleMs }],
      ]) {
        const asked = query(filter, more);
        expect(await found(asked)).toEqual(expected(asked));
      }
      expect(expected(query(filter)).length).toBeGreaterThan(10);
    },
  );

  test.each(['newest', 'oldest'] as const)('a page of the %s reads no more than it needs', async (order) => {
    const asked = query('rare thing');
    const sign = order === 'newest' ? -1 : 1;
    const inOrder = EVENTS.filter(({ sequence }) => sequence % 40 === 0).sort(
      (a, b) => sign * (a.header.timeMs - b.header.timeMs || a.sequence - b.sequence),
    );
    let after: StoredEvent | undefined;
    for (let page = 0; page < 5; page++) {
      read = [];
      const cursor = after && { after: { timeMs: after.header.timeMs, sequence: after.sequence } };
      const sequences = await found(asked, { order, limit: 10, ...cursor });
      const wanted = inOrder.slice(page * 10, page * 10 + 10);
      expect(sequences).toEqual(expect.arrayContaining(wanted.map(({ sequence }) => sequence)));
      expect(inOrder.slice(0, page * 10).filter(({ sequence }) => sequences.includes(sequence))).toEqual([]);
      if (page === 0) expect(read.length).toBeLessThan(chunks.length / 2);
      after = wanted.at(-1);
    }
  });

  test('is left to others when the filter says too little, or too much would be read', () => {
    for (const filter of ['userName = alice', 'eventName : Rare'])
      expect(seek(deps, query(filter), undefined, never), filter).toBeUndefined();
    const many = Array.from({ length: 1_000 }, (_, i) => ({ first: i * CHUNK_EVENTS, minMs: 0, maxMs: 0 }));
    const asked = (among: number) =>
      seek(
        { ...deps, grams: { chunks: (_, __, most) => (many.length > most(among) ? undefined : many) } },
        query('rare'),
        undefined,
        never,
      );
    expect(asked(3_900)).toBeUndefined();
    expect(asked(4_000)).toBeDefined();
  });

  test('stops when nobody waits, and when the log moves on', async () => {
    const stopping = new AbortController();
    const pieces = seek(deps, query('rare'), undefined, stopping.signal)!;
    await pieces.next();
    stopping.abort();
    await expect(pieces.next()).rejects.toThrow('aborted');
    const moved = seek({ ...deps, records: { readSome: () => undefined } }, query('rare'), undefined, never)!;
    await expect(moved.next()).rejects.toThrow(Moved);
  });
});
