import { expect, test } from 'vitest';
import { trustedIn, trustedText } from './trusted.ts';

const policy = (...Principal: unknown[]) =>
  JSON.stringify({ Statement: Principal.map((P) => ({ Effect: 'Allow', Principal: P, Action: 'sts:AssumeRole' })) });

test.each([
  [policy({ AWS: 'arn:aws:iam::123456789012:root' }), ['Account 123456789012']],
  [
    policy({ AWS: ['123456789012', 'arn:aws:iam::123456789012:user/ops/alice'] }),
    ['Account 123456789012', 'user/ops/alice'],
  ],
  [policy({ Service: ['lambda.amazonaws.com', 'ec2.amazonaws.com'] }), ['lambda.amazonaws.com', 'ec2.amazonaws.com']],
  [policy({ Federated: 'arn:aws:iam::1:saml-provider/x' }), ['arn:aws:iam::1:saml-provider/x']],
  [policy('*', { AWS: '*' }), ['everyone']],
  [JSON.stringify({ Statement: { Effect: 'Allow', Principal: '*' } }), ['everyone']],
  [JSON.stringify({ Statement: [{ Effect: 'Deny', Principal: '*' }] }), []],
  ['{}', []],
  ['null', []],
  ['[1]', []],
  ['{"Statement":[null,1,"x"]}', []],
  ['no json', []],
])('%s lets in %j', (document, expected) => {
  expect(trustedIn(document)).toEqual(expected);
});

test('in a line, no more than three', () => {
  expect(trustedText(policy({ Service: ['a', 'b', 'c', 'd', 'e'] }))).toBe('a, b, c and 2 more');
  expect(trustedText('{}')).toBe('Nobody');
});
