import { describe, expect, test } from 'vitest';
import { keys } from '../../access/iam/entities.ts';
import { silentLogger } from '../../base/logger.ts';
import {
  deliveryProgressKey,
  deliveryStatusKey,
  listTrails,
  loggingPeriods,
  type Trail,
  trailKey,
} from '../../trails/trail.ts';
import { MANAGEMENT, OTHER, harness as organizationsHarness } from '../organizations/testing/harness.ts';
import { createTrailRoleUses, startOrganizationUpkeep } from './organization-upkeep.ts';
import { AWAY, createHarness, HOME } from './testing/harness.ts';

const ARN = `arn:aws:cloudtrail:${HOME}:${MANAGEMENT}:trail/everyone`;
const TRUSTED = { ServicePrincipal: 'cloudtrail.amazonaws.com' };
const WANTED = { Name: 'everyone', S3BucketName: 'logs', IsOrganizationTrail: true, IsMultiRegionTrail: true };
const ROLE = 'AWSServiceRoleForCloudTrail';

/** An organization of the management account, a member and a delegated administrator, which CloudTrail has access to. */
async function setUp() {
  const company = await organizationsHarness();
  const { manage, newAccount, state, forCloudTrail: organizations } = company;
  await manage('CreateOrganization');
  await manage('EnableAWSServiceAccess', TRUSTED);
  const [member, admin] = [await newAccount('member'), await newAccount('admin')];
  await organizations.register(MANAGEMENT, admin);
  const ct = createHarness({ state, organizations });
  const upkeep = startOrganizationUpkeep({
    state,
    log: ct.log,
    organizations,
    trailsChanged: () => {
      ct.changes.count++;
    },
    clock: ct.clock,
    logger: silentLogger,
  });
  company.store.onChange(upkeep.organizationsChanged);
  const { Organization } = await manage('DescribeOrganization');
  const as = (accountId: string, region = HOME) => ({ accountId, region });
  return {
    ...company,
    ct,
    upkeep,
    member,
    admin,
    organizationId: Organization.Id as string,
    as,
    call: (operation: string, input: object, accountId = MANAGEMENT, region = HOME) =>
      ct.call(operation, input, as(accountId, region)),
    refusal: async (operation: string, input: object, accountId: string) =>
      (await ct.refusal(operation, input, as(accountId)))[0],
    trail: async (): Promise<Trail> => (await listTrails(state, MANAGEMENT))[0]!.value,
    hasRole: async (accountId: string) => (await company.iam.data.get(keys.role(accountId, ROLE))) !== undefined,
  };
}

