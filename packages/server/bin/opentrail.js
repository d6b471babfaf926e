#!/usr/bin/env node
// The command itself is TypeScript, built into dist/ by `npm ci` (its prepare step) or `npm run build`.
import { statSync } from 'node:fs';

const built = (path) => new URL(`../dist/${path}`, import.meta.url);
const builtMs = (url) => statSync(url, { throwIfNoEntry: false })?.mtimeMs;

const main = built('main.js');
if (builtMs(main) === undefined) {
  process.stderr.write('opentrail: not built yet. Run `npm run build` in the project folder first.\n');
  process.exit(1);
}
// In a few files all starts sooner than in a thousand (scripts/build-bundle.mjs), verifying soonest, without what other
// commands load. What a compiler has made anew since is in the other ones alone.
const alone = built(`alone/${process.argv[2] === 'verify' ? 'verify' : 'main'}.js`);
const isCurrent = builtMs(alone) >= (builtMs(built('.tsbuildinfo')) ?? 0);
await import((isCurrent ? alone : main).href);
