// Makes packages/server/src/verify/walk/code.ts of program.ts beside it, from what `npm run build` made of that: what
// assembles it is nothing to start `opentrail verify` with.
import { writeFileSync } from 'node:fs';
import wabt from 'wabt';
import { WALK } from '../packages/server/dist/verify/walk/program.js';

const module = (await wabt()).parseWat('program.ts', WALK, { simd: true });
const lines = Buffer.from(module.toBinary({}).buffer)
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
