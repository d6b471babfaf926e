// Makes packages/server/src/verify/walk/code.ts of program.ts beside it, from what `npm run build` made of that: to
// assemble it when `opentrail verify` starts would take longer than it takes to walk a hundred log files.
import { writeFileSync } from 'node:fs';
import { assemble } from '../packages/server/dist/verify/walk/assemble.js';
import { WALK } from '../packages/server/dist/verify/walk/program.js';

const lines = Buffer.from(assemble(WALK))
  .toString('base64')
  .match(/.{1,114}/g);
writeFileSync(
  new URL('../packages/server/src/verify/walk/code.ts', import.meta.url),
  `// Made by scripts/build-walk.mjs of program.ts; never edited by hand.

/** A WebAssembly module, base64. */
export const CODE = [
${lines.map((line) => `  '${line}',`).join('\n')}
].join('');
`,
);
