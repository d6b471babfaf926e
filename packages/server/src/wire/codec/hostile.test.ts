import { encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schemaFromClient } from '../../../../../scripts/schema-from-client.mjs';
import { AwsError } from '../../base/errors.ts';
import { loadSchema } from '../../schema/load.ts';
import type { Protocol, ServiceSchema, StructureShape } from '../../schema/types.ts';
import { cpuMs } from '../../testing/cpu-ms.ts';
import { operationFromForm } from '../detect.ts';
import type { HttpRequest } from '../request.ts';
import { decodeInput } from './index.ts';
import { parseXml } from './xml-parse.ts';

const fromClient = (id: string) => schemaFromClient(`@aws-sdk/client-${id}`, { id, fractional: 'all' });
const cloudtrail = loadSchema('cloudtrail');
const s3 = loadSchema('s3');
const sts = loadSchema('sts');
const ec2 = fromClient('ec2');
const dynamodb = fromClient('dynamodb');
const lambda = fromClient('lambda');

function request(query: readonly [string, string][] = [], headers: Record<string, string> = {}): HttpRequest {
  return { method: 'POST', rawPath: '/', rawQuery: '', query, headers, host: 'h', sourceIp: '' };
}

function decode(schema: ServiceSchema, protocol: Protocol, operation: string, body: Buffer | string, http = request()) {
  const target = { schema, protocol, operation, labels: { Bucket: 'b', Key: 'k' } };
  return decodeInput(target, http, Buffer.from(body as string));
}

function refusal(run: () => unknown): AwsError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(AwsError);
    expect((error as AwsError).status).toBeLessThan(500);
    return error as AwsError;
  }
  throw new Error('it was accepted');
}

