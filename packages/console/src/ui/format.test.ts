import { expect, test } from 'vitest';
import {
  accountText,
  agoText,
  bytesText,
  callerName,
  eventsText,
  spanText,
  timeMs,
  timeText,
  zoneText,
} from './format.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1300, '1.3 kB'],
  [250_000, '250 kB'],
  [5_120_000_000, '5.1 GB'],
])('%d bytes', (bytes, text) => expect(bytesText(bytes)).toBe(text));

test('one event, and others', () => {
  expect([0, 1, 1_234].map(eventsText)).toEqual(['0 events', '1 event', '1,234 events']);
});

test('spans of time', () => {
  expect(spanText(500)).toBe('0 seconds');
  expect(spanText(61_000)).toBe('1 minute');
  expect(spanText(3 * 86_400_000)).toBe('3 days');
  expect(agoText(1000, 1500)).toBe('just now');
  expect(agoText(5000, 1000)).toBe('just now');
  expect(agoText(0, 7_200_000)).toBe('2 hours ago');
});

test('accounts and callers', () => {
  expect(accountText('123456789012')).toBe('1234-5678-9012');
  expect(accountText('anonymous')).toBe('anonymous');
  expect(callerName('arn:aws:iam::123456789012:user/dir/alice')).toBe('dir/alice');
  expect(callerName('arn:aws:sts::123456789012:assumed-role/Deploy/ci')).toBe('Deploy/ci');
  expect(callerName('arn:aws:iam::123456789012:root')).toBe('root');
  expect(callerName('something else')).toBe('something else');
});

test('times', () => {
  const ms = Date.UTC(2026, 0, 31, 12, 34, 56);
  expect(timeText(ms, 'utc')).toBe('2026-01-31 12:34:56');
  expect(timeText(ms, 'utc', { short: true })).toBe('2026-01-31 12:34');
  expect(zoneText(ms, 'utc')).toBe('UTC');
  expect(timeText(Number.NaN, 'utc')).toBe('unknown');
  expect(timeText(9e15, 'utc')).toBe('unknown');
  expect(timeMs(ms / 1000)).toBe(ms);
  expect(timeMs(ms)).toBe(ms);
  expect(timeMs('2026-01-31T12:34:56Z')).toBe(ms);
});
