import { encode, Token, Type } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schemaFromClient } from '../../../../../scripts/schema-from-client.mjs';
import { AwsError } from '../../base/errors.ts';
import { loadSchema } from '../../schema/load.ts';
import type { Member, Protocol, ServiceSchema, SimpleShape, StructureShape } from '../../schema/types.ts';
import { cpuMs } from '../../testing/cpu-ms.ts';
import {
  decodeError,
  decodeInput,
  decodeOutput,
  encodeError,
  encodeOutput,
  isErrorAnswer,
  requestIdOf,
} from './index.ts';
import { plain } from './sdk-exchange.suite.ts';

const fromClient = (id: string) => schemaFromClient(`@aws-sdk/client-${id}`, { id, fractional: 'all' });
const cloudtrail = loadSchema('cloudtrail');
const s3 = loadSchema('s3');
const sts = loadSchema('sts');
const [ec2, iam, lambda, dynamodb, sqs] = ['ec2', 'iam', 'lambda', 'dynamodb', 'sqs'].map(fromClient) as [
  ServiceSchema,
  ServiceSchema,
  ServiceSchema,
  ServiceSchema,
  ServiceSchema,
];

const target = (schema: ServiceSchema, operation: string, protocol: Protocol = schema.protocols[0]!) => ({
  schema,
  protocol,
  operation,
  labels: {},
});
const answer = (body: string | Buffer, status = 200, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: Buffer.from(body as string),
});
const s3Output = (operation: string, body: string, headers = {}) =>
  decodeOutput(target(s3, operation), answer(body, 200, headers));

describe('S3', () => {
  it('tells where a bucket is', () => {
    const xmlns = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
    const located = (xml: string) => s3Output('GetBucketLocation', xml);
    expect(located(`\n<?xml version="1.0"?>\n<LocationConstraint ${xmlns}>eu-west-1</LocationConstraint>`)).toEqual({
      LocationConstraint: 'eu-west-1',
    });
    expect(located(`<LocationConstraint ${xmlns}/>`)).toEqual({});
  });

  it('lists buckets under a root of another name', () => {
    const bucket = '<Bucket><Name>b</Name><CreationDate>2026-01-02T03:04:05.000Z</CreationDate></Bucket>';
    const owner = '<Owner><ID>x</ID><DisplayName>minio</DisplayName></Owner>';
    expect(
      s3Output('ListBuckets', `<ListAllMyBucketsResult>${owner}<Buckets>${bucket}</Buckets></ListAllMyBucketsResult>`),
    ).toMatchObject({ Buckets: [{ Name: 'b', CreationDate: new Date('2026-01-02T03:04:05Z') }], Owner: { ID: 'x' } });
  });

  it('gives policies as text, and objects not at all', () => {
    expect(s3Output('GetBucketPolicy', '{"Version":"2012-10-17"}')).toEqual({ Policy: '{"Version":"2012-10-17"}' });
    const headers = { 'content-length': '5', 'x-amz-meta-a': 'b', expires: 'never', etag: '"e"' };
    const got = s3Output('GetObject', 'hello', headers);
    expect(got).toMatchObject({ ContentLength: 5, Metadata: { a: 'b' }, ETag: '"e"' });
    expect(got).not.toHaveProperty('Body');
    expect(got).not.toHaveProperty('Expires');
  });

  it('knows an error in an answer that promised success', () => {
    const kept = `<?xml version="1.0" encoding="UTF-8"?>\n${'\n'.repeat(300)}`;
    const failed = answer(`${kept}<Error><Code>InternalError</Code><Message>We</Message></Error>`);
    for (const operation of ['CopyObject', 'CompleteMultipartUpload', 'UploadPartCopy']) {
      expect(isErrorAnswer(target(s3, operation), failed)).toBe(true);
      expect(() => decodeOutput(target(s3, operation), failed)).toThrow('it is an error');
      expect(decodeError(target(s3, operation), failed)).toEqual({ code: 'InternalError', message: 'We' });
    }
    expect(isErrorAnswer(target(s3, 'GetObject'), failed)).toBe(false); // it may be what the object holds
    expect(isErrorAnswer(target(s3, 'CopyObject'), answer('<CopyObjectResult/>'))).toBe(false);
    expect(isErrorAnswer(target(s3, 'GetObject'), answer('', 304))).toBe(true);
    expect(isErrorAnswer(undefined, answer('', 200))).toBe(false);
  });

  it('waits out line breaks before an answer', () => {
    const done = '\n\n\n<CompleteMultipartUploadResult><ETag>&#34;e-2&#34;</ETag></CompleteMultipartUploadResult>\n';
    expect(s3Output('CompleteMultipartUpload', done)).toEqual({ ETag: '"e-2"' });
    expect(s3Output('CompleteMultipartUpload', '\n\n')).toEqual({});
  });
});

