import { beforeEach, describe, expect, it } from 'vitest';
import { ACCOUNT, allow, type Harness, harness, OTHER, root, trust, user } from './testing/harness.ts';

let iam: Harness;
beforeEach(async () => {
  iam = await harness();
});
const ARN = `arn:aws:iam::${ACCOUNT}`;
const EC2 = trust({ Service: 'ec2.amazonaws.com' });

describe('the table', () => {
  it('has a permission for every operation, and no other', () => {
    const { operations, permissions, schema } = iam.service;
    expect(Object.keys(permissions!).sort()).toEqual(Object.keys(operations).sort());
    for (const operation of Object.keys(operations)) expect(schema.operations).toHaveProperty(operation);
    expect(Object.keys(operations).length).toBeGreaterThan(125);
  });

  it('answers what it lacks with an error of its own', async () => {
    expect(await iam.ends('UploadServerCertificate')).toMatch(/^InvalidAction: The action UploadServerCertificate/);
  });
});

describe('names', () => {
  it('are taken whatever their case, and found', async () => {
    const { User } = await iam.call('CreateUser', { UserName: 'Alice', Path: '/staff/' });
    expect(User).toMatchObject({ Arn: `${ARN}:user/staff/Alice`, Path: '/staff/' });
    expect(User.UserId).toMatch(/^AIDA[A-Z2-7]{17}$/);
    expect(await iam.ends('CreateUser', { UserName: 'alice' })).toBe(
      'EntityAlreadyExists: User with name alice already exists.',
    );
    expect((await iam.call('GetUser', { UserName: 'ALICE' })).User.UserName).toBe('Alice');
    expect(await iam.ends('GetUser', { UserName: 'bob' })).toBe(
      'NoSuchEntity: The user with name bob cannot be found.',
    );
  });

  it.each([
    ['CreateUser', { UserName: 'a b' }, /^ValidationError: The specified value for userName is invalid\. It must/],
    ['CreateUser', { UserName: '' }, /^ValidationError: 1 validation error detected: Value '' at 'userName' failed/],
    [
      'CreateUser',
      { UserName: 'x'.repeat(65) },
      /at 'userName' failed to satisfy constraint: Member must have length less/,
    ],
    ['CreateUser', {}, /Value null at 'userName' failed to satisfy constraint: Member must not be null$/],
    [
      'CreateUser',
      { UserName: 'a', Path: 'x' },
      /The specified value for path is invalid\. It must begin and end with \//,
    ],
    [
      'CreateRole',
      { RoleName: 'a', AssumeRolePolicyDocument: EC2, MaxSessionDuration: 60 },
      /at 'maxSessionDuration' .* 3600$/,
    ],
    ['ListUsers', { MaxItems: 0 }, /Value '0' at 'maxItems'/],
    ['ListUsers', { MaxItems: 1.5 }, /integer/],
    ['ListUsers', { Marker: 'x' }, /^ValidationError: Invalid Marker\.$/],
    ['UpdateAccessKey', { AccessKeyId: 'A'.repeat(16), Status: 'No' }, /enum value set: \[Active, Inactive, Expired\]/],
    [
      'AttachUserPolicy',
      { UserName: 'opentrail', PolicyArn: 'x'.repeat(20) },
      /^InvalidInput: ARN x{20} is not valid\.$/,
    ],
    ['ChangePassword', { OldPassword: 'secret-one', NewPassword: '\u0001' }, /^(?!.*secret-one)ValidationError/],
  ])('%s refuses what AWS refuses', async (operation, input, words) => {
    expect(await iam.ends(operation, input)).toMatch(words);
  });

  it('stay with their keys and groups when they change', async () => {
    await iam.call('CreateUser', { UserName: 'old' });
    await iam.call('CreateGroup', { GroupName: 'devs' });
    await iam.call('AddUserToGroup', { UserName: 'old', GroupName: 'devs' });
    await iam.call('PutGroupPolicy', { GroupName: 'devs', PolicyName: 'p', PolicyDocument: allow('s3:*') });
    const { AccessKey } = await iam.call('CreateAccessKey', { UserName: 'old' });
    await iam.call('UpdateUser', { UserName: 'old', NewUserName: 'new', NewPath: '/x/' });
    await iam.call('UpdateGroup', { GroupName: 'devs', NewGroupName: 'engineers' });
    const known = await iam.identities.findAccessKey(AccessKey.AccessKeyId);
    expect(known).toMatchObject({ secretAccessKey: AccessKey.SecretAccessKey, caller: { arn: `${ARN}:user/x/new` } });
    expect((await iam.call('ListGroupsForUser', { UserName: 'new' })).Groups).toMatchObject([
      { GroupName: 'engineers' },
    ]);
    expect((await iam.store.policiesOf(ACCOUNT, known!.caller.principal))!.identity).toHaveLength(1);
    expect(await iam.ends('GetUser', { UserName: 'old' })).toMatch(/^NoSuchEntity/);
  });
});

