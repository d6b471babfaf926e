import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventFromBytes } from '../../event/accept.ts';
import {
  compileSearchFilter,
  parseSearchFilter,
  type SearchFilter,
  searchableEvent,
} from '../../event/search/index.ts';
import { NewGroup } from './gram-group.ts';
import { CHUNK_EVENTS, rowsOf, WHOLE } from './grams.ts';
import { mayHold, needOf } from './needs.ts';
import { wantedBy } from './seek.ts';
import { countOf, type EventBits, GROUP_CHUNKS } from './word-bits.ts';
import { DICTIONARY_WORDS_MAX } from './word-dictionary.ts';
import { mayMeanOther } from './words.ts';

const has = (events: EventBits, event: number) =>
  (new Uint8Array(events.buffer)[event >> 3]! & (0x80 >> (event & 7))) !== 0;

/** A group of these records alone. @param words in its dictionary from the start */
function groupOf(records: readonly string[], words: readonly string[]): NewGroup {
  const group = new NewGroup(0, words);
  for (const [i, json] of records.entries()) group.add(i, Buffer.from(json));
  for (let chunk = 0; chunk < GROUP_CHUNKS; chunk++) group.know(chunk, 0, 0);
  return group;
}

const may = (filter: string, json: string, words: readonly string[]): boolean =>
  has(groupOf([json], words).bounds(needOf(parseSearchFilter(filter)!)).may, 0);

