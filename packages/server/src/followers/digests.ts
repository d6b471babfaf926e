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
import { type Stream, streamName, type Trail } from '../trails/trail.ts';
import {
  chainKey,
  type DigestChain,
  type PlannedObject,
  plannedKey,
  spoolName,
  type UndigestedFile,
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
 *
 * Trails of one name, of which one was deleted before the next was made, deliver to one folder: the later one's chain
 * begins when the earlier one's is closed, or whoever walks them by their times would pass by digests.
 *
 * A trail has a chain for each stream: each of its Regions and, when it is an organization's, of its accounts. The chain
 * of an account that has left closes when its next digest is due, so that what it did last is still in it.
 */
export interface DigestDeps {
  readonly state: State;
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
  readonly spool: Spool;
  readonly digestIntervalMs: number;
  /** Enabled Regions: a multi-Region trail has chains in each. */
  readonly regions: readonly string[];
}

/** What of a trail is still in the spool. */
export interface Outstanding {
  readonly logs: number;
  /** Of these, the ones whose bucket has not refused yet. */
  readonly movingLogs: number;
  /** By stream, when the oldest of these was made, to the minute. */
  readonly oldestMovingMs: ReadonlyMap<string, number>;
  /** Streams with a digest that is not delivered. */
  readonly digestStreams: ReadonlySet<string>;
}

export interface DigestPlanner {
  /** Plans digests that the trail owes now, if need be not all. @returns what was planned, for delivery; none when none is owed */
  plan(trail: FollowedTrail, outstanding: Outstanding): Promise<readonly PlannedObject[]>;
  /** Learns of a trail that was read from State. */
  restore(trail: FollowedTrail): void;
  /** Learns that a trail is done with. */
  forget(trail: FollowedTrail): void;
  /** Learns when the last digests ended, by ARN, of trails that are gone. */
  recall(lastDigests: ReadonlyMap<string, number>): void;
}

interface Due {
  readonly stream: Stream;
  readonly session: number;
  /** False: the final one. */
  readonly isOpen: boolean;
  /** Undefined: the starting one. */
  readonly previous: DigestChain | undefined;
  readonly startMs: number;
  readonly endMs: number;
}

/** What is the same for all streams of a trail while their digests are planned: looked up once, as they may be thousands. */
interface View {
  /** As the trail was then: it may be changed while digests are signed and spooled. */
  readonly definition: Trail;
  /** Streams that the trail logs, by name. */
  readonly wanted: ReadonlyMap<string, Stream>;
  readonly undigested: ReadonlyMap<string, readonly UndigestedFile[]>;
  /** Of chains that are open. */
  readonly openSessions: ReadonlySet<number>;
  /** Trails of the same name that were before it, and still deliver. */
  readonly earlier: readonly (View & { readonly trail: FollowedTrail })[];
  readonly outstanding: Outstanding;
}

/** A round writes its digests in one step of State: some hundred kilobytes, and about as many milliseconds of signing. */
const DIGESTS_A_ROUND_MAX = 256;
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
   * End of the last digest by trail ARN and stream (by ARN alone, of trails that went in an earlier life): also of
   * trails that are gone, for a new trail of the same name must not use a key again.
   */
  const lastEnds = new Map<string, number>();
  /**
   * By ARN, of trails that are not done, what was outstanding when they were last looked at: several where one was
   * deleted and another made of its name.
   */
  const namesakes = new Map<string, Map<FollowedTrail, Outstanding>>();
  /** Monotonic time of the last digest, by trail id and stream. */
  const plannedAtMs = new Map<string, number>();
  /** By trail id, files of digests of which State may not know: on a full disk one more with each try. */
  const unsure = new Map<string, Set<string>>();
  /** Since when a digest that is due waits for log files, likewise. */
  const waitingSinceMs = new Map<string, number>();

  const arnAndStream = ({ trail }: FollowedTrail, stream: Stream) => `${trail.arn} ${streamName(stream)}`;
  const idAndStream = ({ trail }: FollowedTrail, stream: Stream) => `${trail.id} ${streamName(stream)}`;

  function restore(trail: FollowedTrail): void {
    const { arn } = trail.trail;
    namesakes.set(arn, (namesakes.get(arn) ?? new Map()).set(trail, NOTHING_OUTSTANDING));
    for (const chain of trail.chains.values()) {
      remember(trail, chain, chain.lastEndMs);
      plannedAtMs.set(idAndStream(trail, chain), clock.monotonicMs());
    }
  }

  function forget(trail: FollowedTrail): void {
    const { arn } = trail.trail;
    const others = namesakes.get(arn);
    unsure.delete(trail.trail.id);
    others?.delete(trail);
    if (others?.size === 0) namesakes.delete(arn);
  }

  function earlierThan(trail: FollowedTrail, outstanding: Outstanding): View['earlier'] {
    const all = namesakes.get(trail.trail.arn);
    if (all?.has(trail)) all.set(trail, outstanding);
    return [...(all ?? [])]
      .filter(([one, left]) => isBefore(one, trail) && !isStuck(left))
      .map(([one, left]) => ({ ...viewOf(one, deps.regions, left), trail: one }));
  }

  function remember(trail: FollowedTrail, stream: Stream, endMs: number): void {
    const place = arnAndStream(trail, stream);
    lastEnds.set(place, Math.max(endMs, lastEnds.get(place) ?? endMs));
  }

  function recall(lastDigests: ReadonlyMap<string, number>): void {
    for (const [arn, endMs] of lastDigests) lastEnds.set(arn, endMs);
  }

  function dueIn(trail: FollowedTrail, stream: Stream, view: View): Due | undefined {
    const chain = trail.chains.get(streamName(stream));
    const now = floorTo(clock.now(), SECOND_MS);
    const lastEndMs = lastEnds.get(arnAndStream(trail, stream)) ?? lastEnds.get(trail.trail.arn);
    // Whatever the clock does, ends rise: an end is part of the key, and the next start.
    const atLeast = (endMs: number) => (lastEndMs === undefined ? endMs : Math.max(endMs, lastEndMs + SECOND_MS));
    if (!chain?.isOpen) {
      const session = sessionToOpen(trail, stream, view);
      if (session === undefined || mustWait(trail, stream, view)) return undefined;
      const endMs = atLeast(now);
      const startMs = Math.max(endMs - intervalMs, lastEndMs ?? -Infinity);
      return { stream, session, isOpen: true, previous: undefined, startMs, endMs };
    }
    const next = { stream, session: chain.session, previous: chain, startMs: chain.lastEndMs };
    if (mustClose(trail, chain, view)) return { ...next, isOpen: false, endMs: atLeast(now) };
    // A bucket that refuses gets one digest of the whole outage, not one an hour.
    if (view.outstanding.digestStreams.has(streamName(stream))) return undefined;
    const isOpen = !isOver(trail, chain, view);
    const intervals = Math.floor((now - chain.lastEndMs) / intervalMs);
    if (intervals >= 1) {
      const endMs = atLeast(chain.lastEndMs + intervals * intervalMs);
      return waitsForFiles(trail, stream, view, endMs) ? undefined : { ...next, isOpen, endMs };
    }
    const sinceMs = clock.monotonicMs() - (plannedAtMs.get(idAndStream(trail, stream)) ?? 0);
    return sinceMs < intervalMs * SET_BACK_FACTOR ? undefined : { ...next, isOpen, endMs: atLeast(now) };
  }

  /**
   * What was made in a digest's time and is about to arrive, as after an outage, belongs into it: else nothing would vouch
   * for it until the next one. No longer than an interval, since a busy trail always has something on its way.
   */
  function waitsForFiles(trail: FollowedTrail, stream: Stream, { outstanding }: View, endMs: number): boolean {
    const place = idAndStream(trail, stream);
    const isOnItsWay = (outstanding.oldestMovingMs.get(streamName(stream)) ?? Infinity) < endMs;
    const sinceMs = waitingSinceMs.get(place) ?? clock.monotonicMs();
    const waits = isOnItsWay && clock.monotonicMs() - sinceMs < intervalMs;
    if (waits) waitingSinceMs.set(place, sinceMs);
    else waitingSinceMs.delete(place);
    return waits;
  }

  /** Makes one digest and puts it into the spool. */
  async function make(
    trail: FollowedTrail,
    due: Due,
    view: View,
  ): Promise<{ object: PlannedObject; changes: StateChange[]; chain: DigestChain; numbers: number[] }> {
    const { definition } = view;
    const { id, name: trailName, homeRegion, bucket, prefix } = definition;
    const { stream, endMs } = due;
    const { region, accountId = definition.accountId } = stream;
    const signingKey = await signingKeys.current(region, endMs);
    const logFiles = view.undigested.get(streamName(stream)) ?? [];
    const organizationId = organizationOf(due, view);
    const key = digestKey({ prefix, organizationId, accountId, region, trailName, homeRegion, endMs });
    const about =
      stream.accountId !== undefined && organizationId !== undefined ? { ...stream, organizationId } : stream;
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
    const name = spoolName(id, number);
    unsure.set(id, (unsure.get(id) ?? new Set()).add(name));
    await spool.write(name, parts);
    const object: PlannedObject = {
      number,
      kind: 'digest',
      ...about,
      bucket,
      key,
      gzipBytes: parts.reduce((sum, part) => sum + part.length, 0),
      metadata: { [SIGNATURE_METADATA]: signature, [SIGNATURE_ALGORITHM_METADATA]: SIGNATURE_ALGORITHM },
    };
    const previous = { bucket, key, sha256, signature };
    const chain: DigestChain = { ...about, session: due.session, isOpen: due.isOpen, lastEndMs: endMs, previous };
    const changes: StateChange[] = [
      { put: plannedKey(id, number), value: object },
      { put: chainKey(id, stream), value: chain },
      ...logFiles.map((f) => ({ delete: undigestedKey(id, f) })),
    ];
    return { object, changes, chain, numbers: logFiles.map((f) => f.number) };
  }

  /** A write that failed may be in State until one succeeds: only then it is sure that nobody knows what was spooled for it. */
  async function dropUnplanned(trailId: string, planned: readonly PlannedObject[]): Promise<void> {
    const names = unsure.get(trailId) ?? new Set();
    unsure.delete(trailId);
    for (const { number } of planned) names.delete(spoolName(trailId, number));
    for (const name of names) await spool.remove(name).catch(() => {}); // it is swept at the next start
  }

  async function plan(trail: FollowedTrail, outstanding: Outstanding): Promise<readonly PlannedObject[]> {
    const view = { ...viewOf(trail, deps.regions, outstanding), earlier: earlierThan(trail, outstanding) };
    const streams = new Map<string, Stream>([...view.wanted, ...trail.chains]);
    for (const [name, files] of view.undigested) streams.set(name, streams.get(name) ?? files[0]!);
    const all: Due[] = [];
    for (const { region, accountId } of streams.values()) {
      const due = dueIn(trail, accountId === undefined ? { region } : { region, accountId }, view);
      if (due) all.push(due);
    }
    // The home Region's chain begins alone, since reading waits for it: the other Regions' keys can take seconds to make.
    const first = all.find(({ stream, previous }) => streamName(stream) === trail.trail.homeRegion && !previous);
    const dues = first ? [first] : all.slice(0, DIGESTS_A_ROUND_MAX);
    if (dues.length === 0) return [];
    // Before the first await, so that another trail of this name takes other ends.
    for (const due of dues) remember(trail, due.stream, due.endMs);
    const made = [];
    for (const due of dues) made.push(await make(trail, due, view));
    await spool.sync();
    await state.write(made.flatMap((m) => m.changes));
    const digested = new Set(made.flatMap((m) => m.numbers));
    trail.undigested = trail.undigested.filter((f) => !digested.has(f.number));
    for (const { chain } of made) {
      trail.chains.set(streamName(chain), chain);
      plannedAtMs.set(idAndStream(trail, chain), clock.monotonicMs());
    }
    const planned = made.map((m) => m.object);
    await dropUnplanned(trail.trail.id, planned);
    return planned;
  }

  return { plan, restore, forget, recall };
}

