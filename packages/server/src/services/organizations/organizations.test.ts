import { describe, expect, test } from 'vitest';
import { keys } from '../../access/iam/entities.ts';
import { memoryState } from '../../ports/state/memory.ts';
import { harness, MANAGEMENT, OTHER } from './testing/harness.ts';

const SCP = 'SERVICE_CONTROL_POLICY';
const document = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const DENY_STOP = document({ Effect: 'Deny', Action: 'cloudtrail:StopLogging', Resource: '*' });

async function organization(featureSet = 'ALL') {
  const h = await harness();
  await h.manage('CreateOrganization', { FeatureSet: featureSet });
  const rootId: string = (await h.manage('ListRoots')).Roots[0].Id;
  const newPolicy = async (Name: string, Content = DENY_STOP): Promise<string> =>
    (await h.manage('CreatePolicy', { Name, Description: '', Content, Type: SCP })).Policy.PolicySummary.Id;
  const newUnit = async (Name: string, ParentId = rootId): Promise<string> =>
    (await h.manage('CreateOrganizationalUnit', { ParentId, Name })).OrganizationalUnit.Id;
  return { ...h, rootId, newPolicy, newUnit };
}

/** With service control policies, which come when they are enabled. */
async function limitedOrganization() {
  const made = await organization();
  await made.manage('EnablePolicyType', { RootId: made.rootId, PolicyType: SCP });
  return made;
}

describe('the organization', () => {
  test('is made once an account, described to members, and deleted when it is empty', async () => {
    const { manage, refused, call, newAccount, rootId } = await organization();
    const { Organization } = await manage('DescribeOrganization');
    expect(Organization).toEqual({
      Id: expect.stringMatching(/^o-[a-z0-9]{10}$/),
      Arn: `arn:aws:organizations::${MANAGEMENT}:organization/${Organization.Id}`,
      FeatureSet: 'ALL',
      MasterAccountArn: `arn:aws:organizations::${MANAGEMENT}:account/${Organization.Id}/${MANAGEMENT}`,
      MasterAccountId: MANAGEMENT,
      MasterAccountEmail: `root+${MANAGEMENT}@opentrail.invalid`,
      AvailablePolicyTypes: [{ Type: SCP, Status: 'ENABLED' }],
    });
    expect(rootId).toMatch(/^r-[a-z0-9]{4}$/);
    expect(await refused(MANAGEMENT, 'CreateOrganization')).toBe('AlreadyInOrganizationException');
    expect(await refused(OTHER, 'DescribeOrganization')).toBe('AWSOrganizationsNotInUseException');
    const member = await newAccount('member');
    expect((await call(member, 'DescribeOrganization')).Organization.Id).toBe(Organization.Id);
    expect(await refused(member, 'ListAccounts')).toBe('AccessDeniedException');
    expect(await refused(MANAGEMENT, 'DeleteOrganization')).toBe('OrganizationNotEmptyException');
    expect(await refused(MANAGEMENT, 'LeaveOrganization')).toBe('MasterCannotLeaveOrganizationException');
    await call(member, 'LeaveOrganization');
    await manage('DeleteOrganization');
    expect(await refused(MANAGEMENT, 'ListRoots')).toBe('AWSOrganizationsNotInUseException');
    await manage('CreateOrganization');
  });

  test('without all features has no policies and no trusted access', async () => {
    const { manage, refused, rootId } = await organization('CONSOLIDATED_BILLING');
    expect((await manage('ListPolicies', { Filter: SCP })).Policies).toEqual([]);
    expect(await refused(MANAGEMENT, 'EnablePolicyType', { RootId: rootId, PolicyType: SCP })).toBe(
      'PolicyTypeNotAvailableForOrganizationException',
    );
    expect(await refused(MANAGEMENT, 'EnableAWSServiceAccess', { ServicePrincipal: 'cloudtrail.amazonaws.com' })).toBe(
      'ConstraintViolationException ORGANIZATION_NOT_IN_ALL_FEATURES_MODE',
    );
  });

  test('all that is built has a permission, and what is not is refused by name', async () => {
    const { service } = await harness();
    expect(Object.keys(service.operations).filter((name) => !service.permissions![name])).toEqual([]);
    expect(Object.keys(service.operations).filter((name) => !service.schema.operations[name])).toEqual([]);
    expect(service.notImplemented!('CloseAccount')).toMatchObject({ code: 'UnsupportedAPIEndpointException' });
  });
});

