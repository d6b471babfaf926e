import { statfs } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';

/**
 * Kept free of what could as well come later, so that what must be finished can be: sealing (which frees more than it
 * takes), state, log files on their way, the records of calls that still go on. A full segment takes some 50 MB sealed.
 */
const RESERVE_BYTES_MAX = 128 << 20;
/** Of a small disk, this part: what came in during the last seconds takes as much again twice, spooled and delivered. */
const RESERVE_PART = 1 / 10;
/** Between two looks, events can take some 30 MB. */
const LOOK_DELAY_MS = 250;

export interface DiskSpace {
  /** Why nothing new is to be begun, in words; undefined when there is room. */
  shortage(): string | undefined;
  /** Why not even the records of calls are to be kept: half of the reserve is gone. */
  scarcity(): string | undefined;
  close(): Promise<void>;
}

export interface DiskSpaceOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For tests. */
  readonly measure?: (
    path: string,
  ) => Promise<{ readonly bsize: number; readonly blocks: number; readonly bavail: number }>;
}

/** Looks at the room on the disk of `directory`, now and then every quarter of a second. */
export async function watchDiskSpace(options: DiskSpaceOptions): Promise<DiskSpace> {
  const { directory, clock, logger, measure = (path) => statfs(path) } = options;
  let freeBytes = Number.POSITIVE_INFINITY;
  let reserveBytes = 0;
  let wasShort = false;
  let closed = false;
  let cancel = () => {};
  let looking: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    try {
      const { bsize, blocks, bavail } = await measure(directory);
      freeBytes = bsize * bavail;
      reserveBytes = Math.min(RESERVE_BYTES_MAX, Math.floor(bsize * blocks * RESERVE_PART));
    } catch (error) {
      freeBytes = Number.POSITIVE_INFINITY; // what cannot be measured is found out by writing
      logger.debug({ err: error, directory }, 'cannot measure the free space');
    }
    const isShort = freeBytes < reserveBytes;
    if (isShort && !wasShort) logger.error({ directory, freeBytes, reserveBytes }, 'the disk is almost full');
    if (!isShort && wasShort) logger.info({ directory, freeBytes }, 'the disk has room again');
    wasShort = isShort;
    if (closed) return;
    cancel = clock.after(LOOK_DELAY_MS, () => {
      looking = look();
    });
  };
  const below = (bytes: number) =>
    freeBytes < bytes
      ? `disk full: ${mebibytes(freeBytes)} MiB are free in ${directory}, and ${mebibytes(reserveBytes)} MiB are kept in reserve`
      : undefined;

  await look();
  return {
    shortage: () => below(reserveBytes),
    scarcity: () => below(reserveBytes / 2),
    async close() {
      closed = true;
      cancel();
      await looking;
      cancel();
    },
  };
}

const mebibytes = (bytes: number) => Math.floor(bytes / (1 << 20));
