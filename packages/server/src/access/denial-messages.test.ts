import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import type { Caller } from './caller.ts';
import { createDenialMessages } from './denial-messages.ts';

const messages = createDenialMessages(Buffer.alloc(32, 5), seededRandom('denials'));
const arn = 'arn:aws:iam::123456789012:user/alice';
const identity = { type: 'IAMUser', principalId: 'AIDAALICE' };
const caller: Caller = { anonymous: false, accountId: '123456789012', arn, identity, principal: { kind: 'user' } };
const ruling = { allowed: false, kind: 'explicit-deny', by: 'session' } as const;
const asked = { action: 's3:GetObject', resource: 'arn:aws:s3:::bucket/key', context: { 's3:prefix': ['a', 'b'] } };

test('says in AWS’s form who was denied what, within the account alone', () => {
  const message = messages.encode(caller, asked, ruling);
  expect(message).toMatch(/^[\w-]+$/);
  expect(JSON.parse(messages.decode(caller.accountId, message)!)).toEqual({
    allowed: false,
    explicitDeny: true,
    deniedBy: 'session',
    matchedStatements: { items: [] },
    failures: { items: [] },
    context: {
      principal: { id: 'AIDAALICE', arn },
      action: 's3:GetObject',
      resource: 'arn:aws:s3:::bucket/key',
      conditions: { items: [{ key: 's3:prefix', values: { items: [{ value: 'a' }, { value: 'b' }] } }] },
    },
  });
  expect(messages.decode('210987654321', message)).toBeUndefined();
  const others = createDenialMessages(Buffer.alloc(32, 6), seededRandom('x'));
  expect(others.decode(caller.accountId, message)).toBeUndefined();
});

test('stays short, and takes whatever it is given for a message', () => {
  const random = seededRandom('long');
  const context = { 'aws:RequestTag/x': random.bytes(4096).toString('base64') };
  const message = messages.encode(caller, { ...asked, context }, ruling);
  expect(message.length).toBeLessThan(2048);
  expect(JSON.parse(messages.decode(caller.accountId, message)!).context.conditions.items).toEqual([]);
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(messages.decode(caller.accountId, text)).toBeUndefined();
    }),
  );
});
