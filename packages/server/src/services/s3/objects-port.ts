import { createHash } from 'node:crypto';
import { serviceContext } from '../../access/context.ts';
import { evaluate, missingStatement, type PolicyRequest } from '../../access/policy.ts';
import type { OrganizationSource } from '../../access/principal-policies.ts';
import type { Clock } from '../../base/clock.ts';
import { AwsError, Pushback } from '../../base/errors.ts';
import { type Bucket, type ObjectStore, StoreRefusal } from '../../ports/object-store.ts';
import { type Objects, ObjectsError, type ObjectToPut, type ServiceCaller } from '../../ports/objects.ts';
import { bucketArn, objectArn, policyOf } from './bucket-policy.ts';
import type { ChosenEncryption } from './encryption.ts';
import type { ObjectAttributes } from './model.ts';
import { checkKey } from './names.ts';
import type { ObjectKeys } from './object-keys.ts';

/**
 * Where trails deliver when the store is our own: the bucket's policy decides, as it would for CloudTrail in AWS, and
 * the policy of the key. Without a key of the trail's own it is SSE-S3, whatever the bucket's default, as CloudTrail asks.
 */
export function objectsPort(
  store: ObjectStore,
  clock: Clock,
  keys: ObjectKeys,
  organizations?: OrganizationSource,
): Objects {
  return {
    async checkBucketAcl(caller, bucket) {
      await require(caller, bucket, 's3:GetBucketAcl', bucketArn(bucket), {});
    },

    async put(caller, object) {
      const { bucket: name, key, body } = object;
      const bucket = await require(caller, name, 's3:PutObject', objectArn(name, key), conditionsOf(object));
      await withObjectsErrors(async () => {
        checkKey(key);
        const { encryption, sealing } = await keys.make({ service: caller }, { bucket, key }, chosenFor(object));
        // Delivery is repeated until it is known to have succeeded; the same bytes are there already then.
        const md5 = createHash('md5').update(body).digest('hex');
        if (store.find(name, key)?.etag === (sealing?.etagOf?.(md5) ?? md5)) return;
        const attributes = { ...attributesOf(object), ...(encryption && { encryption }) };
        await store.put({
          bucket: name,
          key,
          body,
          ...(sealing && { sealing }),
          describe: () => ({ attributes }),
        });
      });
    },

    async checkKey(caller, name, kmsKeyId, kmsContext) {
      const bucket = bucketNamed(name);
      const [, , , region] = kmsKeyId.split(':');
      if (kmsKeyId.startsWith('arn:') && region !== bucket.region) {
        throw new ObjectsError('KMS.WrongRegion', `The key must be in ${bucket.region}, where bucket ${name} is.`);
      }
      return withObjectsErrors(async () => {
        const chosen = kmsChosen(kmsKeyId, kmsContext);
        const { encryption, sealing } = await keys.make({ service: caller }, { bucket, key: '' }, chosen);
        sealing?.dataKey.fill(0);
        return encryption?.kind === 'aws:kms' ? encryption.keyArn : kmsKeyId;
      });
    },
  };

  function bucketNamed(name: string): Bucket {
    const bucket = store.bucket(name);
    if (!bucket) throw new ObjectsError('NoSuchBucket', `The specified bucket does not exist: ${name}`);
    return bucket;
  }

  async function require(
    caller: ServiceCaller,
    bucketName: string,
    action: string,
    resource: string,
    conditions: PolicyRequest['context'],
  ): Promise<Bucket> {
    const bucket = bucketNamed(bucketName);
    const place = await organizations?.placeOf(caller.sourceAccount);
    const request: PolicyRequest = {
      principal: { kind: 'service', service: caller.service },
      action,
      resource,
      context: { ...serviceContext(caller, clock.now(), place), ...conditions },
    };
    const policy = policyOf(bucket);
    if (policy && evaluate(policy, request) === 'allow') return bucket;
    const missing = missingStatement(policy, request, folderOf(resource, action));
    const why =
      missing === undefined
        ? 'a statement of the bucket policy denies it'
        : 'no statement of the bucket policy allows it';
    throw new ObjectsError('AccessDenied', `${caller.service} may not ${action} on ${resource}: ${why}.`, missing);
  }
}

async function withObjectsErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreRefusal || error instanceof AwsError) throw new ObjectsError(error.code, error.message);
    if (error instanceof Pushback) throw new ObjectsError('SlowDown', error.message);
    throw error;
  }
}

const kmsChosen = (keyId: string, context: Readonly<Record<string, string>> = {}): ChosenEncryption => ({
  kind: 'aws:kms',
  keyId,
  bucketKey: false,
  context,
});

const chosenFor = ({ kmsKeyId, kmsContext }: ObjectToPut): ChosenEncryption =>
  kmsKeyId === undefined ? { kind: 'AES256' } : kmsChosen(kmsKeyId, kmsContext);

/** What the headers of the request would say, for the conditions of the bucket's policy. */
function conditionsOf({ acl, kmsKeyId }: ObjectToPut): Record<string, string> {
  return {
    ...(acl !== undefined && { 's3:x-amz-acl': acl }),
    's3:x-amz-server-side-encryption': kmsKeyId === undefined ? 'AES256' : 'aws:kms',
    ...(kmsKeyId !== undefined && { 's3:x-amz-server-side-encryption-aws-kms-key-id': kmsKeyId }),
  };
}

/** The statement to add should cover the whole folder of the account or, of an organization trail, of the organization. */
function folderOf(resource: string, action: string): string {
  return action === 's3:PutObject' ? resource.replace(/^(.*?\/AWSLogs\/[^/]+\/).*$/s, '$1*') : resource;
}

function attributesOf({ contentType, contentEncoding, metadata }: ObjectToPut): ObjectAttributes {
  return {
    headers: { ContentType: contentType, ...(contentEncoding !== undefined && { ContentEncoding: contentEncoding }) },
    ...(metadata && { metadata }),
  };
}
