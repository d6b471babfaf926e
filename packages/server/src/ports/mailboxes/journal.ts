import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { assert, Pushback, pushbackWhenFull } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { LogFileSystem } from '../log/file-system.ts';
import type { MessageToPut } from '../mailboxes.ts';
import { emptySegment } from './compaction.ts';
import { encodeFrame, FILE_HEADER_BYTES, FIRST_OF_WRITE, type FrameContent, type FrameHead } from './frames.ts';
import {
  createSegment,
  LEFTOVER,
  mailboxDamage,
  openSegment,
  type Place,
  type ScannedFrame,
  SEGMENT_FILE,
  type Segment,
  segmentName,
} from './segment.ts';
import { MailboxTable, type TableEntry } from './table.ts';

/** Writes that go to the disk together. Made at their turn, so that each sees the ones before its group. */
interface Op {
  readonly messages: number;
  readonly bytes: number;
  /** Goes by itself: what it writes depends on what all before it did. */
  readonly alone?: true;
  /** undefined when there is nothing to write */
  readonly make: () => FrameContent | undefined;
  readonly resolve: (head: FrameHead) => void;
  readonly reject: (error: unknown) => void;
}

export interface JournalOptions {
  readonly directory: string;
  readonly random: Random;
  readonly logger: Logger;
  readonly fileSystem: LogFileSystem;
  readonly segmentBytesMin: number;
}

/** A slow disk still writes this in well under a second. */
const GROUP_BYTES_MAX = 8 << 20;
/** What may wait for the disk; past this the caller is told to come back. */
const QUEUE_OPS_MAX = 20_000;
const QUEUE_BYTES_MAX = 64 << 20;
/** About how many files there are at most for what is alive. */
const LIVE_SEGMENTS = 64;
/** What nobody needs may take as much as what is alive, and this many new segments. */
const SLACK_SEGMENTS = 2;
/** Compaction that lags behind by this much makes writers wait. */
const LAG_BYTES_MAX = 2 ** 30;

/**
 * Messages in a row of append-only files. What a write does is one frame; what is known of messages is in memory, bodies
 * are read in place.
 *
 * Space comes back from the oldest file: what is still alive there is written once more at the end, with what is known of
 * it by then, and the file is deleted. So it is with a circular log: all that the oldest file says of messages is either
 * said again later or of no more interest, removals too, since no older file could bring the removed back. At least half
 * of what the files hold is alive (but for two files), so that each byte is written about twice however long it stays.
 */
export class MailboxJournal {
  readonly table = new MailboxTable<Place>();
  readonly #options: JournalOptions;
  /** Oldest first; frames are added to the last. */
  readonly #segments: Segment[] = [];
  #nextId = 1;
  #queue: Op[] = [];
  #queuedBytes = 0;
  #queuedMessages = 0;
  #running: Promise<void> | undefined;
  #compacting: Promise<void> | undefined;
  #cutNeeded = false;
  /** After a compaction that failed, the next begins when there is more to gain than this. */
  #compactPastBytes = 0;
  #closed = false;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }
  get queuedMessages(): number {
    return this.#queuedMessages;
  }
  get isIdle(): boolean {
    return this.#running === undefined;
  }

  async put(
    messages: readonly MessageToPut[],
    taking?: { readonly box: string; readonly ids: readonly number[] },
  ): Promise<readonly number[]> {
    const bodies = messages.map(({ body }) => body);
    const crcs = bodies.map((body) => crc32(body));
    const head = await this.#submit({
      messages: messages.length,
      bytes: bodies.reduce((sum, body) => sum + body.length, 0),
      make: () => ({
        head: {
          put: messages.map(({ box, meta = {}, body }, i) => [box, this.#nextId++, meta, body.length, crcs[i]!]),
          ...(taking && { remove: [taking.box, taking.ids] }),
        },
        bodies,
      }),
    });
    return head.put!.map(([, id]) => id);
  }

  async write(head: FrameHead): Promise<void> {
    await this.#submit({ messages: 0, bytes: 0, make: () => ({ head, bodies: [] }) });
  }

