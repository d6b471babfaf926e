import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { eventFromBytes } from '../event/accept.ts';
import { MemoryLog } from '../ports/log/memory.ts';
import type { Log } from '../ports/log.ts';
import { memoryState } from '../ports/state/memory.ts';
import type { State } from '../ports/state.ts';
import { membershipKey } from '../trails/members.ts';
import { type InsightSelector, type Trail, trailKey } from '../trails/trail.ts';
import { type InsightsFollower, startInsights } from './insights.ts';
import { ACCOUNT, newTrail } from './testing/world.ts';

const RATE: InsightSelector = { insightType: 'ApiCallRateInsight', eventCategories: ['Management'] };
const ERRORS: InsightSelector = { insightType: 'ApiErrorRateInsight', eventCategories: ['Management'] };
const SETTINGS = { insightsWarmUpSeconds: 600, insightsLatenessSeconds: 60 };
const START_MS = Date.UTC(2026, 0, 1, 12);
const MINUTE_MS = 60_000;

interface Found {
  readonly eventTime: string;
  readonly eventID: string;
  readonly sharedEventID: string;
  readonly recipientAccountId: string;
  readonly awsRegion: string;
  readonly insightDetails: {
    readonly state: 'Start' | 'End';
    readonly eventName: string;
    readonly insightType: string;
    readonly errorCode?: string;
    readonly sourceEventCategory: string;
    readonly insightSource?: string;
    readonly insightContext: {
      readonly statistics: Record<string, unknown>;
      readonly attributions: {
        readonly attribute: string;
        readonly insight: unknown[];
        readonly baseline: unknown[];
      }[];
    };
  };
}

/** A Log, a State and a follower between them that can crash. Minutes are counted from the beginning. */
class World {
  readonly clock = new FakeClock(START_MS);
  readonly log = new MemoryLog(this.clock);
  readonly state: State = memoryState();
  reads = 0;
  /** Steps that touch the outside until the follower's process dies; nothing of it gets through from then on. */
  deaths: number[] = [];
  follower: InsightsFollower | undefined;
  #life = { alive: false };
  #minute = 0;

  start(): void {
    const life = { alive: true };
    this.#life = life;
    let stepsLeft = this.deaths.shift() ?? Number.POSITIVE_INFINITY;
    /** Before or after the deed: an answer may be lost. */
    const step = async <T>(deed: () => Promise<T>): Promise<T> => {
      const left = stepsLeft--;
      if (left <= 0) life.alive = false;
      if (!life.alive) return new Promise(() => {});
      const done = await deed();
      if (left === 1) life.alive = false;
      return life.alive ? done : new Promise(() => {});
    };
    const { log, state } = this;
    const watched: Log = {
      append: (events) => step(() => log.append(events)),
      get end() {
        return log.end;
      },
      get start() {
        return log.start;
      },
      read: async (from, bytesMax) => {
        if (!life.alive) return new Promise(() => {});
        this.reads++;
        return log.read(from, Math.min(bytesMax, 5_000));
      },
      waitPast: (sequence, signal) => log.waitPast(sequence, signal),
      trouble: undefined,
      close: () => log.close(),
    };
    this.follower = startInsights({
      log: watched,
      state: { ...state, write: (changes) => step(() => state.write(changes)) },
      history: {
        holdsEventIds: async (account, ids) => {
          const held = (await this.events()).filter(({ header }) => header.accountId === account);
          return ids.map((id) => held.some(({ header }) => header.eventId === id));
        },
      },
      clock: this.clock,
      logger: silentLogger,
      settings: SETTINGS,
    });
  }

  events = () => this.log.read(0, Number.POSITIVE_INFINITY);

  /** Writes a trail that is logging. */
  async trail(change: Partial<Trail> = {}): Promise<Trail> {
    const logging = { isLogging: true, startLoggingMs: START_MS, beginSequence: 0, isMultiRegion: true };
    const trail = newTrail('main', { ...logging, insightSelectors: [RATE], ...change });
    await this.state.write([{ put: trailKey(trail), value: trail }]);
    this.follower?.trailsChanged();
    await this.settle();
    return trail;
  }

