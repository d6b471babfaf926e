import fc from 'fast-check';
import { expect, test } from 'vitest';
import { layOut } from './lay-out.ts';

test('any JSON is laid out as JSON.stringify would', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(layOut(json)).toBe(JSON.stringify(JSON.parse(json), undefined, 2));
    }),
    { examples: [['{"a":[],"b":{},"c":[1,{"d":"x, {y}: \\"z\\""}]}']] },
  );
});

test('numbers, escapes and members of one name stay as they are', () => {
  expect(layOut('{"a":12345678901234567890, "a":1.0,"b":"\\u0041\\/"}')).toBe(
    '{\n  "a": 12345678901234567890,\n  "a": 1.0,\n  "b": "\\u0041\\/"\n}',
  );
});

test('what is no JSON takes no time', () => {
  expect(layOut('"'.repeat(100_001)).length).toBeGreaterThan(1);
  expect(layOut(`"${'\\'.repeat(100_000)}`)).toBeTypeOf('string');
});
