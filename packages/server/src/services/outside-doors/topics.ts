import { AwsError } from '../../base/errors.ts';
import type { Topics } from '../doors.ts';
import { type OutsideCaller, unlike } from './caller.ts';

/** FIFO or not, in any partition. */
const TOPIC_ARN = /^arn:aws[a-z-]*:sns:([a-z0-9-]{1,32}):\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?$/;

/**
 * Topics of an SNS elsewhere, in the Region of their ARN. What that SNS says of the operator's keys decides; for whom
 * they are used cannot be told to it.
 */
export function outsideTopics(sns: OutsideCaller): Topics {
  return {
    // Who may publish need not be allowed to look: then publishing will tell.
    async check(topicArn) {
      try {
        await sns.query(regionOf(topicArn), { ...action('GetTopicAttributes'), TopicArn: topicArn });
      } catch (error) {
        const mayNotLook = error instanceof AwsError && /AuthorizationError|AccessDenied/.test(error.code);
        if (!mayNotLook) throw renamed(error);
      }
      return undefined;
    },

    async publish(topicArn, { message, subject, attributes = {}, groupId, deduplicationId }) {
      const parameters: Record<string, string> = { ...action('Publish'), TopicArn: topicArn, Message: message };
      if (subject !== undefined) parameters.Subject = subject;
      if (groupId !== undefined) parameters.MessageGroupId = groupId;
      if (deduplicationId !== undefined) parameters.MessageDeduplicationId = deduplicationId;
      for (const [i, [name, { type, value }]] of Object.entries(attributes).entries()) {
        const entry = `MessageAttributes.entry.${i + 1}`;
        parameters[`${entry}.Name`] = name;
        parameters[`${entry}.Value.DataType`] = type;
        parameters[`${entry}.Value.${type.startsWith('Binary') ? 'BinaryValue' : 'StringValue'}`] = value;
      }
      try {
        const xml = await sns.query(regionOf(topicArn), parameters);
        const messageId = /<MessageId>([^<]+)<\/MessageId>/.exec(xml)?.[1] ?? unlike('the SNS outside');
        return { messageId };
      } catch (error) {
        throw renamed(error);
      }
    },
  };
}

const action = (name: string) => ({ Action: name, Version: '2010-03-31' });

function regionOf(topicArn: string): string {
  const region = TOPIC_ARN.exec(topicArn)?.[1];
  if (region !== undefined) return region;
  throw new AwsError('InvalidParameter', 'Invalid parameter: TopicArn');
}

/** By the names that the door promises: servers that are not AWS have others for two of them. */
function renamed(error: unknown): unknown {
  if (!(error instanceof AwsError)) return error;
  const code = error.code.startsWith('NotFound')
    ? 'NotFound'
    : error.code.startsWith('AccessDenied')
      ? 'AuthorizationError'
      : error.code;
  return code === error.code ? error : new AwsError(code, error.message, { status: error.status, cause: error });
}
