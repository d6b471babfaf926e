import { expect, test } from 'vitest';
import { ACCOUNT, createHarness, HOME } from './testing/harness.ts';

const ARN = `arn:aws:cloudtrail:${HOME}:${ACCOUNT}:trail/main`;

test('GetInsightSelectors says that a trail has none, once it has found the trail', async () => {
  const h = createHarness();
  await h.call('CreateTrail', { Name: 'main', S3BucketName: 'logs' });
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
