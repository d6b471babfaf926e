import { beforeEach, describe, expect, test } from 'vitest';
import { ObjectsError } from '../../ports/objects.ts';
import { loggingPeriods, type Trail, trailKey } from '../../trails/trail.ts';
import { ACCOUNT, AWAY, createHarness, type Harness, HOME } from './testing/harness.ts';

const ARN = `arn:aws:cloudtrail:${HOME}:${ACCOUNT}:trail/main`;
const RATE = { InsightType: 'ApiCallRateInsight' };
const ERRORS = { InsightType: 'ApiErrorRateInsight' };
const MANAGEMENT = { EventCategories: ['Management'] };

let h: Harness;
beforeEach(async () => {
  h = createHarness();
  await h.call('CreateTrail', { Name: 'main', S3BucketName: 'logs' });
});
const put = (InsightSelectors: unknown, more: object = {}) =>
  h.call('PutInsightSelectors', { TrailName: 'main', InsightSelectors, ...more });
const get = () => h.call('GetInsightSelectors', { TrailName: 'main' });
const refused = async (InsightSelectors: unknown, more: object = {}) =>
  h.refusal('PutInsightSelectors', { TrailName: 'main', InsightSelectors, ...more });
const kept = async () =>
  (await h.state.get<Trail>(trailKey({ accountId: ACCOUNT, homeRegion: HOME, name: 'main' })))!.value;
const has = async () => (await h.call('GetTrail', { Name: 'main' })).Trail.HasInsightSelectors;

describe('GetInsightSelectors', () => {
  test('says that a trail has none, once it has found the trail', async () => {
    const refusal = async (input: object) => (await h.refusal('GetInsightSelectors', input))[0];
    for (const TrailName of ['main', ARN]) {
      expect(await h.refusal('GetInsightSelectors', { TrailName })).toEqual([
        'InsightNotEnabledException',
        `Trail ${ARN} does not have Insights enabled. Edit the trail settings to enable Insights, and then try the operation again.`,
      ]);
    }
    expect(await refusal({ TrailName: 'other' })).toBe('TrailNotFoundException');
    expect(await refusal({ TrailName: 'a..b' })).toBe('InvalidTrailNameException');
    expect(await refusal({ TrailName: 'arn:aws:x' })).toBe('CloudTrailARNInvalidException');
    expect(await refusal({})).toBe('InvalidParameterCombinationException');
    expect(await refusal({ TrailName: 'main', EventDataStore: 'a-b-c' })).toBe('InvalidParameterCombinationException');
    expect(await refusal({ EventDataStore: 'a-b-c' })).toBe('UnsupportedOperationException');
  });
});

describe('PutInsightSelectors', () => {
  test('answers what it has kept, with the categories that were left out, and replaces what there was', async () => {
    const both = [
      { ...RATE, ...MANAGEMENT },
      { ...ERRORS, ...MANAGEMENT },
    ];
    expect(await put([RATE, { ...ERRORS, EventCategories: [] }])).toEqual({ TrailARN: ARN, InsightSelectors: both });
    expect(await get()).toEqual({ TrailARN: ARN, InsightSelectors: both });
    expect(await has()).toBe(true);
    const { trailList } = await h.call('DescribeTrails');
    expect(trailList[0].HasInsightSelectors).toBe(true);
    await put([ERRORS]);
    expect((await get()).InsightSelectors).toEqual([{ ...ERRORS, ...MANAGEMENT }]);
    expect(h.changes.count).toBe(3);
  });
  test('an empty list turns Insights off, also when the bucket is gone', async () => {
    await put([RATE]);
    h.objects.buckets.clear();
    expect(await put([])).toEqual({ TrailARN: ARN, InsightSelectors: [] });
    expect((await h.refusal('GetInsightSelectors', { TrailName: 'main' }))[0]).toBe('InsightNotEnabledException');
    expect(await has()).toBe(false);
    expect(await kept()).not.toHaveProperty('insightSelectors');
    await put([]);
  });
  test.each([
    [undefined, /^Specify InsightSelectors/],
    [[{}], /^Value {2}for InsightType is invalid. Use ApiCallRateInsight, ApiErrorRateInsight\./],
    [[{ InsightType: 'apicallrateinsight' }], /^Value apicallrateinsight for InsightType/],
    [[RATE, ERRORS, RATE], /^InsightType ApiCallRateInsight is specified more than once/],
    [[{ ...RATE, EventCategories: ['Management', 'NetworkActivity'] }], /^Value NetworkActivity for EventCategories/],
    [[{ ...RATE, EventCategories: ['Management', 'Data'] }], /API call rate for data events, the trail must log data/],
    [[{ ...ERRORS, EventCategories: ['Data'] }], /API error rate for data events, the trail must log data/],
  ])('refuses %j', async (selectors, message) => {
    expect(await refused(selectors)).toEqual(['InvalidInsightSelectorsException', expect.stringMatching(message)]);
    expect(await has()).toBe(false);
    expect(h.objects.puts).toHaveLength(1);
  });
  test.each([
    [{}, 'InvalidParameterCombinationException'],
    [{ TrailName: 'main', EventDataStore: 'a-b-c' }, 'InvalidParameterCombinationException'],
    [{ TrailName: 'main', InsightsDestination: 'a-b-c' }, 'InvalidParameterCombinationException'],
    [{ EventDataStore: 'a-b-c', InsightsDestination: 'd-e-f' }, 'UnsupportedOperationException'],
    [{ TrailName: 'other' }, 'TrailNotFoundException'],
    [{ TrailName: 'a..b' }, 'InvalidTrailNameException'],
    [{ TrailName: 'arn:aws:x' }, 'CloudTrailARNInvalidException'],
  ])('refuses to be for %j', async (target, code) => {
    expect((await h.refusal('PutInsightSelectors', { InsightSelectors: [RATE], ...target }))[0]).toBe(code);
  });
  test('is for the home Region alone', async () => {
    await h.call('UpdateTrail', { Name: 'main', IsMultiRegionTrail: true });
    const call = { TrailName: 'main', InsightSelectors: [RATE] };
    expect((await h.refusal('PutInsightSelectors', call, { region: AWAY }))[0]).toBe('InvalidHomeRegionException');
    await h.call('PutInsightSelectors', { ...call, TrailName: ARN });
    expect((await h.call('GetInsightSelectors', { TrailName: ARN }, { region: AWAY })).InsightSelectors).toHaveLength(
      1,
    );
  });
});

