import type { FoundEvent } from '../../api/search-events.ts';

/** Newest rows of a live stream that are kept: a few screens full to scroll back in. */
export const LIVE_ROWS_MAX = 500;

export interface LiveSnapshot {
  /** Newest first, at most `LIVE_ROWS_MAX`. */
  readonly rows: readonly FoundEvent[];
  readonly receivedCount: number;
  /** Received, but never on the screen: newer ones came before anybody could have seen them. */
  readonly skippedCount: number;
}

export const NOTHING_YET: LiveSnapshot = { rows: [], receivedCount: 0, skippedCount: 0 };

/**
 * Takes what the stream brings and gives it out in batches; what it holds is bounded. Records are parsed when they are shown,
 * so that what is skipped costs little.
 */
export interface LiveBuffer {
  push(event: FoundEvent): void;
  /** How many wait for `take`. */
  readonly waitingCount: number;
  /** What is to be shown now. */
  take(): LiveSnapshot;
}

/** @param screenRows how many of the newest rows are seen at once */
export function createLiveBuffer(screenRows: number, rowsMax = LIVE_ROWS_MAX): LiveBuffer {
  let waiting: FoundEvent[] = [];
  let shown = NOTHING_YET;
  let receivedCount = 0;
  let skippedCount = 0;
  return {
    push(event) {
      receivedCount++;
      waiting.push(event);
      // Cut at twice the bound, so that not every record moves the whole list.
      if (waiting.length >= 2 * rowsMax) cut();
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
