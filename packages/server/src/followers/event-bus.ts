import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Log, Sequence, StoredEvent } from '../ports/log.ts';
import type { State } from '../ports/state.ts';
import { Alarm } from './alarm.ts';
import { detailTypeOf, RECORD_BYTES_MAX, sourceOf } from './event-bus-envelope.ts';
import { type Ends, openTrailCover, type TrailCover } from './event-bus-trails.ts';

/** What the header of a record says of it. */
export interface TrailEventFacts {
  readonly accountId: string;
  readonly region: string;
  /** `aws.ec2` */
  readonly source: string;
  readonly eventSource: string;
  readonly eventName: string;
  /** A management event that only reads: rules see it only where they ask for all. */
  readonly isRead: boolean;
  /** Of the Log. */
  readonly sequence: Sequence;
}

export interface TrailEvent extends TrailEventFacts {
  readonly timeMs: number;
  readonly eventId: string;
  /** Reads the record: asked once. */
  readonly detail: () => { readonly detailType: string; readonly json: string };
}

/** EventBridge, as this follower sees it. */
export interface EventSink {
  /** Whether there is any rule or archive that a record could be for. */
  active(): boolean;
  /** Whether one could want this record. Takes about a microsecond. */
  wants(event: TrailEventFacts): boolean;
  /** Resolves when all targets' mailboxes have them. The same events may be put again. @throws Pushback */
  put(events: readonly TrailEvent[]): Promise<void>;
}

export interface EventBusDeps {
  readonly log: Log;
  readonly state: State;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface EventBusFollower {
  /** Trails in State have changed. MUST be called after such a write resolves and before its caller is answered. */
  trailsChanged(): void;
  /** Everything before it was judged: the Log must keep the rest. */
  lowestCursor(): Sequence;
  lagEvents(): number;
  stop(): Promise<void>;
}

interface Cursor {
  readonly cursor: Sequence;
  readonly ends: Readonly<Record<string, Sequence>>;
}

const NOTHING: readonly TrailEvent[] = [];
const CURSOR_KEY = 'follower/event-bus';
/** Some hundred events, judged in a few milliseconds, before requests get their turn. */
const READ_BYTES = 256 * 1024;
/** Lets a trickle of events gather. */
const READ_PAUSE_MS = 50;
/** What nobody wanted may be judged again after a crash: so the cursor need not be written for each read. */
const CURSOR_EVERY_MS = 1_000;
/** After the Log, State or the mailboxes failed, or refused for lack of room. */
const TROUBLE_PAUSE_MS = 1_000;

/**
 * Brings records to the default bus of their account and Region: those that a logging trail covers (spec: monitoring §4),
 * at its own pace. The cursor goes to State after the events are in their targets' mailboxes; what a crash in between
 * makes come again is told by its place in the Log. While there are no rules it reads nothing.
 */
export function startEventBus({ log, state, sink, clock, logger }: EventBusDeps): EventBusFollower {
  const alarm = new Alarm(clock);
  const bornAt = log.end;
  let cover: TrailCover | undefined;
  let isStale = true;
  let cursor: Sequence | undefined;
  let savedCursor: Sequence | undefined;
  let savedAtMs = clock.monotonicMs();
  let ends: Ends = new Map();

  async function load(): Promise<void> {
    isStale = false;
    if (cursor === undefined) {
      const saved = (await state.get<Cursor>(CURSOR_KEY))?.value;
      ends = new Map(Object.entries(saved?.ends ?? {}));
      // What was accepted before there was an EventBridge is not told.
      cursor = saved?.cursor ?? log.end;
      savedCursor = saved?.cursor;
    }
    cover = await openTrailCover(state, ends, bornAt);
    // From here on all is told that rules ask for, whenever this process ends.
    if (savedCursor === undefined) await saveCursor();
  }

  async function readOn(judge: TrailCover, from: Sequence, signal: AbortSignal): Promise<void> {
    const batch = await log.read(Math.max(from, log.start), READ_BYTES);
    // What changed before these events were accepted must be known before they are judged.
    if (isStale || alarm.ended) return;
    const last = batch.at(-1);
    if (!last) {
      await saveCursor();
      return log.waitPast(from, signal).catch(() => undefined);
    }
    const wanted = batch.flatMap((event) => wantedOf(judge, event));
    if (wanted.length > 0) await sink.put(wanted);
    cursor = last.sequence + 1;
    if (wanted.length > 0 || clock.monotonicMs() - savedAtMs >= CURSOR_EVERY_MS) await saveCursor();
    if (cursor >= log.end) await alarm.pause(READ_PAUSE_MS);
    else await setImmediate();
  }

  /** Without rules: goes along with the Log's end. Where a trail's logging ended meanwhile follows from the call's own place. */
  async function goAlong(signal: AbortSignal): Promise<void> {
    cursor = log.end;
    if (clock.monotonicMs() - savedAtMs >= CURSOR_EVERY_MS) await saveCursor();
    await log.waitPast(cursor, signal).catch(() => undefined);
    await alarm.pause(READ_PAUSE_MS);
    cover?.passTo(cursor);
  }

  function wantedOf(judge: TrailCover, event: StoredEvent): readonly TrailEvent[] {
    const { header, json, sequence } = event;
    const facts: TrailEventFacts = {
      accountId: header.accountId,
      region: header.region,
      source: sourceOf(header),
      eventSource: header.eventSource,
      eventName: header.eventName,
      isRead: header.category === 'Management' && header.readOnly === true,
      sequence,
    };
    const isWanted = json.length <= RECORD_BYTES_MAX && sink.wants(facts);
    if (!judge.covers(event, isWanted) || !isWanted) return NOTHING;
    const { timeMs, eventId } = header;
    return [
      { ...facts, timeMs, eventId, detail: () => ({ detailType: detailTypeOf(event), json: json.toString('utf8') }) },
    ];
  }

  async function saveCursor(): Promise<void> {
    savedAtMs = clock.monotonicMs();
    if (cursor === undefined || cursor === savedCursor) return;
    const saving = cursor;
    await state.write([{ put: CURSOR_KEY, value: { cursor, ends: cover?.knownEnds() ?? {} } satisfies Cursor }]);
    savedCursor = saving;
  }

  async function run(): Promise<void> {
    while (!alarm.ended) {
      const { signal } = alarm;
      try {
        if (isStale || !cover || cursor === undefined) await load();
        else if (sink.active()) await readOn(cover, cursor, signal);
        else await goAlong(signal);
      } catch (error) {
        if (alarm.ended) return;
        isStale = true;
        logger.error({ err: error }, 'events could not be brought to their bus; tries again');
        await alarm.pause(TROUBLE_PAUSE_MS);
      }
    }
    await saveCursor().catch(() => undefined); // it only saves work at the next start
  }

  const running = run();
  return {
    trailsChanged() {
      isStale = true;
      alarm.wake();
    },
    lowestCursor: () => (cursor === undefined ? 0 : sink.active() ? cursor : log.end),
    lagEvents: () => (cursor === undefined || !sink.active() ? 0 : log.end - cursor),
    async stop() {
      alarm.end();
      await running;
    },
  };
}
