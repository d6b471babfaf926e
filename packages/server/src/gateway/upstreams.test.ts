import { expect, test } from 'vitest';
import { OperatorError } from '../base/errors.ts';
import { createUpstreams, parseUpstreams } from './upstreams.ts';

test('upstreams are chosen by signing name, else by the star', () => {
  const given = ['s3=http://127.0.0.1:9000', ' ec2 = https://ec2.internal', '*=http://[::1]:5000/'];
  const upstreams = createUpstreams(parseUpstreams(given));
  expect(upstreams.for('s3')!.name).toBe('http://127.0.0.1:9000');
  expect(upstreams.for('ec2')!.name).toBe('https://ec2.internal');
  expect(upstreams.for('kms')!.name).toBe('http://[::1]:5000');
  upstreams.close();
  expect(createUpstreams(parseUpstreams(['s3=http://a'])).for('kms')).toBeUndefined();
});

for (const [given, says] of [
  [['http://127.0.0.1'], 'names no service'],
  [['S3!=http://a'], 'no signing name'],
  [['s3=http://a', 's3=http://b'], 'Two upstreams'],
  [['s3=nowhere'], 'no URL'],
  [['s3=ftp://a'], 'only http and https'],
  [['s3=http://user:pass@a'], 'their own credentials'],
  [['s3=http://a/base'], 'a path cannot be put'],
] as const) {
  test(`${given} is refused, with what is wrong and how to write it`, () => {
    expect(() => parseUpstreams(given)).toThrow(OperatorError);
    expect(() => parseUpstreams(given)).toThrow(says);
  });
}
