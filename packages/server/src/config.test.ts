import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig, settings } from './config.ts';

const file = (text: string) => {
  const path = join(mkdtempSync(join(tmpdir(), 'opentrail-config-')), 'opentrail.json');
  writeFileSync(path, text);
  return path;
};

test('a flag wins over the environment, the environment over the file, the file over the default', () => {
  const path = file('{"port": 1, "host": "::1", "region": "eu-west-1"}');
  const env = { OPENTRAIL_PORT: '2', OPENTRAIL_HOST: '127.0.0.2' };
  const { config, sources } = loadConfig({ flags: { port: '3' }, env, file: path });
  expect([config.port, config.host, config.region, config.accountId]).toEqual([
    3,
    '127.0.0.2',
    'eu-west-1',
    '123456789012',
  ]);
  expect([sources.port, sources.host, sources.region, sources.accountId]).toEqual([
    'flag',
    'environment',
    'file',
    'default',
  ]);
});

test('an empty environment variable counts as not set', () => {
  expect(loadConfig({ env: { OPENTRAIL_PORT: '' } }).config.port).toBe(4570);
});

test.each([
  [{ flags: { port: 'x' } }, /--port/],
  [{ env: { OPENTRAIL_ACCOUNT_ID: '12' } }, /OPENTRAIL_ACCOUNT_ID.*12 digits/],
  [{ file: file('{"prot": 1}') }, /unknown setting "prot"/],
  [{ file: file('[]') }, /JSON object/],
  [{ file: '/nonexistent/opentrail.json' }, /ENOENT/],
  [{ flags: { tlsCert: 'a.pem' } }, /tlsCert and tlsKey go together/],
  [{ flags: { outsideProfile: 'logs' } }, /outsideProfile needs one of topicsEndpoint/],
  [{ flags: { eventsEndpoint: 'events.example.com' } }, /--events-endpoint/],
  [{ env: { OPENTRAIL_RATE_QUOTAS: 'maybe' } }, /OPENTRAIL_RATE_QUOTAS/],
])('%o is refused with a message that names the setting', (inputs, message) => {
  expect(() => loadConfig(inputs)).toThrow(message);
});

test('every setting says what it is for', () => {
  for (const s of settings) expect(s.description, s.name).not.toBe('');
});

test('switches read as people write them', () => {
  for (const [text, value] of [
    ['true', true],
    ['0', false],
    ['on', true],
    ['no', false],
  ] as const) {
    expect(loadConfig({ env: { OPENTRAIL_RATE_QUOTAS: text } }).config.rateQuotas).toBe(value);
  }
});
