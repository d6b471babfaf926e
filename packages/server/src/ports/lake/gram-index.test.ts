import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compileSearchFilter, parseSearchFilter, searchableEvent } from '../../event/search/index.ts';
import { generateEvents } from '../../testing/generate.ts';
import type { Sequence, StoredEvent } from '../log.ts';
import { GRAMS, GramIndex } from './gram-index.ts';
import { CHUNK_EVENTS } from './grams.ts';
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
/** However many there are. */
const any = () => Number.POSITIVE_INFINITY;
const all = (end: Sequence) => ({ first: 0, end, startMs: 0, endMs: Number.MAX_SAFE_INTEGER });
/** First sequences of the chunks that may hold it. */
const found = (index: GramIndex, text: string, span: Parameters<GramIndex['chunks']>[1]) =>
  index.chunks({ pieces: [text] }, span, any)!.map(({ first }) => first);

const chunkOf = (sequence: Sequence) => sequence - (sequence % CHUNK_EVENTS);

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
  test('says where a text may stand, while it is made and when it is stored', () => {
    const index = new GramIndex(directory, 0, 0);
    const end = GROUP_EVENTS + 1_000;
    add(index, 0, end);
    const places = () => [found(index, 'marked-20000', all(end)), found(index, 'marked-60000', all(end))];
    const last = chunkOf(end - 1); // not whole yet: it may hold anything
    const [here, there] = places();
    expect(here).toEqual(expect.arrayContaining([chunkOf(20_000), last]));
    expect(there).toEqual(expect.arrayContaining([chunkOf(60_000), last]));
    expect(here!.length).toBeLessThan(12);
    index.store();
    expect(files()).toHaveLength(1);
    expect(places()).toEqual([here, there]);
    expect(index.lacking(end)).toBeUndefined();
    expect(found(index, 'aws', all(end))).toHaveLength(Math.ceil(end / CHUNK_EVENTS));
    const atMost = (max: number) =>
      index.chunks({ pieces: ['amazonaws'] }, all(end), (among) => {
        expect(among).toBe(Math.ceil(end / CHUNK_EVENTS));
        return max;
      });
    expect(atMost(100)).toBeUndefined();
    expect(atMost(2_000)).toHaveLength(Math.ceil(end / CHUNK_EVENTS));
  });

  test('asks for events of a span of the log, and of time', () => {
    const index = new GramIndex(directory, 0, 0);
    add(index, 0, 5_120);
    const chunks = (span: Partial<ReturnType<typeof all>>) =>
      index.chunks({ any: [{ pieces: ['amazonaws'] }, { pieces: ['nowhere'] }] }, { ...all(5_120), ...span }, any)!;
    expect(chunks({})).toHaveLength(80);
    expect(chunks({ first: 130, end: 257 }).map(({ first }) => first)).toEqual([128, 192, 256]);
    const timed = chunks({ startMs: START_MS + 180, endMs: START_MS + 192 });
    expect(timed).toEqual([
      { first: 128, minMs: START_MS + 128, maxMs: START_MS + 191 },
      { first: 192, minMs: START_MS + 192, maxMs: START_MS + 255 },
    ]);
    const both = { all: [{ pieces: ['amazonaws'] }, { pieces: ['nowhere'] }] };
    expect(index.chunks(both, all(5_120), any)!.length).toBeLessThan(3);
  });

  test('makes what was lacking: after a restart, and of events that the lake took in before there was one', () => {
    const end = 2 * GROUP_EVENTS + 700;
    const before = new GramIndex(directory, 0, 0);
    add(before, 0, GROUP_EVENTS + 5_000);
    before.store();
    const index = new GramIndex(directory, 0, GROUP_EVENTS + 5_000);
    expect(found(index, 'marked-70000', all(end)).length).toBeGreaterThan(500); // it may be anywhere there
    add(index, GROUP_EVENTS + 5_000, end);
    expect(index.lacking(end)).toBe(GROUP_EVENTS);
    fill(index, end);
    index.store();
    expect(files()).toHaveLength(2);
    const places = found(index, 'marked-70000', all(end));
    expect(places.length).toBeLessThan(12);
    rmSync(join(directory, GRAMS), { recursive: true });
    expect(found(index, 'marked-80000', all(end)).length).toBeGreaterThan(1_000); // it knows nothing of those now
    const anew = new GramIndex(directory, 0, end, 1); // with no room to hold what is asked first
    fill(anew, end, 100); // large records come less than a chunk at a time
    anew.store();
    fill(anew, end);
    expect(found(anew, 'marked-70000', all(end))).toEqual(places);
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
    expect(found(index, 'marked-70000', { ...all(end - 30), first: start })).toContain(chunkOf(70_000));
    const later = new GramIndex(directory, start, end - 30);
    fill(later, end - 30);
    add(later, end - 30, end);
    fill(later, end);
    later.store();
    expect(files()).toHaveLength(1);
    expect(found(later, 'marked-70000', { ...all(end), first: start })).toContain(chunkOf(70_000));
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

  test('finds what a filter is true of, and says of what it cannot know', () => {
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
      const found = index.found(filter, span)!;
      const [isRight, isRest] = [compileSearchFilter(filter), compileSearchFilter(found.rest)];
      for (const event of asked) {
        const searchable = searchableEvent(event.header, event.json);
        const [isSure, isMaybe] = [found.sure.has(event.sequence), found.maybe!.has(event.sequence)];
        expect(isSure && isMaybe, text).toBe(false);
        if (isSure) expect(isRest(searchable), text).toBe(isRight(searchable));
        else if (!isMaybe) expect(isRight(searchable), text).toBe(false);
        if (isSure) sure++;
      }
    }
    expect(sure).toBeGreaterThan(5_000);
  });

  test('is of no help where most events would have to be looked at', () => {
    const index = new GramIndex(directory, 0, 0);
    const end = 2_000 * CHUNK_EVENTS;
    expect(index.found(parseSearchFilter('nowhere')!, { from: 0, upTo: end })).toBeUndefined();
    const { sure, maybe } = index.found(parseSearchFilter('nowhere')!, { from: end, upTo: end + 6_400 })!;
    expect([sure.count(), maybe!.count(end, end + 6_400)]).toEqual([0, 6_400]);
  });
});
