import { AwsError } from '../../base/errors.ts';

/** Every broken rule of selectors has the one error. */
export function refuseSelectors(message: string): never {
  throw new AwsError('InvalidEventSelectorsException', message);
}

/** Quotes a caller's value in a message, cut to what a message can bear. */
export const quoted = (value: unknown): string => String(value).slice(0, 256);
