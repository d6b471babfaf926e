import type { Sequence } from '../ports/log.ts';
import type { StateChange } from '../ports/state.ts';
import { type MembersOf, readMembersOf } from '../trails/members.ts';
import { listRetiredTrails, listTrails, type Trail } from '../trails/trail.ts';
import { LAST_DIGESTS } from './delivery-state.ts';
import type { DigestPlanner } from './digests.ts';
import { FollowedTrail } from './followed-trail.ts';
import type { Notifier } from './notifier.ts';
import type { Outbox } from './outbox.ts';
import { forgetTrail, loadLastDigests, loadRemains, NO_REMAINS, type Remains, sweepSpool } from './restore.ts';
import type { Spool } from './spool.ts';
import type { TrailDeliveryDeps } from './trail-delivery.ts';

/** A trail that is being delivered. */
export interface Entry {
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

export interface RosterDeps extends Pick<TrailDeliveryDeps, 'state' | 'clock' | 'settings'> {
  readonly spool: Spool;
  readonly outbox: Outbox;
  readonly notifier: Notifier;
  readonly digests: DigestPlanner;
  /** The Log's end when this process began. */
  readonly bornAt: Sequence;
}

/** Which trails there are: what State says of them, and what an earlier process left of their delivery. */
export class Roster {
  /** State may know more than this does. */
  isStale = true;
  readonly #deps: RosterDeps;
  readonly #entries = new Map<string, Entry>();
  /** Read anew by every refresh, before trails are looked at. */
  #membersOf: MembersOf | undefined;
  /** Of trails not opened yet; undefined until State was first read. */
  #remains: Map<string, Remains> | undefined;

  constructor(deps: RosterDeps) {
    this.#deps = deps;
  }

  get isLoaded(): boolean {
    return this.#remains !== undefined;
  }

  get entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  /** Takes over what State says of trails. */
  async refresh(): Promise<void> {
    const remains = await this.#load();
    const { state, spool } = this.#deps;
    this.isStale = false;
    try {
      // A trail moves from the first list to the second, so it is in one of them when read in this order.
      const live = await listTrails(state);
      const retired = await listRetiredTrails(state);
      const trails = [...live, ...retired].map((entry) => entry.value);
      this.#membersOf = await readMembersOf(state, trails);
      const seen = new Set<string>();
      for (const { key, value, version } of live)
        if (!retired.some((r) => r.value.id === value.id)) this.#see(value, false, `${key} ${version}`, seen);
      for (const { key, value, version } of retired) this.#see(value, true, `${key} ${version}`, seen);
      for (const [id, entry] of this.#entries) entry.gone = !seen.has(id);
      for (const id of remains.keys()) {
        if (!seen.has(id)) await forgetTrail(state, spool, id, []);
        remains.delete(id);
      }
    } catch (error) {
      this.isStale = true;
      throw error;
    }
  }

  /** Deletes all that is kept of a trail, with `changes`. The caller makes sure that nothing is being planned for it. */
  async forget({ followed }: Entry, changes: readonly StateChange[]): Promise<void> {
    const { state, spool, outbox, notifier, digests } = this.#deps;
    const { id, arn } = followed.trail;
    followed.cutting = true; // nothing may be written behind our back
    outbox.close(id);
    notifier.close(id);
    try {
      const lastMs = [...followed.chains.values()].reduce((max, { lastEndMs }) => Math.max(max, lastEndMs), -Infinity);
      const lastDigest = { put: `${LAST_DIGESTS}${arn}`, value: lastMs };
      await forgetTrail(state, spool, id, Number.isFinite(lastMs) ? [...changes, lastDigest] : changes);
    } finally {
      followed.cutting = false;
    }
    this.#entries.delete(id);
    digests.forget(followed);
  }

  async #load(): Promise<Map<string, Remains>> {
    if (this.#remains === undefined) {
      const { state, spool, digests, clock } = this.#deps;
      const remains = await loadRemains(state);
      await sweepSpool(spool, remains);
      digests.recall(await loadLastDigests(state, clock.now()));
      this.#remains = remains;
    }
    return this.#remains;
  }

  #see(trail: Trail, isRetired: boolean, definition: string, seen: Set<string>): void {
    seen.add(trail.id);
    const known = this.#entries.get(trail.id);
    if (!known) this.#open(trail, isRetired, definition);
    else if (known.definition !== definition) {
      known.definition = definition;
      known.followed.update(trail, isRetired);
      this.#deps.outbox.hurry(trail.id);
      this.#deps.notifier.hurry(trail.id);
    }
  }

  #open(trail: Trail, isRetired: boolean, definition: string): void {
    const { settings, clock, digests, outbox, notifier, bornAt } = this.#deps;
    const remains = this.#remains?.get(trail.id) ?? NO_REMAINS;
    const nowMs = clock.monotonicMs();
    const followed = new FollowedTrail(trail, isRetired, remains, {
      fileBytesMax: settings.logFileBytesMax,
      nowMs,
      bornAt,
      membersOf: (organizationId) => this.#membersOf!(organizationId),
    });
    this.#entries.set(trail.id, {
      followed,
      definition,
      spoolFull: false,
      planning: undefined,
      digestsNotBeforeMs: 0,
      retiredSinceMs: undefined,
      gone: false,
    });
    digests.restore(followed);
    notifier.open(() => followed.trail, remains.notices, remains.notificationStatuses);
    outbox.open(followed, remains.statuses);
    outbox.enqueue(trail.id, remains.planned);
  }
}
