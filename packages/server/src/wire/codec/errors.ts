import type { AwsError } from '../../base/errors.ts';
import type { Protocol, ServiceSchema } from '../../schema/types.ts';
import { encodeCbor } from './cbor.ts';
import { safeHeader } from './rest-write.ts';
import type { EncodedResponse } from './types.ts';
import { element, xmlDocument } from './xml.ts';
import { escapeXml } from './xml-parse.ts';

/** Where an error happened, as S3's errors tell. */
export interface ErrorPlace {
  /** S3's second request id. */
  readonly hostId: string;
  /** Path of the request as sent. */
  readonly resource: string;
}

/** The service (unknown when the request was too broken to tell) and protocol to answer in. */
export interface ErrorTarget {
  readonly schema?: ServiceSchema;
  readonly protocol: Protocol;
}

/** Writes an error in its protocol's own shape, with the error's further members and headers. */
export function encodeError(
  target: ErrorTarget,
  error: AwsError,
  requestId: string,
  place: ErrorPlace,
): EncodedResponse {
  const { status } = error;
  const { headers, body } = WRITERS[target.protocol](error, { ...place, ...target, requestId });
  const extra = Object.entries(error.headers).map(([name, value]) => [name.toLowerCase(), safeHeader(value)]);
  const all = { ...headers, ...queryError(target, error), ...Object.fromEntries(extra) };
  if (status !== 204 && status !== 304) return { status, headers: all, body };
  const { 'content-type': _, ...rest } = all;
  return { status, headers: rest, body: Buffer.alloc(0) };
}

interface Details extends ErrorPlace, ErrorTarget {
  readonly requestId: string;
}

type Writer = (error: AwsError, details: Details) => { headers: Record<string, string>; body: Buffer };

const awsJson =
  (contentType: string): Writer =>
  (error, { requestId }) => ({
    headers: { 'content-type': contentType, 'x-amzn-requestid': requestId },
    body: Buffer.from(JSON.stringify({ __type: error.code, message: error.message, ...error.members })),
  });

const WRITERS: Readonly<Record<Protocol, Writer>> = {
  awsJson1_0: awsJson('application/x-amz-json-1.0'),
  awsJson1_1: awsJson('application/x-amz-json-1.1'),
  restJson1: (error, { requestId }) => ({
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, 'x-amzn-errortype': error.code },
    body: Buffer.from(JSON.stringify({ message: error.message, ...error.members })),
  }),
  rpcv2Cbor: (error, { requestId }) => ({
    headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor', 'x-amzn-requestid': requestId },
    body: encodeCbor({ __type: error.code, message: error.message, ...error.members }),
  }),
  awsQuery: queryErrorXml,
  ec2Query: (error, { requestId }) => ({
    headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId },
    body: xmlDocument(
      element('Response', element('Errors', element('Error', codeAndMessage(error))) + element('RequestID', requestId)),
    ),
  }),
  restXml: (error, details) =>
    details.schema === undefined || details.schema.id === 's3'
      ? s3Error(error, details)
      : queryErrorXml(error, details),
};

/**
 * What services that once spoke the query protocol alone add in the others: the code that their clients of then know
 * (Smithy, "awsQueryCompatible").
 */
function queryError({ schema, protocol }: ErrorTarget, error: AwsError): Record<string, string> {
  if (protocol === 'awsQuery' || !schema?.protocols.includes('awsQuery')) return {};
  return { 'x-amzn-query-error': safeHeader(`${queryCode(schema, error.code)};${faultOf(error)}`) };
}

/** The query protocol's name for an error that the service's model has under another. */
function queryCode(schema: ServiceSchema | undefined, name: string): string {
  const shape = schema && Object.hasOwn(schema.shapes, name) ? schema.shapes[name] : undefined;
  return (shape !== undefined && 'members' in shape && shape.error?.code) || name;
}

const faultOf = ({ status }: AwsError) => (status < 500 ? 'Sender' : 'Receiver');

function queryErrorXml(given: AwsError, { requestId, schema }: Details) {
  const error = { ...given, code: queryCode(schema, given.code), message: given.message };
  const type = element('Type', faultOf(given));
  const namespace = schema?.xmlNamespace ? ` xmlns="${schema.xmlNamespace}"` : '';
  const inner = element('Error', type + codeAndMessage(error)) + element('RequestId', requestId);
  return {
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: xmlDocument(element('ErrorResponse', inner, namespace)),
  };
}

/** S3 API reference, "REST error responses". The resource is told when no member says more. */
function s3Error(error: AwsError, { requestId, hostId, resource }: Details) {
  const where = Object.keys(error.members).length > 0 ? '' : element('Resource', escapeXml(resource));
  const ids = element('RequestId', requestId) + element('HostId', hostId);
  return {
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': requestId, 'x-amz-id-2': hostId },
    body: xmlDocument(element('Error', codeAndMessage(error) + where + ids)),
  };
}

function codeAndMessage(error: Pick<AwsError, 'code' | 'message' | 'members'>): string {
  const members = Object.entries(error.members).map(([name, value]) => element(name, escapeXml(value)));
  return element('Code', escapeXml(error.code)) + element('Message', escapeXml(error.message)) + members.join('');
}
