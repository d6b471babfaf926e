import * as calls from './calls.ts';
import { NO_TOKEN_FOR_IAM } from './denials.ts';
import { allOfIam, allOfS3, LOG_FILE } from './operations.ts';
import { denied, type Refusal, type Row } from './row.ts';
import { type Call, type Credentials, signed } from './wire.ts';
import { A, must, type World } from './world.ts';

/** Users who want more than they have, and what they are given to begin with. */
export interface Climbers {
  /** Reads IAM; a customer policy is attached to it that it must not rewrite. */
  readonly developer: Credentials;
  /** Its own keys and password, nobody else's. */
  readonly selfish: Credentials;
  /** All of CloudTrail, but no role to pass. */
  readonly trailer: Credentials;
  /** An administrator within a boundary that reads CloudTrail. */
  readonly bounded: Credentials;
  /** An administrator's session of a role, cut down by a session policy. */
  readonly limited: Credentials;
  readonly inactive: Credentials;
  readonly deleted: Credentials;
  /** A session of a user who is gone. */
  readonly orphan: Credentials;
}

const allow = (Action: string | readonly string[], Resource: string | readonly string[] = '*') => ({
  Effect: 'Allow',
  Action,
  Resource,
});
const policy = (...Statement: readonly unknown[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
const READS_TRAILS = policy(allow(['cloudtrail:Get*', 'cloudtrail:Describe*', 'cloudtrail:List*']));
const EVERYTHING = policy(allow('*'));
export const ADMINISTRATOR = 'arn:aws:iam::aws:policy/AdministratorAccess';

const field = (body: string, name: string): string => new RegExp(`<${name}>([^<]+)</${name}>`).exec(body)![1]!;

/** A user, with its first access key. */
export async function makeUser(
  as: Credentials,
  name: string,
  { attached = [], inline, boundary }: { attached?: readonly string[]; inline?: string; boundary?: string } = {},
): Promise<Credentials> {
  await must(
    as,
    calls.iam('CreateUser', { UserName: name, ...(boundary !== undefined && { PermissionsBoundary: boundary }) }),
  );
  for (const PolicyArn of attached) await must(as, calls.iam('AttachUserPolicy', { UserName: name, PolicyArn }));
  if (inline !== undefined)
    await must(as, calls.iam('PutUserPolicy', { UserName: name, PolicyName: 'inline', PolicyDocument: inline }));
  return makeKey(as, name);
}

async function makeKey(as: Credentials, name: string): Promise<Credentials> {
  const { body } = await must(as, calls.iam('CreateAccessKey', { UserName: name }));
  return { accessKeyId: field(body, 'AccessKeyId'), secretAccessKey: field(body, 'SecretAccessKey') };
}

export async function session(
  as: Credentials,
  operation: string,
  input: Readonly<Record<string, string>> = {},
): Promise<Required<Credentials>> {
  const { body } = await must(as, calls.sts(operation, input));
  return {
    accessKeyId: field(body, 'AccessKeyId'),
    secretAccessKey: field(body, 'SecretAccessKey'),
    sessionToken: field(body, 'SessionToken'),
  };
}

/** Password of the victim: looked for in data folder and log afterwards. */
export const PASSWORD = 'Attackers-want-this-0ne!';

export async function makeClimbers({ a }: World): Promise<Climbers> {
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${A}:root` }, Action: 'sts:AssumeRole' }],
  });
  const victimPolicy = field(
    (await must(a, calls.iam('CreatePolicy', { PolicyName: 'victim-policy', PolicyDocument: READS_TRAILS }))).body,
    'Arn',
  );
  await must(a, calls.iam('CreatePolicyVersion', { PolicyArn: victimPolicy, PolicyDocument: EVERYTHING }));
  const boundary = field(
    (await must(a, calls.iam('CreatePolicy', { PolicyName: 'boundary', PolicyDocument: READS_TRAILS }))).body,
    'Arn',
  );
  const victim = await makeUser(a, 'victim', { attached: [ADMINISTRATOR] });
  await must(a, calls.iam('CreateLoginProfile', { UserName: 'victim', Password: PASSWORD }));
  await must(a, calls.iam('CreateGroup', { GroupName: 'victims' }));
  await must(a, calls.iam('AttachGroupPolicy', { GroupName: 'victims', PolicyArn: ADMINISTRATOR }));
  await must(a, calls.iam('CreateRole', { RoleName: 'victim-role', AssumeRolePolicyDocument: trust }));
  await must(a, calls.iam('AttachRolePolicy', { RoleName: 'victim-role', PolicyArn: ADMINISTRATOR }));
  await must(a, calls.iam('CreateInstanceProfile', { InstanceProfileName: 'victim-profile' }));
  const own = `arn:aws:iam::${A}:user/\${aws:username}`;
  const inactive = await makeUser(a, 'inactive', { attached: [ADMINISTRATOR] });
  await must(
    a,
    calls.iam('UpdateAccessKey', { UserName: 'inactive', AccessKeyId: inactive.accessKeyId, Status: 'Inactive' }),
  );
  const deleted = await makeKey(a, 'inactive');
  await must(a, calls.iam('DeleteAccessKey', { UserName: 'inactive', AccessKeyId: deleted.accessKeyId }));
  const gone = await makeUser(a, 'gone', { attached: [ADMINISTRATOR] });
  const orphan = await session(gone, 'GetSessionToken');
  await must(a, calls.iam('DeleteAccessKey', { UserName: 'gone', AccessKeyId: gone.accessKeyId }));
  await must(a, calls.iam('DetachUserPolicy', { UserName: 'gone', PolicyArn: ADMINISTRATOR }));
  await must(a, calls.iam('DeleteUser', { UserName: 'gone' }));
  const role = { RoleArn: `arn:aws:iam::${A}:role/victim-role`, RoleSessionName: 'limited' };
  return {
    developer: await makeUser(a, 'developer', {
      attached: [victimPolicy],
      inline: policy(allow(['iam:Get*', 'iam:List*', 's3:ListAllMyBuckets'])),
    }),
    selfish: await makeUser(a, 'selfish', {
      inline: policy(
        allow(['iam:*AccessKey*', 'iam:*LoginProfile', 'iam:ChangePassword', 'iam:*SigningCertificate*'], own),
      ),
    }),
    trailer: await makeUser(a, 'trailer', { inline: policy(allow('cloudtrail:*')) }),
    bounded: await makeUser(a, 'bounded', { attached: [ADMINISTRATOR], boundary }),
    limited: await session(victim, 'AssumeRole', { ...role, Policy: READS_TRAILS }),
    inactive,
    deleted,
    orphan,
  };
}

const ofUser = { UserName: 'victim' };
const self = (name: string) => ({ UserName: name });
const policyArn = `arn:aws:iam::${A}:policy/victim-policy`;

/** The known ways from few permissions in IAM to all of them. */
function waysUp(me: string): Call[] {
  const { iam } = calls;
  const admin = { PolicyArn: ADMINISTRATOR };
  const inline = { PolicyName: 'up', PolicyDocument: EVERYTHING };
  const trust = {
    PolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${A}:user/${me}` }, Action: 'sts:AssumeRole' }],
    }),
  };
  return [
    iam('CreatePolicyVersion', { PolicyArn: policyArn, PolicyDocument: EVERYTHING, SetAsDefault: 'true' }),
    iam('SetDefaultPolicyVersion', { PolicyArn: policyArn, VersionId: 'v2' }),
    iam('DeletePolicyVersion', { PolicyArn: policyArn, VersionId: 'v2' }),
    iam('CreatePolicy', { ...inline }),
    iam('AttachUserPolicy', { ...self(me), ...admin }),
    iam('AttachUserPolicy', { ...ofUser, ...admin }),
    iam('AttachGroupPolicy', { GroupName: 'victims', ...admin }),
    iam('AttachRolePolicy', { RoleName: 'victim-role', ...admin }),
    iam('PutUserPolicy', { ...self(me), ...inline }),
    iam('PutUserPolicy', { ...ofUser, ...inline }),
    iam('PutGroupPolicy', { GroupName: 'victims', ...inline }),
    iam('PutRolePolicy', { RoleName: 'victim-role', ...inline }),
    iam('AddUserToGroup', { GroupName: 'victims', ...self(me) }),
    iam('CreateAccessKey', ofUser),
    iam('UpdateAccessKey', { ...ofUser, AccessKeyId: 'AKIAIOSFODNN7EXAMPLE', Status: 'Active' }),
    iam('CreateLoginProfile', { ...ofUser, Password: 'Mine-0w-please' }),
    iam('UpdateLoginProfile', { ...ofUser, Password: 'Mine-0w-please' }),
    iam('UpdateAssumeRolePolicy', { RoleName: 'victim-role', ...trust }),
    iam('CreateRole', { RoleName: 'up', AssumeRolePolicyDocument: trust.PolicyDocument }),
    iam('UpdateRole', { RoleName: 'victim-role', MaxSessionDuration: '43200' }),
    iam('CreateServiceLinkedRole', { AWSServiceName: 'cloudtrail.amazonaws.com' }),
    iam('AddRoleToInstanceProfile', { RoleName: 'victim-role', InstanceProfileName: 'victim-profile' }),
    iam('CreateUser', { UserName: 'up' }),
    iam('UpdateUser', { ...self(me), NewPath: '/admins/' }),
    iam('DeleteUserPermissionsBoundary', self(me)),
    iam('PutUserPermissionsBoundary', { ...self(me), PermissionsBoundary: ADMINISTRATOR }),
    iam('DeleteRolePermissionsBoundary', { RoleName: 'victim-role' }),
    iam('PutRolePermissionsBoundary', { RoleName: 'victim-role', PermissionsBoundary: ADMINISTRATOR }),
    iam('DetachUserPolicy', { ...self(me), PolicyArn: policyArn }),
    iam('DeleteUserPolicy', { ...self(me), PolicyName: 'inline' }),
    iam('TagUser', { ...self(me), 'Tags.member.1.Key': 'role', 'Tags.member.1.Value': 'admin' }),
    iam('TagRole', { RoleName: 'victim-role', 'Tags.member.1.Key': 'role', 'Tags.member.1.Value': 'admin' }),
    iam('CreateOpenIDConnectProvider', { Url: 'https://mine.example.com', 'ThumbprintList.member.1': 'a'.repeat(40) }),
    iam('CreateSAMLProvider', { Name: 'mine', SAMLMetadataDocument: 'x'.repeat(1000) }),
    iam('DeactivateMFADevice', { ...ofUser, SerialNumber: `arn:aws:iam::${A}:mfa/victim` }),
    iam('CreateVirtualMFADevice', { VirtualMFADeviceName: me }),
    iam('UpdateAccountPasswordPolicy', { MinimumPasswordLength: '6' }),
    calls.sts('AssumeRole', { RoleArn: `arn:aws:iam::${A}:role/victim-role`, RoleSessionName: me }),
    calls.sts('GetFederationToken', { Name: 'up', Policy: EVERYTHING }),
  ];
}

