import { expect, test } from 'vitest';
import type { StoredEvent } from '../ports/log.ts';
import { memoryState } from '../ports/state/memory.ts';
import { formerMembers, joined, left, type Membership, membershipKey, readMembers } from './members.ts';

const ORG = 'o-abcdefghij';
const event = (accountId: string, sequence: number, requestID = 'other', eventName = 'LeaveOrganization') =>
  ({
    sequence,
    header: { accountId, eventName, eventSource: 'organizations.amazonaws.com' },
    json: Buffer.from(JSON.stringify({ requestID })),
  }) as StoredEvent;

test('an account is a member from where it joined to where it left, as often as it does', async () => {
  const state = memoryState();
  const first = left(joined(undefined, 10, 0), 20, 0, 'leaving');
  const again = joined(first, 30, 0)!;
  expect(again.stretches).toHaveLength(2);
  expect(joined(again, 31, 0)).toBeUndefined();
  await state.write([
    { put: membershipKey(ORG, 'a'), value: again },
    { put: membershipKey(ORG, 'b'), value: first },
    { put: membershipKey('o-other', 'c'), value: again },
  ]);
  const members = await readMembers(state, ORG);
  expect([...members.current]).toEqual(['a']);
  expect(await formerMembers(state)).toEqual(['b']);
  const covered = [9, 10, 19, 20, 29, 30, 99].filter((sequence) => members.cover(event('a', sequence)));
  expect(covered).toEqual([10, 19, 30, 99]);
  expect(members.cover(event('c', 15))).toBe(false);
  expect(members.cover(event('b', 25, 'leaving'))).toBe(true);
  expect(members.cover(event('b', 25, 'leaving', 'ListRoots'))).toBe(false);
});

test('what lies before the Log is forgotten, and leaving twice is leaving once', () => {
  const old: Membership = { stretches: [{ from: 1, to: 5 }, { from: 7, to: 9 }, { from: 12 }] }; // biome-ignore format: a list
  expect(left(old, 20, 8, undefined).stretches).toEqual([
    { from: 7, to: 9 },
    { from: 12, to: 20 },
  ]);
  const gone = left(old, 20, 8, undefined);
  expect(left(gone, 25, 8, 'again')).toEqual(gone);
  expect(joined(gone, 30, 100)).toEqual({ stretches: [{ from: 30 }] });
});
