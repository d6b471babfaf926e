import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateAccessKeyCommand,
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  EnableMFADeviceCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { totpCode, totpStep } from '../packages/server/src/access/totp.ts';
import { type Provider, startProvider } from '../packages/server/src/services/sts/testing/provider.ts';
import { aws, awsRaw, boto3, eventually, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, readProfile, startOpenTrail } from './support/opentrail.ts';
import { clientConfig, signedFetch } from './support/sdk.ts';
import { ACCOUNT } from './support/trail.ts';

const OTHER = '210987654321';
const arnOf = (role: string, account = ACCOUNT) => `arn:aws:iam::${account}:role/${role}`;

let server: RunningOpenTrail;
let provider: Provider;
let iam: IAMClient;

beforeAll(async () => {
  provider = await startProvider();
  server = await startOpenTrail({ flags: { 'oidc-internal': provider.issuer } });
  iam = new IAMClient(clientConfig(server));
  const made = await signedFetch(server, 'POST', '/opentrail/v1/accounts', JSON.stringify({ AccountId: OTHER }), {
    service: 'opentrail',
    headers: { 'content-type': 'application/json' },
  });
  expect(made.status).toBe(200);
});
afterAll(async () => {
  await provider?.stop();
  await cleanUp();
});

const policyOf = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string | string[], Resource: string | string[] = '*', more: object = {}) =>
  policyOf({ Effect: 'Allow', Action, Resource, ...more });

/** A role, and what it may do. @returns its ARN */
async function makeRole(name: string, trust: object, permissions: string, more: object = {}): Promise<string> {
  await iam.send(
    new CreateRoleCommand({
      RoleName: name,
      AssumeRolePolicyDocument: policyOf({ Effect: 'Allow', ...trust }),
      ...more,
    }),
  );
  await iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: 'own', PolicyDocument: permissions }));
  return arnOf(name);
}

const ADMIN = { AWS: `arn:aws:iam::${ACCOUNT}:user/opentrail` };

interface Credentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
}
const keysOf = ({ AccessKeyId, SecretAccessKey, SessionToken }: Credentials) => ({
  AWS_ACCESS_KEY_ID: AccessKeyId,
  AWS_SECRET_ACCESS_KEY: SecretAccessKey,
  AWS_SESSION_TOKEN: SessionToken,
});
const envOf = (credentials: Credentials) => {
  const { AWS_PROFILE: _profile, ...env } = server.env;
  return { ...env, ...keysOf(credentials) };
};

/** The CLI keeps credentials of roles in its user's home, for whatever server gave them: each test has one of its own. */
const atHome = () => ({ ...server.env, HOME: newFolder('home') });

// biome-ignore lint/suspicious/noExplicitAny: a record, as JSON
type Record = any;

/** The records of an account with that event name, newest first, as soon as there are so many. */
const records = (eventName: string, count = 1, env = server.env) =>
  eventually(async () => {
    const { Events } = await aws<{ Events: { CloudTrailEvent: string }[] }>(
      env,
      ...['cloudtrail', 'lookup-events', '--lookup-attributes', `AttributeKey=EventName,AttributeValue=${eventName}`],
    );
    return Events.length >= count && Events.map((event): Record => JSON.parse(event.CloudTrailEvent));
  }, `${count} records of ${eventName}`);

const CLIENTS = ['aws', 'aws-endpoint-env', 'boto3'] as const;

