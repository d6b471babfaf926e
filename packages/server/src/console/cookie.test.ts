import { expect, test } from 'vitest';
import { cookieName, readCookie, setCookie } from './cookie.ts';

const ID = `${'a'.repeat(42)}_`;
const reading = (cookie?: string) =>
  readCookie(
    {
      method: 'GET',
      rawPath: '/',
      rawQuery: '',
      query: [],
      host: 'localhost',
      sourceIp: '',
      headers: cookie === undefined ? {} : { cookie },
    },
    'opentrail-4571',
  );

test.each([`opentrail-4571=${ID}`, `a=b; opentrail-4571=${ID}; c=d`, `opentrail-4570=x;opentrail-4571=${ID}`])(
  '%s names a session',
  (cookie) => {
    expect(reading(cookie)).toBe(ID);
  },
);

test.each([
  undefined,
  '',
  'opentrail-4571',
  'opentrail-4571=',
  `opentrail-4571=${ID}x`,
  `opentrail-4571=${ID.slice(1)}`,
  `opentrail-4571="${ID}"`,
  `xopentrail-4571=${ID}`,
  `opentrail-4571=${ID}; opentrail-4571=${'b'.repeat(43)}`,
  `opentrail-4571=${ID},opentrail-4571=${ID}`,
])('%s names none', (cookie) => {
  expect(reading(cookie)).toBeUndefined();
});

test('is out of reach of scripts and of other sites', () => {
  expect(setCookie(cookieName(false, 4571), ID, false, 60)).toBe(
    `opentrail-4571=${ID}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict`,
  );
  expect(setCookie(cookieName(true, 4571), ID, true, 60)).toBe(
    `__Host-opentrail=${ID}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure`,
  );
});
