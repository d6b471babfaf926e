import { inParallel } from './parallel.ts';
import type { FetchedObject, Source } from './source.ts';

/** Asked for with one request: less than any store refuses, and enough that requests are few. */
const KEYS_AT_ONCE = 250;

/**
 * Gives each of these objects to `use` as it comes: in bulk where the store does that, all others one by one. What is not
 * there is undefined.
 * @param concurrency objects fetched at once where they come one by one
 * @returns what `use` made of each, in the order of the keys
 * @throws OperatorError when the source cannot tell
 */
export async function fetchEach<R>(
  source: Source,
  bucket: string | undefined,
  keys: readonly string[],
  concurrency: number,
  use: (object: FetchedObject | undefined, index: number) => Promise<R>,
): Promise<R[]> {
  const used = new Map<number, R>();
  if (source.getMany && bucket !== undefined) {
    for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
      let index = from;
      for await (const object of source.getMany(bucket, keys.slice(from, from + KEYS_AT_ONCE))) {
        if (object) used.set(index, await use(object, index));
        index++;
      }
    }
  }
  return inParallel(keys, concurrency, async (key, i) =>
    used.has(i) ? used.get(i)! : use(await source.get(bucket, key), i),
  );
}
