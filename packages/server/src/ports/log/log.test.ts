import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { logSuite } from './log.suite.ts';
import { MemoryLog } from './memory.ts';
import { openLog } from './segment-log.ts';

function placeOnDisk(limits: { segmentEventsMax?: number; segmentBytesMax?: number }) {
  const directory = mkdtempSync(join(tmpdir(), 'log-'));
  return {
    open: () => openLog({ directory, clock: new FakeClock(), logger: silentLogger, ...limits }),
    remove: async () => rmSync(directory, { recursive: true }),
  };
}

logSuite('in memory', () => ({ open: async () => new MemoryLog(new FakeClock()), remove: async () => {} }), {
  forgets: true,
});
logSuite('embedded', () => placeOnDisk({}), { forgets: false });
logSuite('embedded, a segment for every few events', () => placeOnDisk({ segmentEventsMax: 7 }), { forgets: false });
