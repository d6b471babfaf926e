import { AwsError, Pushback } from '../../base/errors.ts';
import { type Objects, ObjectsError, type ObjectToPut, type ServiceCaller } from '../../ports/objects.ts';
import type { Trail } from '../../trails/trail.ts';

/** As whom CloudTrail reaches a trail's bucket, topic and role; their policies see these. */
export const callerFor = (trail: Pick<Trail, 'arn' | 'accountId'>): ServiceCaller => ({
  service: 'cloudtrail.amazonaws.com',
  sourceArn: trail.arn,
  sourceAccount: trail.accountId,
});

/**
 * Proves that CloudTrail may deliver to a trail's bucket: reads its ACL, has a data key made by the trail's key, and
 * writes an empty marker where log files (digests, Insights) will stand, encrypted as they will be; of an organization's trail
 * also where they will stand when it is the account's own again. The bucket's two are tried even when the first fails,
 * and a marker that was written stays (spec: delivery §3).
 * @returns the trail with the ARN of its key: an alias is resolved once (spec: api, KmsKeyId)
 * @throws AwsError S3BucketDoesNotExistException, InsufficientS3BucketPolicyException,
 *   InsufficientEncryptionPolicyException, KmsException; Pushback when the bucket cannot answer now
 */
export async function checkDestination(objects: Objects, wanted: Trail): Promise<Trail> {
  const caller = callerFor(wanted);
  let trail = wanted;
  const checks = [
    () => objects.checkBucketAcl(caller, trail.bucket),
    async () => {
      trail = await withKeyArn(objects, caller, trail);
    },
    ...foldersOf(trail).map((folder) => () => objects.put(caller, marker(trail, folder))),
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
  return trail;
}

/** Bare ids and aliases are of the trail's account and home Region (spec: api, KmsKeyId). */
async function withKeyArn(objects: Objects, caller: ServiceCaller, trail: Trail): Promise<Trail> {
  const { kmsKeyId, accountId, homeRegion, bucket } = trail;
  if (kmsKeyId === undefined) return trail;
  const name = kmsKeyId.startsWith('alias/') || kmsKeyId.startsWith('key/') ? kmsKeyId : `key/${kmsKeyId}`;
  const arn = kmsKeyId.startsWith('arn:') ? kmsKeyId : `arn:aws:kms:${homeRegion}:${accountId}:${name}`;
  const context = keyContext(trail, marker(trail, foldersOf(trail)[0]!).key);
  return { ...trail, kmsKeyId: await objects.checkKey(caller, bucket, arn, context) };
}

/** Where it will deliver the account's own, under the prefix. */
function foldersOf({ accountId, organizationId, logFileValidation, insightSelectors }: Trail): string[] {
  const own = `AWSLogs/${accountId}/`;
  const account = organizationId === undefined ? own : `AWSLogs/${organizationId}/${accountId}/`;
  const kinds = [
    'CloudTrail/',
    ...(logFileValidation ? ['CloudTrail-Digest/'] : []),
    ...(insightSelectors === undefined ? [] : ['CloudTrail-Insight/']),
  ];
  return [...kinds.map((kind) => account + kind), ...(account === own ? [] : [`${own}CloudTrail/`])];
}

const keyContext = ({ arn, bucket }: Trail, key: string) => ({
  'aws:cloudtrail:arn': arn,
  'aws:s3:arn': `arn:aws:s3:::${bucket}/${key}`,
});

function marker(trail: Trail, folder: string): ObjectToPut {
  const key = `${trail.prefix ? `${trail.prefix}/` : ''}${folder}`;
  return {
    bucket: trail.bucket,
    key,
    body: Buffer.alloc(0),
    contentType: 'application/json',
    contentEncoding: 'gzip',
    acl: 'bucket-owner-full-control',
    ...(trail.kmsKeyId !== undefined && { kmsKeyId: trail.kmsKeyId, kmsContext: keyContext(trail, key) }),
  };
}

/** S3's codes for "not now", which are no fault of the caller's. */
const TEMPORARY: ReadonlySet<string> = new Set([
  'SlowDown',
  'InternalError',
  'ServiceUnavailable',
  'RequestTimeout',
  'OperationAborted',
]);

/** KMS's refusals: a disabled key and the like. One that is not there looks like one that may not be used (spec: api). */
const KEY_FAILURE = /^KMS\./;
const MISSING_KEY = /^KMS\.NotFoundException$/;

function refused(trail: Trail, error: ObjectsError): Error {
  const options = { cause: error };
  if (error.code === 'NoSuchBucket') {
    return new AwsError('S3BucketDoesNotExistException', `S3 bucket ${trail.bucket} does not exist!`, options);
  }
  if (TEMPORARY.has(error.code)) return new Pushback(`bucket ${trail.bucket} cannot be reached: ${error.code}`);
  if (error.code === 'KMS.WrongRegion') return new AwsError('KmsKeyNotFoundException', error.message, options);
  if (KEY_FAILURE.test(error.code) && !MISSING_KEY.test(error.code)) {
    return new AwsError('KmsException', error.message, options);
  }
  // Of a key and a bucket it is not said which refused (spec: delivery §3); of the bucket's policy it can be said.
  if (error.missing === undefined && trail.kmsKeyId !== undefined) {
    return new AwsError(
      'InsufficientEncryptionPolicyException',
      `Insufficient permissions to access S3 bucket ${trail.bucket} or KMS key ${trail.kmsKeyId}. ${error.message}`,
      options,
    );
  }
  const hint = error.missing === undefined ? error.message : `Missing: ${error.missing}`;
  return new AwsError(
    'InsufficientS3BucketPolicyException',
    `Incorrect S3 bucket policy is detected for bucket: ${trail.bucket}. ${hint}`,
    options,
  );
}
