import { notBuilt, s3Error } from './errors.ts';

/**
 * Server-side encryption: what S3 does by default (SSE-S3) is answered as such; whether the disk under the store is
 * encrypted is the operator's choice. Keys of KMS or of the client's are refused, so that nobody believes in them.
 */
export const SSE_S3 = { ServerSideEncryption: 'AES256' } as const;

export interface EncryptionInput {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly CopySourceSSECustomerAlgorithm?: string | undefined;
  readonly StorageClass?: string | undefined;
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: Date | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
}

/** @throws AwsError for what an object is asked to be and cannot */
export function checkStorage(input: EncryptionInput): void {
  const { ServerSideEncryption: sse } = input;
  if (input.SSECustomerAlgorithm !== undefined || input.CopySourceSSECustomerAlgorithm !== undefined) {
    throw notBuilt('Encryption with keys of the client (SSE-C)');
  }
  if (sse?.startsWith('aws:') || input.SSEKMSKeyId !== undefined) {
    throw notBuilt('Encryption with keys of KMS (x-amz-server-side-encryption: aws:kms)');
  }
  if (sse !== undefined && sse !== 'AES256') {
    throw s3Error('InvalidArgument', {
      message: 'The encryption method specified is not supported',
      members: { ArgumentName: 'x-amz-server-side-encryption', ArgumentValue: sse },
    });
  }
  if (input.StorageClass !== undefined && input.StorageClass !== 'STANDARD') throw s3Error('InvalidStorageClass');
  if (input.ObjectLockMode ?? input.ObjectLockRetainUntilDate ?? input.ObjectLockLegalHoldStatus) {
    throw s3Error('InvalidRequest', { message: 'Bucket is missing Object Lock Configuration' });
  }
}
