import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventHeader, NewEvent } from '../../event/event.ts';
import { parseSearchFilter } from '../../event/search/index.ts';
import { generateEvents } from '../../testing/generate.ts';
import { columnsOf } from './coded-columns.ts';
import { StoredGroup } from './gram-file.ts';
import { NewGroup } from './gram-group.ts';
import { CHUNK_EVENTS } from './grams.ts';
import { HeldColumns } from './held-columns.ts';
import { type Need, needOf } from './needs.ts';
import { ALL, addPacked, countOf, GROUP_CHUNKS, GROUP_EVENTS, newBits, packed, packedBytes } from './word-bits.ts';
import { type Bounds, UNKNOWN } from './word-bounds.ts';
import { NOTHING_FREQUENT } from './word-dictionary.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'opentrail-words-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Words of which one is in each event, and others in ever fewer. */
const recordAt = (event: number) =>
  `{"resources":[${[2, 3, 50, 10_000].map((n) => (event % n === 0 ? `"each.${n}th-one"` : 'null')).join()}],"id":"${event * 7919}"${event === 77 ? ',"spelt":"\\u0065verybody"' : ''}}`;
const filters = [
  ...['resources[*] = each.3th-one', 'resources[*] ^ EACH.5', 'resources[1] : each', 'resources : "null,null"'],
  ...['resources exists', 'resources[*] != each.2th-one', 'resources[*] in (each.50th-one, x)', 'annotation = 158380'],
];
/** What columns say; of too many values they say nothing. */
const coded = [
  ...['eventName = Get-1 and resources : 3th', 'eventName != Get-2', 'errorCode exists', 'not userName : b-1'],
  ...['eventTime >= 1970-01-01T00:00:40.000Z', 'accessKeyId ^ KEY', 'resourceType = T1'],
];
const needs: readonly Need[] = [
  ...['resources', '2th-one', '3th', 'each.50th', 'each.10000th', 'null', '"each.2th-one"', '7919', '158380', 'nobody'],
  ...['everybody', 'u0065verybody', 'evry', 'one'],
].map((piece) => ({ pieces: [piece], isAll: true as const }));

const [{ header: HEADER }] = [...generateEvents(1)] as [NewEvent];
const headerAt = (event: number): EventHeader => ({
  ...{ ...HEADER, timeMs: 7 + event, eventName: `Get-${event % 3}`, username: `Bob-${event % 1000}` },
  ...{ accessKeyId: `KEY${event % 20_000}`, resources: [['T1', '']].slice(event % 2) as never },
});

function made(number: number): NewGroup {
  const group = new NewGroup(number, NOTHING_FREQUENT);
  for (let event = 0; event < GROUP_EVENTS; event++)
    group.add(number * GROUP_EVENTS + event, headerAt(event), Buffer.from(recordAt(event)));
  for (let chunk = 0; chunk < GROUP_CHUNKS; chunk++) group.know(chunk);
  return group;
}

/** What a group says of itself. */
function boundsOf(group: NewGroup | StoredGroup, need: Need): Bounds {
  const held = new HeldColumns();
  const valuesOf = (field: number) => held.valuesOf(field);
  return group.bounds(need, group instanceof NewGroup ? columnsOf(group.columns, valuesOf) : held.of(3, group));
}