describe('accounts', () => {
  test('are made with the role that the management account comes in by, and recorded', async () => {
    const { manage, newAccount, accounts, iam, events, rootId } = await organization();
    const id = await newAccount('audit', { Tags: [{ Key: 'team', Value: 'sec' }] });
    expect(await accounts.has(id)).toBe(true);
    const role = await iam.data.get(keys.role(id, 'OrganizationAccountAccessRole'));
    expect(role?.attached).toEqual(['arn:aws:iam::aws:policy/AdministratorAccess']);
    expect(JSON.parse(role!.trust).Statement[0].Principal).toEqual({ AWS: `arn:aws:iam::${MANAGEMENT}:root` });
    const { Account } = await manage('DescribeAccount', { AccountId: id });
    expect(Account).toMatchObject({ Id: id, Name: 'audit', JoinedMethod: 'CREATED', Status: 'ACTIVE' });
    expect(Account.Paths[0]).toMatch(new RegExp(`^o-.*/${rootId}/${id}/$`));
    expect((await manage('ListTagsForResource', { ResourceId: id })).Tags).toEqual([{ Key: 'team', Value: 'sec' }]);
    expect((await manage('ListParents', { ChildId: id })).Parents).toEqual([{ Id: rootId, Type: 'ROOT' }]);
    expect(events).toHaveLength(1);
    const record = JSON.parse(String(events[0]!.json));
    expect(record).toMatchObject({
      eventName: 'CreateAccountResult',
      eventType: 'AwsServiceEvent',
      recipientAccountId: MANAGEMENT,
      serviceEventDetails: { createAccountStatus: { accountId: id, state: 'SUCCEEDED', accountName: '****' } },
    });
  });

  test('have e-mail addresses of their own', async () => {
    const { manage, newAccount, creation } = await organization();
    await newAccount('one');
    const input = { AccountName: 'two', Email: 'One@Example.com' };
    const { CreateAccountStatus } = await manage('CreateAccount', input);
    expect(await creation(CreateAccountStatus.Id)).toMatchObject({
      State: 'FAILED',
      FailureReason: 'EMAIL_ALREADY_EXISTS',
    });
    expect((await manage('ListCreateAccountStatus', { States: ['FAILED'] })).CreateAccountStatuses).toHaveLength(1);
  });

  test('that a crash left half made are made at the next start', async () => {
    const state = memoryState();
    const before = await harness(state);
    await before.manage('CreateOrganization');
    await before.close();
    const { CreateAccountStatus } = await before.manage('CreateAccount', { AccountName: 'x', Email: 'x@example.com' });
    expect(CreateAccountStatus.State).toBe('IN_PROGRESS');
    const after = await harness(state);
    const done = await after.creation(CreateAccountStatus.Id);
    expect(done.State).toBe('SUCCEEDED');
    expect(await after.accounts.has(done.AccountId)).toBe(true);
  });

  test('are listed in pages whose tokens belong to their list', async () => {
    const { manage, refused, newAccount } = await organization();
    for (let i = 0; i < 4; i++) await newAccount(`a${i}`);
    const first = await manage('ListAccounts', { MaxResults: 3 });
    const second = await manage('ListAccounts', { MaxResults: 3, NextToken: first.NextToken });
    const ids = [...first.Accounts, ...second.Accounts].map(({ Id }) => Id);
    expect([new Set(ids).size, second.NextToken]).toEqual([5, undefined]);
    expect(await refused(MANAGEMENT, 'ListDelegatedAdministrators', { NextToken: first.NextToken })).toBe(
      'InvalidInputException INVALID_NEXT_TOKEN',
    );
  });

  test('join by invitation, decline, and leave', async () => {
    const { manage, call, refused, newAccount, clock } = await organization();
    const stranger = await newAccount('stranger');
    const invite = (id = OTHER) =>
      manage('InviteAccountToOrganization', { Target: { Id: id, Type: 'ACCOUNT' }, Notes: 'Hi' });
    const { Handshake: first } = await invite();
    expect(first).toMatchObject({ State: 'OPEN', Action: 'INVITE' });
    expect(first.Arn).toMatch(/:handshake\/o-[a-z0-9]+\/invite\/h-/);
    expect(await refused(MANAGEMENT, 'InviteAccountToOrganization', { Target: { Id: OTHER, Type: 'ACCOUNT' } })).toBe(
      'DuplicateHandshakeException',
    );
    const HandshakeId = first.Id;
    expect((await call(OTHER, 'ListHandshakesForAccount')).Handshakes).toHaveLength(1);
    expect((await call(OTHER, 'DeclineHandshake', { HandshakeId })).Handshake.State).toBe('DECLINED');
    expect(await refused(OTHER, 'AcceptHandshake', { HandshakeId })).toBe('InvalidHandshakeTransitionException');
    expect(await refused(OTHER, 'DeclineHandshake', { HandshakeId })).toBe('HandshakeAlreadyInStateException');

    const { Handshake: late } = await invite();
    clock.advance(15 * 24 * 60 * 60 * 1000);
    expect((await manage('DescribeHandshake', { HandshakeId: late.Id })).Handshake.State).toBe('EXPIRED');
    const { Handshake: canceled } = await invite();
    await manage('CancelHandshake', { HandshakeId: canceled.Id });
    const { Handshake: last } = await invite();
    expect(await refused(stranger, 'AcceptHandshake', { HandshakeId: last.Id })).toBe('HandshakeNotFoundException');
    await call(OTHER, 'AcceptHandshake', { HandshakeId: last.Id });
    expect((await manage('DescribeAccount', { AccountId: OTHER })).Account.JoinedMethod).toBe('INVITED');
    expect((await manage('ListHandshakesForOrganization')).Handshakes).toHaveLength(4);
    await manage('RemoveAccountFromOrganization', { AccountId: OTHER });
    expect(await refused(MANAGEMENT, 'DescribeAccount', { AccountId: OTHER })).toBe('AccountNotFoundException');
    expect(
      await refused(MANAGEMENT, 'InviteAccountToOrganization', { Target: { Id: '999999999999', Type: 'ACCOUNT' } }),
    ).toBe('InvalidInputException INVALID_PATTERN_TARGET_ID');
  });
});

