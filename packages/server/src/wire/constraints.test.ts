import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { brokenConstraints, type ConstraintTable, type Rule } from './constraints.ts';

const NAME: Rule = { min: 2, max: 4, pattern: /^[a-z]+$/ };
const TABLE: ConstraintTable = {
  rules: {
    Name: NAME,
    'Other.Name': { max: 9 },
    Spoken: { pattern: /^x*$/, sentence: 'It must be x.' },
    Secret: { ...NAME, secret: true },
    Secrets: { max: 1, each: { members: { Password: { ...NAME, secret: true } } } },
    Kind: { values: ['A', 'B'] },
    Days: { min: 1, max: 7 },
    Names: { max: 2, each: NAME },
    Unbounded: { each: NAME },
    Tags: { each: { members: { Key: { ...NAME, required: true }, AWSValue: { max: 1 } } } },
    Target: { members: { Id: NAME } },
  },
  required: { Make: ['Name', 'Kind'] },
  showsAnchors: false,
};
const told = (input: object, operation = 'Do') => brokenConstraints(TABLE, operation, input as Record<string, unknown>);
const one = (complaint: string) => `1 validation error detected: ${complaint}`;
const failed = 'failed to satisfy constraint: Member must';

test('what breaks no rule is not remarked on', () => {
  expect(told({ Name: 'abc', Unknown: 'x'.repeat(9), Days: 7, Names: ['ab'], Kind: undefined })).toBeUndefined();
  expect(told({ Name: 'a b c' }, 'Other')).toBeUndefined();
});

test.each<[object, string]>([
  [{ Name: 'a' }, `Value 'a' at 'name' ${failed} have length greater than or equal to 2`],
  [{ Name: 'abcde' }, `Value 'abcde' at 'name' ${failed} have length less than or equal to 4`],
  [{ Name: 'A-B' }, `Value 'A-B' at 'name' ${failed} satisfy regular expression pattern: [a-z]+`],
  [{ Name: null }, `Value null at 'name' ${failed} not be null`],
  [{ Kind: 'C' }, `Value 'C' at 'kind' ${failed} satisfy enum value set: [A, B]`],
  [{ Days: 0 }, `Value '0' at 'days' ${failed} have value greater than or equal to 1`],
  [{ Days: 8 }, `Value '8' at 'days' ${failed} have value less than or equal to 7`],
  [{ Days: 1.5 }, `Value '1.5' at 'days' ${failed} be an integer`],
  [{ Secret: 'SECRET' }, `Value at 'secret' ${failed} have length less than or equal to 4`],
  [{ Secret: 'A B' }, `Value at 'secret' ${failed} satisfy regular expression pattern: [a-z]+`],
  [{ Names: ['ab', '', 'c'] }, `Value '["ab","","c"]' at 'names' ${failed} have length less than or equal to 2`],
  [{ Names: ['ab', null] }, `Value null at 'names.2.member' ${failed} not be null`],
  [{ Tags: [{ AWSValue: 'a' }] }, `Value null at 'tags.1.member.key' ${failed} not be null`],
  [
    { Tags: [{ Key: 'ab', AWSValue: 'ab' }] },
    `Value 'ab' at 'tags.1.member.AWSValue' ${failed} have length less than or equal to 1`,
  ],
  [{ Target: { Id: 'a' } }, `Value 'a' at 'target.id' ${failed} have length greater than or equal to 2`],
  [{ Name: 'x'.repeat(1000) }, `Value '${'x'.repeat(256)}' at 'name' ${failed} have length less than or equal to 4`],
])('%j is told in the words of AWS', (input, complaint) => expect(told(input)).toBe(one(complaint)));

describe('several complaints', () => {
  test('stand in one message, those of the service itself last', () => {
    expect(brokenConstraints(TABLE, 'Make', { Days: 0 }, ['mine'])).toBe(
      `4 validation errors detected: Value null at 'name' ${failed} not be null; Value null at 'kind' ${failed} not be null; ` +
        `Value '0' at 'days' ${failed} have value greater than or equal to 1; mine`,
    );
  });
  test("are ten at most; a service's own sentence stands alone", () => {
    expect(told({ Unbounded: Array(1_000).fill('a') })).toMatch(/^10 validation errors detected: /);
    expect(told({ Spoken: 'y' })).toBe('The specified value for spoken is invalid. It must be x.');
    expect(told({ Spoken: 'y', Days: 0 })).toMatch(/^1 validation error detected: Value '0'/);
  });
});

test('anchors are shown where the model has them', () => {
  expect(brokenConstraints({ ...TABLE, showsAnchors: true }, 'Do', { Name: 'A-B' })).toContain('pattern: ^[a-z]+$');
});

test('no secret stands in a message, whatever is wrong with it', () => {
  const secret = fc.string({ minLength: 5 }).filter((text) => !/^[\w ':.+=[\]-]*$/.test(text));
  fc.assert(
    fc.property(secret, fc.integer({ min: 1, max: 2 }), (value, count) => {
      const Secrets = Array(count).fill({ Password: value });
      expect(told({ Secret: value })).not.toContain(value);
      expect(told({ Secrets })).not.toContain(value);
    }),
  );
});
