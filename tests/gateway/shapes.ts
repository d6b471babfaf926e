import type { Answer, Expected } from './harness.ts';

/** A call that only looks: its answer is not recorded. */
export const read = (source: string, request: unknown = null): Expected => ({ source, readOnly: true, request });

/** A call that changes something. @param response null for operations that answer nothing */
export const write = (source: string, request: unknown, response: unknown = null): Expected => ({
  source,
  readOnly: false,
  request,
  response,
});

/** A call that fails, with its parameters kept. */
export const failed = (expected: Expected, error: string): Expected => ({ ...expected, response: null, error });

/** `Jul 10, 2023, 12:07:59 PM`, as most services print times. @param time boto3's, as the driver passes it on */
export const time = ({ $time }: { readonly $time: number }): string =>
  new Date(Math.floor($time) * 1000)
    .toLocaleString('en-US', { timeZone: 'UTC', dateStyle: 'medium', timeStyle: 'medium' })
    .replace('\u202f', ' ');

/** `Jul 10, 2023 12:07:59 PM`: services on an old Java. */
export const oldTime = (given: { readonly $time: number }): string => time(given).replace(/(\d{4}),/, '$1');

/**
 * What boto3 understood of an answer, by CloudTrail's default rule: the first letter of every name in lower case. For
 * answers too long to write down; keys of the caller's own must be put back by hand.
 */
export function lowered(value: Answer, printed: (given: { readonly $time: number }) => unknown = time): Answer {
  if (Array.isArray(value)) return value.map((item) => lowered(item, printed));
  if (typeof value !== 'object' || value === null) return value;
  if ('$time' in value) return printed(value);
  const { ResponseMetadata: _, ...members } = value;
  return Object.fromEntries(
    Object.entries(members).map(([name, inner]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      lowered(inner, printed),
    ]),
  );
}
