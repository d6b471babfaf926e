import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { CloudTrailRecord } from './gateway/harness.ts';
import { eventually, testWith } from './support/clients.ts';
import { startUpstream, stopGateways } from './support/gateway.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { signedFetch, signedHeaders } from './support/sdk.ts';
import { makeSmallDisk, type SmallDisk } from './support/small-disk.ts';

/** When an answer may leave, where the Log takes nothing, and where the power goes. */
let disk: SmallDisk | undefined;
afterAll(async () => {
  stopGateways();
  await cleanUp();
  disk?.remove();
});

/** Counts what comes, and remembers whose keys it came with. */
async function countingUpstream() {
  const seen = { calls: 0, keys: new Set<string>() };
  const upstream = await startUpstream(({ headers }) => {
    seen.calls++;
    seen.keys.add(/Credential=(\w+)/.exec(String(headers.authorization))?.[1] ?? '');
    return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: '{}' };
  });
  return { ...upstream, seen };
}

const CLIENT = { accessKeyId: 'AKIACLIENT', secretAccessKey: 'x' };

/** @returns the answer's status once all of it has come */
async function deleteTable(server: RunningOpenTrail, name: string): Promise<number> {
  const body = JSON.stringify({ TableName: name });
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.DeleteTable' };
  const signer = { ...CLIENT, endpoint: server.gateway! };
  const { host: _host, ...sent } = signedHeaders(signer, 'POST', '/', body, { service: 'dynamodb', headers });
  const answer = await fetch(server.gateway!, { method: 'POST', headers: sent, body });
  await answer.arrayBuffer();
  return answer.status;
}

async function recordedTables(server: RunningOpenTrail): Promise<string[]> {
  const answer = await signedFetch(server, 'GET', '/opentrail/v1/tail?from=0&follow=false&eventName=DeleteTable');
  const lines = (await answer.text()).split('\n').filter((line) => line !== '');
  const records = lines.map((line) => JSON.parse(line) as CloudTrailRecord);
  return records.map((r) => (r.requestParameters as { tableName: string }).tableName);
}

const metric = async (server: RunningOpenTrail, pattern: RegExp): Promise<number> => {
  const page = await (await fetch(`${server.endpoint}/metrics`)).text();
  return Number(pattern.exec(page)?.[1] ?? 0);
};
const LOST = /^opentrail_events_lost_total\{reason="pushback"\} (\d+)/m;

testWith(
  ['small-disk'],
  'a full disk, by audit mode: refused before the upstream acts, recorded later, or lost and counted',
  async () => {
    disk = makeSmallDisk(128);
    const start = async (mode: string) => {
      const upstream = await countingUpstream();
      const dataDir = join(disk!.path, mode);
      mkdirSync(dataDir);
      const flags = { upstream: `*=${upstream.endpoint}`, 'gateway-port': 0, 'audit-management': mode };
      return { upstream, server: await startOpenTrail({ dataDir, flags }) };
    };
    const before = await start('before-answer');
    const after = await start('after-answer');
    const dropping = await start('drop-and-count');
    const all = [before, after, dropping];
    for (const { server } of all) expect(await deleteTable(server, 'first')).toBe(200);

    disk.fill(0);
    for (const { server } of all) {
      const isNotReady = async () => (await fetch(`${server.endpoint}/readyz`)).status === 503;
      await eventually(isNotReady, 'it has noticed that the disk is full');
    }
    // What else the servers write may free some room again: a few records fit then.
    const fitted: string[] = [];
    await eventually(async () => {
      disk!.fill(0);
      const status = await deleteTable(before.server, 'second');
      if (status === 200) fitted.push('second');
      else expect(status).toBe(503);
      return status === 503;
    }, 'a call is refused');
    expect(before.upstream.seen.calls).toBe(1 + fitted.length);
    expect(await deleteTable(after.server, 'second')).toBe(200);
    await eventually(async () => {
      disk!.fill(0);
      expect(await deleteTable(dropping.server, 'any')).toBe(200);
      return (await metric(dropping.server, LOST)) > 0;
    }, 'a lost record is counted');

    disk.empty();
    for (const { server } of all) {
      const isReady = async () => (await fetch(`${server.endpoint}/readyz`)).status === 200;
      await eventually(isReady, 'it has noticed that there is room again');
      expect(await deleteTable(server, 'third')).toBe(200);
    }
    expect(await recordedTables(before.server)).toEqual(['first', ...fitted, 'third']);
    await eventually(async () => (await recordedTables(after.server)).length === 3, 'what waited is recorded');
    expect((await recordedTables(after.server)).sort()).toEqual(['first', 'second', 'third']);
    await eventually(async () => (await recordedTables(dropping.server)).includes('third'), 'the third is recorded');
    const lost = await metric(dropping.server, LOST);
    expect(await recordedTables(dropping.server)).toHaveLength(dropping.upstream.seen.calls - lost);
    expect([await metric(before.server, LOST), await metric(after.server, LOST)]).toEqual([0, 0]);
    for (const { server, upstream } of all) await Promise.all([server.stop(), upstream.stop()]);
  },
  300_000,
);

