import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, Pushback, pushbackWhenFull, systemErrorCode } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { type Random, systemRandom } from '../../base/random.ts';
import { type LogFileSystem, nodeFileSystem } from '../log/file-system.ts';
import type { LogGroupStore, StoredLogEvent, StreamFigures } from '../log-groups.ts';
import { BlockCache } from './cache.ts';
import { GroupStore, SEGMENT_LIMITS, type SegmentLimits, type Shared } from './group.ts';

export interface LogGroupStoreOptions {
  readonly directory: string;
  readonly logger: Logger;
  readonly random?: Random;
  /** Why the disk has no room for more, or undefined. */
  readonly shortage?: () => string | undefined;
  /** For tests. */
  readonly fs?: LogFileSystem;
  readonly limits?: SegmentLimits;
  readonly openMax?: number;
}

/** Blocks and lists of blocks that were read last, in memory. */
const CACHE_BYTES = 48 << 20;
/** Groups that are open at once: each has a file or a few. What nobody uses is closed first. */
const OPEN_MAX = 512;
/** Space does not come back in a moment. */
const RETRY_AFTER_FULL_MS = 10_000;
const GROUP = /^[A-Za-z0-9-]{1,64}$/;

/** Log groups in a folder, a folder a group; see `group.ts`. Groups are opened when they are first asked for. */
export async function openLogGroups(options: LogGroupStoreOptions): Promise<LogGroupStore> {
  const {
    directory,
    logger,
    random = systemRandom,
    fs = nodeFileSystem,
    limits = SEGMENT_LIMITS,
    openMax = OPEN_MAX,
  } = options;
  let sealing: Promise<void> = Promise.resolve();
  const shared: Shared = {
    ...{ fs, logger, random, limits, waitingBytes: 0, cache: new BlockCache(CACHE_BYTES) },
    sealLater(work) {
      sealing = sealing.then(work);
    },
  };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const known = new Map<string, Promise<GroupStore>>();
  const onDisk = new Set(await readdir(directory));

  const closing = new Map<string, Promise<void>>();

  /** One that is not there is made only when it is written to. */
  async function group(name: string, make: boolean): Promise<GroupStore | undefined> {
    assert(GROUP.test(name), 'a group has a name that a folder may have');
    while (closing.has(name)) await closing.get(name);
    const opening = known.get(name);
    if (!opening && !make && !onDisk.has(name)) return undefined;
    const open = opening ?? openGroup(name);
    known.delete(name);
    known.set(name, open); // the last of them is the one that was used last
    if (known.size > openMax) void close(known.keys().next().value!);
    return open.catch((error) => {
      if (known.get(name) === open) known.delete(name);
      throw pushbackWhenFull(error, 'log groups take no events');
    });
  }

  /** @param work begins at once, before the group can be closed */
  async function using<T>(
    name: string,
    make: boolean,
    work: (group: GroupStore) => T | Promise<T>,
    none: T,
  ): Promise<T> {
    for (;;) {
      const open = await group(name, make);
      if (!open) return none;
      if (!open.isClosed) return work(open);
    }
  }

  /** Nobody opens it anew before all is done with its files. */
  function close(name: string): Promise<void> {
    const opening = known.get(name);
    known.delete(name);
    const done = (async () => {
      const open = await opening?.catch(() => undefined);
      await open?.close();
      await sealing;
    })().finally(() => closing.delete(name));
    closing.set(name, done);
    return done;
  }

  async function openGroup(name: string): Promise<GroupStore> {
    await mkdir(join(directory, name), { mode: 0o700 }).catch((error) => {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
    });
    await fs.syncDirectory(directory);
    onDisk.add(name);
    return GroupStore.open(join(directory, name), shared);
  }

  return {
    async append(name, stream, events, ingestedMs) {
      const reason = options.shortage?.();
      if (reason !== undefined) throw new Pushback(reason, RETRY_AFTER_FULL_MS);
      await using(name, true, (open) => open.append(stream, events, ingestedMs), undefined);
    },
    async *read(name, range) {
      // A generator begins when it is first asked: the first page is what the group is held open for.
      const begun = await using(
        name,
        false,
        (open) => {
          const pages = open.read(range);
          return { pages, first: pages.next() };
        },
        undefined,
      );
      if (!begun) return;
      try {
        const first = await begun.first;
        if (first.done) return;
        yield first.value;
        yield* begun.pages;
      } finally {
        await begun.pages.return();
      }
    },
    readIngested: (name, from, bytesMax) =>
      using<readonly StoredLogEvent[]>(name, false, (open) => open.readIngested(from, bytesMax), []),
    end: (name) => using(name, false, (open) => open.end, 0),
    figures: (name) => using<ReadonlyMap<number, StreamFigures>>(name, false, (open) => open.figures, new Map()),
    retain: (name, beforeMs, floor) => using(name, false, (open) => open.retain(beforeMs, floor), undefined),
    async drop(name) {
      onDisk.delete(name);
      await close(name);
      await rm(join(directory, name), { recursive: true, force: true });
    },
    groups: async () => [...onDisk].sort(),
    async close() {
      await Promise.all([...closing.values(), ...[...known.keys()].map(close)]);
    },
  };
}
