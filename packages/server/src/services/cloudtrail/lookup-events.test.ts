import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { eventFromBytes } from '../../event/accept.ts';
import type { HistoryHit } from '../../ports/history.ts';
import { ACCOUNT, AWAY, createHarness, type Harness, HOME } from './testing/harness.ts';

const DAY_MS = 86_400_000;
let h: Harness;
beforeEach(() => {
  h = createHarness();
});

function record(n: number, more: object = {}) {
  return {
    eventVersion: '1.11',
    userIdentity: { type: 'IAMUser', userName: 'alice', accessKeyId: 'AKIAEXAMPLE' },
    eventTime: new Date(h.clock.now() - n * 60_000).toISOString().replace('.000Z', 'Z'),
    eventSource: 'cloudtrail.amazonaws.com',
    eventName: 'CreateTrail',
    awsRegion: HOME,
    requestParameters: { name: 'main', s3BucketName: 'logs' },
    responseElements: null,
    eventID: `event-${n}`,
    readOnly: false,
    recipientAccountId: ACCOUNT,
    ...more,
  };
}
function hit(r: object, sequence: number): HistoryHit {
  const made = eventFromBytes(Buffer.from(JSON.stringify(r)), { fallbackAccountId: ACCOUNT });
  if ('refused' in made) throw new Error(made.refused.message);
  return { sequence, timeMs: made.event.header.timeMs, ...made.event };
}
function hold(records: object[]): void {
  h.history.hits = records.map(hit);
}
const asked = () => h.history.queries.at(-1)!;

