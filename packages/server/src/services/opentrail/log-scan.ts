import type { Clock } from '../../base/clock.ts';
import type { Log, Sequence, StoredEvent } from '../../ports/log.ts';

/** Events read and judged in one go: a few milliseconds, in which nobody else is heard. */
const WINDOW_EVENTS = 500;
const WINDOW_BYTES = 1024 * 1024;
/** A sample of this many is within a percent of the truth for whatever is a tenth of all. */
const SCANNED_EVENTS_MAX = 200_000;
/** Somebody waits before a form. */
const SCAN_MS_MAX = 3_000;
/** The golden ratio's smaller part: steps of this share of a range spread evenly over it, however many are made. */
const SPREAD = 0.618_033_988_75;

/** The first event accepted at or after a time. Clocks that were set back make it less exact, by as much. */
export async function placeOfTime(log: Log, sinceMs: number): Promise<Sequence> {
  let [low, high] = [log.start, log.end];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await log.read(middle, 1);
    if (event === undefined || event.acceptedMs >= sinceMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

export interface Scan {
  readonly from: Sequence;
  /** Exclusive. */
  readonly to: Sequence;
  readonly signal: AbortSignal;
}

/**
 * Reads a stretch of the Log within bounds of events and time, in windows that lie evenly spread however soon it must
 * end. Half of the time is left to others.
 * @returns the share of the stretch that was read: 1 when it was all
 */
export async function scanFairly(
  { log, clock }: { readonly log: Log; readonly clock: Clock },
  { from, to, signal }: Scan,
  visit: (event: StoredEvent) => void,
): Promise<number> {
  const count = Math.ceil((to - from) / WINDOW_EVENTS);
  if (count <= 0) return 1;
  const step = stepThrough(count);
  const startedMs = clock.monotonicMs();
  let scanned = 0;
  for (let done = 0, window = 0; done < count; done++, window = (window + step) % count) {
    const beganMs = clock.monotonicMs();
    if (signal.aborted || scanned >= SCANNED_EVENTS_MAX || beganMs - startedMs > SCAN_MS_MAX)
      return scanned / (to - from);
    const begin = from + window * WINDOW_EVENTS;
    scanned += await readWindow(log, begin, Math.min(begin + WINDOW_EVENTS, to), visit);
    await pause(clock, clock.monotonicMs() - beganMs);
  }
  return scanned === to - from ? 1 : scanned / (to - from);
}

/** @returns how many events were there: retention may have taken some meanwhile */
async function readWindow(
  log: Log,
  begin: Sequence,
  end: Sequence,
  visit: (event: StoredEvent) => void,
): Promise<number> {
  let read = 0;
  for (let next = Math.max(begin, log.start); next < end; ) {
    const events = await log.read(next, WINDOW_BYTES);
    if (events.length === 0) break;
    for (const event of events) {
      if (event.sequence >= end) break;
      visit(event);
      read++;
    }
    next += events.length;
  }
  return read;
}

/** A step that leads through all of `count` windows before it comes back to the first. */
function stepThrough(count: number): number {
  let step = Math.max(1, Math.round(count * SPREAD));
  while (greatestDivisor(step, count) !== 1) step++;
  return step;
}

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));

const pause = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => void clock.after(Math.max(1, delayMs), resolve));
