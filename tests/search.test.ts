import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSearchFilter } from '../packages/server/src/event/search/index.ts';
import { aws, boto3, eventually, testWith } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, readProfile, startOpenTrail } from './support/opentrail.ts';
import { putRecords } from './support/play.ts';
import { signedFetch } from './support/sdk.ts';
import { linesOf, OPERATOR, record, searching } from './support/search.ts';

const PAGE = readFileSync(join(dirname(import.meta.dirname), 'docs/search.md'), 'utf8');
const [MANAGER, MEMBER, STRANGER] = ['210987654321', '333333333333', '444444444444'];

let server: RunningOpenTrail;
const on = () => searching(server);

beforeAll(async () => {
  server = await startOpenTrail();
});
afterAll(cleanUp);

const account = (id: string) => ({ ...server, ...readProfile(join(server.dataDir, 'credentials'), `opentrail-${id}`) });

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
    // What has been answered is found within a second, where the lake has a processor for that long.
    await eventually(async () => (await on().ask({ Limit: 0 })).body.EventsBehind === 0, 'the lake has caught up');
    const table = linesOf(await on().said('search', 'eventName = DeleteBucket and resourceName = payroll', '--table'));
    expect(table[0]).toMatch(/^Event time +User name +Event name +Resource name +AWS Region +Source IP address/);
    expect(table).toHaveLength(3);
    expect(table[2]).toMatch(/^\S+Z +deploy-7 +DeleteBucket +payroll.* +us-east-1 +127\.0\.0\.1$/);

    const columns = await on().said(
      ...['search', 'eventName = DeleteBucket resourceName = payroll', '--columns', 'accessKeyId,issuerArn'],
    );
    const [key, role] = linesOf(columns)[2]!.split(/ +/) as [string, string];
    expect([key, role]).toEqual([expect.stringMatching(/^ASIA/), `arn:aws:iam::${OPERATOR}:role/admin`]);
    const filter = `eventName ^ AssumeRole responseElements.credentials.accessKeyId = ${key}`;
    const who = linesOf(await on().said('search', filter, '--columns', 'eventTime,userArn,sourceIPAddress'));
    expect(who[2]).toMatch(new RegExp(`^\\S+Z +arn:aws:iam::${OPERATOR}:user/alice +127\\.0\\.0\\.1$`));

    const all = linesOf(await on().said('search', `accessKeyId = ${key}`, '--oldest', '--json')).map((line) =>
      JSON.parse(line),
    );
    expect(all.map(({ eventName }) => eventName)).toEqual(['CreateBucket', 'DeleteBucket']);
    const facets = await on().said('search', `accessKeyId = ${key}`, '--facets', 'eventName,userName', '--count');
    expect(facets).toBe('2\n\neventName\n  1  CreateBucket\n  1  DeleteBucket\n\nuserName\n  2  deploy-7\n');
    expect(await on().said('search', `accessKeyId = ${key}`, '--histogram')).toMatch(/^\S+Z {2}[12] {2}█+\n/);
  },
  300_000,
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
  for (const filter of filters) expect((await on().ask({ Filter: filter })).status, filter).toBe(200);
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
    await on().put(many);
  });

  test('the command shows them all, each once', async () => {
    const out = linesOf(await on().said('search', 'eventName = ManyCalls', '--json', '--limit', 'all'));
    const ids = out.map((line) => JSON.parse(line).eventID as string);
    expect(ids).toEqual(Array.from({ length: COUNT }, (_, i) => `many-${COUNT - 1 - i}`));
    const some = await on().opentrail(['search', 'eventName = ManyCalls', '-n', '700']);
    expect(linesOf(some.stdout)).toHaveLength(700);
    expect(some.stderr).toContain('more than 700 events');
  });
  test('of a stretch of time', async () => {
    const hour = ['--since', '2026-01-01T10:00:00Z', '--until', '2026-01-01T10:59:59Z'];
    expect(await on().said('search', 'eventName = ManyCalls', ...hour, '--count')).toBe('60\n');
  });
  test('are about the same events, while others come', async () => {
    const Filter = 'eventName = ManyCalls';
    const first = (await on().ask({ Filter, Limit: 1000 })).body;
    await on().put([record('later', { eventName: 'ManyCalls', eventTime: '2026-01-01T00:00:30Z' })]);
    const { NextToken, SearchedUpTo: UpTo } = first;
    const second = (await on().ask({ Filter, Limit: 1000, NextToken })).body;
    const third = (await on().ask({ Filter, Limit: 1000, NextToken: second.NextToken })).body;
    const ids = [first, second, third].flatMap(({ Events }) =>
      Events.map((e: { Record: string }) => JSON.parse(e.Record).eventID),
    );
    expect(new Set(ids).size).toBe(COUNT);
    expect(ids).not.toContain('later');
    const figures = { Filter, Limit: 0, Count: true, Facets: ['userName', 'errorCode'], Histogram: { Buckets: 50 } };
    const old = (await on().ask({ ...figures, UpTo })).body;
    expect(old.Count).toBe(COUNT);
    expect(old.Facets[1]).toEqual({
      Field: 'errorCode',
      Values: [{ Value: 'AccessDenied', Count: 230 }],
      DistinctCount: 1,
    });
    expect(old.Histogram.IntervalSeconds).toBe(3600);
    const sum = (name: string) => old.Histogram.Buckets.reduce((n: number, b: never) => n + b[name], 0);
    expect([sum('Count'), sum('ErrorCount')]).toEqual([COUNT, 230]);
    expect((await on().ask(figures)).body.Count).toBe(COUNT + 1);
  });
  test('go on as a tail, without gap or repetition', async () => {
    const { SearchedUpTo } = (await on().ask({ Filter: 'eventName = GoesOn' })).body;
    await putRecords(server, [
      record('on-1', { eventName: 'GoesOn' }),
      record('off'),
      record('on-2', { eventName: 'GoesOn' }),
    ]);
    const query = `from=${SearchedUpTo}&follow=false&filter=${encodeURIComponent('eventName = GoesOn')}`;
    const lines = linesOf(await (await signedFetch(server, 'GET', `/opentrail/v1/tail?${query}`)).text());
    expect(lines.map((line) => JSON.parse(line).eventID)).toEqual(['on-1', 'on-2']);
    const tailed = await signedFetch(server, 'GET', `/opentrail/v1/tail?${query}&format=events`);
    const { Events } = (await on().ask({ Filter: 'eventName = GoesOn', From: SearchedUpTo, Order: 'oldest' })).body;
    expect(linesOf(await tailed.text()).map((line) => JSON.parse(line))).toEqual(Events);
    expect(
      linesOf(await on().said('tail', '--filter', 'eventName = GoesOn and eventId ^ ON-2', '-n', '5')),
    ).toHaveLength(1);
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
    const { body } = await on().ask({ Filter: 'eventName = x and (' });
    expect(body).toMatchObject({ Member: 'Filter', Position: '19' });
    const typed = await on().opentrail(['search', 'eventName = x and (y']);
    expect([typed.code, typed.stderr.split('\n').slice(1)]).toEqual([
      1,
      ['  eventName = x and (y', '                      ^', ''],
    ]);
    for (const query of ['filter=and', 'format=xml', 'format=toString']) {
      const tail = await signedFetch(server, 'GET', `/opentrail/v1/tail?${query}`);
      expect([tail.status, tail.headers.get('x-amzn-errortype')]).toEqual([400, 'ValidationException']);
    }
  });
  test.each([
    ["x' or 1=1 --", `"x' or 1=1 --"`],
    ['x"; drop', JSON.stringify('x"; drop')],
    ['%_\\', JSON.stringify('%_\\')],
    ['\u0000', JSON.stringify('\u0000')],
    ['\ud800', JSON.stringify('\ud800')],
  ])('no text becomes part of a question: %j', async (_, quoted) => {
    for (const Filter of [quoted, `userName = ${quoted}`, `userName : ${quoted}`, `requestParameters.${quoted} = x`]) {
      expect(await on().ask({ Filter, Count: true, Facets: [`requestParameters.${quoted}`] })).toMatchObject({
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
    for (const id of [MANAGER, MEMBER, STRANGER]) await on().said('account', 'create', id!);
    for (const id of [MANAGER, MEMBER, STRANGER])
      await aws(profile(id!), 'iam', 'create-user', '--user-name', `of-${id}`);
    await aws(profile(MANAGER!), 'organizations', 'create-organization');
    const invited = ['organizations', 'invite-account-to-organization', '--target', `Id=${MEMBER},Type=ACCOUNT`];
    const { Handshake } = await aws<{ Handshake: { Id: string } }>(profile(MANAGER!), ...invited);
    await aws(profile(MEMBER!), 'organizations', 'accept-handshake', '--handshake-id', Handshake.Id);

    const Filter = 'eventName = CreateUser';
    const owners = async (id: string, input: object = {}) => {
      const { status, body } = await on().ask({ Filter, Facets: ['accountId'], Count: true, ...input }, account(id));
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
    const { NextToken } = (await on().ask({ Filter, Limit: 1 })).body;
    expect(NextToken).toBeDefined();
    expect((await on().ask({ Filter, Limit: 1, NextToken }, account(STRANGER!))).body.message).toContain('NextToken');
    for (const format of ['csv', 'ndjson']) {
      const mine = await on().ask({ Filter: 'not nowhere', Format: format }, account(STRANGER!), 'export');
      expect(JSON.stringify(mine.body)).toContain(`of-${STRANGER}`);
      expect(JSON.stringify(mine.body)).not.toContain(`of-${MEMBER}`);
      expect((await on().ask({ Format: format, AccountId: OPERATOR }, account(STRANGER!), 'export')).status).toBe(403);
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
    const denied = await on().ask({ Filter }, auditor);
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
    expect((await on().ask({ Filter, AccountId: MEMBER }, auditor)).status).toBe(200);
    for (const input of [{}, { AccountId: OPERATOR }, { AccountId: MANAGER }]) {
      expect((await on().ask({ Filter, ...input }, auditor)).status).toBe(403);
    }
    expect((await on().ask({ Format: 'csv', AccountId: MEMBER }, auditor, 'export')).status).toBe(403);
    expect((await signedFetch(auditor, 'GET', '/opentrail/v1/tail?follow=false')).status).toBe(403);
  },
  300_000,
);

testWith(
  ['aws', 'aws-endpoint-env'],
  'whoever reads the audit log shows in Event history, once for each call',
  async () => {
    await on().ask({ Filter: 'eventId = looked-for-once', Limit: 0, Count: true, Facets: ['userName'], Histogram: {} });
    await on().ask({ Filter: 'eventId = looked-for-once', Format: 'csv' }, server, 'export');
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
    const refused = await on().ask({ Filter: 'errorCode = AccessDeniedException eventName = SearchEvents' });
    for (const { Record } of refused.body.Events) expect(JSON.parse(Record).readOnly).toBe(true);
  },
);

test('after a restart, and after a kill, all is found that was acknowledged', async () => {
  const count = async () =>
    (await on().ask({ Filter: 'eventSource = restart.amazonaws.com', Limit: 0, Count: true })).body.Count;
  await on().put([record('before', { eventSource: 'restart.amazonaws.com' })]);
  for (const end of ['stop', 'kill'] as const) {
    await putRecords(server, [record(`after-${end}`, { eventSource: 'restart.amazonaws.com' })]);
    await server[end]();
    server = await startOpenTrail({ dataDir: server.dataDir });
    await eventually(async () => (await on().ask({ Limit: 0 })).body.EventsBehind === 0, 'the lake has caught up');
  }
  expect(await count()).toBe(3);
  expect(await server.stop()).toBe(0);
});
