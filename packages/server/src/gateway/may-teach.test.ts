import { expect, test } from 'vitest';
import { loadSchema } from '../schema/load.ts';
import type { Exchange } from './exchange.ts';
import { mayTeach } from './may-teach.ts';

const STS = { ...loadSchema('sts'), endpointPrefix: 'sts' };
const copy = (text: string) => ({ bytes: Buffer.from(text), whole: true, totalBytes: text.length });
const GOOD: Exchange = {
  http: { method: 'POST', rawPath: '/', rawQuery: '', query: [], headers: {}, host: 'localhost:4566', sourceIp: '' },
  startMs: 0,
  endMs: 0,
  requestBody: copy('Action=GetCallerIdentity&Version=2011-06-15'),
  answer: { status: 200, headers: { 'content-type': 'text/xml' }, body: copy('<x/>') },
};
const teaches = (change: Partial<Exchange>) => mayTeach({ ...GOOD, ...change }, STS, ['gateway.corp.example']);
const withHost = (host: string) => teaches({ http: { ...GOOD.http, host } });

test('a plain call teaches, in the body or in the query', () => {
  expect(teaches({})).toBe(true);
  const query = [
    ['Action', 'GetCallerIdentity'],
    ['X-Amz-Signature', 'x'],
  ] as const;
  expect(teaches({ http: { ...GOOD.http, method: 'GET', query }, requestBody: copy('') })).toBe(true);
});

for (const host of [
  ...['127.0.0.1:4566', '[::1]:4566', 'moto', 'gateway.corp.example', 'sts.gateway.corp.example:443'],
  ...['sts.amazonaws.com', 'sts.us-east-1.amazonaws.com', 'sts-fips.us-east-1.amazonaws.com', 'sts.eu-west-1.api.aws'],
  'STS.us-east-1.localhost',
]) {
  test(`${host} is the service or the gateway`, () => expect(withHost(host)).toBe(true));
}

for (const host of [
  ...['evil.example', 'sts.evil.example', 'xyz.lambda-url.us-east-1.gateway.corp.example', 'bucket.s3.amazonaws.com'],
  ...['sts.s3.us-east-1.amazonaws.com', 'stsx.amazonaws.com', 'sts.evil.amazonaws.com.evil.example'],
]) {
  test(`${host} may be anybody`, () => expect(withHost(host)).toBe(false));
}

const refused: Record<string, Partial<Exchange>> = {
  'an error': { answer: { ...GOOD.answer!, status: 403 } },
  'a redirect': { answer: { ...GOOD.answer!, status: 302 } },
  'no answer': { answer: undefined as never },
  'a cut answer': { answer: { ...GOOD.answer!, body: { ...copy('<x/>'), whole: false } } },
  'a stored object': { answer: { ...GOOD.answer!, headers: { etag: '"x"' } } },
  'another path': { http: { ...GOOD.http, rawPath: '/bucket/key' } },
  'parameters in two places': { http: { ...GOOD.http, query: [['Action', 'AssumeRole']] } },
  'a parameter twice': { requestBody: copy('Action=A&UserName=me&UserName=victim') },
  'no form': { requestBody: copy('Action=%ff') },
  'a failure': { failure: { kind: 'client-gone', code: 'x', message: '' } },
};
for (const [name, change] of Object.entries(refused)) {
  test(`${name} teaches nothing`, () => expect(teaches(change)).toBe(false));
}
