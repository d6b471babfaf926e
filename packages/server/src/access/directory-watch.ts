import type { Clock } from '../base/clock.ts';
import { OperatorError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { fileVersion, type NamedIdentities, NOBODY_NAMED, readDirectoryFile } from './directory-file.ts';

/** An operator who saved the file looks again sooner or later than this; a look costs one stat. */
const LOOK_DELAY_MS = 2_000;

export interface WatchedDirectoryFile {
  readonly identities: NamedIdentities;
  /** Reads the file again now, whether it looks changed or not. */
  reload(): void;
  close(): void;
}

/**
 * The identities file as it is now: read again when it changes. A version that cannot be used is logged, once, and the
 * last good one stays.
 * @throws OperatorError when the file is no good to begin with
 */
export function watchDirectoryFile(path: string | undefined, clock: Clock, logger: Logger): WatchedDirectoryFile {
  if (path === undefined) return { identities: NOBODY_NAMED, reload() {}, close() {} };
  let seen = fileVersion(path);
  let identities = read();
  let cancel = () => {};

  function read(): NamedIdentities {
    const file = readDirectoryFile(path!);
    if (file.isOpenToOthers && file.identities.hasSecrets) {
      logger.warn({ path }, 'the identities file holds secrets and others may read it; run chmod 600 on it');
    }
    return file.identities;
  }
  function reload(): void {
    try {
      seen = fileVersion(path!); // before reading: a change meanwhile is another version
      identities = read();
      logger.info({ path, accessKeys: identities.keys.size }, 'read the identities file again');
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      logger.error({ path, reason: error.message }, 'the identities file is no good; what it said before still holds');
    }
  }
  function look(): void {
    if (fileVersion(path!) !== seen) reload();
    cancel = clock.after(LOOK_DELAY_MS, look);
  }
  cancel = clock.after(LOOK_DELAY_MS, look);

  return {
    get identities() {
      return identities;
    },
    reload,
    close: () => cancel(),
  };
}
