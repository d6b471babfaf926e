import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventHeader } from '../event/event.ts';
import { compileSelectors } from '../event/select.ts';
import type { Selectors } from '../event/selectors.ts';
import { insightJudge, insightTrails, isFound, loggedKinds } from './insights.ts';
import type { InsightSelector, Trail } from './trail.ts';

const ARN = 'arn:aws:cloudtrail:us-east-1:123456789012:trail/main';
const HEADER: EventHeader = {
  timeMs: 0,
  accountId: '123456789012',
  region: 'us-east-1',
  category: 'Management',
  readOnly: false,
  eventId: 'e',
  eventName: 'RunInstances',
  eventSource: 'ec2.amazonaws.com',
  username: '',
  accessKeyId: '',
  resources: [],
};

const basic = fc.record({
  ReadWriteType: fc.constantFrom('ReadOnly' as const, 'WriteOnly' as const, 'All' as const),
  IncludeManagementEvents: fc.boolean(),
  DataResources: fc.array(fc.constant({ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }), { maxLength: 1 }),
  ExcludeManagementEventSources: fc.subarray(['kms.amazonaws.com']),
});
const advanced = fc
  .tuple(fc.constantFrom('Management', 'Data', 'NetworkActivity'), fc.constantFrom(undefined, 'true', 'false'))
  .map(([category, readOnly]) => ({
    FieldSelectors: [
      { Field: 'eventCategory', Equals: [category] },
      ...(readOnly === undefined ? [] : [{ Field: 'readOnly', Equals: [readOnly] }]),
    ],
  }));
const selectors: fc.Arbitrary<Selectors> = fc.oneof(
  fc.record({ basic: fc.array(basic, { minLength: 1, maxLength: 4 }) }),
  fc.record({ advanced: fc.array(advanced, { minLength: 1, maxLength: 4 }) }),
);

test('the kinds of event that selectors log are those that they let through', () => {
  const json = Buffer.from(
    JSON.stringify({ resources: [{ type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::b/k' }], eventCategory: 'Data' }),
  );
  fc.assert(
    fc.property(selectors, (s) => {
      const takes = compileSelectors(s);
      const logs = (header: Partial<EventHeader>) => takes({ header: { ...HEADER, ...header }, json });
      expect(loggedKinds(s)).toEqual({
        managementReads: logs({ readOnly: true }),
        managementWrites: logs({ readOnly: false }),
        data: logs({ category: 'Data', readOnly: true }) || logs({ category: 'Data', readOnly: false }),
      });
    }),
  );
});

describe('the trails that look for Insights', () => {
  const trail = (change: Partial<Trail>): Trail => ({ name: 'main', isLogging: true, ...change }) as Trail;
  const both: InsightSelector[] = [
    { insightType: 'ApiCallRateInsight', eventCategories: ['Management', 'Data'] },
    { insightType: 'ApiErrorRateInsight', eventCategories: ['Management'] },
  ];
  test('are logging, have them on, and log what they are found in', () => {
    expect(insightTrails([trail({}), trail({ insightSelectors: both, isLogging: false })])).toEqual([]);
    const [found] = insightTrails([trail({ insightSelectors: both })]);
    expect(found?.selectors).toEqual([{ ...both[0], eventCategories: ['Management'] }, both[1]]);
    const reads: Selectors = {
      basic: [
        {
          ReadWriteType: 'ReadOnly',
          IncludeManagementEvents: true,
          DataResources: [],
          ExcludeManagementEventSources: [],
        },
      ],
    };
    expect(insightTrails([trail({ insightSelectors: both, selectors: reads })])[0]?.selectors).toEqual([both[1]]);
  });
  test('the rate of reads among management events is nothing that is looked for', () => {
    const reads = { managementReads: true, managementWrites: false, data: false };
    expect(isFound('ApiCallRateInsight', 'Management', reads)).toBe(false);
    expect(isFound('ApiErrorRateInsight', 'Management', reads)).toBe(true);
    expect(isFound('ApiErrorRateInsight', 'Data', reads)).toBe(false);
  });
});

test('insight selectors take an Insight by its type, its category and its trail', () => {
  const type = fc.constantFrom('ApiCallRateInsight' as const, 'ApiErrorRateInsight' as const);
  const category = fc.constantFrom('Management' as const, 'Data' as const);
  const wanted = fc.uniqueArray(
    fc.record({ insightType: type, eventCategories: fc.uniqueArray(category, { minLength: 1 }) }),
    { selector: (s) => s.insightType },
  );
  const details = fc.record(
    {
      insightType: fc.oneof(type, fc.constant('NewInsight')),
      sourceEventCategory: category,
      insightSource: fc.constantFrom(ARN, `${ARN}2`),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(wanted, details, (selectors, insightDetails) => {
      const { insightType, sourceEventCategory = 'Management', insightSource } = insightDetails;
      const categories = selectors.find((s) => s.insightType === insightType)?.eventCategories ?? [];
      const isOurs = insightSource === undefined || insightSource === ARN;
      const json = Buffer.from(JSON.stringify({ insightDetails }));
      expect(insightJudge(ARN, selectors)({ json })).toBe(isOurs && categories.includes(sourceEventCategory));
    }),
  );
  expect(
    insightJudge(ARN, [{ insightType: 'ApiCallRateInsight', eventCategories: ['Management'] }])({
      json: Buffer.from('{}'),
    }),
  ).toBe(false);
});