/** Of two trails of one name: the one that is there came last, whatever the clock said then. */
const isBefore = (a: FollowedTrail, b: FollowedTrail): boolean =>
  a.retired === b.retired ? a.trail.createdMs < b.trail.createdMs : a.retired;

/** Whether the chain of a session has to wait for an earlier trail's. What comes late does not: nothing waits for it. */
const mustWait = (trail: FollowedTrail, stream: Stream, { earlier }: View): boolean =>
  (trail.session ?? trail.awaitedSession) !== undefined && earlier.some((one) => hasMoreToSay(one, stream));

/** Whether a trail has a chain of this stream to close, or even to begin. */
const hasMoreToSay = (view: View & { readonly trail: FollowedTrail }, stream: Stream): boolean =>
  view.trail.chains.get(streamName(stream))?.isOpen === true || sessionToOpen(view.trail, stream, view) !== undefined;

/** Nobody waits for a bucket that refuses. */
const isStuck = ({ logs, movingLogs }: Outstanding): boolean => logs > 0 && movingLogs === 0;

const NOTHING_OUTSTANDING: Outstanding = {
  ...{ logs: 0, movingLogs: 0 },
  oldestMovingMs: new Map(),
  digestStreams: new Set(),
};

const floorTo = (ms: number, unitMs: number): number => Math.floor(ms / unitMs) * unitMs;