describe('what upstreams write their own way', () => {
  it('is taken in JSON for what it means, or left out', () => {
    const events = (body: unknown) =>
      decodeOutput(target(cloudtrail, 'LookupEvents'), answer(JSON.stringify({ Events: [body, null, 3] })));
    const when = new Date('2026-01-02T03:04:05Z');
    for (const EventTime of [when.getTime() / 1000, `${when.getTime() / 1000}`, '2026-01-02 03:04:05+00:00']) {
      expect(events({ EventTime, EventId: 5, Resources: 'none', Unknown: 1 })).toEqual({
        Events: [{ EventTime: when, EventId: '5' }],
      });
    }
    expect(events({ EventTime: 'soon', EventName: { a: 1 } })).toEqual({ Events: [{}] });
    const table = (inner: string) => decodeOutput(target(dynamodb, 'DescribeTable'), answer(`{"Table":{${inner}}}`));
    expect(table('"ItemCount":"7","TableSizeBytes":1e999,"TableName":true')).toEqual({
      Table: { ItemCount: 7, TableName: 'true' },
    });
    const trail = (value: unknown) =>
      decodeOutput(target(cloudtrail, 'CreateTrail'), answer(JSON.stringify({ IsOrganizationTrail: value })));
    expect(trail('False')).toEqual({ IsOrganizationTrail: false });
    expect(trail('maybe')).toEqual({});
  });

  it('is taken in XML likewise', () => {
    const user = (inner: string) =>
      decodeOutput(
        target(iam, 'CreateUser'),
        answer(`\n  <CreateUserResponse xmlns="u">
  <!-- pretty --><CreateUserResult>\n<User>${inner}</User>\n</CreateUserResult>
  <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></CreateUserResponse>\n`),
      );
    expect(
      user('<CreateDate>2026-01-02 03:04:05</CreateDate><Path>&#x2F;&quot;&#39;&#xD;<![CDATA[<]]></Path>'),
    ).toEqual({
      User: { CreateDate: new Date('2026-01-02T03:04:05Z'), Path: '/"\'\r<' },
    });
    expect(user('<CreateDate/><UserName><a/></UserName><UserId>1</UserId><UserId>2</UserId>')).toEqual({
      User: { UserId: '1' },
    });
  });

  it.each([
    ['without the wrapper', '<R><UserId>u</UserId></R>'],
    ['with a wrapper of another name', '<R><GetResult><UserId>u</UserId></GetResult></R>'],
    [
      'with prefixes',
      '<n:R xmlns:n="x"><n:GetCallerIdentityResult><n:UserId>u</n:UserId></n:GetCallerIdentityResult></n:R>',
    ],
  ])('is taken in awsQuery %s', (_, xml) => {
    expect(decodeOutput(target(sts, 'GetCallerIdentity'), answer(xml))).toEqual({ UserId: 'u' });
  });

  it('is nothing where nothing was to be said', () => {
    expect(decodeOutput(target(ec2, 'DeleteVpc'), answer(''))).toEqual({});
    expect(decodeOutput(target(iam, 'DeleteUser'), answer('garbage'))).toEqual({});
    expect(decodeOutput(target(cloudtrail, 'AddTags'), answer(''))).toEqual({});
  });

  it('is taken in the CBOR of old SDKs, whose times are milliseconds', () => {
    const when = new Date('2026-01-02T03:04:05.678Z');
    const tagged = {
      Date: (date: Date) => [new Token(Type.tag, 1), new Token(Type.uint, date.getTime())],
    };
    const body = Buffer.from(encode({ Events: [{ EventTime: when, EventId: 'e' }] }, { typeEncoders: tagged }));
    const old = { 'content-type': 'application/x-amz-cbor-1.1' };
    const to = target(cloudtrail, 'LookupEvents');
    expect(decodeOutput(to, answer(body, 200, old))).toEqual({ Events: [{ EventTime: when, EventId: 'e' }] });
    const asked = Buffer.from(encode({ StartTime: when }, { typeEncoders: tagged }));
    const http = { method: 'POST', rawPath: '/', rawQuery: '', query: [], headers: old, host: 'h', sourceIp: '' };
    expect(decodeInput(to, http, asked)).toEqual({ StartTime: when });
    expect(() => decodeOutput(to, answer('{}', 200, old))).toThrow('CBOR');
  });

  it('is left out where it streams', () => {
    const stream = { 'content-type': 'application/vnd.amazon.eventstream' };
    expect(s3Output('SelectObjectContent', '\0\0\0', stream)).toEqual({});
    expect(decodeOutput(target(lambda, 'InvokeWithResponseStream'), answer('\0', 200, stream))).toEqual({
      StatusCode: 200,
      ResponseStreamContentType: 'application/vnd.amazon.eventstream',
    });
    expect(decodeOutput(target(lambda, 'Invoke'), answer('{"a":1}', 202))).toEqual({ StatusCode: 202 });
  });
});

