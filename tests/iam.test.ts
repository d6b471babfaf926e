import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { aws, awsRaw, boto3, eventually, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';

afterAll(cleanUp);

const ARN = 'arn:aws:iam::123456789012';
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

interface AccessKey {
  readonly AccessKey: { readonly AccessKeyId: string; readonly SecretAccessKey: string };
}
const asKey = ({ env }: RunningOpenTrail, { AccessKey: key }: AccessKey): Record<string, string> => {
  const { AWS_PROFILE: _profile, ...rest } = env;
  return { ...rest, AWS_ACCESS_KEY_ID: key.AccessKeyId, AWS_SECRET_ACCESS_KEY: key.SecretAccessKey };
};

/** Everything below a folder but the file that shows the operator the first keys. */
function* filesOf(dir: string): Generator<{ readonly path: string; readonly bytes: Buffer }> {
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    const path = join(dir, name);
    if (name !== 'credentials' && statSync(path).isFile()) yield { path, bytes: readFileSync(path) };
  }
}

testWith(
  ['aws'],
  'AWS CLI: a user may do what policies allow, from one call to the next; secrets are told once, and stand nowhere; all is there after a restart',
  async () => {
    let server = await startOpenTrail();
    const iam = <T = Record<string, never>>(...args: string[]) => aws<T>(server.env, 'iam', ...args);
    expect(
      await iam('create-user', '--user-name', 'alice', '--path', '/staff/', '--tags', 'Key=team,Value=audit'),
    ).toMatchObject({
      User: { Arn: `${ARN}:user/staff/alice`, Tags: [{ Key: 'team', Value: 'audit' }] },
    });
    const key = await iam<AccessKey>('create-access-key', '--user-name', 'alice');
    const alice = asKey(server, key);
    const asAlice = (...args: string[]) => awsRaw(alice, ...args);
    expect((await asAlice('iam', 'list-users')).stderr).toContain(
      `(AccessDenied) when calling the ListUsers operation: User: ${ARN}:user/staff/alice is not authorized to perform: iam:ListUsers on resource: ${ARN}:user/ because no identity-based policy allows the iam:ListUsers action`,
    );
    expect((await asAlice('cloudtrail', 'describe-trails')).stderr).toContain('(AccessDeniedException)');
    await iam(
      'attach-user-policy',
      '--user-name',
      'alice',
      '--policy-arn',
      'arn:aws:iam::aws:policy/AWSCloudTrail_ReadOnlyAccess',
    );
    expect((await asAlice('cloudtrail', 'describe-trails')).code).toBe(0);
    expect((await asAlice('cloudtrail', 'delete-trail', '--name', 'x')).stderr).toContain('(AccessDeniedException)');
    await iam(
      'update-access-key',
      '--user-name',
      'alice',
      '--access-key-id',
      key.AccessKey.AccessKeyId,
      '--status',
      'Inactive',
    );
    expect((await asAlice('cloudtrail', 'describe-trails')).stderr).toMatch(
      /UnrecognizedClientException|InvalidClientTokenId/,
    );
    await iam(
      'update-access-key',
      '--user-name',
      'alice',
      '--access-key-id',
      key.AccessKey.AccessKeyId,
      '--status',
      'Active',
    );
    await iam('create-login-profile', '--user-name', 'alice', '--password', 'Correct-Horse-9');
    expect(await iam('get-access-key-last-used', '--access-key-id', key.AccessKey.AccessKeyId)).toMatchObject({
      UserName: 'alice',
      AccessKeyLastUsed: { ServiceName: 'cloudtrail', Region: 'us-east-1' },
    });
    const seedFile = join(newFolder('mfa'), 'seed');
    const { VirtualMFADevice: device } = await iam<{ VirtualMFADevice: { SerialNumber: string } }>(
      'create-virtual-mfa-device',
      '--virtual-mfa-device-name',
      'alice',
      '--outfile',
      seedFile,
      '--bootstrap-method',
      'Base32StringSeed',
    );
    expect(device.SerialNumber).toBe(`${ARN}:mfa/alice`);
    const seed = readFileSync(seedFile, 'utf8');
    expect(seed).toMatch(/^[A-Z2-7]{64}$/);

    await server.stop();
    const secrets = [key.AccessKey.SecretAccessKey, 'Correct-Horse-9', seed, server.secretAccessKey];
    for (const { path, bytes } of filesOf(server.dataDir)) {
      for (const secret of secrets) expect(bytes.includes(secret), path).toBe(false);
    }
    for (const secret of secrets) expect(server.log()).not.toContain(secret);
    server = await startOpenTrail({ dataDir: server.dataDir });
    Object.assign(alice, asKey(server, key));
    expect((await asAlice('cloudtrail', 'describe-trails')).code).toBe(0);
    expect(await iam('get-login-profile', '--user-name', 'alice')).toMatchObject({
      LoginProfile: { UserName: 'alice' },
    });
    expect(await iam('get-user', '--user-name', 'alice')).toMatchObject({ User: { Tags: [{ Key: 'team' }] } });
    expect((await awsRaw(server.env, 'iam', 'delete-user', '--user-name', 'alice')).stderr).toContain(
      '(DeleteConflict) when calling the DeleteUser operation: Cannot delete entity, must delete login profile first.',
    );

    const record = await eventually(async () => {
      const { Events } = await aws<{ Events: { CloudTrailEvent: string }[] }>(
        server.env,
        'cloudtrail',
        'lookup-events',
        '--lookup-attributes',
        'AttributeKey=EventName,AttributeValue=CreateAccessKey',
      );
      return Events.length > 0 && JSON.parse(Events[0]!.CloudTrailEvent);
    }, 'the record of CreateAccessKey');
    expect(record).toMatchObject({
      eventSource: 'iam.amazonaws.com',
      awsRegion: 'us-east-1',
      readOnly: false,
      requestParameters: { userName: 'alice' },
      responseElements: { accessKey: { userName: 'alice', accessKeyId: key.AccessKey.AccessKeyId, status: 'Active' } },
    });
    expect(JSON.stringify(record)).not.toContain(key.AccessKey.SecretAccessKey);
    await server.stop();
  },
  300_000,
);