  async body(box: string, id: number): Promise<Buffer | undefined> {
    const entry = this.table.find(box, id);
    return entry?.place.segment.readBody(entry.place.at, entry.bodyBytes, entry.place.crc);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#compacting;
    for (const segment of this.#segments.splice(0)) await segment.close();
  }

  async open(): Promise<void> {
    const { directory, fileSystem } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    await fileSystem.syncDirectory(dirname(directory));
    const names = readdirSync(directory).sort();
    for (const name of names) if (LEFTOVER.test(name)) await fileSystem.remove(join(directory, name));
    const numbers = names.filter((name) => SEGMENT_FILE.test(name)).map((name) => Number.parseInt(name, 10));
    try {
      // An empty file at the end may be one that could not be begun: the one before was written to until the end.
      const sizes = numbers.map((number) => statSync(join(directory, segmentName(number))).size);
      const last = Math.max(
        0,
        sizes.findLastIndex((bytes) => bytes > FILE_HEADER_BYTES),
      );
      for (const [i, number] of numbers.entries()) await this.#load(number, i >= last);
      if (this.#segments.length === 0) await this.#begin();
    } catch (error) {
      for (const segment of this.#segments.splice(0)) await segment.close();
      throw error;
    }
  }

  /** @param isLast whether it may end in the torn tail that a crash leaves */
  async #load(number: number, isLast: boolean): Promise<void> {
    const { directory, fileSystem, logger } = this.#options;
    const { segment, fileBytes } = await openSegment(fileSystem, directory, number);
    const previous = this.#segments.at(-1);
    this.#segments.push(segment);
    if (previous && previous.number !== number - 1)
      throw mailboxDamage(previous.path, previous.bytes, 'the next one is missing');
    this.#nextId = Math.max(this.#nextId, segment.header.nextId);
    const { goodBytes, lastWriteAt } = await segment.scan(fileBytes, isLast, (frame) => {
      this.#apply(segment, frame);
      return undefined;
    });
    segment.bytes = goodBytes;
    if (goodBytes < fileBytes) {
      if (!isLast || (await segment.hasWriteAfter(goodBytes, fileBytes))) {
        throw mailboxDamage(segment.path, goodBytes, 'what stands there fails its check');
      }
      logger.warn({ path: segment.path, cutBytes: fileBytes - goodBytes }, 'cut the torn tail of a mailbox file');
      await segment.cut();
    }
    if (isLast) await segment.rewrite(lastWriteAt);
  }

  async #submit(op: Omit<Op, 'resolve' | 'reject'>): Promise<FrameHead> {
    if (this.#closed) throw new Error('the mailboxes are closed');
    if (this.#queue.length > 0) {
      const isFull = this.#queue.length >= QUEUE_OPS_MAX || this.#queuedBytes + op.bytes > QUEUE_BYTES_MAX;
      if (isFull) throw new Pushback('too many messages wait for the disk', 200);
    }
    if (op.messages > 0 && !op.alone && this.#deadBytes() > LAG_BYTES_MAX + this.#liveBytes()) {
      throw new Pushback('messages come faster than the room of those that went is freed');
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...op, resolve, reject });
      this.#queuedBytes += op.bytes;
      this.#queuedMessages += op.messages;
      // A microtask later, so that writes of one turn of the event loop share a group from the first on.
      this.#running ??= Promise.resolve().then(() => this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#commit(group);
      } catch (error) {
        for (const op of group) op.reject(error);
      }
      for (const op of group) {
        this.#queuedBytes -= op.bytes;
        this.#queuedMessages -= op.messages;
      }
      if (!this.#compacting && this.#isWasteful()) this.#compacting = this.#compact();
    }
    this.#running = undefined;
  }

