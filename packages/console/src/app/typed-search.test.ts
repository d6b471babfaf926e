import { expect, test } from 'vitest';
import { typedSearch } from './typed-search.ts';

test.each([
  ['my-logs', 'my-logs and eventName != SearchEvents'],
  [' delete bucket ', 'delete and bucket and eventName != SearchEvents'],
  ['a or b', '(a or b) and eventName != SearchEvents'],
  ['"two words"', '"two words" and eventName != SearchEvents'],
  ['userName = alice', 'userName = alice'],
  ['alice eventName = X', 'alice eventName = X'],
  ['SearchEvents', 'SearchEvents'],
  ['userName = (', 'userName = ('],
])('%s is meant as %s', (typed, meant) => {
  expect(typedSearch(typed)).toBe(meant);
});
