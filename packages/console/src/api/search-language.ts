import type { SearchFilter } from '../../../server/src/event/search/index.ts';

/** The one room of the server that the console shares: how filters are written, read and understood. */
export * from '../../../server/src/event/search/index.ts';

/** Of longer values the beginning is searched for: a filter has room for some dozens of these, and so has an address. */
const VALUE_CHARS_MAX = 500;

/** How events with this value of a field are asked for: by `=`, or by how a very long value begins. */
export const comparedTo = (value: string): { readonly op: '=' | '^'; readonly value: string } =>
  value.length <= VALUE_CHARS_MAX
    ? { op: '=', value }
    : { op: '^', value: value.slice(0, VALUE_CHARS_MAX).replace(/[\ud800-\udbff]$/, '') };

/** The condition that a field has this value. */
export const sameAs = (field: string, value: string): SearchFilter => ({ field, ...comparedTo(value) });
