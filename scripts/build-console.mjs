// Builds the console into packages/server/console: `node scripts/build-console.mjs`, part of `npm run build`. Does nothing
// when nothing that goes into it has changed, so that `npm start` and `npm test` stay quick.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CONSOLE = join(ROOT, 'packages/console');
const OUT = join(ROOT, 'packages/server/console');
/** Inside what was built: the digest of what it was built from. Written last. */
const STAMP = 'built-from.txt';
/** Besides the console's own files: what it imports of the server, what decides versions, and this script. */
const ALSO = ['packages/server/src/event', 'package-lock.json', 'scripts/build-console.mjs'];
const COMPRESSED = /\.(js|css|html|svg|json|txt)$/;
/** A few hundred bytes gain nothing by another request header. */
const COMPRESSED_BYTES_MIN = 512;

function filesUnder(path) {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true });
  return entries.flatMap((e) => {
    if (e.name === 'node_modules' || /\.test\.tsx?$/.test(e.name)) return [];
    return e.isDirectory() ? filesUnder(join(path, e.name)) : [join(path, e.name)];
  });
}

function digestOfSources() {
  const digest = createHash('sha256');
  const also = ALSO.map((path) => join(ROOT, path));
  const files = [...filesUnder(CONSOLE), ...also.flatMap((path) => (/\.\w+$/.test(path) ? [path] : filesUnder(path)))];
  for (const file of files.sort())
    digest
      .update(`${relative(ROOT, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return digest.digest('hex');
}

/** Beside each file what a browser is sent instead: the server compresses nothing while it serves. */
async function precompress(folder) {
  const files = filesUnder(folder).filter((file) => COMPRESSED.test(file));
  await Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(file);
      if (bytes.length < COMPRESSED_BYTES_MIN) return;
      const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, { params }));
      await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
    }),
  );
}

/** Folders of builds that were killed. */
function removeLeftOvers() {
  for (const name of readdirSync(dirname(OUT))) {
    const pid = new RegExp(`^${basename(OUT)}\\.(\\d+)$`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(dirname(OUT), name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const isBuiltFrom = (digest) => existsSync(join(OUT, STAMP)) && readFileSync(join(OUT, STAMP), 'utf8') === digest;

const digest = digestOfSources();
if (!isBuiltFrom(digest)) {
  const { build } = await import('vite');
  removeLeftOvers();
  // In a folder of its own first: a server that runs meanwhile never serves half a console, nor does a crash leave one.
  const fresh = `${OUT}.${process.pid}`;
  await build({ root: CONSOLE, logLevel: 'warn', build: { outDir: fresh, emptyOutDir: true } });
  await precompress(fresh);
  writeFileSync(join(fresh, STAMP), digest);
  const old = `${fresh}.old`;
  try {
    if (existsSync(OUT)) renameSync(OUT, old);
    renameSync(fresh, OUT);
  } catch (error) {
    // Another build that ran at the same time was quicker.
    if (!isBuiltFrom(digest)) throw error;
  }
  for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
}
