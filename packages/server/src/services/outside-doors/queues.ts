import { AwsError } from '../../base/errors.ts';
import type { MessageParts, Queues } from '../doors.ts';
import { type OutsideCaller, unlike } from './caller.ts';

const QUEUE_ARN = /^arn:aws[a-z-]*:sqs:([a-z0-9-]{1,32}):(\d{12}):([A-Za-z0-9_-]{1,80}(?:\.fifo)?)$/;

/** Queues of an SQS elsewhere, in the Region and account of their ARN. The operator's keys decide. */
export function outsideQueues(sqs: OutsideCaller): Queues {
  /** Named as SQS has named queues since 2012: by endpoint, account and name. */
  async function call(queueArn: string, operation: string, input: object) {
    const [, region, accountId, name] = QUEUE_ARN.exec(queueArn) ?? [];
    if (region === undefined) throw new AwsError('QueueDoesNotExist', `${queueArn} is not the ARN of a queue.`);
    const QueueUrl = new URL(`/${accountId}/${name}`, sqs.urlFor(region)).href;
    try {
      return await sqs.json(region, '1.0', `AmazonSQS.${operation}`, { QueueUrl, ...input });
    } catch (error) {
      if (!(error instanceof AwsError && /NonExistentQueue|QueueDoesNotExist/.test(error.code))) throw error;
      throw new AwsError('QueueDoesNotExist', error.message, { cause: error });
    }
  }

  return {
    // Who may send need not be allowed to look: then sending will tell.
    async check(queueArn) {
      try {
        await call(queueArn, 'GetQueueAttributes', { AttributeNames: ['QueueArn'] });
      } catch (error) {
        if (!(error instanceof AwsError && error.code.startsWith('AccessDenied'))) throw error;
      }
      return undefined;
    },

    async send(queueArn, { body, attributes = {}, groupId, deduplicationId }) {
      const { MessageId } = await call(queueArn, 'SendMessage', {
        MessageBody: body,
        ...(Object.keys(attributes).length > 0 && { MessageAttributes: attributesOf(attributes) }),
        ...(groupId !== undefined && { MessageGroupId: groupId }),
        ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
      });
      return { messageId: typeof MessageId === 'string' ? MessageId : unlike('the SQS outside') };
    },
  };
}

const attributesOf = (attributes: NonNullable<MessageParts['attributes']>): object =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [
      name,
      { DataType: type, [type.startsWith('Binary') ? 'BinaryValue' : 'StringValue']: value },
    ]),
  );
