import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchPath, pathTo } from './router.ts';

describe('matchPath', () => {
  test.each([
    ['/', '/', {}],
    ['/events', '/events', {}],
    ['/events', '/events/', {}],
    ['/events', '/event', undefined],
    ['/events', '/events/1', undefined],
    ['/events/:accountId/:eventId', '/events/123456789012/8f-2c', { accountId: '123456789012', eventId: '8f-2c' }],
    ['/events/:accountId/:eventId', '/events/123456789012', undefined],
    ['/events/:accountId/:eventId', '/events/123456789012/a%2Fb', { accountId: '123456789012', eventId: 'a/b' }],
    [
      '/trails/:arn…',
      '/trails/arn:aws:cloudtrail:us-east-1:1:trail/a',
      { arn: 'arn:aws:cloudtrail:us-east-1:1:trail/a' },
    ],
    ['/trails/:arn…', '/trails', undefined],
    ['/trails/:arn…', '/trails/', undefined],
    ['/users/:name', '/users/%E0%A4%A', undefined],
  ])('%s of %s', (pattern, path, params) => {
    expect(matchPath(pattern, path)).toEqual(params);
  });

  test('reads what pathTo writes, whatever a value holds', () => {
    const value = fc.string({ minLength: 1, unit: 'grapheme' }).filter((s) => !/^\.+$|\/$/.test(s));
    fc.assert(
      fc.property(value, value, (accountId, eventId) => {
        const pattern = '/events/:accountId/:eventId';
        expect(matchPath(pattern, pathTo(pattern, { accountId, eventId }))).toEqual({ accountId, eventId });
        expect(matchPath('/trails/:arn…', pathTo('/trails/:arn…', { arn: eventId }))).toEqual({ arn: eventId });
      }),
    );
  });
});