  /** As many calls, now. */
  async call(calls: number, change: object = {}): Promise<void> {
    const events = Array.from({ length: calls }, () => {
      const record = {
        eventVersion: '1.11',
        userIdentity: {
          type: 'AssumedRole',
          arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Deploy/session-${this.log.end}`,
        },
        eventTime: `${new Date(this.clock.now()).toISOString().slice(0, 19)}Z`,
        eventSource: 'iam.amazonaws.com',
        eventName: 'CreateUser',
        awsRegion: 'us-east-1',
        userAgent: 'aws-cli',
        eventID: `e${this.log.end}`,
        readOnly: false,
        eventType: 'AwsApiCall',
        managementEvent: true,
        recipientAccountId: ACCOUNT,
        eventCategory: 'Management',
        ...change,
      };
      const made = eventFromBytes(Buffer.from(JSON.stringify(record)), { fallbackAccountId: ACCOUNT });
      if (!('event' in made)) throw new Error(made.refused.message);
      return made.event;
    });
    if (events.length > 0) await this.log.append(events);
  }

  /** The next minute begins, however long the last one was in being read. */
  async minute(calls = 0, change: object = {}): Promise<void> {
    this.#minute++;
    await this.clock.advance(START_MS + this.#minute * MINUTE_MS - this.clock.now());
    await this.call(calls, change);
    await this.settle();
  }

  async minutes(count: number, calls = 0, change: object = {}): Promise<void> {
    for (let i = 0; i < count; i++) await this.minute(calls, change);
  }

  /** Lets it read all, in as many lives as it takes. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 4; ) {
      if (!this.#life.alive) this.start();
      const { end } = this.log;
      await this.clock.advance(120);
      for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
      const isQuiet = this.#life.alive && this.follower!.lagEvents() === 0 && this.log.end === end;
      quiet = isQuiet ? quiet + 1 : 0;
    }
  }

  async found(): Promise<Found[]> {
    const insights = (await this.events()).filter(({ header }) => header.category === 'Insight');
    return insights.map(({ json }) => JSON.parse(json.toString()) as Found);
  }

  async told(): Promise<string[]> {
    return (await this.found()).map(({ insightDetails, eventTime }) => {
      const { state, eventName, errorCode } = insightDetails;
      return [state, eventName, errorCode, eventTime.slice(11, 16)].filter((part) => part !== undefined).join(' ');
    });
  }
}

async function world(change: Partial<Trail> = {}): Promise<World> {
  const made = new World();
  made.start();
  await made.trail(change);
  return made;
}

describe('the follower that finds unusual activity', () => {
  test('tells once how a burst begins and ends, in records like those of AWS', async () => {
    const w = await world();
    await w.trail({ name: 'second', homeRegion: 'eu-west-1' });
    await w.minutes(12, 1);
    await w.minute(40);
    await w.minutes(8, 1);
    expect(await w.told()).toEqual(['Start CreateUser 12:13', 'End CreateUser 12:14']);
    const [start, end] = (await w.found()) as [Found, Found];
    expect(start.sharedEventID).toBe(end.sharedEventID);
    expect(start.eventID).not.toBe(end.eventID);
    expect(start).toMatchObject({ recipientAccountId: ACCOUNT, awsRegion: 'us-east-1' });
    const role = `arn:aws:sts::${ACCOUNT}:assumed-role/Deploy`;
    const both = (value: string) => ({
      insight: [{ value, average: 40 }],
      baseline: [{ value, average: 1 }],
    });
    expect(start.insightDetails.insightContext).toEqual({
      statistics: {
        baseline: { average: 1 },
        insight: { average: 40 },
        insightDuration: 1,
        baselineDuration: 12,
      },
      attributions: [
        { attribute: 'userIdentityArn', ...both(role) },
        { attribute: 'userAgent', ...both('aws-cli') },
        { attribute: 'errorCode', ...both('null') },
      ],
    });
    const real = new URL('../../../../../shared/data/events/insight-events-docs-streamalert.ndjson', import.meta.url);
    if (existsSync(real)) {
      const theirs = JSON.parse(readFileSync(real, 'utf8').split('\n')[0]!);
      expect(keysOf(start).filter((key) => !key.endsWith('sourceEventCategory'))).toEqual(keysOf(theirs));
    }
    await w.follower!.stop();
  });

  test('counts errors of reads and writes by error, and those of no other kind than the trail has on', async () => {
    const w = await world({ insightSelectors: [ERRORS] });
    await w.minutes(12, 1);
    const denied = { errorCode: 'AccessDenied', readOnly: true, eventName: 'ListUsers' };
    await w.call(30, denied);
    await w.call(30, { eventName: 'ListUsers', readOnly: true });
    await w.call(9, { ...denied, errorCode: 'ThrottlingException' });
    await w.minutes(8, 30);
    expect(await w.told()).toEqual(['Start ListUsers AccessDenied 12:12', 'End ListUsers AccessDenied 12:13']);
    const [{ insightDetails }] = (await w.found()) as [Found];
    expect(insightDetails.insightContext.attributions.map((a) => a.attribute)).toEqual([
      'userIdentityArn',
      'userAgent',
    ]);
    await w.follower!.stop();
  });

  test('data events are counted for each trail that logs them, and the Insight is that trail’s', async () => {
    const basic = (bucket: string) => ({
      basic: [
        {
          ReadWriteType: 'All' as const,
          IncludeManagementEvents: false,
          DataResources: [{ Type: 'AWS::S3::Object', Values: [`arn:aws:s3:::${bucket}/`] }],
          ExcludeManagementEventSources: [],
        },
      ],
    });
    const insightSelectors: InsightSelector[] = [{ insightType: 'ApiCallRateInsight', eventCategories: ['Data'] }];
    const w = await world({ selectors: basic('ours'), insightSelectors });
    await w.trail({ name: 'other', selectors: basic('others'), insightSelectors });
    await w.minutes(12, 1);
    const get = { eventName: 'GetObject', eventSource: 's3.amazonaws.com', readOnly: true, managementEvent: false };
    const resources = [{ type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::ours/key' }];
    await w.minute(30, { ...get, eventCategory: 'Data', resources });
    await w.minutes(2, 30);
    expect((await w.found()).map(({ insightDetails }) => insightDetails)).toMatchObject([
      { state: 'Start', sourceEventCategory: 'Data', insightSource: newTrail('main').arn },
    ]);
    await w.follower!.stop();
  });

  test('an organization trail finds what its members do, in the member’s account, once that has been observed', async () => {
    const w = new World();
    const [member, late] = ['210987654321', '310987654321'];
    const put = membershipKey('o-1', member);
    await w.state.write([{ put, value: { stretches: [{ from: 0 }] } }]);
    w.start();
    const trail = await w.trail({ organizationId: 'o-1' });
    await w.minutes(12, 1, { recipientAccountId: member });
    await w.state.write([{ put: membershipKey('o-1', late), value: { stretches: [{ from: 0 }] } }]);
    await w.trail(trail);
    await w.call(50, { recipientAccountId: member, awsRegion: 'eu-west-1' });
    await w.call(50, { recipientAccountId: late });
    await w.call(50, { recipientAccountId: '410987654321' });
    await w.minutes(2);
    expect(await w.found()).toMatchObject([{ recipientAccountId: member, awsRegion: 'eu-west-1' }]);
    await w.follower!.stop();
  });

  test('what is no call, an Insight, or long ago is not counted', async () => {
    const w = await world({ insightSelectors: [RATE, ERRORS] });
    await w.minutes(12, 1);
    await w.call(50, { eventType: 'AwsServiceEvent' });
    await w.call(50, { eventType: 'AwsConsoleSignIn', eventName: 'ConsoleLogin', errorCode: 'Failed' });
    await w.call(50, { eventType: 'AwsCloudTrailInsight', eventCategory: 'Insight' });
    await w.call(50, { eventTime: '2019-10-15T21:14:00Z' });
    await w.call(50, { eventTime: '2026-01-01T12:05:00Z' });
    await w.call(50, { eventTime: '2026-01-01T12:20:00Z' });
    await w.call(50, { readOnly: true, eventName: 'ListUsers' });
    await w.minutes(12, 1);
    expect((await w.found()).filter(({ sharedEventID }) => sharedEventID !== undefined)).toEqual([]);
    await w.follower!.stop();
  });

  test('without a trail that has Insights on nothing is read or kept; when it is turned off what is open stays so', async () => {
    const w = new World();
    w.start();
    const trail = await w.trail({ insightSelectors: [] });
    await w.minutes(3, 20);
    expect([w.reads, w.follower!.lagEvents(), w.follower!.lowestCursor()]).toEqual([0, 0, w.log.end]);
    await w.trail({ ...trail, insightSelectors: [RATE] });
    await w.minutes(12, 1);
    await w.minute(50);
    await w.minute(50);
    expect(await w.told()).toEqual(['Start CreateUser 12:16']);
    await w.trail({ ...trail, insightSelectors: [RATE], isLogging: false });
    expect(await w.state.list('insights/')).toEqual([]);
    const { reads } = w;
    await w.minutes(5, 1);
    expect(w.reads).toBe(reads);
    // It begins anew: not before it was observed for long enough.
    await w.trail({ ...trail, insightSelectors: [RATE] });
    await w.minutes(5, 1);
    await w.minutes(5, 50);
    expect(await w.told()).toHaveLength(1);
    await w.follower!.stop();
  });

  test('what a State of another format holds is left out, and all begins anew', async () => {
    const w = new World();
    await w.state.write([
      { put: 'insights/standing', value: { format: 0, cursor: 5 } },
      { put: 'insights/series/x', value: 'odd' },
    ]);
    w.start();
    await w.trail();
    await w.minutes(12, 1);
    await w.minutes(2, 50);
    expect(await w.told()).toEqual(['Start CreateUser 12:13']);
    await w.follower!.stop();
  });

  test('a refusing Log delays what is told, and loses nothing', async () => {
    const w = await world();
    await w.minutes(12, 1);
    await w.minute(50);
    w.log.trouble = 'disk full';
    await w.clock.advance(MINUTE_MS);
    expect(await w.told()).toEqual([]);
    w.log.trouble = undefined;
    await w.clock.advance(2_000);
    await w.minutes(7);
    expect(await w.told()).toEqual(['Start CreateUser 12:13', 'End CreateUser 12:14']);
    await w.follower!.stop();
  });

  test('is killed at any step, and tells what it would have told, once', async () => {
    const minute = fc.record({
      calls: fc.constantFrom(0, 0, 0, 1, 1, 2, 30, 80),
      errors: fc.constantFrom(0, 0, 0, 0, 25),
    });
    const run = async (minutes: { calls: number; errors: number }[], deaths: number[]) => {
      const w = new World();
      w.deaths = deaths;
      w.start();
      await w.trail({ insightSelectors: [RATE, ERRORS] });
      await w.minutes(11, 1);
      for (const { calls, errors } of minutes) {
        await w.minute(calls);
        await w.call(errors, { readOnly: true, eventName: 'ListUsers', errorCode: 'AccessDenied' });
      }
      await w.minutes(8, 1);
      await w.settle();
      return w.found(); // it may die yet, so that nobody waits for its stop
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(minute, { minLength: 8, maxLength: 25, size: 'max' }),
        fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 12, size: 'max' }),
        async (minutes, deaths) => {
          const undisturbed = await run(minutes, []);
          const found = await run(minutes, deaths);
          expect(sorted(found)).toEqual(sorted(undisturbed));
          expect(new Set(found.map(({ eventID }) => eventID)).size).toBe(found.length);
          const starts = found.filter(({ insightDetails }) => insightDetails.state === 'Start').length;
          expect(starts).toBe(found.length / 2);
        },
      ),
      { numRuns: 40 },
    );
  });
});

/** Those of one minute are told in any order. */
const sorted = (found: readonly Found[]) =>
  found.toSorted((a, b) => a.eventTime.localeCompare(b.eventTime) || a.eventID.localeCompare(b.eventID));

/** Members in their order, and theirs, without what is in lists. */
function keysOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [`${path}${key}`, ...keysOf(inner, `${path}${key}.`)]);
}
