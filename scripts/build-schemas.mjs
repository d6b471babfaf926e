// Makes packages/server/schemas/*.json: `node scripts/build-schemas.mjs`. Run it after updating an @aws-sdk/client-*
// package or a file in scripts/models; a test compares the result with what is committed.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkSchema, formatSchema, schemaFromClient } from './schema-from-client.mjs';

/**
 * `fractional`: v3 does not tell integers from fractions. In these services AWS's API references list these alone as
 * Float or Double.
 */
const FROM_CLIENTS = {
  cloudtrail: {
    packageName: '@aws-sdk/client-cloudtrail',
    protocols: ['awsJson1_1', 'rpcv2Cbor'],
    fractional: ['SearchSampleQueriesSearchResult.Relevance', 'ListInsightsMetricDataResponse.Values'],
  },
  s3: { packageName: '@aws-sdk/client-s3', fractional: [] },
  sts: { packageName: '@aws-sdk/client-sts', fractional: [] },
};

/** Written by hand: our own API, and one for which the project installs no client. */
const FROM_MODELS = ['cloudtrail-data', 'opentrail'];

/** Every shipped schema, as `[id, text of its file]`. */
export function buildSchemas() {
  const made = Object.entries(FROM_CLIENTS).map(([id, { packageName, ...options }]) =>
    schemaFromClient(packageName, { id, ...options }),
  );
  const written = FROM_MODELS.map((id) =>
    JSON.parse(readFileSync(new URL(`models/${id}.json`, import.meta.url), 'utf8')),
  );
  return [...made, ...written].map((schema) => [schema.id, formatSchema(checkSchema(schema))]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [id, text] of buildSchemas()) {
    const file = new URL(`../packages/server/schemas/${id}.json`, import.meta.url);
    writeFileSync(file, text);
    console.log(`${fileURLToPath(file)} ${text.length} bytes`);
  }
}
