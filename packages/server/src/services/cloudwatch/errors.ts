import { AwsError } from '../../base/errors.ts';

/** CloudWatch's errors by the names of their shapes; its query protocol calls some of them otherwise, which is the codec's. */
export type CloudWatchErrorCode =
  | 'InvalidFormatFault'
  | 'InvalidNextToken'
  | 'InvalidParameterCombinationException'
  | 'InvalidParameterValueException'
  | 'LimitExceededException'
  | 'LimitExceededFault'
  | 'MissingRequiredParameterException'
  | 'ResourceNotFound'
  | 'ResourceNotFoundException'
  | 'ValidationException';

const NOT_FOUND = new Set<CloudWatchErrorCode>(['ResourceNotFound', 'ResourceNotFoundException']);

export const cloudWatchError = (code: CloudWatchErrorCode, message: string): AwsError =>
  new AwsError(code, message, { status: NOT_FOUND.has(code) ? 404 : 400 });

export const invalidValue = (message: string): AwsError => cloudWatchError('InvalidParameterValueException', message);

export const invalid = (message: string): AwsError => cloudWatchError('ValidationException', message);

/** @throws AwsError MissingRequiredParameterException unless it is there */
export function required<T>(value: T | undefined | null, name: string): T {
  if (value === undefined || value === null || value === '') {
    throw cloudWatchError('MissingRequiredParameterException', `The parameter ${name} is required.`);
  }
  return value;
}
