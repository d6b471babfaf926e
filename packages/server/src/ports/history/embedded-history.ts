import type { Clock } from '../../base/clock.ts';
import { assert } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { History, HistoryQuery } from '../history.ts';
import type { SegmentLog } from '../log/types.ts';
import type { Sequence } from '../log.ts';
import { HOT_SEGMENTS_MAX, type LogView } from './core.ts';
import { HistoryThread, SegmentIndexDamaged } from './history-thread.ts';
import { type Answer, type PackedPage, type Question, unpackPage } from './messages.ts';
import { Sealer } from './sealer.ts';
import type { IndexColumns } from './segment-index.ts';

/** As much of the embedded Log as history needs. */
export type HistoryLog = Pick<
  SegmentLog,
  'directory' | 'start' | 'end' | 'durable' | 'complete' | 'onCommit' | 'onRotate' | 'sealed'
>;

export interface HistoryOptions {
  readonly log: HistoryLog;
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface EmbeddedHistory extends History {
  /** Why appends had better wait (`3 segments wait to be sealed`), or undefined when all is well. */
  pressure(): string | undefined;
}

/** Complete segments that may wait to be sealed: each takes memory to index, and disk space twice while it is sealed. */
const UNSEALED_MAX = 3;
/** Besides them, the one that grows, and one that is being sealed. */
const UNSEALED_AFTER_CRASH_MAX = HOT_SEGMENTS_MAX - 2;
/** A question that meets so many damaged indexes, one after the other, is given up. */
const REPAIRS_MAX = 10;

/**
 * Event history over the embedded Log's own segment files: a worker thread indexes and answers, and another
 * seals each complete segment with the index that the first one made.
 *
 * Resolves when all segments are open, though what a crash left unsealed may still have to be indexed, for seconds: the
 * Log need not wait for that. Look-ups do, so that none misses what was there before.
 * @throws OperatorError when a sealed segment is damaged and its index is missing
 */
export async function openHistory({ log, logger, clock }: HistoryOptions): Promise<EmbeddedHistory> {
  const repairs = new Map<Sequence, Promise<void>>();
  let closed = false;
  // What a crash left does not count, or the Log would take nothing until the first of it is sealed.
  const unsealedMax = Math.min(UNSEALED_MAX + log.complete.length, UNSEALED_AFTER_CRASH_MAX);

  const view = (): LogView => {
    const { segmentFirst: first, path, bytes, end } = log.durable;
    return { start: log.start, end, raw: [...log.complete, { first, path, bytes }].map(rawOf) };
  };

  /** Makes the index of a segment anew, which is missing or damaged. */
  function repair(first: Sequence): Promise<void> {
    if (!repairs.has(first)) logger.warn({ first }, 'making the index of a sealed segment of the log anew');
    return mendOnce(first);
  }

  /** However many ask. */
  function mendOnce(first: Sequence): Promise<void> {
    let mending = repairs.get(first);
    if (!mending) {
      mending = mend(first).finally(() => repairs.delete(first));
      repairs.set(first, mending);
    }
    return mending;
  }

  async function mend(first: Sequence): Promise<void> {
    if (first < log.start) return; // retention took it
    await sealer.reindex(first);
    await thread.ask({ ask: 'sealed', first });
  }

  /** Makes indexes that older code wrote anew, one after the other: nobody waits for them. */
  async function renew(old: readonly Sequence[]): Promise<void> {
    if (old.length > 0) logger.info({ segments: old.length }, 'making indexes that an earlier version wrote anew');
    for (const first of old) {
      if (closed) return;
      await mendOnce(first).catch((error) => {
        if (!closed)
          logger.warn({ err: error, first }, 'an index that an earlier version wrote stays as it is for now');
      });
    }
  }

  /** Asks, and asks again after mending, when an index turns out to be damaged. */
  async function ask(question: Question): Promise<Answer> {
    for (let repaired = 0; ; repaired++) {
      try {
        return await thread.ask(question);
      } catch (error) {
        if (!(error instanceof SegmentIndexDamaged) || repaired === REPAIRS_MAX) throw error;
        logger.warn({ err: error }, 'an index of history is damaged');
        await repair(error.first);
      }
    }
  }

  const sealer = new Sealer({
    log,
    logger,
    clock,
    indexOf: async ({ first, count }) =>
      (await ask({ ask: 'index', first, end: first + count })) as IndexColumns | undefined,
    onSealed: async (first) => void (await ask({ ask: 'sealed', first })),
  });
  const thread = new HistoryThread({
    directory: log.directory,
    logger,
    clock,
    view,
    repair: async (lacking) => void (await Promise.all(lacking.map(repair))),
    renew: (old) => void renew(old),
  });
  const unlisten = [log.onCommit(() => thread.viewChanged()), log.onRotate(() => sealer.start())];
  const close = async () => {
    closed = true;
    for (const off of unlisten) off();
    await Promise.all([sealer.close(), thread.close()]); // at once: the sealer may be waiting for the thread
  };
  sealer.start();
  try {
    await ask({ ask: 'opened' });
  } catch (error) {
    await close();
    throw error;
  }

  return {
    async lookup(query: HistoryQuery) {
      assert(query.limit >= 1, 'a lookup asks for at least one event');
      return unpackPage((await ask({ ask: 'lookup', query })) as PackedPage);
    },
    async holdsEventIds(accountId, eventIds) {
      return (await ask({ ask: 'holds', accountId, eventIds })) as readonly boolean[];
    },
    get indexedEnd() {
      return thread.indexedEnd;
    },
    pressure() {
      const waiting = log.complete.length;
      return waiting > unsealedMax ? `${waiting} segments of the log wait to be sealed` : undefined;
    },
    close,
  };
}

const rawOf = ({ first, path, bytes }: LogView['raw'][number]) => ({ first, path, bytes });
