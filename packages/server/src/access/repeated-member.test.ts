import { expect, test } from 'vitest';
import { repeatedMember } from './repeated-member.ts';

test.each([
  ['{"a": 1, "a": 2}', 'a'],
  ['{"a": [{"b": 1, "c": {"b": 2}}, {"b": 1}], "c": "a"}', undefined],
  ['{"x": {"y": 1}, "z": [{"Effect": "Deny", "Effect": "Allow"}]}', 'Effect'],
  ['{"a": "}{\\"a\\": ", "b": ["a", "a"]}', undefined],
  ['{"a": 1, "\\u0061": 2}', 'a'],
  ['{"__proto__": 1, "toString": 2}', undefined],
  ['{}', undefined],
])('%s', (json, name) => expect(repeatedMember(json)).toBe(name));
