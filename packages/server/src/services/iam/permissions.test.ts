import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CallContext } from '../../wire/service.ts';
import { ACCOUNT, admin, allow, type Harness, harness, trust, user } from './testing/harness.ts';

const ARN = `arn:aws:iam::${ACCOUNT}`;
const READ_ONLY = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
let iam: Harness;
beforeEach(async () => {
  iam = await harness();
  await iam.call('CreateUser', { UserName: 'Alice', Path: '/staff/', Tags: [{ Key: 'team', Value: 'x' }] });
  const service = trust({ Service: 'ec2.amazonaws.com' });
  await iam.call('CreateRole', { RoleName: 'app', AssumeRolePolicyDocument: service, PermissionsBoundary: READ_ONLY });
  await iam.call('CreateInstanceProfile', { InstanceProfileName: 'app' });
});

async function asked(operation: string, input: object, caller = admin) {
  const permission = iam.service.permissions![operation];
  if (typeof permission !== 'function') throw new Error(`no permission of ${operation}`);
  const requests = await permission({ operation, caller } as CallContext, input);
  return requests.map(({ action, resource, context, granted }) => ({
    action,
    resource,
    ...(context && Object.keys(context).length > 0 && { context }),
    ...(granted !== undefined && { granted }),
  }));
}
const tagged = { 'aws:ResourceTag/team': 'x', 'iam:ResourceTag/team': 'x' };

describe('what a call must be allowed to do', () => {
  it.each([
    [
      'GetUser',
      { UserName: 'alice' },
      [{ action: 'iam:GetUser', resource: `${ARN}:user/staff/Alice`, context: tagged }],
    ],
    ['GetUser', { UserName: 'nobody' }, [{ action: 'iam:GetUser', resource: `${ARN}:user/nobody` }]],
    ['GetUser', {}, [{ action: 'iam:GetUser', resource: `${ARN}:user/opentrail` }]],
    ['ListRoles', {}, [{ action: 'iam:ListRoles', resource: `${ARN}:role/` }]],
    ['GetAccountSummary', {}, [{ action: 'iam:GetAccountSummary', resource: '*' }]],
    [
      'AttachRolePolicy',
      { RoleName: 'app', PolicyArn: READ_ONLY },
      [
        {
          action: 'iam:AttachRolePolicy',
          resource: `${ARN}:role/app`,
          context: { 'iam:PolicyARN': READ_ONLY, 'iam:PermissionsBoundary': READ_ONLY },
        },
      ],
    ],
    [
      'CreateUser',
      { UserName: 'b', Path: '/x/', Tags: [{ Key: 'k', Value: 'v' }], PermissionsBoundary: READ_ONLY },
      ['CreateUser', 'TagUser'].map((name) => ({
        action: `iam:${name}`,
        resource: `${ARN}:user/x/b`,
        context: { 'aws:RequestTag/k': 'v', 'aws:TagKeys': ['k'], 'iam:PermissionsBoundary': READ_ONLY },
      })),
    ],
    [
      'UntagUser',
      { UserName: 'Alice', TagKeys: ['team'] },
      [
        {
          action: 'iam:UntagUser',
          resource: `${ARN}:user/staff/Alice`,
          context: { ...tagged, 'aws:TagKeys': ['team'] },
        },
      ],
    ],
    [
      'UpdateUser',
      { UserName: 'Alice', NewUserName: 'Bob' },
      ['Alice', 'Bob'].map((name) => ({
        action: 'iam:UpdateUser',
        resource: `${ARN}:user/staff/${name}`,
        context: tagged,
      })),
    ],
    [
      'AddRoleToInstanceProfile',
      { InstanceProfileName: 'app', RoleName: 'app' },
      [
        { action: 'iam:AddRoleToInstanceProfile', resource: `${ARN}:instance-profile/app` },
        {
          action: 'iam:PassRole',
          resource: `${ARN}:role/app`,
          context: { 'iam:PassedToService': 'ec2.amazonaws.com' },
        },
      ],
    ],
    [
      'CreateServiceLinkedRole',
      { AWSServiceName: 'cloudtrail.amazonaws.com' },
      [
        {
          action: 'iam:CreateServiceLinkedRole',
          resource: `${ARN}:role/aws-service-role/cloudtrail.amazonaws.com/AWSServiceRoleForCloudTrail`,
          context: { 'iam:AWSServiceName': 'cloudtrail.amazonaws.com' },
        },
      ],
    ],
    ['ChangePassword', {}, [{ action: 'iam:ChangePassword', resource: `${ARN}:user/opentrail`, granted: false }]],
  ])('%s %j', async (operation, input, requests) => {
    expect(await asked(operation, input)).toEqual(requests);
  });
});

