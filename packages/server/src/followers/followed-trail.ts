import type { EventCategory } from '../event/event.ts';
import type { Sequence, StoredEvent } from '../ports/log.ts';
import type { Members, MembersOf } from '../trails/members.ts';
import type { LogFileKind } from '../trails/paths.ts';
import {
  ENDING_RECORD_WAIT_MS,
  type LoggingPeriod,
  loggingPeriods,
  type Stream,
  streamName,
  type Trail,
} from '../trails/trail.ts';
import type { DeliveryCursor, DigestChain, UndigestedFile } from './delivery-state.ts';
import { type LogFilePlace, OpenLogFile } from './log-file.ts';
import {
  type ActivePeriod,
  activePeriods,
  type Ends,
  endAfter,
  endAt,
  endBefore,
  ending,
  isOfEarlierProcess,
} from './periods.ts';

/** What was taken out of a trail to be planned, and the cursor that goes to State with it. */
export interface Cut {
  readonly files: readonly OpenLogFile[];
  readonly bytes: number;
  readonly cursor: DeliveryCursor;
}

export interface RestoredTrail {
  readonly cursor: DeliveryCursor | undefined;
  readonly chains: readonly DigestChain[];
  readonly undigested: readonly UndigestedFile[];
  readonly nextNumber: number;
}

interface FollowedTrailDeps {
  /** Of a log file, uncompressed. */
  readonly fileBytesMax: number;
  readonly nowMs: number;
  /** The Log's end when this process began. */
  readonly bornAt: Sequence;
  readonly membersOf: MembersOf;
}

const KINDS: Readonly<Record<EventCategory, LogFileKind>> = {
  Management: 'CloudTrail',
  Data: 'CloudTrail',
  Other: 'CloudTrail',
  NetworkActivity: 'CloudTrail-NetworkActivity',
  Insight: 'CloudTrail-Insight',
};

/**
 * One trail on its way through the Log: where it reads, what it has selected and not planned yet, and its digest
 * chains. Everything here is in memory and follows from State and the Log.
 */
export class FollowedTrail {
  trail: Trail;
  /** Deleted: to be drained, given its last digest, and forgotten. */
  retired: boolean;
  /** The next event to judge. Everything before it is judged. */
  position: Sequence;
  /** `startLoggingMs` of the session that is being read; undefined between sessions. */
  session: number | undefined;
  /** What State says of `position`. */
  durable: Sequence;
  /** A period has ended: what there is of it is to be planned now. */
  crossedBoundary = false;
  cutting = false;
  bufferedBytes = 0;
  cuttingBytes = 0;
  /** Monotonic times: of the first event that is buffered, and of the last cut. */
  bufferedSinceMs: number | undefined;
  lastCutMs: number;
  nextNumber: number;
  readonly chains = new Map<string, DigestChain>();
  undigested: UndigestedFile[];
  readonly #deps: FollowedTrailDeps;
  #periods: readonly ActivePeriod[] = [];
  #folders: Map<string, Sequence>;
  #ends: Ends;
  /** Open files by kind and stream, in order; all but the last of each are full, or of a place that the trail has left. */
  #files = new Map<string, OpenLogFile[]>();
  /** Monotonic time at which each ending call was first seen, by `requestId`. */
  readonly #endingSeenMs = new Map<string, number>();

  constructor(trail: Trail, retired: boolean, restored: RestoredTrail, deps: FollowedTrailDeps) {
    this.trail = trail;
    this.#deps = deps;
    this.retired = retired;
    this.position = restored.cursor?.cursor ?? 0;
    this.durable = this.position;
    this.#folders = new Map(Object.entries(restored.cursor?.folders ?? {}));
    this.#ends = new Map(Object.entries(restored.cursor?.ends ?? {}));
    for (const chain of restored.chains) this.chains.set(streamName(chain), chain);
    this.undigested = [...restored.undigested];
    this.nextNumber = restored.nextNumber;
    this.lastCutMs = deps.nowMs;
    this.#pass(activePeriods(trail, this.#ends, deps.membersOf));
    if (restored.cursor === undefined) this.durable = this.position;
  }

