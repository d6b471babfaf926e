import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { checkBucketName, checkPrefix, checkTrailName, parseTrailArn } from './names.ts';

function refusal(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

describe('trail names', () => {
  test.each(['abc', 'my-trail', 'a.b_c-d', '1-2', 'A'.repeat(128), '1.2.3', '1.2.3.4.5'])('%s is one', (name) => {
    expect(refusal(() => checkTrailName(name))).toBeUndefined();
  });
  test.each([
    [undefined, 'Trail name cannot be blank!'],
    ['', 'Trail name cannot be blank!'],
    ['   ', 'Trail name cannot be blank!'],
    ['192.168.5.4', 'Trail names must not be formatted as an IP address.'],
    ['ab', 'Trail name too short. Minimum allowed length: 3 characters. Specified name length: 2 characters.'],
    [
      'a'.repeat(129),
      'Trail name too long. Maximum allowed length: 128 characters. Specified name length: 129 characters.',
    ],
    ['-abc', 'Trail name must starts with a letter or number.'],
    ['trail!', 'Trail name must ends with a letter or number.'],
    [
      'my#trail',
      'Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).',
    ],
    ['my--trail', 'Trail name or ARN cannot have adjacent periods (.), hyphens (-), or underscores (_).'],
    ['my-_trail', 'Trail name or ARN cannot have adjacent periods (.), hyphens (-), or underscores (_).'],
    ['abc\n', 'Trail name must ends with a letter or number.'],
  ])('%j is none', (name, message) => {
    expect(refusal(() => checkTrailName(name))).toBe(`InvalidTrailNameException: ${message}`);
  });
});

describe('trail ARNs', () => {
  test('are taken apart', () => {
    expect(parseTrailArn('arn:aws:cloudtrail:eu-west-1:123456789012:trail/main')).toEqual({
      region: 'eu-west-1',
      accountId: '123456789012',
      name: 'main',
    });
  });
  test.each([
    'arn:',
    'arn:aws:cloudtrail:eu-west-1:123456789012:main',
    'arn:aws:cloudtrail:eu-west-1:1234:trail/main',
    'arn:aws:s3:::bucket',
    'arn:aws:cloudtrail::123456789012:trail/main',
    'arn:aws:cloudtrail:eu/west:123456789012:trail/main',
    ' arn:aws:cloudtrail:eu-west-1:123456789012:trail/main',
  ])('%j is none', (arn) => {
    expect(refusal(() => parseTrailArn(arn))).toMatch(/^CloudTrailARNInvalidException: /);
  });
  test('have a trail name in them', () => {
    expect(refusal(() => parseTrailArn('arn:aws:cloudtrail:eu-west-1:123456789012:trail/a'))).toMatch(
      /^InvalidTrailNameException: Trail name too short/,
    );
  });
});

describe('bucket names', () => {
  test.each(['abc', 'my-bucket', 'a.b.c', '1.2.3', 'a'.repeat(63)])('%s is one', (name) => {
    expect(refusal(() => checkBucketName(name))).toBeUndefined();
  });
  test.each([
    undefined,
    '',
    'ab',
    'a'.repeat(64),
    'Upper',
    'under_score',
    '-abc',
    'abc-',
    'a..b',
    'a.-b',
    '10.0.0.1',
    'a/b',
    'abc\n',
  ])('%j is none', (name) => {
    expect(refusal(() => checkBucketName(name))).toMatch(/^InvalidS3BucketNameException: /);
  });
});

describe('prefixes', () => {
  test.each([undefined, '', 'a', 'a/b', 'myAWSLogs', 'x'.repeat(200)])('%j is one', (prefix) => {
    expect(refusal(() => checkPrefix(prefix))).toBeUndefined();
  });
  test('have at most 200 characters', () => {
    expect(refusal(() => checkPrefix('x'.repeat(201)))).toBe(
      'InvalidS3PrefixException: S3 prefix is longer than maximum length: 200',
    );
  });
  test.each(['AWSLogs', 'AWSLogs/x', 'a/AWSLogs/b'])('%s reaches into the reserved tree', (prefix) => {
    expect(refusal(() => checkPrefix(prefix))).toMatch(/^InvalidS3PrefixException: /);
  });
});

test('no text, however hostile, gets anything but an AwsError', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const check of [checkTrailName, checkBucketName, checkPrefix, parseTrailArn]) refusal(() => check(text));
    }),
  );
});