const named = (who: string, as: Credentials, list: readonly Call[], refusal?: Refusal): Row[] =>
  list.map((call, i) => denied(who, call, () => signed(call, as), refusal, `(${i + 1})`));

const UNKNOWN: Readonly<Record<string, Refusal>> = {
  s3: [403, 'InvalidAccessKeyId'],
  iam: [403, 'InvalidClientTokenId'],
  sts: [403, 'InvalidClientTokenId'],
  opentrail: [403, 'UnrecognizedClientException'],
};

export function escalationRows(world: World, climbers: Climbers, withoutMfa: Credentials): Row[] {
  const { developer, selfish, trailer, bounded, limited, orphan } = climbers;
  const loggingRole = (roleArn: string) => ({
    CloudWatchLogsRoleArn: roleArn,
    CloudWatchLogsLogGroupArn: `arn:aws:logs:us-east-1:${A}:log-group:x:*`,
  });
  const roles = [
    'victim-role',
    'not-there',
    '*',
    'aws-service-role/cloudtrail.amazonaws.com/AWSServiceRoleForCloudTrail',
  ].map((name) => `arn:aws:iam::${A}:role/${name}`);
  const passing = roles.flatMap((roleArn) => [
    calls.cloudTrail('CreateTrail', { Name: 'passing', S3BucketName: 'a-logs', ...loggingRole(roleArn) }),
    calls.cloudTrail('UpdateTrail', { Name: 'main-a', ...loggingRole(roleArn) }),
  ]);
  const othersOnly = [
    'CreateAccessKey',
    'ListAccessKeys',
    'CreateLoginProfile',
    'UpdateLoginProfile',
    'DeleteLoginProfile',
    'GetLoginProfile',
    'UploadSigningCertificate',
    'ListSigningCertificates',
  ];
  const foreignRole = calls.sts('AssumeRole', {
    RoleArn: `arn:aws:iam::${A}:role/victim-role`,
    RoleSessionName: 'stranger',
  });
  const dead = [
    calls.cloudTrail('StopLogging', { Name: 'main-a' }),
    calls.kms('DisableKey', { KeyId: world.keyOfA }),
    calls.iam('CreateUser', { UserName: 'up' }),
    calls.s3('GetObject', 'GET', '/a-private/doc.txt'),
    calls.own('TailRecords'),
    calls.sts('GetFederationToken', { Name: 'up' }),
  ];
  const known = new Set(['cloudtrail:DescribeTrails', 'cloudtrail:ListTrails']);
  const harm = [
    ...dead.slice(0, 5),
    calls.cloudTrail('DeleteTrail', { Name: 'main-a' }),
    ...allOfS3('a-logs', LOG_FILE).filter(({ name }) => !known.has(name)),
  ];
  return [
    ...named('privilege escalation by a developer', developer, waysUp('developer')),
    ...named('privilege escalation out of a boundary', bounded, waysUp('bounded')),
    ...named('privilege escalation out of a session policy', limited, waysUp('victim')),
    ...named(
      'IAM by an administrator without a second factor',
      withoutMfa,
      waysUp('opentrail').filter(({ service }) => service === 'iam'),
      NO_TOKEN_FOR_IAM,
    ),
    ...named(
      "another user's credentials",
      selfish,
      othersOnly.map((name) => calls.iam(name, { ...ofUser, Password: 'Mine-0w-please', CertificateBody: 'x' })),
    ),
    ...named(
      'a user for everybody',
      selfish,
      ['CreateAccessKey', 'CreateLoginProfile'].map((name) =>
        calls.iam(name, { UserName: 'opentrail', Password: 'Mine-0w-please' }),
      ),
    ),
    ...named('a role to CloudTrail without PassRole', trailer, passing),
    ...named("another account's role", world.b, [foreignRole]),
    ...named('out of a boundary', bounded, harm),
    ...named('out of a session policy', limited, harm),
    ...named('a session of a user who is gone', orphan, dead),
    ...(['inactive', 'deleted'] as const).flatMap((which) =>
      dead.map((call): Row => {
        const [status, code] = UNKNOWN[call.service] ?? [400, 'UnrecognizedClientException'];
        return {
          title: `a key that is ${which}: ${call.name}`,
          wire: () => signed(call, climbers[which]),
          status,
          code,
          leaves: 'count',
        };
      }),
    ),
    // IAM has no names of other accounts; what takes ARNs must not take theirs.
    ...named(
      "another account's policy",
      world.b,
      allOfIam(A, [
        'GetPolicy',
        'GetPolicyVersion',
        'CreatePolicyVersion',
        'DeletePolicy',
        'DeletePolicyVersion',
        'SetDefaultPolicyVersion',
        'ListPolicyVersions',
        'ListEntitiesForPolicy',
        'TagPolicy',
        'UntagPolicy',
        'ListPolicyTags',
      ]),
    ),
  ];
}
