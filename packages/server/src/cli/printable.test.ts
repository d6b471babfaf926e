import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { printable, printableJson } from './printable.ts';
import { createProgress } from './progress.ts';
import { oneLine } from './tail.ts';

const EVIL = '\u001b]0;owned\u0007\u009b2J\u202e';

test('nothing in a record commands the terminal', () => {
  const line = oneLine(JSON.stringify({ eventName: EVIL, userIdentity: { arn: EVIL }, sourceIPAddress: EVIL }));
  expect(line).toContain('-:\\x1b]0;owned\\x07\\x9b2J\\u202e  \\x1b]0;owned');
  expect(printable('ü 日本 😀')).toBe('ü 日本 😀');
});

test('a record with members of odd types is shown all the same', () => {
  const odd = { eventTime: 1, eventSource: 5, eventName: null, userIdentity: { arn: ['x'] }, errorCode: {} };
  expect(oneLine(JSON.stringify(odd))).toBe('1  5:-  ["x"]  {}');
});

test('JSON stays the same JSON', () => {
  const json = `{"a":"\u009b\u202eü"}`;
  expect(printableJson(json)).toBe('{"a":"\\u009b\\u202eü"}');
  expect(JSON.parse(printableJson(json))).toEqual(JSON.parse(json));
});

test('nor does the name of a file that is imported', () => {
  const written: string[] = [];
  const terminal = { isTTY: false, write: (text: string) => written.push(text) };
  createProgress(new FakeClock(), { terminal }).note(`a${EVIL}.json:1: refused`);
  expect(written.join('')).toBe('a\\x1b]0;owned\\x07\\x9b2J\\u202e.json:1: refused\n');
});
