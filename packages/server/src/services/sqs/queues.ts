import type { CallContext, Handler } from '../../wire/service.ts';
import type { PageInput, QueueInput, Strings } from './api.ts';
import { allowsRedrive, attributesOf, changedAttributes, settingsOf } from './attributes.ts';
import type { SqsParts } from './deps.ts';
import { invalidParameter, sqsError } from './errors.ts';
import {
  checkQueueName,
  FIFO_SUFFIX,
  isFifo,
  namedQueue,
  parseQueueArn,
  type Queue,
  type QueueName,
  queueArn,
  queueUrl,
} from './model.ts';
import { pageOf } from './pages.ts';
import type { OpenQueue } from './registry.ts';
import { checkTags } from './tags.ts';

/** A queue may be purged this often. */
const PURGE_EVERY_MS = 60_000;

export function createQueueHandlers(parts: SqsParts): Record<string, Handler> {
  const { registry, mailboxes, clock } = parts;
  const find = (context: CallContext, input: QueueInput) => registry.require(namedQueue(context, input.QueueUrl));

  function checkRedrive(queue: Queue): void {
    const { redrive } = settingsOf(queue);
    if (!redrive) return;
    const target = registry.find(parseQueueArn(redrive.targetArn)!);
    const problem = !target
      ? 'Dead letter target does not exist'
      : allowsRedrive(target.queue, queue)
        ? undefined
        : 'The dead-letter queue does not allow this queue to send it messages (RedriveAllowPolicy)';
    if (problem !== undefined) {
      throw sqsError(
        'InvalidAttributeValue',
        `Value ${queue.attributes.RedrivePolicy} for parameter RedrivePolicy is invalid. Reason: ${problem}.`,
      );
    }
  }

  return {
    async CreateQueue(context, input: { QueueName?: string; Attributes?: Strings; tags?: Strings }) {
      const name = {
        accountId: context.caller.accountId,
        region: context.region,
        name: checkQueueName(input.QueueName),
      };
      const given = input.Attributes ?? {};
      if (given.FifoQueue?.toLowerCase() === 'true' && !isFifo(name)) {
        throw invalidParameter(
          `The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with ${FIFO_SUFFIX} suffix and be 1 to 80 in length.`,
        );
      }
      if (isFifo(name) && given.FifoQueue?.toLowerCase() !== 'true') {
        throw invalidParameter('Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
      }
      const nowMs = clock.now();
      const made = {
        ...name,
        createdMs: nowMs,
        changedMs: nowMs,
        attributes: changedAttributes({ ...name, attributes: {} }, given),
        tags: checkTags(input.tags ?? {}),
      };
      const known = registry.find(name);
      if (!known) checkRedrive({ ...made, secret: '' });
      const opened = known ?? (await registry.create(made));
      const has = attributesOf(opened.queue);
      const other = Object.entries(made.attributes).find(([attribute, value]) => has[attribute] !== value);
      if (other) {
        throw sqsError(
          'QueueNameExists',
          `A queue already exists with the same name and a different value for attribute ${other[0]}`,
        );
      }
      return { QueueUrl: queueUrl(context, name) };
    },

    async GetQueueUrl(
      context,
      { QueueName, QueueOwnerAWSAccountId }: { QueueName?: string; QueueOwnerAWSAccountId?: string },
    ) {
      const accountId = QueueOwnerAWSAccountId ?? context.caller.accountId;
      const { queue } = registry.require({ accountId, region: context.region, name: checkQueueName(QueueName) });
      return { QueueUrl: queueUrl(context, queue) };
    },

    async ListQueues(context, input: PageInput & { readonly QueueNamePrefix?: string }) {
      const all = registry.list(context.caller.accountId, context.region).map(({ queue }) => queue);
      const fitting = all.filter(({ name }) => name.startsWith(input.QueueNamePrefix ?? ''));
      return urlsOf(context, fitting, input, 'QueueUrls');
    },

    async DeleteQueue(context, input: QueueInput) {
      await registry.delete(namedQueue(context, input.QueueUrl));
      return {};
    },

    async GetQueueAttributes(context, input: QueueInput & { readonly AttributeNames?: readonly string[] }) {
      const all = described(find(context, input));
      const asked = input.AttributeNames ?? [];
      const unknown = asked.find((name) => name !== 'All' && !KNOWN.has(name));
      if (unknown !== undefined) throw sqsError('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
      const told = Object.entries(all).filter(([name]) => asked.includes('All') || asked.includes(name));
      return told.length === 0 ? {} : { Attributes: Object.fromEntries(told) };
    },

    async SetQueueAttributes(context, input: QueueInput & { readonly Attributes?: Strings }) {
      const changes = input.Attributes ?? {};
      if ('FifoQueue' in changes) throw sqsError('InvalidAttributeName', 'FifoQueue cannot be changed.');
      await registry.change(namedQueue(context, input.QueueUrl), (queue) => {
        const changed = { ...queue, attributes: changedAttributes(queue, changes), changedMs: clock.now() };
        if (changes.RedrivePolicy) checkRedrive(changed);
        return changed;
      });
      return {};
    },

    async PurgeQueue(context, input: QueueInput) {
      const opened = find(context, input);
      const nowMs = clock.monotonicMs();
      if (nowMs - opened.purgedMs < PURGE_EVERY_MS) {
        throw sqsError(
          'PurgeQueueInProgress',
          `Only one PurgeQueue operation on ${opened.queue.name} is allowed every 60 seconds.`,
        );
      }
      opened.purgedMs = nowMs;
      await mailboxes.drop(opened.box);
      for (const id of [...opened.live.ids()]) if (!mailboxes.entry(opened.box, id)) opened.live.forget(id);
      return {};
    },

    async ListDeadLetterSourceQueues(context, input: QueueInput & PageInput) {
      const { queue } = find(context, input);
      const sources = sourcesOf(registry.list(queue.accountId, queue.region), queue).map((source) => source.queue);
      return urlsOf(context, sources, input, 'queueUrls');
    },
  };
}

/** Queues that send a queue what they could not have processed. */
export const sourcesOf = (all: readonly OpenQueue[], target: QueueName): readonly OpenQueue[] =>
  all.filter(({ queue }) => settingsOf(queue).redrive?.targetArn === queueArn(target));

function urlsOf(context: CallContext, queues: readonly Queue[], input: PageInput, member: 'QueueUrls' | 'queueUrls') {
  const { page, ...next } = pageOf(queues, ({ name }) => name, input);
  return { ...(page.length > 0 && { [member]: page.map((queue) => queueUrl(context, queue)) }), ...next };
}

/** What there is to be told of a queue. */
function described({ queue, live }: OpenQueue): Strings {
  const { ready, taken, delayed } = live.counts();
  const seconds = (ms: number) => String(Math.floor(ms / 1000));
  return {
    QueueArn: queueArn(queue),
    ApproximateNumberOfMessages: String(ready),
    ApproximateNumberOfMessagesNotVisible: String(taken),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: seconds(queue.createdMs),
    LastModifiedTimestamp: seconds(queue.changedMs),
    ...attributesOf(queue),
  };
}

const KNOWN: ReadonlySet<string> = new Set([
  ...['Policy', 'VisibilityTimeout', 'MaximumMessageSize', 'MessageRetentionPeriod', 'ApproximateNumberOfMessages'],
  ...['ApproximateNumberOfMessagesNotVisible', 'CreatedTimestamp', 'LastModifiedTimestamp', 'QueueArn'],
  ...[
    'ApproximateNumberOfMessagesDelayed',
    'DelaySeconds',
    'ReceiveMessageWaitTimeSeconds',
    'RedrivePolicy',
    'FifoQueue',
  ],
  ...['ContentBasedDeduplication', 'KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds', 'DeduplicationScope'],
  ...['FifoThroughputLimit', 'RedriveAllowPolicy', 'SqsManagedSseEnabled'],
]);
