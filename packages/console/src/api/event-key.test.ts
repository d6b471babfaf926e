import { expect, test } from 'vitest';
import { pageIdOf, readEventKey } from './event-key.ts';

const ACCOUNT = '123456789012';
const ID = '11111111-1111-4111-8111-111111111111';

test('an event is named by its ID, and by its place where it has none that an address could hold', () => {
  expect(pageIdOf(ID, 7)).toBe(ID);
  expect(pageIdOf(ID)).toBe(ID);
  expect(pageIdOf('', 7)).toBe('seq-7');
  expect(pageIdOf('')).toBe('');
  for (const odd of ['..', 'a/b', 'seq-4', 'x'.repeat(201), 'a b', '\u202e']) expect(pageIdOf(odd, 7)).toBe('seq-7');
});

test('people name events by ID, account and ID, or the address of a page', () => {
  const key = { accountId: ACCOUNT, eventId: ID };
  expect(readEventKey(ID, ACCOUNT)).toEqual(key);
  expect(readEventKey(` ${ACCOUNT}/${ID} `, '999999999999')).toEqual(key);
  expect(readEventKey(`https://audit.example/events/${ACCOUNT}/${ID}?at=x`, '999999999999')).toEqual(key);
  expect(readEventKey(`/events/${ACCOUNT}/seq-12`, '')).toEqual({ accountId: ACCOUNT, eventId: 'seq-12' });
  expect(readEventKey('no such thing!', ACCOUNT)).toBeUndefined();
  expect(readEventKey('%E0%A4%A', ACCOUNT)).toBeUndefined();
});