describe('roles', () => {
  testWith(CLIENTS, 'a profile of the AWS CLI with role_arn and source_profile works, and is recorded', async () => {
    await makeRole(
      'auditor',
      { Principal: ADMIN, Action: 'sts:AssumeRole', Condition: { StringEquals: { 'sts:ExternalId': 'audit-2026' } } },
      allow(['cloudtrail:DescribeTrails', 'cloudtrail:LookupEvents']),
    );
    const config = join(newFolder('config'), 'config');
    const profile = (name: string, externalId: string) =>
      `[profile ${name}]\nrole_arn = ${arnOf('auditor')}\nsource_profile = opentrail\nrole_session_name = yearly\nexternal_id = ${externalId}\n`;
    writeFileSync(config, profile('auditor', 'audit-2026') + profile('stranger', 'wrong'));
    const as = (name: string) => ({ ...atHome(), AWS_CONFIG_FILE: config, AWS_PROFILE: name });

    expect(await aws(as('auditor'), 'sts', 'get-caller-identity')).toEqual({
      UserId: expect.stringMatching(/^AROA\w+:yearly$/),
      Account: ACCOUNT,
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/auditor/yearly`,
    });
    expect(await aws(as('auditor'), 'cloudtrail', 'describe-trails')).toEqual({ trailList: [] });
    const denied = await awsRaw(as('auditor'), 'cloudtrail', 'delete-trail', '--name', 'main');
    expect(denied.stderr).toContain(
      `(AccessDeniedException) when calling the DeleteTrail operation: User: arn:aws:sts::${ACCOUNT}:assumed-role/auditor/yearly is not authorized to perform: cloudtrail:DeleteTrail`,
    );
    const stranger = await awsRaw(as('stranger'), 'sts', 'get-caller-identity');
    expect(stranger.stderr).toContain('(AccessDenied) when calling the AssumeRole operation');

    const [failed, assumed] = await records('AssumeRole', 2);
    expect(failed).toMatchObject({ errorCode: 'AccessDenied', responseElements: null });
    expect(assumed).toMatchObject({
      eventSource: 'sts.amazonaws.com',
      readOnly: true,
      userIdentity: { type: 'IAMUser', userName: 'opentrail' },
      requestParameters: { roleArn: arnOf('auditor'), roleSessionName: 'yearly', externalId: 'audit-2026' },
      responseElements: {
        credentials: { accessKeyId: expect.stringMatching(/^ASIA/), sessionToken: expect.any(String) },
        assumedRoleUser: { arn: `arn:aws:sts::${ACCOUNT}:assumed-role/auditor/yearly` },
      },
      resources: [{ accountId: ACCOUNT, type: 'AWS::IAM::Role', ARN: arnOf('auditor') }],
    });
    expect(assumed.responseElements.credentials.secretAccessKey).toBeUndefined();
    expect(assumed.sharedEventID).toBeUndefined();
    const [deleted] = await records('DeleteTrail');
    expect(deleted).toMatchObject({
      errorCode: 'AccessDenied',
      userIdentity: {
        type: 'AssumedRole',
        principalId: assumed.responseElements.assumedRoleUser.assumedRoleId,
        arn: `arn:aws:sts::${ACCOUNT}:assumed-role/auditor/yearly`,
        accountId: ACCOUNT,
        sessionContext: {
          sessionIssuer: { type: 'Role', arn: arnOf('auditor'), accountId: ACCOUNT, userName: 'auditor' },
          attributes: { creationDate: expect.stringMatching(/Z$/), mfaAuthenticated: 'false' },
        },
      },
    });
    expect(deleted.userIdentity.userName).toBeUndefined();
  });

  testWith(CLIENTS, 'chains, session policies, tags and source identity, with boto3', async () => {
    const session = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
    await makeRole('first', { Principal: ADMIN, Action: session }, allow(['sts:*', 's3:*']));
    await makeRole(
      'second',
      { Principal: { AWS: arnOf('first') }, Action: session },
      allow('s3:*', '*', {
        Condition: { StringEquals: { 'aws:PrincipalTag/Team': 'red' } },
      }),
    );
    const said = await boto3<Record>(
      server.env,
      `
from botocore.exceptions import ClientError
client('s3').create_bucket(Bucket='chained')
def session(c):
    return dict(aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])
def refusal(call, **kw):
    try:
        call(**kw)
    except ClientError as e:
        return e.response['Error']['Code'] + ': ' + e.response['Error']['Message']
first = client('sts').assume_role(RoleArn='${arnOf('first')}', RoleSessionName='one', SourceIdentity='carol',
    Tags=[{'Key': 'Team', 'Value': 'red'}], TransitiveTagKeys=['Team'])
sts = client('sts', **session(first['Credentials']))
second = sts.assume_role(RoleArn='${arnOf('second')}', RoleSessionName='two')
s3 = client('s3', **session(second['Credentials']))
s3.put_object(Bucket='chained', Key='hello', Body=b'x')
narrow = sts.assume_role(RoleArn='${arnOf('second')}', RoleSessionName='three', Policy=json.dumps({
    'Version': '2012-10-17', 'Statement': {'Effect': 'Allow', 'Action': 's3:GetObject', 'Resource': 'arn:aws:s3:::chained/*'}}))
s3n = client('s3', **session(narrow['Credentials']))
swapped = {**session(narrow['Credentials']), 'aws_session_token': second['Credentials']['SessionToken']}
print(json.dumps({
    'identity': second['SourceIdentity'],
    'packed': narrow['PackedPolicySize'],
    'body': s3n.get_object(Bucket='chained', Key='hello')['Body'].read().decode(),
    'put': refusal(s3n.put_object, Bucket='chained', Key='x', Body=b'x'),
    'trails': refusal(client('cloudtrail', **session(second['Credentials'])).describe_trails),
    'long': refusal(sts.assume_role, RoleArn='${arnOf('second')}', RoleSessionName='four', DurationSeconds=3601),
    'other': refusal(sts.assume_role, RoleArn='${arnOf('second')}', RoleSessionName='four', SourceIdentity='dave'),
    'swapped': refusal(client('s3', **swapped).list_buckets),
}))
`,
    );
    expect(said).toMatchObject({ identity: 'carol', body: 'x', put: expect.stringContaining('AccessDenied') });
    expect(said.packed).toBeGreaterThan(0);
    expect(said.trails).toContain('AccessDeniedException: User: ');
    expect(said.long).toContain('ValidationError: The requested DurationSeconds exceeds');
    expect(said.other).toContain('ValidationError: The source identity is already set');
    expect(said.swapped).toContain('InvalidToken');
    const chained = (await records('AssumeRole', 5)).find((r) => r.requestParameters?.roleSessionName === 'two');
    expect(chained.userIdentity).toMatchObject({
      type: 'AssumedRole',
      sessionContext: { sourceIdentity: 'carol', sessionIssuer: { userName: 'first' } },
    });
  });

  testWith(CLIENTS, 'a session ends with its role, a revocation ends sessions of before', async () => {
    const arn = await makeRole('shortlived', { Principal: ADMIN, Action: 'sts:AssumeRole' }, allow('cloudtrail:*'));
    const assume = async () => {
      const made = await aws<{ Credentials: Credentials }>(
        server.env,
        ...['sts', 'assume-role', '--role-arn', arn, '--role-session-name', 'worker'],
      );
      return envOf(made.Credentials);
    };
    const before = await assume();
    await aws(before, 'cloudtrail', 'describe-trails');
    const revocation = policyOf({
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { DateLessThan: { 'aws:TokenIssueTime': new Date(Date.now() + 60_000).toISOString() } },
    });
    const named = { RoleName: 'shortlived', PolicyName: 'AWSRevokeOlderSessions' };
    await iam.send(new PutRolePolicyCommand({ ...named, PolicyDocument: revocation }));
    expect((await awsRaw(before, 'cloudtrail', 'describe-trails')).stderr).toContain('with an explicit deny');
    await iam.send(new DeleteRolePolicyCommand(named));
    await aws(before, 'cloudtrail', 'describe-trails');

    await iam.send(new DeleteRolePolicyCommand({ RoleName: 'shortlived', PolicyName: 'own' }));
    await iam.send(new DeleteRoleCommand({ RoleName: 'shortlived' }));
    await makeRole('shortlived', { Principal: ADMIN, Action: 'sts:AssumeRole' }, allow('cloudtrail:*'));
    expect((await awsRaw(before, 'cloudtrail', 'describe-trails')).stderr).toContain(
      '(AccessDeniedException) when calling the DescribeTrails operation',
    );
    await aws(await assume(), 'cloudtrail', 'describe-trails');
  });

  testWith(CLIENTS, 'a role of another account: both sides allow, both are told', async () => {
    const other = readProfile(join(server.dataDir, 'credentials'), `opentrail-${OTHER}`);
    const otherEnv = { ...server.env, AWS_PROFILE: `opentrail-${OTHER}` };
    expect(other.accessKeyId).toMatch(/^AKIA/);
    await makeRole(
      'visitors',
      { Principal: { AWS: OTHER }, Action: 'sts:AssumeRole' },
      allow('cloudtrail:DescribeTrails'),
    );
    const made = await aws<{ Credentials: Credentials }>(
      otherEnv,
      ...['sts', 'assume-role', '--role-arn', arnOf('visitors'), '--role-session-name', 'guest'],
    );
    expect(await aws(envOf(made.Credentials), 'sts', 'get-caller-identity')).toMatchObject({ Account: ACCOUNT });
    const ofGuest = (list: Record[]) => list.find((r) => r.requestParameters?.roleSessionName === 'guest');
    const caller = ofGuest(await records('AssumeRole', 1, otherEnv));
    const owner = await eventually(async () => ofGuest(await records('AssumeRole')), 'the record of the owner');
    expect(caller).toMatchObject({ recipientAccountId: OTHER, userIdentity: { type: 'IAMUser', accountId: OTHER } });
    expect(owner).toMatchObject({ recipientAccountId: ACCOUNT });
    expect(owner.userIdentity).toEqual({
      type: 'AWSAccount',
      principalId: caller.userIdentity.principalId,
      accountId: OTHER,
    });
    expect(owner.sharedEventID).toBe(caller.sharedEventID);
    expect(owner.eventID).not.toBe(caller.eventID);
  });
});

testWith(CLIENTS, 'MFA: a virtual device, a session with its code, a policy that asks for it', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'mia' }));
  const Condition = { Bool: { 'aws:MultiFactorAuthPresent': 'true' } };
  const document = allow('cloudtrail:DescribeTrails', '*', { Condition });
  await iam.send(new PutUserPolicyCommand({ UserName: 'mia', PolicyName: 'careful', PolicyDocument: document }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'mia' }));
  const { VirtualMFADevice } = await iam.send(new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'mia' }));
  const SerialNumber = VirtualMFADevice!.SerialNumber!;
  const seed = fromBase32(Buffer.from(VirtualMFADevice!.Base32StringSeed!).toString());
  const now = totpStep(Date.now());
  await iam.send(
    new EnableMFADeviceCommand({
      UserName: 'mia',
      SerialNumber,
      AuthenticationCode1: totpCode(seed, now - 1),
      AuthenticationCode2: totpCode(seed, now),
    }),
  );
  const { AWS_PROFILE: _profile, ...bare } = server.env;
  const mia = {
    ...bare,
    AWS_ACCESS_KEY_ID: AccessKey!.AccessKeyId!,
    AWS_SECRET_ACCESS_KEY: AccessKey!.SecretAccessKey!,
  };
  const code = totpCode(seed, now + 1);
  const ask = ['sts', 'get-session-token', '--serial-number', SerialNumber, '--token-code', code];
  const { Credentials } = await aws<{ Credentials: Credentials }>(mia, ...ask);
  expect((await awsRaw(mia, ...ask)).stderr).toContain('MultiFactorAuthentication failed with invalid MFA one time');
  expect((await awsRaw(mia, 'cloudtrail', 'describe-trails')).stderr).toContain('AccessDenied');
  await aws(envOf(Credentials), 'cloudtrail', 'describe-trails');
  const plain = await aws<{ Credentials: Credentials }>(mia, 'sts', 'get-session-token');
  const listing = ['iam', 'list-access-keys'];
  expect((await awsRaw(envOf(plain.Credentials), ...listing)).stderr).toContain('(InvalidClientTokenId)');
  expect((await awsRaw(envOf(Credentials), ...listing)).stderr).toContain(
    'not authorized to perform: iam:ListAccessKeys',
  );
  const [record] = await eventually(async () => {
    const all = await records('DescribeTrails');
    return all[0].userIdentity.userName === 'mia' && !all[0].errorCode && all;
  }, 'the call of the session');
  expect(record.userIdentity).toMatchObject({
    type: 'IAMUser',
    userName: 'mia',
    accessKeyId: Credentials.AccessKeyId,
    sessionContext: { attributes: { mfaAuthenticated: 'true' } },
  });
  const good = (await records('GetSessionToken', 3)).filter((r) => !r.errorCode);
  expect(good.map((r) => r.requestParameters)).toEqual([null, { serialNumber: SerialNumber }]);
});

function fromBase32(text: string): Buffer {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...text.replace(/=+$/, '')].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

testWith(CLIENTS, 'a web identity: by file in a profile of the CLI, by boto3, and nobody else', async () => {
  const made = await iam.send(
    new CreateOpenIDConnectProviderCommand({ Url: `https://${provider.url}`, ClientIDList: ['sts.amazonaws.com'] }),
  );
  const Federated = made.OpenIDConnectProviderArn!;
  const Condition = { StringLike: { [`${provider.url}:sub`]: 'repo:acme/*' } };
  const trust = { Principal: { Federated }, Action: 'sts:AssumeRoleWithWebIdentity', Condition };
  await makeRole('deploy', trust, allow('cloudtrail:DescribeTrails'));
  const folder = newFolder('web-identity');
  const [config, tokenFile] = [join(folder, 'config'), join(folder, 'token')];
  const claims = { aud: 'sts.amazonaws.com', sub: 'repo:acme/site' };
  writeFileSync(tokenFile, provider.token(claims));
  writeFileSync(
    config,
    `[profile deploy]\nrole_arn = ${arnOf('deploy')}\nweb_identity_token_file = ${tokenFile}\nrole_session_name = run\n`,
  );
  const env = { ...atHome(), AWS_CONFIG_FILE: config, AWS_PROFILE: 'deploy' };
  expect(await aws(env, 'cloudtrail', 'describe-trails')).toEqual({ trailList: [] });

  const refusals = await boto3<string[]>(
    server.env,
    `
from botocore.exceptions import ClientError
def refusal(token):
    try:
        client('sts').assume_role_with_web_identity(RoleArn='${arnOf('deploy')}', RoleSessionName='run', WebIdentityToken=token)
    except ClientError as e:
        return e.response['Error']['Code']
print(json.dumps([refusal(t) for t in json.loads('''${JSON.stringify([
      provider.token({ ...claims, aud: 'somebody-else' }),
      provider.token({ ...claims, exp: 1 }),
      provider.token({ ...claims, sub: 'repo:evil/site' }),
      provider.token(claims, { header: { alg: 'none' }, sign: () => 'AA' }),
      provider.token({ ...claims, iss: 'https://elsewhere.example' }),
    ])}''')]))
`,
  );
  expect(refusals).toEqual([
    'InvalidIdentityToken',
    'ExpiredTokenException',
    'AccessDenied',
    'InvalidIdentityToken',
    'InvalidIdentityToken',
  ]);

  const all = await records('AssumeRoleWithWebIdentity', 5);
  expect(all).toHaveLength(5); // not the one by an issuer that the account does not know
  const good = all.find((r) => !r.errorCode);
  expect(good).toMatchObject({
    recipientAccountId: ACCOUNT,
    userIdentity: {
      type: 'WebIdentityUser',
      principalId: `${Federated}:sts.amazonaws.com:repo:acme/site`,
      userName: 'repo:acme/site',
      identityProvider: Federated,
    },
    requestParameters: { roleArn: arnOf('deploy'), roleSessionName: 'run' },
    responseElements: {
      subjectFromWebIdentityToken: 'repo:acme/site',
      provider: Federated,
      audience: 'sts.amazonaws.com',
      assumedRoleUser: { arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deploy/run` },
    },
    resources: [{ ARN: arnOf('deploy') }],
  });
  expect(JSON.stringify(all)).not.toContain('webIdentityToken');
  const used = (await records('DescribeTrails')).find((r) => r.userIdentity.sessionContext?.webIdFederationData);
  expect(used.userIdentity).toMatchObject({
    type: 'AssumedRole',
    sessionContext: { webIdFederationData: { federatedProvider: Federated, attributes: {} } },
  });
});

testWith(CLIENTS, 'presigned URLs carry the token; what denied a call is for who may know', async () => {
  const said = await boto3<Record>(
    server.env,
    `
import urllib.request, urllib.error
from botocore.exceptions import ClientError
def fetch(url):
    try:
        return urllib.request.urlopen(url).read().decode()
    except urllib.error.HTTPError as e:
        return e.read().decode()
c = client('sts').get_federation_token(Name='presigner', Policy=json.dumps({
    'Version': '2012-10-17', 'Statement': {'Effect': 'Allow', 'Action': 's3:*', 'Resource': '*'}}))['Credentials']
session = dict(aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])
s3 = client('s3', config=Config(signature_version='s3v4', s3={'addressing_style': 'path'}), **session)
s3.create_bucket(Bucket='presigned')
s3.put_object(Bucket='presigned', Key='hello', Body=b'world')
url = s3.generate_presigned_url('get_object', Params={'Bucket': 'presigned', 'Key': 'hello'})
at = url.index('X-Amz-Security-Token=') + len('X-Amz-Security-Token=') + 20
while '%' in url[at - 2:at + 1]: at += 1
try:
    client('cloudtrail', **session).delete_trail(Name='main')
except ClientError as e:
    message = e.response['ResponseMetadata']['HTTPHeaders']['x-opentrail-authorization-message']
print(json.dumps({
    'good': fetch(url),
    'changed': fetch(url[:at] + ('A' if url[at] != 'A' else 'B') + url[at + 1:]),
    'decoded': json.loads(client('sts').decode_authorization_message(EncodedMessage=message)['DecodedMessage']),
}))
`,
  );
  expect(said.good).toBe('world');
  expect(said.changed).toContain('<Code>InvalidToken</Code>');
  expect(said.decoded).toMatchObject({
    allowed: false,
    explicitDeny: false,
    deniedBy: 'session',
    context: {
      principal: { arn: `arn:aws:sts::${ACCOUNT}:federated-user/presigner` },
      action: 'cloudtrail:DeleteTrail',
      resource: `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`,
    },
  });
});

testWith(CLIENTS, 'credentials end when they say so, in the words of each service', async () => {
  const offset = join(newFolder('clock'), 'offset');
  writeFileSync(offset, '0');
  const clock = new URL('./support/jumping-clock.cjs', import.meta.url).pathname;
  const own = await startOpenTrail({ env: { NODE_OPTIONS: `--require ${clock}`, OPENTRAIL_TEST_CLOCK: offset } });
  const { Credentials } = await aws<{ Credentials: Credentials }>(
    own.env,
    ...['sts', 'get-session-token', '--duration-seconds', '900'],
  );
  const { AWS_PROFILE: _profile, ...rest } = own.env;
  const env = { ...rest, ...keysOf(Credentials) };
  await aws(env, 's3api', 'list-buckets');
  writeFileSync(offset, String(900_000));
  const words = await eventually(async () => {
    const { stderr } = await awsRaw(env, 's3api', 'list-buckets');
    return stderr.includes('(ExpiredToken)') && stderr;
  }, 'the end of the session');
  expect(words).toContain('The provided token has expired.');
  expect((await awsRaw(env, 'sts', 'get-caller-identity')).stderr).toContain('(ExpiredToken)');
  expect((await awsRaw(env, 'cloudtrail', 'describe-trails')).stderr).toContain('(ExpiredTokenException)');
});

testWith(CLIENTS, 'a federated user may do what its policy and the user’s allow; secrets stand nowhere', async () => {
  const s3Only = allow('s3:*');
  const { Credentials, FederatedUser } = await aws<{ Credentials: Credentials; FederatedUser: { Arn: string } }>(
    server.env,
    ...['sts', 'get-federation-token', '--name', 'guest', '--policy', s3Only],
  );
  expect(FederatedUser.Arn).toBe(`arn:aws:sts::${ACCOUNT}:federated-user/guest`);
  await aws(envOf(Credentials), 's3api', 'list-buckets');
  const denied = await awsRaw(envOf(Credentials), 'cloudtrail', 'describe-trails');
  expect(denied.stderr).toContain('because no session policy allows the cloudtrail:DescribeTrails action');
  const [record] = await records('GetFederationToken');
  expect(record.responseElements.credentials.accessKeyId).toBe(Credentials.AccessKeyId);
  expect(JSON.stringify(record)).not.toContain(Credentials.SecretAccessKey);
  expect(server.log()).not.toContain(Credentials.SessionToken);
  expect(await aws(server.env, 'sts', 'get-access-key-info', '--access-key-id', Credentials.AccessKeyId)).toEqual({
    Account: ACCOUNT,
  });
});
