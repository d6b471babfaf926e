import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventFromBytes } from '../../event/accept.ts';
import type { NewEvent } from '../../event/event.ts';
import {
  compileSearchFilter,
  parseSearchFilter,
  type SearchFilter,
  searchableEvent,
} from '../../event/search/index.ts';
import { generateEvents } from '../../testing/generate.ts';
import type { GroupColumns } from './coded-columns.ts';
import { NewGroup } from './gram-group.ts';
import { CHUNK_EVENTS, rowsOf, WHOLE } from './grams.ts';
import { wantedBy } from './log-test.ts';
import { mayHold, type Need, needOf } from './needs.ts';
import { countOf, type EventBits, GROUP_CHUNKS, NONE } from './word-bits.ts';
import { type Frequent, WORDS_MAX } from './word-dictionary.ts';
import { mayMeanOther } from './words.ts';

const has = (events: EventBits, event: number) =>
  (new Uint8Array(events.buffer)[event >> 3]! & (0x80 >> (event & 7))) !== 0;

/** A group of these records alone. @param words in its dictionary from the start */
function groupOf(records: readonly string[], words: readonly string[], leaves: Frequent['leaves'] = []) {
  const group = new NewGroup(0, { words, leaves });
  for (const [i, json] of records.entries()) group.add(i, HEADER, Buffer.from(json));
  for (let chunk = 0; chunk < GROUP_CHUNKS; chunk++) group.know(chunk);
  return { bounds: (need: Need) => group.bounds(need, NO_COLUMNS) };
}

const [{ header: HEADER }] = [...generateEvents(1)] as [NewEvent];
/** What words say is asked here, and nothing else. */
const NO_COLUMNS: GroupColumns = { known: NONE, times: () => undefined, column: () => undefined };

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
/** JSON as people and programs write it: compact or not, with letters as they are or escaped, now and then a name twice. */
const written = fc
  .tuple(values, fc.constantFrom(undefined, undefined, 1), fc.constantFrom(0, 0, 0, 1, 2), values)
  .map(([value, indent, odd, other]) => {
    const json = JSON.stringify({ bucketName: value, 'odd name': { bucketName: [other] } }, undefined, indent);
    if (odd === 2) return json.replace('"odd name"', '"bucketName"');
    return odd === 1 ? json.replaceAll(/[a-z/é]/g, spelt) : json;
  });
const spelt = (letter: string) => (letter === '/' ? '\\/' : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
const fields = fc.constantFrom(
  ...['requestParameters.bucketName', 'requestParameters."odd name"', 'requestParameters.bucketName[*]'],
  ...['requestParameters.bucketName[0]', 'requestParameters', 'requestParameters.bucketName.alpha'],
  ...['requestParameters."odd name".bucketName', 'requestParameters."odd name".bucketName[*]', 'apiVersion'],
  ...[
    'requestParameters.bucketName."\\\\"',
    'requestParameters.bucketName[*].alpha',
    'requestParameters."odd name"[*]',
  ],
);
const conditions: fc.Arbitrary<SearchFilter> = fc.oneof(
  texts.map((text) => ({ text })),
  fc
    .tuple(
      fields,
      fc.constantFrom('=', ':', '^', '!=', '!:', '!^', '>', '<=' as const),
      fc.oneof(
        texts,
        fc.integer().map(String),
        fc.constantFrom('null', 'true', '{}', '[]', '""', '{"alpha":5}', '5,1'),
      ),
    )
    .map(([field, op, value]) => ({ field, op: op as '=', value })),
  fc
    .tuple(fields, fc.array(texts, { minLength: 1, maxLength: 3 }))
    .map(([field, list]) => ({ field, op: 'in' as const, values: list })),
  fields.map((field) => ({ field, op: 'exists' as const })),
);
const filters: fc.Arbitrary<SearchFilter> = fc.oneof(
  conditions,
  fc.array(conditions, { minLength: 1, maxLength: 3 }).map((or) => ({ or })),
  fc.array(conditions, { minLength: 1, maxLength: 3 }).map((and) => ({ and })),
  conditions.map((not) => ({ not })),
);
const recordOf = (parameters: string) =>
  `{"eventTime":"2026-11-21T00:00:00Z","eventName":"N","eventSource":"s","requestParameters":${parameters}}`;

/** The leaves of what was parsed, as a dictionary has them, and their paths alone. */
function leavesOf(value: unknown, path: string): Frequent['leaves'] {
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0)
    return Object.entries(value).flatMap(([name, inner]) =>
      leavesOf(inner, path + (Array.isArray(value) ? '[' : JSON.stringify(name))),
    );
  return [
    { path, value: JSON.stringify(value) },
    { path, value: '' },
  ].filter(({ path, value }) => /^[ -~]*$/.test(path + value) && !`${path}${value}`.includes('\\'));
}

