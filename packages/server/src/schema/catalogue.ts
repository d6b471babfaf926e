import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { OperatorError } from '../base/errors.ts';
import { readModels } from './models/index.ts';
import { type PackedService, unpack } from './packed.ts';
import type { Protocol, ServiceSchema } from './types.ts';

/** What is known of a service before its operations are looked at: enough to tell whose a request is. */
export interface CatalogueEntry {
  readonly id: string;
  readonly version: string;
  readonly signingName: string;
  readonly endpointPrefix: string;
  readonly targetPrefix?: string;
  readonly protocols: readonly Protocol[];
}

/** All services of AWS that we have a description of. */
export interface Catalogue {
  /** By id. */
  readonly entries: readonly CatalogueEntry[];
  /** The whole description, read at first use and then the same object; undefined when there is no such service. */
  schema(id: string): ServiceSchema | undefined;
}

/** Beside `src` and `dist` alike. Made by scripts/catalogue/build.mjs. */
const SHIPPED = new URL('../../schemas/catalogue.br', import.meta.url);

/** The file's first part. A block holds several services, a line each, in the order of their entries. */
interface Index {
  readonly entries: readonly (CatalogueEntry & { readonly xmlNamespace?: string })[];
  /** Compressed size in bytes, and how many services. */
  readonly blocks: readonly (readonly [sizeBytes: number, services: number])[];
}

/** The index's size stands before it, as a big-endian number of so many bytes. */
const SIZE_BYTES = 4;

/**
 * Opens the catalogue that ships with OpenTrail, and the model files that the operator has put beside it.
 * @param options.modelsDir folder of further models (botocore's `service-2.json`, also gzipped, or Smithy's JSON), which
 * win over the shipped ones of the same service
 * @throws OperatorError naming the file that is missing or broken
 */
export function loadCatalogue(options: { readonly modelsDir?: string } = {}): Catalogue {
  const shipped = openShipped();
  const own = options.modelsDir === undefined ? new Map<string, ServiceSchema>() : readModels(options.modelsDir);
  const entries = [
    ...shipped.index.entries.filter((entry) => !own.has(entry.id)),
    ...[...own.values()].map((schema) => ({ ...schema, endpointPrefix: schema.endpointPrefix ?? schema.id })),
  ].map(entryOf);
  const opened = new Map(own);
  return {
    entries: entries.sort((a, b) => (a.id < b.id ? -1 : 1)),
    schema(id) {
      const known = opened.get(id);
      if (known) return known;
      const schema = shipped.read(id);
      if (schema) opened.set(id, schema);
      return schema;
    },
  };
}

function entryOf({
  id,
  version,
  signingName,
  endpointPrefix,
  targetPrefix,
  protocols,
}: CatalogueEntry): CatalogueEntry {
  return { id, version, signingName, endpointPrefix, ...(targetPrefix !== undefined && { targetPrefix }), protocols };
}

function openShipped() {
  return guarded(() => {
    const file = readFileSync(SHIPPED);
    const start = SIZE_BYTES + file.readUInt32BE(0);
    const index = JSON.parse(brotliDecompressSync(file.subarray(SIZE_BYTES, start)).toString()) as Index;
    return { index, read: (id: string) => guarded(() => readService(file, start, index, id)) };
  });
}

function readService(file: Buffer, start: number, { entries, blocks }: Index, id: string): ServiceSchema | undefined {
  const place = entries.findIndex((entry) => entry.id === id);
  if (place < 0) return undefined;
  let [first, offset, block] = [0, start, 0];
  while (first + blocks[block]![1] <= place) {
    first += blocks[block]![1];
    offset += blocks[block]![0];
    block += 1;
  }
  const text = brotliDecompressSync(file.subarray(offset, offset + blocks[block]![0])).toString();
  return { ...entries[place]!, ...unpack(JSON.parse(text.split('\n', place - first + 1).at(-1)!) as PackedService) };
}

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new OperatorError(`The catalogue ${SHIPPED.pathname} cannot be read. Install OpenTrail again.`, { cause });
  }
}
