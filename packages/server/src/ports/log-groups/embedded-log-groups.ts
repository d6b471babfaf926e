import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, pushbackWhenFull, systemErrorCode } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { type Random, systemRandom } from '../../base/random.ts';
import { type LogFileSystem, nodeFileSystem } from '../log/file-system.ts';
import type { LogGroupStore } from '../log-groups.ts';
import { BlockCache } from './cache.ts';
import { GroupStore, SEGMENT_LIMITS, type SegmentLimits, type Shared } from './group.ts';

export interface LogGroupStoreOptions {
  readonly directory: string;
  readonly logger: Logger;
  readonly random?: Random;
  /** For tests. */
  readonly fs?: LogFileSystem;
  readonly limits?: SegmentLimits;
}

/** Blocks and lists of blocks that were read last, in memory. */
const CACHE_BYTES = 48 << 20;
const GROUP = /^[A-Za-z0-9-]{1,64}$/;

/** Log groups in a folder, a folder a group; see `group.ts`. Groups are opened when they are first asked for. */
export async function openLogGroups(options: LogGroupStoreOptions): Promise<LogGroupStore> {
  const { directory, logger, random = systemRandom, fs = nodeFileSystem, limits = SEGMENT_LIMITS } = options;
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

  /** One that is not there is made only when it is written to. */
  async function group(name: string, make = false): Promise<GroupStore | undefined> {
    assert(GROUP.test(name), 'a group has a name that a folder may have');
    const open = known.get(name);
    if (open) return open;
    if (!make && !onDisk.has(name)) return undefined;
    const opening = openGroup(name).catch((error) => {
      known.delete(name);
      throw pushbackWhenFull(error, 'log groups take no events');
    });
    known.set(name, opening);
    return opening;
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
      await (await group(name, true))!.append(stream, events, ingestedMs);
    },
    async *read(name, range) {
      yield* (await group(name))?.read(range) ?? [];
    },
    async readIngested(name, from, bytesMax) {
      return (await group(name))?.readIngested(from, bytesMax) ?? [];
    },
    end: async (name) => (await group(name))?.end ?? 0,
    figures: async (name) => (await group(name))?.figures ?? new Map(),
    async retain(name, beforeMs, floor) {
      await (await group(name))?.retain(beforeMs, floor);
    },
    async drop(name) {
      const open = await known.get(name);
      known.delete(name);
      onDisk.delete(name);
      await open?.close();
      await rm(join(directory, name), { recursive: true, force: true });
    },
    groups: async () => [...onDisk].sort(),
    async close() {
      const open = await Promise.allSettled(known.values());
      for (const one of open) if (one.status === 'fulfilled') await one.value.close();
      await sealing;
    },
  };
}
