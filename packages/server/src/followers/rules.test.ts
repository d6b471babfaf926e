import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { eventFromBytes } from '../event/accept.ts';
import { ruleKey, type StoredRule } from '../event/sigma/index.ts';
import { MemoryLog } from '../ports/log/memory.ts';
import type { Log } from '../ports/log.ts';
import { memoryState } from '../ports/state/memory.ts';
import type { State } from '../ports/state.ts';
import { MATCHES_PER_MINUTE_MAX } from './match-quota.ts';
import { type RulesFollower, startRules } from './rules.ts';

const OWNER = '123456789012';
const OTHER = '210987654321';

interface Matched {
  readonly eventID: string;
  readonly recipientAccountId: string;
  readonly serviceEventDetails: {
    readonly ruleId: string;
    readonly suppressedMatches?: number;
    readonly matchedEvent: Record<string, string>;
  };
}

/** A Log, a State and a follower between them that can crash. */
class World {
  readonly clock = new FakeClock();
  readonly log = new MemoryLog(this.clock);
  readonly state: State = memoryState();
  reads = 0;
  /** Steps that touch the outside until the follower's process dies; nothing of it gets through from then on. */
  stepsLeft = Number.POSITIVE_INFINITY;
  follower: RulesFollower | undefined;

  start(): void {
    this.stepsLeft = Number.POSITIVE_INFINITY;
    const life = { alive: true };
    /** Before or after the deed: an answer may be lost. */
    const step = async <T>(deed: () => Promise<T>): Promise<T> => {
      const left = this.stepsLeft--;
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
        this.reads++;
        return log.read(from, Math.min(bytesMax, 2_000));
      },
      waitPast: (sequence, signal) => log.waitPast(sequence, signal),
      trouble: undefined,
      close: () => log.close(),
    };
    this.follower = startRules({
      log: watched,
      state: { ...state, write: (changes) => step(() => state.write(changes)) },
      history: { holdsEventIds: async (account, ids) => ids.map((id) => this.#ids(account).has(id)) },
      clock: this.clock,
      logger: silentLogger,
    });
  }

  #ids(account: string): Set<string> {
    return new Set(this.headers.filter((h) => h.accountId === account).map((h) => h.eventId));
  }

  headers: { accountId: string; eventId: string }[] = [];

  async add(id: string, detection: object, options: Partial<StoredRule> = {}): Promise<void> {
    const text = `title: ${id}\nid: ${id}\nlogsource: {product: aws, service: cloudtrail}\ndetection: ${JSON.stringify(detection)}\n`;
    const given = { id, accountId: OWNER, title: id, level: 'medium', text, allAccounts: false, addedMs: 0 } as const;
    const rule: StoredRule = { ...given, from: this.log.end, ...options };
    await this.state.write([{ put: ruleKey(rule.accountId, id), value: rule }]);
    this.follower?.rulesChanged();
  }

  async happen(record: object, account = OWNER): Promise<void> {
    const json = JSON.stringify({
      eventTime: '2026-01-01T00:00:00Z',
      eventSource: 's3.amazonaws.com',
      eventName: 'DeleteBucket',
      eventID: `e${this.log.end}`,
      ...record,
      recipientAccountId: account,
    });
    const made = eventFromBytes(Buffer.from(json), { fallbackAccountId: account });
    if (!('event' in made)) throw new Error(made.refused.message);
    await this.log.append([made.event]);
  }

  async matches(): Promise<Matched[]> {
    const events = await this.log.read(0, Number.POSITIVE_INFINITY);
    this.headers = events.map(({ header }) => header);
    return events
      .filter(({ header }) => header.eventName === 'RuleMatched')
      .map(({ json }) => JSON.parse(json.toString()) as Matched);
  }

  /** Lets time pass until the follower has read all. */
  async settle(): Promise<Matched[]> {
    for (let quiet = 0; quiet < 20; ) {
      const { end } = this.log;
      await this.pass(200);
      quiet = this.follower!.lagEvents() === 0 && this.log.end === end ? quiet + 1 : 0;
    }
    return this.matches();
  }

  async pass(ms: number): Promise<void> {
    await this.matches();
    for (let i = 0; i < ms; i += 50) {
      await new Promise((resume) => setImmediate(resume));
      await this.clock.advance(50);
    }
  }
}

const DELETIONS = { x: { eventName: 'DeleteBucket' }, condition: 'x' };
const EVERYTHING = { x: { 'eventName|exists': true }, condition: 'x' };

