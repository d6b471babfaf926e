import { setImmediate } from 'node:timers/promises';
import type { Sequence } from '../ports/log.ts';
import type { StateChange } from '../ports/state.ts';
import { listRetiredTrails, listTrails, retiredTrailKey, type Trail } from '../trails/trail.ts';
import { createCutter } from './cutter.ts';
import { LAST_DIGESTS } from './delivery-state.ts';
import { createDigestPlanner, type DigestPlanner } from './digests.ts';
import { FollowedTrail } from './followed-trail.ts';
import { Outbox } from './outbox.ts';
import { forgetTrail, loadLastDigests, loadRemains, NO_REMAINS, type Remains, sweepSpool } from './restore.ts';
import { directorySpool, type Spool } from './spool.ts';
import type { TrailDeliveryDeps } from './trail-delivery.ts';

/** One read of the Log: some thousand events, so that selecting them takes a few milliseconds. */
const READ_BYTES = 4 * 1024 * 1024;
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
/** A deleted trail's bucket is often deleted with it. After a day of refusals what is left is dropped, and said. */
const RETIRED_GIVE_UP_MS = 86_400_000;

interface Entry {
  readonly followed: FollowedTrail;
  /** State's key and version of the definition that `followed` has. */
  definition: string;
  /** The spool holds as much as it may. */
  spoolFull: boolean;
  /** Digests being planned. Resolves to how many. */
  planning: Promise<number> | undefined;
  /** Monotonic time before which no digest is tried again. */
  digestsNotBeforeMs: number;
  /** Monotonic time at which the trail was first seen deleted. */
  retiredSinceMs: number | undefined;
  /** Gone from State: to be forgotten as soon as nothing is under way. */
  gone: boolean;
}

/** One process's life of trail delivery. `startTrailDelivery` is its face. */
export class DeliveryLoop {
  readonly #deps: TrailDeliveryDeps;
  readonly #spool: Spool;
  readonly #outbox: Outbox;
  readonly #digests: DigestPlanner;
  readonly #prepareCut: ReturnType<typeof createCutter>;
  readonly #entries = new Map<string, Entry>();
  /** Of trails not opened yet. */
  #remains: Map<string, Remains> | undefined;
  #changed = true;
  #stopped = false;
  readonly #stopping = new AbortController();
  #flushes = 0;
  /** How far the flushes under way are to read before they cut. */
  #flushTo: Sequence = 0;
  /** Aborted, and replaced, when there may be something new to do. */
  #waker = new AbortController();
  readonly #watchers = new Set<() => void>();
  readonly #tasks = new Set<Promise<unknown>>();
  /** Where the last read began: trails at different places take turns. */
  #lastRead: Sequence = -1;
  #cancelTick: () => void = () => {};
  readonly #loop: Promise<void>;

  constructor(deps: TrailDeliveryDeps) {
    const { state, objects, clock, random, logger, metrics, signingKeys, settings } = deps;
    this.#deps = deps;
    this.#spool = deps.spool ?? directorySpool(deps.spoolDirectory);
    const spool = this.#spool;
    const onProgress = () => this.#wake();
    this.#outbox = new Outbox({ state, objects, spool, clock, random, logger, metrics, onProgress });
    this.#digests = createDigestPlanner({ state, clock, signingKeys, spool, ...settings });
    this.#prepareCut = createCutter({ state, spool, clock, random });
    this.#loop = this.#run();
    this.#scheduleTick();
  }

  trailsChanged(): void {
    this.#changed = true;
    this.#wake();
  }

