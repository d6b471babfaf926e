import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSearchFilter } from '../packages/server/src/event/search/index.ts';
import { aws, awsRaw, boto3, eventually, type Finished, run, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, readProfile, startOpenTrail } from './support/opentrail.ts';
import { putRecords } from './support/play.ts';
import { signedFetch } from './support/sdk.ts';

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const PAGE = readFileSync(join(dirname(import.meta.dirname), 'docs/search.md'), 'utf8');
const [OPERATOR, MANAGER, MEMBER, STRANGER] = ['123456789012', '210987654321', '333333333333', '444444444444'];

let server: RunningOpenTrail;
let folder: string;

beforeAll(async () => {
  server = await startOpenTrail();
  folder = newFolder('search');
}, 60_000);
afterAll(cleanUp);

const opentrail = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> =>
  run(process.execPath, [COMMAND, ...args, '--data-dir', server.dataDir], { ...server.env, ...env });

/** Runs a command that must succeed. @returns what it printed */
async function said(...args: string[]): Promise<string> {
  const done = await opentrail(args);
  expect(done.code, done.stderr).toBe(0);
  return done.stdout;
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

interface Asked {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an answer or an error
  readonly body: any;
}

async function ask(input: object, as: Parameters<typeof signedFetch>[0] = server, path = 'search'): Promise<Asked> {
  const headers = { 'content-type': 'application/json' };
  const answer = await signedFetch(as, 'POST', `/opentrail/v1/${path}`, JSON.stringify(input), { headers });
  const text = await answer.text();
  return { status: answer.status, body: path === 'search' || !answer.ok ? JSON.parse(text) : text };
}

/** The process that searches for a server. */
function lakeOf({ dataDir }: RunningOpenTrail): number {
  const processes = readdirSync('/proc').flatMap((pid) => {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const [, parent] = /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      return [{ pid: Number(pid), parent: Number(parent), args }];
    } catch {
      return []; // it has ended meanwhile
    }
  });
  const serving = processes.find(({ args }) => args.includes(dataDir) && args.includes('serve'))!;
  const isLake = ({ parent, args }: (typeof processes)[number]) =>
    parent === serving.pid && args.some((arg) => arg.endsWith('lake/process.js'));
  return processes.find(isLake)!.pid;
}

/** Sends records, until they can be found also on a machine that is busy. */
async function put(records: readonly string[]): Promise<void> {
  await putRecords(server, records);
  await eventually(async () => (await ask({ Limit: 0 })).body.EventsBehind === 0, 'what was sent can be found');
}

const account = (id: string) => ({ ...server, ...readProfile(join(server.dataDir, 'credentials'), `opentrail-${id}`) });

const record = (eventID: string, more: object = {}) =>
  JSON.stringify({
    ...{ eventVersion: '1.11', eventTime: '2026-01-31T12:00:00Z', eventSource: 'ec2.amazonaws.com' },
    ...{ eventName: 'RunInstances', awsRegion: 'eu-west-1', sourceIPAddress: '198.51.100.7', userAgent: 'tests' },
    ...{ userIdentity: { type: 'IAMUser', userName: 'carol' }, recipientAccountId: OPERATOR, eventID },
    ...more,
  });

