import { expect } from 'vitest';
import { CREATED_AT, NODEGROUP_ROLE } from './documented-upstream.ts';
import type { Answer, Caller, CallOptions, Scenario } from './harness.ts';

/** The calls that AWS's documented records are of, with the records that they give today. */

/** As the examples have them; 111122223333 belongs to most, 123456789012 to the oldest. */
const [A, B] = ['111122223333', '123456789012'];
const key = (accessKeyId: string) => ({ accessKeys: [{ accessKeyId, secretAccessKey: 'secret' }] });
const KEYS = {
  root: 'AKIAROOTOFA000000000',
  oldRoot: 'AKIAROOTOFB000000000',
  user: 'AKIAUSER1OFA00000000',
  eksUser: 'AKIAUSERNAMEOFA00000',
  friend: 'AKIAFRIENDOFB0000000',
  eks: 'AKIAEKSNODEGROUP0000',
};
export const DOCUMENTED_IDENTITIES = {
  accounts: [
    {
      accountId: A,
      root: key(KEYS.root),
      users: [
        { userName: 'user1', userId: 'AIDAUSER1', ...key(KEYS.user) },
        { userName: 'username', userId: 'AIDAUSERNAME', ...key(KEYS.eksUser) },
      ],
      roles: [
        {
          roleName: 'AWSServiceRoleForAmazonEKSNodegroup',
          roleId: 'AROA3WHGPEZ7SJ2CW55C5',
          path: '/aws-service-role/eks-nodegroup.amazonaws.com/',
        },
      ],
      services: [{ service: 'eks-nodegroup.amazonaws.com', ...key(KEYS.eks) }],
    },
    {
      accountId: B,
      alias: 'user',
      root: key(KEYS.oldRoot),
      users: [{ userName: 'IAM-friendly-name', userId: 'AIDAFRIEND', ...key(KEYS.friend) }],
    },
  ],
};

const WHEN = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const attributes = { creationDate: WHEN, mfaAuthenticated: 'false' };
const rootOf = (accountId: string) => ({
  type: 'Root',
  principalId: accountId,
  arn: `arn:aws:iam::${accountId}:root`,
  accountId,
});
const userOf = (accountId: string, userName: string, principalId: string) => ({
  type: 'IAMUser',
  principalId,
  arn: `arn:aws:iam::${accountId}:user/${userName}`,
  accountId,
  userName,
});
const long = (accessKeyId: string): CallOptions => ({ key: [accessKeyId, 'secret'], region: 'us-west-2' });
const temporary = ({ Credentials: c }: Answer, region = 'us-west-2'): CallOptions => ({
  key: [c.AccessKeyId, c.SecretAccessKey, c.SessionToken],
  region,
});

/** Signs in for a while, as the console does: what comes after has a session. */
const session = (t: Caller, accessKeyId: string, identity: object) =>
  t.call(
    'sts',
    'GetSessionToken',
    {},
    {
      source: 'sts',
      readOnly: false,
      request: null,
      response: { credentials: expect.anything() },
      identity: { ...identity, accessKeyId },
      region: 'us-west-2',
    },
    long(accessKeyId),
  );

async function efs(t: Caller): Promise<void> {
  const root = rootOf(A!);
  const signedIn = await session(t, KEYS.root, root);
  const expected = {
    source: 'elasticfilesystem',
    readOnly: false,
    response: null,
    apiVersion: '2015-02-01',
    region: 'us-west-2',
    identity: { ...root, accessKeyId: signedIn.Credentials.AccessKeyId, sessionContext: { attributes } },
  };
  await t.call(
    'efs',
    'CreateTags',
    { FileSystemId: 'fs-00112233', Tags: [{ Key: 'TagName', Value: 'AnotherNewTag' }] },
    { ...expected, request: { fileSystemId: 'fs-00112233', tags: [{ key: 'TagName', value: 'AnotherNewTag' }] } },
    temporary(signedIn),
  );
  await t.call(
    'efs',
    'DeleteTags',
    { FileSystemId: 'fs-00112233', TagKeys: [] },
    { ...expected, request: { fileSystemId: 'fs-00112233', tagKeys: [] } },
    { ...temporary(signedIn), unchecked: true },
  );
}

async function ec2(t: Caller): Promise<void> {
  const instance = { instanceId: 'i-1a2b3c4d' };
  await t.call(
    'ec2',
    'TerminateInstances',
    { InstanceIds: ['i-1a2b3c4d'] },
    (answer) => ({
      source: 'ec2',
      readOnly: false,
      request: { instancesSet: { items: [instance] } },
      response: {
        requestId: answer.ResponseMetadata.RequestId,
        instancesSet: {
          items: [
            {
              ...instance,
              currentState: { code: 32, name: 'shutting-down' },
              previousState: { code: 16, name: 'running' },
            },
          ],
        },
      },
      region: 'us-west-2',
      identity: { ...rootOf(B!), accessKeyId: KEYS.oldRoot, userName: 'user' },
    }),
    long(KEYS.oldRoot),
  );
  const friend = userOf(B!, 'IAM-friendly-name', 'AIDAFRIEND');
  const signedIn = await session(t, KEYS.friend, friend);
  const sSHPublicKey = 'ssh-rsa ABCDEFGHIJKLMNO01234567890EXAMPLE';
  await t.call(
    'ec2-instance-connect',
    'SendSSHPublicKey',
    { InstanceId: 'i-0123456789EXAMPLE', InstanceOSUser: 'ec2-user', SSHPublicKey: sSHPublicKey },
    (answer) => ({
      source: 'ec2-instance-connect',
      readOnly: false,
      request: { instanceId: 'i-0123456789EXAMPLE', instanceOSUser: 'ec2-user', sSHPublicKey },
      response: { requestId: answer.RequestId, success: true },
      region: 'us-west-2',
      identity: { ...friend, accessKeyId: signedIn.Credentials.AccessKeyId, sessionContext: { attributes } },
    }),
    { ...temporary(signedIn), unchecked: true },
  );
}