describe('escalation', () => {
  const may = async (...actions: string[]) => {
    const Statement = [{ Effect: 'Allow', Action: actions, Resource: '*' }];
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    await iam.call('PutUserPolicy', { UserName: 'Alice', PolicyName: 'may', PolicyDocument });
  };
  const alice = () => ({ ...user('Alice'), arn: `${ARN}:user/staff/Alice` });
  const ends = async (operation: string, input: object) => (await iam.ends(operation, input, alice())).split(':')[0];

  it.each([
    ['PutUserPolicy', { UserName: 'Alice', PolicyName: 'x', PolicyDocument: allow('*') }],
    ['AttachUserPolicy', { UserName: 'Alice', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }],
    ['CreateAccessKey', { UserName: 'opentrail' }],
    ['UpdateLoginProfile', { UserName: 'opentrail', Password: 'Good-Password-1' }],
    ['UpdateAssumeRolePolicy', { RoleName: 'app', PolicyDocument: trust({ AWS: `${ARN}:user/staff/Alice` }) }],
    ['DeleteRolePermissionsBoundary', { RoleName: 'app' }],
    ['TagUser', { UserName: 'Alice', Tags: [{ Key: 'team', Value: 'admin' }] }],
  ])('by %s is denied to a reader, and does nothing', async (operation, input) => {
    await may('iam:Get*', 'iam:List*');
    const before = await iam.state.list('');
    expect(await ends(operation, input)).toBe('AccessDenied');
    expect(await iam.state.list('')).toEqual(before);
  });

  it('by a policy version needs the right to set versions', async () => {
    const { Policy } = await iam.call('CreatePolicy', { PolicyName: 'p', PolicyDocument: allow('s3:Get*') });
    await may('iam:CreatePolicy', 'iam:GetPolicy');
    const version = { PolicyArn: Policy.Arn, PolicyDocument: allow('*'), SetAsDefault: true };
    expect(await ends('CreatePolicyVersion', version)).toBe('AccessDenied');
  });

  it('by an instance profile needs PassRole', async () => {
    await may('iam:AddRoleToInstanceProfile');
    const input = { InstanceProfileName: 'app', RoleName: 'app' };
    expect(await ends('AddRoleToInstanceProfile', input)).toBe('AccessDenied');
    await may('iam:AddRoleToInstanceProfile', 'iam:PassRole');
    expect(await ends('AddRoleToInstanceProfile', input)).toBe('ok');
  });

  it('by another spelling of a name meets the same Deny', async () => {
    const Statement = [
      { Effect: 'Allow', Action: 'iam:*', Resource: '*' },
      { Effect: 'Deny', Action: 'iam:*', Resource: `${ARN}:user/opentrail` },
    ];
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    await iam.call('PutUserPolicy', { UserName: 'Alice', PolicyName: 'may', PolicyDocument });
    for (const UserName of ['opentrail', 'OpenTrail', 'OPENTRAIL']) {
      expect(await ends('CreateAccessKey', { UserName })).toBe('AccessDenied');
    }
  });
});

it('what is not built is told in the docs', () => {
  const docs = readFileSync(new URL('../../../../../docs/iam.md', import.meta.url), 'utf8');
  const { schema, operations } = iam.service;
  const told = new Set(docs.slice(docs.indexOf('## What is not there')).match(/[A-Z]\w+/g));
  const missing = Object.keys(schema.operations).filter((name) => !Object.hasOwn(operations, name));
  expect(missing.filter((name) => !told.has(name))).toEqual([]);
  expect(Object.keys(operations).filter((name) => told.has(name))).toEqual([]);
});
