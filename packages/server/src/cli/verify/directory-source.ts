import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { OperatorError, systemErrorCode } from '../../base/errors.ts';
import type { ListedObject } from '../../verify/source.ts';
import type { PlacedSource } from './placed-source.ts';

/**
 * A folder that holds what `aws s3 sync s3://bucket FOLDER` brought: keys are paths under it. Copies lose an object's
 * metadata, so a digest's signature is taken from `<file>.metadata.json` (`{"signature": …}`, or the whole answer of
 * `aws s3api head-object`) where there is one; otherwise from the digest that follows, which repeats it.
 */
export function directorySource(folder: string): PlacedSource {
  return {
    name: folder,
    place: { folder },
    isServedHere: false,
    bucket: undefined,
    async *list(prefix) {
      for await (const object of walk(folder, folder)) if (object.key.startsWith(prefix)) yield object;
    },
    async get(_bucket, key) {
      const path = join(folder, ...key.split('/'));
      // A digest may name anything, also what no file can be called.
      if (key.includes('\0') || relative(folder, path).split(sep)[0] === '..') return undefined;
      const body = await readIfThere(path);
      if (!body) return undefined;
      const sidecar = await readIfThere(`${path}.metadata.json`);
      return { body, metadata: sidecar ? metadataOf(sidecar, path) : {} };
    },
  };
}

async function* walk(root: string, dir: string): AsyncGenerator<ListedObject> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error) => {
    throw new OperatorError(`Cannot read ${dir}: ${systemErrorCode(error) ?? error}.`);
  });
  for (const entry of entries) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* walk(root, path);
    else if (entry.isFile() && !entry.name.endsWith('.metadata.json')) {
      yield { key: relative(root, path).split(sep).join('/'), sizeBytes: (await stat(path)).size };
    }
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP'].includes(systemErrorCode(error) ?? ''))
      return undefined;
    throw new OperatorError(`Cannot read ${path}: ${systemErrorCode(error) ?? error}.`);
  }
}

function metadataOf(sidecar: Buffer, path: string): Record<string, string> {
  try {
    const value = JSON.parse(sidecar.toString('utf8')) as { Metadata?: Record<string, string> } & Record<
      string,
      string
    >;
    return value.Metadata ?? value;
  } catch {
    throw new OperatorError(
      `${path}.metadata.json is not JSON. Remove it, or make it anew with aws s3api head-object.`,
    );
  }
}
