import { expect } from 'vitest';
import type { Scenario } from './harness.ts';
import { oldTime } from './shapes.ts';

const source = 'iam';
const read = { source, readOnly: true } as const;
const write = { source, readOnly: false } as const;
const TAGS = [{ Key: 'team', Value: 'audit' }];
const TAGS_SHOWN = [{ key: 'team', value: 'audit' }];
const ACCOUNT = 'arn:aws:iam::123456789012';

const READ_ALL = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }],
});

export const iam: Scenario = async (t) => {
  await t.call('iam', 'CreateUser', { UserName: 'bob', Path: '/eng/', Tags: TAGS }, ({ User }) => ({
    ...write,
    request: { userName: 'bob', path: '/eng/', tags: TAGS_SHOWN },
    response: {
      user: {
        path: '/eng/',
        userName: 'bob',
        userId: User.UserId,
        arn: `${ACCOUNT}:user/eng/bob`,
        createDate: oldTime(User.CreateDate),
        tags: TAGS_SHOWN,
      },
    },
  }));
  await t.call(
    'iam',
    'CreateUser',
    { UserName: 'bob' },
    {
      ...write,
      request: { userName: 'bob' },
      error: 'EntityAlreadyExistsException',
    },
  );
  await t.cli('GetUser', ['iam', 'get-user', '--user-name', 'bob'], { ...read, request: { userName: 'bob' } });
  await t.call(
    'iam',
    'GetUser',
    { UserName: 'nobody' },
    {
      ...read,
      request: { userName: 'nobody' },
      error: 'NoSuchEntityException',
    },
  );
  await t.call('iam', 'ListUsers', {}, { ...read, request: null });
  await t.call('iam', 'ListUsers', { MaxItems: 5 }, { ...read, request: { maxItems: 5 } });

  const { AccessKey } = await t.call('iam', 'CreateAccessKey', { UserName: 'bob' }, (made) => ({
    ...write,
    request: { userName: 'bob' },
    response: {
      accessKey: {
        userName: 'bob',
        accessKeyId: made.AccessKey.AccessKeyId,
        status: 'Active',
        createDate: oldTime(made.AccessKey.CreateDate),
      },
    },
  }));
  const accessKeyId = AccessKey.AccessKeyId as string;
  await t.call(
    'iam',
    'UpdateAccessKey',
    { UserName: 'bob', AccessKeyId: accessKeyId, Status: 'Inactive' },
    { ...write, request: { userName: 'bob', accessKeyId, status: 'Inactive' } },
  );
  await t.call('iam', 'ListAccessKeys', { UserName: 'bob' }, { ...read, request: { userName: 'bob' } });
  await t.call(
    'iam',
    'DeleteAccessKey',
    { UserName: 'bob', AccessKeyId: accessKeyId },
    { ...write, request: { userName: 'bob', accessKeyId } },
  );

  await t.call(
    'iam',
    'CreateLoginProfile',
    { UserName: 'bob', Password: 'hunter2-Hunter2', PasswordResetRequired: true },
    ({ LoginProfile }) => ({
      ...write,
      request: { userName: 'bob', passwordResetRequired: true },
      response: {
        loginProfile: {
          userName: 'bob',
          createDate: oldTime(LoginProfile.CreateDate),
          // AWS adds passwordResetRequired, when its answer has it.
          ...(LoginProfile.PasswordResetRequired !== undefined && {
            passwordResetRequired: LoginProfile.PasswordResetRequired,
          }),
        },
      },
    }),
  );
  await t.call(
    'iam',
    'UpdateLoginProfile',
    { UserName: 'bob', Password: 'Hunter2-hunter2' },
    { ...write, request: { userName: 'bob' } },
  );
  await t.call('iam', 'DeleteLoginProfile', { UserName: 'bob' }, { ...write, request: { userName: 'bob' } });

  await t.call(
    'iam',
    'PutUserPolicy',
    { UserName: 'bob', PolicyName: 'inline', PolicyDocument: READ_ALL },
    { ...write, request: { userName: 'bob', policyName: 'inline', policyDocument: READ_ALL } },
  );
  await t.call(
    'iam',
    'DeleteUserPolicy',
    { UserName: 'bob', PolicyName: 'inline' },
    { ...write, request: { userName: 'bob', policyName: 'inline' } },
  );
  const { Policy } = await t.call(
    'iam',
    'CreatePolicy',
    { PolicyName: 'read-all', PolicyDocument: READ_ALL },
    ({ Policy: made }) => ({
      ...write,
      request: { policyName: 'read-all', policyDocument: READ_ALL },
      response: {
        policy: expect.objectContaining({
          policyName: 'read-all',
          policyId: made.PolicyId,
          arn: `${ACCOUNT}:policy/read-all`,
          path: '/',
          defaultVersionId: 'v1',
          attachmentCount: 0,
          createDate: oldTime(made.CreateDate),
          updateDate: oldTime(made.UpdateDate),
        }),
      },
    }),
  );
  const policyArn = Policy.Arn as string;
  await t.call(
    'iam',
    'AttachUserPolicy',
    { UserName: 'bob', PolicyArn: policyArn },
    {
      ...write,
      request: { userName: 'bob', policyArn },
    },
  );
  await t.call(
    'iam',
    'DetachUserPolicy',
    { UserName: 'bob', PolicyArn: policyArn },
    {
      ...write,
      request: { userName: 'bob', policyArn },
    },
  );
  await t.call(
    'iam',
    'GetPolicyVersion',
    { PolicyArn: policyArn, VersionId: 'v1' },
    {
      ...read,
      request: { policyArn, versionId: 'v1' },
    },
  );

  await t.call('iam', 'CreateGroup', { GroupName: 'admin' }, ({ Group }) => ({
    ...write,
    request: { groupName: 'admin' },
    response: {
      group: {
        path: '/',
        groupName: 'admin',
        groupId: Group.GroupId,
        arn: `${ACCOUNT}:group/admin`,
        createDate: oldTime(Group.CreateDate),
      },
    },
  }));
  const member = { ...write, request: { userName: 'bob', groupName: 'admin' } };
  await t.call('iam', 'AddUserToGroup', { UserName: 'bob', GroupName: 'admin' }, member);
  await t.call('iam', 'RemoveUserFromGroup', { UserName: 'bob', GroupName: 'admin' }, member);
  await t.call('iam', 'DeleteGroup', { GroupName: 'admin' }, { ...write, request: { groupName: 'admin' } });

  await t.call(
    'iam',
    'CreateVirtualMFADevice',
    { VirtualMFADeviceName: 'bobs' },
    {
      ...write,
      request: { virtualMFADeviceName: 'bobs' },
      // Neither the seed nor its picture.
      response: { virtualMFADevice: { serialNumber: `${ACCOUNT}:mfa/bobs` } },
    },
  );
  const serialNumber = `${ACCOUNT}:mfa/bobs`;
  const codes = { AuthenticationCode1: '123456', AuthenticationCode2: '654321' };
  await t.call(
    'iam',
    'EnableMFADevice',
    { UserName: 'bob', SerialNumber: serialNumber, ...codes },
    {
      ...write,
      request: { userName: 'bob', serialNumber },
    },
  );
  await t.call('iam', 'ListMFADevices', { UserName: 'bob' }, { ...read, request: { userName: 'bob' } });
  await t.call(
    'iam',
    'DeactivateMFADevice',
    { UserName: 'bob', SerialNumber: serialNumber },
    {
      ...write,
      request: { userName: 'bob', serialNumber },
    },
  );
  await t.call('iam', 'DeletePolicy', { PolicyArn: policyArn }, { ...write, request: { policyArn } });
  await t.call('iam', 'DeleteUser', { UserName: 'bob' }, { ...write, request: { userName: 'bob' } });
};
