import { describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import type { EventHeader } from '../event/event.ts';
import { DEFAULT_SELECTORS, type Selectors } from '../event/selectors.ts';
import type { Log, StoredEvent } from '../ports/log.ts';
import { memoryState } from '../ports/state/memory.ts';
import { type Trail, trailArn, trailKey } from '../trails/trail.ts';
import { type EventSink, startEventBus, type TrailEvent } from './event-bus.ts';

const ACCOUNT = '123456789012';
const HOME = 'us-east-1';
const ALL_DATA: Selectors = {
  basic: [
    {
      ReadWriteType: 'All',
      IncludeManagementEvents: true,
      DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }],
      ExcludeManagementEventSources: [],
    },
  ],
};

const CALL_RATE = [{ insightType: 'ApiCallRateInsight', eventCategories: ['Management'] }] as const;

async function world() {
  const clock = new FakeClock();
  const state = memoryState();
  const events: StoredEvent[] = [];
  let wake = () => {};
  let waiting = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const log = {
    get end() {
      return events.length;
    },
    start: 0,
    read: async (from: number) => events.slice(from, from + 10),
    async waitPast(sequence: number, signal: AbortSignal) {
      if (events.length > sequence || signal.aborted) return;
      await Promise.race([waiting, new Promise((resolve) => signal.addEventListener('abort', resolve))]);
    },
  } as Partial<Log> as Log;
  const put: TrailEvent[] = [];
  const rules = { active: true, failing: 0, wants: (_: unknown) => true };
  const sink: EventSink = {
    active: () => rules.active,
    wants: (facts) => rules.wants(facts),
    async put(batch) {
      if (rules.failing-- > 0) throw new Error('no room');
      put.push(...batch);
    },
  };
  const start = () => startEventBus({ log, state, sink, clock, logger: silentLogger });
  let follower = start();
  return {
    clock,
    put,
    rules,
    state,
    get follower() {
      return follower;
    },
    append(header: Partial<EventHeader>, record: object = {}) {
      const eventName = header.eventName ?? 'RunInstances';
      const json = Buffer.from(JSON.stringify({ eventName, eventType: 'AwsApiCall', ...record }));
      events.push({
        sequence: events.length,
        acceptedMs: clock.now(),
        json,
        header: {
          timeMs: clock.now(),
          accountId: ACCOUNT,
          region: HOME,
          category: 'Management',
          readOnly: false,
          eventId: `e${events.length}`,
          eventName,
          eventSource: 'ec2.amazonaws.com',
          username: '',
          accessKeyId: '',
          resources: [],
          ...header,
        },
      });
      const done = wake;
      waiting = new Promise((resolve) => {
        wake = resolve;
      });
      done();
    },
    async trail(change: Partial<Trail> = {}) {
      const trail: Trail = {
        name: 't',
        accountId: ACCOUNT,
        homeRegion: HOME,
        arn: trailArn(HOME, ACCOUNT, 't'),
        id: 'id',
        bucket: 'b',
        includeGlobalServiceEvents: true,
        isMultiRegion: false,
        logFileValidation: false,
        recursiveLogging: true,
        selectors: DEFAULT_SELECTORS,
        tags: [],
        isLogging: true,
        startLoggingMs: 1,
        beginSequence: 0,
        createdMs: 1,
        ...change,
      };
      await state.write([{ put: trailKey(trail), value: trail }]);
      follower.trailsChanged();
    },
    async settle() {
      for (let i = 0; i < 10; i++) {
        for (let j = 0; j < 10; j++) await new Promise((resolve) => setImmediate(resolve));
        await clock.advance(200);
      }
    },
    async restart() {
      const stopped = follower.stop();
      await clock.advance(1);
      await stopped;
      follower = start();
    },
    get names() {
      return put.map(({ eventName, sequence }) => `${eventName} ${sequence}`);
    },
  };
}

