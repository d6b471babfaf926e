import { Readable } from 'node:stream';
import type { Protocol, StructureShape } from '../../schema/types.ts';
import type { HttpRequest } from '../request.ts';
import { isOldCbor, readCbor, readOldCbor, writeCbor } from './cbor.ts';
import { formFields, readForm } from './form.ts';
import { readJson, writeJson } from './json.ts';
import { type Context, problemOf, shapeOf } from './problem.ts';
import { readRest } from './rest-read.ts';
import { writeRest } from './rest-write.ts';
import { finishS3Answer, finishS3Input, prepareS3Output } from './s3.ts';
import type { CallTarget, EncodedResponse } from './types.ts';
import { element, writeMembers, xmlDocument } from './xml.ts';

export { type ErrorPlace, type ErrorTarget, encodeError } from './errors.ts';
export { decodeError, decodeOutput, isErrorAnswer, requestIdOf } from './output.ts';
export type { Answered, CallTarget, EncodedResponse } from './types.ts';

type Output = Readonly<Record<string, unknown>>;

interface Codec {
  readonly read: (target: CallTarget, request: HttpRequest, body: Buffer, lenient: boolean) => Record<string, unknown>;
  readonly write: (target: CallTarget, output: Output, requestId: string) => EncodedResponse;
}

/**
 * Decodes an operation's input by its schema: timestamps become Date, blobs Buffer, all numbers number. Members that the
 * schema does not have are ignored; required ones are not checked for, since each service says so in its own words.
 * A streaming payload is there only when `body` holds it.
 * @param options.lenient for a request that another service judges: what does not fit is read for what it means or left
 * out, as in `decodeOutput`, so that nobody hides all parameters behind a wrong one
 * @throws AwsError 4xx by the protocol's own name (SerializationException, MalformedXML, InvalidArgument,
 * MalformedInput, InvalidParameterValue), and nothing else, whatever the bytes
 */
export function decodeInput(
  target: CallTarget,
  request: HttpRequest,
  body: Buffer,
  options: { readonly lenient?: boolean } = {},
): Record<string, unknown> {
  return CODECS[target.protocol].read(target, request, body, options.lenient ?? false);
}

/**
 * Encodes an operation's output by its schema: only members that the schema has. A payload that streams passes through;
 * S3's keys are URL-encoded here when the output says `EncodingType: 'url'`.
 * @throws Error (a bug of the handler's) when the output does not fit the schema
 */
export function encodeOutput(target: CallTarget, output: Output, requestId: string): EncodedResponse {
  return CODECS[target.protocol].write(target, output, requestId);
}

const awsJson = (contentType: string): Codec => ({
  read: ({ schema, protocol, operation }, request, body, lenient) => {
    const { input } = schema.operations[operation]!;
    if (input === undefined) return {};
    const context = { schema, problem: problemOf(protocol), lenient };
    const read = isOldCbor(request.headers)
      ? readOldCbor(context, { shape: input }, body)
      : readJson(context, { shape: input }, body, { rest: false });
    return structureOf(context, read);
  },
  write: ({ schema, protocol, operation }, value, requestId) => {
    const { output } = schema.operations[operation]!;
    const context = { schema, problem: problemOf(protocol) };
    const stream = Object.values(value).find((member) => member instanceof Readable);
    if (stream) {
      // The handler makes its messages (wire/event-stream.ts); all there is besides is the first of them.
      const headers = { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': requestId };
      return { status: 200, headers, body: stream };
    }
    return {
      status: 200,
      headers: { 'content-type': contentType, 'x-amzn-requestid': requestId },
      body: output === undefined ? Buffer.from('{}') : writeJson(context, { shape: output }, value, { rest: false }),
    };
  },
});

const cbor: Codec = {
  read: ({ schema, protocol, operation }, _request, body, lenient) => {
    const { input } = schema.operations[operation]!;
    if (input === undefined) return {};
    const context = { schema, problem: problemOf(protocol), lenient };
    return structureOf(context, readCbor(context, { shape: input }, body));
  },
  write: ({ schema, protocol, operation }, value, requestId) => {
    const { output } = schema.operations[operation]!;
    const body =
      output === undefined
        ? Buffer.alloc(0)
        : writeCbor({ schema, problem: problemOf(protocol) }, { shape: output }, value);
    const headers = { 'smithy-protocol': 'rpc-v2-cbor', 'x-amzn-requestid': requestId };
    return { status: 200, headers: { ...(output && { 'content-type': 'application/cbor' }), ...headers }, body };
  },
};

/** A form in, XML out; the two query protocols differ in how names are spelled and in what is around the output. */
const query = (wrap: (operation: string, inner: string, requestId: string, hasOutput: boolean) => string): Codec => ({
  read: ({ schema, protocol, operation }, request, body, lenient) => {
    const { input } = schema.operations[operation]!;
    if (input === undefined) return {};
    const context = { schema, problem: problemOf(protocol), lenient, ec2: protocol === 'ec2Query' };
    return readForm(context, input, [...request.query, ...formFields(body, protocol)]);
  },
  write: ({ schema, protocol, operation }, value, requestId) => {
    const { output } = schema.operations[operation]!;
    const context = { schema, problem: problemOf(protocol), shortDates: protocol === 'awsQuery' };
    const inner = output === undefined ? '' : writeMembers(context, shapeOf(schema, output) as StructureShape, value);
    const namespace = schema.xmlNamespace ? ` xmlns="${schema.xmlNamespace}"` : '';
    const root = element(`${operation}Response`, wrap(operation, inner, requestId, output !== undefined), namespace);
    const headers = { 'content-type': 'text/xml', 'x-amzn-requestid': requestId };
    return { status: 200, headers, body: xmlDocument(root) };
  },
});

const awsQuery = query((operation, inner, requestId, hasOutput) => {
  const result = hasOutput ? element(`${operation}Result`, inner) : '';
  return result + element('ResponseMetadata', element('RequestId', requestId));
});

const ec2Query = query((_operation, inner, requestId) => element('requestId', requestId) + inner);

const restJson: Codec = {
  read: readRest,
  write: (target, output, requestId) => withHeader(writeRest(target, output), 'x-amzn-requestid', requestId),
};

const restXml: Codec = {
  read: (target, request, body, lenient) => {
    const input = readRest(target, request, body, lenient);
    return target.schema.id === 's3' ? finishS3Input(input, request) : input;
  },
  write: (target, output, requestId) => {
    const { schema, operation } = target;
    if (schema.id !== 's3') return withHeader(writeRest(target, output), 'x-amzn-requestid', requestId);
    const answer = writeRest(target, prepareS3Output(operation, output));
    const finished = finishS3Answer(operation, output, schema.xmlNamespace ?? '', answer);
    return withHeader(finished, 'x-amz-request-id', requestId);
  },
};

const CODECS: Readonly<Record<Protocol, Codec>> = {
  awsJson1_0: awsJson('application/x-amz-json-1.0'),
  awsJson1_1: awsJson('application/x-amz-json-1.1'),
  rpcv2Cbor: cbor,
  awsQuery,
  ec2Query,
  restJson1: restJson,
  restXml,
};

/** What lenient reading left out can be all of it. */
function structureOf({ problem }: Context, read: unknown): Record<string, unknown> {
  if (read === undefined) throw problem('', 'The body is not a structure');
  return read as Record<string, unknown>;
}

function withHeader(answer: EncodedResponse, name: string, value: string): EncodedResponse {
  return { ...answer, headers: { [name]: value, ...answer.headers } };
}
