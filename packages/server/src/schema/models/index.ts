import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { OperatorError } from '../../base/errors.ts';
import type { ServiceSchema } from '../types.ts';
import { readBotocoreModel } from './botocore.ts';
import { readSmithyModel } from './smithy.ts';

/** EC2's, the largest there is, takes 14 MB with its documentation. A gzipped file could hold anything. */
const MODEL_BYTES_MAX = 128 * 1024 * 1024;

/** What botocore keeps beside a model. */
const COMPANION = /(?:paginators|waiters|examples|endpoint-rule-set|smoke|completions)(?:-\d+)?(?:\.sdk-extras)?\.json/;

/**
 * Reads every model file (`*.json`, `*.json.gz`) in a folder and the folders in it. Of two files that describe the same
 * service the later by path holds: in botocore's layout, the newer API version.
 * @throws OperatorError that names the file and what is wrong with it
 */
export function readModels(dir: string): Map<string, ServiceSchema> {
  const schemas = modelFiles(dir).map((path) => readModel(join(dir, path)));
  return new Map(schemas.map((schema) => [schema.id, schema]));
}

function modelFiles(dir: string): string[] {
  try {
    const all = readdirSync(dir, { recursive: true, encoding: 'utf8' });
    return all.filter((path) => /\.json(?:\.gz)?$/.test(path) && !COMPANION.test(path)).sort();
  } catch (cause) {
    throw new OperatorError(`The folder of models ${dir} cannot be read: ${reason(cause)}.`, { cause });
  }
}

function readModel(path: string): ServiceSchema {
  try {
    const file = readFileSync(path);
    const plain = path.endsWith('.gz') ? gunzipSync(file, { maxOutputLength: MODEL_BYTES_MAX }) : file;
    const model = JSON.parse(plain.toString()) as Record<string, unknown>;
    if (model !== null && typeof model === 'object') {
      if ('smithy' in model) return readSmithyModel(model);
      if ('metadata' in model && 'operations' in model) return readBotocoreModel(model);
    }
    throw new Error("it is neither botocore's service-2.json nor Smithy's JSON");
  } catch (cause) {
    throw new OperatorError(
      `The API model ${path} cannot be read: ${reason(cause)}. Mend the file or take it out of the folder of models.`,
      { cause },
    );
  }
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
