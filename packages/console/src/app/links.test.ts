import { expect, test } from 'vitest';
import { readState } from '../pages/history/state.ts';
import { condition, historyHref } from './links.ts';
import { goOnHref, signInHref } from './sign-in-link.ts';

test('links to the event history say what it reads', () => {
  const filter = condition('userArn', 'arn:aws:iam::1:user/"a" & b');
  const state = readState(new URL(historyHref({ filter, range: '7d' }), 'http://x').searchParams);
  expect(state.filter).toBe('userArn = "arn:aws:iam::1:user/\\"a\\" & b"');
  expect(state.range).toEqual({ type: 'relative', amount: 7, unit: 'day' });
  const [from, to] = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'];
  const absolute = readState(new URL(historyHref({ from, to, range: '7d' }), 'http://x').searchParams);
  expect(absolute.range).toEqual({ type: 'absolute', startMs: Date.parse(from), endMs: Date.parse(to) });
  expect(historyHref({})).toBe('/events');
});

test('after signing in one is where one was', () => {
  const place = { path: '/events', search: '?q=a%20%26%20b' };
  expect(goOnHref(new URL(signInHref(place), 'http://x').search)).toBe('/events?q=a%20%26%20b');
  expect(signInHref({ path: '/', search: '' })).toBe('/signin');
});

test.each(['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)', '', '/signin'])(
  'signing in never leads to %s',
  (next) => {
    expect(goOnHref(`?${new URLSearchParams({ next })}`)).toBe('/');
  },
);
