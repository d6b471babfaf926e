import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import { silentLogger } from '../base/logger.ts';
import type { EventHeader } from '../event/event.ts';
import type { Log, StoredEvent } from '../ports/log.ts';
import { memoryState } from '../ports/state/memory.ts';
import type { State } from '../ports/state.ts';
import { LOG_GROUP_PROGRESS, type LogGroupProgress, logGroupRetiredKey } from '../trails/tellings.ts';
import { type Trail, trailKey } from '../trails/trail.ts';
import { type LogGroupDelivery, type LogGroupSink, startLogGroupDelivery } from './log-groups.ts';
import { ACCOUNT, HEADER, newTrail } from './testing/world.ts';

const GROUP = `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:trail:*`;
const ROLE = `arn:aws:iam::${ACCOUNT}:role/writer`;
const LOGGING = { isLogging: true, startLoggingMs: 1, beginSequence: 0 };
const PAIR = { cloudWatchLogsLogGroupArn: GROUP, cloudWatchLogsRoleArn: ROLE };

/** Log, State and log group outlive a death; a life ends at a step that touches one of them. */
class Logs {
  readonly clock = new FakeClock();
  readonly state: State = memoryState();
  readonly events: StoredEvent[] = [];
  readonly group: { logStream: string; message: string }[] = [];
  refusal: string | undefined;
  steps = 0;
  delivery!: LogGroupDelivery;
  #life = { isDead: true };

  start(dieAt = Infinity): void {
    this.#life.isDead = true;
    const life = { isDead: false };
    this.#life = life;
    this.steps = 0;
    const never = new Promise<never>(() => {});
    const step = async <T>(effect: () => Promise<T> | T): Promise<T> => {
      if (life.isDead) return never;
      this.steps++;
      const dies = this.steps === Math.ceil(dieAt);
      if (dies) life.isDead = true;
      if (dies && dieAt % 1 === 0) return never;
      const result = await effect();
      return life.isDead ? never : result;
    };
    const { state, events } = this;
    const log = {
      start: 0,
      get end() {
        return events.length;
      },
      read: (from: number) => step(() => events.slice(from, from + 3)),
      waitPast: (_sequence: number, signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          this.clock.after(100, resolve);
          signal.addEventListener('abort', () => resolve(), { once: true });
        }),
    } as unknown as Log;
    const sink: LogGroupSink = {
      put: (_trail, _destination, logStream, lines) =>
        step(() => {
          if (this.refusal !== undefined) throw new AwsError(this.refusal, 'refused');
          this.group.push(...lines.map(({ message }) => ({ logStream, message })));
        }),
      tail: async () => new Set(this.group.map(({ message }) => message)),
    };
    this.delivery = startLogGroupDelivery({
      log,
      state: { ...state, list: state.list, get: state.get, write: (changes) => step(() => state.write(changes)) },
      sink,
      clock: this.clock,
      logger: silentLogger,
    });
  }

  get isDead(): boolean {
    return this.#life.isDead;
  }

  append(...headers: Partial<EventHeader & { readonly size: number; readonly insightDetails: object }>[]): void {
    for (const { size = 0, insightDetails, ...header } of headers) {
      const sequence = this.events.length;
      const json = Buffer.from(JSON.stringify({ eventID: `e${sequence}`, filler: 'x'.repeat(size), insightDetails }));
      this.events.push({ sequence, acceptedMs: this.clock.now(), json, header: { ...HEADER, ...header } });
    }
  }

  async save(trail: Trail): Promise<void> {
    await this.state.write([{ put: trailKey(trail), value: trail }]);
    this.delivery.trailsChanged();
  }

  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let turn = 0; !(await condition()); turn++) {
      if (turn > 2_000) throw new Error('it comes to an end');
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(50);
    }
  }

  ids = (): string[] => this.group.map(({ message }) => JSON.parse(message).eventID);
}

describe('a log group', () => {
  it('gets what the trail logs, by account, but for network activity and what is too large', async () => {
    const logs = new Logs();
    logs.start();
    const insightSelectors = [{ insightType: 'ApiCallRateInsight', eventCategories: ['Management'] }] as const;
    await logs.save(newTrail('main', { ...LOGGING, ...PAIR, isMultiRegion: true, insightSelectors }));
    logs.append(
      {},
      { category: 'NetworkActivity' },
      { region: 'eu-west-1' },
      { size: 300_000 },
      { accountId: '2' },
      {},
      { category: 'Insight', insightDetails: { insightType: 'ApiErrorRateInsight' } },
      { category: 'Insight', insightDetails: { insightType: 'ApiCallRateInsight' } },
    );
    await logs.until(() => logs.group.length === 4);
    expect(logs.ids()).toEqual(['e0', 'e2', 'e5', 'e7']);
    expect(new Set(logs.group.map(({ logStream }) => logStream))).toEqual(new Set([`${ACCOUNT}_CloudTrail_us-east-1`]));
    await logs.delivery.stop();
  });

  it('that refuses is tried again, says so, and keeps nothing in the Log', async () => {
    const logs = new Logs();
    logs.start();
    const trail = newTrail('main', { ...LOGGING, ...PAIR });
    await logs.save(trail);
    logs.refusal = 'AccessDenied';
    logs.append({}, {});
    const trouble = async () =>
      (await logs.state.get<LogGroupProgress>(`${LOG_GROUP_PROGRESS}${trail.id}`))?.value.trouble;
    await logs.until(async () => (await trouble()) !== undefined);
    expect(await trouble()).toEqual({ logGroupArn: GROUP, code: 'AccessDenied' });
    expect(logs.delivery.lowestCursor()).toBe(2);
    logs.refusal = undefined;
    await logs.until(() => logs.group.length === 2);
    await logs.until(async () => (await trouble()) === undefined);
    await logs.delivery.stop();
  });

  it('of a deleted trail is given up when it refuses, and nothing of it stays', async () => {
    const logs = new Logs();
    logs.start();
    const trail = newTrail('main', { ...LOGGING, ...PAIR });
    await logs.save(trail);
    logs.refusal = 'ResourceNotFoundException';
    logs.append({});
    await logs.state.write([
      { delete: trailKey(trail) },
      {
        put: logGroupRetiredKey(trail.id),
        value: { ...trail, endingCall: { requestId: 'r', floorSequence: 1, calledMs: 0 } },
      },
    ]);
    logs.delivery.trailsChanged();
    await logs.until(async () => (await logs.state.list('')).length === 0);
    await logs.delivery.stop();
  });

  it('has each event once, whatever step a process died at', async () => {
    const story = async (logs: Logs, dieAt: number) => {
      logs.start(dieAt);
      await logs.save(newTrail('main', { ...LOGGING, ...PAIR }));
      logs.append({}, {}, {}, {}, {});
      await logs.until(() => logs.isDead || logs.group.length >= 5);
      logs.append({}, {});
      await logs.until(() => logs.isDead || logs.group.length >= 7);
      const { steps } = logs;
      if (logs.isDead) logs.start();
      await logs.until(() => new Set(logs.ids()).size === 7);
      const done = async () =>
        (await logs.state.list<LogGroupProgress>(LOG_GROUP_PROGRESS)).some(({ value }) => value.cursor === 7);
      await logs.until(done);
      await logs.delivery.stop();
      expect(logs.ids(), `died at ${dieAt}`).toEqual(['e0', 'e1', 'e2', 'e3', 'e4', 'e5', 'e6']);
      return steps;
    };
    const steps = await story(new Logs(), Infinity);
    for (let dieAt = 0.5; dieAt <= steps; dieAt += 0.5) await story(new Logs(), dieAt);
  });
});
