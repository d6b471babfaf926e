import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSearchFilter, printSearchFilter, type SearchFilter } from '../../api/search-language.ts';
import { EMPTY_QUERY, filterOf, queryOf } from './tokens.ts';

const tokens = (text: string) => queryOf(parseSearchFilter(text));
const print = (filter: SearchFilter | undefined) => (filter === undefined ? '' : printSearchFilter(filter));

test('conditions, groups and free text become tokens', () => {
  expect(tokens('eventName = A and (userName != bob or errorCode ^ Access) "free text"')).toEqual({
    operation: 'and',
    tokens: [],
    tokenGroups: [
      { propertyKey: 'eventName', operator: '=', value: 'A' },
      {
        operation: 'or',
        tokens: [
          { propertyKey: 'userName', operator: '!=', value: 'bob' },
          { propertyKey: 'errorCode', operator: '^', value: 'Access' },
        ],
      },
      { operator: ':', value: 'free text' },
    ],
  });
});

test('lists of values become alternatives, negations of conditions become conditions', () => {
  expect(tokens('eventName in (A, B)')).toMatchObject({
    operation: 'or',
    tokenGroups: [{ value: 'A' }, { value: 'B' }],
  });
  expect(tokens('eventName in (A, B) and readOnly = true')!.tokenGroups![0]).toMatchObject({ operation: 'or' });
  expect(tokens('not errorCode exists')!.tokenGroups![0]).toMatchObject({ operator: 'not exists' });
  expect(tokens('not "some text"')!.tokenGroups![0]).toMatchObject({ operator: '!:', value: 'some text' });
  expect(tokens('not eventName : x')!.tokenGroups![0]).toMatchObject({ operator: '!:', propertyKey: 'eventName' });
});

test('what does not fit has no tokens, and is not cut to fit', () => {
  for (const text of [
    'eventName = A and (userName = b or (userName = c and errorCode = d))',
    'not (eventName = A and userName = b)',
    'not eventTime > 2026-01-01',
  ]) {
    expect(tokens(text), text).toBeUndefined();
  }
});

test('no filter is no tokens, and the other way about', () => {
  expect(queryOf(undefined)).toEqual(EMPTY_QUERY);
  expect(filterOf(EMPTY_QUERY)).toBeUndefined();
});

test('text that is typed may be the language; text that stood there stays text', () => {
  const typed = { operation: 'and', tokens: [], tokenGroups: [{ operator: ':', value: 'eventName = A' }] } as const;
  expect(print(filterOf(typed))).toBe('eventName = A');
  expect(filterOf(typed, typed)).toEqual({ text: 'eventName = A' });
  const words = { operation: 'and', tokens: [], tokenGroups: [{ operator: ':', value: 'access denied' }] } as const;
  expect(filterOf(words)).toEqual({ text: 'access denied' });
});

const leaf: fc.Arbitrary<SearchFilter> = fc.oneof(
  fc.record({
    field: fc.constantFrom('eventName', 'userName', 'requestParameters.bucketName'),
    op: fc.constantFrom('=', '!=', ':', '!:', '^', '!^', '>', '<='),
    value: fc.string({ minLength: 1 }),
  }),
  fc.record({ field: fc.constantFrom('errorCode', 'userAgent'), op: fc.constant('exists' as const) }),
  fc.record({ text: fc.string({ minLength: 1 }).filter((text) => text.trim() !== '') }),
);
const several = (of: fc.Arbitrary<SearchFilter>) => fc.array(of, { minLength: 2, maxLength: 4 });
const shown: fc.Arbitrary<SearchFilter> = fc.oneof(
  leaf,
  several(
    fc.oneof(
      leaf,
      several(leaf).map((or) => ({ or })),
    ),
  ).map((and) => ({ and })),
  several(
    fc.oneof(
      leaf,
      several(leaf).map((and) => ({ and })),
    ),
  ).map((or) => ({ or })),
);

test('every filter that is shown as tokens means the same afterwards', () => {
  fc.assert(
    fc.property(shown, (filter) => {
      const query = queryOf(filter)!;
      expect(filterOf(query, query)).toEqual(filter);
    }),
  );
});
