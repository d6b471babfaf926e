import { dirname, join } from 'node:path';
import { type Finished, run } from './clients.ts';
import type { RunningOpenTrail } from './opentrail.ts';

/** Walk-throughs: what a page tells a person to type is typed by the tests, as it stands there. */
const ROOT = dirname(dirname(import.meta.dirname));

/** The fenced block after `<!-- title -->`. */
export function blockOf(page: string, title: string): string {
  const found = new RegExp(`<!-- ${title} -->\\s*\`\`\`sh\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1];
  if (found === undefined) throw new Error(`the page has no block "${title}"`);
  return found;
}

/** Runs a block as bash would, stopping at the first command that fails. `opentrail` finds its server by settings. */
export function typeAsWritten(script: string, server: RunningOpenTrail, cwd: string): Promise<Finished> {
  const settings = { OPENTRAIL_DATA_DIR: server.dataDir, OPENTRAIL_PORT: new URL(server.endpoint).port };
  const path = { PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` };
  const npx = 'npx() { "$@"; }\n'; // which finds commands by the folder that it is called in
  return run('bash', ['-e', '-o', 'pipefail', '-c', npx + script], { ...server.env, ...settings, ...path }, { cwd });
}
