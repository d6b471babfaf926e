import type { Member, ServiceSchema } from '../../schema/types.ts';
import type { Call } from '../call.ts';
import { isObject } from '../parameters.ts';
import type { ResourceEntry } from '../record.ts';
import { isDataEvent, isObjectOperation } from './data-events.ts';
import { collapsed, type XmlStyle, xmlStyled } from './xml-style.ts';

/**
 * S3 writes its records closer to the wire than any other service (spec: record-conventions §8.1, §12, §13): bucketName,
 * Host and key, then query parameters and `x-amz-` headers by their own names, XML bodies as a tree in the XML's own
 * casing, and a block of additionalEventData about the transfer.
 */
export function s3RequestParameters(call: Call): Record<string, unknown> | null {
  const { schema, http, input = {} } = call;
  const out: Record<string, unknown> = {};
  // S3 Control names buckets and keys in its query alone, and they show by the names that they have there.
  if (typeof input.Bucket === 'string' && schema.id === 's3') out.bucketName = input.Bucket;
  out.Host = http.host;
  if (typeof input.Key === 'string' && schema.id === 's3') out.key = input.Key;
  for (const [name, value] of http.query) if (!SECRET_IN_QUERY.test(name)) add(out, name, value);
  for (const [name, value] of Object.entries(http.headers)) {
    if (name.startsWith('x-amz-') && !NOT_RECORDED.test(name)) put(out, name, value);
  }
  for (const [name, member] of Object.entries(membersOf(schema, schema.operations[call.operation]?.input))) {
    if (member.location !== 'payload' || input[name] === undefined || call.operation === 'DeleteObjects') continue;
    const [shownAs, shown] = bodyOf(schema, name, member, input[name]);
    if (shown !== undefined) put(out, shownAs, shown);
  }
  return out;
}

/** Of a presigned URL, what makes it work is left out; when it was signed, and for how long, shows. */
const SECRET_IN_QUERY =
  /^(x-amz-(signature|credential|security-token|checksum-|meta-|mfa)|x-amz-.*server-side-encryption-customer-key|signature$|awsaccesskeyid$)/i;

/**
 * Headers that carry the signature, the transfer or secrets, rather than the request: credentials, customer keys, MFA
 * codes, checksums, user metadata.
 */
const NOT_RECORDED =
  /^(x-amz-(signature|credential|security-token|content-sha256|date|decoded-content-length|trailer|user-agent|meta-|sdk-|checksum-|mfa)|x-amz-.*server-side-encryption-customer-key)/i;

/** The response's own headers of a write, if there are any. Checksums and ids of the exchange are not shown. */
export function s3ResponseElements(call: Call): Record<string, unknown> | null {
  const out: Record<string, unknown> = {};
  for (const member of Object.values(membersOf(call.schema, call.schema.operations[call.operation]?.output))) {
    const name = member.location === 'header' ? member.locationName?.toLowerCase() : undefined;
    const value = name === undefined ? undefined : call.http.responseHeaders[name];
    if (name?.startsWith('x-amz-') && value !== undefined && !NOT_RECORDED.test(name)) out[name] = value;
  }
  return Object.keys(out).length === 0 ? null : out;
}

export function s3AdditionalEventData(call: Call): Record<string, unknown> {
  const { http, tls } = call;
  const applied = sseApplied(call);
  return {
    ...(http.authentication !== 'None' && { SignatureVersion: 'SigV4' }),
    ...(tls?.cipherSuite !== undefined && { CipherSuite: tls.cipherSuite }),
    bytesTransferredIn: http.bytesIn,
    ...(applied !== undefined && { SSEApplied: applied }),
    ...(http.authentication !== 'None' && { AuthenticationMethod: http.authentication }),
    ...(http.responseHeaders['x-amz-id-2'] !== undefined && { 'x-amz-id-2': http.responseHeaders['x-amz-id-2'] }),
    bytesTransferredOut: http.bytesOut,
  };
}

