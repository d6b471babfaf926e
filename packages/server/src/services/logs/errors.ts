import { AwsError } from '../../base/errors.ts';
import { PatternError } from '../../event/filter-pattern/index.ts';

export type LogsErrorCode =
  | 'InvalidOperationException'
  | 'InvalidParameterException'
  | 'LimitExceededException'
  | 'MalformedQueryException'
  | 'OperationAbortedException'
  | 'ResourceAlreadyExistsException'
  | 'ResourceNotFoundException'
  | 'TooManyTagsException'
  | 'ValidationException';

export const logsError = (code: LogsErrorCode, message: string): AwsError => new AwsError(code, message);

export const invalid = (message: string): AwsError => logsError('InvalidParameterException', message);
export const notFound = (what: string): AwsError =>
  logsError('ResourceNotFoundException', `The specified ${what} does not exist.`);

/** For what AWS's CloudWatch Logs has and this one leaves out. */
export const unsupported = (what: string): AwsError =>
  logsError('InvalidOperationException', `OpenTrail's CloudWatch Logs does not support ${what}.`);

/** Runs what reads a filter pattern; its complaint becomes the caller's. @throws AwsError InvalidParameterException */
export function readingPattern<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PatternError) throw invalid(error.message);
    throw error;
  }
}