describe('what stands in the way of a deletion', () => {
  it('is named, for users', async () => {
    await iam.call('CreateUser', { UserName: 'a' });
    await iam.call('CreateGroup', { GroupName: 'g' });
    const steps: [string, object, string, object][] = [
      ['CreateLoginProfile', { Password: 'Good-Password-1' }, 'DeleteLoginProfile', {}],
      ['PutUserPolicy', { PolicyName: 'p', PolicyDocument: allow('s3:*') }, 'DeleteUserPolicy', { PolicyName: 'p' }],
      ...[['AttachUserPolicy', 'DetachUserPolicy']].map(([a, d]): [string, object, string, object] => {
        const policy = { PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' };
        return [a!, policy, d!, policy];
      }),
      ['AddUserToGroup', { GroupName: 'g' }, 'RemoveUserFromGroup', { GroupName: 'g' }],
    ];
    const words = ['login profile', 'must delete policies', 'detach all policies', 'remove users from group'];
    for (const [i, [make, input, undo, more]] of steps.entries()) {
      await iam.call(make, { UserName: 'a', ...input });
      expect(await iam.ends('DeleteUser', { UserName: 'a' })).toContain(words[i]);
      if (make === 'AddUserToGroup')
        expect(await iam.ends('DeleteGroup', { GroupName: 'g' })).toMatch(/^DeleteConflict/);
      await iam.call(undo, { UserName: 'a', ...more });
    }
    const { AccessKey } = await iam.call('CreateAccessKey', { UserName: 'a' });
    expect(await iam.ends('DeleteUser', { UserName: 'a' })).toContain('must delete access keys first');
    await iam.call('DeleteAccessKey', { UserName: 'a', AccessKeyId: AccessKey.AccessKeyId });
    expect(await iam.ends('DeleteUser', { UserName: 'a' })).toBe('ok');
    expect(await iam.identities.findAccessKey(AccessKey.AccessKeyId)).toBeUndefined();
  });

  it('is named, for roles, profiles and policies', async () => {
    await iam.call('CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: EC2 });
    await iam.call('CreateInstanceProfile', { InstanceProfileName: 'ip' });
    await iam.call('AddRoleToInstanceProfile', { InstanceProfileName: 'ip', RoleName: 'r' });
    expect(await iam.ends('AddRoleToInstanceProfile', { InstanceProfileName: 'ip', RoleName: 'r' })).toBe(
      'LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1',
    );
    expect(await iam.ends('DeleteRole', { RoleName: 'r' })).toContain('must remove roles from instance profile first.');
    expect(await iam.ends('DeleteInstanceProfile', { InstanceProfileName: 'ip' })).toMatch(/^DeleteConflict/);
    await iam.call('RemoveRoleFromInstanceProfile', { InstanceProfileName: 'ip', RoleName: 'r' });
    const { Policy } = await iam.call('CreatePolicy', { PolicyName: 'p', PolicyDocument: allow('s3:*') });
    const PolicyArn = Policy.Arn;
    await iam.call('AttachRolePolicy', { RoleName: 'r', PolicyArn });
    expect((await iam.call('GetPolicy', { PolicyArn })).Policy.AttachmentCount).toBe(1);
    expect(await iam.ends('DeletePolicy', { PolicyArn })).toBe(
      'DeleteConflict: Cannot delete a policy attached to entities.',
    );
    expect(await iam.ends('DeleteRole', { RoleName: 'r' })).toContain('must detach all policies first.');
    await iam.call('DetachRolePolicy', { RoleName: 'r', PolicyArn });
    expect(await iam.ends('DetachRolePolicy', { RoleName: 'r', PolicyArn })).toBe(
      `NoSuchEntity: Policy ${PolicyArn} was not found.`,
    );
    await iam.call('CreatePolicyVersion', { PolicyArn, PolicyDocument: allow('s3:Get*'), SetAsDefault: true });
    expect(await iam.ends('DeletePolicy', { PolicyArn })).toMatch(
      /^DeleteConflict: This policy has more than one version/,
    );
    expect(await iam.ends('DeletePolicyVersion', { PolicyArn, VersionId: 'v2' })).toBe(
      'DeleteConflict: Cannot delete the default version of a policy.',
    );
    await iam.call('DeletePolicyVersion', { PolicyArn, VersionId: 'v1' });
    await iam.call('DeletePolicy', { PolicyArn });
    await iam.call('DeleteRole', { RoleName: 'r' });
  });
});

describe('quotas', () => {
  it('hold', async () => {
    await iam.call('CreateUser', { UserName: 'a' });
    await iam.call('CreateAccessKey', { UserName: 'a' });
    await iam.call('CreateAccessKey', { UserName: 'a' });
    expect(await iam.ends('CreateAccessKey', { UserName: 'a' })).toBe(
      'LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2',
    );
    const { Policy } = await iam.call('CreatePolicy', { PolicyName: 'p', PolicyDocument: allow('s3:*') });
    for (let i = 0; i < 4; i++) {
      await iam.call('CreatePolicyVersion', { PolicyArn: Policy.Arn, PolicyDocument: allow('s3:*') });
    }
    expect(await iam.ends('CreatePolicyVersion', { PolicyArn: Policy.Arn, PolicyDocument: allow('s3:*') })).toMatch(
      /^LimitExceeded: A managed policy can have up to 5 versions/,
    );
    const large = allow('s3:*', `arn:aws:s3:::${'x'.repeat(6144)}`);
    expect(await iam.ends('CreatePolicy', { PolicyName: 'q', PolicyDocument: large })).toBe(
      'LimitExceeded: Cannot exceed quota for PolicySize: 6144',
    );
    expect(await iam.ends('PutUserPolicy', { UserName: 'a', PolicyName: 'q', PolicyDocument: large })).toBe(
      'LimitExceeded: Maximum policy size of 2048 bytes exceeded for user a',
    );
    const padded = JSON.stringify(JSON.parse(allow('s3:*')), null, 1000);
    expect(await iam.ends('PutUserPolicy', { UserName: 'a', PolicyName: 'q', PolicyDocument: padded })).toBe('ok');
    expect(
      await iam.ends('CreateRole', {
        RoleName: 'r',
        AssumeRolePolicyDocument: trust({ Service: `${'x'.repeat(2048)}.amazonaws.com` }),
      }),
    ).toBe('LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048');
  });

  it('hold when several ask at once', async () => {
    await iam.call('CreateUser', { UserName: 'a' });
    const ends = await Promise.all(Array.from({ length: 6 }, () => iam.ends('CreateAccessKey', { UserName: 'a' })));
    expect(ends.filter((end) => end === 'ok')).toHaveLength(2);
    const made = await Promise.all(
      Array.from({ length: 5 }, () => iam.ends('CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: EC2 })),
    );
    expect(made.filter((end) => end === 'ok')).toHaveLength(1);
  });
});

describe('who calls', () => {
  it('is meant where no user is named', async () => {
    await iam.call('CreateUser', { UserName: 'a' });
    await iam.call('PutUserPolicy', {
      UserName: 'a',
      PolicyName: 'self',
      PolicyDocument: allow('iam:*', `${ARN}:user/a`),
    });
    const a = user('a');
    expect((await iam.call('GetUser', {}, a)).User.UserName).toBe('a');
    const { AccessKey } = await iam.call('CreateAccessKey', {}, a);
    expect(AccessKey.UserName).toBe('a');
    expect((await iam.call('ListAccessKeys', {}, a)).AccessKeyMetadata).toHaveLength(1);
    expect(await iam.ends('GetUser', { UserName: 'opentrail' }, a)).toBe(
      `AccessDenied: User: ${ARN}:user/a is not authorized to perform: iam:GetUser on resource: ${ARN}:user/opentrail because no identity-based policy allows the iam:GetUser action`,
    );
    const { User } = await iam.call('GetUser', {}, root());
    expect(User).toMatchObject({ UserId: ACCOUNT, Arn: `${ARN}:root` });
    expect(User).not.toHaveProperty('UserName');
    expect((await iam.call('ListAccessKeys', {}, root())).AccessKeyMetadata).toHaveLength(1);
    const made = await iam.call('CreateAccessKey', {}, root());
    expect((await iam.identities.findAccessKey(made.AccessKey.AccessKeyId))!.caller.principal.kind).toBe('root');
    expect((await iam.call('GetAccountSummary')).SummaryMap.AccountAccessKeysPresent).toBe(1);
  });

  it('with a session that only long-term keys made is refused, with MFA not', async () => {
    const session = { issuedMs: 0, expiresMs: 9e15, mfa: false, policies: [], tags: {} };
    const as = (kind: 'user' | 'federated' | 'root', mfa: boolean) => ({
      ...user('opentrail'),
      principal: { kind, name: 'opentrail', session: { ...session, mfa } },
    });
    for (const caller of [as('user', false), as('root', false), as('federated', true)]) {
      expect(await iam.ends('ListUsers', {}, caller)).toMatch(/^InvalidClientTokenId/);
    }
    expect(await iam.ends('ListUsers', {}, as('user', true))).toBe('ok');
  });

  it('sees nothing of other accounts', async () => {
    const { Policy } = await iam.call('CreatePolicy', { PolicyName: 'p', PolicyDocument: allow('s3:*') });
    const stranger = user('opentrail', OTHER);
    expect(await iam.ends('GetPolicy', { PolicyArn: Policy.Arn }, stranger)).toMatch(/^AccessDenied/);
    expect(await iam.ends('GetPolicy', { PolicyArn: Policy.Arn }, root(OTHER))).toMatch(/^AccessDenied/);
    expect(await iam.ends('AttachUserPolicy', { UserName: 'opentrail', PolicyArn: Policy.Arn }, stranger)).toMatch(
      /^NoSuchEntity: Policy .* does not exist or is not attachable\.$/,
    );
    expect(await iam.ends('DeletePolicy', { PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' })).toBe(
      'AccessDenied: Policy is outside your own account.',
    );
    const [key] = (await iam.call('ListAccessKeys', { UserName: 'opentrail' })).AccessKeyMetadata;
    expect(await iam.ends('GetAccessKeyLastUsed', { AccessKeyId: key.AccessKeyId }, stranger)).toMatch(/^NoSuchEntity/);
    expect(
      await iam.ends('DeleteAccessKey', { AccessKeyId: key.AccessKeyId, UserName: 'opentrail' }, stranger),
    ).toMatch(/^NoSuchEntity/);
  });
});

describe('policies', () => {
  it.each([
    ['nonsense', 'Syntax errors in policy.'],
    ['[]', 'Syntax errors in policy.'],
    [{ Version: '2012-10-17' }, 'Syntax errors in policy.'],
    [
      { Version: '2008-10-17', Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*' } },
      'Policy document must be version 2012-10-17 or greater.',
    ],
    [{ Effect: 'Permit' }, 'Syntax errors in policy.'],
    [{ Principal: '*' }, 'Policy document should not specify a principal.'],
    [{ Action: undefined }, 'Policy statement must contain actions.'],
    [{ Action: [] }, 'Policy statement must contain actions.'],
    [{ Resource: undefined }, 'Policy statement must contain resources.'],
    [{ Action: 'GetObject' }, 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.'],
    [{ Action: 's3:a:b' }, 'Actions/Condition can contain only one colon.'],
    [{ Action: 's_3:a' }, 'Vendor s_3 is not valid'],
    [{ Resource: 'bucket' }, 'Resource bucket must be in ARN format or "*".'],
    [{ Resource: 'arn:moon:s3:::b' }, 'Partition "moon" is not valid for resource "arn:moon:s3:::b".'],
    [{ Sid: 'a b' }, /^Statement IDs \(SID\) must be alpha-numeric/],
    [{ Condition: { Nope: { a: 'b' } } }, 'Syntax errors in policy.'],
  ] as const)('that AWS does not understand are refused in its words: %j', async (document, why) => {
    const statement = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
    const whole =
      typeof document === 'string'
        ? document
        : JSON.stringify(
            'Version' in document ? document : { Version: '2012-10-17', Statement: [{ ...statement, ...document }] },
          );
    const end = await iam.ends('CreatePolicy', { PolicyName: 'p', PolicyDocument: whole });
    expect(end).toMatch(/^MalformedPolicyDocument: /);
    expect(end.replace('MalformedPolicyDocument: ', '')).toMatch(
      typeof why === 'string' ? new RegExp(`^${why.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`) : why,
    );
  });

  it.each([
    [EC2.replace('ec2.amazonaws.com', 'nobody'), 'Invalid principal in policy: "SERVICE":"nobody"'],
    [trust({ AWS: `${ARN}:user/nobody` }), `Invalid principal in policy: "AWS":"${ARN}:user/nobody"`],
    [trust({ AWS: 'x' }), 'Invalid principal in policy: "AWS" : "x"'],
    [EC2.replace('sts:AssumeRole', 's3:*'), 'AssumeRole policy may only specify STS AssumeRole actions.'],
    [EC2.replace('"Effect"', '"Resource":"*","Effect"'), 'Has prohibited field Resource'],
    ['{', 'This policy contains invalid Json'],
  ])('of trust too: %s', async (document, why) => {
    expect(await iam.ends('CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: document })).toBe(
      `MalformedPolicyDocument: ${why}`,
    );
  });

  it('of trust follow whom they name, not the name', async () => {
    const { User } = await iam.call('CreateUser', { UserName: 'a' });
    const document = trust({ AWS: [`${ARN}:user/a`, `arn:aws:iam::${OTHER}:root`] });
    await iam.call('CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: document });
    await iam.call('CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: document }, user('opentrail', OTHER));
    const trusted = async () =>
      Promise.all(
        [ACCOUNT, OTHER].map(
          async (id) => (await iam.store.role(id, 'r'))!.trustPolicy.statements[0]!.principals!.aws[0],
        ),
      );
    expect(await iam.ends('UpdateUser', { UserName: 'a', NewUserName: 'opentrail' })).toMatch(/^EntityAlreadyExists/);
    expect(await trusted()).toEqual([`${ARN}:user/a`, `${ARN}:user/a`]);
    await iam.call('UpdateUser', { UserName: 'a', NewUserName: 'b' });
    expect(await trusted()).toEqual([`${ARN}:user/b`, `${ARN}:user/b`]);
    await iam.call('DeleteUser', { UserName: 'b' });
    await iam.call('CreateUser', { UserName: 'b' });
    expect(await trusted()).toEqual([User.UserId, User.UserId]);
  });

  it('govern whom they are attached to, at once', async () => {
    await iam.call('CreateUser', { UserName: 'a' });
    const a = user('a');
    const may = async () => (await iam.ends('ListUsers', {}, a)) === 'ok';
    expect(await may()).toBe(false);
    await iam.call('AttachUserPolicy', { UserName: 'a', PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' });
    expect(await may()).toBe(true);
    await iam.call('DetachUserPolicy', { UserName: 'a', PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' });
    await iam.call('CreateGroup', { GroupName: 'g' });
    await iam.call('AddUserToGroup', { UserName: 'a', GroupName: 'g' });
    expect(await may()).toBe(false);
    const { Policy } = await iam.call('CreatePolicy', { PolicyName: 'p', PolicyDocument: allow('iam:List*') });
    await iam.call('AttachGroupPolicy', { GroupName: 'g', PolicyArn: Policy.Arn });
    expect(await may()).toBe(true);
    await iam.call('CreatePolicyVersion', { PolicyArn: Policy.Arn, PolicyDocument: allow('s3:*'), SetAsDefault: true });
    expect(await may()).toBe(false);
    await iam.call('SetDefaultPolicyVersion', { PolicyArn: Policy.Arn, VersionId: 'v1' });
    expect(await may()).toBe(true);
    await iam.call('PutUserPermissionsBoundary', {
      UserName: 'a',
      PermissionsBoundary: 'arn:aws:iam::aws:policy/AmazonS3FullAccess',
    });
    expect(await may()).toBe(false);
    await iam.call('DeleteUserPermissionsBoundary', { UserName: 'a' });
    expect(await may()).toBe(true);
    const before = await iam.store.policiesOf(ACCOUNT, a.principal);
    await iam.call('TagUser', { UserName: 'a', Tags: [{ Key: 'team', Value: 'x' }] });
    const after = await iam.store.policiesOf(ACCOUNT, a.principal);
    expect(after!.identity[0]).toBe(before!.identity[0]); // the same object while it says the same
    expect(after!.tags).toEqual({ team: 'x' });
  });
});

describe('hostile documents', () => {
  const deep = `{"Version":"2012-10-17","Statement":${'['.repeat(60_000)}${']'.repeat(60_000)}}`;
  it.each([
    ['CreatePolicy', { PolicyName: 'p', PolicyDocument: deep }],
    ['CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: deep }],
    ['SimulateCustomPolicy', { PolicyInputList: [deep], ActionNames: ['s3:GetObject'] }],
    ['PutUserPolicy', { UserName: 'opentrail', PolicyName: '__proto__', PolicyDocument: 'x' }],
  ])('cost %s an error of the caller, no more', async (operation, input) => {
    expect(await iam.ends(operation, input)).toMatch(/^(MalformedPolicyDocument|InvalidInput): /);
  });

  it('have their variables found in one pass', async () => {
    const keysOf = async (...resources: string[]) => {
      const Statement = [{ Effect: 'Allow', Action: 's3:*', Resource: resources.map((r) => `arn:aws:s3:::${r}`) }];
      const document = JSON.stringify({ Version: '2012-10-17', Statement });
      const { ContextKeyNames } = await iam.call('GetContextKeysForCustomPolicy', { PolicyInputList: [document] });
      return ContextKeyNames;
    };
    // biome-ignore lint/suspicious/noTemplateCurlyInString: policy variables
    expect(await keysOf("${aws:username , 'x'}/${aws:PrincipalTag/team}/${*}")).toEqual([
      'aws:PrincipalTag/team',
      'aws:username',
    ]);
    for (const part of ['${', '${a:', '${a:b,', '${a: ']) await keysOf(part.repeat(60_000 / part.length));
    await keysOf(`\${a:${' '.repeat(60_000)}`);
  });

  it('do no harm by names that objects have anyway', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(await iam.ends('GetUserPolicy', { UserName: 'opentrail', PolicyName: name })).toMatch(/^NoSuchEntity/);
      await iam.call('PutUserPolicy', { UserName: 'opentrail', PolicyName: name, PolicyDocument: allow('s3:*') });
      await iam.call('TagUser', { UserName: 'opentrail', Tags: [{ Key: name, Value: 'v' }] });
    }
    expect((await iam.call('ListUserPolicies', { UserName: 'opentrail' })).PolicyNames).toHaveLength(3);
    expect((await iam.call('ListUserTags', { UserName: 'opentrail' })).Tags).toHaveLength(3);
    expect((await iam.store.policiesOf(ACCOUNT, user('opentrail').principal))!.identity).toHaveLength(4);
    await iam.call('DeleteUserPolicy', { UserName: 'opentrail', PolicyName: '__proto__' });
    expect((await iam.call('ListUserPolicies', { UserName: 'opentrail' })).PolicyNames).toHaveLength(2);
  });
});

describe('passwords', () => {
  it('are hashed, checked against the policy and changed by who knows the old one', async () => {
    await iam.call('CreateUser', { UserName: 'a' });
    const give = (Password: string) => iam.ends('CreateLoginProfile', { UserName: 'a', Password });
    expect(await give('short')).toBe('PasswordPolicyViolation: Password should have a minimum length of 8');
    expect(await give('longenough')).toMatch(/^PasswordPolicyViolation: Password should have at least 3 of/);
    expect(await give('Good-Password-1')).toBe('ok');
    expect(await give('Good-Password-1')).toBe('EntityAlreadyExists: Login Profile for user a already exists.');
    expect(JSON.stringify(await iam.state.list(''))).not.toContain('Good-Password-1');
    const change = (OldPassword: string, NewPassword: string) =>
      iam.ends('ChangePassword', { OldPassword, NewPassword }, user('a'));
    expect(await change('Good-Password-1', 'Good-Password-2')).toMatch(/^AccessDenied: User/);
    await iam.call('UpdateAccountPasswordPolicy', {
      AllowUsersToChangePassword: true,
      PasswordReusePrevention: 2,
      MinimumPasswordLength: 12,
    });
    expect(await change('wrong', 'Good-Password-2')).toBe('AccessDenied: The old password was incorrect.');
    expect(await change('Good-Password-1', 'Good-Pass')).toMatch(/minimum length of 12/);
    expect(await change('Good-Password-1', 'Good-Password-1')).toMatch(
      /^PasswordPolicyViolation: Password was used before/,
    );
    expect(await change('Good-Password-1', 'Good-Password-2')).toBe('ok');
    expect(await change('Good-Password-1', 'Good-Password-3')).toBe('AccessDenied: The old password was incorrect.');
    expect(await iam.ends('ChangePassword', { OldPassword: 'x', NewPassword: 'y' }, root())).toMatch(
      /^InvalidUserType/,
    );
  });
});