function viewOf(trail: FollowedTrail, enabled: readonly string[], outstanding: Outstanding): View {
  const { trail: definition } = trail;
  const { isMultiRegion, homeRegion, accountId: own } = definition;
  const regions = [...new Set(isMultiRegion ? [...enabled, homeRegion] : [homeRegion])];
  const wanted = new Map<string, Stream>(regions.map((region) => [region, { region }]));
  for (const accountId of trail.members?.current ?? []) {
    if (accountId === own) continue;
    for (const region of regions) wanted.set(streamName({ region, accountId }), { region, accountId });
  }
  const undigested = new Map<string, UndigestedFile[]>();
  for (const file of trail.undigested) {
    const files = undigested.get(streamName(file)) ?? [];
    undigested.set(streamName(file), files);
    files.push(file);
  }
  const open = [...trail.chains.values()].filter((chain) => chain.isOpen);
  const openSessions = new Set(open.map((chain) => chain.session));
  return { definition, wanted, undigested, openSessions, earlier: [], outstanding };
}

/** Under which organization's folder a digest stands: of an account that has left, under the one it was in. */
function organizationOf({ stream, previous }: Due, { definition, wanted, undigested }: View): string | undefined {
  const name = streamName(stream);
  if (stream.accountId === undefined || wanted.has(name)) return definition.organizationId;
  return undigested.get(name)?.at(-1)?.organizationId ?? previous?.organizationId ?? definition.organizationId;
}

