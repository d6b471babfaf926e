import { Pushback } from '../../base/errors.ts';
import type { NewEvent } from '../../event/event.ts';
import type { Sequence } from '../log.ts';
import { Group } from './group.ts';

export interface QueueLimits {
  /** Of JSON and headers that wait while a group is being written. A batch larger than this waits alone. */
  readonly queueBytesMax: number;
  readonly queueEventsMax: number;
}

/**
 * A slow disk still writes this in under a second, so that nobody waits much longer; and what waits plus what is being
 * written stays within 128 MiB of memory.
 */
export const QUEUE_LIMITS: QueueLimits = { queueBytesMax: 64 << 20, queueEventsMax: 65_536 };

/** How soon a caller may try again when only the queue is full: a group or two later. */
const RETRY_AFTER_FULL_MS = 200;

/**
 * Group commit: while one group is on its way to the disk the next one gathers, so that the disk itself sets the size
 * of groups and nobody waits for a timer.
 */
export class CommitQueue {
  readonly #limits: QueueLimits;
  readonly #commit: (group: Group) => Promise<Sequence>;
  #gathering: Group;
  #spare: Group;
  #running: Promise<void> | undefined;

  /** @param commit makes a group durable and returns the sequence of its first event, or throws what appends throw */
  constructor(seed: number, limits: QueueLimits, commit: (group: Group) => Promise<Sequence>) {
    this.#gathering = new Group(seed);
    this.#spare = new Group(seed);
    this.#limits = limits;
    this.#commit = commit;
  }

  /** @throws Pushback when too much waits */
  push(events: readonly NewEvent[], acceptedMs: number, startedMs: number): Promise<Sequence> {
    const group = this.#gathering;
    if (group.count > 0 && this.#isFull(group, events)) {
      throw new Pushback(`the log is behind: ${group.count} events wait for the disk`, RETRY_AFTER_FULL_MS);
    }
    return new Promise((resolve, reject) => {
      group.add(events, acceptedMs, { startedMs, resolve, reject });
      // A microtask later, so that appends of one turn of the event loop share a write from the first on.
      this.#running ??= Promise.resolve().then(() => this.#drain());
    });
  }

  get isIdle(): boolean {
    return this.#running === undefined;
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #isFull(group: Group, events: readonly NewEvent[]): boolean {
    if (group.count + events.length > this.#limits.queueEventsMax) return true;
    const bytes = events.reduce((sum, event) => sum + event.json.length, group.bytes.length);
    return bytes > this.#limits.queueBytesMax;
  }

  async #drain(): Promise<void> {
    while (this.#gathering.count > 0) {
      const group = this.#gathering;
      this.#gathering = this.#spare;
      try {
        const first = await this.#commit(group);
        for (const append of group.appends) append.resolve(first + append.index);
      } catch (error) {
        for (const append of group.appends) append.reject(error);
      }
      group.clear();
      this.#spare = group;
    }
    this.#running = undefined;
  }
}
