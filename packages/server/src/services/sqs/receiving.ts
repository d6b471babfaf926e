import type { CallContext, Handler } from '../../wire/service.ts';
import type { BatchInput, HandleInput, ReceiveInput, VisibilityInput } from './api.ts';
import { settingsOf } from './attributes.ts';
import { checkBatch, eachEntry } from './batches.ts';
import type { SqsParts } from './deps.ts';
import { invalidParameter, invalidValue, missingParameter, sqsError } from './errors.ts';
import { readHandle } from './handles.ts';
import { checkId, type MessageAttributes, md5, md5OfAttributes } from './messages.ts';
import { namedQueue } from './model.ts';
import { type Received, receive, remove } from './receive.ts';
import { HIDDEN_MS_MAX, type OpenQueue, sequenceNumber } from './registry.ts';

const MESSAGES_MAX = 10;
const WAIT_SECONDS_MAX = 20;
const HIDDEN_SECONDS_MAX = HIDDEN_MS_MAX / 1000;

export function createReceivingHandlers(parts: SqsParts): Record<string, Handler> {
  const { registry, clock, mailboxes } = parts;
  const find = (context: CallContext, url: string | undefined) => registry.require(namedQueue(context, url));

  async function deleteOne(opened: OpenQueue, { ReceiptHandle }: HandleInput): Promise<object> {
    if (ReceiptHandle === undefined) throw missingParameter('ReceiptHandle');
    const receipt = readHandle(opened.queue, ReceiptHandle);
    const held = opened.live.find(receipt.id);
    const stale = held && (held.state !== 'taken' || held.receives !== receipt.receives);
    // In a standard queue the last word on a message is whoever's; in a group it would break the order.
    if (stale && settingsOf(opened.queue).fifo) {
      throw invalidValue(ReceiptHandle.slice(0, 100), 'ReceiptHandle', 'The receipt handle has expired.');
    }
    if (held) await remove(parts, opened, [receipt.id]);
    return {};
  }

  async function hideOne(opened: OpenQueue, { ReceiptHandle, VisibilityTimeout }: VisibilityInput): Promise<object> {
    if (ReceiptHandle === undefined) throw missingParameter('ReceiptHandle');
    if (VisibilityTimeout === undefined) throw missingParameter('VisibilityTimeout');
    const hiddenMs = hiddenFor(VisibilityTimeout);
    const receipt = readHandle(opened.queue, ReceiptHandle);
    const held = opened.live.find(receipt.id);
    if (held?.state !== 'taken' || held.receives !== receipt.receives) {
      if (!held)
        throw invalidValue(
          ReceiptHandle.slice(0, 100),
          'ReceiptHandle',
          'Message does not exist or is not available for visibility timeout change.',
        );
      throw sqsError('MessageNotInflight', `The message referred to is not in flight.`);
    }
    if (clock.monotonicMs() - held.takenMs + hiddenMs > HIDDEN_MS_MAX) {
      throw invalidValue(
        VisibilityTimeout,
        'VisibilityTimeout',
        `Total VisibilityTimeout for the message is beyond the limit [${HIDDEN_SECONDS_MAX} seconds].`,
      );
    }
    const meta = mailboxes.entry(opened.box, receipt.id)?.meta;
    if (meta) await mailboxes.update(opened.box, [{ id: receipt.id, meta: { ...meta, v: clock.now() + hiddenMs } }]);
    if (held.receives === receipt.receives) opened.live.hide(held, hiddenMs);
    return {};
  }

  return {
    async ReceiveMessage(context, input: ReceiveInput) {
      const opened = find(context, input.QueueUrl);
      const settings = settingsOf(opened.queue);
      const { MaxNumberOfMessages: max = 1, WaitTimeSeconds, VisibilityTimeout, ReceiveRequestAttemptId } = input;
      if (max < 1 || max > MESSAGES_MAX) {
        throw invalidValue(max, 'MaxNumberOfMessages', `Must be between 1 and ${MESSAGES_MAX}, if provided.`);
      }
      if (WaitTimeSeconds !== undefined && (WaitTimeSeconds < 0 || WaitTimeSeconds > WAIT_SECONDS_MAX)) {
        throw invalidValue(WaitTimeSeconds, 'WaitTimeSeconds', `Must be >= 0 and <= ${WAIT_SECONDS_MAX}, if provided.`);
      }
      if (ReceiveRequestAttemptId !== undefined) {
        if (!settings.fifo) {
          throw invalidParameter(
            'The request includes a parameter that is not valid for this queue type. Reason: ReceiveRequestAttemptId is for FIFO queues.',
          );
        }
        checkId(ReceiveRequestAttemptId, 'ReceiveRequestAttemptId');
      }
      const received = await receive(parts, opened, {
        max,
        hiddenMs: VisibilityTimeout === undefined ? settings.visibilityMs : hiddenFor(VisibilityTimeout),
        waitMs: WaitTimeSeconds === undefined ? settings.waitMs : WaitTimeSeconds * 1000,
        attemptId: ReceiveRequestAttemptId,
        asking: { call: context },
        signal: context.signal,
      });
      return received.length === 0 ? {} : { Messages: received.map((one) => messageOf(opened, one, input)) };
    },

    DeleteMessage: async (context, input: HandleInput) => deleteOne(find(context, input.QueueUrl), input),
    async DeleteMessageBatch(context, input: BatchInput<HandleInput>) {
      const entries = checkBatch(input.Entries);
      const opened = find(context, input.QueueUrl);
      return eachEntry(entries, (entry) => deleteOne(opened, entry));
    },
    ChangeMessageVisibility: async (context, input: VisibilityInput) => hideOne(find(context, input.QueueUrl), input),
    async ChangeMessageVisibilityBatch(context, input: BatchInput<VisibilityInput>) {
      const entries = checkBatch(input.Entries);
      const opened = find(context, input.QueueUrl);
      return eachEntry(entries, (entry) => hideOne(opened, entry));
    },
  };
}

