import { uuid } from '../../base/random.ts';
import type { MessageMeta } from '../../ports/mailboxes.ts';
import type { SqsParts } from './deps.ts';
import type { Held } from './lines.ts';
import { queueArn } from './model.ts';
import { addEntry, type OpenQueue } from './registry.ts';

/** A move that the disk refused is tried again after this. */
const RETRY_MS = 5_000;

/**
 * Moves messages that were received too often. They keep their id and their age (SQS developer guide, "Dead-letter
 * queues": the original enqueue time counts). One write moves each, so that none is lost or doubled.
 */
export async function moveToDeadLetters(
  parts: SqsParts,
  source: OpenQueue,
  target: OpenQueue,
  dead: readonly Held[],
): Promise<void> {
  for (const held of dead) {
    const moved = await move(parts, source, target, held, (meta) => {
      const { v: _hidden, n = 0, o = 0, ...rest } = meta;
      return { ...rest, o: Number(n) + Number(o), from: queueArn(source.queue) };
    });
    if (!moved) source.live.hide(held, RETRY_MS);
  }
}

/** Back from a dead-letter queue, a message is a new one (SQS developer guide, "dead-letter queue redrive"). */
export const redrive = (parts: SqsParts, source: OpenQueue, target: OpenQueue, held: Held): Promise<boolean> =>
  move(parts, source, target, held, ({ g, d, by = '', e, i, q }) => ({
    m: uuid(parts.random),
    at: parts.clock.now(),
    by,
    ...(g !== undefined && { g }),
    ...(d !== undefined && { d }),
    ...(e !== undefined && { e }),
    ...(i !== undefined && { i }),
    ...(q !== undefined && { q }),
  }));

/** @returns false when it could not be moved and is still where it was */
async function move(
  parts: SqsParts,
  source: OpenQueue,
  target: OpenQueue,
  held: Held,
  change: (meta: MessageMeta) => MessageMeta,
): Promise<boolean> {
  const { mailboxes, clock, logger } = parts;
  if (target.deleted) return false;
  try {
    const meta = mailboxes.entry(source.box, held.id)?.meta;
    const body = await mailboxes.body(source.box, held.id);
    if (meta && body) {
      const [id] = await mailboxes.put([{ box: target.box, body, meta: change(meta) }], {
        box: source.box,
        ids: [held.id],
      });
      const entry = mailboxes.entry(target.box, id!);
      if (entry) addEntry(target, entry, clock.now());
    }
    source.live.forget(held.id);
    return true;
  } catch (error) {
    logger.warn({ err: error, queue: source.queue.name, target: target.queue.name }, 'a message could not be moved');
    return false;
  }
}
