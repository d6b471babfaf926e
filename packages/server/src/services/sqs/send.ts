import { createHash } from 'node:crypto';
import { uuid } from '../../base/random.ts';
import type { MessageMeta, MessageToPut } from '../../ports/mailboxes.ts';
import { settingsOf } from './attributes.ts';
import type { SqsParts } from './deps.ts';
import { invalidParameter, invalidValue, missingParameter, noSuchQueue } from './errors.ts';
import { type Content, checkContent, checkId, encodeContent } from './messages.ts';
import { addEntry, DEDUPLICATION_MS, type OpenQueue, type Sent, sequenceNumber } from './registry.ts';
import type { Asking, Sealing } from './sealing.ts';

export interface MessageToSend extends Content {
  /** Default: the queue's. */
  readonly delaySeconds?: number | undefined;
  readonly groupId?: string | undefined;
  readonly deduplicationId?: string | undefined;
  /** Unique id of the principal, or the service's name. */
  readonly senderId: string;
}

/** A message that the queue takes. */
export interface Prepared {
  readonly content: Content;
  readonly bytes: number;
  readonly delayMs: number;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly senderId: string;
}

const DELAY_SECONDS_MAX = 900;

/** @throws AwsError InvalidParameterValue, MissingParameter, InvalidMessageContents */
export function prepare({ queue }: OpenQueue, message: MessageToSend): Prepared {
  const settings = settingsOf(queue);
  const { body, attributes, systemAttributes, delaySeconds, groupId, senderId } = message;
  const content = { body, attributes, systemAttributes };
  const bytes = checkContent(content, settings.messageBytesMax);
  if (groupId !== undefined) checkId(groupId, 'MessageGroupId');
  if (
    delaySeconds !== undefined &&
    (delaySeconds < 0 || delaySeconds > DELAY_SECONDS_MAX || !Number.isInteger(delaySeconds))
  ) {
    throw invalidValue(delaySeconds, 'DelaySeconds', `DelaySeconds must be >= 0 and <= ${DELAY_SECONDS_MAX}.`);
  }
  const delayMs = delaySeconds === undefined ? settings.delayMs : delaySeconds * 1000;
  const prepared = { content, bytes, delayMs, groupId, senderId };
  if (!settings.fifo) {
    if (message.deduplicationId !== undefined) {
      throw invalidParameter(
        'The request includes a parameter that is not valid for this queue type. Reason: MessageDeduplicationId is for FIFO queues.',
      );
    }
    return { ...prepared, deduplicationId: undefined };
  }
  if (groupId === undefined) throw missingParameter('MessageGroupId');
  if (delaySeconds !== undefined && delaySeconds > 0) {
    throw invalidValue(
      delaySeconds,
      'DelaySeconds',
      'The request include parameter that is not valid for this queue type.',
    );
  }
  if (message.deduplicationId !== undefined) checkId(message.deduplicationId, 'MessageDeduplicationId');
  else if (!settings.contentBasedDeduplication) {
    throw invalidParameter(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
  const deduplicationId = message.deduplicationId ?? createHash('sha256').update(body).digest('hex');
  return { ...prepared, delayMs: settings.delayMs, deduplicationId };
}

/** Makes messages durable, and gives them their turn. Each resolves or fails by itself only in what FIFO queues know already. */
export async function send(
  parts: SqsParts,
  opened: OpenQueue,
  messages: readonly Prepared[],
  asking: Asking,
): Promise<readonly Sent[]> {
  const settings = settingsOf(opened.queue);
  const seal = await parts.sealing.sealerFor(opened.queue, asking);
  if (!settings.fifo) {
    const plain = messages.map((message) => ({ message }));
    return (await put(parts, opened, plain, seal)).map(({ sent }) => sent);
  }
  const fresh: {
    readonly message: Prepared;
    readonly key: string;
    readonly settle: (ok: Sent | undefined, error?: unknown) => void;
  }[] = [];
  const nowMs = parts.clock.monotonicMs();
  const answers = messages.map((message) => {
    // A key of its own length first: no group can end where another's deduplication id begins.
    const scope = settings.deduplicatesByGroup ? `${message.groupId!.length}:${message.groupId}` : '';
    const key = `${scope}:${message.deduplicationId}`;
    const known = opened.markers.get(key);
    if (known && known.untilMs > nowMs) return known.sent;
    const sent = new Promise<Sent>((resolve, reject) => {
      fresh.push({ message, key, settle: (ok, error) => (ok ? resolve(ok) : reject(error)) });
    });
    sent.catch(() => {}); // whoever waits for it is told; nobody else has to be
    opened.markers.delete(key);
    opened.markers.set(key, { sent, untilMs: nowMs + DEDUPLICATION_MS });
    return sent;
  });
  if (fresh.length > 0) {
    try {
      const made = await put(parts, opened, fresh, seal);
      for (const [i, { settle }] of fresh.entries()) settle(made[i]!.sent);
    } catch (error) {
      for (const { key, settle } of fresh) {
        opened.markers.delete(key);
        settle(undefined, error);
      }
    }
  }
  return Promise.all(answers);
}

type Seal = Awaited<ReturnType<Sealing['sealerFor']>>;

/** One atomic write: each message, and behind it what FIFO queues remember of it. */
async function put(
  parts: SqsParts,
  opened: OpenQueue,
  messages: readonly { readonly message: Prepared; readonly key?: string }[],
  seal: Seal,
): Promise<readonly { readonly sent: Sent }[]> {
  const { mailboxes, clock, random } = parts;
  const nowMs = clock.now();
  const ids: string[] = [];
  const toPut = messages.flatMap(({ message, key }): MessageToPut[] => {
    const messageId = uuid(random);
    ids.push(messageId);
    const stored = store(opened.box, seal, message, messageId, nowMs);
    if (key === undefined) return [stored];
    return [stored, { box: opened.markerBox, body: NOTHING, meta: { k: key, m: messageId, at: nowMs } }];
  });
  const given = await mailboxes.put(toPut);
  if (opened.deleted) {
    await mailboxes.drop(opened.box);
    await mailboxes.drop(opened.markerBox);
    throw noSuchQueue();
  }
  const step = toPut.length / messages.length;
  return messages.map((_, i) => {
    const id = given[i * step]!;
    const entry = mailboxes.entry(opened.box, id); // unless the queue was purged meanwhile
    if (entry) addEntry(opened, entry, nowMs);
    if (step === 1) return { sent: { messageId: ids[i]! } };
    return { sent: { messageId: ids[i]!, sequenceNumber: sequenceNumber(id) } };
  });
}

const NOTHING = Buffer.alloc(0);

function store(box: string, seal: Seal, message: Prepared, messageId: string, nowMs: number): MessageToPut {
  const { content, delayMs, groupId, deduplicationId, senderId } = message;
  const { body, mark } = seal(encodeContent(content), messageId);
  const meta: MessageMeta = {
    m: messageId,
    at: nowMs,
    by: senderId,
    ...(groupId !== undefined && { g: groupId }),
    ...(deduplicationId !== undefined && { d: deduplicationId }),
    ...(delayMs > 0 && { v: nowMs + delayMs }),
    ...mark,
  };
  return { box, body, meta };
}
