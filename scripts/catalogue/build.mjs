// Makes packages/server/schemas/catalogue.br, the descriptions of all of AWS that the gateway decodes by. README.md
// beside this file says when and how.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { checkSchema, endpointPrefixOf, schemaFromClient } from '../schema-from-client.mjs';
import { pack } from './pack.mjs';

// The reader of dropped-in model files reads version 2's as well, so there is only one: `npm run build` compiles it.
const { readBotocoreModel } = await import('../../packages/server/dist/schema/models/botocore.js');

const MODULES = fileURLToPath(new URL('node_modules/', import.meta.url));
const TARGET = new URL('../../packages/server/schemas/catalogue.br', import.meta.url);

/** Beyond this the package would be the larger for services that few have heard of. */
const TOTAL_BYTES_MAX = 1_000_000;
/** Blocks of several services compress a tenth better than each on its own, and still open in 2 ms. */
const BLOCK_CHARS = 300_000;

/**
 * What the clients in use speak where one client does not show it: AWS moved these services to other protocols one SDK
 * at a time. The protocol that most clients speak today comes first.
 */
const ALSO = {
  cloudtrail: { protocols: ['awsJson1_1', 'rpcv2Cbor'] },
  cloudwatch: { protocols: ['awsJson1_0', 'rpcv2Cbor', 'awsQuery'] },
  'compute-optimizer': { protocols: ['awsJson1_0', 'rpcv2Cbor'] },
  comprehendmedical: { protocols: ['awsJson1_1', 'rpcv2Cbor'] },
  gamelift: { protocols: ['awsJson1_1', 'rpcv2Cbor'] },
  'marketplace-entitlement-service': { protocols: ['awsJson1_1', 'rpcv2Cbor'] },
  snowball: { protocols: ['awsJson1_1', 'rpcv2Cbor'] },
  sqs: { protocols: ['awsJson1_0', 'awsQuery'], xmlNamespace: 'http://queue.amazonaws.com/doc/2012-11-05/' },
};

/** Older names of a service that is there under its newer one. */
const DOUBLES = new Set(['cloudwatch-events']);

/** Newest API version of each service in version 2 of the SDK, which ended in December 2025. */
function fromVersion2() {
  const dir = `${MODULES}aws-sdk/apis/`;
  const files = readdirSync(dir).filter((name) => name.endsWith('.min.json'));
  const models = files.map((name) => readBotocoreModel(JSON.parse(readFileSync(dir + name, 'utf8'))));
  models.sort((a, b) => (a.version < b.version ? -1 : 1));
  return new Map(models.map((schema) => [schema.id, schema]));
}

/** Version 3's clients do not say their services' endpoint prefix, but know the host. */
function fromVersion3(old) {
  const names = readdirSync(`${MODULES}@aws-sdk`).filter((name) => name.startsWith('client-'));
  return names.map((name) => {
    const id = name.slice('client-'.length);
    const packageName = `${MODULES}@aws-sdk/${name}`;
    const schema = schemaFromClient(packageName, { id, fractional: 'all' });
    const prefix = old.get(id)?.endpointPrefix ?? endpointPrefixOf(packageName) ?? schema.signingName;
    return { ...schema, endpointPrefix: prefix };
  });
}

const compress = (text) =>
  brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    },
  });

/** The file: the index's size (4 bytes, big-endian), the index, the blocks of a line for each service. */
function format(schemas) {
  const blocks = [];
  let lines = [];
  const close = () => {
    if (lines.length > 0) blocks.push({ services: lines.length, bytes: compress(lines.join('\n')) });
    lines = [];
  };
  for (const schema of schemas) {
    lines.push(JSON.stringify(pack(schema)));
    if (lines.join('\n').length >= BLOCK_CHARS) close();
  }
  close();
  const entries = schemas.map(({ operations: _, shapes: __, ...entry }) => entry);
  const index = { entries, blocks: blocks.map(({ bytes, services }) => [bytes.length, services]) };
  const packed = compress(JSON.stringify(index));
  const size = Buffer.alloc(4);
  size.writeUInt32BE(packed.length);
  return Buffer.concat([size, packed, ...blocks.map(({ bytes }) => bytes)]);
}

const old = fromVersion2();
const merged = new Map([...old, ...fromVersion3(old).map((schema) => [schema.id, schema])]);
const schemas = [...merged.values()]
  .filter((schema) => !DOUBLES.has(schema.id))
  .map((schema) => checkSchema({ ...schema, ...ALSO[schema.id] }))
  .sort((a, b) => (a.id < b.id ? -1 : 1));
const file = format(schemas);
if (file.length > TOTAL_BYTES_MAX) throw new Error(`the catalogue takes ${file.length} bytes`);
writeFileSync(TARGET, file);
const operations = schemas.reduce((sum, schema) => sum + Object.keys(schema.operations).length, 0);
console.log(`${fileURLToPath(TARGET)} ${file.length} bytes, ${schemas.length} services, ${operations} operations`);