/** The session for which a chain of this stream is to begin, if one is. */
function sessionToOpen(trail: FollowedTrail, stream: Stream, view: View): number | undefined {
  if (!trail.trail.logFileValidation) return undefined;
  const session = trail.session ?? trail.awaitedSession;
  // A new session's chain begins when the one before is closed everywhere.
  if (trail.session === undefined && [...view.openSessions].some((open) => open !== session)) return undefined;
  if (session !== undefined && view.wanted.has(streamName(stream))) return session;
  // Files of a stream that no one listed, or that came late, are digested all the same.
  if (!view.undigested.has(streamName(stream))) return undefined;
  return session ?? [...trail.chains.values()].reduce((latest, c) => Math.max(latest, c.session), 0);
}

/** Whether this open chain is to be closed at once, and all that belongs in it is there. */
function mustClose(trail: FollowedTrail, chain: DigestChain, { wanted, outstanding }: View): boolean {
  if (!trail.trail.logFileValidation) return true;
  const session = trail.session ?? trail.awaitedSession;
  const isOfSession = session === chain.session;
  if (isOfSession && (chain.accountId !== undefined || wanted.has(streamName(chain)))) return false;
  // The next session waits for what can still be delivered, but not for a bucket that refuses.
  const waitsFor = session !== undefined && !isOfSession ? outstanding.movingLogs : outstanding.logs;
  return trail.pastIsPlanned && waitsFor === 0;
}

/** Whether the account of this open chain is no member any more, and all that it did is there. */
function isOver(trail: FollowedTrail, chain: DigestChain, { wanted, outstanding }: View): boolean {
  if (wanted.has(streamName(chain))) return false;
  return trail.pastIsPlanned && !trail.hasBufferedOf(chain) && outstanding.logs === 0;
}