async function eks(t: Caller): Promise<void> {
  const roleArn = `arn:aws:iam::${A}:role/AWSServiceRoleForAmazonEKS-CAC1G1VH3ZKZ`;
  const subnetIds = ['subnet-a670c2df', 'subnet-4f8c5004'];
  await t.call(
    'eks',
    'CreateCluster',
    { name: 'test', roleArn, resourcesVpcConfig: { subnetIds } },
    {
      source: 'eks',
      readOnly: false,
      request: { name: 'test', roleArn, resourcesVpcConfig: { subnetIds }, clientRequestToken: expect.any(String) },
      response: {
        cluster: {
          name: 'test',
          status: 'CREATING',
          createdAt: CREATED_AT,
          certificateAuthority: {},
          arn: `arn:aws:eks:us-west-2:${A}:cluster/test`,
          roleArn,
          version: '1.10',
          resourcesVpcConfig: { securityGroupIds: [], vpcId: 'vpc-21277358', subnetIds },
        },
      },
      region: 'us-west-2',
      identity: { ...userOf(A!, 'username', 'AIDAUSERNAME'), accessKeyId: KEYS.eksUser },
    },
    long(KEYS.eksUser),
  );
}

async function iam(t: Caller): Promise<void> {
  const user = userOf(A!, 'user1', 'AIDAUSER1');
  const signedIn = await session(t, KEYS.user, user);
  const roleName = 'AWSServiceRoleForAmazonElasticFileSystem';
  const path = '/aws-service-role/elasticfilesystem.amazonaws.com/';
  await t.call(
    'iam',
    'CreateServiceLinkedRole',
    { AWSServiceName: 'elasticfilesystem.amazonaws.com' },
    {
      source: 'iam',
      readOnly: false,
      request: { aWSServiceName: 'elasticfilesystem.amazonaws.com' },
      response: {
        role: {
          assumeRolePolicyDocument: expect.stringMatching(/^%7B%22Version%22%3A%222012-10-17%22%2C/),
          arn: `arn:aws:iam::${A}:role${path}${roleName}`,
          roleId: 'AROACKCEVSQ6C2EXAMPLE',
          createDate: 'Oct 23, 2019 10:45:41 PM',
          roleName,
          path,
        },
      },
      identity: { ...user, accessKeyId: signedIn.Credentials.AccessKeyId, sessionContext: { attributes } },
    },
    temporary(signedIn, 'us-east-1'),
  );
  // EKS by its service-linked role: a service's session of it names the service.
  const assumed = await t.call(
    'sts',
    'AssumeRole',
    { RoleArn: NODEGROUP_ROLE, RoleSessionName: 'EKS' },
    {
      source: 'sts',
      readOnly: true,
      request: { roleArn: NODEGROUP_ROLE, roleSessionName: 'EKS' },
      response: expect.anything(),
      resources: [{ accountId: A, type: 'AWS::IAM::Role', ARN: NODEGROUP_ROLE }],
      region: 'us-west-2',
      identity: { type: 'AWSService', invokedBy: 'eks-nodegroup.amazonaws.com' },
    },
    long(KEYS.eks),
  );
  const instanceProfileName = 'eks-11111111-2222-3333-4444-abcdef123456';
  await t.call(
    'iam',
    'DeleteInstanceProfile',
    { InstanceProfileName: instanceProfileName },
    {
      source: 'iam',
      readOnly: false,
      request: { instanceProfileName },
      identity: {
        type: 'AssumedRole',
        principalId: 'AROA3WHGPEZ7SJ2CW55C5:EKS',
        arn: `arn:aws:sts::${A}:assumed-role/AWSServiceRoleForAmazonEKSNodegroup/EKS`,
        accountId: A,
        accessKeyId: assumed.Credentials.AccessKeyId,
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: 'AROA3WHGPEZ7SJ2CW55C5',
            arn: NODEGROUP_ROLE,
            accountId: A,
            userName: 'AWSServiceRoleForAmazonEKSNodegroup',
          },
          attributes,
        },
        invokedBy: 'eks-nodegroup.amazonaws.com',
      },
    },
    temporary(assumed, 'us-east-1'),
  );
}

export const documentedCalls: Scenario = async (t) => {
  await efs(t);
  await ec2(t);
  await eks(t);
  await iam(t);
};
