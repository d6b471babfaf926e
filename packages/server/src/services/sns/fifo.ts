import { createHash } from 'node:crypto';
import type { Mailboxes, MessageToPut } from '../../ports/mailboxes.ts';
import { type State, StateConflict } from '../../ports/state.ts';
import type { Message } from './message.ts';
import type { Topic } from './model.ts';

export interface Published {
  readonly messageId: string;
  readonly sequenceNumber?: string;
}

/**
 * What FIFO topics add: numbers that ascend, and no message twice within five minutes. What was published is remembered
 * in a mailbox beside the messages, by the same atomic write, so that a crash does not forget it.
 */
export interface Fifo {
  /**
   * Publishes unless the same was published in the last five minutes. `make` and what it hands over happen in one go,
   * in the order of calls.
   */
  once(
    topic: Topic,
    message: Message,
    messageId: string,
    make: (sequenceNumber: string, deduplicationId: string) => readonly MessageToPut[],
    put: (messages: readonly MessageToPut[]) => Promise<unknown>,
  ): Promise<Published>;
  forget(topicArn: string): Promise<void>;
}

/** AWS's deduplication interval. */
const REMEMBERED_MS = 5 * 60_000;
const SEQUENCE_KEY = 'sns-sequence';
const FIRST = 10n ** 19n;
/** Numbers that one start of the server can give out. */
const NUMBERS_PER_START = 2n ** 32n;
/** Old entries that one publish clears away: more than it adds. */
const CLEARED_AT_ONCE = 8;

interface Remembered {
  readonly entryId: number;
  readonly atMs: number;
  readonly published: Published;
}
interface EntryMeta {
  readonly key: string;
  readonly atMs: number;
  readonly messageId: string;
  readonly sequenceNumber: string;
}
interface Memory {
  readonly known: Map<string, Remembered>;
  readonly underWay: Map<string, Promise<Published>>;
}

/** @param deps.now milliseconds; a wall clock that goes back makes the memory last longer, never shorter */
export async function openFifo(deps: { state: State; mailboxes: Mailboxes; now: () => number }): Promise<Fifo> {
  const { mailboxes, now } = deps;
  let next = FIRST + (await nextStart(deps.state)) * NUMBERS_PER_START;
  const memories = new Map<string, Memory>();

  function memoryOf(box: string): Memory {
    let memory = memories.get(box);
    if (!memory) {
      memory = { known: new Map(), underWay: new Map() };
      for (const { id, meta } of mailboxes.entries(box)) {
        const { key, atMs, messageId, sequenceNumber } = meta as unknown as EntryMeta;
        keep(memory, key, { entryId: id, atMs, published: { messageId, sequenceNumber } });
      }
      memories.set(box, memory);
    }
    return memory;
  }

  return {
    async once(topic, message, messageId, make, put) {
      const box = boxOfMemory(topic.arn);
      const memory = memoryOf(box);
      const deduplicationId = message.deduplicationId ?? createHash('sha256').update(message.message).digest('hex');
      const inGroup = topic.attributes.FifoThroughputScope === 'MessageGroup';
      const key = inGroup ? `${message.groupId}\n${deduplicationId}` : deduplicationId;
      await forgetOld(box, memory);
      const earlier = memory.known.get(key);
      if (earlier && earlier.atMs > now() - REMEMBERED_MS) return earlier.published;
      const running = memory.underWay.get(key);
      if (running) return running;

      const sequenceNumber = String(next++);
      const published = { messageId, sequenceNumber };
      const atMs = now();
      const meta = { key, atMs, messageId, sequenceNumber } satisfies EntryMeta;
      const doing = Promise.resolve(put([...make(sequenceNumber, deduplicationId), { box, body: NOTHING, meta }])).then(
        (ids) => {
          const entryId = (ids as readonly number[]).at(-1)!;
          keep(memory, key, { entryId, atMs, published });
          return published;
        },
      );
      memory.underWay.set(key, doing);
      try {
        return await doing;
      } finally {
        memory.underWay.delete(key);
      }
    },
    async forget(topicArn) {
      const box = boxOfMemory(topicArn);
      memories.delete(box);
      await mailboxes.drop(box);
    },
  };

  async function forgetOld(box: string, { known }: Memory): Promise<void> {
    const old: number[] = [];
    for (const [key, { entryId, atMs }] of known) {
      if (atMs > now() - REMEMBERED_MS || old.length === CLEARED_AT_ONCE) break;
      old.push(entryId);
      known.delete(key);
    }
    if (old.length > 0) await mailboxes.remove(box, old);
  }
}

/** The map is in order of time. One that another takes the place of is kept too, until its entry is cleared away. */
function keep({ known }: Memory, key: string, one: Remembered): void {
  const earlier = known.get(key);
  if (earlier) known.set(`${key}\n${earlier.entryId}`, earlier);
  known.delete(key);
  known.set(key, one);
}

const NOTHING = Buffer.alloc(0);
const boxOfMemory = (topicArn: string) => `sns-published/${topicArn.slice('arn:aws:sns:'.length).replaceAll(':', '/')}`;

/** How often the server was started: numbers of a later start are higher, whatever the clock says. */
async function nextStart(state: State): Promise<bigint> {
  for (;;) {
    const known = await state.get<number>(SEQUENCE_KEY);
    const start = (known?.value ?? 0) + 1;
    try {
      await state.write([{ put: SEQUENCE_KEY, value: start, ifVersion: known?.version ?? 'absent' }]);
      return BigInt(start);
    } catch (error) {
      if (!(error instanceof StateConflict)) throw error;
    }
  }
}
