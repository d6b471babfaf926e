import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemErrorCode } from './errors.ts';

/**
 * Makes a folder and those that it stands in, as far as they are missing. `mkdirSync` with `recursive` never comes back
 * where a folder is there in which nothing can be made and which says so by ENOENT: `/proc` on Linux.
 * @throws the system's error: EACCES, EEXIST (there is something else), ENOENT, ENOSPC, ENOTDIR, EPERM, EROFS …
 */
export function makeFolder(path: string, mode?: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (isFolder(path)) return;
    const parent = dirname(path);
    if (systemErrorCode(error) !== 'ENOENT' || parent === path || isFolder(parent)) throw error;
    makeFolder(parent, mode);
    makeFolder(path, mode);
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
