import type { ShownEvent } from './search.ts';
import { sentenceOf } from './sentence.ts';

/** An event in a line: `alice tried to delete bucket my-logs, refused with AccessDenied`. */
export function happened({ record }: Pick<ShownEvent, 'record'>): string {
  const { what, end } = sentenceOf(record);
  return end === '' ? what : `${what}, ${end}`;
}