describe('the follower of event buses', () => {
  test('brings what a logging trail covers, and nothing without one', async () => {
    const w = await world();
    w.append({ eventName: 'Before' });
    await w.settle();
    expect(w.names).toEqual([]);
    await w.trail({ beginSequence: 1 });
    w.append({});
    w.append({ region: 'eu-west-1' });
    w.append({ accountId: '210987654321' });
    w.append({ category: 'Data', eventSource: 's3.amazonaws.com', eventName: 'GetObject' });
    await w.settle();
    expect(w.names).toEqual(['RunInstances 1']);
    expect(w.put[0]).toMatchObject({ source: 'aws.ec2', isRead: false });
    expect(w.put[0]!.detail()).toEqual({
      detailType: 'AWS API Call via CloudTrail',
      json: '{"eventName":"RunInstances","eventType":"AwsApiCall"}',
    });
    expect(w.follower.lagEvents()).toBe(0);
    await w.follower.stop();
  });

  test('Insights come from trails that have them on, not from others', async () => {
    const w = await world();
    await w.trail();
    w.append({ category: 'Insight' }, { insightDetails: { insightType: 'ApiCallRateInsight' } });
    w.append({});
    await w.settle();
    expect(w.names).toEqual(['RunInstances 1']);
    await w.follower.stop();
  });

  test('data events and Insights come only where a trail selects them; detail types follow from the record', async () => {
    const w = await world();
    await w.trail({ selectors: ALL_DATA, isMultiRegion: true, insightSelectors: CALL_RATE });
    const resources = [{ type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::b/k' }];
    w.append({ category: 'Data', eventSource: 's3.amazonaws.com', eventName: 'PutObject' }, { resources });
    w.append({ eventSource: 'signin.amazonaws.com', region: 'eu-west-1' }, { eventType: 'AwsConsoleSignIn' });
    const insight = (insightType: string) => ({ eventType: 'AwsCloudTrailInsight', insightDetails: { insightType } });
    w.append({ category: 'Insight' }, insight('ApiCallRateInsight'));
    w.append({ category: 'Insight' }, insight('ApiErrorRateInsight'));
    w.append({ eventSource: 'kms.amazonaws.com', readOnly: true }, { eventType: 'AwsServiceEvent' });
    await w.settle();
    expect(w.put.map((event) => [event.source, event.detail().detailType, event.isRead])).toEqual([
      ['aws.s3', 'AWS API Call via CloudTrail', false],
      ['aws.signin', 'AWS Console Sign In via CloudTrail', false],
      ['aws.cloudtrail', 'AWS Insight via CloudTrail', false],
      ['aws.kms', 'AWS Service Event via CloudTrail', true],
    ]);
    await w.follower.stop();
  });

  test("a trail's logging ends with the record of the call that ends it", async () => {
    const w = await world();
    await w.trail();
    w.append({});
    await w.settle();
    const endingCall = { requestId: 'stop', floorSequence: 1, calledMs: w.clock.now() };
    await w.trail({ isLogging: false, endingCall });
    w.append({ eventName: 'Between' });
    w.append({ eventName: 'StopLogging', eventSource: 'cloudtrail.amazonaws.com' }, { requestID: 'stop' });
    w.append({ eventName: 'After' });
    await w.settle();
    await w.restart();
    w.append({ eventName: 'Later' });
    await w.settle();
    expect(w.names).toEqual(['RunInstances 0', 'Between 1', 'StopLogging 2']);
    await w.follower.stop();
  });

  test('goes on where it was: nothing is lost when the mailboxes have no room, or the process ends', async () => {
    const w = await world();
    await w.trail();
    w.rules.failing = 3;
    for (let i = 0; i < 35; i++) w.append({});
    await w.settle();
    await w.settle();
    await w.settle();
    await w.restart();
    await w.settle();
    expect(w.put.map(({ sequence }) => sequence)).toEqual([...Array(35).keys()]);
    await w.follower.stop();
  });

  test('what comes right after the first start is told, also when the process ends before it was read', async () => {
    const w = await world();
    await w.trail();
    await new Promise((resolve) => setImmediate(resolve));
    const saved = await w.state.get<{ cursor: number }>('follower/event-bus');
    expect(saved?.value.cursor).toBe(0);
    await w.follower.stop();
  });

  test('without rules it reads nothing, and holds nothing up', async () => {
    const w = await world();
    w.rules.active = false;
    await w.trail();
    for (let i = 0; i < 20; i++) w.append({});
    await w.settle();
    expect([w.follower.lowestCursor(), w.follower.lagEvents()]).toEqual([20, 0]);
    w.rules.active = true;
    w.append({ eventName: 'New' });
    await w.settle();
    expect(w.names).toEqual(['New 20']);
    await w.follower.stop();
  });
});