describe('a group of words and grams', () => {
  test('says the same when it is stored, and nothing when its file is gone or damaged', () => {
    const group = made(3);
    const path = join(directory, 'group');
    group.write(path);
    const stored = StoredGroup.open(path, 3)!;
    const asked = [...filters, ...coded].map((filter) => needOf(parseSearchFilter(filter)!));
    const all = [...needs, ...asked, { all: needs.slice(1, 4) }, { not: needs[1]! }];
    const saysTheSame = () => {
      for (const need of all) expect(boundsOf(stored, need), JSON.stringify(need)).toEqual(boundsOf(group, need));
    };
    saysTheSame();
    expect(stored.hold()).toBeGreaterThan(100);
    saysTheSame();
    stored.release();
    saysTheSame();
    expect([stored.minMs, stored.maxMs]).toEqual([7, 7 + GROUP_EVENTS - 1]);
    const { sure, may } = boundsOf(stored, needs[1]!);
    expect(countOf(sure)).toBeGreaterThan(GROUP_EVENTS / 2 - 100);
    expect(countOf(may)).toBeLessThan(GROUP_EVENTS / 2 + 200);
    const exact = boundsOf(stored, asked.at(-1)!);
    expect([countOf(exact.sure), exact.may]).toEqual([GROUP_EVENTS / 2, exact.sure]);
    expect(stored.frequent).toEqual(group.frequent);
    expect(stored.frequent.leaves).toEqual(
      expect.arrayContaining([
        { path: '"resources"[', value: 'null' },
        { path: '"resources"[', value: '"each.50th-one"' },
        { path: '"id"', value: '' },
      ]),
    );
    expect(StoredGroup.open(path, 4)).toBeUndefined();
    const bytes = readFileSync(path);
    for (const damaged of [bytes.subarray(0, 20), bytes.subarray(0, -1), flipped(bytes, 40), flipped(bytes, 20)]) {
      writeFileSync(path, damaged);
      expect(StoredGroup.open(path, 3)).toBeUndefined();
      expect(boundsOf(stored, needs[1]!)).toEqual(UNKNOWN);
    }
    writeFileSync(path, flipped(bytes, bytes.indexOf(group.columns.encoded().at(-1)!) + 20)); // within the column that stands last
    expect(StoredGroup.open(path, 3)).toBeDefined();
    expect(boundsOf(stored, asked.at(-1)!)).toEqual(UNKNOWN);
    expect(boundsOf(stored, needs[1]!)).toEqual({ sure, may });
    rmSync(path);
    expect(boundsOf(stored, needs[1]!)).toEqual(UNKNOWN);
    expect(stored.frequent).toEqual(NOTHING_FREQUENT);
  });

  test('goes on with the words that were frequent in the one before', () => {
    const next = new NewGroup(1, made(0).frequent);
    next.add(GROUP_EVENTS, headerAt(0), Buffer.from(recordAt(0)));
    next.know(0);
    const [often, seldom, never] = ['each.50th', 'each.10000th', 'each.20000th'].map((piece) =>
      boundsOf(next, { pieces: [piece], isAll: true }),
    ) as [Bounds, Bounds, Bounds];
    expect(countOf(often.sure)).toBe(1);
    expect(countOf(seldom.sure)).toBe(0); // it was rare
    // Of its chunk all may be, and of what is to come.
    expect(countOf(seldom.may)).toBe(GROUP_EVENTS);
    expect(countOf(never.may)).toBe(GROUP_EVENTS - CHUNK_EVENTS);
  });
});

const flipped = (bytes: Buffer, at: number) => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

describe('events that are packed', () => {
  test.each([0, 1, 5, 4_095, 4_096, 4_097, 30_000, 61_439, 61_440, 61_441, 65_535, 65_536])('%i of them', (count) => {
    fc.assert(
      fc.property(fc.constantFrom(1, 3, 12_345, 65_535), fc.nat(GROUP_EVENTS - 1), (step, first) => {
        const events = newBits();
        const bytes = new Uint8Array(events.buffer);
        for (let i = 0; i < count; i++) {
          const event = (first + i * step) % GROUP_EVENTS; // odd steps meet each but once
          bytes[event >> 3]! |= 0x80 >> (event & 7);
        }
        expect(countOf(events)).toBe(count);
        const small = packed(events, count);
        expect(small.length).toBe(packedBytes(count));
        expect(small.length).toBeLessThanOrEqual(GROUP_EVENTS / 8);
        const into = newBits();
        addPacked(into, small, count);
        expect(into).toEqual(events);
        addPacked(into, packed(ALL, GROUP_EVENTS), GROUP_EVENTS);
        expect(into).toEqual(ALL);
      }),
      { numRuns: 8 },
    );
  });
});
