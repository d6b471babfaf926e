import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import type { Clock } from './clock.ts';

/** Of a small heap, so much may lie about before all of it is collected: memory of the server that is not at work. */
const ROOM_BYTES = 96 << 20;
/** Also for the small heaps of its other threads, which the same number stands for. */
const PERCENT_MAX = 400;
/** What V8 leaves a large heap by itself is enough. */
const PERCENT_MIN = 100;
const EVERY_MS = 10_000;

/**
 * Has V8 collect this process's small heaps less often, from now on. By itself it collects one of 22 MB whenever 5 MB of
 * garbage have come to it, buffers beside the heap included: of LookupEvents every second, for 15 to 25 ms, while four
 * threads that help it want the same processors. That was most of the slowest of a hundred look-ups.
 *
 * The flag is read at the end of each collection, for the next one; the first one comes sooner.
 */
export function leaveRoomForGarbage(clock: Clock): void {
  const percent = Math.floor((100 * ROOM_BYTES) / getHeapStatistics().used_heap_size);
  setFlagsFromString(`--heap-growing-percent=${percent < PERCENT_MIN ? 0 : Math.min(percent, PERCENT_MAX)}`);
  clock.after(EVERY_MS, () => leaveRoomForGarbage(clock));
}
