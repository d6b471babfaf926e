import type { Clock } from '../base/clock.ts';
import type { State, StateChange } from '../ports/state.ts';
import {
  encodeDigest,
  SIGNATURE_ALGORITHM,
  SIGNATURE_ALGORITHM_METADATA,
  SIGNATURE_METADATA,
  signDigest,
} from '../trails/digest.ts';
import { digestKey } from '../trails/paths.ts';
import type { SigningKeys } from '../trails/signing-keys.ts';
import {
  chainKey,
  type DigestChain,
  type PlannedObject,
  plannedKey,
  spoolName,
  undigestedKey,
} from './delivery-state.ts';
import type { FollowedTrail } from './followed-trail.ts';
import { gzip } from './log-file.ts';
import type { Spool } from './spool.ts';

/**
 * When a trail owes digests, and the planning of them (spec: integrity §3). A chain begins with a starting digest when
 * a logging session begins with validation on (or validation is switched on), goes on at every interval, files or none,
 * and closes with a final one when the session is over and drained, or when validation is switched off. It goes on
 * across restarts of the process, changes of bucket, and outages: the digest after one covers the whole of it.
 */
export interface DigestDeps {
  readonly state: State;
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
  readonly spool: Spool;
  readonly digestIntervalMs: number;
  /** Enabled Regions: a multi-Region trail has a chain in each. */
  readonly regions: readonly string[];
}

/** What of a trail is still in the spool. */
export interface Outstanding {
  readonly logs: number;
  /** Of these, the ones whose bucket has not refused yet. */
  readonly movingLogs: number;
  /** Regions with a digest that is not delivered. */
  readonly digestRegions: ReadonlySet<string>;
}

export interface DigestPlanner {
  /** Plans the digests that the trail owes now. @returns what was planned, for delivery */
  plan(trail: FollowedTrail, outstanding: Outstanding): Promise<readonly PlannedObject[]>;
  /** Learns of a trail that was read from State. */
  restore(trail: FollowedTrail): void;
  /** Learns when the last digests ended, by ARN, of trails that are gone. */
  recall(lastDigests: ReadonlyMap<string, number>): void;
}

interface Due {
  readonly region: string;
  readonly session: number;
  /** False: the final one. */
  readonly isOpen: boolean;
  /** Undefined: the starting one. */
  readonly previous: DigestChain | undefined;
  readonly startMs: number;
  readonly endMs: number;
}

/** Digest times and names are in seconds. */
const SECOND_MS = 1000;
/**
 * Digests come by the wall clock, so that they end on the hour of their chain. Only when that has fallen behind the
 * monotonic clock by this factor was it set back, and the monotonic one decides.
 */
const SET_BACK_FACTOR = 1.1;

