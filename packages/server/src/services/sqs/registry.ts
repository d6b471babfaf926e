import type { Clock } from '../../base/clock.ts';
import { type Random, randomString } from '../../base/random.ts';
import type { Mailboxes, MessageEntry } from '../../ports/mailboxes.ts';
import { type State, StateConflict } from '../../ports/state.ts';
import { noSuchQueue } from './errors.ts';
import { LiveQueue } from './live-queue.ts';
import { boxOf, isFifo, markerBoxOf, type Queue, type QueueName, stateKey, statePrefix } from './model.ts';

/** What was sent to a FIFO queue under a deduplication id. */
export interface Sent {
  readonly messageId: string;
  readonly sequenceNumber?: string;
}

export interface Marker {
  readonly sent: Promise<Sent>;
  /** Of the steady clock. */
  readonly untilMs: number;
}

/** A queue that is there: its definition, and what is under way. */
export interface OpenQueue {
  /** The latest; another object after each change. */
  queue: Queue;
  readonly box: string;
  readonly markerBox: string;
  readonly live: LiveQueue;
  /** By group and deduplication id, the oldest first. FIFO queues alone have some. */
  readonly markers: Map<string, Marker>;
  /** By ReceiveRequestAttemptId. */
  readonly attempts: Map<
    string,
    { readonly taken: readonly { id: number; receives: number }[]; readonly untilMs: number }
  >;
  /** Of the steady clock. */
  purgedMs: number;
  /** What still comes in is nobody's. */
  deleted: boolean;
}

export interface RegistryDeps {
  readonly state: State;
  readonly mailboxes: Mailboxes;
  readonly clock: Clock;
  readonly random: Random;
}

/** FIFO queues remember for this long what was sent, and what was received by which attempt. */
export const DEDUPLICATION_MS = 300_000;
/** No message is hidden for longer (SQS API reference, VisibilityTimeout). */
export const HIDDEN_MS_MAX = 43_200_000;

/** All queues, in memory; what is changed is durable first. */
export interface Registry {
  find(name: QueueName): OpenQueue | undefined;
  /** @throws AwsError QueueDoesNotExist */
  require(name: QueueName): OpenQueue;
  /** In order of name. */
  list(accountId: string, region: string): readonly OpenQueue[];
  all(): Iterable<OpenQueue>;
  /** Somebody else's queue of that name wins: it is given back then. */
  create(queue: Omit<Queue, 'secret'>): Promise<OpenQueue>;
  /** @throws AwsError QueueDoesNotExist */
  change(name: QueueName, edit: (queue: Queue) => Queue): Promise<void>;
  delete(name: QueueName): Promise<void>;
  close(): void;
}

/** Opens what State has, with the messages that wait; mailboxes of queues that were deleted are emptied. */
export async function openRegistry({ state, mailboxes, clock, random }: RegistryDeps): Promise<Registry> {
  const queues = new Map<string, OpenQueue>();

  const open = (queue: Queue): OpenQueue => {
    const known = queues.get(stateKey(queue));
    if (known?.queue.secret === queue.secret) return known;
    const opened: OpenQueue = {
      queue,
      box: boxOf(queue),
      markerBox: markerBoxOf(queue),
      live: new LiveQueue(clock, isFifo(queue)),
      markers: new Map(),
      attempts: new Map(),
      purgedMs: Number.NEGATIVE_INFINITY,
      deleted: false,
    };
    queues.set(stateKey(queue), opened);
    return opened;
  };

  const load = (opened: OpenQueue) => {
    const nowMs = clock.now();
    for (const entry of mailboxes.entries(opened.box)) addEntry(opened, entry, nowMs);
    for (const { id, meta } of mailboxes.entries(opened.markerBox)) {
      const ageMs = Math.max(0, nowMs - Number(meta.at));
      const sent = { messageId: String(meta.m), sequenceNumber: sequenceNumber(id - 1) };
      opened.markers.set(String(meta.k), {
        sent: Promise.resolve(sent),
        untilMs: clock.monotonicMs() + DEDUPLICATION_MS - Math.min(ageMs, DEDUPLICATION_MS),
      });
    }
  };

  for (const { key, value } of await state.list<Queue>('sqs/')) {
    if (/^sqs\/\d{12}\/[^/]+\/queue\//.test(key)) load(open(value));
  }
  const known = new Set([...queues.values()].flatMap(({ box, markerBox }) => [box, markerBox]));
  for (const box of mailboxes.boxes('sqs/')) if (!known.has(box)) await mailboxes.drop(box);

  return {
    find: (name) => queues.get(stateKey(name)),
    require(name) {
      const found = queues.get(stateKey(name));
      if (!found) throw noSuchQueue();
      return found;
    },
    list: (accountId, region) =>
      [...queues]
        .filter(([key]) => key.startsWith(statePrefix(accountId, region)))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, opened]) => opened),
    all: () => queues.values(),
    async create(queue) {
      const made = { ...queue, secret: randomString(random, 32, '0123456789abcdef') };
      for (;;) {
        try {
          await state.write([{ put: stateKey(made), value: made, ifVersion: 'absent' }]);
          return open(made);
        } catch (error) {
          if (!(error instanceof StateConflict)) throw error;
          const other = await state.get<Queue>(stateKey(made));
          if (other) return open(other.value);
        }
      }
    },
    async change(name, edit) {
      for (;;) {
        const entry = await state.get<Queue>(stateKey(name));
        const opened = queues.get(stateKey(name));
        if (!entry || !opened) throw noSuchQueue();
        const edited = edit(entry.value);
        try {
          await state.write([{ put: stateKey(name), value: edited, ifVersion: entry.version }]);
        } catch (error) {
          if (error instanceof StateConflict) continue;
          throw error;
        }
        opened.queue = edited;
        return;
      }
    },
    async delete(name) {
      const opened = queues.get(stateKey(name));
      if (!opened) throw noSuchQueue();
      await state.write([{ delete: stateKey(name) }]);
      queues.delete(stateKey(name));
      opened.deleted = true;
      opened.live.close();
      await mailboxes.drop(opened.box);
      await mailboxes.drop(opened.markerBox);
    },
    close() {
      for (const { live } of queues.values()) live.close();
    },
  };
}

/** Gives a message that the mailbox holds its place in the queue. */
export function addEntry({ live }: OpenQueue, { id, meta }: MessageEntry, nowMs: number): void {
  const hiddenMs = meta.v === undefined ? 0 : Math.min(Number(meta.v) - nowMs, HIDDEN_MS_MAX);
  live.add({ id, group: String(meta.g ?? ''), receives: Number(meta.n ?? 0), hiddenMs });
}

/** 20 digits, ascending with the order in which messages came: the message's number in the mailboxes. */
export const sequenceNumber = (id: number): string => `1${String(id).padStart(19, '0')}`;
