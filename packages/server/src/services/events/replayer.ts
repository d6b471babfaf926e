import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Mailboxes, MessageEntry } from '../../ports/mailboxes.ts';
import { expiredChunks } from './archives.ts';
import type { Book } from './book.ts';
import type { BusEvent } from './envelope.ts';
import { type Archive, archiveBox, busOf, type Place, parseArn, type Replay } from './model.ts';
import { isActive } from './replays.ts';
import type { Router } from './router.ts';
import type { EventsStore } from './store.ts';

export interface ReplayerDeps {
  readonly store: EventsStore;
  readonly book: Book;
  readonly mailboxes: Mailboxes;
  readonly router: Pick<Router, 'route'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Replayer {
  /** There may be a replay to run or to cancel. */
  wake(): void;
  close(): Promise<void>;
}

/** How often archives are looked through for what has expired and what can be joined. */
const TIDY_INTERVAL_MS = 60_000;
/** After trouble (full disk), before the next try. */
const TROUBLE_PAUSE_MS = 5_000;
/** Chunks of an archive that are joined at a time, and what is small enough to be. */
const JOINED_MAX = 100;
const SMALL_BYTES = 64 * 1024;
const HOUR_MS = 3_600_000;

/**
 * Runs replays, one chunk of the archive after another; how far it is stands in State, so that a restart goes on there.
 * Beside that it keeps archives small: what is past its days goes, and chunks of few events become one.
 */
export function startReplayer(deps: ReplayerDeps): Replayer {
  const { store, book, mailboxes, router, clock, logger } = deps;
  let ended = false;
  let stale = true;
  let running: Promise<void> | undefined;
  let cancelTimer = clock.after(TIDY_INTERVAL_MS, onTime);

  function onTime(): void {
    if (ended) return;
    cancelTimer = clock.after(TIDY_INTERVAL_MS, onTime);
    wake();
  }

  function wake(): void {
    stale = true;
    if (ended || running) return;
    running = run().finally(() => {
      running = undefined;
    });
  }

  async function run(): Promise<void> {
    while (stale && !ended) {
      stale = false;
      try {
        const active = await activeReplays();
        for (const replay of active) await play(replay);
        const busy = new Set(active.map(({ archiveArn }) => archiveArn));
        for (const archive of book.archives()) if (!busy.has(archive.arn)) await tidy(archive);
      } catch (error) {
        logger.error({ err: error }, 'replays or archives are in trouble; tries again');
        if (ended) return;
        clock.after(TROUBLE_PAUSE_MS, wake);
      }
    }
  }

  async function activeReplays(): Promise<readonly Replay[]> {
    const all = await Promise.all(book.places().map((place) => store.list(place, 'replay')));
    return all.flat().filter(isActive);
  }

  const note = (replay: Replay, change: (known: Replay) => Replay) =>
    store.change(replay, 'replay', replay.name, (old) => old && { ...change(old), modifiedMs: clock.now() });

  async function play(replay: Replay): Promise<void> {
    const { name } = parseArn(replay.archiveArn)!;
    const archive = await store.get(replay, 'archive', name);
    if (!archive) {
      await note(replay, (old) => ({
        ...old,
        state: 'FAILED',
        stateReason: 'The archive was deleted.',
        endedMs: clock.now(),
      }));
      return;
    }
    await note(replay, (old) => (old.state === 'STARTING' ? { ...old, state: 'RUNNING' } : old));
    for (const entry of mailboxes.entries(archiveBox(archive), replay.doneId)) {
      if (ended) return;
      const now = await store.get(replay, 'replay', replay.name);
      if (!now || now.state === 'CANCELLING') break;
      const lastEventMs = await playChunk(replay, archive, entry);
      await note(replay, (old) => ({ ...old, doneId: entry.id, ...(lastEventMs !== undefined && { lastEventMs }) }));
    }
    await note(replay, (old) => ({
      ...old,
      state: old.state === 'CANCELLING' ? 'CANCELLED' : 'COMPLETED',
      endedMs: clock.now(),
    }));
  }

  /** @returns the time of the last event that was replayed, if any was */
  async function playChunk(replay: Replay, archive: Archive, { id, meta }: MessageEntry): Promise<number | undefined> {
    if (Number(meta.to) < replay.fromMs || Number(meta.from) > replay.toMs) return undefined;
    const body = await mailboxes.body(archiveBox(archive), id);
    const lines = body?.toString('utf8').split('\n') ?? [];
    const events = lines
      .map((line) => eventOf(replay, line))
      .filter(({ timeMs }) => timeMs >= replay.fromMs && timeMs <= replay.toMs);
    await router.route(events);
    return events.at(-1)?.timeMs;
  }

  async function tidy(archive: Archive): Promise<void> {
    const box = archiveBox(archive);
    const expired = [...expiredChunks(archive, mailboxes.entries(box), clock.now())];
    if (expired.length > 0) await mailboxes.remove(box, expired);
    for (;;) {
      const group = joinable(mailboxes.entries(box));
      if (group.length < JOINED_MAX || ended) return;
      await join(box, group);
    }
  }

  /** In one step: no event is ever gone, or there twice. */
  async function join(box: string, group: readonly MessageEntry[]): Promise<void> {
    const bodies = await Promise.all(group.map(({ id }) => mailboxes.body(box, id)));
    const metas = group.map(({ meta }) => meta);
    const over = (name: string, pick: (...values: number[]) => number) => {
      const values = metas.flatMap((meta) => (meta[name] === undefined ? [] : [Number(meta[name])]));
      return values.length === 0 ? undefined : pick(...values);
    };
    const seq = over('seq', Math.max);
    const meta = {
      at: over('at', Math.max)!,
      from: over('from', Math.min)!,
      to: over('to', Math.max)!,
      events: metas.reduce((sum, one) => sum + Number(one.events), 0),
      ...(seq !== undefined && { seq }),
    };
    const body = Buffer.from(bodies.map((one) => one!.toString('utf8')).join('\n'));
    await mailboxes.put([{ box, body, meta }], { box, ids: group.map(({ id }) => id) });
  }

  wake();
  return {
    wake,
    async close() {
      ended = true;
      cancelTimer();
      await running;
    },
  };
}

/** The first so many small chunks that came within an hour of each other, so that they expire together. */
function joinable(entries: Iterable<MessageEntry>): MessageEntry[] {
  let group: MessageEntry[] = [];
  for (const entry of entries) {
    if (entry.bodyBytes > SMALL_BYTES / 8) continue;
    const first = group[0];
    if (first && Number(entry.meta.at) - Number(first.meta.at) > HOUR_MS) group = [];
    group.push(entry);
    if (group.length === JOINED_MAX) break;
  }
  return group;
}

function eventOf(replay: Replay, line: string): BusEvent {
  const event = JSON.parse(line) as Readonly<Record<string, string>>;
  const { accountId, region, name: bus } = busOf(replay as Place, replay.destinationArn);
  return {
    accountId,
    region,
    bus,
    source: event.source!,
    detailType: event['detail-type']!,
    timeMs: Date.parse(event.time!),
    text: () => JSON.stringify({ ...event, 'replay-name': replay.name }),
    replay: { name: replay.name, ruleArns: replay.filterArns },
  };
}
