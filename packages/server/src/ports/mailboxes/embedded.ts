import { assert, Pushback } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import { type LogFileSystem, nodeFileSystem } from '../log/file-system.ts';
import type { Mailboxes, MessageMeta } from '../mailboxes.ts';
import { MailboxJournal } from './journal.ts';

export interface MailboxOptions {
  readonly directory: string;
  readonly random: Random;
  readonly logger: Logger;
  readonly fileSystem?: LogFileSystem;
  /** Why the disk has no room for more messages, or undefined; removing goes on. */
  readonly shortage?: () => string | undefined;
  readonly limits?: Partial<MailboxLimits>;
}

export interface MailboxLimits {
  /** Of all bodies. The folder takes up to about twice as much. */
  readonly bytesMax: number;
  /** Of all boxes; each takes some 500 bytes of memory. */
  readonly messagesMax: number;
  /** A file that has grown to this is the last no longer, as long as there are few. */
  readonly segmentBytesMin: number;
}

/** A day of 100 full-size messages a minute; and what a server of 2 GB of memory can know of. */
const LIMITS: MailboxLimits = { bytesMax: 32 * 2 ** 30, messagesMax: 2_000_000, segmentBytesMin: 16 << 20 };

/** Of one put, and of what is known of one message: the contract's. */
const BOX_BYTES_MAX = 512;
const META_CHARS_MAX = 4096;
const PUT_BYTES_MAX = 64 << 20;
const PUT_MESSAGES_MAX = 10_000;
const CHANGES_MAX = 10_000;
const REMOVED_MAX = 1_000_000;
/** How soon a caller may try again when there is too much: somebody has to take some first. */
const RETRY_AFTER_LIMIT_MS = 5_000;

/**
 * Mailboxes in files of this machine: see `journal.ts`.
 * @throws OperatorError when a file is damaged anywhere but in the torn tail that a crash leaves
 */
export async function openMailboxes(options: MailboxOptions): Promise<Mailboxes> {
  const limits = { ...LIMITS, ...options.limits };
  const { fileSystem = nodeFileSystem, shortage = () => undefined } = options;
  const journal = new MailboxJournal({ ...options, fileSystem, segmentBytesMin: limits.segmentBytesMin });
  await journal.open();
  const { table } = journal;

  const checkRoom = (count: number, bytes: number) => {
    const reason = shortage();
    if (reason !== undefined) throw new Pushback(reason, RETRY_AFTER_LIMIT_MS);
    if (table.count + journal.queuedMessages + count > limits.messagesMax) {
      throw new Pushback(`${table.count} messages wait to be taken, as many as may`, RETRY_AFTER_LIMIT_MS);
    }
    if (table.bytes + journal.queuedBytes + bytes > limits.bytesMax) {
      throw new Pushback(`${table.bytes} bytes of messages wait to be taken, as many as may`, RETRY_AFTER_LIMIT_MS);
    }
  };

  return {
    async put(messages, taking) {
      if (messages.length === 0 && !taking) return [];
      const bytes = messages.reduce((sum, { body }) => sum + body.length, 0);
      assert(bytes <= PUT_BYTES_MAX, `a put of at most ${PUT_BYTES_MAX} bytes`);
      assert(messages.length <= PUT_MESSAGES_MAX, `a put of at most ${PUT_MESSAGES_MAX} messages`);
      for (const { box, meta } of messages) {
        assert(box !== '' && Buffer.byteLength(box) <= BOX_BYTES_MAX, `path of a mailbox: ${box}`);
        if (meta) checkMeta(meta);
      }
      checkRoom(messages.length, bytes);
      return journal.put(messages, taking);
    },
    entries: (box, after) => table.entries(box, after),
    entry: (box, id) => table.find(box, id),
    size: (box) => table.size(box),
    body: (box, id) => journal.body(box, id),
    async update(box, changes) {
      assert(changes.length <= CHANGES_MAX, `an update of at most ${CHANGES_MAX} messages`);
      for (const { meta } of changes) checkMeta(meta);
      if (changes.length > 0) await journal.write({ update: [box, changes.map(({ id, meta }) => [id, meta])] });
    },
    async remove(box, ids) {
      assert(ids.length <= REMOVED_MAX, `a removal of at most ${REMOVED_MAX} messages`);
      if (ids.length > 0) await journal.write({ remove: [box, ids] });
    },
    async drop(box) {
      if (table.size(box).count > 0 || !journal.isIdle) await journal.write({ drop: box });
    },
    boxes: (prefix) => table.boxes(prefix),
    close: () => journal.close(),
  };
}

function checkMeta(meta: MessageMeta): void {
  assert(
    JSON.stringify(meta).length <= META_CHARS_MAX,
    `what is known of a message is at most ${META_CHARS_MAX} bytes`,
  );
}
