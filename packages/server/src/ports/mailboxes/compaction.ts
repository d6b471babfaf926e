import { assert, OperatorError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { LogFileSystem } from '../log/file-system.ts';
import type { FrameContent, FrameHead, PutRecord } from './frames.ts';
import type { Place, Segment } from './segment.ts';
import type { MailboxTable } from './table.ts';

/** Moved at a time: others get their turn in between. */
const MOVE_BYTES = 1 << 20;
const MOVE_MESSAGES = 1000;

export interface Surroundings {
  readonly table: MailboxTable<Place>;
  readonly fileSystem: LogFileSystem;
  readonly logger: Logger;
  /** Makes durable, and seen, what `make` says when all writes before it have been. */
  readonly write: (make: () => FrameContent | undefined) => Promise<void>;
}

interface Found {
  readonly record: PutRecord;
  /** Where its body is. */
  readonly at: number;
}

/**
 * Writes what lives in a segment once more at the end, and deletes its file, whose name the caller then makes to be gone
 * for good. A message whose body is damaged is given up: no reader could have had it. The file then stays, under another
 * name, for whoever can make something of it.
 */
export async function emptySegment(
  segment: Segment,
  { table, fileSystem, logger, write }: Surroundings,
): Promise<void> {
  let moving: { readonly record: PutRecord; readonly body: Buffer }[] = [];
  let bytes = 0;
  let damaged = 0;

  const entryOf = ([box, id]: PutRecord) => table.find(box, id);
  const move = async () => {
    const found = moving;
    moving = [];
    bytes = 0;
    await write(() => {
      const alive = found.filter(({ record }) => entryOf(record)?.place.segment === segment);
      if (alive.length === 0) return undefined;
      const put = alive.map(({ record }): PutRecord => {
        const { id, meta, bodyBytes, place } = entryOf(record)!;
        return [record[0], id, meta, bodyBytes, place.crc];
      });
      return { head: { put }, bodies: alive.map(({ body }) => body) };
    });
  };
  const take = async ({ record, at }: Found) => {
    const [box, id, , length, crc] = record;
    try {
      moving.push({ record, body: await segment.readBody(at, length, crc) });
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      logger.error({ err: error, box, id }, 'a message is lost: its body is damaged');
      damaged++;
      await write(() => ({ head: { remove: [box, [id]] }, bodies: [] }));
    }
    bytes += length;
    if (bytes >= MOVE_BYTES || moving.length >= MOVE_MESSAGES) await move();
  };

  if (segment.liveCount > 0) {
    await segment.scan(segment.bytes, false, ({ head, bodiesAt }) => {
      const alive = bodiesOf(head, bodiesAt).filter(({ record, at }) => {
        const place = entryOf(record)?.place;
        return place?.segment === segment && place.at === at;
      });
      return alive.length === 0 ? undefined : inTurn(alive, take);
    });
    await move();
  }
  assert(segment.liveCount === 0, `all that lives in ${segment.path} has been moved`);
  if (damaged === 0) await fileSystem.remove(segment.path);
  else await fileSystem.rename(segment.path, `${segment.path}.damaged`);
}

function bodiesOf({ put = [] }: FrameHead, bodiesAt: number): readonly Found[] {
  let at = bodiesAt;
  return put.map((record) => {
    at += record[3];
    return { record, at: at - record[3] };
  });
}

async function inTurn<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (const item of items) await work(item);
}
