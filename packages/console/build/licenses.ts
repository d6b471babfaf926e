import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

/** What packages call the files that must go with copies of them. */
const TEXTS = /^(licen[cs]e|notice|third-party-licenses)/i;

/** `licenses.txt`: the licences of all packages whose code or fonts are part of the console, as these ask. */
export function licenses(): Plugin {
  return {
    name: 'opentrail-licenses',
    apply: 'build',
    generateBundle(_, bundle) {
      const ids = Object.values(bundle).flatMap((made) => (made.type === 'chunk' ? made.moduleIds : []));
      const folders = new Set(ids.flatMap((id) => packageOf(id) ?? []));
      const texts = [...folders].sort().map(describe);
      this.emitFile({ type: 'asset', fileName: 'licenses.txt', source: [...new Set(texts)].join('\n') });
    },
  };
}

/** The folder of the package that a module belongs to; undefined for what is our own. */
function packageOf(id: string): string | undefined {
  const path = id.replace(/^\0/, '').replace(/\?.*$/, '');
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
}

function describe(folder: string): string {
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return describe(dirname(folder));
  const { name, version, license } = JSON.parse(readFileSync(manifest, 'utf8'));
  const files = readdirSync(folder).filter((file) => TEXTS.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `${'='.repeat(80)}\n${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
}