describe('errors', () => {
  const json = (body: unknown, headers = {}) => answer(JSON.stringify(body), 400, headers);
  const xml = (body: string) => answer(`<?xml version="1.0"?>\n${body}`, 400);
  it.each([
    ['a name alone', json({ __type: 'A', message: 'm' })],
    ['a namespace', json({ __type: 'com.amazonaws.x.v1#A', Message: 'm' })],
    ['an address after it', json({ __type: 'ns#A:http://internal.amazon.com/coral/', message: 'm' })],
    ['REST, in a header', json({ message: 'm' }, { 'x-amzn-errortype': 'A:http://internal.amazon.com/x/' })],
    ['REST, with a member called code', json({ code: 'B', message: 'm' }, { 'x-amzn-errortype': 'A' })],
    ['code', json({ code: 'A', message: 'm' })],
    ['Code', json({ Code: 'A', errorMessage: 'm' })],
    ['what a query service says in JSON', json({ Error: { Code: 'A', Message: 'm' }, RequestId: 'r' })],
    ['an old code beside it', json({ __type: 'A', message: 'm' }, { 'x-amzn-query-error': 'AWS.B;Sender' })],
    [
      'awsQuery',
      xml('<ErrorResponse><Error><Type>Sender</Type><Code>A</Code><Message>m</Message></Error></ErrorResponse>'),
    ],
    ['EC2', xml('<Response><Errors><Error><Code>A</Code><Message>m</Message></Error></Errors></Response>')],
    ['S3', xml('<Error>\n <Code>A</Code>\n <Message>m</Message><Key>k</Key></Error>')],
    ['Coral', xml('<A.Exception><Message>m</Message></A.Exception>'.replaceAll('A.', 'A'))],
    ['CBOR', answer(Buffer.from(encode({ __type: 'ns#A', message: 'm' })), 400)],
  ])('are read from %s', (kind, given) => {
    const code = kind === 'Coral' ? 'AException' : 'A';
    expect(decodeError(undefined, given)).toEqual({ code, message: 'm' });
  });

  it('are told by the status when nothing else tells them', () => {
    const html = '<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>';
    expect(decodeError(target(iam, 'CreateUser'), answer(html, 502))).toEqual({
      code: 'BadGateway',
      message: 'Bad Gateway',
    });
    const page = '<html><head><title>503</title></head></html>';
    expect(decodeError(undefined, answer(page, 503)).code).toBe('ServiceUnavailable');
    expect(decodeError(undefined, answer('{"code":404}', 404)).code).toBe('NotFound');
    expect(decodeError(undefined, answer('', 418))).toEqual({ code: 'BadRequest', message: "I'm a Teapot" });
    expect(decodeError(undefined, answer('<Error><Code>A</Co', 500)).code).toBe('InternalFailure');
    expect(decodeError(undefined, answer('<Error><Code>a\nb{}</Code></Error>', 403)).code).toBe('AccessDenied');
    expect(decodeError(undefined, answer('', 599))).toEqual({ code: 'InternalFailure', message: 'HTTP status 599' });
  });

  it('of HEAD are what CloudTrail calls them', () => {
    const head = (operation: string, status: number, headers = {}) =>
      decodeError(target(s3, operation), answer('', status, headers));
    expect(head('HeadObject', 404)).toEqual({ code: 'NoSuchKey', message: 'The specified key does not exist.' });
    expect(head('HeadBucket', 404).code).toBe('NoSuchBucket');
    expect(head('HeadObject', 403)).toEqual({ code: 'AccessDenied', message: 'Access Denied' });
    const minio = { 'x-minio-error-code': 'NoSuchVersion', 'x-minio-error-desc': '"m"' };
    expect(head('HeadObject', 404, minio)).toEqual({ code: 'NoSuchVersion', message: '"m"' });
  });

  it('of our own come back as they were', () => {
    const error = new AwsError('TheCode', 'a <message>', { status: 409 });
    for (const [schema, protocol] of [
      [cloudtrail, 'awsJson1_1'],
      [cloudtrail, 'rpcv2Cbor'],
      [sts, 'awsQuery'],
      [ec2, 'ec2Query'],
      [lambda, 'restJson1'],
      [s3, 'restXml'],
    ] as const) {
      const sent = encodeError({ schema, protocol }, error, 'r-1', { hostId: 'h', resource: '/' });
      const operation = Object.keys(schema.operations)[0]!;
      const read = decodeError(target(schema, operation, protocol), { ...sent, body: sent.body as Buffer });
      expect(read).toEqual({ code: 'TheCode', message: 'a <message>', requestId: 'r-1' });
    }
  });
});

