import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/**
 * What a browser fetches of scripts and styles before a page is whole, compressed as the server sends it: read off what
 * `npm run build` made. The issue asks for at most 700 kB; less is held here, so that growth is noticed before.
 */
const BUILT = join(import.meta.dirname, '../../packages/server/console');
const PAGE_KB_MAX = 600;
const START_KB_MAX = 400;
/** A browser asks for six at once. */
const PAGE_FILES_MAX = 30;

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
  readonly css?: readonly string[];
}

const manifest = JSON.parse(readFileSync(join(BUILT, 'manifest.json'), 'utf8')) as Readonly<Record<string, Chunk>>;
const START = 'index.html';
const pages = Object.keys(manifest).filter((name) => /^src\/pages\/[^/]+\/.*\.tsx$/.test(name));

/** Files of chunks with all that they import, and by what they load at once for what they show (charts). */
function filesOf(names: readonly string[]): ReadonlySet<string> {
  const files = new Set<string>();
  const seen = new Set<string>();
  const visit = (name: string) => {
    const chunk = manifest[name];
    if (!chunk || seen.has(name)) return;
    seen.add(name);
    for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file);
    for (const next of chunk.imports ?? []) visit(next);
    for (const next of chunk.dynamicImports ?? []) if (/chart/.test(next)) visit(next);
  };
  for (const name of names) visit(name);
  return files;
}

const compressed = (file: string): number => {
  const path = join(BUILT, file);
  return statSync(existsSync(`${path}.br`) ? `${path}.br` : path).size;
};
const kilobytes = (names: readonly string[]): number =>
  Math.round([...filesOf(names)].reduce((sum, file) => sum + compressed(file), 0) / 1000);

test('there are pages', () => {
  expect(pages).toContain('src/pages/overview/index.tsx');
});

test('what every page needs', ({ annotate }) => {
  const size = kilobytes([START]);
  annotate(`start: ${size} kB`);
  expect(size).toBeLessThanOrEqual(START_KB_MAX);
});

test.each(pages)('%s', (page) => {
  expect(kilobytes([START, page])).toBeLessThanOrEqual(PAGE_KB_MAX);
  expect(filesOf([START, page]).size).toBeLessThanOrEqual(PAGE_FILES_MAX);
});
