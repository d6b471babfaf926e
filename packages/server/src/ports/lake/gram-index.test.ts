import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import {
  compileSearchFilter,
  parseSearchFilter,
  type SearchFilter,
  searchableEvent,
} from '../../event/search/index.ts';
import { generateEvents } from '../../testing/generate.ts';
import type { Sequence, StoredEvent } from '../log.ts';
import { GRAMS, GramIndex } from './gram-index.ts';
import { CHUNK_EVENTS } from './grams.ts';
import { SequenceSet, type Span } from './sequence-set.ts';
import { Turns } from './turns.ts';
import { GROUP_EVENTS } from './word-bits.ts';

const [{ header: HEADER }] = [...generateEvents(1)] as [StoredEvent];
/** Short, so that groups of them are soon made. */
const recordAt = (sequence: Sequence) =>
  Buffer.from(`{"eventSource":"s3.amazonaws.com","eventName":"Get-${sequence % 50}","id":"${sequence * 7919}"}`);
const START_MS = Date.UTC(2026, 10, 21);

/** Events from one sequence on, before another: each hundred thousandth is called so. */
function* eventsOf(from: Sequence, to: Sequence): Generator<StoredEvent> {
  for (let sequence = from; sequence < to; sequence++) {
    const isMarked = sequence % MARK_EVERY === 0;
    const json = isMarked ? Buffer.from(`{"eventName":"Marked-${sequence}"}`) : recordAt(sequence);
    yield { sequence, acceptedMs: 0, header: { ...HEADER, timeMs: START_MS + sequence }, json };
  }
}
const MARK_EVERY = 10_000;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'opentrail-grams-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const files = () => readdirSync(join(directory, GRAMS));
const turns = new Turns(systemClock);
const never = turns.pauses(new AbortController().signal);
const EVER = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
const chunkOf = (sequence: Sequence) => sequence - (sequence % CHUNK_EVENTS);

/** First sequences of the chunks in which events may hold a text, however many these are. */
function found(index: GramIndex, text: string, upTo: Sequence, from = 0): readonly Sequence[] {
  const boundsOf = index.asking({ text });
  const may = new SequenceSet();
  for (const { number } of index.groups({ from, upTo })) may.put(number, boundsOf(number).may.slice());
  return [...new Set([...may.and(SequenceSet.range(from, upTo))].map(chunkOf))];
}

function add(index: GramIndex, from: Sequence, to: Sequence): void {
  for (let at = from; at < to; at += 1_000) index.add([...eventsOf(at, Math.min(to, at + 1_000))]);
}

/** As the lake does when it has nothing else to do. */
function fill(index: GramIndex, end: Sequence, batch = 1_000): number {
  let reads = 0;
  for (let from = index.lacking(end); from !== undefined; from = index.lacking(end)) {
    index.fill([...eventsOf(from, Math.min(end, from + batch))]);
    expect(++reads).toBeLessThan(5_000);
  }
  return reads;
}

