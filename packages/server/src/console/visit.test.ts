import { describe, expect, test } from 'vitest';
import type { HttpRequest } from '../wire/request.ts';
import { createReception, type Place, requireOwnOrigin } from './visit.ts';

const request = (host: string, headers: Record<string, string> = {}): HttpRequest => ({
  method: 'POST',
  rawPath: '/session',
  rawQuery: '',
  query: [],
  headers: { host, ...headers },
  host,
  sourceIp: '192.0.2.1',
});
const place: Place = { secure: false, names: ['audit.corp'] };

describe('host names', () => {
  test.each([
    ...['127.0.0.1:4571', '[::1]:4571', '10.1.2.3:4571', 'localhost', 'LOCALHOST:4571', 'a.localhost:4571'],
    'audit.corp:4571',
  ])('%s is ours', (host) => {
    expect(createReception(place)(request(host)).origin).toBe(`http://${host.toLowerCase()}`);
  });

  test.each([
    ...[
      'evil.example',
      'localhost.evil.example:4571',
      'xlocalhost',
      'audit.corp.evil.example',
      '127.0.0.1.evil.example',
    ],
    ...['127.0.0.1:4571@evil.example', 'evil.example/127.0.0.1', '127.0.0.1 evil', '[::1', ':4571', 'a:b:c', '%31'],
    ...['localhost:4571,evil.example', '0x7f.1', '127.1', '2130706433', '[::1%25eth0]'],
  ])('%s is a stranger', (host) => {
    expect(() => createReception(place)(request(host))).toThrow(/host name/);
  });

  test('a proxy gives name and scheme', () => {
    const receive = createReception({ ...place, url: 'https://console.example.com/' });
    expect(receive(request('console.example.com'))).toMatchObject({
      origin: 'https://console.example.com',
      secure: true,
    });
    expect(receive(request('127.0.0.1:4571'))).toMatchObject({ origin: 'http://127.0.0.1:4571', secure: false });
    expect(() => receive(request('example.com'))).toThrow();
  });

  test('a certificate that is none is told at once', () => {
    expect(() => createReception({ secure: true, certificate: 'nonsense', names: [] })).toThrow();
  });
});

describe('where a request comes from', () => {
  const visit = (headers: Record<string, string>) => createReception(place)(request('localhost:4571', headers));
  test.each<Record<string, string>>([
    {},
    { origin: 'http://localhost:4571' },
    { origin: 'http://localhost:4571', 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
  ])('%j may ask', (headers) => {
    requireOwnOrigin(visit(headers));
  });

  test.each<Record<string, string>>([
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: '' },
    { origin: 'https://localhost:4571' },
    { origin: 'http://localhost:4572' },
    { origin: 'http://localhost:4571', 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'something-new' },
    { origin: 'http://localhost:4571,http://evil.example' },
  ])('%j may not', (headers) => {
    expect(() => requireOwnOrigin(visit(headers))).toThrow(/Only pages of/);
  });
});
