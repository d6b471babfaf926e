import type { PolicyRequest } from '../../access/policy.ts';
import type { CallContext } from '../../wire/service.ts';
import { parseAmzDate } from '../../wire/sigv4/canonical.ts';
import { s3Error } from './errors.ts';
import type { Tag } from './model.ts';
import { tagsFromHeader } from './tags.ts';

/**
 * What a bucket policy's conditions can ask of a request (service authorization reference, "Condition keys for Amazon
 * S3"). A key that is not here is refused when the policy is set: a Deny that asks for it would never deny.
 */
type Input = Readonly<Record<string, unknown>>;
type Conditions = PolicyRequest['context'];

/** Headers and parameters that S3 has condition keys for. */
const OF_INPUT: Readonly<Record<string, string>> = {
  ACL: 's3:x-amz-acl',
  ServerSideEncryption: 's3:x-amz-server-side-encryption',
  SSEKMSKeyId: 's3:x-amz-server-side-encryption-aws-kms-key-id',
  SSECustomerAlgorithm: 's3:x-amz-server-side-encryption-customer-algorithm',
  CopySource: 's3:x-amz-copy-source',
  MetadataDirective: 's3:x-amz-metadata-directive',
  StorageClass: 's3:x-amz-storage-class',
  WebsiteRedirectLocation: 's3:x-amz-website-redirect-location',
  ObjectOwnership: 's3:x-amz-object-ownership',
  GrantFullControl: 's3:x-amz-grant-full-control',
  GrantRead: 's3:x-amz-grant-read',
  GrantWrite: 's3:x-amz-grant-write',
  GrantReadACP: 's3:x-amz-grant-read-acp',
  GrantWriteACP: 's3:x-amz-grant-write-acp',
  Prefix: 's3:prefix',
  Delimiter: 's3:delimiter',
  MaxKeys: 's3:max-keys',
  VersionId: 's3:VersionId',
  IfMatch: 's3:if-match',
  IfNoneMatch: 's3:if-none-match',
};
const OF_REQUEST = [
  's3:authType',
  's3:LocationConstraint',
  's3:ResourceAccount',
  's3:RequestObjectTagKeys',
  's3:signatureAge',
  's3:signatureversion',
  's3:TlsVersion',
  's3:x-amz-content-sha256',
];
const KNOWN: ReadonlySet<string> = new Set([...Object.values(OF_INPUT), ...OF_REQUEST].map((key) => key.toLowerCase()));
const TAG_KEY = /^s3:(?:existing|request)objecttag\/./;
/** S3's own keys that nothing here could ever hold: what they are about does not exist, so that they are absent. */
const NEVER_THERE = /^s3:(?:object-lock-|accesspoint|dataaccesspoint|accessgrants|inventory)/;

/** Whether a condition may ask for the key. Keys of others than S3 are not judged. */
export function isKnownKey(key: string): boolean {
  const folded = key.toLowerCase();
  return !folded.startsWith('s3:') || KNOWN.has(folded) || TAG_KEY.test(folded) || NEVER_THERE.test(folded);
}

/** S3's limit for all headers together; each value is matched with what may be a hostile policy. */
const VALUE_CHARS_MAX = 8192;

/** Refuses what no condition should have to look at. @throws AwsError RequestHeaderSectionTooLarge */
export function checkConditionInput(input: Input): void {
  for (const member in OF_INPUT) {
    const value = input[member];
    if (value !== undefined && String(value).length > VALUE_CHARS_MAX) throw s3Error('RequestHeaderSectionTooLarge');
  }
}

/**
 * The request's condition keys, besides those that all services have.
 * @param tags of the object as it is now
 * @throws AwsError RequestHeaderSectionTooLarge
 */
export function conditionsOf(
  context: CallContext,
  ownerAccountId: string,
  input: Input,
  tags: readonly Tag[],
): Conditions {
  const { caller, tls, http } = context;
  const given = requestTags(input);
  const all: Conditions = {
    's3:ResourceAccount': ownerAccountId,
    ...optional('s3:x-amz-content-sha256', http.headers['x-amz-content-sha256']),
    ...optional('s3:LocationConstraint', locationOf(input)),
    ...optional('s3:TlsVersion', /^TLSv([\d.]+)$/.exec(tls?.tlsVersion ?? '')?.[1]),
    ...(!caller.anonymous && {
      's3:authType': http.headers.authorization === undefined ? 'REST-QUERY-STRING' : 'REST-HEADER',
      's3:signatureversion': 'AWS4-HMAC-SHA256',
      ...optional('s3:signatureAge', signatureAgeMs(context)),
    }),
    ...Object.assign({}, ...Object.entries(OF_INPUT).map(([member, key]) => optional(key, input[member]))),
    ...Object.fromEntries(tags.map(({ Key, Value }) => [`s3:ExistingObjectTag/${Key}`, Value])),
    ...Object.fromEntries(given.map(({ Key, Value }) => [`s3:RequestObjectTag/${Key}`, Value])),
    ...(given.length > 0 && { 's3:RequestObjectTagKeys': given.map(({ Key }) => Key) }),
  };
  if (Object.values(all).some((value) => value.length > VALUE_CHARS_MAX)) throw s3Error('RequestHeaderSectionTooLarge');
  return all;
}

/** Where a new bucket is to be. */
const locationOf = (input: Input): unknown =>
  (input.CreateBucketConfiguration as { readonly LocationConstraint?: string } | undefined)?.LocationConstraint;

/** Of a presigned URL above all: for how long it has been about. */
function signatureAgeMs({ http, timeMs }: CallContext): number | undefined {
  const date = http.query.find(([name]) => name === 'X-Amz-Date')?.[1] ?? http.headers['x-amz-date'] ?? '';
  const signedMs = parseAmzDate(date);
  return signedMs === undefined ? undefined : Math.max(0, timeMs - signedMs);
}

const optional = (key: string, value: unknown): Conditions => (value === undefined ? {} : { [key]: String(value) });

/** Of a header when an object is written, of the document when tags are set. */
function requestTags({ Tagging }: Input): readonly Tag[] {
  if (typeof Tagging === 'string') return tagsFromHeader(Tagging) ?? [];
  const { TagSet = [] } = (Tagging ?? {}) as { readonly TagSet?: readonly Partial<Tag>[] };
  return TagSet.map(({ Key = '', Value = '' }) => ({ Key, Value }));
}
