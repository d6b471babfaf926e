import { expect, test } from 'vitest';
import { compileSearchFilter, searchableEvent } from '../../../api/search-language.ts';
import type { AuditRecord } from '../../../parts/events/record.ts';
import { chainText, type FindRecords, followChain } from './chain.ts';

const ACCOUNT = '123456789012';
const user = (name: string, accessKeyId: string, more: object = {}) => ({
  type: 'IAMUser',
  principalId: `AIDA${name}`,
  arn: `arn:aws:iam::${ACCOUNT}:user/${name}`,
  accountId: ACCOUNT,
  accessKeyId,
  userName: name,
  ...more,
});
const session = (role: string, name: string, accessKeyId: string, creationDate: string) => ({
  type: 'AssumedRole',
  principalId: `AROA${role}:${name}`,
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/${name}`,
  accountId: ACCOUNT,
  accessKeyId,
  sessionContext: {
    sessionIssuer: { type: 'Role', arn: `arn:aws:iam::${ACCOUNT}:role/${role}`, userName: role },
    attributes: { creationDate, mfaAuthenticated: 'false' },
  },
});
const sts = (
  eventID: string,
  eventTime: string,
  userIdentity: object,
  gives: string,
  more: object = {},
): AuditRecord => ({
  eventID,
  eventTime,
  eventSource: 'sts.amazonaws.com',
  eventName: 'AssumeRole',
  userIdentity,
  responseElements: { credentials: { accessKeyId: gives } },
  ...more,
});

/** Searches as the server does, over records in a list. */
const among =
  (records: readonly AuditRecord[]): FindRecords =>
  async ({ filter, startMs, endMs }) => {
    const holds = compileSearchFilter(filter);
    return records.filter((record) => {
      const timeMs = Date.parse(String(record.eventTime));
      if (timeMs < startMs || timeMs > endMs) return false;
      const identity = record.userIdentity as Record<string, string>;
      const header = {
        timeMs,
        eventName: record.eventName,
        eventSource: record.eventSource,
        accessKeyId: identity.accessKeyId,
        eventId: record.eventID,
      };
      return holds(searchableEvent(header as never, JSON.stringify(record)));
    });
  };

const deletion = (userIdentity: object, eventTime = '2026-01-01T12:00:00Z'): AuditRecord => ({
  eventID: 'd',
  eventTime,
  eventSource: 's3.amazonaws.com',
  eventName: 'DeleteBucket',
  userIdentity,
});
const names = async (record: AuditRecord, records: readonly AuditRecord[]) =>
  (await followChain(record, among(records))).map(({ actor, via, missing }) => [
    actor.name,
    via?.eventID,
    missing?.split('.')[0],
  ]);

test('a user with a key that lasts is the beginning', async () => {
  expect(await names(deletion(user('alice', 'AKIA1')), [])).toEqual([['alice', undefined, undefined]]);
});

test('roles in a chain are followed to the person, sign-in with MFA included', async () => {
  const records = [
    sts('a2', '2026-01-01T11:30:00Z', session('One', 'alice', 'ASIA1', '2026-01-01T11:00:00Z'), 'ASIA2'),
    sts(
      'a1',
      '2026-01-01T11:00:00Z',
      user('alice', 'ASIA0', {
        sessionContext: { attributes: { creationDate: '2026-01-01T10:00:00Z', mfaAuthenticated: 'true' } },
      }),
      'ASIA1',
    ),
    {
      eventID: 'l',
      eventTime: '2026-01-01T10:00:01Z',
      eventSource: 'signin.amazonaws.com',
      eventName: 'ConsoleLogin',
      userIdentity: user('alice', ''),
      responseElements: { ConsoleLogin: 'Success' },
    },
    {
      eventID: 'f',
      eventTime: '2026-01-01T09:59:59Z',
      eventSource: 'signin.amazonaws.com',
      eventName: 'ConsoleLogin',
      userIdentity: user('alice', ''),
      responseElements: { ConsoleLogin: 'Failure' },
    },
    sts('other', '2026-01-01T11:30:00Z', user('bob', 'AKIA9'), 'ASIA9'),
  ];
  expect(await names(deletion(session('Two', 'ci', 'ASIA2', '2026-01-01T11:30:00Z')), records)).toEqual([
    ['ci (role Two)', 'a2', undefined],
    ['alice (role One)', 'a1', undefined],
    ['alice', 'l', undefined],
  ]);
});

test('a missing link is said plainly', async () => {
  expect(await names(deletion(session('Two', 'ci', 'ASIA2', '2026-01-01T11:30:00Z')), [])).toEqual([
    ['ci (role Two)', undefined, 'No record says who assumed role Two with key ASIA2'],
  ]);
});

test('a call between accounts is told by the caller’s own record, and by the other where that cannot be seen', async () => {
  const foreign = { type: 'AWSAccount', principalId: 'AIDAbob', accountId: '111111111111' };
  const grant = sts('a1', '2026-01-01T11:30:00Z', foreign, 'ASIA2', { sharedEventID: 's' });
  const own = sts('a0', '2026-01-01T11:30:00Z', user('bob', 'AKIA9'), 'ASIA2', { sharedEventID: 's' });
  const record = deletion(session('Two', 'ci', 'ASIA2', '2026-01-01T11:30:00Z'));
  expect((await names(record, [grant, own])).at(-1)).toEqual(['bob', undefined, undefined]);
  expect((await names(record, [grant])).at(-1)).toEqual([
    'account 111111111111',
    undefined,
    'Who it was is in the log of account 111111111111: you may not see it, or it has no such record',
  ]);
});

test('what goes round ends', async () => {
  const a = sts('a', '2026-01-01T11:30:00Z', session('One', 'x', 'ASIA2', '2026-01-01T11:30:00Z'), 'ASIA1');
  const b = sts('b', '2026-01-01T11:30:00Z', session('Two', 'x', 'ASIA1', '2026-01-01T11:30:00Z'), 'ASIA2');
  const links = await followChain(deletion(session('Two', 'ci', 'ASIA2', '2026-01-01T11:30:00Z')), among([a, b]));
  expect(links.length).toBeLessThanOrEqual(10);
});

test('a role that was switched to in the console is told by the record of the switch', async () => {
  const identity = { ...session('Two', 'alice', 'ASIA2', '2026-01-01T11:30:00Z') };
  const { accessKeyId: _, sessionContext: __, ...bare } = identity;
  const record: AuditRecord = {
    eventID: 's',
    eventTime: '2026-01-01T11:30:00Z',
    eventSource: 'signin.amazonaws.com',
    eventName: 'SwitchRole',
    userIdentity: bare,
    responseElements: { SwitchRole: 'Success' },
    additionalEventData: { SwitchFrom: `arn:aws:iam::${ACCOUNT}:user/alice` },
  };
  const links = [
    ['alice (role Two)', 's', undefined],
    ['alice', undefined, undefined],
  ];
  expect(await names(deletion(identity), [record])).toEqual(links);
  expect(await names(record, [record])).toEqual(links);
});

test('the chain in a line', async () => {
  const a1 = sts('a1', '2026-01-01T11:30:00Z', user('alice', 'AKIA1'), 'ASIA2');
  const record = deletion(session('Two', 'ci', 'ASIA2', '2026-01-01T11:30:00Z'));
  expect(chainText(await followChain(record, among([a1])))).toBe('alice, as Two');
  expect(chainText(await followChain(a1, among([a1])))).toBe('');
});

test('a session that says it began before it could have, or never, is looked for as long as any may last', async () => {
  const a1 = sts('a1', '2026-01-01T11:30:00Z', user('alice', 'AKIA1'), 'ASIA2');
  for (const since of [
    '9999-01-01T00:00:00Z',
    '1970-01-01T00:00:00Z',
    '+275760-09-13T00:00:00Z',
    '',
    'x',
    '20260101T113000Z',
  ]) {
    expect(await names(deletion(session('Two', 'ci', 'ASIA2', since)), [a1])).toHaveLength(2);
  }
});
