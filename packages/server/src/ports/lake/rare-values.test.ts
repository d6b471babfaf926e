import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  compileSearchFilter,
  parseSearchFilter,
  type SearchFilter,
  searchableEvent,
} from '../../event/search/index.ts';
import { generateEvents } from '../../testing/generate.ts';
import type { StoredEvent } from '../log.ts';
import type { GroupColumns } from './coded-columns.ts';
import { StoredGroup } from './gram-file.ts';
import { NewGroup } from './gram-group.ts';
import { bucketOf, eventsOf, HashLog, keyOf } from './hash-log.ts';
import { type Need, needOf } from './needs.ts';
import { RareValues } from './rare-values.ts';
import { ALL, bytesOf, countOf, GROUP_CHUNKS, GROUP_EVENTS, isEmpty, NONE } from './word-bits.ts';
import { type Bounds, UNKNOWN } from './word-bounds.ts';
import { NOTHING_FREQUENT } from './word-dictionary.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'opentrail-rare-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const [{ header: HEADER }] = [...generateEvents(1)] as [StoredEvent];

/** The same group in memory, and as it is stored. */
function groupsOf(records: readonly string[], known = NOTHING_FREQUENT): readonly [NewGroup, StoredGroup] {
  const group = new NewGroup(0, known);
  for (const [i, json] of records.entries()) group.add(i, HEADER, Buffer.from(json));
  // What is not there is nothing that may be found.
  for (let chunk = 0; chunk < GROUP_CHUNKS; chunk++) group.know(chunk);
  const path = join(directory, 'group');
  group.write(path);
  return [group, StoredGroup.open(path, 0)!];
}

/** What these are found by is nothing that columns know. */
const NO_COLUMNS: GroupColumns = { known: NONE, times: () => undefined, column: () => undefined };
const boundsOf = (group: NewGroup | StoredGroup, need: Need): Bounds => group.bounds(need, NO_COLUMNS);

const needFor = (filter: string): Need => needOf(parseSearchFilter(filter)!);
const has = (events: Uint32Array, event: number) =>
  (new Uint8Array(events.buffer)[event >> 3]! & (0x80 >> (event & 7))) !== 0;
/** Of how many events it is said for sure, and how many may be more. */
const countsOf = ({ sure, may }: Bounds) => [countOf(sure), countOf(may) - countOf(sure)];

/** To compare them one by one takes long. */
const isSame = (a: Bounds, b: Bounds) => isSameBits(a.sure, b.sure) && isSameBits(a.may, b.may);
const isSameBits = (a: Uint32Array, b: Uint32Array) => Buffer.compare(bytesOf(a), bytesOf(b)) === 0;

/** More different ids than are listed of any path. */
const LISTED_MAX = 20_000;

