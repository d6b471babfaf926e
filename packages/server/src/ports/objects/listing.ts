import type { Listing, ListRequest } from '../object-store.ts';
import { keyBytes, keyPart, after as placeAfter, prefixBytes } from './codec.ts';
import type { Entry, SortedPages } from './pages.ts';

const NOTHING = Buffer.alloc(0);
/** Entries looked at before others get their turn: about 10 ms. */
const ENTRIES_PER_TURN = 20_000;

export interface Walk<T> {
  readonly pages: SortedPages;
  readonly prefix: string;
  readonly delimiter: string | undefined;
  /** Where to begin, at least; and the index key just before it when that belongs to the same object. */
  readonly from: Buffer;
  readonly before?: Buffer;
  readonly limit: number;
  /** What an entry says, or undefined to pass over it. `before` is the index key of the entry before it. */
  readonly take: (entry: Entry, before: Buffer | undefined) => { readonly item: T; readonly place: Next } | undefined;
  /** Whether a key's first entry decides for all of them. */
  readonly firstOfKeyOnly: boolean;
}

type Next = NonNullable<Listing<unknown>['next']>;

/**
 * Walks a table in order, collecting items and common prefixes up to the limit. Jumps over what a common prefix covers
 * and, when the first of a key decides, over the rest of that key.
 */
export async function walk<T>(w: Walk<T>): Promise<Listing<T>> {
  const prefix = prefixBytes(w.prefix);
  const delimiter = w.delimiter ? prefixBytes(w.delimiter) : undefined;
  const items: T[] = [];
  const commonPrefixes: string[] = [];
  let place: Next | undefined;
  let from: Buffer | undefined = Buffer.compare(w.from, prefix) > 0 ? w.from : prefix;
  let { before } = w;
  while (from !== undefined) {
    const start: Buffer = from;
    from = undefined;
    let seen = 0;
    for (const entry of w.pages.entries(start)) {
      if (!startsWith(entry.key, prefix)) break;
      if (++seen > ENTRIES_PER_TURN) {
        await new Promise((resolve) => setImmediate(resolve));
        from = entry.key;
        break;
      }
      const isFirst = before === undefined || !keyPart(before).equals(keyPart(entry.key));
      const taken = isFirst || !w.firstOfKeyOnly ? w.take(entry, before) : undefined;
      before = entry.key;
      if (!taken) continue;
      if (items.length + commonPrefixes.length >= w.limit)
        return { items, commonPrefixes, ...(place && { next: place }) };
      const common = commonPrefix(entry.key, prefix, delimiter);
      if (!common) {
        items.push(taken.item);
        place = taken.place;
        continue;
      }
      const text = textOf(common);
      commonPrefixes.push(text);
      place = { after: text };
      from = placeAfter(common);
      break;
    }
  }
  return { items, commonPrefixes };
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}

function commonPrefix(indexKey: Buffer, prefix: Buffer, delimiter: Buffer | undefined): Buffer | undefined {
  if (!delimiter) return undefined;
  const key = keyPart(indexKey);
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.subarray(0, at + delimiter.length);
}

const textOf = (bytes: Buffer): string => Buffer.from(bytes.filter((byte) => byte !== 0xff)).toString('utf8');

/** Where a listing goes on after a key, or after everything that a common prefix covers. */
export function placeAfterKey({ after, prefix = '', delimiter }: Omit<ListRequest, 'bucket' | 'limit'>): Buffer {
  if (!after) return NOTHING;
  const isCommonPrefix =
    delimiter &&
    after.startsWith(prefix) &&
    after.length >= prefix.length + delimiter.length &&
    after.indexOf(delimiter, prefix.length) === after.length - delimiter.length;
  return placeAfter(isCommonPrefix ? prefixBytes(after) : keyBytes(after)) ?? NOTHING;
}
