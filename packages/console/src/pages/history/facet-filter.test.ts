import { expect, test } from 'vitest';
import { parseSearchFilter, printSearchFilter, type SearchFilter } from '../../api/search-language.ts';
import { facetChoice, isIncluding, toggleExcluded, toggleIncluded, withoutIncluded } from './facet-filter.ts';

const text = (filter: SearchFilter | undefined) => (filter === undefined ? '' : printSearchFilter(filter));
const include = (before: string, field: string, value: string) =>
  text(toggleIncluded(parseSearchFilter(before), field, value));
const exclude = (before: string, field: string, value: string) =>
  text(toggleExcluded(parseSearchFilter(before), field, value));

test('including values of a field makes them alternatives; another click takes one back', () => {
  const one = include('', 'eventName', 'A');
  const two = include(one, 'eventName', 'B');
  expect(one).toBe('eventName = A');
  expect(two).toBe(text(parseSearchFilter('eventName in (A, B)')));
  expect(include(two, 'eventName', 'A')).toBe('eventName = B');
  expect(include(one, 'eventName', 'A')).toBe('');
  expect(include('eventName = A or eventName = B', 'eventName', 'C')).toBe(
    text(parseSearchFilter('eventName in (A, B, C)')),
  );
});

test('other conditions stay as and where they are', () => {
  const before = 'userName = u and (errorCode = x or readOnly = true) and eventName = A';
  expect(include(before, 'eventName', 'B')).toBe(
    text(parseSearchFilter('userName = u and (errorCode = x or readOnly = true) and eventName in (A, B)')),
  );
  expect(include('userName = u or errorCode = x', 'eventName', 'B')).toBe(
    text(parseSearchFilter('(userName = u or errorCode = x) and eventName = B')),
  );
});

test('excluding ends including, and the other way about', () => {
  expect(exclude('eventName = A', 'eventName', 'A')).toBe('eventName != A');
  expect(include('eventName != A', 'eventName', 'A')).toBe('eventName = A');
  expect(exclude('eventName != A', 'eventName', 'A')).toBe('');
  expect(exclude('eventName in (A, B)', 'eventName', 'A')).toBe(
    text(parseSearchFilter('eventName = B and eventName != A')),
  );
});

test('a choice is what the filter says of the value', () => {
  const filter = parseSearchFilter('eventName in (A, B) and userName != u');
  expect(facetChoice(filter, 'eventName', 'B')).toBe('included');
  expect(facetChoice(filter, 'userName', 'u')).toBe('excluded');
  expect(facetChoice(filter, 'userName', 'v')).toBeUndefined();
  expect(facetChoice(undefined, 'userName', 'v')).toBeUndefined();
});

test('of a very long value the beginning is compared, by a condition of its own', () => {
  const long = `${'x'.repeat(499)}\u{1f600}${'y'.repeat(20_000)}`;
  const included = include('eventName = A', 'sourceIPAddress', long);
  expect(included).toBe(`eventName = A and sourceIPAddress ^ ${'x'.repeat(499)}`);
  expect(facetChoice(parseSearchFilter(included), 'sourceIPAddress', long)).toBe('included');
  const excluded = exclude(included, 'sourceIPAddress', long);
  expect(excluded).toBe(`eventName = A and sourceIPAddress !^ ${'x'.repeat(499)}`);
  expect(facetChoice(parseSearchFilter(excluded), 'sourceIPAddress', long)).toBe('excluded');
  expect(exclude(excluded, 'sourceIPAddress', long)).toBe('eventName = A');
  expect(include(included, 'sourceIPAddress', long)).toBe('eventName = A');
});

test('what else there is to include is counted without what is included', () => {
  const filter = parseSearchFilter('eventName in (A, B) and userName != u');
  expect(text(withoutIncluded(filter, 'eventName'))).toBe('userName != u');
  expect([isIncluding(filter, 'eventName'), isIncluding(filter, 'userName')]).toEqual([true, false]);
});
