import { AwsError } from '../../base/errors.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { BatchInput, SendInput } from './api.ts';
import { type BatchFailure, checkBatch, failureOf } from './batches.ts';
import type { SqsParts } from './deps.ts';
import { missingParameter, sqsError } from './errors.ts';
import { md5, md5OfAttributes } from './messages.ts';
import { namedQueue } from './model.ts';
import type { OpenQueue, Sent } from './registry.ts';
import { type Prepared, prepare, send } from './send.ts';

/** All messages of a batch together (SQS API reference, SendMessageBatch). */
const BATCH_BYTES_MAX = 1_048_576;

export function createSendingHandlers(parts: SqsParts): Record<string, Handler> {
  return {
    async SendMessage(context, input: SendInput) {
      const opened = parts.registry.require(namedQueue(context, input.QueueUrl));
      const prepared = prepareInput(context, opened, input);
      const [sent] = await send(parts, opened, [prepared], { call: context });
      return outputOf(prepared, sent!);
    },

    async SendMessageBatch(context, input: BatchInput<SendInput>) {
      const entries = checkBatch(input.Entries);
      const opened = parts.registry.require(namedQueue(context, input.QueueUrl));
      const good: { readonly Id: string; readonly prepared: Prepared }[] = [];
      const Failed: BatchFailure[] = [];
      for (const entry of entries) {
        try {
          good.push({ Id: entry.Id, prepared: prepareInput(context, opened, entry) });
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          Failed.push(failureOf(entry.Id, error));
        }
      }
      const bytes = good.reduce((sum, { prepared }) => sum + prepared.bytes, 0);
      if (bytes > BATCH_BYTES_MAX) {
        throw sqsError(
          'BatchRequestTooLong',
          `Batch requests cannot be longer than ${BATCH_BYTES_MAX} bytes. You have sent ${bytes} bytes.`,
        );
      }
      const sent =
        good.length === 0
          ? []
          : await send(
              parts,
              opened,
              good.map(({ prepared }) => prepared),
              { call: context },
            );
      return { Successful: good.map(({ Id, prepared }, i) => ({ Id, ...outputOf(prepared, sent[i]!) })), Failed };
    },
  };
}

function prepareInput({ caller }: CallContext, opened: OpenQueue, input: SendInput): Prepared {
  if (input.MessageBody === undefined) throw missingParameter('MessageBody');
  return prepare(opened, {
    body: input.MessageBody,
    attributes: input.MessageAttributes ?? {},
    systemAttributes: input.MessageSystemAttributes ?? {},
    delaySeconds: input.DelaySeconds,
    groupId: input.MessageGroupId,
    deduplicationId: input.MessageDeduplicationId,
    senderId: caller.identity.principalId ?? caller.accountId,
  });
}

/** The digests let the SDKs see that what they sent has come. */
function outputOf({ content }: Prepared, { messageId, sequenceNumber }: Sent) {
  const ofAttributes = md5OfAttributes(content.attributes);
  const ofSystem = md5OfAttributes(content.systemAttributes);
  return {
    MessageId: messageId,
    MD5OfMessageBody: md5(content.body),
    ...(ofAttributes !== undefined && { MD5OfMessageAttributes: ofAttributes }),
    ...(ofSystem !== undefined && { MD5OfMessageSystemAttributes: ofSystem }),
    ...(sequenceNumber !== undefined && { SequenceNumber: sequenceNumber }),
  };
}
