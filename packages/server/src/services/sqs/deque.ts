/** What a message's place in a queue needs of it. */
interface Numbered {
  readonly id: number;
}

/** Taken-away items are cut off when they are this many and at least half of all. */
const SPENT_MIN = 1024;

/** A list that grows at its end and is taken from its front. All in constant time, taken together. */
export class Deque<T extends Numbered> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }
  at(index: number): T | undefined {
    return this.#items[this.#head + index];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Keeps the order of ids: an item may come a little late. */
  insert(item: T): void {
    let at = this.#items.length;
    while (at > this.#head && this.#items[at - 1]!.id > item.id) at--;
    if (at === this.#items.length) this.#items.push(item);
    else this.#items.splice(at, 0, item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head]!;
    this.#head++;
    if (this.#head >= SPENT_MIN && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

export interface Timed<T> {
  readonly dueMs: number;
  readonly item: T;
}

/** What is due, the earliest first: a binary heap. */
export class Schedule<T> {
  #heap: Timed<T>[] = [];

  get length(): number {
    return this.#heap.length;
  }
  get earliest(): Timed<T> | undefined {
    return this.#heap[0];
  }

  add(entry: Timed<T>): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (heap[parent]!.dueMs <= entry.dueMs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  shift(): Timed<T> | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.dueMs < heap[child]!.dueMs) child++;
      if (heap[child]!.dueMs >= last.dueMs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }

  /** Forgets what `keeps` does not hold for. */
  filter(keeps: (entry: Timed<T>) => boolean): void {
    const kept = this.#heap.filter(keeps);
    this.#heap = [];
    for (const entry of kept) this.add(entry);
  }
}
