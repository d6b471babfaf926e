import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * The house rules that a compiler does not know (docs/architecture.md): which room may import which, and where alone
 * the clock, randomness and the console live.
 */
const SRC = import.meta.dirname;
const FILE_LINES_MAX = 500;

/** What each room may import besides itself. Files beside the rooms (main.ts, config.ts …) are `top`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  schema: ['base'],
  event: ['schema', 'base'],
  alarms: ['base'],
  ports: ['event', 'schema', 'base'],
  verify: ['trails', 'ports', 'event', 'schema', 'base'],
  access: ['ports', 'event', 'schema', 'base'],
  trails: ['ports', 'event', 'schema', 'base'],
  wire: ['access', 'ports', 'event', 'schema', 'base'],
  followers: ['trails', 'access', 'ports', 'event', 'schema', 'base'],
  services: ['alarms', 'verify', 'wire', 'trails', 'access', 'ports', 'event', 'schema', 'base'],
  console: ['wire', 'access', 'ports', 'event', 'schema', 'base'],
  gateway: ['wire', 'access', 'ports', 'event', 'schema', 'base'],
  'gateway-listener': ['gateway', 'wire', 'access', 'ports', 'event', 'schema', 'base', 'config'],
  'console-listener': ['gateway-listener', 'console', 'wire', 'base', 'config'],
  'monitoring-app': ['services', 'followers', 'wire', 'trails', 'access', 'ports', 'event', 'schema', 'base', 'config'],
  app: [
    'monitoring-app',
    'console-listener',
    'gateway-listener',
    'gateway',
    'services',
    'followers',
    'wire',
    'trails',
    'access',
    'ports',
    'event',
    'schema',
    'base',
    'config',
    'data-dir',
  ],
  config: ['base', 'wire'],
  'data-dir': ['base'],
  'gateway-app': ['app', 'gateway-listener', 'gateway', 'followers', 'wire', 'ports', 'base', 'config', 'data-dir'],
  cli: [
    'app',
    'gateway-app',
    'gateway-listener',
    'config',
    'data-dir',
    'alarms',
    'verify',
    'wire',
    'trails',
    'access',
    'ports',
    'event',
    'schema',
    'base',
  ],
  main: ['cli', 'base'],
  testing: ['gateway', 'services', 'followers', 'wire', 'trails', 'access', 'ports', 'event', 'schema', 'base', 'app'],
};

interface Source {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    const found = text.matchAll(/(?:^|\n)(?:import|export)\b[^;'"]*?['"](\.[^'"]+)['"]|import\(\s*['"](\.[^'"]+)['"]/g);
    const imports = [...found].map((m) => relative(SRC, resolve(SRC, dirname(path), (m[1] ?? m[2])!)));
    return { path, room: roomOf(path), text, imports };
  });

/** Tests, suites and what only they use may reach anywhere, and may read the clock. */
const isSupport = (path: string) => /\.test\.ts$|(^|\/)suite\.ts$|(^|\/)testing\//.test(path);
const product = sources.filter((s) => !isSupport(s.path));

function roomOf(path: string): string {
  const [first] = path.split('/');
  return first!.replace(/\.ts$/, '');
}

test('there is something to check', () => {
  expect(product.length).toBeGreaterThan(50);
  expect(product.flatMap((s) => s.imports).length).toBeGreaterThan(100);
});

describe('imports', () => {
  test('point only to the rooms that the plan allows', () => {
    const wrong = product.flatMap((s) =>
      s.imports
        .filter((to) => roomOf(to) !== s.room && !MAY_IMPORT[s.room]?.includes(roomOf(to)))
        .map((to) => `${s.path} → ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  test('reach a driver only from app.ts and from the driver beside it', () => {
    const isDriver = (path: string) => /^ports\/[^/]+\/./.test(path);
    // History reads the Log's own segment files (DESIGN.md §5), so it shares their format.
    const allowed = (from: string) => /^(gateway-|monitoring-)?app\.ts$/.test(from) || from.startsWith('ports/');
    const wrong = product.flatMap((s) =>
      s.imports.filter((to) => isDriver(to) && !allowed(s.path)).map((to) => `${s.path} → ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  test('never lead from the product to what only tests use', () => {
    const wrong = product.flatMap((s) => s.imports.filter(isSupport).map((to) => `${s.path} → ${to}`));
    expect(wrong).toEqual([]);
  });
});

/** Each of these has one home, so that tests own time and chance, and so that nothing prints behind the logger. */
const HOMES: readonly { readonly what: string; readonly pattern: RegExp; readonly homes: RegExp }[] = [
  {
    what: 'the clock',
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bset(Timeout|Interval)\(/,
    homes: /^base\/clock\.ts$/,
  },
  {
    what: 'randomness',
    pattern: /\bMath\.random\(|\brandom(Bytes|UUID|Int|FillSync)\b/,
    homes: /^base\/random\.ts$/,
  },
  {
    what: 'the console',
    pattern: /\bconsole\.|\bprocess\.std(out|err)\b/,
    homes: /^(cli\/.*|main\.ts|base\/logger\.ts)$/,
  },
];

for (const { what, pattern, homes } of HOMES) {
  test(`${what} is used only at home`, () => {
    const wrong = product.flatMap((s) => {
      if (homes.test(s.path)) return [];
      const lines = s.text.split('\n');
      return lines.flatMap((line, i) =>
        pattern.test(withoutComment(line)) ? [`${s.path}:${i + 1} ${line.trim()}`] : [],
      );
    });
    expect(wrong).toEqual([]);
  });
}

const withoutComment = (line: string) => line.replace(/^\s*(\*|\/\/|\/\*).*/, '').replace(/\s\/\/ .*/, '');

test(`no file is longer than ${FILE_LINES_MAX} lines`, () => {
  expect(sources.filter((s) => s.text.split('\n').length > FILE_LINES_MAX).map((s) => s.path)).toEqual([]);
});
