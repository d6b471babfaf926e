import type { EventCategory, NewEvent } from '../../event/event.ts';
import type { Sequence } from '../log.ts';
import { encodeEvent, FIRST_OF_WRITE, frameBytes, HEADER_BYTES_MAX, LAST_OF_BATCH } from './frame.ts';

/** A small burst needs no growing. */
const BUFFER_BYTES_MIN = 256 << 10;
/** A buffer that one big burst made larger than this is not kept. */
const BUFFER_BYTES_KEEP = 8 << 20;

export interface PendingAppend {
  /** Its first event's place in the group. */
  readonly index: number;
  /** Monotonic. */
  readonly startedMs: number;
  readonly resolve: (first: Sequence) => void;
  readonly reject: (error: unknown) => void;
}

/** Batches that are made durable together, as the bytes of one write. Filled, committed, cleared, filled again. */
export class Group {
  readonly #seed: number;
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES_MIN);
  #used = 0;
  #count = 0;
  #acceptedMaxMs = Number.NEGATIVE_INFINITY;
  #appends: PendingAppend[] = [];
  readonly #byCategory = new Map<EventCategory, number>();

  /** @param seed of the log's frames */
  constructor(seed: number) {
    this.#seed = seed;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#used);
  }
  get count(): number {
    return this.#count;
  }
  get acceptedMaxMs(): number {
    return this.#acceptedMaxMs;
  }
  get appends(): readonly PendingAppend[] {
    return this.#appends;
  }
  get byCategory(): ReadonlyMap<EventCategory, number> {
    return this.#byCategory;
  }

  /** Adds a batch, which MUST NOT be empty. When it throws (an event that no frame can hold), nothing was added. */
  add(events: readonly NewEvent[], acceptedMs: number, append: Omit<PendingAppend, 'index'>): void {
    const last = events.length - 1;
    let at = this.#used;
    for (let i = 0; i <= last; i++) {
      const event = events[i]!;
      this.#makeRoom(at, frameBytes(HEADER_BYTES_MAX, event.json.length));
      const flags = (at === 0 ? FIRST_OF_WRITE : 0) | (i === last ? LAST_OF_BATCH : 0);
      at = encodeEvent(this.#buffer, at, event, acceptedMs, flags, this.#seed);
    }
    this.#appends.push({ ...append, index: this.#count });
    this.#used = at;
    this.#count += events.length;
    this.#acceptedMaxMs = Math.max(this.#acceptedMaxMs, acceptedMs);
    for (const { header } of events) {
      this.#byCategory.set(header.category, (this.#byCategory.get(header.category) ?? 0) + 1);
    }
  }

  clear(): void {
    if (this.#buffer.length > BUFFER_BYTES_KEEP) this.#buffer = Buffer.allocUnsafe(BUFFER_BYTES_MIN);
    this.#used = 0;
    this.#count = 0;
    this.#acceptedMaxMs = Number.NEGATIVE_INFINITY;
    this.#appends = [];
    this.#byCategory.clear();
  }

  #makeRoom(used: number, bytes: number): void {
    if (used + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, used + bytes));
    this.#buffer.copy(larger, 0, 0, used);
    this.#buffer = larger;
  }
}