describe('an organization trail', () => {
  test('is made by the management account, where the bucket lets it write to both folders', async () => {
    const { call, ct, organizationId, hasRole } = await setUp();
    const made = await call('CreateTrail', { ...WANTED, EnableLogFileValidation: true });
    expect(made).toMatchObject({ TrailARN: ARN, IsOrganizationTrail: true });
    expect(ct.objects.puts.map(({ object }) => object.key)).toEqual([
      `AWSLogs/${organizationId}/${MANAGEMENT}/CloudTrail/`,
      `AWSLogs/${organizationId}/${MANAGEMENT}/CloudTrail-Digest/`,
      `AWSLogs/${MANAGEMENT}/CloudTrail/`,
    ]);
    expect(ct.objects.puts[0]!.caller).toMatchObject({ sourceArn: ARN, sourceAccount: MANAGEMENT });
    expect(await hasRole(MANAGEMENT)).toBe(true);
  });

  test('is made and changed by a delegated administrator for the management account, by its ARN alone', async () => {
    const { call, refusal, ct, admin, as, trail } = await setUp();
    expect(await call('CreateTrail', WANTED, admin)).toMatchObject({ TrailARN: ARN });
    expect(await refusal('CreateTrail', WANTED, admin)).toBe('TrailAlreadyExistsException');
    expect(await refusal('StartLogging', { Name: 'everyone' }, admin)).toBe('TrailNotFoundException');
    await call('StartLogging', { Name: ARN }, admin);
    await call('UpdateTrail', { Name: ARN, S3KeyPrefix: 'all' }, admin);
    // The record that ends the period is the administrator's.
    expect(loggingPeriods(await trail())[0]).toMatchObject({ endingCall: { accountId: admin } });
    expect(await refusal('UpdateTrail', { Name: ARN, IsOrganizationTrail: false }, admin)).toBe(
      'NotOrganizationMasterAccountException',
    );
    await ct.call('CreateTrail', { Name: 'own', S3BucketName: 'logs' }, as(admin));
    expect(await refusal('UpdateTrail', { Name: 'own', IsOrganizationTrail: true }, admin)).toBe(
      'NotOrganizationMasterAccountException',
    );
    await call('AddTags', { ResourceId: ARN, TagsList: [{ Key: 'a', Value: 'b' }] }, admin);
    const insights = [{ InsightType: 'ApiErrorRateInsight', EventCategories: ['Management'] }];
    await call('PutInsightSelectors', { TrailName: ARN, InsightSelectors: insights }, admin);
    expect((await call('GetInsightSelectors', { TrailName: 'everyone' })).InsightSelectors).toEqual(insights);
    await call('DeleteTrail', { Name: ARN }, admin);
    expect((await call('ListTrails', {})).Trails).toEqual([]);
  });

  test('shows in members, which may read it by its ARN and nothing more', async () => {
    const { call, refusal, member, state, trail, ct } = await setUp();
    await call('CreateTrail', WANTED);
    await call('StartLogging', { Name: 'everyone' });
    const seen = async (accountId: string, region: string, input: object = {}) =>
      (await call('DescribeTrails', input, accountId, region)).trailList.map((t: { TrailARN: string }) => t.TrailARN);
    expect(await seen(member, HOME)).toEqual([ARN]);
    expect(await seen(member, AWAY)).toEqual([ARN]);
    expect(await seen(member, HOME, { includeShadowTrails: false })).toEqual([]);
    expect(await seen(MANAGEMENT, HOME, { includeShadowTrails: false })).toEqual([ARN]);
    expect(await seen(member, HOME, { trailNameList: [ARN] })).toEqual([ARN]);
    expect(await seen(member, HOME, { trailNameList: ['everyone'] })).toEqual([]);
    expect(await seen(OTHER, HOME)).toEqual([]);
    expect(await seen(OTHER, HOME, { trailNameList: [ARN] })).toEqual([]);
    expect((await call('ListTrails', {}, member)).Trails).toEqual([
      { TrailARN: ARN, Name: 'everyone', HomeRegion: HOME },
    ]);
    expect((await call('GetTrail', { Name: ARN }, member)).Trail.IsOrganizationTrail).toBe(true);
    expect((await call('GetEventSelectors', { TrailName: ARN }, member)).TrailARN).toBe(ARN);
    expect(await refusal('GetTrail', { Name: 'everyone' }, member)).toBe('TrailNotFoundException');
    expect(await refusal('GetTrail', { Name: ARN }, OTHER)).toBe('TrailNotFoundException');

    const { id } = await trail();
    await state.write([
      { put: deliveryStatusKey(id, { region: HOME }), value: { latestDeliveryMs: 1000 } },
      {
        put: deliveryStatusKey(id, { region: HOME, accountId: member }),
        value: { latestDeliveryError: 'AccessDenied' },
      },
    ]);
    expect(await call('GetTrailStatus', { Name: ARN }, member)).toMatchObject({
      IsLogging: true,
      LatestDeliveryError: 'AccessDenied',
    });
    expect((await call('GetTrailStatus', { Name: ARN })).LatestDeliveryError).toBeUndefined();

    for (const [operation, input] of [
      ['StopLogging', { Name: ARN }],
      ['StartLogging', { Name: ARN }],
      ['DeleteTrail', { Name: ARN }],
      ['UpdateTrail', { Name: ARN, S3BucketName: 'other-logs' }],
      ['PutEventSelectors', { TrailName: ARN, EventSelectors: [{}] }],
      ['PutInsightSelectors', { TrailName: ARN, InsightSelectors: [] }],
      ['AddTags', { ResourceId: ARN, TagsList: [{ Key: 'a' }] }],
      ['RemoveTags', { ResourceId: ARN, TagsList: [{ Key: 'a' }] }],
    ] as const) {
      expect([operation, await refusal(operation, input, member)]).toEqual([
        operation,
        'NotOrganizationMasterAccountException',
      ]);
    }
    expect((await trail()).isLogging).toBe(true);

    // It counts among a member's five.
    for (const name of ['one', 'two', 'three', 'four']) {
      await call('CreateTrail', { Name: name, S3BucketName: 'logs' }, member);
    }
    const fifth = { Name: 'five', S3BucketName: 'logs' };
    expect(await refusal('CreateTrail', fifth, member)).toBe('MaximumNumberOfTrailsExceededException');
    await ct.call('CreateTrail', { Name: 'everyone', S3BucketName: 'logs' }, { accountId: OTHER });
  });

  test('has its Insights of data events looked at by those who may change it, none else', async () => {
    const { call, refusal, member, admin } = await setUp();
    await call('CreateTrail', WANTED);
    const asked = { InsightSource: ARN, DataType: 'InsightsEvents' };
    expect((await call('ListInsightsData', asked, admin)).Events).toEqual([]);
    expect(await refusal('ListInsightsData', asked, member)).toBe('OperationNotPermittedException');
    expect(await refusal('ListInsightsData', asked, OTHER)).toBe('InvalidParameterException');
  });

  test('opens no other trail of the management account to anybody, nor of another organization', async () => {
    const { call, refusal, member, admin, state, as, ct } = await setUp();
    await call('CreateTrail', WANTED);
    await call('CreateTrail', { Name: 'private', S3BucketName: 'logs' });
    await ct.call('CreateTrail', { Name: 'private', S3BucketName: 'logs' }, as(OTHER));
    const foreign = { ...(await listTrails(state, OTHER))[0]!.value, organizationId: 'o-another' };
    await state.write([{ put: trailKey(foreign), value: foreign }]);
    for (const Name of [ARN.replace('everyone', 'private'), foreign.arn]) {
      for (const accountId of [member, admin]) {
        for (const operation of ['GetTrail', 'GetTrailStatus', 'StopLogging', 'DeleteTrail', 'UpdateTrail']) {
          expect([operation, await refusal(operation, { Name }, accountId)]).toEqual([
            operation,
            'TrailNotFoundException',
          ]);
        }
        expect(await refusal('ListTags', { ResourceIdList: [Name] }, accountId)).toBe('ResourceNotFoundException');
        expect((await call('DescribeTrails', { trailNameList: [Name] }, accountId)).trailList).toEqual([]);
      }
    }
  });

  test('is made of an ordinary one and back, each from its own record on', async () => {
    const { call, refusal, manage, organizationId, trail } = await setUp();
    await call('CreateTrail', { Name: 'everyone', S3BucketName: 'logs' });
    await call('StartLogging', { Name: 'everyone' });
    const [made, back] = [true, false].map((IsOrganizationTrail) => ({ Name: 'everyone', IsOrganizationTrail }));
    expect((await call('UpdateTrail', made!)).IsOrganizationTrail).toBe(true);
    expect((await call('UpdateTrail', back!)).IsOrganizationTrail).toBe(false);
    const periods = loggingPeriods(await trail());
    expect(periods.map((period) => period.organizationId)).toEqual([undefined, organizationId, undefined]);
    expect(periods.map((period) => period.endingCall !== undefined)).toEqual([true, true, false]);
    await manage('DisableAWSServiceAccess', TRUSTED);
    expect(await refusal('UpdateTrail', made!, MANAGEMENT)).toBe('CloudTrailAccessNotEnabledException');
  });
});

