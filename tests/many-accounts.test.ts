import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect } from 'vitest';
import { aws, awsRaw, eventually, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { blockOf, typeAsWritten } from './support/walk.ts';

afterAll(cleanUp);

const PAGE = readFileSync(join(dirname(import.meta.dirname), 'docs/many-accounts.md'), 'utf8');
const [OWNER, MEMBER, AUDITOR] = ['123456789012', '210987654321', '333333333333'];

interface Session {
  readonly Credentials: {
    readonly AccessKeyId: string;
    readonly SecretAccessKey: string;
    readonly SessionToken: string;
  };
}

const as = (server: RunningOpenTrail, account: string) => ({ ...server.env, AWS_PROFILE: `opentrail-${account}` });

async function assume(server: RunningOpenTrail, account: string, role: string, ...more: string[]) {
  const roleArn = `arn:aws:iam::${OWNER}:role/${role}`;
  const asked = ['sts', 'assume-role', '--role-session-name', 'test', '--role-arn', roleArn, ...more];
  const { Credentials } = await aws<Session>(as(server, account), ...asked);
  const { AWS_PROFILE: _profile, ...env } = server.env;
  return {
    ...env,
    AWS_ACCESS_KEY_ID: Credentials.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: Credentials.SecretAccessKey,
    AWS_SESSION_TOKEN: Credentials.SessionToken,
  };
}

testWith(
  ['aws', 'aws-endpoint-env'],
  'many accounts deliver to one bucket, and each reads its own folder alone: as the page says',
  async () => {
    const server = await startOpenTrail({ flags: { 'delivery-interval-seconds': 1 } });
    const cwd = newFolder('accounts');
    const follow = async (title: string) => {
      const done = await typeAsWritten(blockOf(PAGE, `many accounts: ${title}`), server, cwd);
      expect(done.code, done.stderr + done.stdout).toBe(0);
      return done.stdout;
    };
    const folder = (account: string) => `s3://all-trails/AWSLogs/${account}/`;
    const listed = async (env: Readonly<Record<string, string>>, account: string) =>
      (await awsRaw(env, 's3', 'ls', '--recursive', folder(account))).stdout;

    await follow('deliver');
    for (const account of [OWNER, MEMBER]) {
      await eventually(
        async () => (await listed(server.env, account)).includes('.json.gz'),
        `a log file of ${account}`,
      );
    }
    const direct = await awsRaw(as(server, MEMBER), 's3', 'ls', folder(MEMBER));
    expect([direct.code, direct.stderr]).toEqual([expect.any(Number), expect.stringContaining('AccessDenied')]);

    await follow('a role to read by');
    expect(await follow('read')).toContain(`AWSLogs/${MEMBER}/CloudTrail/us-east-1/`);
    const own = readdirSync(join(cwd, 'own-logs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.json.gz'),
    );
    const records = own.flatMap((name) => {
      const text = gunzipSync(readFileSync(join(cwd, 'own-logs', name))).toString();
      return (JSON.parse(text) as { Records: { recipientAccountId: string; eventName: string }[] }).Records;
    });
    expect(records.map((r) => r.eventName)).toContain('StartLogging');
    expect(new Set(records.map((r) => r.recipientAccountId))).toEqual(new Set([MEMBER]));

    const member = await assume(server, MEMBER, `logs-of-${MEMBER}`);
    const othersFile = /AWSLogs\S+json\.gz/.exec(await listed(server.env, OWNER))![0];
    const ownFile = /AWSLogs\S+json\.gz/.exec(await listed(server.env, MEMBER))![0];
    const refused = async (...args: string[]) => {
      const done = await awsRaw(member, ...args);
      expect([done.code === 0, done.stderr], args.join(' ')).toEqual([
        false,
        expect.stringMatching(/AccessDenied|Forbidden/),
      ]);
    };
    await refused('s3', 'ls', folder(OWNER));
    await refused('s3', 'ls', 's3://all-trails/');
    await refused('s3api', 'get-object', '--bucket', 'all-trails', '--key', othersFile, join(cwd, 'stolen'));
    await refused('s3api', 'delete-object', '--bucket', 'all-trails', '--key', ownFile);

    await follow('a role for an auditor');
    for (const wrong of [[], ['--external-id', 'customer-4712']]) {
      await expect(assume(server, AUDITOR!, 'auditor', ...wrong)).rejects.toThrow(/AccessDenied/);
    }
    await expect(assume(server, MEMBER!, 'auditor', '--external-id', 'customer-4711')).rejects.toThrow(/AccessDenied/);
    const auditor = await assume(server, AUDITOR!, 'auditor', '--external-id', 'customer-4711');
    expect(await listed(auditor, OWNER!)).toContain('.json.gz');

    const uninvited = ['cloudtrail', 'create-trail', '--name', 'main', '--s3-bucket-name', 'all-trails'];
    expect((await awsRaw(as(server, AUDITOR!), ...uninvited)).stderr).toContain('InsufficientS3BucketPolicyException');

    await aws(server.env, 'iam', 'delete-role-policy', '--role-name', 'auditor', '--policy-name', 'read-all-logs');
    await aws(server.env, 'iam', 'delete-role', '--role-name', 'auditor');
    expect((await awsRaw(auditor, 's3', 'ls', folder(OWNER!))).stderr).toContain('AccessDenied');
    expect(await server.stop()).toBe(0);
  },
  300_000,
);
