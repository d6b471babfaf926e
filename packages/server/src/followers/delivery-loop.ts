import { setImmediate } from 'node:timers/promises';
import type { Sequence } from '../ports/log.ts';
import type { StateChange } from '../ports/state.ts';
import { retiredTrailKey } from '../trails/trail.ts';
import { Alarm, aborted } from './alarm.ts';
import { createCutter } from './cutter.ts';
import { createDigestPlanner, type DigestPlanner } from './digests.ts';
import type { FollowedTrail } from './followed-trail.ts';
import { Notifier } from './notifier.ts';
import { Outbox } from './outbox.ts';
import { type Entry, Roster } from './roster.ts';
import { directorySpool } from './spool.ts';
import type { TrailDeliveryDeps } from './trail-delivery.ts';

/** One read of the Log: some hundred events, so that reading and selecting them holds up requests for milliseconds. */
const READ_BYTES = 1024 * 1024;
/** Lets a trickle of events gather, since nothing is delivered sooner than a second. */
const READ_PAUSE_MS = 100;
/** From half of this on the largest trail is cut early; at all of it nothing more is read. Three full files and a read. */
const BUFFERED_BYTES_MAX = 256 * 1024 * 1024;
/** About 8 GB of records: hours of a busy trail, and no more than a disk can spare. */
const SPOOL_BYTES_MAX = 1024 * 1024 * 1024;
/** Of small files: about two days of a busy trail in all Regions. */
const SPOOL_OBJECTS_MAX = 10_000;
const TICK_MS = 200;
/** After State, the spool or the Log failed. */
const TROUBLE_PAUSE_MS = 1_000;
/** Looking at a chain takes about a microsecond: of a large organization's thousands, it takes a thousandth of the time. */
const CHAIN_LOOK_MS = 1;
/** A deleted trail's bucket is often deleted with it. After a day of refusals what is left is dropped, and said. */
const RETIRED_GIVE_UP_MS = 86_400_000;

/** One process's life of trail delivery. `startTrailDelivery` is its face. */
export class DeliveryLoop {
  readonly #deps: TrailDeliveryDeps;
  readonly #alarm: Alarm;
  readonly #outbox: Outbox;
  readonly #notifier: Notifier;
  readonly #digests: DigestPlanner;
  readonly #prepareCut: ReturnType<typeof createCutter>;
  readonly #roster: Roster;
  #flushes = 0;
  /** How far the flushes under way are to read before they cut. */
  #flushTo: Sequence = 0;
  readonly #tasks = new Set<Promise<unknown>>();
  /** Where the last read began: trails at different places take turns. */
  #lastRead: Sequence = -1;
  #cancelTick: () => void = () => {};
  readonly #loop: Promise<void>;

  constructor(deps: TrailDeliveryDeps) {
    const { state, clock, random, signingKeys, settings, spool = directorySpool(deps.spoolDirectory) } = deps;
    this.#deps = deps;
    const alarm = new Alarm(clock);
    const onProgress = () => alarm.wake();
    const notifier = new Notifier({ ...deps, onProgress });
    const outbox = new Outbox({ ...deps, spool, notifier, onProgress });
    const digests = createDigestPlanner({ state, clock, signingKeys, spool, ...settings });
    this.#alarm = alarm;
    this.#outbox = outbox;
    this.#notifier = notifier;
    this.#digests = digests;
    this.#prepareCut = createCutter({ state, spool, clock, random });
    this.#roster = new Roster({ state, clock, settings, spool, outbox, notifier, digests, bornAt: deps.log.end });
    this.#loop = this.#run();
    this.#scheduleTick();
  }

  trailsChanged(): void {
    this.#roster.isStale = true;
    this.#alarm.wake();
  }

