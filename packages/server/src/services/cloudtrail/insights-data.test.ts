import { beforeEach, describe, expect, test } from 'vitest';
import { eventFromBytes } from '../../event/accept.ts';
import { ACCOUNT, AWAY, createHarness, type Harness, HOME } from './testing/harness.ts';

const arnOf = (name: string) => `arn:aws:cloudtrail:${HOME}:${ACCOUNT}:trail/${name}`;
const ARN = arnOf('main');
const ASKED = { InsightSource: ARN, DataType: 'InsightsEvents' };

let h: Harness;
beforeEach(async () => {
  h = createHarness();
  for (const Name of ['main', 'other']) await h.call('CreateTrail', { Name, S3BucketName: 'logs' });
});

function hold(details: object[]): void {
  h.history.hits = details.map((more, n) => {
    const record = {
      eventVersion: '1.09',
      eventTime: new Date(h.clock.now() - n * 60_000).toISOString().replace('.000Z', 'Z'),
      awsRegion: HOME,
      eventID: `event-${n}`,
      eventType: 'AwsCloudTrailInsight',
      recipientAccountId: ACCOUNT,
      insightDetails: { eventName: 'GetObject', eventSource: 's3.amazonaws.com', state: 'Start', ...more },
      eventCategory: 'Insight',
    };
    const made = eventFromBytes(Buffer.from(JSON.stringify(record)), { fallbackAccountId: ACCOUNT });
    if ('refused' in made) throw new Error(made.refused.message);
    return { sequence: n, timeMs: made.event.header.timeMs, ...made.event };
  });
}
const data = (more: object = {}) => ({ sourceEventCategory: 'Data', ...more });

describe('ListInsightsData', () => {
  test('has the Insights of a trail’s data events, newest first', async () => {
    hold([data({ insightSource: ARN }), {}, data({ insightSource: arnOf('other') }), data()]);
    const { Events, NextToken } = await h.call('ListInsightsData', ASKED);
    expect(Events.map((e: { EventId: string }) => e.EventId)).toEqual(['event-0', 'event-3']);
    expect(Events[0]).toMatchObject({ EventName: 'GetObject', EventSource: 's3.amazonaws.com' });
    expect(NextToken).toBeUndefined();
  });
  test('asks history by one dimension, in the Region of the call', async () => {
    const StartTime = new Date(h.clock.now() - 60_000);
    await h.call('ListInsightsData', { ...ASKED, Dimensions: { EventName: 'GetObject' }, StartTime }, { region: AWAY });
    expect(h.history.queries.at(-1)).toMatchObject({
      accountId: ACCOUNT,
      region: AWAY,
      category: 'Insight',
      attribute: { key: 'EventName', value: 'GetObject' },
      startMs: StartTime.getTime(),
      limit: 50,
    });
  });
  test('goes on by tokens that are good for the same trail alone', async () => {
    hold([data(), data(), data()]);
    const first = await h.call('ListInsightsData', { ...ASKED, MaxResults: 2 });
    const rest = await h.call('ListInsightsData', { ...ASKED, MaxResults: 2, NextToken: first.NextToken });
    expect([first.Events.length, rest.Events.length, rest.NextToken]).toEqual([2, 1, undefined]);
    const elsewhere = { ...ASKED, InsightSource: arnOf('other'), MaxResults: 2, NextToken: first.NextToken };
    expect((await h.refusal('ListInsightsData', elsewhere))[0]).toBe('InvalidParameterException');
  });
  test.each([
    [{ InsightSource: undefined }],
    [{ InsightSource: 'main' }],
    [{ InsightSource: arnOf('gone') }],
    [{ InsightSource: 'arn:aws:x' }],
    [{ DataType: undefined }],
    [{ DataType: 'Metrics' }],
    [{ Dimensions: { EventName: 'a', EventId: 'b' } }],
    [{ Dimensions: { Username: 'a' } }],
    [{ Dimensions: { EventName: '' } }],
    [{ MaxResults: 51 }],
    [{ NextToken: 'x' }],
    [{ NextToken: 'x'.repeat(1001) }],
    [{ StartTime: new Date(2), EndTime: new Date(1) }],
  ])('refuses %j', async (input) => {
    expect((await h.refusal('ListInsightsData', { ...ASKED, ...input }))[0]).toBe('InvalidParameterException');
  });
});