export function createDigestPlanner(deps: DigestDeps): DigestPlanner {
  const { clock, state, spool, signingKeys } = deps;
  const intervalMs = Math.max(SECOND_MS, Math.ceil(deps.digestIntervalMs / SECOND_MS) * SECOND_MS);
  /**
   * End of the last digest by trail ARN and Region (by ARN alone, of trails that went in an earlier life): also of
   * trails that are gone, for a new trail of the same name must not use a key again.
   */
  const lastEnds = new Map<string, number>();
  /** Monotonic time of the last digest, by trail id and Region. */
  const plannedAtMs = new Map<string, number>();

  const arnAndRegion = (trail: FollowedTrail, region: string) => `${trail.trail.arn} ${region}`;
  const idAndRegion = (trail: FollowedTrail, region: string) => `${trail.trail.id} ${region}`;

  function restore(trail: FollowedTrail): void {
    for (const chain of trail.chains.values()) {
      remember(trail, chain.region, chain.lastEndMs);
      plannedAtMs.set(idAndRegion(trail, chain.region), clock.monotonicMs());
    }
  }

  function remember(trail: FollowedTrail, region: string, endMs: number): void {
    const place = arnAndRegion(trail, region);
    lastEnds.set(place, Math.max(endMs, lastEnds.get(place) ?? endMs));
  }

  function recall(lastDigests: ReadonlyMap<string, number>): void {
    for (const [arn, endMs] of lastDigests) lastEnds.set(arn, endMs);
  }

  function dueIn(trail: FollowedTrail, region: string, outstanding: Outstanding): Due | undefined {
    const chain = trail.chains.get(region);
    const now = floorTo(clock.now(), SECOND_MS);
    const lastEndMs = lastEnds.get(arnAndRegion(trail, region)) ?? lastEnds.get(trail.trail.arn);
    // Whatever the clock does, ends rise: an end is part of the key, and the next start.
    const atLeast = (endMs: number) => (lastEndMs === undefined ? endMs : Math.max(endMs, lastEndMs + SECOND_MS));
    if (!chain?.isOpen) {
      const session = sessionToOpen(trail, region, deps.regions);
      if (session === undefined) return undefined;
      const endMs = atLeast(now);
      const startMs = Math.max(endMs - intervalMs, lastEndMs ?? -Infinity);
      return { region, session, isOpen: true, previous: undefined, startMs, endMs };
    }
    const next = { region, session: chain.session, previous: chain, startMs: chain.lastEndMs };
    if (mustClose(trail, chain, outstanding)) return { ...next, isOpen: false, endMs: atLeast(now) };
    // A bucket that refuses gets one digest of the whole outage, not one an hour.
    if (outstanding.digestRegions.has(region)) return undefined;
    const intervals = Math.floor((now - chain.lastEndMs) / intervalMs);
    if (intervals >= 1) return { ...next, isOpen: true, endMs: atLeast(chain.lastEndMs + intervals * intervalMs) };
    const sinceMs = clock.monotonicMs() - (plannedAtMs.get(idAndRegion(trail, region)) ?? 0);
    return sinceMs < intervalMs * SET_BACK_FACTOR ? undefined : { ...next, isOpen: true, endMs: atLeast(now) };
  }

  /** Makes one digest and puts it into the spool. */
  async function make(
    trail: FollowedTrail,
    due: Due,
  ): Promise<{ object: PlannedObject; changes: StateChange[]; chain: DigestChain; numbers: Set<number> }> {
    const { accountId, id, name: trailName, homeRegion, bucket, prefix } = trail.trail;
    const { region, endMs } = due;
    const signingKey = await signingKeys.current(region, endMs);
    const logFiles = trail.undigested.filter((f) => f.region === region);
    const key = digestKey({ prefix, accountId, region, trailName, homeRegion, endMs });
    const input = {
      accountId,
      startMs: due.startMs,
      endMs,
      bucket,
      key,
      fingerprint: signingKey.fingerprint,
      previous: due.previous?.previous,
      logFiles,
    };
    const bytes = encodeDigest(input);
    const { sha256, signature } = signDigest(input, bytes, signingKey.privateKey);
    const parts = await gzip([bytes]);
    const number = trail.nextNumber++;
    await spool.write(spoolName(id, number), parts);
    const object: PlannedObject = {
      number,
      kind: 'digest',
      region,
      bucket,
      key,
      gzipBytes: parts.reduce((sum, part) => sum + part.length, 0),
      metadata: { [SIGNATURE_METADATA]: signature, [SIGNATURE_ALGORITHM_METADATA]: SIGNATURE_ALGORITHM },
    };
    const previous = { bucket, key, sha256, signature };
    const chain: DigestChain = { region, session: due.session, isOpen: due.isOpen, lastEndMs: endMs, previous };
    const changes: StateChange[] = [
      { put: plannedKey(id, number), value: object },
      { put: chainKey(id, region), value: chain },
      ...logFiles.map((f) => ({ delete: undigestedKey(id, f) })),
    ];
    return { object, changes, chain, numbers: new Set(logFiles.map((f) => f.number)) };
  }

  async function plan(trail: FollowedTrail, outstanding: Outstanding): Promise<readonly PlannedObject[]> {
    const regions = new Set([...wantedRegions(trail, deps.regions), ...trail.chains.keys()]);
    for (const file of trail.undigested) regions.add(file.region);
    const all = [...regions].map((region) => dueIn(trail, region, outstanding)).filter((due) => due !== undefined);
    // The home Region's chain begins alone, since reading waits for it: the other Regions' keys can take seconds to make.
    const first = all.find((due) => due.region === trail.trail.homeRegion && due.previous === undefined);
    const dues = first ? [first] : all;
    if (dues.length === 0) return [];
    // Before the first await, so that another trail of this name takes other ends.
    for (const due of dues) remember(trail, due.region, due.endMs);
    const made = [];
    for (const due of dues) made.push(await make(trail, due));
    await spool.sync();
    await state.write(made.flatMap((m) => m.changes));
    for (const { chain, numbers } of made) {
      trail.chains.set(chain.region, chain);
      trail.undigested = trail.undigested.filter((f) => !numbers.has(f.number));
      plannedAtMs.set(idAndRegion(trail, chain.region), clock.monotonicMs());
    }
    return made.map((m) => m.object);
  }

  return { plan, restore, recall };
}

const floorTo = (ms: number, unitMs: number): number => Math.floor(ms / unitMs) * unitMs;

function wantedRegions({ trail }: FollowedTrail, enabled: readonly string[]): ReadonlySet<string> {
  return new Set(trail.isMultiRegion ? [...enabled, trail.homeRegion] : [trail.homeRegion]);
}

/** The session for which a chain is to begin in this Region, if one is. */
function sessionToOpen(trail: FollowedTrail, region: string, enabled: readonly string[]): number | undefined {
  if (!trail.trail.logFileValidation) return undefined;
  const session = trail.session ?? trail.awaitedSession;
  const chains = [...trail.chains.values()];
  // A new session's chain begins when the one before is closed everywhere.
  if (trail.session === undefined && chains.some((c) => c.isOpen && c.session !== session)) return undefined;
  if (session !== undefined && wantedRegions(trail, enabled).has(region)) return session;
  // Files of a Region that no one listed, or that came late, are digested all the same.
  if (!trail.undigested.some((f) => f.region === region)) return undefined;
  return session ?? chains.reduce((latest, c) => Math.max(latest, c.session), 0);
}

/** Whether this open chain is over, and all that belongs in it is there. */
function mustClose(trail: FollowedTrail, chain: DigestChain, outstanding: Outstanding): boolean {
  if (!trail.trail.logFileValidation) return true;
  const session = trail.session ?? trail.awaitedSession;
  const { isMultiRegion, homeRegion } = trail.trail;
  if (session === chain.session && (isMultiRegion || chain.region === homeRegion)) return false;
  // The next session waits for what can still be delivered, but not for a bucket that refuses.
  const waitsFor = session !== undefined && session !== chain.session ? outstanding.movingLogs : outstanding.logs;
  return trail.pastIsPlanned && waitsFor === 0;
}