describe('request ids', () => {
  const id = (headers: Record<string, string>, body: string, protocol?: Protocol) =>
    requestIdOf(answer(body, 200, headers), protocol);
  it('are where the service puts them', () => {
    expect(id({ 'x-amzn-requestid': 'a', 'x-amz-request-id': 'b' }, '')).toBe('a');
    expect(id({ 'x-amz-request-id': 'b' }, '<RequestId>c</RequestId>', 'restXml')).toBe('b');
    expect(id({}, '<E><RequestId>c</RequestId></E>', 'restXml')).toBe('c');
    expect(id({ 'x-amzn-requestid': 'a' }, '<R><requestId>c</requestId></R>', 'ec2Query')).toBe('c');
    const long = `<R><requestId>c</requestId>${'<a>b</a>'.repeat(1000)}<RequestID>d</RequestID></R>`;
    expect(id({}, long, 'ec2Query')).toBe('c');
    expect(id({}, long, 'awsQuery')).toBe('d');
    expect(id({}, '{"x":"<RequestId>c</RequestId>"}')).toBeUndefined();
    expect(id({ 'x-amzn-requestid': 'a b' }, '<RequestId>{}</RequestId>')).toBeUndefined();
  });
});

/** Any value that a shape can have, as it is after decoding. */
function anyOf(schema: ServiceSchema, member: Member, inHeader: boolean, depth = 0): fc.Arbitrary<unknown> {
  const shape = schema.shapes[member.shape]!;
  const inner = (m: Member) => anyOf(schema, m, inHeader, depth + 1);
  switch (shape.type) {
    case 'structure':
    case 'union':
      return structureOf(schema, shape, depth);
    case 'list':
      return depth > 6 ? fc.constant([]) : fc.array(inner(shape.member), { maxLength: 3 });
    case 'map':
      return depth > 6
        ? fc.constant({})
        : fc.dictionary(fc.stringMatching(/^[a-z_]{1,5}$/), inner(shape.value), { maxKeys: 3 });
    default:
      return scalarOf(shape, inHeader);
  }
}

/** Headers hold no more than this without being encoded. */
const token = fc.stringMatching(/^[\w./:-]{1,12}$/);
const date = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000));

