import type { EventHeader, NewEvent } from '../event/event.ts';

/** Position of an event in the Log: 0, 1, 2 … without gaps. */
export type Sequence = number;

export interface StoredEvent {
  readonly sequence: Sequence;
  /** When the Log accepted it, ms since the epoch. */
  readonly acceptedMs: number;
  readonly header: EventHeader;
  readonly json: Buffer;
}

/**
 * The ordered, durable list of events, and the only truth.
 *
 * - `append` MUST resolve only when every event of the batch is durable, and MUST keep the order of the batch. All of
 *   a batch is accepted or none of it.
 * - `append` MUST throw `Pushback` when the Log cannot take more (queue full, disk full); nothing was accepted then.
 * - After a crash everything that was acknowledged is there; a torn tail is cut.
 * - `read` MUST return events in order, without gaps, from `from` on; an empty list means there is none yet.
 */
export interface Log {
  /** @returns the sequence of the first event of the batch */
  append(events: readonly NewEvent[]): Promise<Sequence>;
  /** The sequence that the next event will get; everything before it is durable. */
  readonly end: Sequence;
  /** The oldest sequence still held (retention deletes from the front). */
  readonly start: Sequence;
  /** Up to `bytesMax` bytes of events (at least one event if there is any) from `from` on. */
  read(from: Sequence, bytesMax: number): Promise<readonly StoredEvent[]>;
  /** Resolves when `end` is past `sequence`, or when `signal` aborts. */
  waitPast(sequence: Sequence, signal: AbortSignal): Promise<void>;
  /** Why appends are refused now (`disk full …`), or undefined when all is well. For /readyz. */
  readonly trouble: string | undefined;
  /** Stops taking events, makes what was accepted durable, and closes. */
  close(): Promise<void>;
}