describe('LookupEvents', () => {
  test('shows an event by its own fields, with the record as a string', async () => {
    const r = record(0);
    hold([r]);
    const { Events, NextToken } = await h.call('LookupEvents');
    expect(NextToken).toBeUndefined();
    expect(Events).toEqual([
      {
        EventId: 'event-0',
        EventName: 'CreateTrail',
        ReadOnly: 'false',
        AccessKeyId: 'AKIAEXAMPLE',
        EventTime: new Date(h.clock.now()),
        EventSource: 'cloudtrail.amazonaws.com',
        Username: 'alice',
        Resources: expect.arrayContaining([{ ResourceType: 'AWS::S3::Bucket', ResourceName: 'logs' }]),
        CloudTrailEvent: JSON.stringify(r),
      },
    ]);
  });
  test('leaves out what an event has not', async () => {
    hold([record(0, { userIdentity: {}, readOnly: undefined, requestParameters: null })]);
    const [event] = (await h.call('LookupEvents')).Events;
    expect(Object.keys(event)).toEqual([
      'EventId',
      'EventName',
      'EventTime',
      'EventSource',
      'Resources',
      'CloudTrailEvent',
    ]);
    expect(event.Resources).toEqual([]);
  });
  test('shows an Insights event by what it is about', async () => {
    const insightDetails = { eventName: 'RunInstances', eventSource: 'ec2.amazonaws.com', state: 'Start' };
    hold([
      record(0, { eventName: undefined, eventSource: undefined, insightDetails, eventType: 'AwsCloudTrailInsight' }),
    ]);
    const { Events } = await h.call('LookupEvents', { EventCategory: 'insight' });
    expect(Events[0]).toMatchObject({ EventName: 'RunInstances', EventSource: 'ec2.amazonaws.com' });
    expect(asked().category).toBe('Insight');
  });
  test('shows the Insights of management events, whichever trail has them on, and of data events none', async () => {
    const insight = (n: number, more: object) =>
      record(n, {
        eventType: 'AwsCloudTrailInsight',
        eventCategory: 'Insight',
        insightDetails: { eventName: 'RunInstances', eventSource: 'ec2.amazonaws.com', ...more },
      });
    const data = { sourceEventCategory: 'Data' };
    hold([insight(0, data), insight(1, {}), insight(2, data), insight(3, { sourceEventCategory: 'Management' })]);
    const ids = async (input: object) => {
      const { Events, NextToken } = await h.call('LookupEvents', { EventCategory: 'insight', ...input });
      return { ids: Events.map((e: { EventId: string }) => e.EventId), NextToken };
    };
    expect(await ids({})).toEqual({ ids: ['event-1', 'event-3'], NextToken: undefined });
    const first = await ids({ MaxResults: 1 });
    expect(first.ids).toEqual(['event-1']);
    expect((await ids({ MaxResults: 1, NextToken: first.NextToken })).ids).toEqual(['event-3']);
    // Many that are not to be shown: pages may be short, and lead on to the end.
    hold([...Array.from({ length: 70 }, (_, i) => insight(i, data)), insight(70, {})]);
    const seen: string[] = [];
    let pages = 0;
    for (let NextToken: string | undefined; pages === 0 || NextToken !== undefined; pages++) {
      const page = await ids({ MaxResults: 1, ...(NextToken !== undefined && { NextToken }) });
      seen.push(...page.ids);
      NextToken = page.NextToken;
    }
    expect(seen).toEqual(['event-70']);
    expect(pages).toBeLessThan(5);
  });
  test('asks for the caller’s account and Region, 90 days back, 50 at a time', async () => {
    await h.call('LookupEvents', {}, { region: AWAY, accountId: '210987654321' });
    expect(asked()).toEqual({
      accountId: '210987654321',
      region: AWAY,
      category: 'Management',
      startMs: h.clock.now() - 90 * DAY_MS,
      endMs: 8.64e15,
      limit: 50,
    });
  });
  test('times are inclusive and reach no further back than the history', async () => {
    const at = new Date(h.clock.now() - DAY_MS);
    await h.call('LookupEvents', { StartTime: at, EndTime: at });
    expect(asked()).toMatchObject({ startMs: at.getTime(), endMs: at.getTime() });
    await h.call('LookupEvents', { StartTime: new Date(0) });
    expect(asked().startMs).toBe(h.clock.now() - 90 * DAY_MS);
    hold([record(0)]);
    await h.call('LookupEvents', { EndTime: new Date(0) });
    expect(asked()).toMatchObject({ endMs: 0 });
  });
  test.each([
    'EventId',
    'EventName',
    'ReadOnly',
    'Username',
    'ResourceType',
    'ResourceName',
    'EventSource',
    'AccessKeyId',
  ])('asks by %s', async (AttributeKey) => {
    await h.call('LookupEvents', { LookupAttributes: [{ AttributeKey, AttributeValue: 'x' }] });
    expect(asked().attribute).toEqual({ key: AttributeKey, value: 'x' });
  });

  const by = (AttributeKey: string, AttributeValue: string) => ({
    LookupAttributes: [{ AttributeKey, AttributeValue }],
  });
  test.each([
    [{ MaxResults: 0 }, 'InvalidMaxResultsException'],
    [{ MaxResults: 51 }, 'InvalidMaxResultsException'],
    [{ MaxResults: -1 }, 'InvalidMaxResultsException'],
    [{ MaxResults: 1.5 }, 'InvalidMaxResultsException'],
    [by('eventname', 'x'), 'InvalidLookupAttributesException'],
    [by('constructor', 'x'), 'InvalidLookupAttributesException'],
    [by('EventName', ''), 'InvalidLookupAttributesException'],
    [by('EventName', 'x'.repeat(2001)), 'InvalidLookupAttributesException'],
    [by('EventName', '_'.repeat(1001)), 'InvalidLookupAttributesException'],
    [{ LookupAttributes: [{ AttributeKey: 'EventName' }] }, 'InvalidLookupAttributesException'],
    [
      {
        LookupAttributes: [
          { AttributeKey: 'EventName', AttributeValue: 'a' },
          { AttributeKey: 'EventId', AttributeValue: 'b' },
        ],
      },
      'InvalidLookupAttributesException',
    ],
    [{ EventCategory: 'insight', ...by('Username', 'x') }, 'InvalidLookupAttributesException'],
    [{ EventCategory: 'management' }, 'InvalidEventCategoryException'],
    [{ StartTime: new Date(2), EndTime: new Date(1) }, 'InvalidTimeRangeException'],
    [{ StartTime: new Date(Number.NaN) }, 'InvalidTimeRangeException'],
    [{ EndTime: new Date(Number.NaN) }, 'InvalidTimeRangeException'],
    [{ NextToken: 'x' }, 'InvalidNextTokenException'],
    [{ NextToken: '' }, 'InvalidNextTokenException'],
    [{ NextToken: Buffer.from('null').toString('base64url') }, 'InvalidNextTokenException'],
    [{ NextToken: 'x'.repeat(100_000) }, 'InvalidNextTokenException'],
  ])('refuses %j', async (input, code) => {
    expect((await h.refusal('LookupEvents', input))[0]).toBe(code);
  });
  test('takes the longest values that AWS takes', async () => {
    await h.call('LookupEvents', by('EventName', 'x'.repeat(2000)));
    await h.call('LookupEvents', by('EventName', '_'.repeat(1000)));
    await h.call('LookupEvents', { EventCategory: 'insight', ...by('EventSource', 'x'), MaxResults: 1 });
  });
});

