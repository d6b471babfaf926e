import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { aws, run, testWith } from './support/clients.ts';
import { cleanUp, newFolder, readProfile, startOpenTrail } from './support/opentrail.ts';

afterAll(cleanUp);

const OPENTRAIL = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const opentrail = (...args: string[]) => run(process.execPath, [OPENTRAIL, ...args], {});

testWith(
  ['aws'],
  'a first start makes an account that the AWS CLI can use, and a second start finds it again',
  async () => {
    const dataDir = newFolder('first');
    const first = await startOpenTrail({ dataDir });
    const credentials = join(dataDir, 'credentials');
    expect(statSync(credentials).mode & 0o777).toBe(0o600);
    const me = await aws<{ Account: string; Arn: string }>(first.env, 'sts', 'get-caller-identity');
    expect(me).toMatchObject({ Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/opentrail' });
    const root = await aws<{ Arn: string }>(
      { ...first.env, AWS_PROFILE: 'opentrail-root' },
      'sts',
      'get-caller-identity',
    );
    expect(root.Arn).toBe('arn:aws:iam::123456789012:root');
    const written = readFileSync(credentials, 'utf8');
    expect(await first.stop()).toBe(0);

    const second = await startOpenTrail({ dataDir });
    expect(readFileSync(credentials, 'utf8')).toBe(written);
    expect(await aws(second.env, 'sts', 'get-caller-identity')).toEqual(me);
    expect(await second.stop()).toBe(0);
    expect(second.log()).not.toContain(readProfile(credentials, 'opentrail').secretAccessKey);
  },
);

test('a second process on the same data folder is refused in words', async () => {
  const first = await startOpenTrail();
  const second = await opentrail('serve', '--port', '0', '--data-dir', first.dataDir);
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/Another OpenTrail \(process \d+\) is using the data folder .*--data-dir/);
  await first.stop();
});

test('a taken port, a bad setting and an unknown command are told in words', async () => {
  const first = await startOpenTrail();
  const port = new URL(first.endpoint).port;
  const taken = await opentrail('serve', '--port', port, '--data-dir', newFolder('taken'));
  expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining(`Port ${port} on 127.0.0.1 is taken`)]);
  const bad = await opentrail('serve', '--delivery-interval-seconds', 'soon');
  expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining('--delivery-interval-seconds')]);
  expect((await opentrail('dance')).code).toBe(2);
  await first.stop();
});

test('the pages for operators answer without a signature', async () => {
  const { endpoint, stop } = await startOpenTrail();
  expect(await (await fetch(`${endpoint}/healthz`)).json()).toEqual({ status: 'ok' });
  expect((await fetch(`${endpoint}/readyz`, { method: 'HEAD' })).status).toBe(200);
  expect(await (await fetch(`${endpoint}/readyz`)).json()).toEqual({ status: 'ready', troubles: [] });
  const metrics = await (await fetch(`${endpoint}/metrics`)).text();
  for (const name of ['history', 'trails'])
    expect(metrics).toContain(`opentrail_follower_lag_events{follower="${name}"} 0`);
  await stop();
});

test('a reader who has seen enough is no trouble', async () => {
  const child = spawn(process.execPath, [OPENTRAIL, 'config', 'show'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  expect([code, stderr]).toEqual([0, '']);
});
