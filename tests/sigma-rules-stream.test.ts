import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { aws, awsRaw, eventually, run, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';

afterAll(cleanUp);

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const opentrail = (server: RunningOpenTrail, ...args: string[]) =>
  run(process.execPath, [COMMAND, ...args, '--data-dir', server.dataDir], server.env);

const rule = (id: string, title: string, detection: string) => `title: ${title}
id: ${id}
status: test
logsource:
    product: aws
    service: cloudtrail
detection:
${detection}
level: high
`;

const NEW_USERS = rule(
  '11111111-2222-4333-8444-555555555555',
  'A user was made',
  `    selection:
        eventSource: iam.amazonaws.com
        eventName:
            - CreateUser
            - CreateLoginProfile
    filter_known:
        requestParameters.userName|startswith: 'svc-'
    condition: selection and not 1 of filter_*`,
);
const DENIED = rule('denied', 'Something was denied', "    s:\n        errorCode|contains: 'Denied'\n    condition: s");
const WRONG = rule('wrong', 'Counts', '    s:\n        eventName: X\n    condition: s | count() > 5');

interface LookedUp {
  readonly Events: readonly { readonly EventId: string; readonly CloudTrailEvent: string }[];
}

async function matchesIn(server: RunningOpenTrail) {
  const attribute = 'AttributeKey=EventName,AttributeValue=RuleMatched';
  const { Events } = await aws<LookedUp>(server.env, 'cloudtrail', 'lookup-events', '--lookup-attributes', attribute);
  return Events.map(({ CloudTrailEvent }) => JSON.parse(CloudTrailEvent));
}

testWith(
  ['aws'],
  'rules watch what comes, their matches are found by look-up, and are neither lost nor repeated by a kill',
  async () => {
    let server = await startOpenTrail();
    const folder = newFolder('rules');
    mkdirSync(join(folder, 'iam'));
    writeFileSync(join(folder, 'iam', 'users.yml'), NEW_USERS);
    writeFileSync(join(folder, 'denied.yaml'), DENIED);
    writeFileSync(join(folder, 'wrong.yml'), WRONG);
    writeFileSync(join(folder, 'README.md'), 'no rule');

    await aws(server.env, 'iam', 'create-user', '--user-name', 'before');
    const added = await opentrail(server, 'rules', 'add', folder);
    expect(added.stderr).toBe('');
    expect(added.code).toBe(1);
    expect(added.stdout).toMatch(/^added {3}A user was made$/m);
    expect(added.stdout).toMatch(/^refused .*wrong\.yml: .*line 10.*aggregations over several events/m);
    expect(added.stdout).toMatch(/^2 rules added, 0 updated, 1 refused$/m);
    const again = await opentrail(server, 'rules', 'add', join(folder, 'iam', 'users.yml'));
    expect([again.code, again.stdout]).toEqual([0, 'updated A user was made\n0 rules added, 1 updated, 0 refused\n']);
    expect((await opentrail(server, 'rules', 'list')).stdout.split('\n').filter((line) => line !== '')).toEqual([
      '11111111-2222-4333-8444-555555555555  123456789012   high           A user was made',
      'denied                                123456789012   high           Something was denied',
    ]);

    await aws(server.env, 'iam', 'create-user', '--user-name', 'eve');
    await aws(server.env, 'iam', 'create-user', '--user-name', 'svc-robot');
    await aws(server.env, 'iam', 'list-users');
    const [match] = await eventually(async () => {
      const found = await matchesIn(server);
      return found.length > 0 && found;
    }, 'a match');
    const { Events: users } = await aws<LookedUp>(
      server.env,
      'cloudtrail',
      'lookup-events',
      '--lookup-attributes',
      'AttributeKey=EventName,AttributeValue=CreateUser',
    );
    const eve = users.find(({ CloudTrailEvent }) => CloudTrailEvent.includes('"eve"'))!;
    expect(match).toMatchObject({
      eventSource: 'opentrail.amazonaws.com',
      eventType: 'AwsServiceEvent',
      recipientAccountId: '123456789012',
      serviceEventDetails: {
        ruleId: '11111111-2222-4333-8444-555555555555',
        ruleTitle: 'A user was made',
        ruleLevel: 'high',
        matchedEvent: { eventID: eve.EventId, eventName: 'CreateUser' },
      },
    });

    await aws(server.env, 'iam', 'create-user', '--user-name', 'mallory');
    await server.kill();
    server = await startOpenTrail({ dataDir: server.dataDir });
    await aws(server.env, 'iam', 'create-user', '--user-name', 'trudy');
    const matched = () => matchesIn(server);
    await eventually(async () => (await matched()).length >= 3, 'a match for each user');
    // What is judged after this call has been judged for all before it.
    await awsRaw(server.env, 'iam', 'create-user', '--user-name', 'last');
    await eventually(async () => (await matched()).length >= 4, 'the last match');
    const names = (await matched()).map((m) => m.serviceEventDetails.matchedEvent.eventID);
    expect([names.length, new Set(names).size]).toEqual([4, 4]);

    const tested = await opentrail(server, 'rules', 'test', 'a user was made', '--since', '1h');
    expect(tested.stdout).toMatch(/^A user was made: 5 of \d+ events match$/m); // `before` too, which came before the rule
    const file = await opentrail(server, 'rules', 'test', join(folder, 'iam', 'users.yml'), '--since', '1h', '--json');
    expect(
      file.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).requestParameters.userName),
    ).toEqual(['before', 'eve', 'mallory', 'trudy', 'last']);

    expect((await opentrail(server, 'rules', 'remove', 'denied', 'A user was made')).code).toBe(0);
    expect((await opentrail(server, 'rules', 'list')).stdout).toBe('');
    const gone = await opentrail(server, 'rules', 'remove', 'denied');
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('No rule is named denied')]);
    await server.stop();
  },
  300_000,
);

testWith(
  ['aws'],
  'rules of an account are its own; the operator alone may watch every account',
  async () => {
    const server = await startOpenTrail();
    const file = join(newFolder('rules'), 'users.yml');
    writeFileSync(file, NEW_USERS);
    expect((await opentrail(server, 'account', 'create', '210987654321')).code).toBe(0);
    const member = { ...server.env, AWS_PROFILE: 'opentrail-210987654321' };
    const asMember = (...args: string[]) =>
      run(process.execPath, [COMMAND, ...args, '--data-dir', server.dataDir], member);
    const refused = await asMember('rules', 'add', file, '--all-accounts');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('not authorized to perform: opentrail:PutRule'),
    ]);
    expect((await opentrail(server, 'rules', 'add', file, '--all-accounts')).code).toBe(0);
    expect((await asMember('rules', 'list')).stdout).toBe('');

    await aws(member, 'iam', 'create-user', '--user-name', 'eve');
    const [match] = await eventually(async () => {
      const found = await matchesIn(server);
      return found.length > 0 && found;
    }, 'a match in the operator account');
    expect(match.serviceEventDetails.matchedEvent.recipientAccountId).toBe('210987654321');
    expect(await matchesIn({ ...server, env: member })).toEqual([]);
    await server.stop();
  },
  300_000,
);
