import type { MessageAttributes } from './messages.ts';

/** Inputs of SQS's operations, as the model has them; the workspace has no client of SQS to take them from. */
export interface QueueInput {
  readonly QueueUrl?: string;
}

export type Strings = Readonly<Record<string, string>>;

export interface SendInput extends QueueInput {
  readonly MessageBody?: string;
  readonly DelaySeconds?: number;
  readonly MessageAttributes?: MessageAttributes;
  readonly MessageSystemAttributes?: MessageAttributes;
  readonly MessageDeduplicationId?: string;
  readonly MessageGroupId?: string;
}

export interface BatchInput<Entry> extends QueueInput {
  readonly Entries?: readonly (Entry & { readonly Id: string })[];
}

export interface ReceiveInput extends QueueInput {
  readonly AttributeNames?: readonly string[];
  readonly MessageSystemAttributeNames?: readonly string[];
  readonly MessageAttributeNames?: readonly string[];
  readonly MaxNumberOfMessages?: number;
  readonly VisibilityTimeout?: number;
  readonly WaitTimeSeconds?: number;
  readonly ReceiveRequestAttemptId?: string;
}

export interface HandleInput extends QueueInput {
  readonly ReceiptHandle?: string;
}

export interface VisibilityInput extends HandleInput {
  readonly VisibilityTimeout?: number;
}

export interface PageInput {
  readonly NextToken?: string;
  readonly MaxResults?: number;
}