/** Conditions on the values at a leaf's path, at parts of it, and on what these are a part of. */
function conditionsOn({ path, value }: Frequent['leaves'][number]): SearchFilter[] {
  const steps = path.match(/"[^"]*"|\[/g)!;
  const own = value.replaceAll(/^"|"$/g, '') || 'alpha';
  return [
    [steps.length, '[*]', own],
    [steps.length, '[0]', own.slice(0, 3)],
    [steps.length - 1, '[*]', value || '"alpha'],
  ].flatMap(([length, element, wanted]) => {
    const known = steps.slice(0, length as number);
    if (known.length === 0) return [];
    const field = known.map((step, i) => (step === '[' ? element : `${i === 0 ? '' : '.'}${step}`)).join('');
    const on = (op: '=' | '!=' | ':' | '^' | '>=') => ({ field, op, value: wanted as string });
    return [...(['=', '!=', ':', '^', '>='] as const).map(on), { field, op: 'exists' as const }];
  });
}

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

const why = (filter: SearchFilter, json: Buffer) => `${JSON.stringify(filter)} of ${json}`;

describe('words and grams', () => {
  test('never hide a record of which the filter is true, and are never sure of another', () => {
    let [found, sure] = [0, 0];
    fc.assert(
      fc.property(
        fc.array(written, { minLength: 1, maxLength: 4 }),
        fc.subarray(WORDS),
        filters,
        fc.nat(),
        fc.constantFrom(3, 5, 12, 30),
        fc.nat(3),
        (parameters, words, random, pick, length, known) => {
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
          const ownLeaves = events.flatMap(({ json }) => leavesOf(JSON.parse(`${json}`), ''));
          const leaves = new Map(ownLeaves.map((leaf) => [leaf.path + leaf.value, leaf]));
          const group = groupOf(
            events.map(({ json }) => `${json}`),
            all,
            [...leaves.values()].filter((_, i) => known > 0 && i % known === 0),
          );
          const one = [...leaves.values()][pick % leaves.size];
          for (const filter of [
            ...[random, { text: part }, { not: { text: part } }],
            { field: 'requestParameters.bucketName', op: ':' as const, value: part },
            ...(one ? conditionsOn(one) : []),
            { and: [{ text: part }, random] },
            { or: [{ not: random }, { text: part }] },
          ] as const) {
            const need = needOf(filter);
            const bounds = group.bounds(need);
            for (const [i, { header, json }] of events.entries()) {
              const isMeant = compileSearchFilter(filter)(searchableEvent(header, json));
              if (isMeant) {
                found++;
                expect(has(bounds.may, i), why(filter, json)).toBe(true);
                expect(wantedBy(need)(json)).toBe(true);
              }
              if (!has(bounds.sure, i)) continue;
              sure++;
              expect(isMeant, why(filter, json)).toBe(true);
            }
          }
        },
      ),
      {
        numRuns: 200,
        examples: [
          // A name within an element of a list, whose value is rare.
          [
            ['{"bucketName":[[],{"alphaa":0}]}'],
            [],
            { field: '"requestParameters"."bucketName"[*]', op: ':', value: 'alpha' },
            726805075,
            3,
            0,
          ],
        ],
      },
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
        expect(may(filter, json, words), filter).toBe(false);
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

  test('know for sure which leaf stands where, and of text what stands within one', () => {
    const parameters = [
      ...[
        '{"bucketName":"busy","owner":{"arn":"arn:aws:iam::1:user/alice"}}',
        '{"bucketName":"Busy","list":["busy",5]}',
      ],
      ...[
        '{"other":"busy","bucketName":null}',
        '{"bucketName":"b\\u0075sy"}',
        '{"bucketName":"busy","bucketName":"x"}',
      ],
      ...[
        '{"bucketName": "busy"}',
        '{"list":[{"id":"busy"}],"bucketName":"rare-one"}',
        '{"owner":{"arn":"arn:aws:iam::1:user/bobby"}}',
      ],
    ];
    const path = '"requestParameters"';
    const leaves = [
      ...['"busy"', '"Busy"', 'null', ''].map((value) => ({ path: `${path}"bucketName"`, value })),
      ...['"busy"', '5'].map((value) => ({ path: `${path}"list"[`, value })),
      ...[
        { path: `${path}"list"["id"`, value: '"busy"' },
        { path: `${path}"other"`, value: '"busy"' },
      ],
      { path: `${path}"owner""arn"`, value: '"arn:aws:iam::1:user/alice"' },
    ];
    const records = parameters.map(recordOf);
    const found = (filter: string) => {
      const { sure, may } = groupOf(records, [], leaves).bounds(needOf(parseSearchFilter(filter)!));
      return records.map((_, i) => (has(sure, i) ? 'y' : has(may, i) ? '?' : '.')).join('');
    };
    // The fourth to the sixth are written in other ways, and the seventh has a value that is rare.
    expect(found('requestParameters.bucketName = busy')).toBe('y..???..');
    expect(found('requestParameters.bucketName = Busy')).toBe('.y.???..');
    expect(found('requestParameters.bucketName = rare-one')).toBe('...???y.');
    expect(found('requestParameters.bucketName exists')).toBe('yy.y??y.');
    expect(found('requestParameters.list[*] = 5')).toBe('.y......');
    expect(found('requestParameters.list[0] = busy')).toBe('.?......');
    expect(found('requestParameters.list[*].id in (busy, x)')).toBe('......y.');
    expect(found('requestParameters.list : USY')).toBe('.y....y.');
    expect(found('requestParameters.other exists')).toBe('..y.....');
    expect(found('requestParameters exists')).toBe('yyyy??yy');
    expect(found('arn:aws:iam::1:user/alice')).toBe('y.......');
    expect(found('"\\"arn:aws:iam::1:user/"')).toBe('y???????');
    expect(found('not arn:aws:iam::1:user/alice')).toBe('.yyyyyyy');
    expect(found('requestParameters.owner.arn = arn:aws:iam::1:user/alice')).toBe('y.......');
    expect(found('requestParameters.owner.arn != arn:aws:iam::1:user/alice')).toBe('.yyyyyyy');
  });

  test('do not hide ids, whichever way they are asked for', () => {
    const json = '{"eventID":"some-id","requestID":"other-id","eventTime":"T"}';
    for (const filter of ['"eventID" = some-id', '"requestID" in (x, other-id)', '"eventTime" = T', 'other-id'])
      expect(may(filter, json, []), filter).toBe(true);
    expect(may('"eventID" = other-di', json, [])).toBe(false);
  });

  test('are not sure of a word by what ends as one', () => {
    const need = needOf({ text: 'alpha\n' });
    expect(has(groupOf(['{"a": "alpha"}'], ['alpha']).bounds(need).sure, 0)).toBe(false);
  });

  test('learn what is frequent, and keep by its grams what the dictionary has no room for', () => {
    const words = Array.from({ length: WORDS_MAX }, (_, i) => `word-${i}`);
    // Texts with escapes are kept by their words.
    const records = Array.from({ length: 100 }, () => '{"eventName":"overflowing\\n word-7"}');
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
