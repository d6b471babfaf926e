import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { afterAll, expect, test } from 'vitest';
import { eventually, run } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { cloudTrail, signedFetch } from './support/sdk.ts';

afterAll(cleanUp);

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const opentrail = (server: RunningOpenTrail, state: string, ...args: string[]) =>
  run(process.execPath, [COMMAND, ...args, '--data-dir', server.dataDir], { ...server.env, XDG_STATE_HOME: state });

const time = () => `${new Date(Date.now() - 60_000).toISOString().slice(0, 19)}Z`;
const record = (eventID: string | undefined, more: Record<string, unknown> = {}) => ({
  eventVersion: '1.08',
  userIdentity: { type: 'Root', accountId: '123456789012' },
  eventTime: time(),
  eventSource: 'ec2.amazonaws.com',
  eventName: 'RunInstances',
  awsRegion: 'us-east-1',
  ...(eventID === undefined ? {} : { eventID }),
  ...more,
});

/** A bucket's folder and loose files, with what real collections hold: odd ids, old versions, a cut file, rubbish. */
function collection(): string {
  const dir = newFolder('import');
  const bucket = join(dir, 'AWSLogs/123456789012/CloudTrail/us-east-1/2026/01/01');
  mkdirSync(bucket, { recursive: true });
  const many = Array.from({ length: 5000 }, (_, i) => record(`bulk-${i}`));
  writeFileSync(join(bucket, 'a.json.gz'), gzipSync(JSON.stringify({ Records: many })));
  writeFileSync(join(bucket, 'b.json'), JSON.stringify({ Records: [record('not a uuid'), record('bulk-1')] }, null, 2));
  mkdirSync(join(dir, 'AWSLogs/123456789012/CloudTrail-Digest/us-east-1'), { recursive: true });
  writeFileSync(join(dir, 'AWSLogs/123456789012/CloudTrail-Digest/us-east-1/d.json.gz'), gzipSync('{"digest":1}'));
  const old = record(undefined, { eventVersion: '1.0', eventName: 'OldCall' });
  const moon = record('moon', { awsRegion: 'moon-west-1' });
  writeFileSync(
    join(dir, 'loose.ndjson'),
    [old, moon, { hello: 'world' }, record('last')].map((r) => JSON.stringify(r)).join('\n'),
  );
  writeFileSync(join(dir, 'mixed.json'), JSON.stringify([record('before'), 7, 'text', record('behind')]));
  const cut = gzipSync(
    JSON.stringify({ Records: Array.from({ length: 500 }, (_, i) => record(`cut-${i}`, { pad: Math.sin(i) })) }),
  );
  writeFileSync(join(dir, 'cut.json.gz'), cut.subarray(0, cut.length - 200));
  return dir;
}

test('import takes files, folders and odd records once, says what it refused, and goes on where it was', async () => {
  const server = await startOpenTrail();
  const [dir, state] = [collection(), newFolder('state')];
  const first = await opentrail(server, state, 'import', dir);
  expect(first.code, first.stderr).toBe(1);
  expect(first.stderr).toMatch(/loose\.ndjson:3: refused: \w+: .*event/);
  expect(first.stderr).toMatch(/cut\.json\.gz:\d+: refused: \w+/);
  expect(first.stderr).toMatch(/mixed\.json:1: refused: NotARecord/);
  expect(first.stdout).toMatch(/^(\d+) records imported, 1 known already, [34] refused, from 5 files/);
  const imported = Number(/^\d+/.exec(first.stdout)![0]);
  expect(imported).toBeGreaterThan(5006);

  const again = await opentrail(server, state, 'import', dir);
  expect(again.stdout).toMatch(/^0 records imported, \d+ known already, .* from 3 files, 2 files skipped/);
  const all = await opentrail(server, state, 'import', '--again', dir);
  expect(all.stdout).toMatch(new RegExp(`^0 records imported, ${imported + 1} known already`));

  for (const [region, name] of [
    ['us-east-1', 'OldCall'],
    ['moon-west-1', 'RunInstances'],
  ] as const) {
    const found = await cloudTrail(server, region).send(
      new LookupEventsCommand({ LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: name }] }),
    );
    expect(found.Events).toHaveLength(1);
  }

  // An OpenTrail that was started afresh at the same address has none of it, whatever the list of finished files says.
  await server.stop();
  rmSync(server.dataDir, { recursive: true });
  const fresh = await startOpenTrail({ dataDir: server.dataDir });
  const anew = await opentrail(fresh, state, 'import', '--quiet', dir);
  expect(Number(/^\d+/.exec(anew.stdout)![0])).toBe(imported);

  const tail = await opentrail(fresh, state, 'tail', '-n', '3', '--event-name', 'OldCall');
  expect(tail.stdout).toMatch(/^\S+Z {2}us-east-1 {2}ec2:OldCall {2}Root\n$/);
  const missing = await opentrail(fresh, state, 'import', join(dir, 'nowhere'));
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('Cannot read')]);
  await fresh.stop();
});

test('a tail goes on when the server was killed or stopped and is there again, without gap or repetition', async () => {
  const first = await startOpenTrail();
  const port = new URL(first.endpoint).port;
  const args = [COMMAND, 'tail', '-f', '-n', '0', '--json', '--event-name', 'RunInstances'];
  const child = spawn(process.execPath, [...args, '--data-dir', first.dataDir], {
    env: { ...process.env, ...first.env },
  });
  let [shown, said] = ['', ''];
  child.stdout.on('data', (part) => {
    shown += part;
  });
  child.stderr.on('data', (part) => {
    said += part;
  });
  const ended = new Promise((fulfil) => child.once('close', fulfil));
  const ids = () => [...shown.matchAll(/"eventID":"([^"]*)"/g)].map(([, id]) => id);
  let server = first;
  const put = (id: string) => signedFetch(server, 'POST', '/opentrail/v1/records', JSON.stringify(record(id)));
  const again = async () => {
    server = await startOpenTrail({ dataDir: first.dataDir, flags: { port } });
  };
  // Before it has shown anything: it is there once its own call is recorded.
  await eventually(async () => {
    const open = await signedFetch(server, 'GET', '/opentrail/v1/tail?follow=false&last=50&eventName=TailRecords');
    return /"userAgent":"opentrail/.test(await open.text());
  }, 'the tail');
  await server.kill();
  await again();
  await put('one');
  await eventually(async () => ids().includes('one'), 'one');
  await server.stop();
  await again();
  await put('two');
  await put('three');
  await eventually(async () => ids().includes('three'), 'three');
  expect(ids()).toEqual(['one', 'two', 'three']);
  expect(said.match(/has gone away/g)).toHaveLength(2);
  child.kill();
  await ended;
  await server.stop();
});

test('a tail shows events as they come, and does not hold up the end of the server', async () => {
  const server = await startOpenTrail();
  const answer = await signedFetch(server, 'GET', '/opentrail/v1/tail?eventName=RunInstances');
  const lines = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  await signedFetch(server, 'POST', '/opentrail/v1/records', JSON.stringify(record('live')));
  expect(JSON.parse((await lines.read()).value!)).toMatchObject({ eventID: 'live' });
  const began = Date.now();
  expect(await server.stop()).toBe(0);
  expect(Date.now() - began).toBeLessThan(9_000); // the time that requests in hand are given
  expect((await lines.read()).done).toBe(true);
});
