import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../config.ts';
import { CLIENT_DEFAULTS, endpointOf } from './endpoints.ts';
import { envCommand, envExports } from './env.ts';

const configWith = (flags: Record<string, unknown>) => loadConfig({ flags, env: {} }).config;

test('the exports survive a shell, whatever the folder is called', () => {
  const lines = envExports(configWith({ dataDir: "./it's a $HOME `folder`" }), 'opentrail');
  const shown = execFileSync('sh', ['-c', `${lines}\nprintf %s "$AWS_SHARED_CREDENTIALS_FILE|$AWS_ENDPOINT_URL"`], {
    encoding: 'utf8',
  });
  expect(shown).toBe(`${resolve("./it's a $HOME `folder`")}/credentials|http://127.0.0.1:4570`);
});

test('what a command takes for granted is what the settings are by default', () => {
  expect(loadConfig({ env: {} }).config).toMatchObject(JSON.parse(JSON.stringify(CLIENT_DEFAULTS)));
});

test('an address to listen on becomes one to call', () => {
  expect(endpointOf(configWith({ host: '0.0.0.0' }))).toBe('http://127.0.0.1:4570');
  expect(endpointOf(configWith({ host: '::1', port: 1 }))).toBe('http://[::1]:1');
  expect(endpointOf(configWith({ tlsCert: 'c', tlsKey: 'k' }))).toBe('https://127.0.0.1:4570');
});

test('the greeting names all that a terminal without its flags and environment needs to find the server', () => {
  const loaded = (flags: Record<string, unknown>, env = {}) => loadConfig({ flags, env });
  expect(envCommand(loaded({}), 4570)).toBe('npx opentrail env');
  expect(envCommand(loaded({ port: 4670, dataDir: './my data' }), 4670)).toBe(
    "npx opentrail env --data-dir './my data' --port 4670",
  );
  expect(envCommand(loaded({ port: 0 }), 41234)).toBe('npx opentrail env --port 41234');
  expect(envCommand(loaded({}, { OPENTRAIL_REGION: 'eu-west-1' }), 4570)).toBe('npx opentrail env --region eu-west-1');
});