  async flush(): Promise<void> {
    const target = this.#deps.log.end;
    this.#flushes++;
    this.#flushTo = target;
    for (const { followed } of this.#roster.entries) {
      this.#outbox.hurry(followed.trail.id);
      this.#notifier.hurry(followed.trail.id);
    }
    this.#cutWhatIsDue();
    this.#alarm.wake();
    let planned = 0;
    do {
      await this.#alarm.until(() => this.#isFlushed(target));
      const counts = await Promise.all(this.#roster.entries.map((entry) => this.#planDigests(entry)));
      planned = counts.reduce((sum, count) => sum + count, 0);
    } while ((planned > 0 || !this.#isFlushed(target)) && !this.#alarm.ended);
    this.#flushes--;
  }

  #isFlushed(target: Sequence): boolean {
    if (this.#roster.isStale) return false;
    return this.#roster.entries.every((entry) => {
      const { id } = entry.followed.trail;
      const isDelivered = this.#outbox.isAtRest(id) && this.#notifier.isAtRest(id);
      return isRead(entry, target) && entry.followed.isSettled && isDelivered;
    });
  }

  lowestCursor(): Sequence {
    if (!this.#roster.isLoaded) return 0;
    let lowest = this.#deps.log.end;
    for (const { followed } of this.#roster.entries) lowest = Math.min(lowest, followed.lowest ?? lowest);
    return lowest;
  }

  lagEvents(): number {
    const { end } = this.#deps.log;
    let lag = 0;
    for (const { followed } of this.#roster.entries) {
      if (!followed.isIdle) lag = Math.max(lag, end - followed.position);
    }
    return lag;
  }

  async stop(): Promise<void> {
    this.#cancelTick();
    this.#alarm.end();
    await this.#loop;
    await this.#outbox.stop();
    await this.#notifier.stop();
    await Promise.all(this.#tasks);
  }

  // --- reading -----------------------------------------------------------------------------------------------------

  async #run(): Promise<void> {
    while (!this.#alarm.ended) {
      const { signal } = this.#alarm;
      try {
        if (this.#roster.isStale) await this.#refresh();
        else await this.#readOn(signal);
      } catch (error) {
        if (this.#alarm.ended) return;
        this.#deps.logger.error({ err: error }, 'trail delivery is in trouble and tries again');
        await this.#alarm.pause(TROUBLE_PAUSE_MS);
      }
    }
  }

  /** What changed may be due at once: the last of a trail that was stopped, the first digest of one that was started. */
  async #refresh(): Promise<void> {
    await this.#roster.refresh();
    this.#cutWhatIsDue();
    this.#alarm.notify();
  }

  async #readOn(signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#deps;
    const from = this.#nextRead();
    if (from === undefined) return this.#waitForWork(signal);
    const batch = await log.read(from, READ_BYTES);
    // What changed before these events were accepted must be known before they are judged.
    while (this.#roster.isStale && !this.#alarm.ended) await this.#refresh();
    if (this.#alarm.ended) return;
    if (batch.length === 0) return this.#alarm.pause(READ_PAUSE_MS, signal);
    this.#lastRead = from;
    for (const entry of this.#roster.entries) {
      if (!entry.spoolFull) entry.followed.offer(batch, clock.monotonicMs());
    }
    this.#cutWhatIsDue();
    this.#alarm.notify();
    if (this.#nextRead() === undefined && this.#flushes === 0) await this.#alarm.pause(READ_PAUSE_MS, signal);
    // Reading from memory may never wait for anything: lets timers and requests have their turn.
    else await setImmediate();
  }

  /** Where to read now: of the places where trails stand, the next one round. Undefined when all is read. */
  #nextRead(): Sequence | undefined {
    const { log, logger } = this.#deps;
    if (this.#bufferedBytes() >= BUFFERED_BYTES_MAX) return undefined;
    let next: Sequence | undefined;
    let lowest: Sequence | undefined;
    for (const { followed, spoolFull } of this.#roster.entries) {
      let at = spoolFull ? undefined : followed.nextRead();
      if (at !== undefined && at < log.start) {
        logger.error(
          { trail: followed.trail.arn, from: at, to: log.start },
          'events are gone from the Log that a trail has not delivered',
        );
        followed.skipTo(log.start);
        at = followed.nextRead();
      }
      if (at === undefined || at >= log.end) continue;
      if (lowest === undefined || at < lowest) lowest = at;
      if (at > this.#lastRead && (next === undefined || at < next)) next = at;
    }
    return next ?? lowest;
  }

  async #waitForWork(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { log } = this.#deps;
    const places = this.#roster.entries.map((e) => (e.spoolFull ? undefined : e.followed.nextRead()));
    const reading = places.filter((at) => at !== undefined);
    if (reading.length > 0 && this.#bufferedBytes() < BUFFERED_BYTES_MAX)
      await log.waitPast(Math.min(...reading), signal);
    else await aborted(signal);
  }

  #bufferedBytes(): number {
    let bytes = 0;
    for (const { followed } of this.#roster.entries) bytes += followed.bufferedBytes + followed.cuttingBytes;
    return bytes;
  }

  // --- planning ----------------------------------------------------------------------------------------------------

  #scheduleTick(): void {
    this.#cancelTick = this.#deps.clock.after(TICK_MS, () => {
      this.#tick();
      this.#scheduleTick();
    });
  }

  /** What time alone makes due. */
  #tick(): void {
    if (this.#alarm.ended) return;
    const { clock, log, metrics, settings } = this.#deps;
    const nowMs = clock.monotonicMs();
    const spoolBytesMax = settings.spoolBytesMax ?? SPOOL_BYTES_MAX;
    for (const entry of this.#roster.entries) {
      const { followed } = entry;
      const outstanding = this.#outbox.outstanding(followed.trail.id);
      entry.spoolFull = outstanding.gzipBytes >= spoolBytesMax || outstanding.objects >= SPOOL_OBJECTS_MAX;
      followed.timeOutEndings(nowMs, clock.now(), log.end);
      if (nowMs >= entry.digestsNotBeforeMs) this.#task(this.#planDigests(entry));
    }
    metrics.followerLagEvents.set({ follower: 'trails' }, this.lagEvents());
    this.#cutWhatIsDue();
    this.#alarm.wake();
  }

  /** @returns how many digests were planned; what there is to do once there is none to plan is done too */
  #planDigests(entry: Entry): Promise<number> {
    entry.planning ??= this.#planDigestsOnce(entry).finally(() => {
      entry.planning = undefined;
    });
    return entry.planning;
  }

  async #planDigestsOnce(entry: Entry): Promise<number> {
    const { followed } = entry;
    const { id, arn } = followed.trail;
    try {
      if (entry.gone) {
        if (!followed.cutting) await this.#forget(entry, []);
        return 0;
      }
      if (this.#roster.isStale) return 0; // first the trail as it is now
      const planned = await this.#digests.plan(followed, this.#outbox.outstanding(id));
      this.#outbox.enqueue(id, planned);
      if (planned.length > 0) this.#alarm.wake();
      else {
        entry.digestsNotBeforeMs = this.#deps.clock.monotonicMs() + followed.chains.size * CHAIN_LOOK_MS;
        if (followed.retired) await this.#retire(entry);
      }
      return planned.length;
    } catch (error) {
      entry.digestsNotBeforeMs = this.#deps.clock.monotonicMs() + TROUBLE_PAUSE_MS;
      this.#deps.logger.error({ trail: arn, err: error }, 'cannot plan digests; tries again');
      return 0;
    }
  }

  /** Forgets a deleted trail once all of it is delivered, or cannot be. */
  async #retire(entry: Entry): Promise<void> {
    const { clock, logger } = this.#deps;
    const { followed } = entry;
    const { id, arn } = followed.trail;
    const nowMs = clock.monotonicMs();
    entry.retiredSinceMs ??= nowMs;
    const { objects } = this.#outbox.outstanding(id);
    const isSent = objects === 0 && this.#notifier.waiting(id) === 0;
    const isDone =
      followed.isIdle && followed.isSettled && isSent && ![...followed.chains.values()].some((c) => c.isOpen);
    const givesUp = nowMs - entry.retiredSinceMs >= RETIRED_GIVE_UP_MS && !followed.cutting;
    if (!isDone && !givesUp) return;
    if (!isDone) logger.error({ trail: arn, objects }, 'gave up delivering what a deleted trail had left');
    await this.#forget(entry, [{ delete: retiredTrailKey(followed.trail) }]);
  }