  /** Takes a changed definition. What was judged stays judged. */
  update(trail: Trail, retired: boolean): void {
    this.trail = trail;
    this.retired = retired;
    this.#pass(activePeriods(trail, this.#ends, this.#deps.membersOf));
  }

  /** The next session begins where this trail stands, and what must come before it has not been done yet. */
  get awaitedSession(): number | undefined {
    const next = this.#periods[0]?.definition.startLoggingMs;
    return next === this.session ? undefined : next;
  }

  /** Nothing of the Log will be this trail's until someone starts logging again. */
  get isIdle(): boolean {
    return this.#periods.length === 0;
  }

  get hasBuffered(): boolean {
    return this.#files.size > 0;
  }

  get hasFullFile(): boolean {
    for (const files of this.#files.values()) if (files.length > 1) return true;
    return false;
  }

  /** The accounts whose events it logs now, when it is an organization's. */
  get members(): Members | undefined {
    const { organizationId } = this.trail;
    return organizationId === undefined ? undefined : this.#deps.membersOf(organizationId);
  }

  /** Whether it has selected events of this stream that are not planned. */
  hasBufferedOf(stream: Stream): boolean {
    return Object.values(KINDS).some((kind) => this.#files.has(`${kind}/${streamName(stream)}`));
  }

  /** Nothing is left of what was read: all is planned, and State knows. */
  get isSettled(): boolean {
    return !this.cutting && !this.hasBuffered && !this.crossedBoundary;
  }

  /** What was read of sessions and periods that are over is planned. */
  get pastIsPlanned(): boolean {
    return !this.cutting && !this.crossedBoundary;
  }

  /** The oldest event that the Log must still hold for this trail, if any. */
  get lowest(): Sequence | undefined {
    return this.isIdle && this.isSettled && this.durable === this.position ? undefined : this.durable;
  }

  /**
   * Where to read on; undefined when there is nothing to read, or not yet: a new session waits until the chains of the
   * one before are closed and its own is begun, so that every file is in the right chain.
   */
  nextRead(): Sequence | undefined {
    const awaited = this.awaitedSession;
    if (awaited !== undefined) {
      for (const chain of this.chains.values()) if (chain.isOpen && chain.session !== awaited) return undefined;
      if (this.trail.logFileValidation && !this.chains.get(this.trail.homeRegion)?.isOpen) return undefined;
      this.session = awaited;
    }
    return this.isIdle ? undefined : this.position;
  }

  /** Judges the events of a batch, from `position` on as far as it goes. */
  offer(batch: readonly StoredEvent[], nowMs: number): void {
    const base = batch[0]!.sequence;
    for (;;) {
      const at = this.nextRead();
      if (at === undefined || at < base || at >= base + batch.length) return;
      this.#judge(batch, at - base, nowMs);
    }
  }

  /** Leaves out what the Log no longer holds. */
  skipTo(sequence: Sequence): void {
    this.position = sequence;
    this.#pass();
  }

  /** Ends the periods whose ending call left no record, when the Log is quiet. @param logEnd of the Log */
  timeOutEndings(nowMs: number, wallMs: number, logEnd: Sequence): void {
    for (const { period, call } of ending(this.#periods)) {
      const seenMs = this.#endingSeenMs.get(call.requestId) ?? nowMs;
      this.#endingSeenMs.set(call.requestId, seenMs);
      // Either clock will do: the wall may have been set back, and the process may be new.
      const isLate = nowMs - seenMs > ENDING_RECORD_WAIT_MS || wallMs > call.calledMs + ENDING_RECORD_WAIT_MS;
      const isOver = isLate || isOfEarlierProcess(call, this.#deps.bornAt);
      if (isOver && this.position >= logEnd) endAt(period, call, this.position, this.#ends);
    }
    this.#pass();
  }

  /**
   * Takes files out to be planned.
   * @param all also those that are not full; otherwise the cursor may have to stay behind, and the folders that are
   *   ahead of it are noted
   */
  takeCut(all: boolean, nowMs: number): Cut {
    const files: OpenLogFile[] = [];
    const left = new Map<string, OpenLogFile[]>();
    let cursor = this.position;
    for (const [folder, open] of this.#files) {
      const taken = all ? open : open.slice(0, -1);
      const rest = all ? [] : open.slice(-1);
      files.push(...taken);
      if (rest[0]) left.set(folder, rest);
      if (taken.length > 0) this.#folders.set(folder, rest[0]?.firstSequence ?? this.position);
      cursor = Math.min(cursor, rest[0]?.firstSequence ?? cursor);
    }
    for (const [folder, sequence] of this.#folders) if (sequence <= cursor) this.#folders.delete(folder);
    this.#files = left;
    const bytes = files.reduce((sum, f) => sum + f.bytes, 0);
    this.bufferedBytes -= bytes;
    this.cuttingBytes = bytes;
    this.bufferedSinceMs = left.size === 0 ? undefined : nowMs;
    this.lastCutMs = nowMs;
    if (all) this.crossedBoundary = false;
    return { files, bytes, cursor: { cursor, folders: Object.fromEntries(this.#folders), ends: this.#knownEnds() } };
  }

  #judge(batch: readonly StoredEvent[], from: number, nowMs: number): void {
    const { trail } = this;
    let isEnding = ending(this.#periods).length > 0;
    for (let i = from; i < batch.length; i++) {
      const event = batch[i]!;
      if (isEnding) endBefore(trail, this.#periods, event, this.#ends, this.#deps.bornAt);
      if (this.#periods[0]!.end <= event.sequence) break;
      const period = this.#periodOf(event);
      if (period) this.#add(event, period, nowMs);
      this.position = event.sequence + 1;
      if (!isEnding) continue;
      endAfter(trail, this.#periods, event, this.#ends);
      isEnding = ending(this.#periods).length > 0;
    }
    this.#pass();
  }

  /** The oldest period that logs an event. */
  #periodOf(event: StoredEvent): LoggingPeriod | undefined {
    for (const { definition, end, accepts } of this.#periods) {
      if (definition.beginSequence <= event.sequence && event.sequence < end && accepts(event)) return definition;
    }
    return undefined;
  }

  #add(event: StoredEvent, { bucket, prefix, organizationId }: LoggingPeriod, nowMs: number): void {
    const kind = KINDS[event.header.category];
    const { region, accountId } = event.header;
    const stream: Stream = accountId === this.trail.accountId ? { region } : { region, accountId };
    const folder = `${kind}/${streamName(stream)}`;
    if (event.sequence < (this.#folders.get(folder) ?? 0)) return;
    const files = this.#files.get(folder) ?? [];
    if (files.length === 0) this.#files.set(folder, files);
    let file = files.at(-1);
    const fits = file && file.bytes + file.growth(event.json.length) <= this.#deps.fileBytesMax;
    const place = { kind, ...stream, bucket, prefix, organizationId };
    if (!file || !fits || !isSamePlace(file.place, place)) {
      file = new OpenLogFile(place, event.sequence);
      files.push(file);
      this.bufferedBytes += file.bytes;
    }
    this.bufferedBytes += file.growth(event.json.length);
    file.add(event);
    this.bufferedSinceMs ??= nowMs;
  }

  /** Leaves the periods that lie behind, and the stretches of the Log that are in none. */
  #pass(periods: readonly ActivePeriod[] = this.#periods): void {
    const before = this.#periods[0]?.definition;
    this.#periods = periods.filter((p) => p.end > this.position);
    const first = this.#periods[0]?.definition;
    const isSame = first?.startLoggingMs === before?.startLoggingMs && first?.beginSequence === before?.beginSequence;
    if (this.session !== undefined && !isSame) this.crossedBoundary = true;
    if (first && first.beginSequence > this.position) this.position = first.beginSequence;
    if (first?.startLoggingMs !== this.session) this.session = undefined;
  }

  /** Only of periods that the trail still remembers. */
  #knownEnds(): Record<string, Sequence> {
    const remembered = new Set(loggingPeriods(this.trail).map((p) => p.endingCall?.requestId));
    return Object.fromEntries([...this.#ends].filter(([requestId]) => remembered.has(requestId)));
  }
}

/** Of two files of one kind and stream. */
const isSamePlace = (a: LogFilePlace, b: LogFilePlace): boolean =>
  a.bucket === b.bucket && a.prefix === b.prefix && a.organizationId === b.organizationId;
