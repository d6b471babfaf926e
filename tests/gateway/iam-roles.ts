import { expect } from 'vitest';
import type { Answer, Scenario } from './harness.ts';
import { oldTime } from './shapes.ts';

const source = 'iam';
const read = { source, readOnly: true } as const;
const write = { source, readOnly: false } as const;
const TAGS = [{ Key: 'team', Value: 'audit' }];
const TAGS_SHOWN = [{ key: 'team', value: 'audit' }];
const ACCOUNT = 'arn:aws:iam::123456789012';

const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});
const WORK = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
});
/** As in answers: percent-encoded, as RFC 3986 has it. */
const TRUST_ENCODED =
  '%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A' +
  '%7B%22Service%22%3A%22ec2.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D';

export const iamRoles: Scenario = async (t) => {
  const policyArn = `${ACCOUNT}:policy/eng/work`;
  await t.call(
    'iam',
    'CreatePolicy',
    { PolicyName: 'work', Path: '/eng/', Description: 'to work', PolicyDocument: WORK },
    ({ Policy }) => ({
      ...write,
      request: { policyName: 'work', path: '/eng/', description: 'to work', policyDocument: WORK },
      response: {
        policy: expect.objectContaining({ policyId: Policy.PolicyId, arn: policyArn, isAttachable: true }),
      },
    }),
  );
  const made = ({ Role }: Answer) => ({
    path: Role.Path,
    roleName: Role.RoleName,
    roleId: Role.RoleId,
    arn: Role.Arn,
    createDate: oldTime(Role.CreateDate),
  });
  await t.call(
    'iam',
    'CreateRole',
    { RoleName: 'worker', AssumeRolePolicyDocument: TRUST, MaxSessionDuration: 3600, Tags: TAGS },
    (answer) => ({
      ...write,
      request: { roleName: 'worker', assumeRolePolicyDocument: TRUST, maxSessionDuration: 3600, tags: TAGS_SHOWN },
      response: {
        role: expect.objectContaining({
          ...made(answer),
          arn: `${ACCOUNT}:role/worker`,
          assumeRolePolicyDocument: TRUST_ENCODED,
          tags: TAGS_SHOWN,
        }),
      },
    }),
  );
  await t.call(
    'iam',
    'AttachRolePolicy',
    { RoleName: 'worker', PolicyArn: policyArn },
    {
      ...write,
      request: { roleName: 'worker', policyArn },
    },
  );
  await t.cli('ListAttachedRolePolicies', ['iam', 'list-attached-role-policies', '--role-name', 'worker'], {
    ...read,
    request: { roleName: 'worker' },
  });
  await t.call(
    'iam',
    'UpdateAssumeRolePolicy',
    { RoleName: 'worker', PolicyDocument: TRUST },
    {
      ...write,
      request: { roleName: 'worker', policyDocument: TRUST },
    },
  );
  await t.call('iam', 'CreateInstanceProfile', { InstanceProfileName: 'workers' }, ({ InstanceProfile }) => ({
    ...write,
    request: { instanceProfileName: 'workers' },
    response: {
      instanceProfile: expect.objectContaining({
        path: '/',
        instanceProfileName: 'workers',
        instanceProfileId: InstanceProfile.InstanceProfileId,
        arn: `${ACCOUNT}:instance-profile/workers`,
        createDate: oldTime(InstanceProfile.CreateDate),
        roles: [],
      }),
    },
  }));
  const both = { ...write, request: { instanceProfileName: 'workers', roleName: 'worker' } };
  await t.call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName: 'workers', RoleName: 'worker' }, both);
  await t.call(
    'iam',
    'DeleteRole',
    { RoleName: 'worker' },
    {
      ...write,
      request: { roleName: 'worker' },
      error: 'DeleteConflictException',
    },
  );
  await t.call('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName: 'workers', RoleName: 'worker' }, both);
  await t.call(
    'iam',
    'DeleteInstanceProfile',
    { InstanceProfileName: 'workers' },
    {
      ...write,
      request: { instanceProfileName: 'workers' },
    },
  );
  await t.call(
    'iam',
    'DetachRolePolicy',
    { RoleName: 'worker', PolicyArn: policyArn },
    {
      ...write,
      request: { roleName: 'worker', policyArn },
    },
  );
  await t.call('iam', 'DeleteRole', { RoleName: 'worker' }, { ...write, request: { roleName: 'worker' } });
  await t.call('iam', 'CreateServiceLinkedRole', { AWSServiceName: 'elasticbeanstalk.amazonaws.com' }, (answer) => ({
    ...write,
    request: { aWSServiceName: 'elasticbeanstalk.amazonaws.com' },
    response: { role: expect.objectContaining(made(answer)) },
  }));
  await t.call('iam', 'DeletePolicy', { PolicyArn: policyArn }, { ...write, request: { policyArn } });
  await t.call('iam', 'GetAccountSummary', {}, { ...read, request: null });
};
