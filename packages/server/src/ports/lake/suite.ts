import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventFromBytes } from '../../event/accept.ts';
import type { NewEvent } from '../../event/event.ts';
import { compileSearchFilter, compileValues, type SearchFilter, searchableEvent } from '../../event/search/index.ts';
import type { Lake, LakeQuery } from '../lake.ts';

/** A lake over a log that the suite drives. What was appended is searchable when `append` resolves. */
export interface LakeHarness {
  readonly lake: Lake;
  append(events: readonly NewEvent[]): Promise<void>;
  /** Closes the lake and opens it again from what is on disk. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

// Few values each, so that filters meet events, and some that are hard on a database.
const WORDS = [
  'a',
  'ab',
  'B',
  'bAb',
  'ü',
  'ÜBER',
  "it's",
  '"q"',
  'x\\y',
  '5',
  '12.5',
  '-3',
  '%',
  '_',
  '*',
  '🦆',
  'a\u0000b',
  ' ',
];
const word = fc.constantFrom(...WORDS);
/** What a member may hold, though it should be text. */
const odd = fc.oneof(
  { weight: 6, arbitrary: word },
  fc.constantFrom(null, true, false, 5, -3, 12.5, '', [], {}),
  fc.array(word, { maxLength: 2 }),
  fc.dictionary(word, word, { maxKeys: 2 }),
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const NAMES = ['bucketName', 'key', 'a.b', 'it"s', "o'k", 'é', '*', '', 'items', '$', '#'];
const name = fc.constantFrom(...NAMES);

const parameters = fc.oneof(
  odd,
  fc.dictionary(
    name,
    fc.oneof(
      odd,
      fc.dictionary(name, odd, { maxKeys: 2 }),
      fc.array(fc.dictionary(name, odd, { maxKeys: 2 }), { maxLength: 3 }),
    ),
    { maxKeys: 4 },
  ),
);

/** Records with what is odd where there should be text. */
export const records = fc
  .record({
    eventTime: fc
      .integer({ min: 0, max: 40 })
      .map((n) => new Date(Date.UTC(2020, n % 3, 1 + (n % 5), n % 24, 0, n % 7, n % 2 ? 250 : 0)).toISOString()),
    eventSource: fc.constantFrom('s3.amazonaws.com', 'sts.amazonaws.com', 'a', "it's"),
    eventName: word.filter((text) => text !== ''),
    awsRegion: fc.constantFrom('us-east-1', 'eu-west-1'),
    recipientAccountId: fc.constantFrom('111111111111', '222222222222', 5, undefined),
    userIdentity: maybe(
      fc.oneof(
        odd,
        fc.record({
          type: maybe(odd),
          userName: maybe(odd),
          arn: maybe(odd),
          principalId: maybe(odd),
          accessKeyId: maybe(odd),
          sessionContext: maybe(fc.oneof(odd, fc.record({ sessionIssuer: fc.oneof(odd, fc.record({ arn: odd })) }))),
        }),
      ),
    ),
    sourceIPAddress: maybe(odd),
    userAgent: maybe(odd),
    errorCode: maybe(odd),
    readOnly: maybe(fc.oneof(fc.boolean(), odd)),
    managementEvent: maybe(fc.oneof(fc.boolean(), odd)),
    requestParameters: maybe(parameters),
    responseElements: maybe(parameters),
    resources: maybe(fc.oneof(odd, fc.array(fc.record({ type: maybe(odd), ARN: maybe(odd) }), { maxLength: 3 }))),
    requestID: maybe(odd),
  })
  .map((record) => JSON.stringify(record));

const FIELDS = [
  ...[
    'eventName',
    'eventSource',
    'awsRegion',
    'accountId',
    'recipientAccountId',
    'userName',
    'userType',
    'principalId',
    'userArn',
  ],
  ...[
    'issuerArn',
    'sourceIPAddress',
    'userAgent',
    'errorCode',
    'readOnly',
    'managementEvent',
    'resourceType',
    'resourceName',
    'eventId',
  ],
  ...[
    'requestId',
    'eventCategory',
    'accessKeyId',
    'requestParameters',
    'requestParameters.bucketName',
    'requestParameters."a.b"',
    'requestParameters.items[*].key',
  ],
  ...[
    'requestParameters.items[0]',
    'requestParameters."it\\"s"',
    'requestParameters."*"',
    'requestParameters.""',
    'userIdentity.sessionContext',
    'resources[*].ARN',
    '"eventName"',
    'requestParameters."o\'k".bucketName',
  ],
];
const field = fc.constantFrom(...FIELDS);
const times = fc.constantFrom('2020-01-01', '2020-02-02T02:00:02Z', '2020-01-02T01:00:01.250Z', '2030-01-01');

const condition: fc.Arbitrary<SearchFilter> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      field,
      op: fc.constantFrom('=', '!=', ':', '!:', '^', '!^'),
      value: fc.oneof(word, fc.constantFrom('us-east-1', 'true', 'false', '', 's3.amazonaws.com', '111111111111')),
    }),
  },
  fc.record({ field, op: fc.constantFrom('>', '>=', '<', '<='), value: fc.constantFrom('5', '-3', '12.5', '0') }),
  fc.record({ field, op: fc.constant('in' as const), values: fc.array(word, { minLength: 1, maxLength: 3 }) }),
  fc.record({ field, op: fc.constant('exists' as const) }),
  fc.record({ field: fc.constant('eventTime'), op: fc.constantFrom('=', '!=', '>', '>=', '<', '<='), value: times }),
  fc.record({ text: fc.oneof(word, fc.constantFrom('S3.AMAZON', '5', '"eventname":')) }),
) as fc.Arbitrary<SearchFilter>;

