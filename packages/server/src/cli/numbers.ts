import { OperatorError } from '../base/errors.ts';

/** A count given as a flag. @throws OperatorError that names the flag, for anything but a whole number from `min` on */
export function countOf(text: string, flag: string, min: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(count) && count >= min) return count;
  throw new OperatorError(`${flag} takes a whole number from ${min} on, not ${JSON.stringify(text)}.`);
}