function hiddenFor(seconds: number): number {
  if (seconds >= 0 && seconds <= HIDDEN_SECONDS_MAX) return seconds * 1000;
  throw invalidValue(seconds, 'VisibilityTimeout', `Must be between 0 and ${HIDDEN_SECONDS_MAX}, if provided.`);
}

/** What a message can tell of itself, by AWS's names. */
function systemAttributes(opened: OpenQueue, { id, receives, meta, content }: Received): Record<string, string> {
  const { fifo } = settingsOf(opened.queue);
  const trace = content.systemAttributes.AWSTraceHeader?.StringValue;
  return {
    SenderId: String(meta.by),
    SentTimestamp: String(meta.at),
    ApproximateReceiveCount: String(receives + Number(meta.o ?? 0)),
    ApproximateFirstReceiveTimestamp: String(meta.f),
    ...(meta.g !== undefined && { MessageGroupId: String(meta.g) }),
    ...(meta.d !== undefined && { MessageDeduplicationId: String(meta.d) }),
    ...(fifo && { SequenceNumber: sequenceNumber(id) }),
    ...(trace !== undefined && { AWSTraceHeader: trace }),
    ...(meta.from !== undefined && { DeadLetterQueueSourceArn: String(meta.from) }),
  };
}

function messageOf(opened: OpenQueue, received: Received, input: ReceiveInput) {
  const { content, meta, handle } = received;
  const asked = new Set([...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])]);
  const system = Object.entries(systemAttributes(opened, received)).filter(
    ([name]) => asked.has('All') || asked.has(name),
  );
  const attributes = askedAttributes(content.attributes, input.MessageAttributeNames ?? []);
  const ofAttributes = md5OfAttributes(attributes);
  return {
    MessageId: String(meta.m),
    ReceiptHandle: handle,
    MD5OfBody: md5(content.body),
    Body: content.body,
    ...(system.length > 0 && { Attributes: Object.fromEntries(system) }),
    ...(ofAttributes !== undefined && { MD5OfMessageAttributes: ofAttributes, MessageAttributes: attributes }),
  };
}

/** By name, by `prefix.*`, or all. */
function askedAttributes(attributes: MessageAttributes, names: readonly string[]): MessageAttributes {
  if (names.some((name) => name === 'All' || name === '.*')) return attributes;
  const isAsked = (name: string) =>
    names.some((pattern) =>
      pattern.endsWith('.*')
        ? name.startsWith(pattern.slice(0, -1)) || name === pattern.slice(0, -2)
        : name === pattern,
    );
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isAsked(name)));
}
