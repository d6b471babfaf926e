import { AwsError } from '../../base/errors.ts';

/** Names by SQS's model; the wire gives them the query protocol's (`AWS.SimpleQueueService.NonExistentQueue`). */
const STATUSES = {
  BatchEntryIdsNotDistinct: 400,
  BatchRequestTooLong: 400,
  EmptyBatchRequest: 400,
  InvalidAddress: 404,
  InvalidAttributeName: 400,
  InvalidAttributeValue: 400,
  InvalidBatchEntryId: 400,
  InvalidIdFormat: 400,
  InvalidMessageContents: 400,
  InvalidParameterValue: 400,
  MessageNotInflight: 400,
  MissingParameter: 400,
  OverLimit: 403,
  PurgeQueueInProgress: 403,
  QueueDoesNotExist: 400,
  QueueNameExists: 400,
  ReceiptHandleIsInvalid: 404,
  ResourceNotFoundException: 404,
  TooManyEntriesInBatchRequest: 400,
  UnsupportedOperation: 400,
} as const;

export const sqsError = (name: keyof typeof STATUSES, message: string): AwsError =>
  new AwsError(name, message, { status: STATUSES[name] });

export const invalidParameter = (message: string): AwsError => sqsError('InvalidParameterValue', message);

/** In SQS's own words for a value out of range. */
export const invalidValue = (value: unknown, parameter: string, reason: string): AwsError =>
  invalidParameter(`Value ${String(value)} for parameter ${parameter} is invalid. Reason: ${reason}`);

export const missingParameter = (name: string): AwsError =>
  sqsError('MissingParameter', `The request must contain the parameter ${name}.`);

export const noSuchQueue = (): AwsError => sqsError('QueueDoesNotExist', 'The specified queue does not exist.');
