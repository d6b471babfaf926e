import { type Clock, withoutLeaps } from '../../base/clock.ts';
import { settingsOf } from './attributes.ts';
import type { SqsParts } from './deps.ts';
import { remove } from './receive.ts';
import { DEDUPLICATION_MS, type OpenQueue } from './registry.ts';

const EVERY_MS = 10_000;
/** Looked at in one sweep: a few milliseconds of a queue's time. The next goes on from there. */
const MESSAGES_MAX = 20_000;

/** Deletes messages that are older than their queue keeps them, and what FIFO queues need not remember any longer. */
export function startSweep(parts: SqsParts): () => Promise<void> {
  const { clock, logger } = parts;
  const ages = withoutLeaps(clock);
  const places = new Map<string, number>();
  let cancel = () => {};
  let sweeping: Promise<void> = Promise.resolve();
  let closed = false;

  const sweep = async () => {
    for (const opened of [...parts.registry.all()]) {
      if (closed) return;
      try {
        places.set(opened.box, await sweepQueue(parts, opened, ages, places.get(opened.box) ?? 0));
        await forgetMarkers(parts, opened, ages);
      } catch (error) {
        logger.warn(
          { err: error, queue: opened.queue.name },
          'old messages could not be deleted; they are tried again',
        );
      }
    }
    const boxes = new Set([...parts.registry.all()].map(({ box }) => box));
    for (const box of places.keys()) if (!boxes.has(box)) places.delete(box);
  };
  const next = () => {
    cancel = clock.after(EVERY_MS, () => {
      sweeping = sweep().finally(() => {
        if (!closed) next();
      });
    });
  };
  next();
  return async () => {
    closed = true;
    cancel();
    await sweeping;
  };
}

/** @returns after which message the next sweep goes on; 0 when this one came to the end */
async function sweepQueue(parts: SqsParts, opened: OpenQueue, ages: Clock, after: number): Promise<number> {
  const { retentionMs } = settingsOf(opened.queue);
  const old: number[] = [];
  let seen = 0;
  let last = 0;
  for (const { id, meta } of parts.mailboxes.entries(opened.box, after)) {
    if (seen++ === MESSAGES_MAX) break;
    last = seen === MESSAGES_MAX ? id : 0;
    if (ages.now() - Number(meta.at) >= retentionMs) old.push(id);
  }
  if (old.length > 0) await remove(parts, opened, old);
  return last;
}

async function forgetMarkers({ clock, mailboxes }: SqsParts, opened: OpenQueue, ages: Clock): Promise<void> {
  const { markers, attempts, markerBox } = opened;
  const nowMs = clock.monotonicMs();
  for (const [key, { untilMs }] of markers) {
    if (untilMs > nowMs) break; // the oldest stand first, in memory as on the disk
    markers.delete(key);
  }
  for (const [key, { untilMs }] of attempts) if (untilMs <= nowMs) attempts.delete(key);
  const ids: number[] = [];
  for (const { id, meta } of mailboxes.entries(markerBox)) {
    if (ages.now() - Number(meta.at) < DEDUPLICATION_MS) break;
    ids.push(id);
  }
  if (ids.length > 0) await mailboxes.remove(markerBox, ids);
}
