import { Pushback } from '../base/errors.ts';
import type { ObjectStore } from './object-store.ts';

/** How soon a client may try again: space does not come back in a moment. */
const RETRY_AFTER_MS = 10_000;

/**
 * An object store that begins nothing which takes space while the disk is short of it. Reading, deleting and completing
 * go on.
 * @param shortage why there is no room, or undefined
 */
export function withReserve(store: ObjectStore, shortage: () => string | undefined): ObjectStore {
  const check = () => {
    const reason = shortage();
    if (reason !== undefined) throw new Pushback(reason, RETRY_AFTER_MS);
  };
  return {
    ...store,
    async put(request) {
      check();
      return store.put(request);
    },
    async createUpload(...upload) {
      check();
      return store.createUpload(...upload);
    },
    async putPart(...part) {
      check();
      return store.putPart(...part);
    },
  };
}
