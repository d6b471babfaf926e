/** What waits in one mailbox, in memory: which message is next, and when. */
export interface Lane {
  readonly box: string;
  /** Nothing goes before what stands before it: FIFO topics. */
  readonly ordered: boolean;
  add(waiting: Waiting): void;
  /** The next one, or when it is due; undefined when nothing waits. */
  peek(): Waiting | undefined;
  take(): Waiting | undefined;
  readonly size: number;
  /** Under way. */
  running: number;
  /** The endpoint let an attempt run out: until one succeeds it gets one at a time. */
  slow: boolean;
  /** Between two attempts, where a policy throttles; undefined until the first attempt has read it. */
  intervalMs: number | undefined;
  /** Monotonic. */
  notBeforeMs: number;
  cancelTimer: (() => void) | undefined;
}

export interface Waiting {
  readonly id: number;
  /** Monotonic. */
  readonly dueMs: number;
}

export function createLane(box: string, ordered: boolean): Lane {
  const heap: Waiting[] = [];
  const isBefore = ordered
    ? (a: Waiting, b: Waiting) => a.id < b.id
    : (a: Waiting, b: Waiting) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.id < b.id);

  return {
    box,
    ordered,
    running: 0,
    slow: false,
    intervalMs: undefined,
    notBeforeMs: 0,
    cancelTimer: undefined,
    get size() {
      return heap.length;
    },
    peek: () => heap[0],
    add(waiting) {
      let at = heap.push(waiting) - 1;
      for (let up = (at - 1) >> 1; at > 0 && isBefore(waiting, heap[up]!); up = (at - 1) >> 1) {
        heap[at] = heap[up]!;
        at = up;
      }
      heap[at] = waiting;
    },
    take() {
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined || heap.length === 0) return first;
      let at = 0;
      for (let child = 1; child < heap.length; child = 2 * at + 1) {
        if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
        if (!isBefore(heap[child]!, last)) break;
        heap[at] = heap[child]!;
        at = child;
      }
      heap[at] = last;
      return first;
    },
  };
}
