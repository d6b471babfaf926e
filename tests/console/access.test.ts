import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  enter,
  expectAccessible,
  expectProblem,
  openPage,
  type PageOptions,
  PHONE,
  screenshot,
  usingBrowser,
} from '../support/browser.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { untilSearchable } from '../support/play.ts';
import { clientConfig, signedFetch } from '../support/sdk.ts';

const ACCOUNT = '123456789012';
/** Descriptions may hold anything. */
const HOSTILE = '<img src=x onerror=alert(1)>';

usingBrowser();
let server: RunningOpenTrail;
let nobody: { accessKeyId: string; secretAccessKey: string };
let keyArn: string;

/** An operation of KMS, for which the tests have no client. */
async function kms(operation: string, input: object) {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` };
  const answer = await signedFetch(server, 'POST', '/', JSON.stringify(input), { service: 'kms', headers });
  const text = await answer.text();
  expect([operation, answer.status, text]).toEqual([operation, 200, text]);
  return text === '' ? {} : JSON.parse(text);
}

const policy = (...Action: string[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] });

async function makeUsers(client: iam.IAMClient) {
  await client.send(new iam.CreateGroupCommand({ GroupName: 'auditors' }));
  const PolicyArn = 'arn:aws:iam::aws:policy/AWSCloudTrail_ReadOnlyAccess';
  await client.send(new iam.AttachGroupPolicyCommand({ GroupName: 'auditors', PolicyArn }));
  for (const UserName of ['alice', 'bob', 'carol']) await client.send(new iam.CreateUserCommand({ UserName }));
  await client.send(new iam.AddUserToGroupCommand({ GroupName: 'auditors', UserName: 'alice' }));
  const own = { PolicyName: 'reads-iam', PolicyDocument: policy('iam:List*', 'iam:Get*', 'sts:AssumeRole') };
  await client.send(new iam.PutUserPolicyCommand({ UserName: 'alice', ...own }));
  await client.send(new iam.CreateLoginProfileCommand({ UserName: 'alice', Password: 'Correct-Horse-9' }));
  const Tags = [{ Key: 'team', Value: 'audit' }];
  await client.send(new iam.TagUserCommand({ UserName: 'alice', Tags }));
  const make = async (UserName: string) => {
    const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName }));
    return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  };
  const alice = await make('alice');
  return { alice, bob: await make('bob') };
}

beforeAll(async () => {
  server = await startOpenTrail();
  const client = new iam.IAMClient(clientConfig(server));
  const { alice, bob } = await makeUsers(client);
  nobody = bob;
  const Statement = [
    { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'sts:AssumeRole' },
    { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const Description = 'Reads, and nothing else';
  await client.send(new iam.CreateRoleCommand({ RoleName: 'auditor', AssumeRolePolicyDocument, Description }));
  const PolicyDocument = policy('iam:List*', 'iam:Get*');
  await client.send(new iam.PutRolePolicyCommand({ RoleName: 'auditor', PolicyName: 'reads', PolicyDocument }));

  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/auditor`;
  const asAlice = { ...clientConfig(server), credentials: alice };
  await new iam.IAMClient(asAlice).send(new iam.ListUsersCommand({}));
  await new iam.IAMClient(asAlice).send(new iam.CreateUserCommand({ UserName: 'mallory' })).catch(() => {});
  const assumed = await new sts.STSClient(asAlice).send(
    new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'alice' }),
  );
  const { AccessKeyId, SecretAccessKey, SessionToken } = assumed.Credentials!;
  const asRole = { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! };
  await new iam.IAMClient({ ...clientConfig(server), credentials: asRole }).send(new iam.ListRolesCommand({}));

  const { KeyMetadata } = await kms('CreateKey', { Description: `Log files ${HOSTILE}` });
  keyArn = KeyMetadata.Arn;
  await kms('CreateAlias', { AliasName: 'alias/trail', TargetKeyId: keyArn });
  await kms('EnableKeyRotation', { KeyId: keyArn });
  await kms('TagResource', { KeyId: keyArn, Tags: [{ TagKey: 'purpose', TagValue: 'logs' }] });
  await kms('GenerateDataKey', { KeyId: keyArn, KeySpec: 'AES_256' });
  const GranteePrincipal = `arn:aws:iam::${ACCOUNT}:user/alice`;
  await kms('CreateGrant', { KeyId: keyArn, GranteePrincipal, Operations: ['Decrypt'], Name: 'readers' });
  const old = await kms('CreateKey', { Description: 'Old' });
  await kms('ScheduleKeyDeletion', { KeyId: old.KeyMetadata.KeyId, PendingWindowInDays: 7 });
  await untilSearchable(server);
});
afterAll(cleanUp);