  async flush(): Promise<void> {
    const target = this.#deps.log.end;
    this.#flushes++;
    this.#flushTo = target;
    for (const id of this.#entries.keys()) this.#outbox.hurry(id);
    this.#cutWhatIsDue();
    this.#wake();
    let planned = 0;
    do {
      await this.#until(() => this.#isFlushed(target));
      const counts = await Promise.all([...this.#entries.values()].map((entry) => this.#planDigests(entry)));
      planned = counts.reduce((sum, count) => sum + count, 0);
    } while ((planned > 0 || !this.#isFlushed(target)) && !this.#stopped);
    this.#flushes--;
  }

  #isFlushed(target: Sequence): boolean {
    if (this.#changed) return false;
    return [...this.#entries.values()].every((entry) => {
      return isRead(entry, target) && entry.followed.isSettled && this.#outbox.isAtRest(entry.followed.trail.id);
    });
  }

  lowestCursor(): Sequence {
    if (this.#remains === undefined) return 0;
    let lowest = this.#deps.log.end;
    for (const { followed } of this.#entries.values()) lowest = Math.min(lowest, followed.lowest ?? lowest);
    return lowest;
  }

  lagEvents(): number {
    const { end } = this.#deps.log;
    let lag = 0;
    for (const { followed } of this.#entries.values()) {
      if (!followed.isIdle) lag = Math.max(lag, end - followed.position);
    }
    return lag;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTick();
    this.#stopping.abort();
    this.#wake();
    await this.#loop;
    await this.#outbox.stop();
    await Promise.all(this.#tasks);
  }

  // --- reading -----------------------------------------------------------------------------------------------------

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const { signal } = this.#waker;
      try {
        if (this.#changed) await this.#refresh();
        else await this.#readOn(signal);
      } catch (error) {
        if (this.#stopped) return;
        this.#deps.logger.error({ err: error }, 'trail delivery is in trouble and tries again');
        await this.#pause(TROUBLE_PAUSE_MS, this.#stopping.signal);
      }
    }
  }

  async #readOn(signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#deps;
    const from = this.#nextRead();
    if (from === undefined) return this.#waitForWork(signal);
    const batch = await log.read(from, READ_BYTES);
    // What changed before these events were accepted must be known before they are judged.
    while (this.#changed && !this.#stopped) await this.#refresh();
    if (this.#stopped) return;
    if (batch.length === 0) return this.#pause(READ_PAUSE_MS, signal);
    this.#lastRead = from;
    for (const entry of this.#entries.values()) {
      if (!entry.spoolFull) entry.followed.offer(batch, clock.monotonicMs());
    }
    this.#cutWhatIsDue();
    this.#notify();
    if (this.#nextRead() === undefined && this.#flushes === 0) await this.#pause(READ_PAUSE_MS, signal);
    // Reading from memory may never wait for anything: lets timers and requests have their turn.
    else await setImmediate();
  }

  /** Where to read now: of the places where trails stand, the next one round. Undefined when all is read. */
  #nextRead(): Sequence | undefined {
    const { log, logger } = this.#deps;
    if (this.#bufferedBytes() >= BUFFERED_BYTES_MAX) return undefined;
    let next: Sequence | undefined;
    let lowest: Sequence | undefined;
    for (const { followed, spoolFull } of this.#entries.values()) {
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
    const places = [...this.#entries.values()].map((e) => (e.spoolFull ? undefined : e.followed.nextRead()));
    const reading = places.filter((at) => at !== undefined);
    if (reading.length > 0 && this.#bufferedBytes() < BUFFERED_BYTES_MAX)
      await log.waitPast(Math.min(...reading), signal);
    else await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  #bufferedBytes(): number {
    let bytes = 0;
    for (const { followed } of this.#entries.values()) bytes += followed.bufferedBytes + followed.cuttingBytes;
    return bytes;
  }

  // --- trails ------------------------------------------------------------------------------------------------------

  /** Takes over what State says of trails. */
  async #refresh(): Promise<void> {
    const { state } = this.#deps;
    if (this.#remains === undefined) {
      const remains = await loadRemains(state);
      await sweepSpool(this.#spool, remains);
      this.#digests.recall(await loadLastDigests(state, this.#deps.clock.now()));
      this.#remains = remains;
    }
    this.#changed = false;
    try {
      // A trail moves from the first list to the second, so it is in one of them when read in this order.
      const live = await listTrails(state);
      const retired = await listRetiredTrails(state);
      const seen = new Set<string>();
      for (const { key, value, version } of live)
        if (!retired.some((r) => r.value.id === value.id)) this.#see(value, false, `${key} ${version}`, seen);
      for (const { key, value, version } of retired) this.#see(value, true, `${key} ${version}`, seen);
      for (const [id, entry] of this.#entries) entry.gone = !seen.has(id);
      for (const id of this.#remains.keys()) {
        if (!seen.has(id)) await forgetTrail(state, this.#spool, id, []);
        this.#remains.delete(id);
      }
    } catch (error) {
      this.#changed = true;
      throw error;
    }
    this.#cutWhatIsDue();
    this.#notify();
  }

  #see(trail: Trail, isRetired: boolean, definition: string, seen: Set<string>): void {
    seen.add(trail.id);
    const known = this.#entries.get(trail.id);
    if (!known) this.#open(trail, isRetired, definition);
    else if (known.definition !== definition) {
      known.definition = definition;
      known.followed.update(trail, isRetired);
      this.#outbox.hurry(trail.id);
    }
  }

  #open(trail: Trail, isRetired: boolean, definition: string): void {
    const { settings, clock } = this.#deps;
    const remains = this.#remains?.get(trail.id) ?? NO_REMAINS;
    const followed = new FollowedTrail(trail, isRetired, remains, settings.logFileBytesMax, clock.monotonicMs());
    this.#entries.set(trail.id, {
      followed,
      definition,
      spoolFull: false,
      planning: undefined,
      digestsNotBeforeMs: 0,
      retiredSinceMs: undefined,
      gone: false,
    });
    this.#digests.restore(followed);
    this.#outbox.open(followed, remains.statuses);
    this.#outbox.enqueue(trail.id, remains.planned);
  }

  /** The caller makes sure that nothing is being planned for it. */
  async #forget({ followed }: Entry, changes: readonly StateChange[]): Promise<void> {
    const { id } = followed.trail;
    followed.cutting = true; // nothing may be written behind our back
    this.#outbox.close(id);
    try {
      const lastMs = Math.max(...[...followed.chains.values()].map((chain) => chain.lastEndMs));
      const lastDigest = { put: `${LAST_DIGESTS}${followed.trail.arn}`, value: lastMs };
      const all = Number.isFinite(lastMs) ? [...changes, lastDigest] : changes;
      await forgetTrail(this.#deps.state, this.#spool, id, all);
    } finally {
      followed.cutting = false;
    }
    this.#entries.delete(id);
    this.#wake();
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
    if (this.#stopped) return;
    const { clock, log, metrics, settings } = this.#deps;
    const nowMs = clock.monotonicMs();
    const spoolBytesMax = settings.spoolBytesMax ?? SPOOL_BYTES_MAX;
    for (const entry of this.#entries.values()) {
      const { followed } = entry;
      const outstanding = this.#outbox.outstanding(followed.trail.id);
      entry.spoolFull = outstanding.gzipBytes >= spoolBytesMax || outstanding.objects >= SPOOL_OBJECTS_MAX;
      followed.timeOutEndings(nowMs, clock.now(), log.end);
      if (nowMs >= entry.digestsNotBeforeMs) this.#task(this.#planDigests(entry));
    }
    metrics.followerLagEvents.set({ follower: 'trails' }, this.lagEvents());
    this.#cutWhatIsDue();
    this.#wake();
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
      if (this.#changed) return 0; // first the trail as it is now
      const planned = await this.#digests.plan(followed, this.#outbox.outstanding(id));
      this.#outbox.enqueue(id, planned);
      if (planned.length > 0) this.#wake();
      else if (followed.retired) await this.#retire(entry);
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
    const isDone =
      followed.isIdle && followed.isSettled && objects === 0 && ![...followed.chains.values()].some((c) => c.isOpen);
    const givesUp = nowMs - entry.retiredSinceMs >= RETIRED_GIVE_UP_MS && !followed.cutting;
    if (!isDone && !givesUp) return;
    if (!isDone) logger.error({ trail: arn, objects }, 'gave up delivering what a deleted trail had left');
    await this.#forget(entry, [{ delete: retiredTrailKey(followed.trail) }]);
  }

  /** Starts every cut for which there is a reason; a trail has one at a time. */
  #cutWhatIsDue(): void {
    if (this.#stopped) return;
    const { clock, settings } = this.#deps;
    const nowMs = clock.monotonicMs();
    const crowded = this.#bufferedBytes() >= BUFFERED_BYTES_MAX / 2 ? this.#largest() : undefined;
    for (const entry of this.#entries.values()) {
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
    const idle = [...this.#entries.values()].map((e) => e.followed).filter((f) => !f.cutting && f.hasBuffered);
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
        if (this.#stopped) return;
        logger.error({ trail: followed.trail.arn, err: error }, 'cannot plan a delivery; tries again');
        await this.#pause(TROUBLE_PAUSE_MS, this.#stopping.signal);
        if (this.#stopped) return;
      }
    }
    followed.cuttingBytes = 0;
    followed.cutting = false;
    this.#cutWhatIsDue();
    this.#wake();
  }

  // --- waiting -----------------------------------------------------------------------------------------------------

  #wake(): void {
    this.#waker.abort();
    this.#waker = new AbortController();
    this.#notify();
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!this.#stopped && !condition()) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
      check();
    });
  }

  #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#deps.clock.after(delayMs, done);
      signal.addEventListener('abort', done);
    });
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