describe('rules over new events', () => {
  test('a match is an event of its own, which tells rule and event', async () => {
    const world = new World();
    await world.happen({});
    await world.add('deletions', DELETIONS);
    world.start();
    await world.happen({ userIdentity: { arn: 'arn:aws:iam::123456789012:user/eve' }, sourceIPAddress: '192.0.2.1' });
    await world.happen({ eventName: 'ListBuckets' });
    const matches = await world.settle();
    expect(matches).toMatchObject([
      {
        eventSource: 'opentrail.amazonaws.com',
        eventName: 'RuleMatched',
        eventType: 'AwsServiceEvent',
        eventCategory: 'Management',
        recipientAccountId: OWNER,
        serviceEventDetails: {
          ruleId: 'deletions',
          ruleLevel: 'medium',
          matchedEvent: {
            eventID: 'e1',
            userIdentityArn: 'arn:aws:iam::123456789012:user/eve',
            sourceIPAddress: '192.0.2.1',
          },
        },
      },
    ]);
    await world.follower!.stop();
  });

  test('rules do not look at matches, so that none feeds on itself', async () => {
    const world = new World();
    world.start();
    await world.add('everything', EVERYTHING);
    await world.add('too', EVERYTHING);
    await world.happen({});
    expect(await world.settle()).toHaveLength(2);
    await world.follower!.stop();
  });

  test('each account has its own; the operator may watch all', async () => {
    const world = new World();
    world.start();
    await world.add('own', DELETIONS);
    await world.add('all', DELETIONS, { allAccounts: true });
    await world.happen({}, OTHER);
    const matches = await world.settle();
    expect(matches.map((m) => [m.serviceEventDetails.ruleId, m.recipientAccountId])).toEqual([['all', OWNER]]);
    expect(matches[0]!.serviceEventDetails.matchedEvent.recipientAccountId).toBe(OTHER);
    await world.follower!.stop();
  });

  test('without rules nothing is read, and nothing is kept', async () => {
    const world = new World();
    world.start();
    await world.happen({});
    await world.pass(5_000);
    expect([world.reads, world.follower!.lowestCursor(), world.follower!.lagEvents()]).toEqual([0, 1, 0]);
    await world.follower!.stop();
  });

  test('a Log that refuses is tried again', async () => {
    const world = new World();
    world.start();
    await world.add('deletions', DELETIONS);
    await world.happen({});
    world.log.trouble = 'disk full';
    await world.pass(3_000);
    world.log.trouble = undefined;
    expect(await world.settle()).toHaveLength(1);
    await world.follower!.stop();
  });

  test('a rule that matches too much is held back, and says so', async () => {
    const world = new World();
    world.start();
    await world.add('everything', EVERYTHING);
    for (let i = 0; i < MATCHES_PER_MINUTE_MAX + 7; i++) await world.happen({});
    expect(await world.settle()).toHaveLength(MATCHES_PER_MINUTE_MAX);
    await world.pass(60_000);
    await world.happen({});
    const matches = await world.settle();
    expect(matches).toHaveLength(MATCHES_PER_MINUTE_MAX + 1);
    expect(matches.map((m) => m.serviceEventDetails.suppressedMatches ?? 0).filter((n) => n > 0)).toEqual([7]);
    await world.follower!.stop();
  });

  test('a record deeper than the stack holds up nothing', async () => {
    const world = new World();
    world.start();
    await world.add('words', { x: ['needle'], condition: 'x' });
    const deep = `{"eventTime":"2026-01-01T00:00:00Z","eventSource":"s","eventName":"n","recipientAccountId":"${OWNER}","a":${'['.repeat(90_000)}${']'.repeat(90_000)}}`;
    const made = eventFromBytes(Buffer.from(deep), { fallbackAccountId: OWNER });
    if ('event' in made) await world.log.append([made.event]);
    await world.happen({ eventName: 'needle' });
    expect(await world.settle()).toHaveLength(1);
    await world.follower!.stop();
  });
});

test('crashes at any step lose no match and repeat none', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4), { minLength: 1, maxLength: 6 }), async (crashes) => {
      const world = new World();
      await world.add('deletions', DELETIONS);
      await world.add('everything', EVERYTHING);
      let happened = 0;
      const happen = async () => {
        for (let i = 0; i < 5; i++, happened++) await world.happen({ eventID: `h${happened}`, n: 'x'.repeat(500) });
      };
      for (const steps of crashes) {
        await happen();
        world.start();
        world.stepsLeft = steps;
        await world.pass(2_500);
        await happen();
        await world.pass(2_500);
      }
      world.start();
      const matches = await world.settle();
      await world.follower!.stop();
      const seen = matches.map(({ serviceEventDetails: d }) => `${d.ruleId} ${d.matchedEvent.eventID}`);
      expect(seen.length).toBe(2 * happened);
      expect(new Set(seen).size).toBe(2 * happened);
      expect(new Set(matches.map(({ eventID }) => eventID)).size).toBe(2 * happened);
    }),
    { numRuns: 30 },
  );
});