function scalarOf(shape: SimpleShape, inHeader: boolean): fc.Arbitrary<unknown> {
  switch (shape.type) {
    case 'string':
      // XML has no way to say NUL.
      return inHeader
        ? token
        : fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).map((s) => s.replaceAll('\0', '-'));
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer();
    case 'long':
      return fc.maxSafeInteger();
    case 'blob':
      return fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes));
    case 'timestamp':
      return date;
    case 'document':
      return fc.dictionary(token, fc.string());
    default:
      return fc.double().map((n) => (n === 0 ? 0 : n)); // -0 is 0 in JSON and in text
  }
}

function structureOf(schema: ServiceSchema, { members }: StructureShape, depth = 0): fc.Arbitrary<object> {
  const isBytes = (m: Member) => m.location === 'payload' && schema.shapes[m.shape]!.type === 'blob';
  const names = Object.keys(members).filter((name) => !isBytes(members[name]!));
  const one = (name: string): fc.Arbitrary<unknown> => {
    const member = members[name]!;
    if (member.location === 'statusCode') return fc.integer({ min: 200, max: 203 });
    const inHeader = member.location === 'header' || member.location === 'headers';
    return anyOf(schema, member, inHeader, depth + 1);
  };
  const chosen = fc.subarray(names, { maxLength: depth > 5 ? 0 : Math.min(names.length, depth === 0 ? 10 : 3) });
  // What every answer of REST has.
  const told = names.filter((name) => {
    const { location, locationName } = members[name]!;
    return location === 'statusCode' || (location === 'header' && locationName?.toLowerCase() === 'content-type');
  });
  return chosen.chain((some) => fc.record(Object.fromEntries([...some, ...told].map((name) => [name, one(name)]))));
}