describe('JSON', () => {
  const lookup = (body: string | Buffer) => decode(cloudtrail, 'awsJson1_1', 'LookupEvents', body);
  const put = (body: string) => decode(dynamodb, 'awsJson1_0', 'PutItem', body);

  it.each([
    ['[]', 'START_ARRAY can not be converted to a valid Structure.'],
    ['"x"', 'STRING_VALUE can not be converted to a valid Structure.'],
    ['{', 'The body is not valid JSON.'],
    ['{"MaxResults":"5"}', 'STRING_VALUE can not be converted to a valid Long (at MaxResults).'],
    ['{"MaxResults":1.5}', 'NUMBER_VALUE can not be converted to a valid Long (at MaxResults).'],
    ['{"MaxResults":1e999}', 'NUMBER_VALUE can not be converted to a valid Long (at MaxResults).'],
    ['{"MaxResults":9007199254740993}', 'NUMBER_VALUE can not be converted to a valid Long (at MaxResults).'],
    ['{"NextToken":5}', 'NUMBER_VALUE can not be converted to a valid String (at NextToken).'],
    ['{"StartTime":"2026-01-01T00:00:00Z"}', 'STRING_VALUE can not be converted to a valid Timestamp (at StartTime).'],
    ['{"StartTime":1e300}', 'NUMBER_VALUE can not be converted to a valid Timestamp (at StartTime).'],
    ['{"LookupAttributes":{}}', 'START_OBJECT can not be converted to a valid List (at LookupAttributes).'],
    ['{"LookupAttributes":[null]}', 'NULL_VALUE can not be converted to a valid Structure (at LookupAttributes[0]).'],
    [
      '{"LookupAttributes":[{"AttributeKey":[]}]}',
      'START_ARRAY can not be converted to a valid String (at LookupAttributes[0].AttributeKey).',
    ],
  ])('refuses %s', (body, message) => {
    expect(refusal(() => lookup(body))).toMatchObject({ code: 'SerializationException', message });
  });

  it('takes what AWS takes', () => {
    expect(lookup('')).toEqual({});
    expect(lookup('{"MaxResults":null,"Unknown":[[[{}]]]}')).toEqual({});
    expect(lookup('{"MaxResults":1,"MaxResults":2}')).toEqual({ MaxResults: 2 });
    expect(lookup('{"StartTime":1441139757.497}')).toEqual({ StartTime: new Date(1441139757497) });
  });

  it('refuses what is not UTF-8', () => {
    expect(refusal(() => lookup(Buffer.from([0x7b, 0xff, 0x7d]))).message).toContain('UTF-8');
  });

  it('lets nobody reach a prototype', () => {
    const got = put('{"__proto__":{"TableName":"x"},"Item":{"__proto__":{"S":"a"},"constructor":{"S":"b"}}}');
    expect(got.TableName).toBeUndefined();
    const item = got.Item as Record<string, unknown>;
    expect(Object.getPrototypeOf(item)).toBe(Object.prototype);
    expect(Object.entries(item)).toEqual([
      ['__proto__', { S: 'a' }],
      ['constructor', { S: 'b' }],
    ]);
  });

  it('bounds nesting', () => {
    const nested = (n: number) => `{"Item":{"a":${'{"L":['.repeat(n)}${']}'.repeat(n)}}}`;
    expect(put(nested(20))).toBeDefined();
    expect(refusal(() => put(nested(40))).message).toContain('nested');
    expect(refusal(() => put('['.repeat(1_000_000)))).toBeDefined();
    expect(lookup(`{"Unknown":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)).toEqual({});
  });

  it('refuses a union of two and bad base64', () => {
    expect(refusal(() => put('{"Item":{"a":{"S":"x","N":"1"}}}')).message).toContain('exactly one');
    for (const blob of ['"a"', '"a==="', '"YQ"', '"Y Q=="', '5']) refusal(() => put(`{"Item":{"a":{"B":${blob}}}}`));
  });
});

describe('CBOR', () => {
  const lookup = (body: Buffer) => decode(cloudtrail, 'rpcv2Cbor', 'LookupEvents', body);

  it.each([
    ['an array of 2^63', '9b7fffffffffffffff'],
    ['a map of 2^32', 'bb0000000100000000'],
    ['a string of 4 GB', '7affffffff61'],
    ['a break alone', 'ff'],
    ['an indefinite map without end', 'bf6161'],
    ['a break for a value', 'bf6161ffff'],
    ['an unknown tag', 'c661'],
    ['a text that is not UTF-8', 'a161ff01'],
    ['a time that is none', 'a169537461727454696d65c1f97e00'],
    ['a time of a break', 'a169537461727454696d65c1ff'],
    ['two values', 'a0a0'],
    ['an array', '80'],
    ['a number', '01'],
  ])('refuses %s', (_, hex) => {
    expect(refusal(() => lookup(Buffer.from(hex, 'hex'))).code).toBe('SerializationException');
  });

  it('refuses deep nesting, and wrong types', () => {
    refusal(() => lookup(Buffer.alloc(1_000_000, 0x81)));
    refusal(() => lookup(Buffer.alloc(100_000, 0xc1)));
    refusal(() => lookup(Buffer.from(encode({ MaxResults: 2n ** 60n }))));
    refusal(() => lookup(Buffer.from(encode({ MaxResults: 1.5 }))));
    refusal(() => lookup(Buffer.from(encode({ StartTime: 5 }))));
    expect(lookup(Buffer.from(encode({ MaxResults: null, x: [[1]] })))).toEqual({});
    expect(lookup(Buffer.from(encode(new Map([['__proto__', new Map([['MaxResults', 1]])]]))))).toEqual({});
  });
});

describe('XML', () => {
  const tag = (body: string) => decode(s3, 'restXml', 'PutBucketTagging', body);

  it.each([
    ['no XML', 'hello'],
    ['nothing but space', '  \n'],
    ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><Tagging>&x;</Tagging>'],
    ['an entity bomb', `<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><Tagging>&b;</Tagging>`],
    ['an unknown entity', '<Tagging>&nbsp;</Tagging>'],
    ['a bare ampersand', '<Tagging>a & b</Tagging>'],
    ['a NUL by number', '<Tagging>&#0;</Tagging>'],
    ['a surrogate by number', '<Tagging>&#xD800;</Tagging>'],
    ['no end', '<Tagging><TagSet>'],
    ['a wrong end', '<Tagging><TagSet></Tagging></TagSet>'],
    ['an end alone', '</Tagging>'],
    ['two roots', '<Tagging/><Tagging/>'],
    ['text after the root', '<Tagging/>x'],
    ['an unquoted attribute', '<Tagging a=b/>'],
    ['an attribute twice', '<Tagging a="1" a="2"/>'],
    ['an open comment', '<Tagging><!-- </Tagging>'],
    ['an open CDATA', '<Tagging><![CDATA[ </Tagging>'],
    ['another root', '<Delete/>'],
    ['an element twice', '<Tagging><TagSet/><TagSet/></Tagging>'],
    ['elements for text', '<Tagging><TagSet><Tag><Key><a/></Key></Tag></TagSet></Tagging>'],
    ['great depth', '<Tagging>'.repeat(100_000)],
    ['great width', `<Tagging>${'<a/>'.repeat(200_001)}</Tagging>`],
  ])('refuses %s', (_, body) => {
    expect(refusal(() => tag(body))).toMatchObject({ code: 'MalformedXML', status: 400 });
  });

  it('takes declarations, comments, CDATA, prefixes, and space where it means nothing', () => {
    const body = `\ufeff<?xml version="1.0"?>\n<!-- c --><t:Tagging xmlns:t='u'>
      <TagSet><Tag><Key>a<![CDATA[<&]]>&#x41;&lt;</Key><Value/><Other><x/></Other></Tag></TagSet></t:Tagging>\n`;
    expect(tag(body)).toEqual({ Bucket: 'b', Tagging: { TagSet: [{ Key: 'a<&A<', Value: '' }] } });
  });

  it('reads numbers and booleans as S3 does', () => {
    const config = (inner: string) =>
      decode(
        s3,
        'restXml',
        'PutPublicAccessBlock',
        `<PublicAccessBlockConfiguration>${inner}</PublicAccessBlockConfiguration>`,
      );
    expect(config('<BlockPublicAcls> TRUE </BlockPublicAcls>')).toMatchObject({
      PublicAccessBlockConfiguration: { BlockPublicAcls: true },
    });
    expect(refusal(() => config('<BlockPublicAcls>yes</BlockPublicAcls>')).code).toBe('MalformedXML');
  });

  it('is not slowed down by what looks like a tag', () => {
    const began = cpuMs();
    for (const text of [
      `<a ${'b '.repeat(200_000)}`,
      `<a${' '.repeat(500_000)}b`,
      '<'.repeat(500_000),
      `<a>${'&'.repeat(9_000_000)}`,
    ]) {
      expect(() => parseXml(text)).toThrow();
    }
    expect(cpuMs() - began).toBeLessThan(2_000);
  });
});

it('takes and refuses 10 MB of base64 and of digits quickly', () => {
  const began = cpuMs();
  const blob = 'QUJD'.repeat(2_500_000);
  const put = (b: string) => decode(dynamodb, 'awsJson1_0', 'PutItem', `{"Item":{"a":{"B":"${b}"}}}`);
  expect(put(blob)).toMatchObject({ Item: { a: { B: expect.any(Buffer) } } });
  refusal(() => put(`${blob}QQ=*`));
  const days = (text: string) =>
    decode(ec2, 'ec2Query', 'RunInstances', `MinCount=${text}&BlockDeviceMapping.1.Ebs.VolumeSize=${text}`);
  refusal(() => days(`${'1'.repeat(4_000_000)}x`));
  expect(cpuMs() - began).toBeLessThan(5_000);
});

describe('forms', () => {
  const assume = (body: string | Buffer) => decode(sts, 'awsQuery', 'AssumeRole', body);

  it('are read in the order of their numbers', () => {
    expect(assume('Tags.member.10.Key=c&Tags.member.2.Key=b&Tags.member.1.Key=a&TransitiveTagKeys=')).toEqual({
      Tags: [{ Key: 'a' }, { Key: 'b' }, { Key: 'c' }],
      TransitiveTagKeys: [],
    });
    expect(decode(ec2, 'ec2Query', 'DeleteVpc', 'VpcId=v&DryRun=true&__proto__.x=1')).toEqual({
      VpcId: 'v',
      DryRun: true,
    });
  });

  it.each([
    ['DurationSeconds=abc', 'MalformedInput'],
    ['DurationSeconds=1e3', 'MalformedInput'],
    ['DurationSeconds=99999999999999999999', 'MalformedInput'],
    ['RoleArn.x=1', 'MalformedInput'],
    ['RoleArn=%ff', 'MalformedInput'],
    ['RoleArn=%', 'MalformedInput'],
    [`${'a.'.repeat(100_000)}=1`, 'MalformedInput'],
    ['a=1&'.repeat(20_001), 'MalformedInput'],
    [Array.from({ length: 10_000 }, (_, i) => `${i}${'.a'.repeat(11)}=1`).join('&'), 'MalformedInput'],
  ])('refuse %.20s', (body, code) => {
    expect(refusal(() => assume(body)).code).toBe(code);
  });

  it('of EC2 have an error of their own', () => {
    expect(refusal(() => decode(ec2, 'ec2Query', 'DeleteVpc', 'DryRun=maybe')).code).toBe('InvalidParameterValue');
  });
});

describe('HTTP bindings', () => {
  it('refuse values of the wrong type by name', () => {
    const list = (value: string) => decode(s3, 'restXml', 'ListObjectsV2', '', request([['max-keys', value]]));
    expect(refusal(() => list('ten'))).toMatchObject({
      code: 'InvalidArgument',
      members: { ArgumentName: 'max-keys', ArgumentValue: 'ten' },
    });
    expect(list('')).toEqual({ Bucket: 'b' });
    const functions = () => decode(lambda, 'restJson1', 'ListFunctions', '', request([['MaxItems', 'x']]));
    expect(refusal(functions).code).toBe('SerializationException');
  });

  it('ignore dates in conditions that are none, as HTTP asks', () => {
    const get = (value: string) => decode(s3, 'restXml', 'GetObject', '', request([], { 'if-modified-since': value }));
    expect(get('yesterday')).not.toHaveProperty('IfModifiedSince');
    const when = new Date(Date.UTC(1994, 10, 6, 8, 49, 37));
    for (const form of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ]) {
      expect(get(form).IfModifiedSince).toEqual(when);
    }
  });
});

describe('a lenient reader', () => {
  const lenient = (schema: ServiceSchema, protocol: Protocol, operation: string, body: string, http = request()) =>
    decodeInput({ schema, protocol, operation, labels: { Bucket: 'b' } }, http, Buffer.from(body), { lenient: true });

  it('lets nobody hide all parameters behind a wrong one', () => {
    expect(
      lenient(cloudtrail, 'awsJson1_1', 'LookupEvents', '{"MaxResults":"5","NextToken":[],"StartTime":0}'),
    ).toEqual({
      MaxResults: 5,
      StartTime: new Date(0),
    });
    expect(
      lenient(sts, 'awsQuery', 'AssumeRole', 'RoleArn=a&DurationSeconds=x&ExternalId.x=1&Tags.member.1=x'),
    ).toEqual({
      RoleArn: 'a',
      Tags: [{}],
    });
    expect(lenient(ec2, 'ec2Query', 'DeleteVpc', 'VpcId=v&DryRun=maybe')).toEqual({ VpcId: 'v' });
    const query = request([['max-keys', 'ten']]);
    expect(lenient(s3, 'restXml', 'ListObjectsV2', '', query)).toEqual({ Bucket: 'b' });
    expect(lenient(s3, 'restXml', 'PutBucketTagging', '<Tagging><TagSet>')).toEqual({ Bucket: 'b' });
    expect(lenient(s3, 'restXml', 'PutBucketTagging', '<Other><TagSet/><TagSet/></Other>')).toEqual({
      Bucket: 'b',
      Tagging: { TagSet: [] },
    });
    expect(lenient(lambda, 'restJson1', 'CreateFunction', '[]')).toEqual({});
  });

  it('still refuses what is no message at all', () => {
    expect(refusal(() => lenient(cloudtrail, 'awsJson1_1', 'LookupEvents', '[]')).code).toBe('SerializationException');
    expect(refusal(() => lenient(sts, 'awsQuery', 'AssumeRole', 'a=%ff')).code).toBe('MalformedInput');
  });
});

/** Words that occur in messages of the operation, so that noise gets past the first check. */
function vocabulary(schema: ServiceSchema, operation: string): string[] {
  const { input } = schema.operations[operation]!;
  const members = Object.keys((schema.shapes[input!] as StructureShape).members);
  return [
    ...members,
    'Tagging',
    'TagSet',
    'Tag',
    'Key',
    'member',
    'item',
    'S',
    'L',
    'M',
    'B',
    '__proto__',
    'constructor',
  ];
}

const TARGETS: [Protocol, ServiceSchema, string][] = [
  ['awsJson1_1', cloudtrail, 'CreateEventDataStore'],
  ['awsJson1_0', dynamodb, 'PutItem'],
  ['rpcv2Cbor', cloudtrail, 'LookupEvents'],
  ['restJson1', lambda, 'CreateFunction'],
  ['restJson1', loadSchema('opentrail'), 'PutRecords'],
  ['restXml', s3, 'PutBucketTagging'],
  ['restXml', s3, 'PutBucketLifecycleConfiguration'],
  ['awsQuery', sts, 'AssumeRole'],
  ['ec2Query', ec2, 'RunInstances'],
];

describe.each(TARGETS)('anything as %s', (protocol, schema, operation) => {
  const word = fc.constantFrom(...vocabulary(schema, operation));
  const text = fc.oneof(word, fc.string(), fc.string({ unit: 'binary' }));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.array(fc.tuple(word, tie('tree')), { maxLength: 4 }).map((e) => Object.fromEntries(e)),
    ),
  }));
  const form = fc
    .array(fc.tuple(fc.array(fc.oneof(word, fc.constantFrom('1', '2')), { maxLength: 5 }), text))
    .map((fields) => fields.map(([path, v]) => `${path.join('.')}=${v}`).join('&'));
  const piece = fc.oneof(
    word.map((w) => `<${w}>`),
    word.map((w) => `</${w}>`),
    text,
    fc.constantFrom('<![CDATA[', ']]>', '&#1;', '"'),
  );
  const body: fc.Arbitrary<Buffer> = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b)),
    tree.map((t) => Buffer.from(JSON.stringify(t))),
    tree.map((t) => Buffer.from(encode(t))),
    form.map((f) => Buffer.from(f)),
    fc.array(piece).map((p) => Buffer.from(p.join(''))),
  );
  const pairs = fc.array(fc.tuple(text, text), { maxLength: 4 });

  it('is decoded or refused', () => {
    fc.assert(
      fc.property(body, pairs, fc.dictionary(text, text), fc.boolean(), (bytes, query, headers, lenient) => {
        try {
          const http = request(query, headers);
          operationFromForm(schema, bytes, query);
          const to = { schema, protocol, operation, labels: {} };
          const read = decodeInput(to, http, bytes, { lenient });
          expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
        } catch (error) {
          expect(error).toBeInstanceOf(AwsError);
          expect((error as AwsError).status).toBe(400);
        }
      }),
      { numRuns: 300 },
    );
  });
});
