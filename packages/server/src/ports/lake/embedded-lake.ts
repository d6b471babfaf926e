import { availableParallelism, totalmem } from 'node:os';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Lake, LakeBucket, LakeExport, LakeFacet, LakePage } from '../lake.ts';
import type { SegmentLog } from '../log/types.ts';
import { LakeProcess } from './lake-process.ts';
import type { LakeSettings, LakeView } from './messages.ts';
import { Pace } from './pace.ts';

/** As much of the embedded Log as the lake needs. */
export type LakeLog = Pick<SegmentLog, 'directory' | 'start' | 'end' | 'durable' | 'complete' | 'onCommit'>;

export interface LakeOptions extends Pick<LakeSettings, 'flushRowsMax' | 'flushAgeMs' | 'dieAt'> {
  readonly directory: string;
  readonly log: LakeLog;
  readonly logger: Logger;
  /** Without leaps: by its days, files of days that are over are merged. */
  readonly clock: Clock;
  /** Why nothing new is to be written, in words; undefined when there is room. */
  readonly shortage: () => string | undefined;
  /** Of its process. Default: the lowest priority. Tests wait for it beside others that leave it nothing. */
  readonly niceness?: number;
}

/** DuckDB is fast enough with few, and the rest of the machine has work too. */
const THREADS_MAX = 4;
/** A quarter of the machine's memory, within these. */
const MEMORY_BYTES_MIN = 256 << 20;
const MEMORY_BYTES_MAX = 2 ** 31;

/**
 * The lake beside the embedded Log, in a process of its own that reads the Log's files. Never holds the server up: until
 * that process is there, and while it is started again after a death, questions wait.
 */
export function openLake({ directory, log, logger, clock, shortage, niceness, ...rest }: LakeOptions): Lake {
  const view = (): LakeView => {
    const { segmentFirst: first, path, bytes, end } = log.durable;
    const raw = [...log.complete, { first, path, bytes }].map(({ first, path, bytes }) => ({ first, path, bytes }));
    const lacking = shortage();
    return { start: log.start, end, raw, nowMs: clock.now(), ...(lacking !== undefined && { shortage: lacking }) };
  };
  const memoryBytes = Math.min(MEMORY_BYTES_MAX, Math.max(MEMORY_BYTES_MIN, Math.floor(totalmem() / 4)));
  const threads = Math.min(THREADS_MAX, availableParallelism());
  const lake = new LakeProcess({
    settings: { directory, logDirectory: log.directory, threads, memoryBytes, ...rest },
    view,
    pace: new Pace({ clock, utilization: utilizationMeter() }),
    ...(niceness !== undefined && { niceness }),
    logger,
    clock,
  });
  const unlisten = log.onCommit(() => lake.viewChanged());

  return {
    get indexedEnd() {
      return lake.progress.indexedEnd;
    },
    get storedEnd() {
      return lake.progress.storedEnd;
    },
    get trouble() {
      return lake.progress.trouble;
    },
    watched: () => lake.watched(),
    page: async (query, signal) => {
      const found = (await lake.ask({ ask: 'page', query }, signal)) as LakePage;
      return { ...found, rows: found.rows.map((row) => ({ ...row, json: Buffer.from(row.json) })) };
    },
    count: async (query, signal) => (await lake.ask({ ask: 'count', query }, signal)) as number,
    facets: async (query, fields, valuesMax, signal) =>
      (await lake.ask({ ask: 'facets', query, fields, valuesMax }, signal)) as readonly LakeFacet[],
    histogram: async (query, intervalMs, signal) =>
      (await lake.ask({ ask: 'histogram', query, intervalMs }, signal)) as readonly LakeBucket[],
    export: (query, signal) => pieces(lake, query, signal),
    async close() {
      unlisten();
      await lake.close();
    },
  };
}

function utilizationMeter(): () => number {
  let last: EventLoopUtilization | undefined;
  return () => {
    const [now, before] = [performance.eventLoopUtilization(), last];
    last = now;
    return before ? performance.eventLoopUtilization(now, before).utilization : 0;
  };
}

async function* pieces(lake: LakeProcess, query: LakeExport, signal: AbortSignal): AsyncGenerator<Buffer> {
  const conversation = lake.converse({ ask: 'export', query }, signal);
  try {
    for (let piece = await conversation.answer; piece !== undefined; piece = await conversation.more())
      yield Buffer.from(piece as Uint8Array);
  } finally {
    conversation.end();
  }
}
