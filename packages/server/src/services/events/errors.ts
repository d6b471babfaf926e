import { AwsError } from '../../base/errors.ts';

export type EventsErrorCode =
  | 'ConcurrentModificationException'
  | 'IllegalStatusException'
  | 'InvalidEventPatternException'
  | 'LimitExceededException'
  | 'PolicyLengthExceededException'
  | 'ResourceAlreadyExistsException'
  | 'ResourceNotFoundException'
  | 'UnsupportedOperationException'
  | 'ValidationException';

/** An error by EventBridge's own name. */
export const eventsError = (code: EventsErrorCode, message: string): AwsError => new AwsError(code, message);

export const invalid = (message: string): AwsError => eventsError('ValidationException', message);

/** For what AWS's EventBridge has and this one leaves out (index.ts says what). */
export const unsupported = (what: string): AwsError =>
  eventsError('UnsupportedOperationException', `OpenTrail's EventBridge does not support ${what}.`);

export const limitExceeded = (message: string): AwsError => eventsError('LimitExceededException', message);
