import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OperatorError } from '../../base/errors.ts';
import { ObjectsError } from '../../ports/objects.ts';
import { createAddresses, regionNamedIn, type StorePlace } from './address.ts';

const addresses = (place: Partial<StorePlace> = {}) =>
  createAddresses({ endpoint: 'https://store.test:9000', region: 'us-east-1', addressing: 'path', ...place });
const answer = (status: number, body = '', headers = {}) => ({ status, headers, body: Buffer.from(body) });

describe('an address', () => {
  test.each([
    ['path', 'https://store.test:9000', 'logs', 'https://store.test:9000/logs/AWSLogs/1%202'],
    ['virtual-host', 'https://store.test:9000/', 'logs', 'https://logs.store.test:9000/AWSLogs/1%202'],
    ['virtual-host', 'https://store.test', 'my.logs', 'https://store.test/my.logs/AWSLogs/1%202'],
    ['virtual-host', 'http://store.test', 'my.logs', 'http://my.logs.store.test/AWSLogs/1%202'],
  ] as const)('by %s at %s of %s', (addressing, endpoint, bucket, expected) => {
    expect(addresses({ addressing, endpoint }).of(bucket, 'AWSLogs/1 2').url.href).toBe(expected);
  });

  test('of a bucket itself', () => {
    expect(addresses().of('logs', '', '?acl=').url.href).toBe('https://store.test:9000/logs?acl=');
    const virtual = addresses({ addressing: 'virtual-host' });
    expect(virtual.of('logs', '', '?acl=').url.href).toBe('https://logs.store.test:9000/?acl=');
  });

  test('never leads out of the bucket, or to another key than was meant', () => {
    const part = fc.oneof(
      fc.constantFrom('..', '.', '', '%2e%2e', '\\', '?', '#', 'a:b', '@'),
      fc.string({ unit: 'binary' }),
    );
    const keys = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(keys, fc.constantFrom('path' as const, 'virtual-host' as const), (key, addressing) => {
        fc.pre(key !== '');
        try {
          const { url } = addresses({ addressing }).of('logs', key);
          const prefix = addressing === 'path' ? '/logs/' : '/';
          expect(url.host).toBe(addressing === 'path' ? 'store.test:9000' : 'logs.store.test:9000');
          expect(url.pathname.startsWith(prefix)).toBe(true);
          expect(decodeURIComponent(url.pathname.slice(prefix.length))).toBe(key);
          expect(url.search).toBe('');
        } catch (error) {
          if (!(error instanceof ObjectsError)) throw error;
          expect(key.split('/').some((segment) => segment === '.' || segment === '..')).toBe(true);
        }
      }),
    );
  });

  test.each(['', 'a', 'logs/../other', 'logs.evil.test/', 'UPPER', 'logs?', 'logs@evil.test', '..', 'a'.repeat(64)])(
    'is not made for a bucket called %j',
    (bucket) => expect(() => addresses().of(bucket, 'k')).toThrow(ObjectsError),
  );

  test('follows a bucket to the Region that the store names, at AWS to its endpoint too', () => {
    const aws = addresses({ endpoint: 'https://s3.us-east-1.amazonaws.com', addressing: 'virtual-host' });
    expect(aws.moved('logs', 'us-east-1')).toBe(false);
    expect(aws.moved('logs', 'eu-west-1')).toBe(true);
    expect(aws.moved('logs', 'eu-west-1')).toBe(false);
    expect(aws.of('logs', 'k')).toMatchObject({
      url: { href: 'https://logs.s3.eu-west-1.amazonaws.com/k' },
      region: 'eu-west-1',
    });
    expect(aws.of('others', 'k').region).toBe('us-east-1');
    const own = addresses();
    own.moved('logs', 'eu-west-1');
    expect(own.of('logs', 'k')).toMatchObject({ url: { host: 'store.test:9000' }, region: 'eu-west-1' });
  });
});

test.each([
  [answer(301, '', { 'x-amz-bucket-region': 'eu-west-1' }), 'eu-west-1'],
  [answer(307, '', { 'x-amz-bucket-region': 'eu-west-1' }), 'eu-west-1'],
  [answer(400, '<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>'), 'eu-west-1'],
  [answer(301, '', { 'x-amz-bucket-region': 'evil.test/' }), undefined],
  [answer(301), undefined],
  [answer(403, '', { 'x-amz-bucket-region': 'eu-west-1' }), undefined],
  [answer(200, '', { 'x-amz-bucket-region': 'eu-west-1' }), undefined],
])('the Region in an answer (%#)', (said, region) => expect(regionNamedIn(said)).toBe(region));

test.each([
  ['ftp://store.test', 'path'],
  ['https://store.test/folder', 'path'],
  ['https://someone:hunter2@store.test', 'path'],
  ['https://store.test/?key=hunter2', 'path'],
  ['store.test', 'path'],
  ['http://127.0.0.1:9000', 'virtual-host'],
  ['http://[::1]:9000', 'virtual-host'],
] as const)('endpoint %s by %s is refused, and not told again', (endpoint, addressing) => {
  const open = () => addresses({ endpoint, addressing });
  expect(open).toThrow(OperatorError);
  expect(open).not.toThrow(/hunter2/);
});
