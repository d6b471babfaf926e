import { readFileSync } from 'node:fs';
import { OperatorError } from '../base/errors.ts';
import type { ServiceSchema } from './types.ts';

/** The services whose API descriptions ship with the package. */
export type SchemaId = 'cloudtrail' | 'cloudtrail-data' | 'opentrail' | 's3' | 'sts';

/** Beside `src` and `dist` alike. */
const SCHEMAS = new URL('../../schemas/', import.meta.url);

/**
 * Reads the API description of a service. It is parsed anew at each call: keep it, since the wire finds its service by
 * identity.
 * @throws OperatorError when the installation lacks the file or holds a broken one
 */
export function loadSchema(id: SchemaId): ServiceSchema {
  const file = new URL(`${id}.json`, SCHEMAS);
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ServiceSchema;
  } catch (cause) {
    throw new OperatorError(`The API description ${file.pathname} cannot be read. Install OpenTrail again.`, { cause });
  }
}