  #takeGroup(): Op[] {
    let count = 0;
    for (let bytes = 0; count < this.#queue.length; count++) {
      const op = this.#queue[count]!;
      if (count > 0 && (op.alone || bytes + op.bytes > GROUP_BYTES_MAX)) break;
      bytes += op.bytes;
      if (op.alone) {
        count++;
        break;
      }
    }
    return this.#queue.splice(0, count);
  }

  async #commit(group: readonly Op[]): Promise<void> {
    if (this.#cutNeeded) await this.#cut();
    await this.#rotateIfFull();
    const segment = this.#last;
    const parts: Uint8Array[] = [];
    const made: { readonly op: Op; readonly frame: ScannedFrame }[] = [];
    let bytes = 0;
    for (const op of group) {
      const content = op.make();
      if (!content) {
        op.resolve({});
        continue;
      }
      const frame = encodeFrame(content, segment.header.salt, bytes === 0 ? FIRST_OF_WRITE : 0);
      const headBytes = frame[0]!.length + frame[1]!.length;
      made.push({ op, frame: { head: content.head, headBytes, bodiesAt: segment.bytes + bytes + headBytes } });
      bytes += frame.reduce((sum, part) => sum + part.length, 0);
      parts.push(...frame);
    }
    if (bytes === 0) return;
    try {
      await segment.append(Buffer.concat(parts, bytes));
    } catch (error) {
      // Its callers are told that it failed, so it must not come back after a restart.
      await this.#cut().catch(() => {});
      throw pushbackWhenFull(error, 'the mailboxes take no messages');
    }
    for (const { op, frame } of made) {
      this.#apply(segment, frame);
      op.resolve(frame.head);
    }
  }

  async #cut(): Promise<void> {
    this.#cutNeeded = true;
    try {
      await this.#last.cut();
    } catch (error) {
      throw pushbackWhenFull(error, 'the mailboxes take no messages');
    }
    this.#cutNeeded = false;
  }

  /** What a frame did: the one way in which the table changes, at start and after each write. */
  #apply(segment: Segment, { head, headBytes, bodiesAt }: ScannedFrame): void {
    let at = bodiesAt;
    const recordBytes = Math.ceil(headBytes / Math.max(1, head.put?.length ?? 0));
    for (const [box, id, meta, bodyBytes, crc] of head.put ?? []) {
      this.#release(this.table.find(box, id));
      const bytes = recordBytes + bodyBytes;
      this.table.set(box, { id, meta, bodyBytes, place: { segment, at, crc, bytes } });
      segment.liveBytes += bytes;
      segment.liveCount++;
      at += bodyBytes;
      this.#nextId = Math.max(this.#nextId, id + 1);
    }
    if (head.update) {
      const [box, changes] = head.update;
      for (const [id, meta] of changes) {
        const known = this.table.find(box, id);
        if (known) this.table.set(box, { ...known, meta });
      }
    }
    if (head.remove) {
      const [box, ids] = head.remove;
      for (const id of ids) this.#release(this.table.delete(box, id));
    }
    if (head.drop !== undefined) {
      for (const { id } of [...this.table.entries(head.drop)]) this.#release(this.table.delete(head.drop, id));
    }
  }

  #release(entry: TableEntry<Place> | undefined): void {
    if (!entry) return;
    entry.place.segment.liveBytes -= entry.place.bytes;
    entry.place.segment.liveCount--;
  }

  get #last(): Segment {
    const last = this.#segments.at(-1);
    assert(last, 'the mailboxes are open');
    return last;
  }

  #liveBytes(): number {
    return this.#segments.reduce((sum, { liveBytes }) => sum + liveBytes, 0);
  }

  #deadBytes(): number {
    return this.#segments.reduce((sum, { bytes, liveBytes }) => sum + bytes - liveBytes, 0);
  }

  #segmentBytes(): number {
    return Math.max(this.#options.segmentBytesMin, this.#liveBytes() / LIVE_SEGMENTS);
  }

  #isWasteful(): boolean {
    const slackBytes = this.#liveBytes() + SLACK_SEGMENTS * this.#segmentBytes();
    return !this.#closed && this.#deadBytes() > Math.max(slackBytes, this.#compactPastBytes);
  }

  /** When the disk has no room for another file, the last one goes on. */
  async #rotateIfFull(): Promise<void> {
    if (this.#last.bytes < this.#segmentBytes()) return;
    try {
      await this.#begin();
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'could not begin a new mailbox file; the last one goes on');
    }
  }

  async #begin(): Promise<void> {
    const { directory, fileSystem, random } = this.#options;
    const salt = random.bytes(4).readUInt32LE();
    const number = (this.#segments.at(-1)?.number ?? 0) + 1;
    this.#segments.push(await createSegment(fileSystem, directory, number, { salt, nextId: this.#nextId }));
  }

  async #compact(): Promise<void> {
    try {
      while (this.#isWasteful() && this.#segments.length > 1) await this.#dropOldest();
      this.#compactPastBytes = 0;
    } catch (error) {
      this.#compactPastBytes = this.#deadBytes() + this.#segmentBytes();
      if (!this.#closed) {
        this.#options.logger.warn({ err: error }, 'could not free room in the mailboxes; it is tried again later');
      }
    }
    this.#compacting = undefined;
  }

  async #dropOldest(): Promise<void> {
    const { directory, fileSystem, logger } = this.#options;
    const oldest = this.#segments[0]!;
    await emptySegment(oldest, {
      table: this.table,
      fileSystem,
      logger,
      write: async (make) => void (await this.#submit({ messages: 0, bytes: 0, alone: true, make })),
    });
    // Names go in order: an older file that came back without the next one would bring back what that one removed.
    await fileSystem.syncDirectory(directory);
    this.#segments.shift();
    await oldest.close();
  }
}
