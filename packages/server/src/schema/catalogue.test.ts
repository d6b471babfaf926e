import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { pack } from '../../../../scripts/catalogue/pack.mjs';
import { OperatorError } from '../base/errors.ts';
import { loadCatalogue } from './catalogue.ts';
import { loadSchema } from './load.ts';
import { unpack } from './packed.ts';
import type { Member, ServiceSchema } from './types.ts';

const catalogue = loadCatalogue();
const folder = mkdtempSync(join(tmpdir(), 'models-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the catalogue', () => {
  it('has all of AWS, in order', () => {
    const ids = catalogue.entries.map((entry) => entry.id);
    expect(ids.length).toBeGreaterThan(400);
    expect(ids).toEqual([...new Set(ids)].sort());
  });

  it('opens every service, once', () => {
    for (const { id, protocols, targetPrefix } of catalogue.entries) {
      const schema = catalogue.schema(id)!;
      expect(schema.id).toBe(id);
      expect(catalogue.schema(id)).toBe(schema);
      expect(Object.keys(schema.operations), id).not.toEqual([]);
      expect(targetPrefix !== undefined, id).toBe(protocols.some((p) => /^awsJson|^rpcv2/.test(p)));
    }
    expect(catalogue.schema('nothing')).toBeUndefined();
    expect(catalogue.schema('__proto__')).toBeUndefined();
  });

  it.each([
    ['cloudwatch', 'monitoring', 'monitoring', ['awsJson1_0', 'rpcv2Cbor', 'awsQuery']],
    ['efs', 'elasticfilesystem', 'elasticfilesystem', ['restJson1']],
    ['ecr', 'ecr', 'api.ecr', ['awsJson1_1']],
    ['sqs', 'sqs', 'sqs', ['awsJson1_0', 'awsQuery']],
    ['sfn', 'states', 'states', ['awsJson1_0']],
    ['s3-control', 's3', 's3-control', ['restXml']],
    ['dsql', 'dsql', 'dsql', ['restJson1']],
  ])('knows how to reach %s', (id, signingName, endpointPrefix, protocols) => {
    const entry = catalogue.entries.find((e) => e.id === id);
    expect(entry).toMatchObject({ signingName, endpointPrefix, protocols });
  });

  it('says of S3 what its own description says', () => {
    expect(told(catalogue.schema('s3')!)).toEqual(told(loadSchema('s3')));
  });
});

describe('packing', () => {
  it.each(['cloudtrail', 's3', 'sts'] as const)('keeps what decoding needs of %s', (id) => {
    const schema = loadSchema(id);
    expect(told({ ...schema, ...unpack(pack(schema)) })).toEqual(told(schema));
  });

  it('keeps shapes that hold themselves', () => {
    const member: Member = { shape: 'L', sensitive: true };
    const schema: ServiceSchema = {
      id: 'x',
      version: '1',
      protocols: ['restJson1'],
      signingName: 'x',
      operations: { A: { input: 'S', errors: [] } },
      shapes: {
        S: { type: 'structure', members: { l: member, m: { shape: 'M' } } },
        L: { type: 'list', member },
        M: { type: 'map', key: { shape: 'string' }, value: { shape: 'M' } },
        string: { type: 'string' },
      },
    };
    expect(told({ ...schema, ...unpack(pack(schema)) })).toEqual(told(schema));
  });
});

/** All that an operation says, without the names of shapes; numbers are alike, since version 3's clients do not tell. */
function told(schema: ServiceSchema): unknown {
  const number = new Set(['integer', 'long', 'float', 'double']);
  const use = ({ shape, required, idempotencyToken: _, ...traits }: Member, path: readonly string[]): unknown => {
    const routes = required && (traits.location === 'query' || traits.location === 'header') ? { required } : {};
    return { ...traits, ...routes, of: path.includes(shape) ? 'itself' : at(shape, [...path, shape]) };
  };
  const at = (name: string, path: readonly string[]): unknown => {
    const { type, ...shape } = schema.shapes[name]!;
    if ('member' in shape) return { ...shape, type, member: use(shape.member, path) };
    if ('key' in shape) return { ...shape, type, key: use(shape.key, path), value: use(shape.value, path) };
    if (!('members' in shape)) return { ...shape, type: number.has(type) ? 'number' : type };
    const members = Object.entries(shape.members).map(([key, member]) => [key, use(member, path)]);
    return { ...shape, type, members: Object.fromEntries(members) };
  };
  return Object.entries(schema.operations)
    .map(([name, { input, output, errors, http }]) => [
      name,
      input === undefined ? undefined : at(input, [input]),
      output === undefined ? undefined : at(output, [output]),
      errors.map((error) => [error, (schema.shapes[error] as { error?: unknown }).error]),
      http,
    ])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

describe('model files of the operator', () => {
  const botocore = {
    metadata: {
      apiVersion: '2030-01-01',
      endpointPrefix: 'new.thing',
      protocol: 'rest-xml',
      serviceId: 'New Thing',
      signingName: 'newthing',
      xmlNamespace: 'urn:x',
    },
    operations: {
      PutIt: {
        http: { method: 'PUT', requestUri: '/it/{Name}?deep' },
        input: { shape: 'PutItRequest', locationName: 'It', xmlNamespace: { uri: 'urn:x' } },
        errors: [{ shape: 'Gone' }],
      },
    },
    shapes: {
      PutItRequest: {
        type: 'structure',
        required: ['Name'],
        members: {
          Name: { shape: 'Str', location: 'uri', locationName: 'Name' },
          Meta: { shape: 'Map', location: 'headers', locationName: 'x-meta-' },
          Params: { shape: 'Map', location: 'querystring', locationName: 'params' },
          At: { shape: 'When', location: 'header', locationName: 'x-at' },
          Rules: { shape: 'Rules' },
          Secret: { shape: 'Secret', locationName: 'secret' },
        },
      },
      Rules: { type: 'list', member: { shape: 'Str', locationName: 'Rule' }, flattened: true },
      Map: { type: 'map', key: { shape: 'Str' }, value: { shape: 'Str' } },
      When: { type: 'timestamp', timestampFormat: 'iso8601' },
      Secret: { type: 'string', sensitive: true },
      Str: { type: 'string' },
      Gone: { type: 'structure', members: {}, error: { code: 'Gone', httpStatusCode: 410 }, exception: true },
    },
  };
  const smithy = {
    smithy: '2.0',
    shapes: {
      'a.b#KeyService': {
        type: 'service',
        version: '2031-01-01',
        resources: [{ target: 'a.b#Key' }],
        traits: {
          'aws.api#service': { sdkId: 'KMS', endpointPrefix: 'kms' },
          'aws.auth#sigv4': { name: 'kms' },
          'aws.protocols#awsJson1_1': {},
        },
      },
      'a.b#Key': { type: 'resource', create: { target: 'a.b#MakeKey' } },
      'a.b#MakeKey': { type: 'operation', input: { target: 'a.b#In' }, output: { target: 'smithy.api#Unit' } },
      'a.b#In': {
        type: 'structure',
        members: {
          Size: { target: 'smithy.api#PrimitiveInteger' },
          Text: { target: 'smithy.api#String', traits: { 'smithy.api#required': {}, 'smithy.api#sensitive': {} } },
        },
      },
    },
  };
  let folders = 0;
  const dirWith = (files: Readonly<Record<string, string | Buffer>>): string => {
    const dir = join(folder, String(folders++));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(dir, path, '..'), { recursive: true });
      writeFileSync(join(dir, path), content);
    }
    return dir;
  };

  it('add to what ships and win over it', () => {
    const modelsDir = dirWith({
      'newthing/2030-01-01/service-2.json.gz': gzipSync(JSON.stringify(botocore)),
      'newthing/2030-01-01/paginators-1.json': '{}',
      'kms.json': JSON.stringify(smithy),
      'README.txt': 'not a model',
    });
    const merged = loadCatalogue({ modelsDir });
    expect(merged.entries.length).toBe(catalogue.entries.length + 1);
    expect(merged.entries.find((e) => e.id === 'new-thing')).toMatchObject({
      signingName: 'newthing',
      endpointPrefix: 'new.thing',
    });
    expect(merged.schema('kms')).toMatchObject({
      version: '2031-01-01',
      targetPrefix: 'KeyService',
      operations: { MakeKey: { input: 'In', errors: [] } },
      shapes: {
        In: {
          members: { Size: { shape: 'PrimitiveInteger' }, Text: { shape: 'String', required: true, sensitive: true } },
        },
        PrimitiveInteger: { type: 'integer' },
      },
    });
    const schema = merged.schema('new-thing')!;
    expect(schema.operations.PutIt).toEqual({
      input: 'PutItRequest$It',
      errors: ['Gone'],
      http: { method: 'PUT', uri: '/it/{Name}?deep', code: 200 },
    });
    expect(schema.shapes.PutItRequest$It).toEqual({
      type: 'structure',
      xmlName: 'It',
      members: {
        Name: { shape: 'Str', location: 'uri', locationName: 'Name', required: true },
        Meta: { shape: 'Map', location: 'headers', locationName: 'x-meta-' },
        Params: { shape: 'Map', location: 'queryMap' },
        At: { shape: 'When', location: 'header', locationName: 'x-at' },
        Rules: { shape: 'Rules', xmlName: 'Rule', xmlFlattened: true },
        Secret: { shape: 'Secret', xmlName: 'secret' },
      },
    });
    expect(schema.shapes).toMatchObject({
      When: { type: 'timestamp', timestampFormat: 'date-time' },
      Secret: { type: 'string', sensitive: true },
      Gone: { error: { code: 'Gone', status: 410, fault: 'client' } },
    });
  });

  it.each([
    ['{', /JSON/],
    ['[]', /neither/],
    ['null', /neither/],
    ['{"smithy":"2.0","shapes":{}}', /no service/],
    [JSON.stringify({ ...botocore, metadata: {} }), /metadata\.protocol is missing/],
    [JSON.stringify({ ...botocore, shapes: {} }), /no shape PutItRequest/],
    [JSON.stringify({ ...botocore, operations: null }), /./],
  ])('that are broken are named: %s', (content, why) => {
    const modelsDir = dirWith({ 'sub/broken.json': content });
    const load = () => loadCatalogue({ modelsDir });
    expect(load).toThrow(OperatorError);
    expect(load).toThrow(/broken\.json/);
    expect(load).toThrow(why);
  });

  it('must be in a folder that is there', () => {
    expect(() => loadCatalogue({ modelsDir: join(folder, 'absent') })).toThrow(OperatorError);
  });
});
