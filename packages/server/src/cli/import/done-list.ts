import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';
import { makeFolder } from '../../base/folders.ts';
import type { ImportFile } from './files.ts';

/** The files that an earlier, interrupted import into the same OpenTrail has finished. */
export interface DoneList {
  has(file: ImportFile): boolean;
  add(file: ImportFile): void;
}

/**
 * Where finished files are noted: a list for each OpenTrail (its instance id, so that a fresh data folder starts fresh)
 * and account, in the user's state folder. The list only saves time: a file that is read again adds nothing twice,
 * since records are told apart by their eventID.
 */
export function doneListPath(
  instanceId: string,
  accountId: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const state = env.XDG_STATE_HOME || join(homedir(), '.local', 'state');
  const name = createHash('sha256').update(`${instanceId}/${accountId}`).digest('hex').slice(0, 16);
  return join(state, 'opentrail', `import-${name}.list`);
}

/** @param note is told once when the list cannot be kept; nothing else depends on it */
export function openDoneList(path: string, note: (line: string) => void): DoneList {
  const lineOf = (f: ImportFile) => JSON.stringify([f.path, f.sizeBytes, f.mtimeMs]);
  let isKept = true;
  const keep = <T>(work: () => T): T | undefined => {
    try {
      return isKept ? work() : undefined;
    } catch (error) {
      isKept = false;
      note(`${path} cannot be kept (${systemErrorCode(error) ?? error}): finished files will be read again next time.`);
      return undefined;
    }
  };
  const done = new Set(keep(() => readLines(path)));
  keep(() => makeFolder(dirname(path)));
  return {
    has: (file) => done.has(lineOf(file)),
    add: (file) => keep(() => appendFileSync(path, `${lineOf(file)}\n`)),
  };
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