/** Texts with what is odd about letters, escapes and JSON in them. */
const texts = fc
  .array(
    fc.constantFrom(...'abkKsS0159 :/,.-"\\{}[]é\u212a\u017fİß\u{1f986}\n\u0001', 'alpha', 'bucketName', 'arn:aws'),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(''));
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    texts,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(texts, tie('value'), { maxKeys: 3 }),
  ),
})).value;
/** JSON as people and programs write it: compact or not, with letters as they are or escaped. */
const written = fc.tuple(values, fc.constantFrom(undefined, 1), fc.boolean()).map(([value, indent, escapes]) => {
  const json = JSON.stringify({ bucketName: value, 'odd name': value }, undefined, indent);
  return escapes ? json.replaceAll(/[a-z/é]/g, spelt) : json;
});
const spelt = (letter: string) => (letter === '/' ? '\\/' : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
const conditions: fc.Arbitrary<SearchFilter> = fc.oneof(
  texts.map((text) => ({ text })),
  fc
    .tuple(
      fc.constantFrom(
        'requestParameters.bucketName',
        'requestParameters."odd name"',
        'requestParameters.bucketName[*]',
      ),
      fc.constantFrom('=', ':', '^', '!=', '!:', '>', '<=' as const),
      texts,
    )
    .map(([field, op, value]) => ({ field, op: op as '=', value })),
  fc.array(texts, { minLength: 1, maxLength: 3 }).map((list) => ({
    ...{ field: 'requestParameters.bucketName', op: 'in' as const, values: list },
  })),
  fc.constant({ field: 'requestParameters."odd name"', op: 'exists' as const }),
);
const filters: fc.Arbitrary<SearchFilter> = fc.oneof(
  conditions,
  fc.array(conditions, { minLength: 1, maxLength: 3 }).map((or) => ({ or })),
  fc.array(conditions, { minLength: 1, maxLength: 3 }).map((and) => ({ and })),
  conditions.map((not) => ({ not })),
);
const recordOf = (parameters: string) =>
  `{"eventTime":"2026-11-21T00:00:00Z","eventName":"N","eventSource":"s","requestParameters":${parameters}}`;

/** Whole words, and parts of words, which all of these texts are made of. */
const WORDS = [
  'alpha',
  'arn',
  'aws',
  'bucketname',
  'bucket',
  'name',
  'a',
  'alphaalpha',
  'eventname',
  'eventtime',
  '00z',
  'odd',
  '2026',
  '5',
  '59',
];

describe('words and grams', () => {
  test('never hide a record of which the filter is true, and are never sure of another', () => {
    let [found, sure] = [0, 0];
    fc.assert(
      fc.property(
        fc.array(written, { minLength: 1, maxLength: 4 }),
        fc.subarray(WORDS),
        filters,
        fc.nat(),
        fc.constantFrom(3, 5, 12),
        (parameters, words, random, pick, length) => {
          const events = parameters.flatMap((json) => {
            const made = eventFromBytes(Buffer.from(recordOf(json)), { fallbackAccountId: '123456789012' });
            return 'event' in made ? [made.event] : [];
          });
          if (events.length === 0) return;
          // What was made up is seldom found: a part of the record is.
          const json = events[pick % events.length]!.json.toString();
          const part = json.slice(pick % json.length).slice(0, length);
          const own = [...json.toLowerCase().matchAll(/[a-z0-9_.-]+|[a-z0-9]+/g)]
            .map(([word]) => word)
            .filter((_, i) => i % 3 === 0);
          const all = [...new Set([...words, ...own])];
          const group = groupOf(
            events.map(({ json }) => `${json}`),
            all,
          );
          for (const filter of [
            ...[random, { text: part }, { not: { text: part } }],
            { field: 'requestParameters.bucketName', op: ':' as const, value: part },
            { and: [{ text: part }, random] },
            { or: [{ not: random }, { text: part }] },
          ] as const) {
            const need = needOf(filter);
            const bounds = group.bounds(need);
            for (const [i, { header, json }] of events.entries()) {
              const isMeant = compileSearchFilter(filter)(searchableEvent(header, json));
              if (isMeant) {
                found++;
                expect(has(bounds.may, i)).toBe(true);
                expect(wantedBy(need)(json)).toBe(true);
              }
              if (!has(bounds.sure, i)) continue;
              sure++;
              expect(isMeant).toBe(true);
            }
          }
        },
      ),
      { numRuns: 400 },
    );
    expect(found).toBeGreaterThan(1_000);
    expect(sure).toBeGreaterThan(100);
  });

  test.each([[[]], [['alpha-1234', 'alpha', '1234', 'bucketname', 'beta-1']]])(
    'tell most records that lack a text, with %j in the dictionary',
    (words) => {
      const json = recordOf('{"bucketName":"alpha-1234"}');
      for (const filter of ['alpha-1234', 'PHA-12', 'requestParameters.bucketName = alpha-1234', 'bucketname or other'])
        expect(may(filter, json, words), filter).toBe(true);
      for (const filter of [
        ...['alpha-1235', 'requestParameters.bucketName = alpha-1235', 'requestParameters.roleName exists'],
        ...['requestParameters.bucketName in (beta-1, beta-2)', 'alpha-1234 and gamma', 'userName = x and gamma'],
        ...['not bucketname', '"alpha-1234/5678"', '"\\"alpha-123\\""'],
      ])
        expect(may(filter, json, words), filter).toBe(words.length === 0 && filter.startsWith('not'));
    },
  );

  test('know for sure what stands within a frequent word, or a frequent part of one', () => {
    const names = ['alpha-1234', 'beta.alpha-12345', 'beta', '\\u0061lpha', 'alp\\u0068a-1234'];
    const records = names.map((name) => recordOf(`{"bucketName":"${name}"}`));
    const events = (filter: string, words: readonly string[]) => {
      const { sure, may } = groupOf(records, words).bounds(needOf(parseSearchFilter(filter)!));
      return records.map((_, i) => (has(sure, i) ? 'sure' : has(may, i) ? 'maybe' : 'no'));
    };
    expect(events('alpha', ['alpha'])).toEqual(['sure', 'sure', 'no', 'maybe', 'maybe']);
    expect(events('lph', ['alpha'])).toEqual(['sure', 'sure', 'maybe', 'maybe', 'maybe']); // shorter than a gram
    expect(events('not alpha', ['alpha'])).toEqual(['no', 'no', 'sure', 'maybe', 'maybe']);
    expect(events('alpha-12', ['alpha-1234'])).toEqual(['sure', 'maybe', 'maybe', 'maybe', 'maybe']);
    expect(events('alpha-12', ['alpha-1234', 'alpha-12345'])).toEqual(['sure', 'sure', 'no', 'no', 'maybe']);
  });

  test('learn what is frequent, and keep by its grams what the dictionary has no room for', () => {
    const words = Array.from({ length: DICTIONARY_WORDS_MAX }, (_, i) => `word-${i}`);
    const records = Array.from({ length: 100 }, () => '{"eventName":"overflowing word-7"}');
    const counts = (text: string, known: readonly string[]) => {
      const { sure, may } = groupOf(records, known).bounds(needOf({ text }));
      return [countOf(sure), countOf(may)];
    };
    expect(counts('word-7', words)).toEqual([100, 100]);
    expect(counts('overflowing', words)).toEqual([0, 2 * CHUNK_EVENTS]);
    expect(counts('overflowing', [])).toEqual([100 - 63, CHUNK_EVENTS + 36]);
  });

  test('say nothing of filters that need nothing in particular', () => {
    const free = ['userName = alice', 'requestParameters.x != alpha', 'alpha-1 or userName = alice'];
    for (const filter of free) expect(mayHold(needOf(parseSearchFilter(filter)!), ''), filter).toBe(true);
    for (const filter of [...free, 'not alpha-1']) expect(may(filter, '{}', []), filter).toBe(true);
    expect(rowsOf('abc', WHOLE)).toEqual([]);
  });

  test('know what may be spelt in other ways', () => {
    expect(mayMeanOther('{"a":"\\u0061"}')).toBe(true);
    expect(mayMeanOther('{"a":"\\/"}')).toBe(true);
    expect(mayMeanOther(Buffer.from('{"a":"\u212a"}').toString('latin1').toLowerCase())).toBe(true);
    expect(mayMeanOther('{"a":"\\"b\\\\"}')).toBe(false);
  });
});
