import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Real CloudTrail data from public sources, which stands beside the project on some machines and is not part of it.
 * Tests that read it use `describe.skipIf(!realDataDir)`, so that a run without it says what it skipped.
 */
const DIR = fileURLToPath(new URL('../../../../../shared/data/', import.meta.url));
export const realDataDir: string | undefined = existsSync(`${DIR}events`) ? DIR : undefined;

/** Every file below `folder` whose name ends so, by name. */
export function realFiles(
  folder: string,
  suffix: string,
): readonly { readonly name: string; readonly bytes: Buffer }[] {
  if (!realDataDir) return [];
  const dir = `${realDataDir}${folder}/`;
  return readdirSync(dir)
    .filter((name) => name.endsWith(suffix))
    .map((name) => ({ name, bytes: readFileSync(dir + name) }));
}
