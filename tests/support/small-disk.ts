import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of a few megabytes (tmpfs), to be filled. */
export interface SmallDisk {
  readonly path: string;
  freeBytes(): number;
  /** Fills it with ballast until only so much is free. */
  fill(leaveBytes: number): void;
  /** Removes the ballast. */
  empty(): void;
  remove(): void;
}

const CHUNK = Buffer.alloc(4096);

export function makeSmallDisk(mebibytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'opentrail-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'opentrail-test', path]);
  if (mounted.status !== 0) {
    rmdirSync(path);
    throw new Error(`cannot mount a tmpfs: ${mounted.stderr}`);
  }
  const ballast = join(path, 'ballast');
  const freeBytes = () => {
    const { bsize, bavail } = statfsSync(path);
    return bsize * bavail;
  };
  return {
    path,
    freeBytes,
    fill(leaveBytes) {
      const file = openSync(ballast, 'a');
      try {
        while (freeBytes() > leaveBytes) writeSync(file, CHUNK);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(ballast, { force: true }),
    remove() {
      spawnSync('umount', ['-l', path]);
      rmdirSync(path);
    },
  };
}

/** Whether this process may mount: as root, or in a namespace where it is (`unshare -Urm`). */
export function canMakeSmallDisk(): boolean {
  try {
    makeSmallDisk(1).remove();
    return true;
  } catch {
    return false;
  }
}
