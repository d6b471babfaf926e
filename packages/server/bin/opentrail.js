#!/usr/bin/env node
// The command itself is TypeScript, built into dist/ by `npm ci` (its prepare step) or `npm run build`.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/main.js', import.meta.url);
if (!existsSync(fileURLToPath(main))) {
  process.stderr.write('opentrail: not built yet. Run `npm run build` in the project folder first.\n');
  process.exit(1);
}
await import(main.href);