/** Some protocols cannot tell what is empty from what is absent; bytes compare as text. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutEmpty(item) ?? 'empty');
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const entries = Object.entries(value).map(([name, v]) => [name, withoutEmpty(v)] as const);
  const kept = entries.filter(([, v]) => v !== undefined && !(Array.isArray(v) && v.length === 0));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

const SPOKEN: [Protocol, ServiceSchema][] = [
  ['awsJson1_1', cloudtrail],
  ['rpcv2Cbor', cloudtrail],
  ['awsJson1_0', dynamodb],
  ['awsJson1_0', sqs],
  ['restJson1', lambda],
  ['restJson1', loadSchema('cloudtrail-data')],
  ['restXml', s3],
  ['awsQuery', sts],
  ['awsQuery', iam],
  ['ec2Query', ec2],
];

describe.each(SPOKEN.map(([protocol, schema]) => ({ protocol, schema, id: schema.id })))(
  '$protocol of $id',
  ({ protocol, schema }) => {
    const operations = Object.keys(schema.operations).filter((name) => schema.operations[name]!.output);
    const call = fc.constantFrom(...operations).chain((operation) => {
      const shape = schema.shapes[schema.operations[operation]!.output!] as StructureShape;
      return fc.tuple(fc.constant(operation), structureOf(schema, shape));
    });

    it('is read back as it was written', () => {
      fc.assert(
        fc.property(call, ([operation, output]) => {
          const to = target(schema, operation, protocol);
          const sent = encodeOutput(to, output as Record<string, unknown>, 'r-1');
          const answered = { ...sent, body: sent.body as Buffer };
          expect(withoutEmpty(plain(decodeOutput(to, answered)))).toEqual(withoutEmpty(plain(output)));
          expect(isErrorAnswer(to, answered)).toBe(false);
          expect(requestIdOf(answered, protocol)).toBe('r-1');
        }),
        { numRuns: 200 },
      );
    });

    it('fails in one way only, whatever comes', () => {
      const name = fc.constantFrom(...Object.keys(schema.shapes), 'member', 'item', 'Error', 'Response', '__proto__');
      const text = fc.oneof(
        name,
        fc.string({ unit: 'binary' }),
        fc.constantFrom('<![CDATA[', ']]>', '&#1;', '<!--', '{'),
      );
      const tag = fc.tuple(fc.constantFrom('<', '</'), name).map(([open, word]) => `${open}${word}>`);
      const body = fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        fc.array(fc.oneof(tag, text)).map((parts) => Buffer.from(parts.join(''))),
        fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
        fc.jsonValue().map((value) => Buffer.from(encode(value))),
      );
      const headers = fc.dictionary(
        fc.oneof(fc.constantFrom('x-amzn-errortype', 'x-amz-meta-a', 'expires', 'content-type'), fc.string()),
        fc.string(),
      );
      const any = fc.oneof(
        fc.record({ status: fc.integer({ min: 100, max: 599 }), headers, body }),
        // What was right once, cut off or with a byte changed.
        fc.tuple(call, fc.nat(), fc.nat({ max: 255 }), fc.boolean()).map(([[operation, output], at, byte, cut]) => {
          const to = target(schema, operation, protocol);
          const sent = encodeOutput(to, output as Record<string, unknown>, 'r-1');
          const bytes = Buffer.from(sent.body as Buffer);
          if (bytes.length > 0) bytes[at % bytes.length] = byte;
          return { ...sent, body: cut ? bytes.subarray(0, at % (bytes.length + 1)) : bytes };
        }),
      );
      fc.assert(
        fc.property(fc.constantFrom(...operations), any, (operation, answered) => {
          const to = target(schema, operation, protocol);
          const error = decodeError(to, answered);
          expect(error.code).toMatch(/^[\w.:-]{1,256}$/);
          expect(error.message.length).toBeLessThan(5_000);
          isErrorAnswer(to, answered);
          try {
            expect(Object.getPrototypeOf(decodeOutput(to, answered))).toBe(Object.prototype);
          } catch (thrown) {
            expect(thrown).toMatchObject({ name: 'AwsError', code: 'InvalidAnswer', status: 502 });
          }
        }),
        { numRuns: 200 },
      );
    });
  },
);

it('takes and refuses large answers quickly', { timeout: 120_000 }, () => {
  const began = cpuMs();
  const run = (schema: ServiceSchema, operation: string, body: string) => {
    const given = answer(body);
    decodeError(target(schema, operation), given);
    try {
      decodeOutput(target(schema, operation), given);
    } catch (error) {
      expect(error).toMatchObject({ code: 'InvalidAnswer' });
    }
  };
  run(ec2, 'DescribeInstances', `<R>${'<a/>'.repeat(150_000)}</R>`);
  run(ec2, 'DescribeInstances', '<a>'.repeat(1_000_000));
  run(ec2, 'DescribeInstances', ' '.repeat(5_000_000));
  run(ec2, 'DescribeInstances', `<R><reservationSet>${'<item/>'.repeat(150_000)}</reservationSet></R>`);
  run(cloudtrail, 'LookupEvents', '['.repeat(5_000_000));
  run(cloudtrail, 'LookupEvents', `{"Events":[${'{},'.repeat(1_000_000)}{}]}`);
  run(cloudtrail, 'LookupEvents', `{"Events":[{"EventTime":"${'1'.repeat(5_000_000)}"}]}`);
  run(s3, 'CopyObject', `${'\n'.repeat(5_000_000)}<Error/>`);
  expect(cpuMs() - began).toBeLessThan(8_000);
});

it.each<[string, ServiceSchema, string, (time: Date) => object, string]>([
  ['IAM and STS leave out', sts, 'AssumeRole', (t) => ({ Credentials: { Expiration: t } }), '2026-01-31T23:59:58Z'],
  ['EC2 writes', ec2, 'DescribeVolumes', (t) => ({ Volumes: [{ CreateTime: t }] }), '2026-01-31T23:59:58.000Z'],
  ['S3 writes', s3, 'ListBuckets', (t) => ({ Buckets: [{ CreationDate: t }] }), '2026-01-31T23:59:58.000Z'],
])('a fraction of a second that is zero: %s it', (_, schema, operation, output, text) => {
  const written = (ms: number) => {
    const { body } = encodeOutput(target(schema, operation), output(new Date(ms)) as Record<string, unknown>, 'r');
    return />(\d{4}-[^<]+)</.exec(String(body))?.[1];
  };
  expect(written(Date.UTC(2026, 0, 31, 23, 59, 58))).toBe(text);
  expect(written(Date.UTC(2026, 0, 31, 23, 59, 58, 120))).toBe('2026-01-31T23:59:58.120Z');
});
