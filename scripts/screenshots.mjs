// node scripts/screenshots.mjs: the pictures of docs/console.md and the README, as tests/console sees the pages.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const IMAGES = join(ROOT, 'docs/images');
/** Pictures are fetched with every clone: they need not be finer than what a person reads in them. */
const BYTES_MAX = 150_000;

const run = (program, ...args) => {
  const { status } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit', env: ENV });
  if (status !== 0) process.exit(status ?? 1);
};
const ENV = { ...process.env, OPENTRAIL_SCREENSHOTS: IMAGES, OPENTRAIL_EXPECT_CLIENTS: 'chromium' };

run('npm', 'run', 'build');
run(
  'npx',
  'vitest',
  'run',
  ...['pages', 'states', 'who-deleted-that-bucket'].map((name) => `tests/console/${name}.test.ts`),
);
const large = readdirSync(IMAGES).filter((name) => statSync(join(IMAGES, name)).size > BYTES_MAX);
if (large.length > 0) {
  console.error(`larger than ${BYTES_MAX / 1000} kB: ${large.join(', ')}`);
  process.exitCode = 1;
}
