import type { Written } from '../../ports/object-store.ts';
import { type AclInput, aclsEnabled, requestedAcl } from './acl.ts';
import { invalidArgument, s3Error } from './errors.ts';
import { bucketOf, CONTENT_HEADERS, type ObjectAttributes, type ObjectMarks, type S3Deps } from './model.ts';
import { publicAccessBlock } from './public-access.ts';
import { tagsFromHeader } from './tags.ts';

/** What PutObject, CopyObject and CreateMultipartUpload say alike of the object to come. */
export interface DescribedInput extends AclInput {
  readonly ContentType?: string | undefined;
  readonly CacheControl?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly WebsiteRedirectLocation?: string | undefined;
  readonly Expires?: Date | undefined;
  readonly Metadata?: Record<string, string> | undefined;
  readonly Tagging?: string | undefined;
}

/** S3's limit of user metadata, names and values together. */
const METADATA_BYTES_MAX = 2048;
/** S3's default for objects without a type. */
const DEFAULT_TYPE = 'binary/octet-stream';

/** What may be a header's name (RFC 9110 §5.6.2). A presigned URL can bring any other text in its query. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]*$/;

/** @throws AwsError MetadataTooLarge, InvalidArgument */
export function attributesFrom(input: DescribedInput): ObjectAttributes {
  const given = CONTENT_HEADERS.flatMap((name) => (input[name] === undefined ? [] : [[name, input[name]] as const]));
  const metadata = input.Metadata ?? {};
  const odd = Object.keys(metadata).find((name) => !HEADER_NAME.test(name));
  if (odd !== undefined) {
    throw invalidArgument('x-amz-meta-', odd.slice(0, 100), 'The name of user metadata must be one that HTTP allows.');
  }
  const size = Object.entries(metadata).reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);
  if (size > METADATA_BYTES_MAX) {
    throw s3Error('MetadataTooLarge', { members: { Size: String(size), MaxSizeAllowed: String(METADATA_BYTES_MAX) } });
  }
  return {
    headers: { ContentType: DEFAULT_TYPE, ...withoutTransferCoding(Object.fromEntries(given)) },
    ...(size > 0 && { metadata }),
    ...(input.Expires && { expiresMs: input.Expires.getTime() }),
  };
}

/** `aws-chunked` is how the body travelled, not how the object is encoded; S3 takes it off. */
function withoutTransferCoding(headers: NonNullable<ObjectAttributes['headers']>): typeof headers {
  const { ContentEncoding, ...rest } = headers;
  const codings = ContentEncoding?.split(',').filter((coding) => coding.trim() !== 'aws-chunked') ?? [];
  return codings.length === 0 ? rest : { ...rest, ContentEncoding: codings.join(',').trim() };
}

/** Tags and ACL of the object to come. @throws AwsError as `requestedAcl` and `tagsFromHeader` do */
export function marksFrom(deps: S3Deps, bucketName: string, input: DescribedInput): ObjectMarks {
  const bucket = bucketOf(deps, bucketName);
  const acl = requestedAcl(input, bucket.ownerAccountId, {
    enabled: aclsEnabled(bucket),
    blocksPublic: publicAccessBlock(bucket).BlockPublicAcls === true,
  });
  const tags = tagsFromHeader(input.Tagging);
  return { ...(tags && tags.length > 0 && { tags }), ...(acl && { acl }) };
}

/** @throws AwsError BadDigest, InvalidDigest */
export function checkMd5(contentMd5: string | undefined, written: Written): void {
  if (contentMd5 !== undefined && Buffer.from(contentMd5, 'base64').toString('hex') !== written.md5) {
    throw s3Error('BadDigest');
  }
}

/** S3's limit for what is sent in one request. */
export const SENT_BYTES_MAX = 5 * 1024 ** 3;

/** @throws AwsError EntityTooLarge */
export function checkSentSize(sizeBytes: number | undefined): void {
  if (sizeBytes === undefined || sizeBytes <= SENT_BYTES_MAX) return;
  throw s3Error('EntityTooLarge', {
    members: { ProposedSize: String(sizeBytes), MaxSizeAllowed: String(SENT_BYTES_MAX) },
  });
}
