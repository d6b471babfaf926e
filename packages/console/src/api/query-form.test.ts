import { expect, test } from 'vitest';
import { queryForm } from './query-form.ts';

test('input as the query protocol writes it', () => {
  const form = queryForm('CreateThing', '2010-05-08', {
    Name: 'a & b',
    Count: 3,
    Skipped: undefined,
    When: new Date('2026-01-01T00:00:00Z'),
    Tags: [{ Key: 'k', Value: 'v' }],
    Names: ['x', 'y'],
    Attributes: new Map([['FifoTopic', 'true']]),
    Deep: { Inner: true },
  });
  expect(Object.fromEntries(form)).toEqual({
    Action: 'CreateThing',
    Version: '2010-05-08',
    Name: 'a & b',
    Count: '3',
    When: '2026-01-01T00:00:00.000Z',
    'Tags.member.1.Key': 'k',
    'Tags.member.1.Value': 'v',
    'Names.member.1': 'x',
    'Names.member.2': 'y',
    'Attributes.entry.1.key': 'FifoTopic',
    'Attributes.entry.1.value': 'true',
    'Deep.Inner': 'true',
  });
});
