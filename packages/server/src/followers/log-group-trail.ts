import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Log, Sequence, StoredEvent } from '../ports/log.ts';
import type { State, StateChange } from '../ports/state.ts';
import type { MembersOf } from '../trails/members.ts';
import {
  type LogGroupProgress,
  type LogGroupStatus,
  logGroupProgressKey,
  logGroupStatusKey,
} from '../trails/tellings.ts';
import {
  ENDING_RECORD_WAIT_MS,
  type LogDestination,
  loggingPeriods,
  logStreamName,
  type Stream,
  type Trail,
} from '../trails/trail.ts';
import { Alarm, aborted } from './alarm.ts';
import { RECORD_BYTES_MAX } from './event-bus-envelope.ts';
import { type ActivePeriod, activePeriods, type Ends, endAfter, endBefore, ending } from './periods.ts';

/** CloudWatch Logs, as this follower sees it: durable when it resolves, by the role's permissions as they are now. */
export interface LogGroupSink {
  /** @throws AwsError why it may not; Pushback */
  put(
    trail: Trail,
    destination: LogDestination,
    logStream: string,
    lines: readonly { readonly timestampMs: number; readonly message: string }[],
  ): Promise<void>;
  /** The newest messages of a stream, at least so many bytes of them. @throws AwsError when there is no such group */
  tail(destination: LogDestination, logStream: string, bytes: number): Promise<ReadonlySet<string>>;
}

export interface LogGroupTrailDeps {
  readonly log: Pick<Log, 'start' | 'end' | 'read' | 'waitPast'>;
  readonly state: Pick<State, 'write'>;
  readonly sink: LogGroupSink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The Log's end when this process began. */
  readonly bornAt: Sequence;
  /** Resolves when all changes to trails are known. */
  fresh(): Promise<void>;
  /** A deleted trail whose log group has all of it. */
  done(trail: Trail): void;
}

/** What CloudWatch Logs takes at a time; judged in a few milliseconds, before requests get their turn. */
const READ_BYTES = 512 * 1024;
/** What a put that nobody heard of may have brought: one read. */
const TAIL_BYTES = 2 * READ_BYTES;
/** Lets a trickle of events gather. */
const READ_PAUSE_MS = 200;
/** What nobody wanted may be judged again after a crash: so the cursor need not be written for each read. */
const CURSOR_EVERY_MS = 5_000;
const RETRY_MS_MIN = 1_000;
/** How late it may be noticed that a role has its permissions back. */
const RETRY_MS_MAX = 15_000;
/** Until the record of the call that deleted the trail has come. */
const RETIRED_POLL_MS = 500;

/** Events on their way to one stream of one group. */
interface Put {
  readonly destination: LogDestination;
  readonly logStream: string;
  readonly stream: Stream;
  readonly messages: string[];
}

/**
 * Brings one trail's events to its log group: what its bucket gets, but for network activity and records of more than 256
 * KB (spec: delivery §6). It reads the Log at its own pace. The cursor goes to State after the events are in the group.
 */
export class LogGroupTrail {
  #trail: Trail;
  #isRetired: boolean;
  #periods: ActivePeriod[] = [];
  #cursor: Sequence;
  #savedCursor: Sequence | undefined;
  #savedAtMs = 0;
  readonly #ends: Ends;
  #trouble: LogGroupProgress['trouble'];
  /** What was read and is not all put yet, and where the cursor is then. */
  #pending: { puts: Put[]; readonly next: Sequence } | undefined;
  /** A put may have arrived, though nobody has said so: it failed half-way, or an earlier process died after it. */
  #isDoubtful: boolean;
  /** Statuses that State is to learn with the cursor. */
  readonly #delivered = new Map<string, StateChange>();
  #failures = 0;
  #retiredSinceMs: number | undefined;
  readonly #deps: LogGroupTrailDeps;
  readonly #alarm: Alarm;
  readonly #running: Promise<void>;

  constructor(
    deps: LogGroupTrailDeps,
    trail: Trail,
    isRetired: boolean,
    membersOf: MembersOf,
    progress: LogGroupProgress | undefined,
  ) {
    this.#deps = deps;
    this.#alarm = new Alarm(deps.clock);
    this.#trail = trail;
    this.#isRetired = isRetired;
    this.#ends = new Map(Object.entries(progress?.ends ?? {}));
    this.#cursor = progress?.cursor ?? 0;
    this.#savedCursor = progress?.cursor;
    this.#trouble = progress?.trouble;
    this.#isDoubtful = true;
    this.update(trail, isRetired, membersOf);
    this.#running = this.#run();
  }

