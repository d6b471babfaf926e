export interface NewLogEvent {
  /** Milliseconds since the epoch, as its sender says. */
  readonly timestampMs: number;
  readonly message: string;
}

/** An event where it is in time. Places of a group never are the same twice, and stay what they are. */
export interface LogPlace {
  readonly timestampMs: number;
  /** Counts the events of the group in the order in which they came: 0, 1, 2 … without gaps. */
  readonly sequence: number;
}

export interface StoredLogEvent extends LogPlace {
  /** As the service numbers its streams. */
  readonly stream: number;
  readonly ingestedMs: number;
  readonly message: string;
}

export interface LogRange {
  /** Absent: all of them. */
  readonly streams?: ReadonlySet<number>;
  readonly startMs?: number;
  /** Not included. */
  readonly endMs?: number;
  /** Only what comes after this place, in the direction of reading. */
  readonly after?: LogPlace;
  /** The newest first. */
  readonly backward?: boolean;
}

export interface StreamFigures {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly lastIngestedMs: number;
  readonly count: number;
  /** Of messages, as UTF-8. */
  readonly bytes: number;
}

/**
 * Log events, by group and stream. Groups are named by whoever stores (`[A-Za-z0-9-]`, at most 64 characters), and are
 * made by their first event.
 *
 * - `append` MUST resolve only when all events of the batch are durable, and MUST keep all of them or none. It throws
 *   `Pushback` when the disk is full or too much waits; nothing was kept then. Events of a batch are in order of time.
 * - `read` gives events in order of time (of sequence within a millisecond), a few hundred at a time, and holds little of a
 *   group in memory, however much there is. It sees what was durable when it began.
 * - `readIngested` gives them in the order in which they came, from a sequence on; an empty list means that there is none
 *   yet. What retention has deleted is passed over.
 */
export interface LogGroupStore {
  append(group: string, stream: number, events: readonly NewLogEvent[], ingestedMs: number): Promise<void>;
  read(group: string, range: LogRange): AsyncIterable<readonly StoredLogEvent[]>;
  readIngested(group: string, from: number, bytesMax: number): Promise<readonly StoredLogEvent[]>;
  /** The sequence that the group's next event will get. */
  end(group: string): Promise<number>;
  /** Of each stream that has events. */
  figures(group: string): Promise<ReadonlyMap<number, StreamFigures>>;
  /**
   * Deletes old segments whole, those whose newest event is older than `beforeMs` and whose last one has a sequence below
   * `floor`. Single events stay until all of their segment goes.
   */
  retain(group: string, beforeMs: number, floor: number): Promise<void>;
  /** Deletes all of it. */
  drop(group: string): Promise<void>;
  groups(): Promise<readonly string[]>;
  close(): Promise<void>;
}
