/** Small facts about a message, kept in memory: when it may be seen, how often it was taken, its group. At most 4 KB as JSON. */
export type MessageMeta = Readonly<Record<string, string | number | boolean>>;

export interface MessageToPut {
  /** Path of the mailbox: `sqs/123456789012/us-east-1/audit`. Made by its first message. At most 512 bytes. */
  readonly box: string;
  readonly body: Uint8Array;
  readonly meta?: MessageMeta;
}

export interface MessageEntry {
  /** Ascends over all boxes, also over restarts, and is never used again. Those of one put follow each other without a gap. */
  readonly id: number;
  readonly meta: MessageMeta;
  readonly bodyBytes: number;
}

/**
 * Durable lists of messages: what queues hold, and what is on its way to subscribers and targets.
 *
 * - A call takes at most 10,000 messages and 64 MB of bodies, an update 10,000 changes, a removal 1,000,000 ids.
 * - `put` MUST be atomic and durable over all its messages when it resolves; it throws `Pushback` when the disk is full
 *   or too much is held, and has then kept nothing.
 * - `update` and `remove` MUST be durable when they resolve, and MUST be harmless for ids that are gone.
 * - Reads see every write that resolved before them. Bodies stay on the disk; entries are in memory.
 */
export interface Mailboxes {
  /**
   * @param taking what goes in the same instant: so that a message changes boxes, or becomes several, once and for all
   * @returns an id for each message, in order
   */
  put(
    messages: readonly MessageToPut[],
    taking?: { readonly box: string; readonly ids: readonly number[] },
  ): Promise<readonly number[]>;
  /** In order of id, those with an id greater than `after`. May go on while messages come and go. */
  entries(box: string, after?: number): Iterable<MessageEntry>;
  entry(box: string, id: number): MessageEntry | undefined;
  /** Messages in the box, and bytes of their bodies. */
  size(box: string): { readonly count: number; readonly bytes: number };
  /** undefined when it is gone */
  body(box: string, id: number): Promise<Buffer | undefined>;
  /** Replaces what is known of each. */
  update(box: string, changes: readonly { readonly id: number; readonly meta: MessageMeta }[]): Promise<void>;
  remove(box: string, ids: readonly number[]): Promise<void>;
  /** The box and all in it. */
  drop(box: string): Promise<void>;
  /** Boxes that hold something, whose path starts with `prefix`. */
  boxes(prefix: string): readonly string[];
  close(): Promise<void>;
}