const { filter } = fc.letrec<{ filter: SearchFilter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 3, arbitrary: condition },
    fc.record({ and: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('filter') }),
  ) as fc.Arbitrary<SearchFilter>,
}));

const ACCOUNTS = ['111111111111', '222222222222', '000000000000'];

const query: fc.Arbitrary<LakeQuery> = fc
  .record({
    accounts: maybe(fc.subarray(ACCOUNTS)),
    startMs: fc.constantFrom(0, Date.UTC(2020, 0, 2), Date.UTC(2020, 1, 1)),
    endMs: fc.constantFrom(Date.UTC(2020, 0, 3), Date.UTC(2020, 1, 3), Date.UTC(2030, 0)),
    filter: maybe(filter),
    from: fc.constantFrom(0, 0, 5),
  })
  .map(({ accounts, filter, ...rest }) => ({ ...rest, ...(accounts && { accounts }), ...(filter && { filter }) }));

type Step =
  | { readonly do: 'append'; readonly records: readonly string[] }
  | { readonly do: 'reopen' }
  | {
      readonly do: 'ask';
      readonly queries: readonly LakeQuery[];
      readonly limit: number;
      readonly order: 'newest' | 'oldest';
      readonly back: number;
    };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('append' as const),
        records: fc.array(records, { minLength: 1, maxLength: 40 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('ask' as const),
        queries: fc.array(query, { minLength: 6, maxLength: 12 }),
        limit: fc.integer({ min: 1, max: 9 }),
        order: fc.constantFrom('newest' as const, 'oldest' as const),
        back: fc.constantFrom(0, 0, 3),
      }),
    },
  ),
  { minLength: 3, maxLength: 12, size: 'max' },
);

interface Held extends NewEvent {
  readonly sequence: number;
}

/** What every Lake must do, over random logs and random filters: its answers are those of a plain array. */
export function lakeSuite(open: () => Promise<LakeHarness>, numRuns: number): void {
  test('answers as an array of the events would, whatever they hold and wherever they are', {
    timeout: 600_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const harness = await open();
        const model: Held[] = [];
        try {
          for (const step of list) await apply(harness, model, step);
        } finally {
          await harness.close();
        }
      }),
      { numRuns },
    );
  });
}

