import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The console's house rules (docs/architecture.md): what it may import, and what stands in one place only. */
const SRC = import.meta.dirname;
const SERVER = resolve(SRC, '../../server/src');
const FILE_LINES_MAX = 500;

/** Of the server's sources the console's code holds the language of searches alone: pure, and without Node's modules. */
const OF_THE_SERVER = /^event\/(search\/[\w-]+|lookup-keys)\.ts$/;

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }));

const importsOf = (text: string): string[] =>
  [...text.matchAll(/(?:^|\n)(?:import|export)\b[^;'"]*?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g)].map(
    (m) => (m[1] ?? m[2])!,
  );

const imports = sources.flatMap(({ path, text }) => importsOf(text).map((to) => ({ path, to })));

test('there is something to check', () => {
  expect(imports.length).toBeGreaterThan(50);
});

describe('imports', () => {
  test('from the server are of pure rooms only', () => {
    const reached = imports
      .filter(({ to }) => to.startsWith('.'))
      .map(({ path, to }) => ({ path, to: resolve(SRC, dirname(path), to) }))
      .filter(({ to }) => relative(SRC, to).startsWith('..'));
    const wrong = reached.filter(({ to }) => !OF_THE_SERVER.test(relative(SERVER, to)));
    expect(wrong).toEqual([]);
  });

  test('are none of Node', () => {
    expect(imports.filter(({ to }) => to.startsWith('node:'))).toEqual([]);
  });

  test('name a component of Cloudscape by its path: the whole library would be loaded otherwise', () => {
    expect(imports.filter(({ to }) => to === '@cloudscape-design/components')).toEqual([]);
  });
});

const HOMES = [
  {
    what: 'the clock',
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bset(Timeout|Interval)\(/,
    home: /^base\/clock\.ts$/,
  },
  { what: 'randomness', pattern: /\bMath\.random\(/, home: /^$/ },
  { what: "the browser's console", pattern: /\bconsole\.\w+\(/, home: /^$/ },
  { what: 'markup from text', pattern: /dangerouslySetInnerHTML|\.innerHTML\b|\beval\(|new Function\(/, home: /^$/ },
] as const;

for (const { what, pattern, home } of HOMES) {
  test(`${what} is used only at home`, () => {
    const wrong = sources.flatMap(({ path, text }) =>
      home.test(path) ? [] : text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}`] : [])),
    );
    expect(wrong).toEqual([]);
  });
}

test(`no file is longer than ${FILE_LINES_MAX} lines`, () => {
  expect(sources.filter((s) => s.text.split('\n').length > FILE_LINES_MAX).map((s) => s.path)).toEqual([]);
});
