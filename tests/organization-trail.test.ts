import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, expect } from 'vitest';
import { aws, awsRaw, eventually, run, testWith } from './support/clients.ts';
import { cleanUp, newFolder, startOpenTrail } from './support/opentrail.ts';
import { s3 } from './support/sdk.ts';
import { blockOf, typeAsWritten } from './support/walk.ts';

afterAll(cleanUp);

const PAGE = readFileSync(join(dirname(import.meta.dirname), 'docs/organizations.md'), 'utf8');
const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const [MANAGER, MEMBER, LATE] = ['123456789012', '210987654321', '333333333333'] as const;
const ARN = `arn:aws:cloudtrail:us-east-1:${MANAGER}:trail/everyone`;
const BUCKET = 'all-events';

interface Trails {
  readonly trailList: readonly { readonly TrailARN: string; readonly IsOrganizationTrail: boolean }[];
}
interface Rec {
  readonly eventName: string;
  readonly eventID: string;
  readonly recipientAccountId: string;
  readonly requestParameters: { readonly userName?: string } | null;
}

testWith(
  ['aws', 'aws-endpoint-env'],
  'an organization trail delivers what all accounts do, and no member may stop it: as the page says',
  async () => {
    const server = await startOpenTrail({
      flags: { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 5, regions: 'us-east-1,eu-west-1' },
    });
    const { env } = server;
    const as = (account: string) => ({ ...env, AWS_PROFILE: `opentrail-${account}` });
    const cwd = newFolder('organization');
    const opentrail = (...args: string[]) =>
      run(process.execPath, [COMMAND, ...args, '--data-dir', server.dataDir], env);
    const follow = async (title: string) => {
      const done = await typeAsWritten(blockOf(PAGE, `organization trail: ${title}`), server, cwd);
      expect(done.code, done.stderr + done.stdout).toBe(0);
      return done.stdout;
    };
    const join_ = async (account: string) => {
      expect((await opentrail('account', 'create', account)).code).toBe(0);
      const { Handshake } = await aws<{ Handshake: { Id: string } }>(
        ...([env, 'organizations', 'invite-account-to-organization', '--target'] as const),
        `Id=${account},Type=ACCOUNT`,
      );
      await aws(as(account), 'organizations', 'accept-handshake', '--handshake-id', Handshake.Id);
    };
    const store = s3(server);
    const keys = async (prefix: string) => {
      const page = await store.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
      return (page.Contents ?? []).map((o) => o.Key!).filter((key) => key.endsWith('.gz'));
    };
    const start = new Date().toISOString();
    const { Organization } = await aws<{ Organization: { Id: string } }>(env, 'organizations', 'create-organization');
    const logsOf = (account: string) => `AWSLogs/${Organization.Id}/${account}/CloudTrail/`;
    const digestsOf = (account: string) => `AWSLogs/${Organization.Id}/${account}/CloudTrail-Digest/`;
    const recordsOf = async (account: string): Promise<Rec[]> => {
      const records: Rec[] = [];
      for (const Key of await keys(logsOf(account))) {
        const object = await store.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
        const bytes = Buffer.from(await object.Body!.transformToByteArray());
        records.push(...(JSON.parse(gunzipSync(bytes).toString()) as { Records: Rec[] }).Records);
      }
      return records;
    };
    const delivered = (account: string, eventName: string, userName?: string) =>
      eventually(async () => {
        const found = (await recordsOf(account)).filter((r) => r.eventName === eventName);
        return found.some((r) => userName === undefined || r.requestParameters?.userName === userName);
      }, `${eventName} of ${account}`);
    const makeUser = (account: string, name: string, ...more: string[]) =>
      aws(account === MANAGER ? env : as(account), 'iam', 'create-user', '--user-name', name, ...more);

    await join_(MEMBER);
    await makeUser(MEMBER, 'before');
    await follow('make');

    // What all of them do is delivered, each account's to its own folder, whatever the Region.
    await makeUser(MANAGER, 'of-manager');
    await makeUser(MEMBER, 'of-member');
    await aws(as(MEMBER), 'kms', 'create-key', '--region', 'eu-west-1');
    await delivered(MANAGER, 'CreateUser', 'of-manager');
    await delivered(MEMBER, 'CreateUser', 'of-member');
    await delivered(MEMBER, 'CreateKey');
    expect((await keys(`${logsOf(MEMBER)}eu-west-1/`)).length).toBeGreaterThan(0);

    // Members see it and may not touch it.
    const seen = await aws<Trails>(as(MEMBER), 'cloudtrail', 'describe-trails');
    expect(seen.trailList).toMatchObject([{ TrailARN: ARN, IsOrganizationTrail: true }]);
    const status = await aws<{ IsLogging: boolean; LatestDeliveryTime?: string }>(
      ...([as(MEMBER), 'cloudtrail', 'get-trail-status', '--name', ARN] as const),
    );
    expect(status).toMatchObject({ IsLogging: true, LatestDeliveryTime: expect.anything() });
    for (const what of [['stop-logging'], ['delete-trail'], ['update-trail', '--no-is-organization-trail']]) {
      const refused = await awsRaw(as(MEMBER), 'cloudtrail', ...what, '--name', ARN);
      expect(refused.stderr).toContain('NotOrganizationMasterAccountException');
    }
    await delivered(MEMBER, 'StopLogging');

    // Who joins is logged from then on; who leaves is not, but for the leaving itself.
    await join_(LATE);
    await makeUser(LATE, 'in');
    await delivered(LATE, 'CreateUser', 'in');
    await aws(as(LATE), 'organizations', 'leave-organization');
    await makeUser(LATE, 'out');
    await delivered(LATE, 'LeaveOrganization');
    expect((await aws<Trails>(as(LATE), 'cloudtrail', 'describe-trails')).trailList).toEqual([]);
    const role = ['iam', 'get-role', '--role-name', 'AWSServiceRoleForCloudTrail'];
    await aws(as(MEMBER), ...role);
    const remove = ['iam', 'delete-service-linked-role', '--role-name', 'AWSServiceRoleForCloudTrail'];
    const { DeletionTaskId } = await aws<{ DeletionTaskId: string }>(as(MEMBER), ...remove);
    const asked = ['iam', 'get-service-linked-role-deletion-status', '--deletion-task-id', DeletionTaskId];
    expect(await aws(as(MEMBER), ...asked)).toMatchObject({
      Status: 'FAILED',
      Reason: { RoleUsageList: [{ Region: 'us-east-1', Resources: [ARN] }] },
    });
    await eventually(async () => (await awsRaw(as(LATE), ...role)).code !== 0, 'the role is gone');

    // A change of selectors holds for all accounts.
    await aws(env, 'cloudtrail', 'put-event-selectors', '--trail-name', 'everyone', '--event-selectors',
      JSON.stringify([{ ReadWriteType: 'WriteOnly', IncludeManagementEvents: true }])); // biome-ignore format: one call
    await aws(as(MEMBER), 'iam', 'list-groups');
    await makeUser(MEMBER, 'last');
    await delivered(MEMBER, 'CreateUser', 'last');

    await aws(env, 'cloudtrail', 'stop-logging', '--name', 'everyone');
    await delivered(MANAGER, 'StopLogging');
    const all = [...(await recordsOf(MANAGER)), ...(await recordsOf(MEMBER)), ...(await recordsOf(LATE))];
    expect(new Set(all.map((r) => r.eventID)).size).toBe(all.length);
    const made = all.filter((r) => r.eventName === 'CreateUser').map((r) => r.requestParameters?.userName);
    expect(made.sort()).toEqual(['in', 'last', 'of-manager', 'of-member']);
    expect(all.map((r) => r.eventName)).not.toContain('ListGroups');
    for (const account of [MANAGER, MEMBER, LATE]) {
      expect(new Set((await recordsOf(account)).map((r) => r.recipientAccountId))).toEqual(new Set([account]));
    }

    // All of it is digested, in a chain for each account and Region.
    await eventually(async () => (await opentrail('verify', ARN, '--json')).code === 0, 'all is digested');
    expect((await keys(`${digestsOf(MEMBER)}eu-west-1/`)).length).toBeGreaterThan(0);
    expect(await follow('validate')).toMatch(/(\d+)\/\1 log files valid/);
    for (const account of [MANAGER, MEMBER, LATE]) {
      const asked = ['cloudtrail', 'validate-logs', '--trail-arn', ARN, '--start-time', start, '--account-id', account];
      const done = await awsRaw(env, ...asked);
      expect(done.stdout, done.stderr).toMatch(/(\d+)\/\1 digest files valid/);
      expect(done.stdout).toMatch(/(\d+)\/\1 log files valid/);
      expect([done.code, done.stdout]).toEqual([0, expect.not.stringContaining('INVALID')]);
    }

    // Doctor says what the bucket's policy must allow.
    await aws(env, 's3api', 'delete-bucket-policy', '--bucket', BUCKET);
    const advice = (await opentrail('doctor', 'everyone')).stdout;
    for (const folder of [Organization.Id, MANAGER]) {
      expect(advice).toContain(`arn:aws:s3:::${BUCKET}/AWSLogs/${folder}/*`);
    }

    // Without trusted access it goes on as the account's own, and so does the account's chain.
    await typeAsWritten(
      `aws s3api put-bucket-policy --bucket ${BUCKET} --policy file://bucket-policy.json`,
      server,
      cwd,
    );
    await aws(env, 'cloudtrail', 'start-logging', '--name', 'everyone');
    await makeUser(MANAGER, 'again');
    await makeUser(MEMBER, 'again');
    await delivered(MEMBER, 'CreateUser', 'again');
    await aws(
      ...([env, 'organizations', 'disable-aws-service-access'] as const),
      ...['--service-principal', 'cloudtrail.amazonaws.com'],
    );
    const { trailList } = await aws<Trails>(env, 'cloudtrail', 'describe-trails');
    expect(trailList).toMatchObject([{ TrailARN: ARN, IsOrganizationTrail: false }]);
    expect((await aws<Trails>(as(MEMBER), 'cloudtrail', 'describe-trails')).trailList).toEqual([]);
    await makeUser(MEMBER, 'unseen');
    await makeUser(MANAGER, 'alone');
    await aws(env, 'cloudtrail', 'stop-logging', '--name', 'everyone');
    await eventually(async () => (await keys(`AWSLogs/${MANAGER}/CloudTrail/`)).length > 0, 'files of its own');
    expect((await recordsOf(MEMBER)).map((r) => r.requestParameters?.userName)).not.toContain('unseen');
    await eventually(async () => (await opentrail('verify', ARN, '--json')).code === 0, 'all is digested');
    const whole = await awsRaw(env, 'cloudtrail', 'validate-logs', '--trail-arn', ARN, '--start-time', start);
    expect([whole.code, whole.stdout]).toEqual([0, expect.stringMatching(/(\d+)\/\1 log files valid/)]);
    expect(await server.stop()).toBe(0);
  },
  400_000,
);
