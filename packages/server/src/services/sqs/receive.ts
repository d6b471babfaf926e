import { AwsError, Pushback } from '../../base/errors.ts';
import type { MessageEntry } from '../../ports/mailboxes.ts';
import { settingsOf } from './attributes.ts';
import { moveToDeadLetters } from './dead-letters.ts';
import type { SqsParts } from './deps.ts';
import { sqsError } from './errors.ts';
import { receiptHandle } from './handles.ts';
import type { Held } from './lines.ts';
import { type Content, decodeContent } from './messages.ts';
import { DEDUPLICATION_MS, type OpenQueue } from './registry.ts';
import type { Asking, SealMark } from './sealing.ts';

export interface ReceiveRequest {
  readonly max: number;
  readonly hiddenMs: number;
  readonly waitMs: number;
  readonly attemptId?: string | undefined;
  readonly asking: Asking;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface Received {
  readonly id: number;
  readonly receives: number;
  readonly handle: string;
  readonly meta: MessageEntry['meta'];
  readonly content: Content;
}

/** SQS quotas: messages in flight. */
const TAKEN_MAX = 120_000;
const TAKEN_FIFO_MAX = 20_000;
/** A message that cannot be read is not tried again at once, whatever the visibility timeout. */
const UNREADABLE_HIDDEN_MS = 60_000;
/** Attempts that a queue remembers. Each stands for a receive of the last five minutes. */
const ATTEMPTS_MAX = 10_000;

/** Takes messages, and waits for some if there is none. @throws AwsError OverLimit */
export async function receive(
  parts: SqsParts,
  opened: OpenQueue,
  request: ReceiveRequest,
): Promise<readonly Received[]> {
  const { clock } = parts;
  const { live } = opened;
  const { signal, attemptId } = request;
  const again = attemptId === undefined ? undefined : attempt(parts, opened, attemptId, request.hiddenMs);
  if (again) return read(parts, opened, again, request.asking);
  const endMs = clock.monotonicMs() + request.waitMs;
  for (;;) {
    const taken = await take(parts, opened, request);
    if (taken.length > 0) {
      const received = await deliver(parts, opened, taken, request);
      if (received.length > 0 || signal.aborted) return received;
      continue;
    }
    const leftMs = endMs - clock.monotonicMs();
    if (leftMs <= 0 || signal.aborted || live.closed) return [];
    await live.wait(leftMs, signal);
    if (signal.aborted) {
      live.nudge();
      return [];
    }
  }
}

/** Messages whose turn it is; those that are too old, or were received too often, are seen to. */
async function take(parts: SqsParts, opened: OpenQueue, request: ReceiveRequest): Promise<readonly Held[]> {
  const { mailboxes, clock, registry } = parts;
  const { live, box, queue } = opened;
  const { retentionMs, redrive, fifo } = settingsOf(queue);
  const room = (fifo ? TAKEN_FIFO_MAX : TAKEN_MAX) - live.counts().taken;
  if (room <= 0) {
    if (request.waitMs > 0 || fifo) return [];
    throw sqsError('OverLimit', `The maximum number of in flight messages is reached: ${TAKEN_MAX}.`);
  }
  const target = redrive && deadLetterQueue(registry, redrive.targetArn);
  const good: Held[] = [];
  const old: Held[] = [];
  const dead: Held[] = [];
  for (const held of live.take(Math.min(request.max, room), request.hiddenMs)) {
    const entry = mailboxes.entry(box, held.id);
    if (!entry) live.forget(held.id);
    else if (clock.now() - Number(entry.meta.at) >= retentionMs) old.push(held);
    else if (target && held.receives > redrive!.receivesMax) dead.push(held);
    else good.push(held);
  }
  if (old.length + dead.length > 0) {
    await remove(
      parts,
      opened,
      old.map(({ id }) => id),
    );
    if (target) await moveToDeadLetters(parts, opened, target, dead);
    if (good.length === 0) return take(parts, opened, request);
  }
  return good;
}

function deadLetterQueue(registry: SqsParts['registry'], arn: string): OpenQueue | undefined {
  const [, , , region, accountId, name] = arn.split(':');
  return registry.find({ accountId: accountId!, region: region!, name: name! });
}

/** What is durable before anybody sees the messages: that they were received, and until when they are hidden. */
async function deliver(parts: SqsParts, opened: OpenQueue, taken: readonly Held[], request: ReceiveRequest) {
  const { mailboxes, clock, logger } = parts;
  const { live, box } = opened;
  const nowMs = clock.now();
  const changes = taken.flatMap(({ id, receives }) => {
    const meta = mailboxes.entry(box, id)?.meta;
    return meta ? [{ id, meta: { ...meta, n: receives, f: meta.f ?? nowMs, v: nowMs + request.hiddenMs } }] : [];
  });
  try {
    await mailboxes.update(box, changes);
  } catch (error) {
    // On a full disk messages can still be taken and deleted; a restart would then forget that they were received.
    if (!(error instanceof Pushback)) {
      for (const held of taken) live.hide(held, 0);
      throw error;
    }
    logger.warn({ err: error, queue: opened.queue.name }, 'receives of messages could not be noted');
  }
  const received = await read(parts, opened, taken, request.asking);
  if (request.signal.aborted) {
    for (const held of taken) live.hide(held, 0);
    return [];
  }
  if (request.attemptId !== undefined) remember(opened, request.attemptId, taken, clock.monotonicMs());
  return received;
}

async function read(
  parts: SqsParts,
  opened: OpenQueue,
  taken: readonly Held[],
  asking: Asking,
): Promise<readonly Received[]> {
  try {
    const received = await Promise.all(taken.map((held) => readOne(parts, opened, held, asking)));
    return received.filter((one) => one !== undefined);
  } catch (error) {
    // KMS refused: whoever may use the key can have the messages at once.
    for (const held of taken) opened.live.hide(held, 0);
    throw error;
  }
}

/** undefined when it is gone or damaged. @throws AwsError as KMS refuses */
async function readOne(
  { mailboxes, sealing, logger }: SqsParts,
  { box, queue, live }: OpenQueue,
  held: Held,
  asking: Asking,
): Promise<Received | undefined> {
  const { id, receives } = held;
  try {
    const meta = mailboxes.entry(box, id)?.meta;
    const body = await mailboxes.body(box, id);
    if (!meta || !body) return undefined;
    const content = decodeContent(await sealing.open(queue, asking, meta as SealMark, body));
    return { id, receives, handle: receiptHandle(queue, held), meta, content };
  } catch (error) {
    if (error instanceof AwsError) throw error;
    logger.error({ err: error, queue: queue.name, id }, 'a message cannot be read and stays where it is');
    live.hide(held, UNREADABLE_HIDDEN_MS);
    return undefined;
  }
}

/** What an attempt took whose answer was lost, if all of it is still as it was. */
function attempt(
  { clock }: SqsParts,
  { live, attempts }: OpenQueue,
  attemptId: string,
  hiddenMs: number,
): readonly Held[] | undefined {
  const known = attempts.get(attemptId);
  if (!known || known.untilMs <= clock.monotonicMs()) return undefined;
  const held = known.taken.map(({ id, receives }) => {
    const one = live.find(id);
    return one?.state === 'taken' && one.receives === receives ? one : undefined;
  });
  if (held.some((one) => one === undefined)) {
    attempts.delete(attemptId);
    return undefined;
  }
  for (const one of held) live.hide(one!, hiddenMs);
  return held as Held[];
}

function remember({ attempts }: OpenQueue, attemptId: string, taken: readonly Held[], nowMs: number): void {
  attempts.delete(attemptId);
  attempts.set(attemptId, {
    taken: taken.map(({ id, receives }) => ({ id, receives })),
    untilMs: nowMs + DEDUPLICATION_MS,
  });
  if (attempts.size > ATTEMPTS_MAX) attempts.delete(attempts.keys().next().value!);
}

/** Takes messages away for good. */
export async function remove({ mailboxes }: SqsParts, { box, live }: OpenQueue, ids: readonly number[]): Promise<void> {
  await mailboxes.remove(box, ids);
  for (const id of ids) live.forget(id);
}
