import { expect, test } from 'vitest';
import { parseSchedule } from './schedule-expression.ts';

const at = (text: string) => Date.parse(text);
const times = (expression: string, from: string, count = 3) => {
  const schedule = parseSchedule(expression, at(from))!;
  const found: string[] = [];
  for (let time = at(from); found.length < count; ) {
    const next = schedule.next(time);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().slice(0, 16));
    time = next;
  }
  return found;
};

test.each([
  ['rate(5 minutes)', '2026-01-01T00:00Z', ['2026-01-01T00:05', '2026-01-01T00:10', '2026-01-01T00:15']],
  ['rate(1 day)', '2026-01-01T12:00Z', ['2026-01-02T12:00', '2026-01-03T12:00', '2026-01-04T12:00']],
  ['cron(0 10 * * ? *)', '2026-01-01T10:00Z', ['2026-01-02T10:00', '2026-01-03T10:00', '2026-01-04T10:00']],
  ['cron(0/20 * ? * MON-FRI *)', '2026-01-02T23:30Z', ['2026-01-02T23:40', '2026-01-05T00:00', '2026-01-05T00:20']],
  ['cron(0 8 1 * ? *)', '2026-01-01T09:00Z', ['2026-02-01T08:00', '2026-03-01T08:00', '2026-04-01T08:00']],
  ['cron(0 0 L * ? *)', '2026-01-15T00:00Z', ['2026-01-31T00:00', '2026-02-28T00:00', '2026-03-31T00:00']],
  ['cron(0 0 ? * 6L *)', '2026-01-01T00:00Z', ['2026-01-30T00:00', '2026-02-27T00:00', '2026-03-27T00:00']],
  ['cron(0 0 ? * 6#3 *)', '2026-01-01T00:00Z', ['2026-01-16T00:00', '2026-02-20T00:00', '2026-03-20T00:00']],
  // The 15th of February and March 2026 are Sundays, the 15th of November too.
  ['cron(0 0 15W 2,3 ? *)', '2026-01-01T00:00Z', ['2026-02-16T00:00', '2026-03-16T00:00', '2027-02-15T00:00']],
  [
    'cron(15,45 10-11 ? JAN THU 2026-2027)',
    '2026-01-01T10:20Z',
    ['2026-01-01T10:45', '2026-01-01T11:15', '2026-01-01T11:45'],
  ],
  ['cron(0 0 29 2 ? *)', '2026-01-01T00:00Z', ['2028-02-29T00:00', '2032-02-29T00:00', '2036-02-29T00:00']],
  ['cron(0 0 1 1 ? 2020)', '2026-01-01T00:00Z', []],
])('%s', (expression, from, expected) => {
  expect(times(expression, from)).toEqual(expected);
});

test.each([
  'rate(1 minutes)',
  'rate(5 minute)',
  'rate(0 minutes)',
  'rate(5 seconds)',
  'cron(0 10 * * *)',
  'cron(0 10 * * * *)',
  'cron(0 10 ? * ? *)',
  'cron(60 10 * * ? *)',
  'cron(0 24 * * ? *)',
  'cron(0 0 32 * ? *)',
  'cron(0 0 ? * FOO *)',
  'cron(0/0 0 * * ? *)',
  'at(2026-01-01T00:00:00)',
  '',
])('%s is none', (expression) => {
  expect(parseSchedule(expression, 0)).toBeUndefined();
});
