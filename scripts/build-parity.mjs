// Makes docs/parity.md: `npm run build && node scripts/build-parity.mjs`. Run it after adding an operation; a test
// compares the result with what is committed.
import { writeFileSync } from 'node:fs';
import { renderParity } from '../packages/server/dist/services/cloudtrail/parity.js';

writeFileSync(new URL('../docs/parity.md', import.meta.url), renderParity());