  /** Takes a changed definition; what is refused is tried again at once. */
  update(trail: Trail, isRetired: boolean, membersOf: MembersOf): void {
    this.#trail = trail;
    this.#isRetired = isRetired;
    this.#periods = activePeriods(trail, this.#ends, membersOf).filter(({ definition }) => definition.logs);
    this.#alarm.wake();
  }

  /** The oldest event that the Log must keep for it. A group that refuses keeps nothing back: the Log has its own days. */
  get lowest(): Sequence | undefined {
    return this.#trouble || !this.#isActive ? undefined : this.#cursor;
  }

  get lagEvents(): number {
    return this.#isActive ? Math.max(0, this.#deps.log.end - this.#cursor) : 0;
  }

  async stop(): Promise<void> {
    this.#alarm.end();
    await this.#running;
  }

  /** Whether some period is not over where it stands. */
  get #isActive(): boolean {
    return this.#pending !== undefined || this.#periods.some(({ end }) => end > this.#cursor);
  }

  async #run(): Promise<void> {
    while (!this.#alarm.ended) {
      const { signal } = this.#alarm;
      try {
        await this.#step(signal);
        this.#failures = 0;
      } catch (error) {
        if (this.#alarm.ended) return;
        await this.#failed(error);
      }
    }
    await this.#save().catch(() => undefined); // it only saves work at the next start
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { log, clock, logger, fresh, done } = this.#deps;
    if (this.#pending) return this.#deliver(this.#pending);
    if (!this.#isActive) {
      await this.#save();
      if (this.#isRetired) done(this.#trail);
      return aborted(signal);
    }
    const begin = Math.min(...this.#periods.map(({ definition }) => definition.beginSequence));
    this.#cursor = Math.max(this.#cursor, begin);
    if (this.#cursor < log.start) {
      const gap = { trail: this.#trail.arn, from: this.#cursor, to: log.start };
      logger.error(gap, 'events are gone from the Log that a log group has not got');
      this.#cursor = log.start;
    }
    const batch = await log.read(this.#cursor, READ_BYTES);
    // What changed before these events were accepted must be known before they are judged.
    await fresh();
    if (this.#alarm.ended) return;
    const last = batch.at(-1);
    if (!last) return this.#waitForEvents(signal);
    const puts = this.#judge(batch);
    this.#pending = { puts, next: last.sequence + 1 };
    await this.#deliver(this.#pending);
    if (this.#cursor >= log.end) await this.#alarm.pause(READ_PAUSE_MS);
    else await setImmediate();
    if (clock.monotonicMs() - this.#savedAtMs >= CURSOR_EVERY_MS) await this.#save();
  }

  async #waitForEvents(signal: AbortSignal): Promise<void> {
    const { log, clock, done } = this.#deps;
    await this.#save();
    if (!this.#isRetired) return log.waitPast(this.#cursor, signal).catch(() => undefined);
    this.#retiredSinceMs ??= clock.monotonicMs();
    if (clock.monotonicMs() - this.#retiredSinceMs < ENDING_RECORD_WAIT_MS) return this.#alarm.pause(RETIRED_POLL_MS);
    done(this.#trail); // the record of its deletion does not come any more
    return aborted(signal);
  }

  /** What of these events goes where. */
  #judge(batch: readonly StoredEvent[]): Put[] {
    const puts = new Map<string, Put>();
    let isEnding = ending(this.#periods).length > 0;
    for (const event of batch) {
      if (isEnding) endBefore(this.#trail, this.#periods, event, this.#ends, this.#deps.bornAt);
      this.#add(event, puts);
      if (!isEnding) continue;
      endAfter(this.#trail, this.#periods, event, this.#ends);
      isEnding = ending(this.#periods).length > 0;
    }
    return [...puts.values()];
  }

  #add(event: StoredEvent, puts: Map<string, Put>): void {
    const { sequence, json, header } = event;
    if (header.category === 'NetworkActivity' || json.length > RECORD_BYTES_MAX) return;
    const period = this.#periods.find(
      ({ definition, end, accepts }) => definition.beginSequence <= sequence && sequence < end && accepts(event),
    );
    const destination = period?.definition.logs;
    if (!destination) return;
    const { accountId, region } = header;
    const stream = accountId === this.#trail.accountId ? { region } : { region, accountId };
    const logStream = logStreamName(this.#trail, period.definition.organizationId, accountId);
    const name = `${destination.logGroupArn} ${logStream} ${region}`;
    const put = puts.get(name) ?? { destination, logStream, stream, messages: [] };
    puts.set(name, put);
    put.messages.push(json.toString('utf8'));
  }

  /** Puts what is left; the next attempt goes on where this one failed. */
  async #deliver(pending: { puts: Put[]; readonly next: Sequence }): Promise<void> {
    const { clock, logger } = this.#deps;
    for (const put of [...pending.puts]) {
      const timestampMs = clock.now();
      let lines = put.messages.map((message) => ({ timestampMs, message }));
      const { destination, isCurrent } = this.#destinationNow(put.destination);
      try {
        if (this.#isDoubtful) {
          const there = await this.#deps.sink.tail(destination, put.logStream, TAIL_BYTES);
          lines = lines.filter(({ message }) => !there.has(message));
        }
        await this.#deps.sink.put(this.#trail, destination, put.logStream, lines);
        const status: LogGroupStatus = { logGroupArn: destination.logGroupArn, latestMs: timestampMs };
        const key = logGroupStatusKey(this.#trail.id, put.stream);
        this.#delivered.set(key, { put: key, value: status });
      } catch (error) {
        if (isCurrent || !(error instanceof AwsError)) throw error;
        const about = { trail: this.#trail.arn, logGroup: destination.logGroupArn, events: lines.length };
        logger.error({ ...about, err: error }, 'a log group that a trail has left takes no events; they are given up');
      }
      pending.puts = pending.puts.filter((other) => other !== put);
    }
    const hadTrouble = this.#trouble !== undefined;
    this.#trouble = undefined;
    this.#pending = undefined;
    this.#cursor = pending.next;
    this.#isDoubtful = pending.next < this.#deps.bornAt;
    if (this.#delivered.size > 0 || hadTrouble) await this.#save();
  }

  /** A group that the trail still has is written to as the role that it has now. */
  #destinationNow(destination: LogDestination): { destination: LogDestination; isCurrent: boolean } {
    const { cloudWatchLogsLogGroupArn: logGroupArn, cloudWatchLogsRoleArn: roleArn } = this.#trail;
    if (logGroupArn !== destination.logGroupArn || roleArn === undefined) return { destination, isCurrent: false };
    return { destination: { logGroupArn, roleArn }, isCurrent: !this.#isRetired };
  }

  async #failed(error: unknown): Promise<void> {
    const { logger } = this.#deps;
    const { signal } = this.#alarm;
    this.#isDoubtful = true;
    const { arn: trail, cloudWatchLogsLogGroupArn: logGroupArn } = this.#trail;
    // Only what CloudWatch Logs or IAM itself said is shown.
    if (error instanceof AwsError && logGroupArn !== undefined) {
      const isNews = this.#trouble?.code !== error.code || this.#trouble.logGroupArn !== logGroupArn;
      this.#trouble = { logGroupArn, code: error.code };
      if (isNews) {
        logger.warn({ trail, logGroupArn, err: error }, 'a log group takes no events of its trail; tries again');
        await this.#save(true).catch((err) => logger.error({ err }, 'cannot note a refusal in State'));
      }
    } else logger.error({ trail, err: error }, 'events could not be brought to their log group; tries again');
    await this.#alarm.pause(Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(this.#failures++, 10)), signal);
  }

  /** Cursor, and what is to be said, in one step. */
  async #save(always = false): Promise<void> {
    this.#savedAtMs = this.#deps.clock.monotonicMs();
    const changes = [...this.#delivered.values()];
    if (!always && changes.length === 0 && this.#savedCursor === this.#cursor) return;
    const remembered = new Set(loggingPeriods(this.#trail).map((p) => p.endingCall?.requestId));
    const value: LogGroupProgress = {
      cursor: this.#cursor,
      ends: Object.fromEntries([...this.#ends].filter(([requestId]) => remembered.has(requestId))),
      ...(this.#trouble && { trouble: this.#trouble }),
    };
    await this.#deps.state.write([{ put: logGroupProgressKey(this.#trail.id), value }, ...changes]);
    this.#savedCursor = value.cursor;
    for (const change of changes) {
      if ('put' in change && this.#delivered.get(change.put) === change) this.#delivered.delete(change.put);
    }
  }
}
