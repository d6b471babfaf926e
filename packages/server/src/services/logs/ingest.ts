import { AwsError } from '../../base/errors.ts';
import type { NewLogEvent } from '../../ports/log-groups.ts';
import type { LogGroups, LogLine } from '../doors.ts';
import type { LogsDeps } from './deps.ts';
import { invalid } from './errors.ts';
import type { Groups } from './group-store.ts';
import { type Group, placeOfArn, type Stream } from './model.ts';

/** The one way in for log events. */
export interface Ingest {
  /** Durable when it resolves. Events are in order of time. */
  append(group: Pick<Group, 'id'>, stream: Stream, events: readonly NewLogEvent[]): Promise<void>;
  /** `listener` hears the id of each group that gets events, after they are durable. @returns how to stop */
  onIngest(listener: (groupId: string) => void): () => void;
}

export function createIngest({ store, clock }: Pick<LogsDeps, 'store' | 'clock'>): Ingest {
  const listeners = new Set<(groupId: string) => void>();
  return {
    async append({ id }, stream, events) {
      if (events.length === 0) return;
      await store.append(id, stream.number, events, clock.now());
      for (const listener of listeners) listener(id);
    },
    onIngest(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** CloudTrail never sends larger ones (spec: delivery §6). In bytes of UTF-8. */
const SERVICE_EVENT_BYTES_MAX = 256 * 1024;
/** Stored at a time. */
const BATCH_EVENTS = 5_000;

/** For services that write into groups: streams are made as they are named. Events that are too large are passed over. */
export function createLogGroupsDoor(
  { logger, store }: Pick<LogsDeps, 'logger' | 'store'>,
  groups: Groups,
  ingest: Ingest,
): LogGroups {
  async function named(logGroupArn: string): Promise<Group> {
    const place = placeOfArn(logGroupArn);
    if (!place) throw invalid(`${logGroupArn} is not the ARN of a log group.`);
    return (await groups.find(place, place.name)).value;
  }

  async function streamOf(group: Group, name: string): Promise<Stream> {
    const unlessThere = (code: string) => (error: unknown) => {
      if (error instanceof AwsError && error.code === code) return undefined;
      throw error;
    };
    const find = () => groups.stream(group, name);
    const made = () =>
      groups.createStream(group, group.name, name).catch(unlessThere('ResourceAlreadyExistsException'));
    return (await find().catch(unlessThere('ResourceNotFoundException'))) ?? (await made()) ?? (await find());
  }

  return {
    async put(logGroupArn, logStream, events) {
      const group = await named(logGroupArn);
      const stream = await streamOf(group, logStream);
      const fitting = events.filter(({ message }) => Buffer.byteLength(message) <= SERVICE_EVENT_BYTES_MAX);
      if (fitting.length < events.length) {
        const count = events.length - fitting.length;
        logger.warn({ logGroupArn, logStream, count }, 'events of more than 256 KB are not sent to log groups');
      }
      const byTime = fitting.toSorted((a: LogLine, b: LogLine) => a.timestampMs - b.timestampMs);
      for (let i = 0; i < byTime.length; i += BATCH_EVENTS) {
        await ingest.append(group, stream, byTime.slice(i, i + BATCH_EVENTS));
      }
    },
    async tail(logGroupArn, logStream, bytes) {
      const group = await named(logGroupArn);
      const messages = new Set<string>();
      const stream = (await groups.streams(group)).find(({ name }) => name === logStream);
      if (!stream) return messages;
      let left = bytes;
      for await (const batch of store.read(group.id, { streams: new Set([stream.number]), backward: true })) {
        for (const { message } of batch) {
          messages.add(message);
          left -= Buffer.byteLength(message);
        }
        if (left <= 0) break;
      }
      return messages;
    },
  };
}
