/** Newest rows of a live stream that are kept: a few screens full to scroll back in. */
export const LIVE_ROWS_MAX = 500;

export interface LiveSnapshot {
  /** Newest first, at most `LIVE_ROWS_MAX`. */
  readonly rows: readonly LiveRow[];
  readonly receivedCount: number;
  /** Received, but never on the screen: newer ones came before anybody could have seen them. */
  readonly skippedCount: number;
}

export interface LiveRow {
  /** Its place among all that were received: a key that never comes twice. */
  readonly number: number;
  /** The record's JSON. Parsed when it is shown, so that what is skipped costs nothing. */
  readonly json: string;
}

export const NOTHING_YET: LiveSnapshot = { rows: [], receivedCount: 0, skippedCount: 0 };

/** Takes what the stream brings and gives it out in batches; what it holds is bounded. */
export interface LiveBuffer {
  /** @returns false for a record that came before, as streams that were resumed send some again */
  push(json: string): boolean;
  /** How many wait for `take`. */
  readonly waitingCount: number;
  /** What is to be shown now. */
  take(): LiveSnapshot;
}

/** @param screenRows how many of the newest rows are seen at once */
export function createLiveBuffer(screenRows: number, rowsMax = LIVE_ROWS_MAX): LiveBuffer {
  let waiting: LiveRow[] = [];
  let shown = NOTHING_YET;
  let receivedCount = 0;
  let skippedCount = 0;
  const isNew = createSieve();
  return {
    push(json) {
      if (!isNew(json)) return false;
      waiting.push({ number: receivedCount++, json });
      // Cut at twice the bound, so that not every record moves the whole list.
      if (waiting.length >= 2 * rowsMax) cut();
      return true;
    },
    get waitingCount() {
      return waiting.length;
    },
    take() {
      cut();
      skippedCount += Math.max(0, waiting.length - screenRows);
      const rows = [...waiting.reverse(), ...shown.rows];
      rows.splice(rowsMax);
      waiting = [];
      shown = { rows, receivedCount, skippedCount };
      return shown;
    },
  };

  function cut(): void {
    skippedCount += waiting.splice(0, Math.max(0, waiting.length - rowsMax)).length;
  }
}

/** Characters of records that are remembered at least: what a resumed stream repeats (`OVERLAP_MS`), at 1,000 events/s. */
const REMEMBERED_CHARS = 8_000_000;

/**
 * @returns whether a record is none of those that came lately. It is compared as a whole: ids and hashes are what somebody
 * who wants to hide a record can make the same.
 */
function createSieve(): (json: string) => boolean {
  let older = new Set<string>();
  let newer = new Set<string>();
  let newerChars = 0;
  return (json) => {
    if (newer.has(json) || older.has(json)) return false;
    if (newerChars >= REMEMBERED_CHARS) [older, newer, newerChars] = [newer, new Set(), 0];
    newer.add(json);
    newerChars += json.length;
    return true;
  };
}