describe('paging', () => {
  test('goes through all events once, while new ones come in', async () => {
    hold(Array.from({ length: 120 }, (_, i) => record(i)));
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await h.call('LookupEvents', NextToken === undefined ? {} : { NextToken });
      seen.push(...page.Events.map((e: { EventId: string }) => e.EventId));
      NextToken = page.NextToken;
      h.history.hits.push({ ...hit(record(0), 1000 + seen.length), timeMs: h.clock.now() + 1 });
    } while (NextToken !== undefined);
    expect(seen).toEqual(Array.from({ length: 120 }, (_, i) => `event-${i}`));
  });

  const QUERY = {
    LookupAttributes: [{ AttributeKey: 'Username', AttributeValue: 'alice' }],
    MaxResults: 1,
    EndTime: new Date(5e12),
  };
  const tokenOf = async () => {
    hold([record(0), record(1)]);
    return (await h.call('LookupEvents', QUERY)).NextToken as string;
  };
  test('a token is good after a restart, also with the parameters in another order', async () => {
    const NextToken = await tokenOf();
    const { hits } = h.history;
    h = createHarness();
    h.history.hits = hits;
    const { EndTime, MaxResults, LookupAttributes } = QUERY;
    expect((await h.call('LookupEvents', { NextToken, EndTime, MaxResults, LookupAttributes })).Events).toHaveLength(1);
  });
  test.each([
    [{ MaxResults: 2 }],
    [{ EndTime: new Date(4e12) }],
    [{ StartTime: new Date(0) }],
    [{ LookupAttributes: [] }],
    [{ LookupAttributes: [{ AttributeKey: 'Username', AttributeValue: 'bob' }] }],
    [{ EventCategory: 'insight', LookupAttributes: [] }],
  ])('a token does not go with %j', async (changes) => {
    const NextToken = await tokenOf();
    expect((await h.refusal('LookupEvents', { ...QUERY, ...changes, NextToken }))[0]).toBe('InvalidNextTokenException');
  });
  test('nor with another account or Region', async () => {
    const NextToken = await tokenOf();
    for (const as of [{ region: AWAY }, { accountId: '210987654321' }]) {
      expect((await h.refusal('LookupEvents', { ...QUERY, NextToken }, as))[0]).toBe('InvalidNextTokenException');
    }
  });
  test('a token that was changed anywhere is refused', async () => {
    const NextToken = await tokenOf();
    await fc.assert(
      fc.asyncProperty(fc.nat(NextToken.length - 1), fc.constantFrom(...'abcXYZ019_-'), async (i, c) => {
        const changed = NextToken.slice(0, i) + c + NextToken.slice(i + 1);
        const same = Buffer.from(changed, 'base64url').equals(Buffer.from(NextToken, 'base64url'));
        fc.pre(!same);
        expect((await h.refusal('LookupEvents', { ...QUERY, NextToken: changed }))[0]).toBe(
          'InvalidNextTokenException',
        );
      }),
    );
  });
});

describe('quotas', () => {
  test('two look-ups a second for each account and Region', async () => {
    h = createHarness({ rateQuotas: true });
    await h.call('LookupEvents');
    await h.call('LookupEvents');
    expect(await h.refusal('LookupEvents')).toEqual(['ThrottlingException', 'Rate exceeded']);
    await h.call('LookupEvents', {}, { region: AWAY });
    await h.call('LookupEvents', {}, { accountId: '210987654321' });
    for (let i = 0; i < 20; i++) await h.call('ListTrails');
    h.clock.jump(-DAY_MS);
    await h.clock.advance(500);
    await h.call('LookupEvents');
    expect((await h.refusal('LookupEvents'))[0]).toBe('ThrottlingException');
    await h.clock.advance(DAY_MS);
    await h.call('LookupEvents');
    await h.call('LookupEvents');
    expect((await h.refusal('LookupEvents'))[0]).toBe('ThrottlingException');
  });
  test('are off unless asked for', async () => {
    for (let i = 0; i < 20; i++) await h.call('LookupEvents');
  });
});