describe('organizational units', () => {
  test('make a tree of five levels, in which accounts move', async () => {
    const { manage, refused, newAccount, newUnit, rootId } = await organization();
    const prod = await newUnit('prod');
    expect(prod).toMatch(new RegExp(`^ou-${rootId.slice(2)}-[a-z0-9]{8}$`));
    expect(await refused(MANAGEMENT, 'CreateOrganizationalUnit', { ParentId: rootId, Name: 'prod' })).toBe(
      'DuplicateOrganizationalUnitException',
    );
    let deepest = prod;
    for (let level = 2; level <= 5; level++) deepest = await newUnit(`level${level}`, deepest);
    expect(await refused(MANAGEMENT, 'CreateOrganizationalUnit', { ParentId: deepest, Name: 'x' })).toBe(
      'ConstraintViolationException OU_DEPTH_LIMIT_EXCEEDED',
    );
    const id = await newAccount('app');
    const move = { AccountId: id, SourceParentId: rootId, DestinationParentId: deepest };
    await manage('MoveAccount', move);
    expect(await refused(MANAGEMENT, 'MoveAccount', move)).toBe('SourceParentNotFoundException');
    expect(await refused(MANAGEMENT, 'MoveAccount', { ...move, SourceParentId: deepest })).toBe(
      'DuplicateAccountException',
    );
    expect(
      (await manage('ListAccountsForParent', { ParentId: deepest })).Accounts.map(({ Id }: { Id: string }) => Id),
    ).toEqual([id]);
    expect((await manage('ListChildren', { ParentId: rootId, ChildType: 'ORGANIZATIONAL_UNIT' })).Children).toEqual([
      { Id: prod, Type: 'ORGANIZATIONAL_UNIT' },
    ]);
    expect(await refused(MANAGEMENT, 'DeleteOrganizationalUnit', { OrganizationalUnitId: deepest })).toBe(
      'OrganizationalUnitNotEmptyException',
    );
    await manage('MoveAccount', { AccountId: id, SourceParentId: deepest, DestinationParentId: rootId });
    await manage('DeleteOrganizationalUnit', { OrganizationalUnitId: deepest });
    expect(await refused(MANAGEMENT, 'DescribeOrganizationalUnit', { OrganizationalUnitId: deepest })).toBe(
      'OrganizationalUnitNotFoundException',
    );
    const renamed = await manage('UpdateOrganizationalUnit', { OrganizationalUnitId: prod, Name: 'live' });
    expect(renamed.OrganizationalUnit.Name).toBe('live');
  });
});

