// Makes a program of a few files of all that the command takes: packages/server/dist/alone, part of `npm run build`. Node
// takes longer to find and read 150 files than to verify some hundred log files; a server's thousand are half of its start.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const SERVER = fileURLToPath(new URL('../packages/server', import.meta.url));
const OUT = join(SERVER, 'dist/alone');
const source = (path) => join(SERVER, 'src', path);

/** Schemas, the console, files of threads: what a module looks for beside itself it finds beside what `tsc` made of it. */
const whereItWas = {
  name: 'where-it-was',
  transform(code, id) {
    const path = relative(source(''), id).replace(/\.ts$/, '.js');
    if (path.startsWith('..') || path.startsWith('cli/verify/') || !code.includes('import.meta.url')) return undefined;
    const made = path.startsWith('ports/lake/') ? `./${path}` : `../${path}`; // whose process is in the bundle as well
    return { code: code.replaceAll('import.meta.url', `new URL('${made}', import.meta.url).href`), map: null };
  },
};

// In a folder of its own first: a command that starts meanwhile finds all of it, old or new.
const fresh = `${OUT}.${process.pid}`;
await build({
  configFile: false,
  root: SERVER,
  logLevel: 'warn',
  plugins: [whereItWas],
  build: {
    ssr: true,
    target: 'node20',
    outDir: fresh,
    rolldownOptions: {
      input: {
        main: source('main.ts'),
        verify: source('cli/verify/main.ts'),
        'reader-thread': source('cli/verify/reader-thread.ts'),
        'ports/lake/process': source('ports/lake/process.ts'),
      },
      output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
  ssr: { noExternal: true, external: ['@duckdb/node-bindings'] },
});
const old = `${fresh}.old`;
try {
  if (existsSync(OUT)) renameSync(OUT, old);
  renameSync(fresh, OUT);
} catch (error) {
  // Another build that ran at the same time was quicker.
  if (!existsSync(OUT)) throw error;
}
for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