testWith(
  ['boto3'],
  'boto3 walks through all of IAM',
  async () => {
    const server = await startOpenTrail();
    const seen = await boto3<Record<string, unknown>>(
      server.env,
      `
import base64, hashlib, hmac, struct, time, threading
iam = client('iam')
out = {}
trust = ${JSON.stringify(TRUST)}
def code(f):
    try:
        f(); return None
    except Exception as e:
        return e.response['Error']['Code']
def doc(*actions):
    return json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': list(actions), 'Resource': '*'}]})
out['me'] = iam.get_user()['User']['UserName']

# Users, in pages
for i in range(7):
    iam.create_user(UserName=f'u{i}', Path='/many/')
pages = [len(p['Users']) for p in iam.get_paginator('list_users').paginate(PathPrefix='/many/', PaginationConfig={'PageSize': 3})]
out['pages'] = pages
iam.update_user(UserName='u6', NewUserName='renamed')
out['renamed'] = iam.get_user(UserName='renamed')['User']['Arn']

# Groups and inline policies; documents come back as they went
iam.create_group(GroupName='devs')
iam.add_user_to_group(GroupName='devs', UserName='u0')
iam.put_group_policy(GroupName='devs', PolicyName='read', PolicyDocument=doc('s3:Get*', 's3:List*'))
out['group'] = [iam.get_group(GroupName='devs')['Users'][0]['UserName'], iam.list_group_policies(GroupName='devs')['PolicyNames'],
    iam.get_group_policy(GroupName='devs', PolicyName='read')['PolicyDocument'] == json.loads(doc('s3:Get*', 's3:List*'))]

# Managed policies and versions
arn = iam.create_policy(PolicyName='own', Path='/p/', Description='text', PolicyDocument=doc('s3:*'), Tags=[{'Key': 'a', 'Value': 'b'}])['Policy']['Arn']
v = iam.create_policy_version(PolicyArn=arn, PolicyDocument=doc('sqs:*'), SetAsDefault=True)['PolicyVersion']
out['version'] = [v['VersionId'], v['IsDefaultVersion'], iam.get_policy_version(PolicyArn=arn, VersionId='v1')['PolicyVersion']['Document']['Statement'][0]['Action']]
out['versions'] = [x['VersionId'] for x in iam.list_policy_versions(PolicyArn=arn)['Versions']]
iam.attach_user_policy(UserName='u0', PolicyArn=arn)
iam.attach_group_policy(GroupName='devs', PolicyArn=arn)

# Roles, instance profiles
role = iam.create_role(RoleName='app', AssumeRolePolicyDocument=trust, MaxSessionDuration=7200, Description='d', Tags=[{'Key': 'k', 'Value': 'v'}], PermissionsBoundary=arn)['Role']
out['role'] = [role['AssumeRolePolicyDocument'] == json.loads(trust), role['RoleId'][:4], role['PermissionsBoundary']['PermissionsBoundaryArn'] == arn]
iam.attach_role_policy(RoleName='app', PolicyArn=arn)
iam.put_role_policy(RoleName='app', PolicyName='in', PolicyDocument=doc('sqs:Send*'))
iam.update_role(RoleName='app', Description='e', MaxSessionDuration=3600)
iam.update_assume_role_policy(RoleName='app', PolicyDocument=trust)
out['role_now'] = [iam.get_role(RoleName='app')['Role'][k] for k in ('Description', 'MaxSessionDuration')]
iam.create_instance_profile(InstanceProfileName='app')
iam.add_role_to_instance_profile(InstanceProfileName='app', RoleName='app')
out['profile'] = [p['Roles'][0]['RoleName'] for p in iam.list_instance_profiles_for_role(RoleName='app')['InstanceProfiles']]
entities = iam.list_entities_for_policy(PolicyArn=arn)
out['entities'] = [[u['UserName'] for u in entities['PolicyUsers']], [g['GroupName'] for g in entities['PolicyGroups']], [r['RoleName'] for r in entities['PolicyRoles']]]
p = iam.get_policy(PolicyArn=arn)['Policy']
out['policy'] = [p['AttachmentCount'], p['PermissionsBoundaryUsageCount'], p['Description'], p['Tags']]
out['local'] = [x['PolicyName'] for x in iam.list_policies(Scope='Local')['Policies']]
out['aws'] = len([x for x in iam.list_policies(Scope='AWS')['Policies'] if x['PolicyName'] == 'AdministratorAccess'])

# Service-linked roles
slr = iam.create_service_linked_role(AWSServiceName='cloudtrail.amazonaws.com')['Role']
out['slr'] = [slr['RoleName'], slr['Path'], iam.list_attached_role_policies(RoleName=slr['RoleName'])['AttachedPolicies'][0]['PolicyName']]
out['slr_codes'] = [code(lambda: iam.create_service_linked_role(AWSServiceName='cloudtrail.amazonaws.com')), code(lambda: iam.delete_role(RoleName=slr['RoleName'])), code(lambda: iam.put_role_policy(RoleName=slr['RoleName'], PolicyName='x', PolicyDocument=doc('s3:*')))]
task = iam.delete_service_linked_role(RoleName=slr['RoleName'])['DeletionTaskId']
out['slr_gone'] = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)['Status']

# Tags
iam.tag_user(UserName='u0', Tags=[{'Key': 'Team', 'Value': 'x'}, {'Key': 'b', 'Value': ''}])
iam.tag_user(UserName='u0', Tags=[{'Key': 'team', 'Value': 'y'}])
iam.untag_user(UserName='u0', TagKeys=['B'])
out['tags'] = iam.list_user_tags(UserName='u0')['Tags']

# MFA
made = iam.create_virtual_mfa_device(VirtualMFADeviceName='u0')['VirtualMFADevice']
secret = base64.b32decode(made['Base32StringSeed'])
def totp(step):
    mac = hmac.new(secret, struct.pack('>Q', step), hashlib.sha1).digest()
    o = mac[19] & 15
    return '%06d' % ((struct.unpack('>I', mac[o:o + 4])[0] & 0x7fffffff) % 1000000)
now = int(time.time()) // 30
out['mfa_wrong'] = code(lambda: iam.enable_mfa_device(UserName='u0', SerialNumber=made['SerialNumber'], AuthenticationCode1=totp(now), AuthenticationCode2=totp(now + 2)))
iam.enable_mfa_device(UserName='u0', SerialNumber=made['SerialNumber'], AuthenticationCode1=totp(now - 1), AuthenticationCode2=totp(now))
out['mfa'] = [d['SerialNumber'] for d in iam.list_mfa_devices(UserName='u0')['MFADevices']]
out['mfa_all'] = [d['User']['UserName'] for d in iam.list_virtual_mfa_devices(AssignmentStatus='Assigned')['VirtualMFADevices']]
out['mfa_in_use'] = code(lambda: iam.delete_virtual_mfa_device(SerialNumber=made['SerialNumber']))
iam.deactivate_mfa_device(UserName='u0', SerialNumber=made['SerialNumber'])
iam.delete_virtual_mfa_device(SerialNumber=made['SerialNumber'])

# Account
iam.create_account_alias(AccountAlias='my-trail')
out['alias'] = iam.list_account_aliases()['AccountAliases']
out['no_password_policy'] = code(lambda: iam.get_account_password_policy())
iam.update_account_password_policy(MinimumPasswordLength=14, RequireSymbols=True, MaxPasswordAge=90)
out['password_policy'] = [iam.get_account_password_policy()['PasswordPolicy'][k] for k in ('MinimumPasswordLength', 'RequireSymbols', 'RequireNumbers', 'ExpirePasswords', 'MaxPasswordAge')]
iam.delete_account_password_policy()
iam.delete_account_alias(AccountAlias='my-trail')
summary = iam.get_account_summary()['SummaryMap']
out['summary'] = [summary[k] for k in ('Users', 'Groups', 'Roles', 'Policies', 'PolicyVersionsInUse', 'InstanceProfiles', 'AccountAccessKeysPresent')]
details = iam.get_account_authorization_details()
out['details'] = [len(details[k]) for k in ('UserDetailList', 'GroupDetailList', 'RoleDetailList', 'Policies')]
iam.generate_credential_report()
report = iam.get_credential_report()['Content'].decode().split('\\n')
out['report'] = [report[0].split(',')[:3], len(report), report[1].split(',')[0]]

# Providers
oidc = iam.create_open_id_connect_provider(Url='https://idp.example.com/realm', ClientIDList=['a'], ThumbprintList=['A' * 40])['OpenIDConnectProviderArn']
iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=oidc, ClientID='b')
got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=oidc)
out['oidc'] = [oidc, got['Url'], got['ClientIDList'], got['ThumbprintList'], code(lambda: iam.create_open_id_connect_provider(Url='https://idp.example.com/realm')), code(lambda: iam.create_open_id_connect_provider(Url='http://x'))]
iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=oidc)
saml = iam.create_saml_provider(Name='corp', SAMLMetadataDocument='<EntityDescriptor entityID="x" validUntil="2040-01-01T00:00:00Z">' + 'x' * 1000 + '</EntityDescriptor>')['SAMLProviderArn']
out['saml'] = [saml, iam.get_saml_provider(SAMLProviderArn=saml)['ValidUntil'].year, code(lambda: iam.create_saml_provider(Name='bad', SAMLMetadataDocument='x' * 1000))]
iam.delete_saml_provider(SAMLProviderArn=saml)

# Simulations
sim = iam.simulate_principal_policy(PolicySourceArn=role['Arn'], ActionNames=['sqs:SendMessage', 's3:GetObject'], ResourceArns=['arn:aws:sqs:us-east-1:123456789012:q'])['EvaluationResults']
out['simulated'] = [[r['EvalActionName'], r['EvalDecision'], [m['SourcePolicyId'] for m in r['MatchedStatements']]] for r in sim]
custom = iam.simulate_custom_policy(PolicyInputList=[json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 's3:*', 'Resource': '*', 'Condition': {'StringEquals': {'aws:RequestedRegion': 'eu-west-1'}}}, {'Effect': 'Deny', 'Action': 's3:Delete*', 'Resource': '*'}]})], ActionNames=['s3:GetObject', 's3:DeleteObject'], ContextEntries=[{'ContextKeyName': 'aws:RequestedRegion', 'ContextKeyValues': ['eu-west-1'], 'ContextKeyType': 'string'}])['EvaluationResults']
out['custom'] = [r['EvalDecision'] for r in custom]
out['context_keys'] = iam.get_context_keys_for_custom_policy(PolicyInputList=[doc('s3:*').replace('"*"', '"arn:aws:s3:::\${aws:username}/*"')])['ContextKeyNames']

# Two at once: of each name and key one wins
results = []
def make(n):
    c = client('iam')
    for i in range(5):
        results.append(code(lambda: c.create_role(RoleName=f'race{i}', AssumeRolePolicyDocument=trust)))
        results.append(code(lambda: c.tag_role(RoleName='app', Tags=[{'Key': f't{n}-{i}', 'Value': 'v'}])))
threads = [threading.Thread(target=make, args=(n,)) for n in range(2)]
[t.start() for t in threads]; [t.join() for t in threads]
out['race'] = [results.count(None), results.count('EntityAlreadyExists'), len(iam.list_role_tags(RoleName='app')['Tags'])]

out['codes'] = [
    code(lambda: iam.create_user(UserName='u0')),
    code(lambda: iam.get_user(UserName='nobody')),
    code(lambda: iam.create_user(UserName='a b')),
    code(lambda: iam.create_policy(PolicyName='x', PolicyDocument='{}')),
    code(lambda: iam.attach_user_policy(UserName='u0', PolicyArn='arn:aws:iam::123456789012:policy/none')),
    code(lambda: iam.delete_policy(PolicyArn=arn)),
    code(lambda: iam.delete_role(RoleName='app')),
    code(lambda: iam.delete_group(GroupName='devs')),
    code(lambda: iam.upload_server_certificate(ServerCertificateName='x', CertificateBody='x', PrivateKey='x')),
]
waiter = iam.get_waiter('role_exists'); waiter.wait(RoleName='app', WaiterConfig={'Delay': 1, 'MaxAttempts': 1})
print(json.dumps(out))
`,
    );
    expect(seen).toEqual({
      me: 'opentrail',
      pages: [3, 3, 1],
      renamed: `${ARN}:user/many/renamed`,
      group: ['u0', ['read'], true],
      version: ['v2', true, ['s3:*']],
      versions: ['v2', 'v1'],
      role: [true, 'AROA', true],
      role_now: ['e', 3600],
      profile: ['app'],
      entities: [['u0'], ['devs'], ['app']],
      policy: [3, 1, 'text', [{ Key: 'a', Value: 'b' }]],
      local: ['own'],
      aws: 1,
      slr: [
        'AWSServiceRoleForCloudTrail',
        '/aws-service-role/cloudtrail.amazonaws.com/',
        'CloudTrailServiceRolePolicy',
      ],
      slr_codes: ['InvalidInput', 'UnmodifiableEntity', 'UnmodifiableEntity'],
      slr_gone: 'SUCCEEDED',
      tags: [{ Key: 'team', Value: 'y' }],
      mfa_wrong: 'InvalidAuthenticationCode',
      mfa: [`${ARN}:mfa/u0`],
      mfa_all: ['u0'],
      mfa_in_use: 'DeleteConflict',
      alias: ['my-trail'],
      no_password_policy: 'NoSuchEntity',
      password_policy: [14, true, false, true, 90],
      summary: [8, 1, 1, 1, 2, 1, 1],
      details: [8, 1, 1, 2],
      report: [['user', 'arn', 'user_creation_time'], 10, '<root_account>'],
      oidc: [
        `${ARN}:oidc-provider/idp.example.com/realm`,
        'idp.example.com/realm',
        ['a', 'b'],
        ['a'.repeat(40)],
        'EntityAlreadyExists',
        'InvalidInput',
      ],
      saml: [`${ARN}:saml-provider/corp`, 2040, 'InvalidInput'],
      simulated: [
        ['sqs:SendMessage', 'allowed', ['role_app_in', 'own']],
        ['s3:GetObject', 'implicitDeny', []],
      ],
      custom: ['allowed', 'explicitDeny'],
      context_keys: ['aws:username'],
      race: [15, 5, 11],
      codes: [
        'EntityAlreadyExists',
        'NoSuchEntity',
        'ValidationError',
        'MalformedPolicyDocument',
        'NoSuchEntity',
        'DeleteConflict',
        'DeleteConflict',
        'DeleteConflict',
        'InvalidAction',
      ],
    });
    await server.stop();
  },
  300_000,
);