testWith(
  ['aws', 'aws-endpoint-env', 'boto3'],
  'who deleted that bucket? Through a session of a role to the person, as the page says',
  async () => {
    const { env } = server;
    await aws(env, 'iam', 'create-user', '--user-name', 'alice');
    const admin = 'arn:aws:iam::aws:policy/AdministratorAccess';
    await aws(env, 'iam', 'attach-user-policy', '--user-name', 'alice', '--policy-arn', admin);
    const { AccessKey } = await aws<{ AccessKey: { AccessKeyId: string; SecretAccessKey: string } }>(
      ...([env, 'iam', 'create-access-key', '--user-name', 'alice'] as const),
    );
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: OPERATOR }, Action: 'sts:AssumeRole' }],
    };
    const trustPolicy = ['--assume-role-policy-document', JSON.stringify(trust)];
    await aws(env, 'iam', 'create-role', '--role-name', 'admin', ...trustPolicy);
    await aws(env, 'iam', 'attach-role-policy', '--role-name', 'admin', '--policy-arn', admin);
    const { AWS_PROFILE: _profile, ...rest } = env;
    const keys = { AWS_ACCESS_KEY_ID: AccessKey.AccessKeyId, AWS_SECRET_ACCESS_KEY: AccessKey.SecretAccessKey };
    await boto3(
      { ...rest, ...keys },
      `
role = client('sts').assume_role(RoleArn='arn:aws:iam::${OPERATOR}:role/admin', RoleSessionName='deploy-7')['Credentials']
s3 = client('s3', aws_access_key_id=role['AccessKeyId'], aws_secret_access_key=role['SecretAccessKey'], aws_session_token=role['SessionToken'])
s3.create_bucket(Bucket='payroll')
s3.delete_bucket(Bucket='payroll')
print('{}')
`,
    );
    // What has been answered is found: no waiting here.
    const table = linesOf(await said('search', 'eventName = DeleteBucket and resourceName = payroll', '--table'));
    expect(table[0]).toMatch(/^Event time +User name +Event name +Resource name +AWS Region +Source IP address/);
    expect(table).toHaveLength(3);
    expect(table[2]).toMatch(/^\S+Z +deploy-7 +DeleteBucket +payroll.* +us-east-1 +127\.0\.0\.1$/);

    const columns = await said(
      ...['search', 'eventName = DeleteBucket resourceName = payroll', '--columns', 'accessKeyId,issuerArn'],
    );
    const [key, role] = linesOf(columns)[2]!.split(/ +/) as [string, string];
    expect([key, role]).toEqual([expect.stringMatching(/^ASIA/), `arn:aws:iam::${OPERATOR}:role/admin`]);
    const filter = `eventName ^ AssumeRole responseElements.credentials.accessKeyId = ${key}`;
    const who = linesOf(await said('search', filter, '--columns', 'eventTime,userArn,sourceIPAddress'));
    expect(who[2]).toMatch(new RegExp(`^\\S+Z +arn:aws:iam::${OPERATOR}:user/alice +127\\.0\\.0\\.1$`));

    const all = linesOf(await said('search', `accessKeyId = ${key}`, '--oldest', '--json')).map((line) =>
      JSON.parse(line),
    );
    expect(all.map(({ eventName }) => eventName)).toEqual(['CreateBucket', 'DeleteBucket']);
    const facets = await said('search', `accessKeyId = ${key}`, '--facets', 'eventName,userName', '--count');
    expect(facets).toBe('2\n\neventName\n  1  CreateBucket\n  1  DeleteBucket\n\nuserName\n  2  deploy-7\n');
    expect(await said('search', `accessKeyId = ${key}`, '--histogram')).toMatch(/^\S+Z {2}[12] {2}█+\n/);
  },
  120_000,
);

