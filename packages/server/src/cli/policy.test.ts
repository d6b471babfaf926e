import { expect, test } from 'vitest';
import { sizeHint } from './policy.ts';

test('of a policy that IAM would not take for its size it is said', () => {
  const of = (count: number) => ({ Resource: Array.from({ length: count }, (_, i) => `arn:aws:s3:::logs/${i}`) });
  expect(sizeHint(of(10))).toBeUndefined();
  expect(sizeHint(of(1000))).toMatch(/^The policy has \d+ characters, and IAM takes 6144/);
});
