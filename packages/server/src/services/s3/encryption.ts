import type { Bucket } from '../../ports/object-store.ts';
import { bucketArn, objectArn } from './bucket-policy.ts';
import { invalidArgument, notBuilt, s3Error } from './errors.ts';

/** How an object is to be encrypted, and with whose key. */
export type ChosenEncryption =
  | { readonly kind: 'AES256' }
  | {
      readonly kind: 'aws:kms';
      /** Id, ARN, `alias/…` or alias ARN. */
      readonly keyId: string;
      readonly bucketKey: boolean;
      readonly context: Readonly<Record<string, string>>;
    };

/** How an object is encrypted: kept with it. `wrapped` is its data key, in base64: under the server's key, or by KMS. */
export type StoredEncryption =
  | { readonly kind: 'AES256'; readonly wrapped: string }
  | {
      readonly kind: 'aws:kms';
      readonly wrapped: string;
      readonly keyArn: string;
      readonly bucketKey: boolean;
      readonly context: Readonly<Record<string, string>>;
    };

export interface EncryptionInput {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly SSEKMSEncryptionContext?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly CopySourceSSECustomerAlgorithm?: string | undefined;
  readonly StorageClass?: string | undefined;
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: Date | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
}

/** A bucket's default, as PutBucketEncryption sets it. */
export interface EncryptionRule {
  readonly ApplyServerSideEncryptionByDefault: { readonly SSEAlgorithm: string; readonly KMSMasterKeyID?: string };
  readonly BucketKeyEnabled: boolean;
}

/** What S3 does where nothing was set (since 2023). */
const DEFAULT_RULE: EncryptionRule = {
  ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
  BucketKeyEnabled: false,
};
/** The key that S3 has in every account. */
const MANAGED_KEY = 'alias/aws/s3';
const ARN_KEY = 'aws:s3:arn';
/** KMS's own limits: of a key's name, and of an encryption context. */
const KEY_ID_CHARS_MAX = 2048;
const CONTEXT_CHARS_MAX = 8192;

export const defaultRule = (bucket: Bucket): EncryptionRule =>
  (bucket.settings.encryption as readonly EncryptionRule[] | undefined)?.[0] ?? DEFAULT_RULE;

/** @throws AwsError for what an object is asked to be and cannot */
export function checkStorage(input: EncryptionInput): void {
  if (input.SSECustomerAlgorithm !== undefined || input.CopySourceSSECustomerAlgorithm !== undefined) {
    throw notBuilt('Encryption with keys of the client (SSE-C)');
  }
  if (input.StorageClass !== undefined && input.StorageClass !== 'STANDARD') {
    throw s3Error('InvalidStorageClass', { members: { StorageClassRequested: input.StorageClass } });
  }
  if (input.ObjectLockMode ?? input.ObjectLockRetainUntilDate ?? input.ObjectLockLegalHoldStatus) {
    throw s3Error('InvalidRequest', { message: 'Bucket is missing Object Lock Configuration' });
  }
}

/**
 * As the request asks, or by the bucket's default. A request for `aws:kms` that names no key means the managed one,
 * whatever the bucket's default names (PutObject, x-amz-server-side-encryption-aws-kms-key-id).
 * @throws AwsError InvalidArgument, NotImplemented
 */
export function chooseEncryption(bucket: Bucket, key: string, input: EncryptionInput): ChosenEncryption {
  const { ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled } = defaultRule(bucket);
  const asked = input.ServerSideEncryption;
  if (asked !== undefined) checkAlgorithm(asked, 'x-amz-server-side-encryption');
  if (asked !== 'aws:kms' && (input.SSEKMSKeyId ?? input.SSEKMSEncryptionContext) !== undefined) {
    throw invalidArgument('x-amz-server-side-encryption', asked ?? 'null', NEEDS_KMS);
  }
  const keyId = asked === undefined ? byDefault.KMSMasterKeyID : input.SSEKMSKeyId;
  if ((asked ?? byDefault.SSEAlgorithm) !== 'aws:kms') return { kind: 'AES256' };
  checkKeyId(keyId);
  const bucketKey = input.BucketKeyEnabled ?? BucketKeyEnabled;
  const arn = bucketKey ? bucketArn(bucket.name) : objectArn(bucket.name, key);
  return {
    kind: 'aws:kms',
    keyId: keyId || MANAGED_KEY,
    bucketKey,
    context: { ...givenContext(input.SSEKMSEncryptionContext, arn), [ARN_KEY]: arn },
  };
}

const NEEDS_KMS =
  'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms';

/** @throws AwsError InvalidArgument, NotImplemented */
export function checkAlgorithm(algorithm: string, header: string): void {
  if (algorithm === 'AES256' || algorithm === 'aws:kms') return;
  if (algorithm === 'aws:kms:dsse') throw notBuilt('Encryption in two layers (aws:kms:dsse)');
  throw invalidArgument(header, algorithm, 'The encryption method specified is not supported');
}

/** @throws AwsError InvalidArgument */
export function checkKeyId(keyId: string | undefined): void {
  if (keyId === undefined || keyId.length <= KEY_ID_CHARS_MAX) return;
  throw invalidArgument('x-amz-server-side-encryption-aws-kms-key-id', keyId.slice(0, 100), 'Invalid KMS key ID');
}

/** @param arn what `aws:s3:arn` says, if the client says it at all */
function givenContext(header: string | undefined, arn: string): Readonly<Record<string, string>> {
  if (header === undefined) return {};
  const name = 'x-amz-server-side-encryption-context';
  const context = header.length > CONTEXT_CHARS_MAX ? undefined : parsedContext(header);
  if (!context) {
    throw invalidArgument(
      name,
      header.slice(0, 100),
      `The header '${name}' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map`,
    );
  }
  if (context[ARN_KEY] === undefined || context[ARN_KEY] === arn) return context;
  throw invalidArgument(name, header.slice(0, 100), `The value of ${ARN_KEY} in the encryption context must be ${arn}`);
}

function parsedContext(header: string): Record<string, string> | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, 'base64').toString('utf8'));
    const isMap = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    if (!isMap || !Object.values(parsed).every((value) => typeof value === 'string')) return undefined;
    return parsed as Record<string, string>;
  } catch {
    return undefined;
  }
}

/** What answers say of it. Objects of before there was encryption are as the bucket's first default says. */
export function shownEncryption(encryption: StoredEncryption | undefined): Record<string, unknown> {
  if (encryption?.kind !== 'aws:kms') return { ServerSideEncryption: 'AES256' };
  return {
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: encryption.keyArn,
    ...(encryption.bucketKey && { BucketKeyEnabled: true }),
  };
}

/** The same in answers to what sets it, which give the client's own context back. */
export function shownNewEncryption(encryption: StoredEncryption | undefined): Record<string, unknown> {
  const shown = shownEncryption(encryption);
  if (encryption?.kind !== 'aws:kms') return shown;
  const { [ARN_KEY]: _, ...given } = encryption.context;
  if (Object.keys(given).length === 0) return shown;
  return { ...shown, SSEKMSEncryptionContext: Buffer.from(JSON.stringify(given)).toString('base64') };
}
