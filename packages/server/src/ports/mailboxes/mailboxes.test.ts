import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/logger.ts';
import { seededRandom } from '../../base/random.ts';
import { openMailboxes } from './embedded.ts';
import { createMemoryMailboxes } from './memory.ts';
import { mailboxSuite } from './suite.ts';

mailboxSuite('memory', () => ({ open: async () => createMemoryMailboxes(), remove: async () => {} }), {
  forgets: true,
});

for (const segmentBytesMin of [16 << 20, 20_000]) {
  mailboxSuite(
    `embedded, files of ${segmentBytesMin} bytes`,
    () => {
      const directory = mkdtempSync(join(tmpdir(), 'mailboxes-'));
      const random = seededRandom('mailboxes');
      return {
        open: () => openMailboxes({ directory, random, logger: silentLogger, limits: { segmentBytesMin } }),
        remove: async () => rmSync(directory, { recursive: true }),
      };
    },
    { forgets: false },
  );
}