async function apply(harness: LakeHarness, model: Held[], step: Step): Promise<void> {
  if (step.do === 'reopen') return harness.reopen();
  if (step.do === 'append') {
    const events = step.records.map((record) => {
      const made = eventFromBytes(Buffer.from(record), { fallbackAccountId: '000000000000' });
      if ('refused' in made) throw new Error(made.refused.message);
      return made.event;
    });
    model.push(...events.map((event, i) => ({ ...event, sequence: model.length + i })));
    return harness.append(events);
  }
  for (const query of step.queries) await check(harness.lake, model, step, query);
  // What is known of whole files: nobody is told of other accounts' events.
  for (const accounts of ACCOUNTS.map((account) => [account])) {
    const query = { startMs: 0, endMs: Date.UTC(2030, 0), accounts };
    await expectFacets(harness.lake, matching(model, query), query, COUNTED);
  }
}

const never = new AbortController().signal;

/** Fields whose counts are known of whole files, where there is no filter. */
const COUNTED = ['eventName', 'resourceType', 'userName'];

async function check(
  lake: Lake,
  model: readonly Held[],
  { limit, order, back }: Extract<Step, { do: 'ask' }>,
  asked: LakeQuery,
) {
  const query = { ...asked, upTo: model.length - back };
  const expected = matching(model, query).sort(
    (a, b) => (order === 'newest' ? -1 : 1) * (a.header.timeMs - b.header.timeMs || a.sequence - b.sequence),
  );
  expect(await lake.count(query, never)).toBe(expected.length);
  const pages = [];
  for (let next = {}; pages.length <= expected.length; ) {
    const page = await lake.page({ ...query, order, limit, ...next }, never);
    pages.push(...page.rows);
    if (!page.next) break;
    expect(page.rows.length).toBe(limit);
    next = { after: page.next };
  }
  expect(pages.map(({ json, ...row }) => ({ ...row, json: `${json}` }))).toEqual(
    expected.map(({ sequence, header, json }) => ({
      sequence,
      timeMs: header.timeMs,
      accountId: header.accountId,
      json: `${json}`,
    })),
  );
  const paths = ['requestParameters.bucketName', 'requestParameters.items[*].key'];
  for (const fields of [COUNTED, [...COUNTED, ...paths]]) await expectFacets(lake, expected, query, fields);
  const buckets = new Map<number, number>();
  for (const { header } of expected) {
    const startMs = Math.floor(header.timeMs / 3_600_000) * 3_600_000;
    buckets.set(startMs, (buckets.get(startMs) ?? 0) + 1);
  }
  const histogram = await lake.histogram(query, 3_600_000, never);
  expect(histogram.map(({ startMs, count }) => [startMs, count])).toEqual([...buckets].sort(([a], [b]) => a - b));
}

async function expectFacets(
  lake: Lake,
  expected: readonly Held[],
  query: LakeQuery,
  fields: readonly string[],
): Promise<void> {
  const found = await lake.facets(query, fields, 100, never);
  expect(
    found.map(({ values, distinctCount }) => ({
      values: Object.fromEntries(values.map(({ value, count }) => [value, count])),
      distinctCount,
    })),
  ).toEqual(
    fields.map((name) => {
      const counts: Record<string, number> = {};
      for (const event of expected) {
        for (const value of new Set(compileValues(name)(searchableEvent(event.header, event.json))))
          counts[value] = (counts[value] ?? 0) + 1;
      }
      return { values: counts, distinctCount: Object.keys(counts).length };
    }),
  );
}

function matching(
  model: readonly Held[],
  { accounts, startMs, endMs, filter, from = 0, upTo = Number.POSITIVE_INFINITY }: LakeQuery,
): Held[] {
  const fits = compileSearchFilter(filter);
  return model.filter(
    ({ sequence, header, json }) =>
      sequence >= from &&
      sequence < upTo &&
      (accounts?.includes(header.accountId) ?? true) &&
      header.timeMs >= startMs &&
      header.timeMs <= endMs &&
      fits(searchableEvent(header, json)),
  );
}