describe('service control policies', () => {
  test('deny what members may do, in AWS’s words; the management account is not limited', async () => {
    const { manage, allowed, newAccount, newUnit, newPolicy, rootId } = await limitedOrganization();
    const id = await newAccount('app');
    const unit = await newUnit('prod');
    await manage('MoveAccount', { AccountId: id, SourceParentId: rootId, DestinationParentId: unit });
    const PolicyId = await newPolicy('no-stop');
    expect((await allowed(id, 'cloudtrail:StopLogging')).allowed).toBe(true);
    await manage('AttachPolicy', { PolicyId, TargetId: unit });
    expect(await allowed(id, 'cloudtrail:StopLogging')).toMatchObject({
      allowed: false,
      message: expect.stringMatching(/with an explicit deny in a service control policy$/),
    });
    expect((await allowed(id, 'cloudtrail:StartLogging')).allowed).toBe(true);
    expect((await allowed(MANAGEMENT, 'cloudtrail:StopLogging')).allowed).toBe(true);
    await manage('DetachPolicy', { PolicyId, TargetId: unit });
    expect((await allowed(id, 'cloudtrail:StopLogging')).allowed).toBe(true);
  });

  test('must allow at every level', async () => {
    const { manage, allowed, newAccount, newPolicy, source, rootId } = await limitedOrganization();
    const id = await newAccount('app');
    const PolicyId = await newPolicy('s3', document({ Effect: 'Allow', Action: 's3:*', Resource: '*' }));
    await manage('AttachPolicy', { PolicyId, TargetId: id });
    await manage('DetachPolicy', { PolicyId: 'p-FullAWSAccess', TargetId: id });
    expect((await allowed(id, 's3:GetObject')).allowed).toBe(true);
    expect(await allowed(id, 'kms:ListKeys')).toMatchObject({
      message: expect.stringMatching(/because no service control policy allows the kms:ListKeys action$/),
    });
    const place = await source.placeOf(id);
    expect(place?.path).toBe(`${place?.organizationId}/${rootId}/`);
    expect(await source.placeOf(id)).toBe(place);
    await manage('DisablePolicyType', { RootId: rootId, PolicyType: SCP });
    expect((await allowed(id, 'kms:ListKeys')).allowed).toBe(true);
  });

  test('attach to roots, units and accounts, by AWS’s rules', async () => {
    const { manage, refused, newPolicy, rootId, newAccount } = await limitedOrganization();
    const id = await newAccount('app');
    const policies = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => newPolicy(name)));
    const attach = (PolicyId: string) => ({ PolicyId, TargetId: rootId });
    for (const policy of policies.slice(0, 4)) await manage('AttachPolicy', attach(policy));
    expect(await refused(MANAGEMENT, 'AttachPolicy', attach(policies[0]!))).toBe('DuplicatePolicyAttachmentException');
    expect(await refused(MANAGEMENT, 'AttachPolicy', attach(policies[4]!))).toBe(
      'ConstraintViolationException MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED',
    );
    expect(await refused(MANAGEMENT, 'DetachPolicy', { PolicyId: 'p-FullAWSAccess', TargetId: id })).toBe(
      'ConstraintViolationException MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED',
    );
    expect(await refused(MANAGEMENT, 'DetachPolicy', attach(policies[4]!))).toBe('PolicyNotAttachedException');
    expect(await refused(MANAGEMENT, 'DeletePolicy', { PolicyId: policies[0]! })).toBe('PolicyInUseException');
    await manage('DeletePolicy', { PolicyId: policies[4]! });
    expect((await manage('ListTargetsForPolicy', { PolicyId: policies[0]! })).Targets).toEqual([
      { TargetId: rootId, Arn: expect.stringContaining(`/${rootId}`), Name: 'Root', Type: 'ROOT' },
    ]);
    expect((await manage('ListPoliciesForTarget', { TargetId: id, Filter: SCP })).Policies).toEqual([
      expect.objectContaining({ Id: 'p-FullAWSAccess', AwsManaged: true }),
    ]);
    await manage('DisablePolicyType', { RootId: rootId, PolicyType: SCP });
    expect(await refused(MANAGEMENT, 'AttachPolicy', attach(policies[0]!))).toBe('PolicyTypeNotEnabledException');
    expect((await manage('EnablePolicyType', { RootId: rootId, PolicyType: SCP })).Root.PolicyTypes).toHaveLength(1);
    expect((await manage('ListTargetsForPolicy', { PolicyId: policies[0]! })).Targets).toEqual([]);
  });

  test('are not enabled to begin with', async () => {
    const { manage, refused, newPolicy, rootId, newAccount } = await organization();
    expect((await manage('ListRoots')).Roots[0].PolicyTypes).toEqual([]);
    const attached = { PolicyId: await newPolicy('a'), TargetId: rootId };
    expect(await refused(MANAGEMENT, 'AttachPolicy', attached)).toBe('PolicyTypeNotEnabledException');
    const TargetId = await newAccount('app');
    const ofAccount = async () => (await manage('ListPoliciesForTarget', { TargetId, Filter: SCP })).Policies.length;
    expect(await ofAccount()).toBe(0);
    await manage('EnablePolicyType', { RootId: rootId, PolicyType: SCP });
    expect(await ofAccount()).toBe(1);
    expect(await refused(MANAGEMENT, 'EnablePolicyType', { RootId: rootId, PolicyType: SCP })).toBe(
      'PolicyTypeAlreadyEnabledException',
    );
  });

  test('are changed and refused by AWS’s rules', async () => {
    const { manage, refused, newPolicy } = await organization();
    const PolicyId = await newPolicy('a');
    const create = { Name: 'a', Description: '', Content: DENY_STOP, Type: SCP };
    const refusedPolicy = (more: object) => refused(MANAGEMENT, 'CreatePolicy', { ...create, ...more });
    expect(await refusedPolicy({})).toBe('DuplicatePolicyException');
    expect(await refusedPolicy({ Name: 'b', Content: '{' })).toBe('MalformedPolicyDocumentException');
    expect(await refusedPolicy({ Name: 'b', Content: `{${' '.repeat(5120)}}` })).toBe(
      'ConstraintViolationException POLICY_CONTENT_LIMIT_EXCEEDED',
    );
    expect(await refusedPolicy({ Name: 'b', Type: 'TAG_POLICY' })).toBe(
      'PolicyTypeNotAvailableForOrganizationException',
    );
    expect(await refusedPolicy({ Name: 'b', Type: 'X' })).toBe('InvalidInputException INVALID_ENUM');
    expect(await refusedPolicy({ Name: undefined })).toBe('InvalidInputException INPUT_REQUIRED');
    expect(await refused(MANAGEMENT, 'UpdatePolicy', { PolicyId: 'p-FullAWSAccess', Name: 'x' })).toBe(
      'InvalidInputException IMMUTABLE_POLICY',
    );
    const { Policy } = await manage('UpdatePolicy', { PolicyId, Name: 'renamed' });
    expect(Policy).toMatchObject({ Content: DENY_STOP, PolicySummary: { Name: 'renamed' } });
    await manage('TagResource', { ResourceId: PolicyId, Tags: [{ Key: 'k', Value: 'v' }] });
    await manage('UntagResource', { ResourceId: PolicyId, TagKeys: ['k'] });
    expect((await manage('ListTagsForResource', { ResourceId: PolicyId })).Tags).toEqual([]);
  });
});

