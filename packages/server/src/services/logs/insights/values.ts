/** What fields hold. Text that reads as a number counts as one where numbers are asked for, as in AWS's. */
export type Value = string | number | boolean | null | undefined;

export function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

export const isPresent = (value: Value): value is string | number | boolean => value !== undefined && value !== null;

export function textOf(value: Value): string {
  if (!isPresent(value)) return '';
  return typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
}

export const truthOf = (value: Value): boolean =>
  typeof value === 'string' ? value !== '' && value !== '0' && value !== 'false' : Boolean(value);

/** By number when both are numbers, else by text. What is not there comes first. */
export function compare(a: Value, b: Value): number {
  if (!isPresent(a) || !isPresent(b)) return Number(isPresent(a)) - Number(isPresent(b));
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x - y;
  const [s, t] = [textOf(a), textOf(b)];
  return s < t ? -1 : s > t ? 1 : 0;
}
