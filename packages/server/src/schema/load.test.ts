import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildSchemas } from '../../../../scripts/build-schemas.mjs';
import { loadSchema, type SchemaId } from './load.ts';

const SCHEMAS = new URL('../../schemas/', import.meta.url);
const IDS: readonly SchemaId[] = ['cloudtrail', 'cloudtrail-data', 'opentrail', 's3', 'sts'];

describe('loadSchema', () => {
  it.each(IDS)('reads %s', (id) => {
    const schema = loadSchema(id);
    expect(schema.id).toBe(id);
    expect(Object.keys(schema.operations).length).toBeGreaterThan(0);
  });

  it('says what to do when a description is missing', () => {
    expect(() => loadSchema('nothing' as SchemaId)).toThrow('Install OpenTrail again');
  });
});

describe('the shipped schemas', () => {
  it('are what scripts/build-schemas.mjs makes of the installed clients', () => {
    const built = buildSchemas();
    const shipped = readdirSync(SCHEMAS).filter((name) => name.endsWith('.json'));
    expect(built.map(([id]) => `${id}.json`).sort()).toEqual(shipped.sort());
    for (const [id, text] of built) {
      const same = readFileSync(new URL(`${id}.json`, SCHEMAS), 'utf8') === text;
      expect(same, `${id}.json is stale: run node scripts/build-schemas.mjs`).toBe(true);
    }
  });

  it('keep what decoding, casing and redaction live on', () => {
    const cloudtrail = loadSchema('cloudtrail');
    expect(Object.keys(cloudtrail.operations)).toHaveLength(60);
    expect(cloudtrail.targetPrefix).toBe('CloudTrail_20131101');
    expect(cloudtrail.operations.CreateTrail?.errors).toContain('TrailAlreadyExistsException');
    expect(cloudtrail.shapes.CreateTrailRequest).toMatchObject({
      members: { Name: { shape: 'string', required: true }, IncludeGlobalServiceEvents: { shape: 'boolean' } },
    });
    expect(cloudtrail.shapes.TrailNotFoundException).toMatchObject({ error: { fault: 'client' } });
    const s3 = loadSchema('s3');
    expect(s3.operations.PutObject?.http).toMatchObject({ method: 'PUT', code: 200 });
    expect(s3.shapes.SSECustomerKey).toEqual({ type: 'string', sensitive: true });
    expect(s3.shapes.Grant).toMatchObject({ members: { Grantee: { xmlNamespace: expect.stringContaining('xsi ') } } });
    expect(loadSchema('sts').shapes.accessKeySecretType).toEqual({ type: 'string', sensitive: true });
    expect(loadSchema('opentrail').shapes.SecretAccessKey).toEqual({ type: 'string', sensitive: true });
  });
});
