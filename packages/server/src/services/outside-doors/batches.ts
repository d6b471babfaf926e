/** What one request may hold. */
export interface BatchLimits<T> {
  readonly count: number;
  readonly bytes: number;
  readonly bytesOf: (item: T) => number;
  /** Whether two may stand in one request; the first one is the first of its batch. */
  readonly together?: (first: T, item: T) => boolean;
}

/** Cuts a list into pieces that keep its order. One item that is larger than a request goes alone. */
export function batchesOf<T>(items: readonly T[], { count, bytes, bytesOf, together }: BatchLimits<T>): T[][] {
  const batches: T[][] = [];
  let batch: T[] = [];
  let size = 0;
  for (const item of items) {
    const itemBytes = bytesOf(item);
    const first = batch[0];
    const isFull = batch.length >= count || size + itemBytes > bytes;
    if (first === undefined || isFull || together?.(first, item) === false) {
      batch = [];
      batches.push(batch);
      size = 0;
    }
    batch.push(item);
    size += itemBytes;
  }
  return batches;
}
