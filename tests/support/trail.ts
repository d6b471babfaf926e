import { CreateTrailCommand, type CreateTrailCommandInput, StartLoggingCommand } from '@aws-sdk/client-cloudtrail';
import { CreateBucketCommand, PutBucketPolicyCommand, type S3Client } from '@aws-sdk/client-s3';
import type { RunningOpenTrail } from './opentrail.ts';
import { cloudTrail, s3 } from './sdk.ts';

export const ACCOUNT = '123456789012';

/** The policy of AWS's user guide, for any trail and prefix of the account; `deny` makes the bucket refuse log files. */
export const bucketPolicy = (bucket: string, deny = false): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      statement('s3:GetBucketAcl', `arn:aws:s3:::${bucket}`),
      { ...statement('s3:PutObject', `arn:aws:s3:::${bucket}/*`), Effect: deny ? 'Deny' : 'Allow' },
    ],
  });

const statement = (action: string, resource: string) => ({
  Effect: 'Allow',
  Principal: { Service: 'cloudtrail.amazonaws.com' },
  Action: action,
  Resource: resource,
});

/** What AWS's user guide has for a trail's key: administrators, and CloudTrail (Sid AllowCloudTrailEncryptLogs). */
export const KEY_ADMINISTRATORS = {
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
  Action: 'kms:*',
  Resource: '*',
};
export const KEY_DELIVERY = {
  Effect: 'Allow',
  Principal: { Service: 'cloudtrail.amazonaws.com' },
  Action: 'kms:GenerateDataKey*',
  Resource: '*',
  Condition: {
    StringLike: { 'kms:EncryptionContext:aws:cloudtrail:arn': `arn:aws:cloudtrail:*:${ACCOUNT}:trail/*` },
  },
};

export const allowDelivery = (client: S3Client, bucket: string, deny = false) =>
  client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: bucketPolicy(bucket, deny) }));

/** A bucket that trails may write to, and a trail that logs to it. @returns the trail's ARN */
export async function makeTrail(
  server: RunningOpenTrail,
  input: Partial<CreateTrailCommandInput> & { Name: string; S3BucketName: string },
): Promise<string> {
  const [ct, store] = [cloudTrail(server), s3(server)];
  await store.send(new CreateBucketCommand({ Bucket: input.S3BucketName })).catch((error) => {
    if (error.name !== 'BucketAlreadyOwnedByYou') throw error;
  });
  await allowDelivery(store, input.S3BucketName);
  const made = await ct.send(
    new CreateTrailCommand({ IsMultiRegionTrail: true, EnableLogFileValidation: true, ...input }),
  );
  await ct.send(new StartLoggingCommand({ Name: input.Name }));
  return made.TrailARN!;
}
