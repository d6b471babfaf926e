import { expect, test } from 'vitest';
import { keys } from '../../access/iam/entities.ts';
import { AwsError } from '../../base/errors.ts';
import type { CallContext } from '../../wire/service.ts';
import { harness, MANAGEMENT, OTHER } from '../organizations/testing/harness.ts';
import type { CloudTrailDeps } from './deps.ts';
import { administered, createOrganizationHandlers } from './organization.ts';

const TRUSTED = { ServicePrincipal: 'cloudtrail.amazonaws.com' };

async function cloudTrail() {
  const h = await harness();
  const deps = { organizations: h.forCloudTrail } as unknown as CloudTrailDeps;
  const handlers = createOrganizationHandlers(deps);
  const as = (accountId: string) => ({ caller: { accountId } }) as CallContext;
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error) => (error instanceof AwsError ? error.code : String(error)),
    );
  return {
    ...h,
    register: (id: string | undefined, by = MANAGEMENT) =>
      codeOf(handlers.RegisterOrganizationDelegatedAdmin!(as(by), { MemberAccountId: id })),
    deregister: (id: string, by = MANAGEMENT) =>
      codeOf(handlers.DeregisterOrganizationDelegatedAdmin!(as(by), { DelegatedAdminAccountId: id })),
    wantTrail: (by: string) => codeOf(administered(deps, as(by))),
  };
}

test('the management account registers up to three delegated administrators, which Organizations shows', async () => {
  const { manage, register, deregister, newAccount, iam } = await cloudTrail();
  expect(await register(OTHER)).toBe('OrganizationsNotInUseException');
  await manage('CreateOrganization');
  const ids = [];
  for (const name of ['a', 'b', 'c', 'd']) ids.push(await newAccount(name));
  expect(await register(ids[0])).toBe('CloudTrailAccessNotEnabledException');
  await manage('EnableAWSServiceAccess', TRUSTED);
  expect(await register(ids[0], ids[1])).toBe('NotOrganizationManagementAccountException');
  expect(await register(MANAGEMENT)).toBe('CannotDelegateManagementAccountException');
  expect(await register(OTHER)).toBe('AccountNotFoundException');
  expect(await register(undefined)).toBe('InvalidParameterException');
  expect(await deregister(ids[0]!)).toBe('AccountNotRegisteredException');
  for (const id of ids.slice(0, 3)) expect(await register(id)).toBe('done');
  expect(await register(ids[0])).toBe('AccountRegisteredException');
  expect(await register(ids[3])).toBe('DelegatedAdminAccountLimitExceededException');
  expect((await manage('ListDelegatedAdministrators', TRUSTED)).DelegatedAdministrators).toHaveLength(3);
  for (const name of ['AWSServiceRoleForCloudTrail', 'AWSServiceRoleForCloudTrailEventContext']) {
    expect(await iam.data.get(keys.role(MANAGEMENT, name))).toMatchObject({ roleName: name });
  }
  expect(await deregister(ids[0]!)).toBe('done');
  expect((await manage('ListDelegatedAdministrators', TRUSTED)).DelegatedAdministrators).toHaveLength(2);
});

test('who asks for an organization trail is told what is in the way', async () => {
  const { manage, wantTrail, newAccount, forCloudTrail } = await cloudTrail();
  expect(await wantTrail(MANAGEMENT)).toBe('OrganizationsNotInUseException');
  await manage('CreateOrganization', { FeatureSet: 'CONSOLIDATED_BILLING' });
  expect(await wantTrail(MANAGEMENT)).toBe('OrganizationNotInAllFeaturesModeException');
  await manage('DeleteOrganization');
  await manage('CreateOrganization');
  const member = await newAccount('a');
  expect(await wantTrail(MANAGEMENT)).toBe('CloudTrailAccessNotEnabledException');
  await manage('EnableAWSServiceAccess', TRUSTED);
  expect(await wantTrail(member)).toBe('NotOrganizationMasterAccountException');
  expect(await wantTrail(MANAGEMENT)).toBe('done');
  // Registered by Organizations, which makes no roles.
  await manage('RegisterDelegatedAdministrator', { AccountId: member, ...TRUSTED });
  expect(await wantTrail(member)).toBe('NoManagementAccountSLRExistsException');
  await forCloudTrail.makeRole(MANAGEMENT);
  expect(await wantTrail(member)).toBe('done');
});