test('delegated administrators of a service with trusted access may look, and are registered by AWS’s rules', async () => {
  const { manage, call, refused, newAccount } = await organization();
  const ids = await Promise.all(['a', 'b', 'c', 'd'].map((name) => newAccount(name)));
  const service = { ServicePrincipal: 'cloudtrail.amazonaws.com' };
  const register = (AccountId: string) =>
    refused(MANAGEMENT, 'RegisterDelegatedAdministrator', { AccountId, ...service });
  expect(await register(ids[0]!)).toBe('ConstraintViolationException SERVICE_ACCESS_NOT_ENABLED');
  expect(await refused(MANAGEMENT, 'EnableAWSServiceAccess', { ServicePrincipal: 'example.com' })).toBe(
    'InvalidInputException UNRECOGNIZED_SERVICE_PRINCIPAL',
  );
  await manage('EnableAWSServiceAccess', service);
  expect((await manage('ListAWSServiceAccessForOrganization')).EnabledServicePrincipals).toHaveLength(1);
  for (const AccountId of ids.slice(0, 3)) await manage('RegisterDelegatedAdministrator', { AccountId, ...service });
  expect(await register(ids[0]!)).toBe('AccountAlreadyRegisteredException');
  expect(await register(ids[3]!)).toBe(
    'ConstraintViolationException MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED',
  );
  expect(await register(MANAGEMENT)).toBe(
    'ConstraintViolationException CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR',
  );
  expect((await call(ids[0]!, 'ListAccounts')).Accounts).toHaveLength(5);
  expect(await refused(ids[0]!, 'RemoveAccountFromOrganization', { AccountId: ids[1]! })).toBe('AccessDeniedException');
  expect(await refused(MANAGEMENT, 'RemoveAccountFromOrganization', { AccountId: ids[0]! })).toBe(
    'ConstraintViolationException CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG',
  );
  expect((await manage('ListDelegatedAdministrators', service)).DelegatedAdministrators).toHaveLength(3);
  await manage('DeregisterDelegatedAdministrator', { AccountId: ids[0]!, ...service });
  expect(await refused(ids[0]!, 'ListAccounts')).toBe('AccessDeniedException');
  await manage('DisableAWSServiceAccess', service);
  expect((await manage('ListDelegatedAdministrators')).DelegatedAdministrators).toEqual([]);
});

test('two changes at once both hold, and a name is given once', async () => {
  const { manage, rootId } = await organization();
  const create = (Name: string) => manage('CreateOrganizationalUnit', { ParentId: rootId, Name });
  const done = await Promise.allSettled([create('a'), create('b'), create('a'), create('c')]);
  expect(done.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  const units = (await manage('ListOrganizationalUnitsForParent', { ParentId: rootId })).OrganizationalUnits;
  expect(units.map(({ Name }: { Name: string }) => Name).sort()).toEqual(['a', 'b', 'c']);
});