test('kill -9 in the middle of calls: every call that was answered has its record', async () => {
  const upstream = await countingUpstream();
  const dataDir = newFolder('data');
  const answered = new Set<string>();
  const asked = new Set<string>();
  for (let round = 0; round < 3; round++) {
    const server = await startOpenTrail({ dataDir, flags: { upstream: `*=${upstream.endpoint}`, 'gateway-port': 0 } });
    if (round > 0) expect(await recordedTables(server)).toEqual(expect.arrayContaining([...answered]));
    const until = answered.size + 200;
    let killed: Promise<void> | undefined;
    const client = async () => {
      for (let ok = true; ok; ) {
        const name = `table-${asked.size}`;
        asked.add(name);
        ok = await deleteTable(server, name).then(
          (status) => status === 200 && Boolean(answered.add(name)),
          () => false, // killed
        );
        if (answered.size >= until) killed ??= server.kill();
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    await killed;
  }
  expect(answered.size).toBeGreaterThanOrEqual(600);
  const server = await startOpenTrail({ dataDir });
  const recorded = await recordedTables(server);
  expect(new Set(recorded).size).toBe(recorded.length); // none twice
  expect([...answered].filter((name) => !recorded.includes(name))).toEqual([]);
  expect(recorded.filter((name) => !asked.has(name))).toEqual([]);
  await server.stop();
  await upstream.stop();
});

test('SIGHUP: the keys of the upstream and the identities are read again', async () => {
  const upstream = await countingUpstream();
  const [credentials, identities] = [
    join(newFolder('keys'), 'credentials'),
    join(newFolder('keys'), 'identities.json'),
  ];
  const writeFiles = (profile: string, userName: string) => {
    writeFileSync(credentials, profile);
    const users = [{ userName, accessKeys: [CLIENT] }];
    writeFileSync(identities, JSON.stringify({ accounts: [{ accountId: '123456789012', users }] }), { mode: 0o600 });
  };
  const profile = (id: string) => `[up]\naws_access_key_id = ${id}\naws_secret_access_key = s\n`;
  writeFiles(profile('AKIAOLD'), 'before');
  const server = await startOpenTrail({
    flags: {
      ...{ upstream: `*=${upstream.endpoint}`, 'gateway-port': 0, identities },
      ...{ signatures: 'verify', 'upstream-profile': 'up' },
    },
    env: { AWS_SHARED_CREDENTIALS_FILE: credentials },
  });
  await deleteTable(server, 'a');
  writeFiles(profile('AKIANEW'), 'after');
  server.reload();
  await eventually(async () => {
    await deleteTable(server, 'b');
    return upstream.seen.keys.has('AKIANEW');
  }, 'the new key signs');
  writeFiles('[other]', 'after');
  server.reload();
  await eventually(async () => /those of before still hold/.test(server.log()), 'what is no good is told');
  upstream.seen.keys.clear();
  expect(await deleteTable(server, 'c')).toBe(200);
  expect(upstream.seen.keys).toEqual(new Set(['AKIANEW']));

  const answer = await signedFetch(server, 'GET', '/opentrail/v1/tail?from=0&follow=false&eventName=DeleteTable');
  const lines = (await answer.text()).split('\n').filter((line) => line !== '');
  const names = lines.map((line) => (JSON.parse(line) as { userIdentity: { userName: string } }).userIdentity.userName);
  expect([names[0], names.at(-1)]).toEqual(['before', 'after']);
  await server.stop();
  await upstream.stop();
});
