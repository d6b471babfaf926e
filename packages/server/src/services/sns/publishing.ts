import { AwsError, Pushback } from '../../base/errors.ts';
import type { Handler } from '../../wire/service.ts';
import { invalid, snsError } from './errors.ts';
import type { Published } from './fifo.ts';
import { MESSAGE_BYTES_MAX, messageBytes, type PublishInput, readMessage } from './message.ts';
import type { PublishMessage } from './publish.ts';
import type { SnsStore } from './store.ts';

interface SingleInput extends PublishInput {
  readonly TopicArn?: string;
  readonly TargetArn?: string;
  readonly PhoneNumber?: string;
}
interface BatchInput {
  readonly TopicArn: string;
  readonly PublishBatchRequestEntries?: readonly (PublishInput & { readonly Id?: string })[];
}

const ENTRIES_MAX = 10;
const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

/** The topic that a message is for. @throws AwsError InvalidParameter for phones and devices, which are not served */
export function targetOf({ TopicArn, TargetArn, PhoneNumber }: SingleInput): string {
  if (PhoneNumber !== undefined) throw invalid('PhoneNumber Reason: OpenTrail sends no text messages');
  if (TopicArn !== undefined && TargetArn !== undefined) {
    throw invalid('TopicArn or TargetArn Reason: both are given, and one is needed');
  }
  const arn = TopicArn ?? TargetArn;
  if (arn === undefined) throw invalid('TopicArn or TargetArn Reason: no value for required parameter');
  return arn;
}

export function createPublishHandlers(store: SnsStore, publish: PublishMessage): Record<string, Handler> {
  return {
    Publish: async (context, input: SingleInput) => {
      const { value: topic } = await store.requireTopic(targetOf(input));
      return shown(await publish(topic, readMessage(topic, input), { call: context }));
    },
    PublishBatch: async (context, { TopicArn, PublishBatchRequestEntries: entries = [] }: BatchInput) => {
      const { value: topic } = await store.requireTopic(TopicArn);
      checkBatch(entries);
      const Successful: object[] = [];
      const Failed: object[] = [];
      const one = async ({ Id, ...input }: (typeof entries)[number]) => {
        try {
          Successful.push({ Id, ...shown(await publish(topic, readMessage(topic, input), { call: context })) });
        } catch (error) {
          if (error instanceof Pushback) {
            Failed.push({ Id, Code: 'Throttled', Message: error.message, SenderFault: false });
          } else if (error instanceof AwsError) {
            Failed.push({ Id, Code: error.code, Message: error.message, SenderFault: error.status < 500 });
          } else throw error;
        }
      };
      // A FIFO topic's order is that of the batch.
      if (topic.fifo) for (const entry of entries) await one(entry);
      else await Promise.all(entries.map(one));
      return { Successful, Failed };
    },
  };
}

const shown = ({ messageId, sequenceNumber }: Published) => ({
  MessageId: messageId,
  ...(sequenceNumber !== undefined && { SequenceNumber: sequenceNumber }),
});

function checkBatch(entries: NonNullable<BatchInput['PublishBatchRequestEntries']>): void {
  if (entries.length === 0) {
    throw snsError('EmptyBatchRequest', "The batch request doesn't contain any entries.");
  }
  if (entries.length > ENTRIES_MAX) {
    throw snsError(
      'TooManyEntriesInBatchRequest',
      `The batch request contains more entries than permissible (${ENTRIES_MAX}).`,
    );
  }
  const ids = entries.map(({ Id = '' }) => Id);
  if (!ids.every((id) => ENTRY_ID.test(id))) {
    throw snsError(
      'InvalidBatchEntryId',
      "The Id of a batch entry in a batch request doesn't abide by the specification.",
    );
  }
  if (new Set(ids).size < ids.length) {
    throw snsError('BatchEntryIdsNotDistinct', 'Two or more batch entries in the request have the same Id.');
  }
  if (entries.reduce((sum, entry) => sum + messageBytes(entry), 0) > MESSAGE_BYTES_MAX) {
    throw snsError('BatchRequestTooLong', 'The length of all the batch messages put together is more than the limit.');
  }
}