const SSE_APPLIED: Readonly<Record<string, string>> = {
  AES256: 'SSE_S3',
  'aws:kms': 'SSE_KMS',
  'aws:kms:dsse': 'DSSE_KMS',
};
const WRITES_OBJECT = new Set([
  'CopyObject',
  'CreateMultipartUpload',
  'CompleteMultipartUpload',
  'PutObject',
  'UploadPart',
]);

/** How an object was encrypted; by the bucket's default unless the caller asked (spec: record-conventions §12). */
function sseApplied({ operation, http }: Call): string | undefined {
  const applied = SSE_APPLIED[http.responseHeaders['x-amz-server-side-encryption'] ?? ''];
  if (applied === undefined || !WRITES_OBJECT.has(operation)) return undefined;
  const asked = http.headers['x-amz-server-side-encryption'] !== undefined;
  return applied === 'SSE_S3' && !asked ? 'Default_SSE_S3' : applied;
}

/** What an S3 call touched: an object and its bucket, a prefix and its bucket, or the bucket. */
export function s3Resources(call: Call): ResourceEntry[] | undefined {
  const { schema, operation, input } = call;
  if (typeof input?.Bucket !== 'string' || operation === 'CreateBucket' || schema.id !== 's3') return undefined;
  const arn = `arn:aws:s3:::${input.Bucket}`;
  const bucket: ResourceEntry = { ...bucketOwner(call), type: 'AWS::S3::Bucket', ARN: arn };
  if (!isDataEvent(schema, operation)) return [bucket];
  if (isObjectOperation(schema, schema.operations[operation]) && typeof input.Key === 'string') {
    return [{ type: 'AWS::S3::Object', ARN: `${arn}/${input.Key}` }, bucket];
  }
  const prefix = typeof input.Prefix === 'string' ? input.Prefix : '';
  return [{ type: 'AWS::S3::Object', ARNPrefix: `${arn}/${prefix}` }, bucket];
}

/** A caller who was refused does not learn whose bucket it is (spec: records §7). */
function bucketOwner(call: Call): { accountId?: string } {
  const owner = call.notes.resourceAccountId;
  if (owner === undefined) return {};
  return { accountId: call.error?.code === 'AccessDenied' && owner !== call.accountId ? '' : owner };
}

function membersOf(schema: ServiceSchema, shapeName: string | undefined): Readonly<Record<string, Member>> {
  const shape = shapeName === undefined ? undefined : schema.shapes[shapeName];
  return shape !== undefined && 'members' in shape ? shape.members : {};
}

/** The body, under the name that it has in records. undefined for an object's content. */
function bodyOf(schema: ServiceSchema, name: string, member: Member, value: unknown): [string, unknown] {
  if (name === 'Policy' && typeof value === 'string') return ['bucketPolicy', parsed(value)];
  const tree = xmlStyled(bodyStyle(schema), name, member, value);
  const root = member.xmlName ?? name;
  return [root, isObject(tree) ? { xmlns: schema.xmlNamespace, ...tree } : undefined];
}

const bodyStyle = (schema: ServiceSchema): XmlStyle => ({
  schema,
  marker: undefined,
  nameOf: (name, { xmlName = name }) => xmlName,
  listOf: (member, shape, items) => {
    if (member.xmlFlattened) return collapsed(items);
    return items.length === 0 ? '' : { [shape.member.xmlName ?? 'member']: collapsed(items) };
  },
});

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return json;
  }
}

/** A parameter that was given several times is a list. */
function add(out: Record<string, unknown>, name: string, value: string): void {
  const before = Object.hasOwn(out, name) ? out[name] : undefined;
  put(out, name, before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]);
}

/** Names come from the caller: `__proto__` must stay a name. */
function put(out: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(out, name, { value, enumerable: true, configurable: true, writable: true });
}