  async #forget(entry: Entry, changes: readonly StateChange[]): Promise<void> {
    await this.#roster.forget(entry, changes);
    this.#alarm.wake();
  }

  /** Starts every cut for which there is a reason; a trail has one at a time. */
  #cutWhatIsDue(): void {
    if (this.#alarm.ended) return;
    const { clock, settings } = this.#deps;
    const nowMs = clock.monotonicMs();
    const crowded = this.#bufferedBytes() >= BUFFERED_BYTES_MAX / 2 ? this.#largest() : undefined;
    for (const entry of this.#roster.entries) {
      const { followed } = entry;
      if (followed.cutting) continue;
      const sinceMs = followed.bufferedSinceMs ?? (followed.durable < followed.position ? followed.lastCutMs : nowMs);
      const isDue = nowMs - sinceMs >= settings.deliveryIntervalMs;
      const isAhead = followed.hasBuffered || followed.durable < followed.position;
      const isFlushing = this.#flushes > 0 && isAhead && isRead(entry, this.#flushTo);
      const all = isDue || isFlushing || followed.crossedBoundary || followed === crowded;
      if (all || followed.hasFullFile) this.#task(this.#cut(followed, all));
    }
  }

  #largest(): FollowedTrail | undefined {
    const idle = this.#roster.entries.map((e) => e.followed).filter((f) => !f.cutting && f.hasBuffered);
    return idle.sort((a, b) => b.bufferedBytes - a.bufferedBytes)[0];
  }

  async #cut(followed: FollowedTrail, all: boolean): Promise<void> {
    const { clock, logger } = this.#deps;
    followed.cutting = true;
    const cut = followed.takeCut(all, clock.monotonicMs());
    const write = this.#prepareCut(followed, cut);
    for (;;) {
      try {
        const planned = await write();
        followed.durable = cut.cursor.cursor;
        this.#outbox.enqueue(followed.trail.id, planned);
        break;
      } catch (error) {
        if (this.#alarm.ended) return;
        logger.error({ trail: followed.trail.arn, err: error }, 'cannot plan a delivery; tries again');
        await this.#alarm.pause(TROUBLE_PAUSE_MS);
        if (this.#alarm.ended) return;
      }
    }
    followed.cuttingBytes = 0;
    followed.cutting = false;
    this.#cutWhatIsDue();
    this.#alarm.wake();
  }

  /** Keeps track of what `stop` must wait for. */
  #task(task: Promise<unknown>): void {
    const tracked: Promise<unknown> = task.finally(() => this.#tasks.delete(tracked));
    this.#tasks.add(tracked);
  }
}

/** Whether the trail has read up to `target`, or as far as it can: to its end, or to where it waits for its digests. */
const isRead = ({ followed, spoolFull }: Entry, target: Sequence): boolean =>
  spoolFull || followed.position >= target || followed.nextRead() === undefined;
