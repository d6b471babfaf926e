import type { Clock } from '../../base/clock.ts';
import { Pushback } from '../../base/errors.ts';
import type { NewEvent } from '../../event/event.ts';
import type { Log, Sequence, StoredEvent } from '../log.ts';
import { Waiters } from './waiters.ts';

/** A Log that forgets, for other rooms' tests. */
export class MemoryLog implements Log {
  /** Set it to have appends refused. */
  trouble: string | undefined;
  readonly start = 0;
  readonly #clock: Clock;
  readonly #events: StoredEvent[] = [];
  readonly #waiters = new Waiters();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get end(): Sequence {
    return this.#events.length;
  }

  async append(events: readonly NewEvent[]): Promise<Sequence> {
    if (this.#closed) throw new Pushback('the log is closed');
    if (this.trouble !== undefined) throw new Pushback(this.trouble);
    const first = this.end;
    const acceptedMs = this.#clock.now();
    for (const { header, json } of events) this.#events.push({ sequence: this.end, acceptedMs, header, json });
    this.#waiters.wake(this.end);
    return first;
  }

  async read(from: Sequence, bytesMax: number): Promise<readonly StoredEvent[]> {
    if (this.#closed) throw new Error('the log is closed');
    let to = from;
    for (let bytes = 0; to < this.end; to++) {
      bytes += this.#events[to]!.json.length;
      if (bytes > bytesMax && to > from) break;
    }
    return this.#events.slice(from, to);
  }

  async waitPast(sequence: Sequence, signal: AbortSignal): Promise<void> {
    if (this.end <= sequence && !this.#closed) await this.#waiters.wait(sequence, signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiters.wake(Number.POSITIVE_INFINITY);
  }
}