const names = fc.constantFrom(
  ...['alpha', 'Alpha', 'alpha-1', 'alpha-2', 'beta', 'b', 'gamma.alpha', 'roleName', '5', 'true', '', '-3', '1e3'],
  ...['with "quotes"', 'back\\slash', 'a/b', 'é', '\u212aelvin', `long ${'x'.repeat(200)}`, `long ${'x'.repeat(201)}`],
);
const atoms = fc.oneof(
  { weight: 5, arbitrary: names },
  fc.constantFrom(0, 5, -3, 17, 1000, 1.5, 1e21, 9_007_199_254_740_991, true, false, null),
);
const parameters = fc.record(
  {
    roleName: atoms,
    owner: fc.oneof(atoms, fc.record({ roleName: atoms, id: atoms }, { requiredKeys: [] })),
    list: fc.array(fc.oneof(atoms, fc.record({ id: atoms })), { maxLength: 3 }),
    lists: fc.array(fc.array(atoms, { maxLength: 2 }), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
/** Most compact; some with letters written in other ways, some with a name twice. */
const records = fc.tuple(parameters, fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2, 3)).map(([value, odd]) => {
  const json = JSON.stringify({ requestParameters: value, requestID: 'one' }, undefined, odd === 1 ? 1 : undefined);
  if (odd === 2) return json.replace('alpha', 'alp\\u0068a');
  return odd === 3 ? json.replace('"owner"', '"roleName"') : json;
});
const places = [
  ...['roleName', 'owner', 'owner.roleName', 'owner.id', 'list', 'list[*]', 'list[1]', 'list[*].id', 'list[0].id'],
  ...['lists', 'lists[*]', 'lists[*][*]', 'lists[0][1]', 'nowhere'].map((place) => place),
].map((place) => `requestParameters.${place}`);
const fields = fc.constantFrom('requestParameters', ...places);
const wanted = fc.oneof(
  names,
  fc.constantFrom(
    'al',
    'ALPHA',
    'alpha-',
    'lph',
    '"alpha',
    'k',
    'false',
    '17',
    '{}',
    '[]',
    'id',
    'long x',
    'alpha\n',
    '\n',
    'a\nb',
  ),
);
const conditions: fc.Arbitrary<SearchFilter> = fc.oneof(
  fc
    .tuple(fields, fc.constantFrom('=', ':', '^', '!=', '!:', '!^', '>', '>=', '<', '<=' as const), wanted)
    .map(([field, op, value]) => ({ field, op: op as '=', value })),
  fc
    .tuple(fields, fc.array(wanted, { minLength: 1, maxLength: 3 }))
    .map(([field, values]) => ({ field, op: 'in' as const, values })),
  fields.map((field) => ({ field, op: 'exists' as const })),
  fields.map((field) => ({ not: { field, op: 'exists' as const } })),
);

/** Leaves that are known to be frequent: with these, what is rare stands beside what is not. */
const FREQUENT = ['"alpha"', '"beta"', '5', 'true', '"roleName"'].flatMap((value) =>
  ['"roleName"', '"owner"', '"owner""id"', '"list"[', '"list"["id"'].map((path) => ({
    path: `"requestParameters"${path}`,
    value,
  })),
);

describe('rare values', () => {
  test('never hide an event of which a filter is true, and are never sure of another, in memory and stored', () => {
    let [sure, found] = [0, 0];
    fc.assert(
      fc.property(
        fc.array(records, { minLength: 1, maxLength: 60 }),
        fc.array(conditions, { minLength: 20, maxLength: 20 }),
        fc.subarray(FREQUENT),
        fc.constantFrom(0, 150),
        (some, filters, leaves, ids) => {
          // So many ids that some path has too many to be listed: not where they stand, nor what else stands there.
          const more = Array.from(
            { length: ids },
            (_, i) => `{"requestParameters":{"roleName":"id-${i}","owner":{"id":${i}}}}`,
          );
          const all = [...more, ...some];
          const groups = groupsOf(all, { words: [], leaves });
          for (const filter of filters) {
            const need = needOf(filter);
            const [bounds, stored] = groups.map((group) => boundsOf(group, need)) as [Bounds, Bounds];
            expect(isSame(stored, bounds), JSON.stringify(filter)).toBe(true);
            const isMeant = compileSearchFilter(filter);
            for (const [i, json] of all.entries()) {
              const isTrue = isMeant(searchableEvent(HEADER, json));
              if (isTrue) expect(has(bounds.may, i), `${JSON.stringify(filter)} of ${json}`).toBe(true);
              if (has(bounds.sure, i)) expect(isTrue, `${JSON.stringify(filter)} of ${json}`).toBe(true);
              if (isTrue) found++;
              if (has(bounds.sure, i)) sure++;
            }
          }
        },
      ),
      { numRuns: RUNS },
    );
    expect(found).toBeGreaterThan(RUNS * 20);
    expect(sure).toBeGreaterThan(found / 2);
  });

  test('are all known of a path that has few, whatever is asked of them', () => {
    const all = Array.from(
      { length: 1000 },
      (_, i) => `{"requestParameters":{"roleName":"role-${i % 100}","size":${i % 90}}}`,
    );
    for (const group of groupsOf(all)) {
      for (const [filter, count] of [
        ...(
          [
            ['= role-7', 10],
            ['= role-100', 0],
            ['^ ROLE-7', 110],
            [': "-99"', 10],
            ['!= role-7', 990],
            ['^ "\\n"', 0],
          ] as const
        ).map(([asked, count]) => [`requestParameters.roleName ${asked}`, count] as const),
        ...[
          ['requestParameters.roleName in (role-1, role-2, x)', 20] as const,
          ['requestParameters : role-98', 10] as const,
        ],
        ...[['requestParameters.size > 80', 99] as const, ['requestParameters.size = 5', 12] as const],
        ['requestParameters.roleName exists', 1000] as const,
      ]) {
        const { sure, may } = boundsOf(group, needFor(filter));
        expect([countOf(sure) % GROUP_EVENTS, filter]).toEqual([
          filter.includes('!=') ? GROUP_EVENTS - 10 : count,
          filter,
        ]);
        expect(may, filter).toEqual(sure);
      }
    }
  });

  test('are known by their hashes of a path that has many, as a whole', () => {
    const all = Array.from(
      { length: 1000 },
      (_, i) => `{"requestParameters":{"token":"token-${i}","other":"${'x'.repeat(199 + (i % 9))}"}}`,
    );
    for (const group of groupsOf(all)) {
      const counts = (filter: string) => countsOf(boundsOf(group, needFor(filter)));
      expect(counts('requestParameters.token = token-77')).toEqual([0, 1]);
      expect(counts('requestParameters.token in (token-77, token-999, token-1000)')).toEqual([0, 2]);
      expect(counts('requestParameters.token != token-77')).toEqual([GROUP_EVENTS - 1, 1]);
      expect(counts('requestParameters.token = token-1000')).toEqual([0, 0]);
      // Of nine lengths the first is listed: others are too long.
      expect(counts(`requestParameters.other = ${'x'.repeat(198)}`)).toEqual([0, 0]);
      expect(counts(`requestParameters.other = ${'x'.repeat(207)}`)).toEqual([0, 111]);
    }
  });

  test('that are damaged in the file hide nothing', () => {
    const all = Array.from({ length: 1000 }, (_, i) => `{"requestParameters":{"roleName":"role-${i % 100}"}}`);
    const [group, stored] = groupsOf(all);
    const need = needFor('requestParameters.roleName ^ role-7');
    expect(boundsOf(stored, need)).toEqual(boundsOf(group, need));
    const file = join(directory, 'group');
    const bytes = readFileSync(file);
    // Behind the block's head stand the events, and nothing behind them: all paths are listed.
    bytes[bytes.length - 1000 * 2 - 20]! ^= 1;
    writeFileSync(file, bytes);
    expect(boundsOf(stored, need)).toEqual(UNKNOWN);
    expect(countOf(boundsOf(stored, { pieces: ['role-7'] }).may)).toBeGreaterThan(0);
  });

  test('are listed while there is room, and paths with few of them when others have taken most', () => {
    const values = new RareValues();
    const add = (path: number, text: string) =>
      values.add(
        0,
        path,
        0,
        Buffer.from(text),
        0,
        text.length,
        text.charCodeAt(0) + text.length * 31 + Number.parseInt(text.slice(1), 10) * 7919,
      );
    for (let i = 0; i < 4 * LISTED_MAX; i++) add(1 + (i % 4), `v${i >> 3}`); // each comes again at once
    for (let i = 0; i < 100; i++) expect(add(9, `w${i}`)).toBeGreaterThan(0);
    const listed = values.listed(() => true);
    expect([...listed.keys()]).toEqual([9]);
    expect(values.textsOf(listed.get(9)!.slice(0, 2)).toString()).toBe('\nw0\nw1\n');
  });
});

describe('a log of hashes', () => {
  test('has the events of each, as it is and as it is stored', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(20), fc.nat(GROUP_EVENTS - 1), fc.nat(3)), { maxLength: 100 }),
        fc.nat(4),
        (added, left) => {
          const log = new HashLog();
          const isAsked = (path: number) => path !== left;
          for (const [value, event, path] of added) log.add(keyOf(path, value), event, path);
          const { ends, entries } = log.hashed(isAsked);
          for (let path = 0; path < 4; path++)
            for (let value = 0; value <= 20; value++) {
              const key = keyOf(path, value);
              const is = new Set(
                added.filter((one) => one[2] === path && one[0] === value && path !== left).map((one) => one[1]),
              );
              const events = log.with(key, isAsked);
              expect(countOf(events)).toBe(is.size);
              for (const event of is) expect(has(events, event)).toBe(true);
              expect(isSameBits(eventsOf(key, entries.subarray(...bucketOf(key, ends)!)), events)).toBe(true);
            }
        },
      ),
      { numRuns: 30 },
    );
  });

  test('says nothing when there were too many', () => {
    const log = new HashLog();
    for (let i = 0; i < 1 << 20; i++) log.add(i, 1, 0);
    expect(isEmpty(log.with(1 << 21, () => true))).toBe(true);
    log.add(0, 0, 0);
    expect(log.with(1 << 21, () => true)).toBe(ALL);
    expect(bucketOf(0, log.hashed(() => true).ends)).toBeUndefined();
    expect(NONE).not.toEqual(ALL);
  });
});

/** Of groups, each of which is written. */
const RUNS = 40;