test('the role is in use wherever an organization trail shows', async () => {
  const { call, state, forCloudTrail, member } = await setUp();
  const uses = createTrailRoleUses({ state, organizations: forCloudTrail });
  const used = (accountId: string, roleName = ROLE) => uses({ accountId, roleName });
  expect(await used(member)).toEqual([]);
  await call('CreateTrail', WANTED);
  expect(await used(member)).toEqual([{ region: HOME, resources: [ARN] }]);
  expect(await used(MANAGEMENT)).toEqual([{ region: HOME, resources: [ARN] }]);
  expect([await used(OTHER), await used(member, 'AWSServiceRoleForConfig')]).toEqual([[], []]);
});

describe('upkeep', () => {
  test('without trusted access the trail goes on as the account’s own, from that place in the Log on', async () => {
    const { call, manage, ct, trail, organizationId, member } = await setUp();
    await call('CreateTrail', WANTED);
    await call('StartLogging', { Name: 'everyone' });
    ct.log.end = 200;
    const before = ct.changes.count;
    await manage('DisableAWSServiceAccess', TRUSTED);
    expect(ct.changes.count).toBeGreaterThan(before);
    const released = await trail();
    expect(released).toMatchObject({ isLogging: true, beginSequence: 200 });
    expect(released.organizationId).toBeUndefined();
    expect(loggingPeriods(released)).toMatchObject([
      { beginSequence: 100, endSequence: 200, organizationId },
      { beginSequence: 200 },
    ]);
    expect((await call('DescribeTrails', {}, member)).trailList).toEqual([]);

    // Once that is delivered, the next change forgets it.
    await ct.state.write([{ put: deliveryProgressKey(released.id), value: { cursor: 200, ends: {} } }]);
    await call('UpdateTrail', { Name: 'everyone', S3KeyPrefix: 'p' });
    expect(loggingPeriods(await trail())).toHaveLength(2);
  });

  test('releases at the start what a crash left an organization’s', async () => {
    const { call, upkeep, state, ct, trail, forCloudTrail, store } = await setUp();
    await call('CreateTrail', WANTED);
    await upkeep.close();
    const [entry] = await listTrails(state, MANAGEMENT);
    await store.change((draft) => {
      const { organization } = [...draft.world.trees.values()][0]!;
      draft.put(organization.id, 'organization', { ...organization, services: {} });
    });
    await state.write([{ put: entry!.key, value: entry!.value }]);
    const deps = { state, log: ct.log, organizations: forCloudTrail, clock: ct.clock, logger: silentLogger };
    const next = startOrganizationUpkeep({ ...deps, trailsChanged: () => {} });
    await next.close();
    expect((await trail()).organizationId).toBeUndefined();
  });

  test('gives all accounts the role, also those to come, and takes it from those that leave', async () => {
    const { call, upkeep, hasRole, member, newAccount, manage } = await setUp();
    await call('CreateTrail', WANTED);
    upkeep.trailsChanged();
    const late = await newAccount('late');
    const until = async (condition: () => Promise<boolean>) => {
      while (!(await condition())) await new Promise(setImmediate);
    };
    for (const accountId of [MANAGEMENT, member, late]) await until(() => hasRole(accountId));
    await manage('RemoveAccountFromOrganization', { AccountId: late });
    await until(async () => !(await hasRole(late)));
    expect(await hasRole(member)).toBe(true);
  });
});
