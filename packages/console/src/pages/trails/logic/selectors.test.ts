import { describe, expect, test } from 'vitest';
import {
  advancedOf,
  categoryOf,
  conditionsOf,
  DEFAULT_SELECTORS,
  newAdvanced,
  parseSelectors,
  sameSelectors,
  selectorLines,
  selectorsInput,
  selectorsOf,
  selectorsProblem,
} from './selectors.ts';

const DATA = {
  Name: 'puts',
  FieldSelectors: [
    { Field: 'eventCategory', Equals: ['Data'] },
    { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
    { Field: 'eventName', StartsWith: ['Put', 'Delete'], NotEndsWith: ['Acl'] },
  ],
};

describe('advanced selectors', () => {
  test('are conditions and back again', () => {
    expect(categoryOf(DATA)).toBe('Data');
    expect(conditionsOf(DATA)).toEqual([
      { field: 'resources.type', operator: 'Equals', values: ['AWS::S3::Object'] },
      { field: 'eventName', operator: 'StartsWith', values: ['Put', 'Delete'] },
      { field: 'eventName', operator: 'NotEndsWith', values: ['Acl'] },
    ]);
    expect(advancedOf('puts', 'Data', conditionsOf(DATA))).toEqual(DATA);
  });
  test('conditions of one field and operator come together', () => {
    const twice = [
      { field: 'eventName', operator: 'Equals', values: ['A'] },
      { field: 'eventName', operator: 'Equals', values: ['B'] },
    ] as const;
    expect(advancedOf(undefined, 'Data', twice).FieldSelectors[1]).toEqual({ Field: 'eventName', Equals: ['A', 'B'] });
  });
});

test('what is plainly missing is said', () => {
  const advanced = (...selectors: (typeof DATA)['FieldSelectors'][]) => ({
    ...DEFAULT_SELECTORS,
    kind: 'advanced' as const,
    advanced: selectors.map((FieldSelectors) => ({ FieldSelectors })),
  });
  expect(selectorsProblem(DEFAULT_SELECTORS)).toBeUndefined();
  expect(selectorsProblem({ ...DEFAULT_SELECTORS, basic: [] })).toMatch(/at least one/);
  expect(selectorsProblem(advanced())).toMatch(/at least one/);
  expect(selectorsProblem(advanced([{ Field: 'readOnly', Equals: ['true'] }] as never))).toMatch(/eventCategory/);
  expect(selectorsProblem(advanced([{ Field: 'eventCategory', Equals: ['Data'] }]))).toMatch(/resources\.type/);
  expect(
    selectorsProblem(advanced([...newAdvanced('Data').FieldSelectors, { Field: 'eventName', Equals: [''] }] as never)),
  ).toMatch(/eventName has no value/);
  for (const category of ['Management', 'Data', 'NetworkActivity'] as const)
    expect(
      selectorsProblem({ ...DEFAULT_SELECTORS, kind: 'advanced', advanced: [newAdvanced(category)] }),
    ).toBeUndefined();
});

describe('parseSelectors', () => {
  test('takes either list, and what PutEventSelectors takes', () => {
    for (const selectors of [
      DEFAULT_SELECTORS,
      { ...DEFAULT_SELECTORS, kind: 'advanced' as const, advanced: [DATA] },
    ]) {
      const input = selectorsInput(selectors);
      for (const value of [input, Object.values(input)[0]])
        expect(sameSelectors(parseSelectors(JSON.stringify(value)), selectors)).toBe(true);
      expect(sameSelectors(selectorsOf(input), selectors)).toBe(true);
    }
  });
  test.each([
    '',
    '1',
    'null',
    '{}',
    '[]',
    '[1]',
    '[[]]',
    '[{"FieldSelectors":1}]',
    '[{"FieldSelectors":[{"Field":"x","Equals":[1]}]}]',
  ])('%s is none', (text) => {
    expect(() => parseSelectors(text)).toThrow();
  });
});

test('lines that are only begun are kept in the form, and not told', () => {
  const begun = parseSelectors('[{"FieldSelectors": [{"Field": "eventName", "Equals": ["a", ""]}]}]');
  expect(begun.advanced[0]!.FieldSelectors[0]!.Equals).toEqual(['a', '']);
  expect(selectorsInput(begun)).toEqual({
    AdvancedEventSelectors: [{ FieldSelectors: [{ Field: 'eventName', Equals: ['a'] }] }],
  });
  const basic = parseSelectors('[{"DataResources": [{"Type": "AWS::S3::Object", "Values": ["", "b"]}]}]');
  expect(selectorsInput(basic)).toEqual({
    EventSelectors: [{ DataResources: [{ Type: 'AWS::S3::Object', Values: ['b'] }] }],
  });
});

test('people read what is logged', () => {
  expect(selectorLines(DEFAULT_SELECTORS)).toEqual(['Management events: reads and writes']);
  expect(
    selectorLines(
      selectorsOf({
        EventSelectors: [
          {
            ReadWriteType: 'WriteOnly',
            IncludeManagementEvents: true,
            ExcludeManagementEventSources: ['kms.amazonaws.com'],
            DataResources: [
              { Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::'] },
              { Type: 'AWS::Lambda::Function', Values: ['arn:aws:lambda:x'] },
            ],
          },
        ],
      }),
    ),
  ).toEqual([
    'Management events: writes, without kms.amazonaws.com',
    'S3 objects: writes of all',
    'Lambda functions: writes of arn:aws:lambda:x',
  ]);
  expect(selectorLines(selectorsOf({ AdvancedEventSelectors: [DATA] }))).toEqual([
    'puts: Data events where resources.type is AWS::S3::Object and eventName starts with Put or Delete and eventName does not end with Acl',
  ]);
});
