import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { discovered, jsonOf } from './fields.ts';
import { QueryError } from './lex.ts';
import { parseQuery } from './parse.ts';
import type { QueryEvent } from './row.ts';
import { startQuery, TooMuch } from './run.ts';

const T0 = Date.UTC(2026, 0, 1);
const event = (message: string | object, i = 0): QueryEvent => ({
  ...{ timestampMs: T0 + i * 60_000, ingestedMs: T0, logStream: `s${i % 2}`, log: '1:g', pointer: `p${i}` },
  message: typeof message === 'string' ? message : JSON.stringify(message),
});

/** Rows as objects, `@ptr` left out. */
function run(query: string, messages: readonly (string | object)[], limit = 1000) {
  const running = startQuery(parseQuery(query), limit);
  running.add(messages.map(event));
  return running.rows().map((row) => Object.fromEntries(row.filter(([name]) => name !== '@ptr')));
}

const PEOPLE = [
  { name: 'ann', age: 30, tags: ['x', 'y'], place: { city: 'Rome', 'post-code': '1' } },
  { name: 'bob', age: 40, place: { city: 'Oslo' } },
  { name: 'cid', age: 50, tags: ['z'] },
];

describe('queries', () => {
  test('without fields show time and message', () => {
    expect(run('limit 1', ['hello'])).toEqual([{ '@timestamp': '2026-01-01 00:00:00.000', '@message': 'hello' }]);
  });

  test.each<[string, readonly string[]]>([
    ['name = "ann"', ['ann']],
    ["name != 'ann'", ['bob', 'cid']],
    ['age > 30', ['bob', 'cid']],
    ['age >= 40 and age < 50', ['bob']],
    ['age = 30 or age = 50', ['ann', 'cid']],
    ['not age = 30', ['bob', 'cid']],
    ['not (age = 30 or age = 40)', ['cid']],
    ['name in ["ann", "cid"]', ['ann', 'cid']],
    ['name not in ["ann", "cid"]', ['bob']],
    ['age in [40]', ['bob']],
    ['name like "n"', ['ann']],
    ['name like /^[bc]/', ['bob', 'cid']],
    ['name =~ /(?i)ANN/', ['ann']],
    ['name like /ANN/i', ['ann']],
    ['name not like /n/', ['bob', 'cid']],
    ['place.city = "Rome"', ['ann']],
    ['place.`post-code` = 1', ['ann']],
    ['tags.0 = "x"', ['ann']],
    ['tags[1] = "y"', ['ann']],
    ['ispresent(place.city)', ['ann', 'bob']],
    ['not ispresent(tags.0)', ['bob']],
    ['age / 10 = 4', ['bob']],
    ['age % 20 = 10 and -age < -30', ['cid']],
    ['2 + 3 * 10 ^ 1 = 32', ['ann', 'bob', 'cid']],
    ['strlen(name) = 3 and toupper(name) = "BOB"', ['bob']],
    ['substr(name, 1, 2) = "nn"', ['ann']],
    ['concat(name, "-", age) = "cid-50"', ['cid']],
    ['replace(name, "b", "x") = "xox"', ['bob']],
    ['strcontains(name, "i")', ['cid']],
    ['coalesce(place.city, "none") = "none"', ['cid']],
    ['greatest(age, 45) = 45', ['ann', 'bob']],
    ['@logStream = "s1"', ['bob']],
    ['@message like "Oslo"', ['bob']],
    ['isIpv4InSubnet("10.1.2.3", "10.0.0.0/8") and age = 30', ['ann']],
    ['missing > 1', []],
    ['missing != 1', ['ann', 'bob', 'cid']],
  ])('filter %s', (where, names) => {
    expect(run(`fields name | filter ${where}`, PEOPLE).map(({ name }) => name)).toEqual(names);
  });

  test('fields are computed, named and used further on; display decides what is shown', () => {
    expect(run('fields name, age * 2 as twice | filter twice > 90 | display twice', PEOPLE)).toEqual([
      { twice: '100' },
    ]);
    expect(run('fields age+1 | limit 1', PEOPLE)).toEqual([{ 'age+1': '31' }]);
    expect(run('fields tags, place | limit 1', PEOPLE)).toEqual([
      { tags: '["x","y"]', place: '{"city":"Rome","post-code":"1"}' },
    ]);
  });

  test('stats with and without groups, by time', () => {
    expect(run('stats count(*), sum(age), avg(age), min(name), max(age), count(tags.0) as tagged', PEOPLE)).toEqual([
      { 'count(*)': '3', 'sum(age)': '120', 'avg(age)': '40', 'min(name)': 'ann', 'max(age)': '50', tagged: '2' },
    ]);
    expect(run('stats count(*) as n by bin(2m)', PEOPLE)).toEqual([
      { 'bin(2m)': '2026-01-01 00:00:00.000', n: '2' },
      { 'bin(2m)': '2026-01-01 00:02:00.000', n: '1' },
    ]);
    expect(
      run('stats pct(age, 50) as p, median(age), stddev(age) as d, count_distinct(@logStream) as s', PEOPLE),
    ).toEqual([{ p: '40', 'median(age)': '40', d: String(Math.sqrt(200 / 3)), s: '2' }]);
    expect(
      run('stats latest(name) as l, earliest(name) as e by @logStream as stream | sort stream desc', PEOPLE),
    ).toEqual([
      { stream: 's1', l: 'bob', e: 'bob' },
      { stream: 's0', l: 'cid', e: 'ann' },
    ]);
    expect(run('stats count(*) by missing', PEOPLE)).toEqual([{ 'count(*)': '3' }]);
    expect(run('filter age > 100 | stats count(*)', PEOPLE)).toEqual([{ 'count(*)': '0' }]);
    expect(run('stats count(*) as n by @logStream | stats max(n)', PEOPLE)).toEqual([{ 'max(n)': '2' }]);
  });

  test('sort, limit and dedup', () => {
    const names = (query: string) => run(query, PEOPLE).map(({ name }) => name);
    expect(names('fields name | sort age desc')).toEqual(['cid', 'bob', 'ann']);
    expect(names('fields name | sort @logStream, age desc | limit 2')).toEqual(['cid', 'ann']);
    expect(names('fields name | limit 2')).toEqual(['ann', 'bob']);
    expect(names('fields name, @logStream | dedup @logStream')).toEqual(['ann', 'bob']);
    expect(names('fields name # a remark\n| head 1')).toEqual(['ann']);
  });

  test('parse by glob and by expression', () => {
    const lines = ['user=ann, id=12, took 30 ms', 'nothing'];
    expect(run('parse @message "user=*, id=*, took * ms" as user, id, ms | display user, id, ms', lines)).toEqual([
      { user: 'ann', id: '12', ms: '30' },
      {},
    ]);
    expect(run('parse @message /user=(?<user>\\w+).*took (?<ms>\\d+)/ | filter ms > 20 | display user', lines)).toEqual(
      [{ user: 'ann' }],
    );
    expect(run('parse "id=*," as id | filter ispresent(id) | display id', lines)).toEqual([{ id: '12' }]);
  });

  test('counts what matched, and stops when it has enough', () => {
    const running = startQuery(parseQuery('fields name | filter age > 30 | limit 1'), 10);
    expect(running.add(PEOPLE.map(event))).toBe(false);
    expect([running.rows().length, running.matched]).toEqual([1, 1]);
    const counting = startQuery(parseQuery('filter age > 30 | stats count(*)'), 10);
    expect(counting.add(PEOPLE.map(event))).toBe(true);
    counting.rows();
    expect(counting.matched).toBe(2);
  });

  test('refuse to keep more than fits', () => {
    const many = startQuery(parseQuery('stats count(*) by @message'), 10);
    const events = Array.from({ length: 100_001 }, (_, i) => event(String(i)));
    expect(() => many.add(events)).toThrow(TooMuch);
    const sorted = startQuery(parseQuery('sort @message desc | limit 3'), 10);
    sorted.add(events);
    expect(sorted.rows().length).toBe(3);
  });

  test('hostile messages break nothing', () => {
    const deep = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)},"b":1}`;
    const hostile = [
      deep,
      '{"__proto__":{"x":1},"constructor":2}',
      '{broken',
      '[]',
      '"text"',
      'null',
      '{"a":{"a":{"a":1}}}',
    ];
    const rows: unknown = run(
      'fields a, b, __proto__.x, constructor, toString | filter b = 1 or constructor = 2',
      hostile,
    );
    expect(rows).toEqual<object[]>([{ b: '1' }, { '__proto__.x': '1', constructor: '2' }]);
    expect(discovered(jsonOf(deep)).length).toBe(1);
  });

  test('count_distinct and percentiles of much are close', () => {
    const many = startQuery(parseQuery('stats count_distinct(@message) as n, pct(@message, 90) as p'), 10);
    many.add(Array.from({ length: 50_000 }, (_, i) => event(String(i + 1))));
    const [row] = many.rows();
    const { n, p } = Object.fromEntries(row!);
    expect(Math.abs(Number(n) - 50_000)).toBeLessThan(5_000);
    expect(Math.abs(Number(p) - 45_000)).toBeLessThan(1_000);
  });

  test.each([
    ['', 'empty', 0],
    ['fields', 'expected a field', 6],
    ['bogus a', 'unknown command', 0],
    ['filter a = ', 'expected a field', 11],
    ['filter (a = 1', "expected ')'", 13],
    ['filter a like 5', 'expected text', 14],
    ['filter a like /(/', 'invalid regular expression', 14],
    ['filter f(a)', 'unknown function', 7],
    ['stats total(a)', 'unknown aggregation', 6],
    ['limit 0', 'a limit is', 6],
    ['parse @message "a * b"', 'wildcards', 15],
    ['fields "open', 'not closed', 7],
    ['fields a | | limit 1 x', "'|' or the end", 21],
    [`filter ${'('.repeat(100)}`, 'nested', undefined],
  ])('%s is refused: %s', (query, why, position) => {
    let error: unknown;
    try {
      parseQuery(query);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(QueryError);
    expect((error as QueryError).message).toContain(why);
    if (position !== undefined) expect((error as QueryError).position).toBe(position);
  });

  test('whatever the text, it is read or refused with a position in it', () => {
    const words = [
      'fields',
      'filter',
      'stats',
      'count(*)',
      'by',
      'bin(5m)',
      '|',
      'a',
      '@message',
      'like',
      '/x/',
      '"t"',
      '(',
      ')',
      ',',
      '=',
      'not',
      'in',
      '[',
      ']',
      '5',
      'as',
      'parse',
      'sort',
      'limit',
      '-',
      '*',
    ];
    const texts = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...words), { maxLength: 15 }).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          const running = startQuery(parseQuery(text), 10);
          running.add(PEOPLE.map(event));
          running.rows();
        } catch (error) {
          expect(error).toBeInstanceOf(QueryError);
          expect((error as QueryError).position).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