describe('the index of grams', () => {
  test('says where a text may stand, while it is made and when it is stored', async () => {
    const index = new GramIndex(directory, 0, 0);
    const end = GROUP_EVENTS + 1_000;
    const times = () => [...index.groups({ from: 0, upTo: end })].map(({ minMs, maxMs }) => [minMs, maxMs]);
    const open = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]; // while more may come
    add(index, 0, 1_000);
    expect(times()).toEqual([open, open]);
    add(index, 1_000, end);
    const complete = [START_MS, START_MS + GROUP_EVENTS - 1];
    expect(times()).toEqual([complete, open]);
    const places = () => [found(index, 'marked-20000', end), found(index, 'marked-60000', end)];
    const last = chunkOf(end - 1); // not whole yet: it may hold anything
    const [here, there] = places();
    expect(here).toEqual(expect.arrayContaining([chunkOf(20_000), last]));
    expect(there).toEqual(expect.arrayContaining([chunkOf(60_000), last]));
    expect(here!.length).toBeLessThan(12);
    index.store();
    expect(files()).toHaveLength(1);
    expect(places()).toEqual([here, there]);
    expect(times()).toEqual([complete, open]);
    expect(index.lacking(end)).toBeUndefined();
    expect(found(index, 'aws', end)).toHaveLength(Math.ceil(end / CHUNK_EVENTS));
    const later = { startMs: START_MS + GROUP_EVENTS, endMs: Number.MAX_SAFE_INTEGER };
    const { sure, maybe } = (await index.found({ text: 'amazonaws' }, { from: 0, upTo: end, ...later }, never))!;
    expect([...sure.or(maybe!)].every((sequence) => sequence >= GROUP_EVENTS)).toBe(true);
    expect(sure.or(maybe!).count()).toBeGreaterThan(500);
  });

  test('asks for events of a span of the log', async () => {
    const index = new GramIndex(directory, 0, 0);
    add(index, 0, 5_120);
    const maybe = async (filter: SearchFilter, span: Partial<Span> = {}) => {
      const { sure, maybe } = (await index.found(filter, { from: 0, upTo: 5_120, ...EVER, ...span }, never))!;
      return [...sure.or(maybe ?? sure)];
    };
    const either = { or: [{ text: 'amazonaws' }, { text: 'nowhere' }] };
    expect((await maybe(either)).length).toBeGreaterThan(5_118);
    expect(await maybe(either, { from: 130, upTo: 257 })).toEqual([...SequenceSet.range(130, 257)]);
    const both = { and: [{ text: 'amazonaws' }, { text: 'nowhere' }] };
    expect((await maybe(both)).length).toBeLessThan(3 * CHUNK_EVENTS);
    expect(await maybe({ field: 'eventTime', op: '=', value: new Date(START_MS + 200).toISOString() })).toEqual([200]);
  });

  test('makes what was lacking: after a restart, and of events that the lake took in before there was one', () => {
    const end = 2 * GROUP_EVENTS + 700;
    const before = new GramIndex(directory, 0, 0);
    add(before, 0, GROUP_EVENTS + 5_000);
    before.store();
    const index = new GramIndex(directory, 0, GROUP_EVENTS + 5_000);
    expect(found(index, 'marked-70000', end).length).toBeGreaterThan(500); // it may be anywhere there
    add(index, GROUP_EVENTS + 5_000, end);
    expect(index.lacking(end)).toBe(GROUP_EVENTS);
    fill(index, end);
    index.store();
    expect(files()).toHaveLength(2);
    const places = found(index, 'marked-70000', end);
    expect(places.length).toBeLessThan(12);
    rmSync(join(directory, GRAMS), { recursive: true });
    expect(found(index, 'marked-80000', end).length).toBeGreaterThan(1_000); // it knows nothing of those now
    const anew = new GramIndex(directory, 0, end, 1); // with no room to hold what is asked first
    fill(anew, end, 100); // large records come less than a chunk at a time
    anew.store();
    fill(anew, end);
    expect(found(anew, 'marked-70000', end)).toEqual(places);
  });

  test('does not pile up what is not stored', () => {
    const end = 4 * GROUP_EVENTS;
    const index = new GramIndex(directory, 0, end);
    for (let from = index.lacking(end); from !== undefined; from = index.lacking(end)) {
      expect(from).toBeLessThan(3 * GROUP_EVENTS);
      const few = [...eventsOf(from, from + CHUNK_EVENTS)].map((event) => ({ ...event, json: Buffer.from('{}') }));
      index.fill(few);
    }
    index.store();
    expect(files()).toHaveLength(2);
    expect(index.lacking(end)).toBe(2 * GROUP_EVENTS);
  });

  test('forgets what the log lets go, wherever that ends', () => {
    const end = 2 * GROUP_EVENTS;
    const index = new GramIndex(directory, 100, 0);
    add(index, 100, end - 30);
    index.store();
    expect(files()).toHaveLength(1); // the chunk in which the log begins is whole
    const start = GROUP_EVENTS + 1_000;
    index.retain(start);
    expect(files()).toHaveLength(0);
    expect(found(index, 'marked-70000', end - 30, start)).toContain(chunkOf(70_000));
    const later = new GramIndex(directory, start, end - 30);
    fill(later, end - 30);
    add(later, end - 30, end);
    fill(later, end);
    later.store();
    expect(files()).toHaveLength(1);
    expect(found(later, 'marked-70000', end, start)).toContain(chunkOf(70_000));
  });

  test('is made anew where its files are damaged, or of events that may be others now', () => {
    const end = 2 * GROUP_EVENTS;
    const index = new GramIndex(directory, 0, 0);
    add(index, 0, end);
    index.store();
    const [first] = files();
    truncateSync(join(directory, GRAMS, first!), 1_000);
    writeFileSync(join(directory, GRAMS, `${first}.tmp`), 'killed while it was written');
    const again = new GramIndex(directory, 0, end - 1);
    expect(files()).toEqual([]);
    expect(again.lacking(end)).toBe(0);
  });

  test('finds what a filter is true of, and says of what it cannot know', async () => {
    const events = [...generateEvents(4_000)].map((event, sequence) => ({ ...event, sequence, acceptedMs: 0 }));
    const index = new GramIndex(directory, 0, 0);
    index.add(events);
    const span = { from: 700, upTo: 3_900 };
    const asked = events.slice(span.from, span.upTo);
    let sure = 0;
    for (const text of [
      ...['amazonaws', 'assumed-role', 'AssumeRole', 'not assumed-role', 'us-east-1 or eu-west-1', 'arn:aws:iam::1'],
      ...['amazonaws and not assumed-role and userType = IAMUser', 'amazonaws and (assumedrole or readOnly = true)'],
      ...['requestParameters.bucketName exists and amazonaws', 'not (iamuser and readOnly = true)', 'nowhere-at-all'],
      ...[
        'readOnly = true and not readOnly = true and amazonaws',
        '"\\"assumed" and eventName ^ Get',
        'Role and eventName : e',
      ],
    ]) {
      const filter = parseSearchFilter(text)!;
      const found = (await index.found(filter, { ...span, ...EVER }, never))!;
      const isRight = compileSearchFilter(filter);
      for (const event of asked) {
        const searchable = searchableEvent(event.header, event.json);
        const [isSure, isMaybe] = [found.sure.has(event.sequence), found.maybe?.has(event.sequence)];
        expect(isSure && isMaybe, text).toBeFalsy();
        if (!isMaybe) expect(isRight(searchable), text).toBe(isSure);
        if (isSure) sure++;
      }
    }
    expect(sure).toBeGreaterThan(5_000);
  });

  test('is of no help where most events would have to be looked at', async () => {
    const index = new GramIndex(directory, 0, 0);
    const end = 2_000 * CHUNK_EVENTS;
    const found = (from: Sequence, upTo: Sequence) => index.found({ text: 'nowhere' }, { from, upTo, ...EVER }, never);
    expect(await found(0, end)).toBeUndefined();
    const { sure, maybe } = (await found(end, end + 6_400))!;
    expect([sure.count(), maybe!.count(end, end + 6_400)]).toEqual([0, 6_400]);
    await expect(
      index.found({ text: 'nowhere' }, { from: end, upTo: end + 1, ...EVER }, turns.pauses(AbortSignal.abort())),
    ).rejects.toThrow('aborted');
    await expect(
      index.found({ field: 'nonsense', op: 'exists' }, { from: 0, upTo: 1, ...EVER }, never),
    ).rejects.toThrow();
  });
});
