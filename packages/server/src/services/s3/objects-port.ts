import { createHash } from 'node:crypto';
import { serviceContext } from '../../access/context.ts';
import { evaluate, missingStatement, type PolicyRequest } from '../../access/policy.ts';
import type { Clock } from '../../base/clock.ts';
import { AwsError, Pushback } from '../../base/errors.ts';
import { type ObjectStore, StoreRefusal } from '../../ports/object-store.ts';
import { type Objects, ObjectsError, type ObjectToPut, type ServiceCaller } from '../../ports/objects.ts';
import { bucketArn, objectArn, policyOf } from './bucket-policy.ts';
import type { ObjectAttributes } from './model.ts';
import { checkKey } from './names.ts';

/** Where trails deliver when the store is our own: the bucket's policy decides, as it would for CloudTrail in AWS. */
export function objectsPort(store: ObjectStore, clock: Clock): Objects {
  return {
    async checkBucketAcl(caller, bucket) {
      require(caller, bucket, 's3:GetBucketAcl', bucketArn(bucket), {});
    },

    async put(caller, object) {
      const { bucket, key, body, acl } = object;
      require(caller, bucket, 's3:PutObject', objectArn(bucket, key), acl === undefined ? {} : { 's3:x-amz-acl': acl });
      if (object.kmsKeyId !== undefined) {
        throw new ObjectsError('NotImplemented', 'The object store does not encrypt with KMS keys.');
      }
      // Delivery is repeated until it is known to have succeeded; the same bytes are there already then.
      const there = store.find(bucket, key);
      if (there && there.etag === createHash('md5').update(body).digest('hex')) return;
      try {
        checkKey(key);
        await store.put({ bucket, key, body, describe: () => ({ attributes: { ...attributesOf(object) } }) });
      } catch (error) {
        if (error instanceof StoreRefusal || error instanceof AwsError)
          throw new ObjectsError(error.code, error.message);
        if (error instanceof Pushback) throw new ObjectsError('SlowDown', error.message);
        throw error;
      }
    },
  };

  function require(
    caller: ServiceCaller,
    bucketName: string,
    action: string,
    resource: string,
    conditions: PolicyRequest['context'],
  ): void {
    const bucket = store.bucket(bucketName);
    if (!bucket) throw new ObjectsError('NoSuchBucket', `The specified bucket does not exist: ${bucketName}`);
    const request: PolicyRequest = {
      principal: { kind: 'service', service: caller.service },
      action,
      resource,
      context: { ...serviceContext(caller, clock.now()), ...conditions },
    };
    const policy = policyOf(bucket);
    if (policy && evaluate(policy, request) === 'allow') return;
    const missing = missingStatement(policy, request, folderOf(resource, action, caller));
    const why =
      missing === undefined
        ? 'a statement of the bucket policy denies it'
        : 'no statement of the bucket policy allows it';
    throw new ObjectsError('AccessDenied', `${caller.service} may not ${action} on ${resource}: ${why}.`, missing);
  }
}

/** The statement to add should cover the whole of the account's folder, not one object. */
function folderOf(resource: string, action: string, { sourceAccount }: ServiceCaller): string {
  const folder = `AWSLogs/${sourceAccount}/`;
  const at = action === 's3:PutObject' ? resource.indexOf(folder) : -1;
  return at < 0 ? resource : `${resource.slice(0, at + folder.length)}*`;
}

function attributesOf({ contentType, contentEncoding, metadata }: ObjectToPut): ObjectAttributes {
  return {
    headers: { ContentType: contentType, ...(contentEncoding !== undefined && { ContentEncoding: contentEncoding }) },
    ...(metadata && { metadata }),
  };
}