describe('what is analysed must be logged', () => {
  const basic = (ReadWriteType: string, IncludeManagementEvents = true, data = false) => ({
    EventSelectors: [
      {
        ReadWriteType,
        IncludeManagementEvents,
        DataResources: data ? [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }] : [],
      },
    ],
  });
  const advanced = (...selectors: Record<string, string>[]) => ({
    AdvancedEventSelectors: selectors.map((fields) => ({
      FieldSelectors: Object.entries(fields).map(([Field, value]) => ({ Field, Equals: [value] })),
    })),
  });
  const DATA = { eventCategory: 'Data', 'resources.type': 'AWS::S3::Object' };
  test.each([
    [basic('All'), 'rate errors'],
    [basic('WriteOnly'), 'rate errors'],
    [basic('ReadOnly'), 'errors'],
    [basic('All', false, true), 'rateData errorsData'],
    [basic('All', true, true), 'rate errors rateData errorsData'],
    [advanced({ eventCategory: 'Management' }), 'rate errors'],
    [advanced({ eventCategory: 'Management', readOnly: 'true' }), 'errors'],
    [advanced({ eventCategory: 'Management', readOnly: 'false' }), 'rate errors'],
    [advanced(DATA), 'rateData errorsData'],
    [advanced(DATA, { eventCategory: 'Management', readOnly: 'true' }), 'errors rateData errorsData'],
  ])('%j', async (selectors, expected) => {
    await h.call('PutEventSelectors', { TrailName: 'main', ...selectors });
    const data = { EventCategories: ['Data'] };
    const wanted = { rate: RATE, errors: ERRORS, rateData: { ...RATE, ...data }, errorsData: { ...ERRORS, ...data } };
    const taken: string[] = [];
    for (const [name, selector] of Object.entries(wanted)) {
      try {
        await put([selector]);
        taken.push(name);
      } catch (error) {
        expect(error).toMatchObject({ code: 'InvalidInsightSelectorsException' });
      }
    }
    expect(taken.join(' ')).toBe(expected);
  });
});

describe('the bucket', () => {
  const INSIGHTS = `AWSLogs/${ACCOUNT}/CloudTrail-Insight/`;
  const keys = () => h.objects.puts.map(({ object }) => object.key);
  test('must let Insights in, and gets a marker in their folder', async () => {
    expect(keys()).toEqual([`AWSLogs/${ACCOUNT}/CloudTrail/`]);
    await put([RATE]);
    expect(keys().slice(1)).toEqual([`AWSLogs/${ACCOUNT}/CloudTrail/`, INSIGHTS]);
    await h.call('UpdateTrail', { Name: 'main', S3BucketName: 'other-logs', EnableLogFileValidation: true });
    expect(keys().slice(-2)).toEqual([`AWSLogs/${ACCOUNT}/CloudTrail-Digest/`, INSIGHTS]);
  });
  test.each([
    [() => h.objects.buckets.delete('logs'), 'S3BucketDoesNotExistException'],
    [
      () => h.objects.refusals.set('acl', new ObjectsError('AccessDenied', 'no')),
      'InsufficientS3BucketPolicyException',
    ],
    [
      () => h.objects.refusals.set('put', new ObjectsError('AccessDenied', 'no')),
      'InsufficientS3BucketPolicyException',
    ],
  ])('that is not ready: %#', async (spoil, code) => {
    spoil();
    expect((await refused([RATE]))[0]).toBe(code);
    expect(await has()).toBe(false);
  });
});

describe('logging periods', () => {
  const periods = async () =>
    loggingPeriods(await kept()).map(({ beginSequence, endingCall, insightSelectors = [] }) => [
      beginSequence,
      endingCall?.requestId,
      insightSelectors.map(({ insightType }) => insightType),
    ]);
  test('a change of Insights ends one, and what lies before is judged by what held then', async () => {
    await h.call('StartLogging', { Name: 'main' });
    h.log.end = 110;
    const call = (InsightSelectors: object[], requestId: string) =>
      h.call('PutInsightSelectors', { TrailName: 'main', InsightSelectors }, { requestId });
    await call([RATE], 'on');
    await call([RATE], 'again');
    h.log.end = 120;
    await call([], 'off');
    expect(await periods()).toEqual([
      [100, 'on', []],
      [110, 'off', ['ApiCallRateInsight']],
      [120, undefined, []],
    ]);
  });
  test('StopLogging and DeleteTrail end it with the rest; who starts again has Insights again', async () => {
    await h.call('StartLogging', { Name: 'main' });
    await put([ERRORS]);
    await h.call('StopLogging', { Name: 'main' }, { requestId: 'stop' });
    expect((await periods()).at(-1)).toEqual([100, 'stop', ['ApiErrorRateInsight']]);
    h.log.end = 130;
    await h.call('StartLogging', { Name: 'main' });
    expect((await periods()).at(-1)).toEqual([130, undefined, ['ApiErrorRateInsight']]);
  });
});
