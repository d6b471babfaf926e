import { expect, test } from 'vitest';
import { limitOf } from './search.ts';
import { asInput, checkedFilter, fieldList, foundBy } from './search-filter.ts';
import { TABLE_COLUMNS, table } from './search-table.ts';

test('fields of a list', () => {
  expect(fieldList('username, EVENTNAME,,requestParameters."a,b".c')).toEqual([
    'userName',
    'eventName',
    'requestParameters."a,b".c',
  ]);
  expect(fieldList('')).toEqual([]);
  expect(() => fieldList('userName,nope')).toThrow('"nope" is no field');
  expect(() => fieldList('"x')).toThrow('no field');
});

test('a filter that is wrong is shown with its place, however long it is', () => {
  expect(checkedFilter('userName = x')).toBe('userName = x');
  expect(() => checkedFilter('userName = x )')).toThrow(/\n {2}userName = x \)\n {15}\^$/);
  const long = `${'a '.repeat(100)}) and more than is shown of what comes after it`;
  expect(() => checkedFilter(long)).toThrow(/\n {2}(a ){30}\) and more than is s\n {62}\^$/);
});

test('times and limits', () => {
  const nowMs = Date.UTC(2026, 0, 31);
  expect(asInput(foundBy('x', { since: '2h', until: '2026-01-31', account: '1', oldest: true }, nowMs))).toEqual({
    ...{ Filter: 'x', StartTime: '2026-01-30T22:00:00.000Z', EndTime: '2026-01-31T00:00:00.000Z' },
    ...{ AccountId: '1', Order: 'oldest' },
  });
  expect(asInput(foundBy('', {}, nowMs))).toEqual({});
  expect([limitOf('5'), limitOf('all')]).toEqual([5, undefined]);
  for (const odd of ['', '0', '-1', '1.5', 'x']) expect(() => limitOf(odd, '--facet-limit')).toThrow('--facet-limit');
});

test('a table is as wide as the screen, and shows what a terminal would obey', () => {
  const event = (userName: string, userAgent = 'x') => ({
    AccountId: '111122223333',
    Record: JSON.stringify({
      ...{ eventTime: '2026-01-31T12:00:00Z', eventSource: 's3.amazonaws.com', eventName: 'PutObject', userAgent },
      ...{ userIdentity: { type: 'IAMUser', userName } },
    }),
  });
  const print = table(['userName', 'userAgent'], 30);
  const lines = print([event('bob', 'y'.repeat(100)), event('\u001b[31mred')]).split('\n');
  expect(lines).toEqual([
    'User name    User agent',
    '───────────  ─────────────────',
    `bob          ${'y'.repeat(16)}…`,
    '\\x1b[31mred  x',
    '',
  ]);
  // The next page goes on below, in the same columns.
  expect(print([event('a name that is long')])).toBe('a name tha…  x\n');
  expect(print([])).toBe('');
  expect(table(TABLE_COLUMNS)([])).toBe('no events\n');
  // However narrow the screen is, times are whole.
  const narrow = table(['eventTime', 'userName', 'userAgent'], 20)([event('somebody else', 'y'.repeat(50))]);
  expect(narrow.split('\n')[2]).toBe('2026-01-31T12:00:00Z  somebod…  yyyyyyy…');
});