test('every filter of the page can be read, and every command can be run', async () => {
  const commands = [...PAGE.matchAll(/^(?:\$ )?opentrail (search|export|tail) .*?(?= +#|\||$)/gm)].map(
    ([line]) => line,
  );
  expect(commands.length).toBeGreaterThan(10);
  for (const line of commands) {
    for (const [, filter] of line.matchAll(/'([^']*)'/g)) expect(parseSearchFilter(filter!)).toBeDefined();
  }
  const [, examples] = PAGE.split('## Worked examples');
  const filters = [...examples!.matchAll(/\| `([^`|]+)` +\|$/gm)].map(([, filter]) => filter!);
  expect(filters.length).toBeGreaterThan(7);
  for (const filter of filters) expect((await ask({ Filter: filter })).status, filter).toBe(200);
  const conditions = [...PAGE.matchAll(/^\| `([a-z][^`]*)`(?:, (?:also )?`[^`]*`)* +\| /gm)].map(([, text]) => text!);
  for (const text of conditions.slice(0, 6)) expect(parseSearchFilter(text), text).toBeDefined();
});

describe('pages and figures', () => {
  const COUNT = 2_300;
  beforeAll(async () => {
    const many = Array.from({ length: COUNT }, (_, i) =>
      record(`many-${i}`, {
        eventName: 'ManyCalls',
        eventTime: new Date(Date.UTC(2026, 0, 1) + i * 60_000).toISOString().replace('.000Z', 'Z'),
        userIdentity: { type: 'IAMUser', userName: `user-${i % 7}` },
        ...(i % 10 === 0 && { errorCode: 'AccessDenied' }),
      }),
    );
    await put(many);
  }, 60_000);

  test('the command shows them all, each once', async () => {
    const out = linesOf(await said('search', 'eventName = ManyCalls', '--json', '--limit', 'all'));
    const ids = out.map((line) => JSON.parse(line).eventID as string);
    expect(ids).toEqual(Array.from({ length: COUNT }, (_, i) => `many-${COUNT - 1 - i}`));
    const some = await opentrail(['search', 'eventName = ManyCalls', '-n', '700']);
    expect(linesOf(some.stdout)).toHaveLength(700);
    expect(some.stderr).toContain('more than 700 events');
  });
  test('of a stretch of time', async () => {
    const hour = ['--since', '2026-01-01T10:00:00Z', '--until', '2026-01-01T10:59:59Z'];
    expect(await said('search', 'eventName = ManyCalls', ...hour, '--count')).toBe('60\n');
  });
  test('are about the same events, while others come', async () => {
    const Filter = 'eventName = ManyCalls';
    const first = (await ask({ Filter, Limit: 1000 })).body;
    await put([record('later', { eventName: 'ManyCalls', eventTime: '2026-01-01T00:00:30Z' })]);
    const { NextToken, SearchedUpTo: UpTo } = first;
    const second = (await ask({ Filter, Limit: 1000, NextToken })).body;
    const third = (await ask({ Filter, Limit: 1000, NextToken: second.NextToken })).body;
    const ids = [first, second, third].flatMap(({ Events }) =>
      Events.map((e: { Record: string }) => JSON.parse(e.Record).eventID),
    );
    expect(new Set(ids).size).toBe(COUNT);
    expect(ids).not.toContain('later');
    const figures = { Filter, Limit: 0, Count: true, Facets: ['userName', 'errorCode'], Histogram: { Buckets: 50 } };
    const old = (await ask({ ...figures, UpTo })).body;
    expect(old.Count).toBe(COUNT);
    expect(old.Facets[1]).toEqual({
      Field: 'errorCode',
      Values: [{ Value: 'AccessDenied', Count: 230 }],
      DistinctCount: 1,
    });
    expect(old.Histogram.IntervalSeconds).toBe(3600);
    const sum = (name: string) => old.Histogram.Buckets.reduce((n: number, b: never) => n + b[name], 0);
    expect([sum('Count'), sum('ErrorCount')]).toEqual([COUNT, 230]);
    expect((await ask(figures)).body.Count).toBe(COUNT + 1);
  });
  test('go on as a tail, without gap or repetition', async () => {
    const { SearchedUpTo } = (await ask({ Filter: 'eventName = GoesOn' })).body;
    await putRecords(server, [
      record('on-1', { eventName: 'GoesOn' }),
      record('off'),
      record('on-2', { eventName: 'GoesOn' }),
    ]);
    const query = `from=${SearchedUpTo}&follow=false&filter=${encodeURIComponent('eventName = GoesOn')}`;
    const lines = linesOf(await (await signedFetch(server, 'GET', `/opentrail/v1/tail?${query}`)).text());
    expect(lines.map((line) => JSON.parse(line).eventID)).toEqual(['on-1', 'on-2']);
    expect(linesOf(await said('tail', '--filter', 'eventName = GoesOn and eventId ^ ON-2', '-n', '5'))).toHaveLength(1);
  });
});

describe('what is refused', () => {
  test.each([
    [{ Filter: 'eventName = ' }, 'ValidationException', /position 12/],
    [{ Filter: 'nosuch = 1' }, 'ValidationException', /no field/],
    [{ Limit: 1001 }, 'ValidationException', /Limit/],
    [{ Limit: 'many' }, 'SerializationException', /./],
    [{ NextToken: 'x' }, 'InvalidNextTokenException', /NextToken/],
    [{ Facets: ['userName', "x'); drop table"] }, 'ValidationException', /no field/],
    [{ AccountId: '1' }, 'ValidationException', /12 digits/],
  ])('%j', async (input, code, message) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await signedFetch(server, 'POST', '/opentrail/v1/search', JSON.stringify(input), { headers });
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([400, code]);
    expect(((await answer.json()) as { message: string }).message).toMatch(message);
  });
  test('with its place, for those who show it', async () => {
    const { body } = await ask({ Filter: 'eventName = x and (' });
    expect(body).toMatchObject({ Member: 'Filter', Position: '19' });
    const typed = await opentrail(['search', 'eventName = x and (y']);
    expect([typed.code, typed.stderr.split('\n').slice(1)]).toEqual([
      1,
      ['  eventName = x and (y', '                      ^', ''],
    ]);
    const tail = await signedFetch(server, 'GET', '/opentrail/v1/tail?filter=and');
    expect([tail.status, tail.headers.get('x-amzn-errortype')]).toEqual([400, 'ValidationException']);
  });
  test.each([
    ["x' or 1=1 --", `"x' or 1=1 --"`],
    ['x"; drop', JSON.stringify('x"; drop')],
    ['%_\\', JSON.stringify('%_\\')],
    ['\u0000', JSON.stringify('\u0000')],
    ['\ud800', JSON.stringify('\ud800')],
  ])('no text becomes part of a question: %j', async (_, quoted) => {
    for (const Filter of [quoted, `userName = ${quoted}`, `userName : ${quoted}`, `requestParameters.${quoted} = x`]) {
      expect(await ask({ Filter, Count: true, Facets: [`requestParameters.${quoted}`] })).toMatchObject({
        status: 200,
        body: { Count: 0, Events: [] },
      });
    }
  });
});

testWith(
  ['aws', 'aws-endpoint-env'],
  "nobody sees another's records",
  async () => {
    const profile = (id: string) => ({ ...server.env, AWS_PROFILE: `opentrail-${id}` });
    for (const id of [MANAGER, MEMBER, STRANGER]) await said('account', 'create', id!);
    for (const id of [MANAGER, MEMBER, STRANGER])
      await aws(profile(id!), 'iam', 'create-user', '--user-name', `of-${id}`);
    await aws(profile(MANAGER!), 'organizations', 'create-organization');
    const invited = ['organizations', 'invite-account-to-organization', '--target', `Id=${MEMBER},Type=ACCOUNT`];
    const { Handshake } = await aws<{ Handshake: { Id: string } }>(profile(MANAGER!), ...invited);
    await aws(profile(MEMBER!), 'organizations', 'accept-handshake', '--handshake-id', Handshake.Id);

    const Filter = 'eventName = CreateUser';
    const owners = async (id: string, input: object = {}) => {
      const { status, body } = await ask({ Filter, Facets: ['accountId'], Count: true, ...input }, account(id));
      if (status !== 200) return status;
      const seen = new Set<string>(body.Events.map((e: { AccountId: string }) => e.AccountId));
      expect(new Set(body.Facets[0].Values.map((v: { Value: string }) => v.Value))).toEqual(seen);
      expect(body.Count).toBe(body.Events.length);
      return [...seen].sort();
    };
    // Before CloudTrail has trusted access, and after.
    expect(await owners(MANAGER!)).toEqual([MANAGER]);
    expect(await owners(MANAGER!, { AccountId: MEMBER })).toBe(403);
    const trust = ['organizations', 'enable-aws-service-access', '--service-principal', 'cloudtrail.amazonaws.com'];
    await aws(profile(MANAGER!), ...trust);
    expect(await owners(MANAGER!)).toEqual([MANAGER, MEMBER].sort());
    expect(await owners(MANAGER!, { AccountId: MEMBER })).toEqual([MEMBER]);
    expect(await owners(MANAGER!, { AccountId: STRANGER })).toBe(403);
    expect(await owners(MEMBER!)).toEqual([MEMBER]);
    for (const id of [OPERATOR, MANAGER, STRANGER]) expect(await owners(MEMBER!, { AccountId: id })).toBe(403);

    // Whatever the filter says, and whoever's token it is.
    for (const trick of [
      `accountId = ${OPERATOR}`,
      `eventName exists or accountId = ${OPERATOR}`,
      'not nowhere',
      OPERATOR!,
    ]) {
      const seen = await owners(STRANGER!, { Filter: trick, Limit: 1000 });
      expect([[], [STRANGER]]).toContainEqual(seen);
    }
    const { NextToken } = (await ask({ Filter, Limit: 1 })).body;
    expect(NextToken).toBeDefined();
    expect((await ask({ Filter, Limit: 1, NextToken }, account(STRANGER!))).body.message).toContain('NextToken');
    for (const format of ['csv', 'ndjson']) {
      const mine = await ask({ Filter: 'not nowhere', Format: format }, account(STRANGER!), 'export');
      expect(JSON.stringify(mine.body)).toContain(`of-${STRANGER}`);
      expect(JSON.stringify(mine.body)).not.toContain(`of-${MEMBER}`);
      expect((await ask({ Format: format, AccountId: OPERATOR }, account(STRANGER!), 'export')).status).toBe(403);
    }
    const tail = (id: string, query: string) =>
      signedFetch(account(id), 'GET', `/opentrail/v1/tail?follow=false&${query}`);
    const tailed = linesOf(await (await tail(STRANGER!, 'from=0&filter=not+nowhere')).text()).map((line) =>
      JSON.parse(line),
    );
    expect(new Set(tailed.map((r) => r.recipientAccountId))).toEqual(new Set([STRANGER]));
    expect((await tail(STRANGER!, `from=0&account=${MEMBER}`)).status).toBe(403);
    expect((await tail(MANAGER!, `from=0&account=${MEMBER}`)).status).toBe(200);

    // And what a policy says holds within the account, for all at once as well.
    await aws(server.env, 'iam', 'create-user', '--user-name', 'auditor');
    const { AccessKey } = await aws<{ AccessKey: { AccessKeyId: string; SecretAccessKey: string } }>(
      ...([server.env, 'iam', 'create-access-key', '--user-name', 'auditor'] as const),
    );
    const auditor = { ...server, accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
    const denied = await ask({ Filter }, auditor);
    expect([denied.status, denied.body.message]).toEqual([
      403,
      expect.stringMatching(/user\/auditor is not authorized to perform: opentrail:SearchEvents/),
    ]);
    const policy = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['opentrail:SearchEvents', 'opentrail:TailRecords'],
          Resource: '*',
          Condition: { StringEquals: { 'opentrail:AccountId': MEMBER } },
        },
      ],
    };
    const put = ['--user-name', 'auditor', '--policy-name', 'p', '--policy-document', JSON.stringify(policy)];
    await aws(server.env, 'iam', 'put-user-policy', ...put);
    expect((await ask({ Filter, AccountId: MEMBER }, auditor)).status).toBe(200);
    for (const input of [{}, { AccountId: OPERATOR }, { AccountId: MANAGER }]) {
      expect((await ask({ Filter, ...input }, auditor)).status).toBe(403);
    }
    expect((await ask({ Format: 'csv', AccountId: MEMBER }, auditor, 'export')).status).toBe(403);
    expect((await signedFetch(auditor, 'GET', '/opentrail/v1/tail?follow=false')).status).toBe(403);
  },
  120_000,
);

testWith(
  ['aws', 'aws-endpoint-env'],
  'whoever reads the audit log shows in Event history, once for each call',
  async () => {
    await ask({ Filter: 'eventId = looked-for-once', Limit: 0, Count: true, Facets: ['userName'], Histogram: {} });
    await ask({ Filter: 'eventId = looked-for-once', Format: 'csv' }, server, 'export');
    const looked = await eventually(async () => {
      const { Events } = await aws<{ Events: { EventName: string; ReadOnly: string; CloudTrailEvent: string }[] }>(
        ...([server.env, 'cloudtrail', 'lookup-events', '--lookup-attributes'] as const),
        'AttributeKey=EventSource,AttributeValue=opentrail.amazonaws.com',
      );
      const mine = Events.filter(({ CloudTrailEvent }) => CloudTrailEvent.includes('looked-for-once'));
      return mine.length === 2 && mine;
    }, 'both are in Event history');
    expect(looked.map(({ EventName, ReadOnly }) => [EventName, ReadOnly])).toEqual([
      ['ExportEvents', 'true'],
      ['SearchEvents', 'true'],
    ]);
    expect(JSON.parse(looked[1]!.CloudTrailEvent)).toMatchObject({
      eventCategory: 'Management',
      requestParameters: { filter: 'eventId = looked-for-once', limit: 0, count: true, facets: ['userName'] },
      responseElements: null,
      userIdentity: { userName: 'opentrail' },
    });
    const refused = await ask({ Filter: 'errorCode = AccessDeniedException eventName = SearchEvents' });
    for (const { Record } of refused.body.Events) expect(JSON.parse(Record).readOnly).toBe(true);
  },
);

describe('exports', () => {
  const FORMULA = `=HYPERLINK("http://evil","x")`;
  const FILTER = 'eventSource = export.amazonaws.com';
  beforeAll(async () => {
    const more = (i: number) => ({
      eventTime: new Date(Date.UTC(2026, 0, 31, 12) + i * 1000).toISOString().replace('.000Z', 'Z'),
      ...{ eventSource: 'export.amazonaws.com', userAgent: i === 3 ? FORMULA : 'a, "quoted"\nagent' },
      ...{ requestParameters: { i, deep: { list: [{ a: 'ü' }, { a: '\u001b]0;owned\u0007' }] } } },
    });
    await put(Array.from({ length: 3_000 }, (_, i) => record(`export-${i}`, more(i))));
  }, 60_000);
  const path = (name: string) => join(folder, name);

  testWith(['boto3'], 'are what Python reads, whole', async () => {
    await said('export', '--filter', FILTER, '-o', path('all.csv'), '--oldest');
    await said('export', '--filter', FILTER, '-o', path('all.json'), '--oldest');
    await said('export', '--filter', FILTER, '-o', path('all.ndjson'), '--oldest', '--quiet');
    writeFileSync(
      path('read.py'),
      'import csv, json\nwith open("all.csv", newline="") as f: rows = list(csv.reader(f))\n' +
        'records = json.load(open("all.json"))["Records"]\nlines = [json.loads(l) for l in open("all.ndjson")]\n' +
        'print(json.dumps(dict(head=rows[0], rows=rows[1:], same=records == lines, ids=[r["eventID"] for r in records], third=records[3])))',
    );
    const done = await run('python3', ['read.py'], {}, { cwd: folder });
    expect(done.code, done.stderr).toBe(0);
    const read = JSON.parse(done.stdout);
    expect(read.head.slice(0, 8)).toEqual([
      ...['Event time', 'User name', 'Event name', 'Resource type'],
      ...['Resource name', 'AWS access key', 'AWS Region', 'Error code'],
    ]);
    expect(read.head).toContain('Event ID');
    expect(read.same).toBe(true);
    expect(read.ids).toEqual(Array.from({ length: 3_000 }, (_, i) => `export-${i}`));
    expect(read.third.userAgent).toBe(FORMULA);
    const agent = read.head.indexOf('User agent');
    expect(read.rows).toHaveLength(3_000);
    expect([read.rows[3][agent], read.rows[4][agent]]).toEqual([`'${FORMULA}`, 'a, "quoted"\nagent']);
    expect(read.rows[3][0]).toMatch(/^2026-01-31T12:00:03(\.000)?Z$/);
    expect(existsSync(path('all.csv.part'))).toBe(false);
  });
  test('keep each record byte for byte', async () => {
    const odd =
      '{ "eventTime":"2026-01-31T12:00:00Z",\n\t"eventSource" :"odd.amazonaws.com","eventName":"Odd", "eventID":"odd","n":1.0,"\\u0061":"\\/" }';
    await put([odd]);
    const { body } = await ask({ Filter: 'eventSource = odd.amazonaws.com', AccountId: OPERATOR });
    expect(body.Events.map((e: { Record: string }) => e.Record)).toEqual([odd]);
    const file = await said('export', '--filter', 'eventSource = odd.amazonaws.com', '--format', 'json');
    expect(file).toContain(odd.replace('\n', ' '));
    expect(JSON.parse(file).Records).toEqual([JSON.parse(odd)]);
  });
  test('have the columns that are asked for', async () => {
    const columns = ['--columns', 'eventId,requestParameters.deep.list[*].a,requestParameters."i"', '-n', '1'];
    const out = await said('export', '--filter', FILTER, '--oldest', ...columns);
    expect(out).toMatch(
      /^Event ID,requestParameters\.deep\.list\[\*\]\.a,requestParameters\.i\r\nexport-0,"?ü, .*,0\r\n$/,
    );
    const json = await said('export', '--filter', FILTER, '--oldest', '--format', 'ndjson', ...columns);
    expect(JSON.parse(json)).toMatchObject({ eventId: 'export-0' });
  });
  test('as Parquet, for every tool that reads it', async () => {
    await said('export', '--filter', FILTER, '-o', path('all.parquet'));
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const result = await connection.runAndReadAll(
      `SELECT count(*)::INT AS n, count(DISTINCT eventid)::INT AS ids, min(eventname) AS name FROM '${path('all.parquet')}'`,
    );
    expect(result.getRowObjects()).toEqual([{ n: 3_000, ids: 3_000, name: 'RunInstances' }]);
    connection.closeSync();
  });
  test('nothing of a record commands a terminal', async () => {
    for (const args of [['--table'], [], ['--facets', 'userAgent'], ['--columns', 'requestParameters.deep']]) {
      const out = await said('search', FILTER, '-n', '20', ...args);
      expect(out).not.toMatch(/[^\n\P{Cc}]/u);
    }
  });

  /** A server before the server, which lets so much of an answer through. */
  async function cutAfter(bytesMax: number) {
    const front = createServer((req, res) => {
      const onward = request(
        new URL(req.url!, server.endpoint),
        { method: req.method!, headers: req.headers },
        (answer) => {
          res.writeHead(answer.statusCode!, answer.headers).flushHeaders();
          let bytes = 0;
          answer.on('data', (part: Buffer) => {
            bytes += part.length;
            if (bytes > bytesMax) res.destroy();
            else res.write(part);
          });
          answer.on('end', () => res.end());
        },
      );
      req.pipe(onward);
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    return {
      endpoint: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
      stop: () => {
        front.closeAllConnections();
        front.close();
      },
    };
  }

  test('that break off leave no file that looks whole, and say so', async () => {
    writeFileSync(path('broken.csv'), 'what was there before');
    for (const bytesMax of [0, 200_000]) {
      const front = await cutAfter(bytesMax);
      const env = { AWS_ENDPOINT_URL: front.endpoint };
      const done = await opentrail(['export', '--filter', FILTER, '-o', path('broken.csv')], env);
      expect([done.code, done.stderr]).toEqual([1, expect.stringMatching(/broke off.*was not written/)]);
      expect(readFileSync(path('broken.csv'), 'utf8')).toBe('what was there before');
      expect(existsSync(path('broken.csv.part'))).toBe(false);
      const piped = await opentrail(['export', '--filter', FILTER], env);
      expect([piped.code, piped.stderr]).toEqual([1, expect.stringContaining('is not all')]);
      front.stop();
    }
    const nowhere = await opentrail(['export', '-o', '/nowhere/x.csv']);
    expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('Cannot write')]);
  });
  test.runIf(existsSync('/proc/self/stat'))('break off when what makes them dies, and the next is whole', async () => {
    const large = 'export-large.amazonaws.com';
    const filler = { eventSource: large, requestParameters: { filler: 'x'.repeat(15_000) } };
    await put(Array.from({ length: 2_000 }, (_, i) => record(`large-${i}`, filler)));
    const body = JSON.stringify({ Filter: `eventSource = ${large}`, Format: 'ndjson' });
    const begin = () =>
      signedFetch(server, 'POST', '/opentrail/v1/export', body, { headers: { 'content-type': 'application/json' } });
    const reader = (await begin()).body!.getReader();
    await reader.read();
    process.kill(lakeOf(server), 'SIGKILL');
    const rest = (async () => {
      while (!(await reader.read()).done);
    })();
    await expect(rest).rejects.toThrow(/terminated|aborted|other side closed/);
    const whole = await eventually(async () => {
      const answer = await begin();
      return answer.ok && linesOf(await answer.text());
    }, 'the lake is there again');
    expect(whole).toHaveLength(2_000);
  });
  test('end when their reader has seen enough, and give their place back', async () => {
    const body = JSON.stringify({ Filter: FILTER, Format: 'ndjson' });
    for (let i = 0; i < 12; i++) {
      const leaving = new AbortController();
      const answer = await signedFetch(server, 'POST', '/opentrail/v1/export', body, {
        headers: { 'content-type': 'application/json' },
        signal: leaving.signal,
      });
      expect(answer.status, await (answer.ok ? '' : answer.text())).toBe(200);
      await answer.body!.getReader().read();
      leaving.abort();
    }
    const head = spawn(
      'bash',
      ['-c', `"$0" "$@" | head -1`, process.execPath, COMMAND, 'export', '--data-dir', server.dataDir],
      {
        env: { ...process.env, ...server.env },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let first = '';
    for await (const part of head.stdout) first += part;
    expect(first).toMatch(/^Event time,.*\r\n$/);
    await eventually(async () => (await ask({ Filter: FILTER, Count: true })).body.Count === 3_000, 'it answers');
    expect(server.log()).not.toMatch(/"level":(50|60)(?!.*lake)/);
  });
});

test('after a restart, and after a kill, all is found that was acknowledged', async () => {
  const count = async () =>
    (await ask({ Filter: 'eventSource = export.amazonaws.com', Limit: 0, Count: true })).body.Count;
  const before = await count();
  for (const end of ['stop', 'kill'] as const) {
    await putRecords(server, [record(`after-${end}`, { eventSource: 'export.amazonaws.com' })]);
    await server[end]();
    server = await startOpenTrail({ dataDir: server.dataDir });
    await eventually(async () => (await ask({ Limit: 0 })).body.EventsBehind === 0, 'the lake has caught up');
  }
  expect(await count()).toBe(before + 2);
  await awsRaw(server.env, 'sts', 'get-caller-identity');
  expect(await server.stop()).toBe(0);
}, 60_000);
