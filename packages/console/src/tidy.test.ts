import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The console's house rules (docs/architecture.md): what it may import, and what stands in one place only. */
const SRC = import.meta.dirname;
const SERVER = resolve(SRC, '../../server/src');
const FILE_LINES_MAX = 500;

/** Of the server's sources the console's code holds the language of searches alone: pure, and without Node's modules. */
const OF_THE_SERVER = /^event\/(search\/[\w-]+|lookup-keys)\.ts$/;

/** `pages → parts → {ui, app, hooks} → api → base`; each page is a room of its own, which no other page knows. */
const ROOMS = [/^pages\/[\w-]+/, /^parts\b/, /^(?:ui|app|hooks)\b/, /^api\b/, /^base\b/];
/** The table of pages, and what shows the page for signing in. */
const SHOWS_PAGES = /^app\/(routes|app)\.tsx$/;

function roomOf(path: string) {
  const level = ROOMS.findIndex((room) => room.test(path));
  const name = ROOMS[level]?.exec(path)?.[0];
  return name === undefined ? undefined : { name, level };
}

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

  test('point from pages to parts, to what all share, to the server’s operations', () => {
    const wrong = imports
      .filter(({ path, to }) => to.startsWith('.') && !SHOWS_PAGES.test(path))
      .map(({ path, to }) => ({ from: roomOf(path), to: roomOf(relative(SRC, resolve(SRC, dirname(path), to))) }))
      .filter(
        ({ from, to }) =>
          from &&
          to &&
          (from.level > to.level || (from.level === to.level && from.level === 0 && from.name !== to.name)),
      );
    expect(wrong.map(({ from, to }) => `${from!.name} imports ${to!.name}`)).toEqual([]);
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
