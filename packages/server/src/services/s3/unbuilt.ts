import type { CallContext, Handler } from '../../wire/service.ts';
import { notBuilt, type S3ErrorCode, s3Error } from './errors.ts';
import { bucketOf, type Handlers, objectOf, type S3Deps } from './model.ts';

/**
 * Features of S3 that are not here. Reading them answers as a bucket that never used them, which is what Terraform and
 * others ask of every bucket; unsetting them succeeds; setting them is refused.
 */
const EMPTY: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  GetBucketAccelerateConfiguration: {},
  GetBucketLogging: {},
  GetBucketRequestPayment: { Payer: 'BucketOwner' },
  GetBucketAbac: { AbacStatus: { Status: 'Disabled' } },
  ListBucketAnalyticsConfigurations: { IsTruncated: false },
  ListBucketIntelligentTieringConfigurations: { IsTruncated: false },
  ListBucketInventoryConfigurations: { IsTruncated: false },
  ListBucketMetricsConfigurations: { IsTruncated: false },
  DeleteBucketCors: {},
  DeleteBucketReplication: {},
  DeleteBucketWebsite: {},
};

const MISSING: Readonly<Record<string, S3ErrorCode>> = {
  GetBucketCors: 'NoSuchCORSConfiguration',
  GetBucketReplication: 'ReplicationConfigurationNotFoundError',
  GetBucketWebsite: 'NoSuchWebsiteConfiguration',
  GetObjectLockConfiguration: 'ObjectLockConfigurationNotFoundError',
  GetBucketAnalyticsConfiguration: 'NoSuchConfiguration',
  GetBucketIntelligentTieringConfiguration: 'NoSuchConfiguration',
  GetBucketInventoryConfiguration: 'NoSuchConfiguration',
  GetBucketMetricsConfiguration: 'NoSuchConfiguration',
};

/** Setting these to what holds anyway is no change: the input's member that says so, and what it may say. */
const HARMLESS: Readonly<Record<string, readonly [member: string, holds: (value: Tree) => boolean]>> = {
  PutBucketAccelerateConfiguration: ['AccelerateConfiguration', (value) => value.Status === 'Suspended'],
  PutBucketLogging: ['BucketLoggingStatus', (value) => value.LoggingEnabled === undefined],
  PutBucketRequestPayment: ['RequestPaymentConfiguration', (value) => value.Payer === 'BucketOwner'],
  PutBucketAbac: ['AbacStatus', (value) => value.Status === 'Disabled'],
};

type Tree = Readonly<Record<string, unknown>>;

export function unbuiltHandlers(deps: S3Deps): Handlers {
  const table = <T>(entries: Readonly<Record<string, T>>, make: (value: T, operation: string) => Handler) =>
    Object.fromEntries(Object.entries(entries).map(([operation, value]) => [operation, make(value, operation)]));
  return {
    ...table(EMPTY, (answer) => async (_: CallContext, input: { Bucket: string }) => {
      bucketOf(deps, input.Bucket);
      return answer;
    }),
    ...table(MISSING, (code) => async (_: CallContext, input: { Bucket: string }) => {
      throw s3Error(code, { members: { BucketName: bucketOf(deps, input.Bucket).name } });
    }),
    ...table(HARMLESS, ([member, holds], operation) => async (_: CallContext, input: Tree) => {
      if (holds((input[member] as Tree | undefined) ?? {})) return {};
      throw notBuilt(operation);
    }),
    ...table({ GetObjectLegalHold: 0, GetObjectRetention: 0 }, () => async (_: CallContext, input) => {
      objectOf(deps, input.Bucket, input.Key, input.VersionId);
      throw s3Error('NoSuchObjectLockConfiguration', { members: { Key: input.Key } });
    }),
  };
}
