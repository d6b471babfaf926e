import { AwsError, Pushback } from '../../base/errors.ts';
import { type Objects, ObjectsError, type ServiceCaller } from '../../ports/objects.ts';
import type { Trail } from '../../trails/trail.ts';

/** As whom CloudTrail reaches the bucket of a trail; its bucket policy sees these. */
const callerFor = (trail: Pick<Trail, 'arn' | 'accountId'>): ServiceCaller => ({
  service: 'cloudtrail.amazonaws.com',
  sourceArn: trail.arn,
  sourceAccount: trail.accountId,
});

/**
 * Proves that CloudTrail may deliver to a trail's bucket: reads its ACL, and writes an empty marker where log files
 * (and digests) will stand. Both are tried even when the first fails, and a marker that was written stays (spec:
 * delivery §3).
 * @throws AwsError S3BucketDoesNotExistException, InsufficientS3BucketPolicyException,
 *   InsufficientEncryptionPolicyException; Pushback when the bucket cannot answer now
 */
export async function checkBucket(objects: Objects, trail: Trail): Promise<void> {
  const caller = callerFor(trail);
  const kinds = trail.logFileValidation ? ['CloudTrail', 'CloudTrail-Digest'] : ['CloudTrail'];
  const checks = [
    () => objects.checkBucketAcl(caller, trail.bucket),
    ...kinds.map((kind) => () => objects.put(caller, marker(trail, kind))),
  ];
  let refusal: ObjectsError | undefined;
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof ObjectsError)) throw error;
      refusal ??= error;
      if (error.code === 'NoSuchBucket') break;
    }
  }
  if (refusal) throw refused(trail, refusal);
}

const marker = (trail: Trail, kind: string) => ({
  bucket: trail.bucket,
  key: `${trail.prefix ? `${trail.prefix}/` : ''}AWSLogs/${trail.accountId}/${kind}/`,
  body: Buffer.alloc(0),
  contentType: 'application/json',
  contentEncoding: 'gzip',
  acl: 'bucket-owner-full-control' as const,
});

/** S3's codes for "not now", which are no fault of the caller's. */
const TEMPORARY: ReadonlySet<string> = new Set([
  'SlowDown',
  'InternalError',
  'ServiceUnavailable',
  'RequestTimeout',
  'OperationAborted',
]);

function refused(trail: Trail, error: ObjectsError): Error {
  const options = { cause: error };
  if (error.code === 'NoSuchBucket') {
    return new AwsError('S3BucketDoesNotExistException', `S3 bucket ${trail.bucket} does not exist!`, options);
  }
  if (TEMPORARY.has(error.code)) return new Pushback(`bucket ${trail.bucket} cannot be reached: ${error.code}`);
  if (error.code.startsWith('KMS.')) {
    return new AwsError(
      'InsufficientEncryptionPolicyException',
      `Insufficient permissions to access S3 bucket ${trail.bucket} or KMS key ${trail.kmsKeyId ?? '(the bucket default)'}.`,
      options,
    );
  }
  const hint = error.missing === undefined ? '' : `. Missing: ${error.missing}`;
  return new AwsError(
    'InsufficientS3BucketPolicyException',
    `Incorrect S3 bucket policy is detected for bucket: ${trail.bucket}${hint}`,
    options,
  );
}
