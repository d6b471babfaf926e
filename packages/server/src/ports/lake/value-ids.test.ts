import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileOnValues, foldCase } from '../../event/search/index.ts';
import { LIST_MARK } from './columns.ts';
import { HEADER_TEXT } from './header-texts.ts';
import { type ValueCondition, ValueIds } from './value-ids.ts';

const value = fc.constantFrom(
  'a',
  'ab',
  'B',
  'bAb',
  'ü',
  'ÜBER',
  '5',
  '12.5',
  '-3',
  '0',
  'null',
  `a${LIST_MARK}b`,
  '🦆',
);
const wanted = fc.oneof(value, fc.constantFrom('', 'A', 'über', LIST_MARK));
const condition = fc
  .oneof(
    fc.record({ op: fc.constantFrom('=', '!=', ':', '!:', '^', '!^', '>', '>=', '<', '<='), value: wanted }),
    fc.record({ op: fc.constant('in'), values: fc.array(wanted, { minLength: 1, maxLength: 3 }) }),
    fc.record({ op: fc.constant('exists') }),
  )
  .map((one) => ({ ...one, field: 'eventName' }) as ValueCondition);

test.each([false, true])('conditions are true of numbers as of their values, in lists: %s', (isList) => {
  const textOf = (values: readonly string[]) =>
    isList ? HEADER_TEXT.resourcenames({ resources: values.map((name) => ['', name]) } as never) : (values[0] ?? '');
  fc.assert(
    fc.property(
      fc.array(fc.array(value, { maxLength: isList ? 3 : 1 }), { maxLength: 12 }),
      fc.array(condition, { minLength: 1, maxLength: 20 }), // more than are remembered
      fc.nat(12),
      (events, conditions, later) => {
        const ids = new ValueIds(isList);
        // Some come only after a condition was asked about.
        for (const some of [events.slice(0, later), events]) {
          const tests = conditions.map((one) => ids.testOf(one));
          const numbers = some.map((values) => ids.idOf(textOf(values)));
          for (const [i, one] of conditions.entries()) {
            const right = some.map((values) => compileOnValues(one)(values, { fold: foldCase }));
            for (const test of [tests[i]!, ids.testOf(one)])
              expect(numbers.map(test), JSON.stringify(one)).toEqual(right);
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('each value has one number, and none is 0', () => {
  const ids = new ValueIds(false);
  const numbers = ['a', '', 'b', 'a', 'constructor'].map((text) => ids.idOf(text));
  expect(numbers).toEqual([1, 0, 2, 1, 3]);
  expect(ids.size).toBe(4);
  expect(numbers.map((id) => ids.valuesOf(id))).toEqual([['a'], [], ['b'], ['a'], ['constructor']]);
  const lists = new ValueIds(true);
  expect(lists.valuesOf(lists.idOf(`${LIST_MARK}a${LIST_MARK}b${LIST_MARK}`))).toEqual(['a', 'b']);
  expect(lists.valuesOf(lists.idOf(''))).toEqual([]);
});
