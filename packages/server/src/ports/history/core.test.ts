import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { HistoryCore } from './core.ts';
import { packPage, unpackPage } from './messages.ts';
import { sealSegment } from './seal.ts';
import { type HistoryHarness, historySuite } from './suite.ts';
import { RawLog } from './testing/raw-log.ts';

/** To have those of the product made for each run takes longer than all else. */
const CACHE_BYTES = { pages: 1 << 20, blocks: 1 << 20, held: 12 << 10 };

/** The core in this thread, without workers: each question first indexes what there is, little by little. */
async function openInProcess(): Promise<HistoryHarness> {
  const directory = mkdtempSync(join(tmpdir(), 'opentrail-history-'));
  const log = new RawLog(directory);
  let core = new HistoryCore(directory, log.view, CACHE_BYTES);
  const current = () => {
    core.follow(log.view);
    while (core.index(500));
    core.warm();
    return core;
  };
  return {
    history: {
      lookup: async (query) => unpackPage(packPage(current().lookup(query))),
      holdsEventIds: async (accountId, ids) => current().holdsEventIds(accountId, ids),
      get indexedEnd() {
        return core.indexedEnd;
      },
      close: async () => core.close(),
    },
    get logStart() {
      return log.start;
    },
    append: async (events) => log.append(events),
    rotate: async () => log.rotate(),
    async seal() {
      const segment = log.oldestComplete;
      if (!segment) return;
      sealSegment(directory, segment, current().hotIndex(segment.first)!);
      core.sealed(segment.first);
      log.sealed(segment.first);
    },
    dropOldest: async () => log.dropOldest(),
    async reopen() {
      core.close();
      core = new HistoryCore(directory, log.view, CACHE_BYTES);
      if (core.open().length > 0) throw new Error('an index is lacking');
    },
    async close() {
      core.close();
      rmSync(directory, { recursive: true });
    },
  };
}

describe('the core, in this thread', () => historySuite(openInProcess, 300));
