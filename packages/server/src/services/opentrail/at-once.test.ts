import { expect, test } from 'vitest';
import { limitAtOnce } from './at-once.ts';

test('so many of an account and so many in all are let in, and each leaves once', () => {
  const enter = limitAtOnce({ what: 'tests', max: 3, ofAccountMax: 2 });
  const leave = [enter('a'), enter('a')];
  expect(() => enter('a')).toThrow('account a has 2 tests under way already');
  const other = enter('b');
  expect(() => enter('c')).toThrow('3 tests are under way already');
  leave[0]!();
  other();
  enter('c');
  enter('a');
  expect(() => enter('d')).toThrow('3 tests are under way already');
});