async function shown(path: string, name: string, ready: string, options?: PageOptions): Promise<Page> {
  const page = await openPage(options);
  await enter(page, server, path);
  await page.getByText(ready).filter({ visible: true }).first().waitFor();
  await page.waitForLoadState('networkidle');
  await screenshot(page, name);
  return page;
}

describe('users', () => {
  test('are listed with groups, MFA and how much they did', async () => {
    const page = await shown('/users', 'users', 'alice');
    const row = page.getByRole('row', { name: /alice/ });
    await expect.poll(() => row.textContent()).toMatch(/alice\s*auditors\s*1\s*None\s*3\s*2/);
    await expectAccessible(page);
    await page.getByLabel('Find users').fill('carol');
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
    expect(page.url()).toContain('q=carol');
    await page.getByLabel('Find users').fill('nobody-like-this');
    await page.getByText('Nothing found').waitFor();
  });

  test('show what they did, may do, and sign in with', async () => {
    const page = await shown('/users/alice', 'user', 'alice tried to create user');
    await expectAccessible(page);
    await page.getByRole('tab', { name: 'Permissions' }).click();
    await page.getByText('Policies of the group auditors').waitFor();
    await page.getByRole('button', { name: 'reads-iam' }).click();
    await page.getByText('iam:List*').waitFor();
    await screenshot(page, 'user-permissions');
    await expectAccessible(page);
    await page.getByRole('tab', { name: 'Security credentials' }).click();
    await page.getByText('for sts in us-east-1').waitFor();
    await page.getByText('Set up').waitFor();
    await screenshot(page, 'user-credentials');
    await expectAccessible(page);
    await page.getByRole('tab', { name: 'Tags' }).click();
    await page.getByText('team').waitFor();
    expect(page.url()).toContain('tab=tags');
  });

  test('that are not there are said so', async () => {
    const page = await openPage();
    expectProblem(page, /status of 404/);
    await enter(page, server, '/users/nobody');
    await page.getByText('The user with name nobody cannot be found').waitFor();
  });

  test('are kept from who may not see them, in words that help', async () => {
    const page = await openPage();
    expectProblem(page, /status of (403|400)/);
    await enter(page, server, '/users', nobody);
    await page.getByText('You need permission for iam:GetAccountAuthorizationDetails').waitFor();
    await screenshot(page, 'users-denied');
    await expectAccessible(page);
  });
});

describe('roles', () => {
  test('are listed with whom they trust', async () => {
    const page = await shown('/roles', 'roles', 'auditor');
    await page.getByText(`Account ${ACCOUNT}, lambda.amazonaws.com`).waitFor();
    await expectAccessible(page);
  });

  test('show who acted as them, and can be switched to and back', async () => {
    const page = await shown('/roles/auditor', 'role', 'Who acted as this role');
    await page.getByText('alice assumed role auditor').first().waitFor();
    await expectAccessible(page);
    await page.getByRole('tab', { name: 'Trust policy' }).click();
    await page.getByText('lambda.amazonaws.com').waitFor();
    await screenshot(page, 'role-trust');
    await expectAccessible(page);
    expectProblem(page, /status of (403|400)/); // the role may do little
    await page.getByRole('button', { name: 'Switch to this role' }).click();
    await page.getByText('auditor/opentrail').filter({ visible: true }).first().waitFor();
  });
});

describe('keys', () => {
  test('are listed with what becomes of them', async () => {
    const page = await shown('/keys', 'keys', 'Pending deletion');
    await expectAccessible(page);
  });

  test('show who used them, who may, and how they are kept', async () => {
    const page = await shown(`/keys/${encodeURI(keyArn)}`, 'key', 'Uses and changes of this key');
    await page.getByText('Every 365 days').waitFor();
    await expectAccessible(page);
    await page.getByRole('tab', { name: 'Grants' }).click();
    await page.getByText('readers').waitFor();
    await page.getByRole('tab', { name: 'Key policy' }).click();
    await page.getByText('kms:*').waitFor();
    await expectAccessible(page);
  });
});

test('narrow and dark', async () => {
  for (const [name, path, ready] of [
    ['users', '/users', 'alice'],
    ['user', '/users/alice', 'What this user did'],
    ['role', '/roles/auditor', 'Who acted as this role'],
    ['keys', '/keys', 'Pending deletion'],
  ] as const) {
    const page = await shown(path, `${name}-phone-dark`, ready, { viewport: PHONE, colorScheme: 'dark' });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
    expect([name, overflow]).toEqual([name, 0]);
    await page.context().close();
  }
});
