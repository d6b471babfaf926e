import { AwsError } from '../../base/errors.ts';

/** SNS's errors by the code on the wire, with their statuses (AWS's model of 2010-03-31). */
const STATUSES = {
  AuthorizationError: 403,
  BatchEntryIdsNotDistinct: 400,
  BatchRequestTooLong: 400,
  ConcurrentAccess: 400,
  EmptyBatchRequest: 400,
  FilterPolicyLimitExceeded: 403,
  InvalidBatchEntryId: 400,
  InvalidParameter: 400,
  NotFound: 404,
  ResourceNotFound: 404,
  SubscriptionLimitExceeded: 403,
  TagLimitExceeded: 400,
  TooManyEntriesInBatchRequest: 400,
  TopicLimitExceeded: 403,
} as const;

export type SnsErrorCode = keyof typeof STATUSES;

export const snsError = (code: SnsErrorCode, message: string): AwsError =>
  new AwsError(code, message, { status: STATUSES[code] });

/** `Invalid parameter: TopicArn`, as SNS words nearly everything. */
export const invalid = (what: string): AwsError => snsError('InvalidParameter', `Invalid parameter: ${what}`);
