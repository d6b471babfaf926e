import type { PublicAccessBlockConfiguration } from '@aws-sdk/client-s3';
import type { Bucket } from '../../ports/object-store.ts';

/** What new buckets have: everything public blocked (the default since 2023). */
export const ALL_BLOCKED: PublicAccessBlockConfiguration = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

/** What of public access the bucket blocks; nothing once its configuration was deleted. */
export function publicAccessBlock(bucket: Bucket): PublicAccessBlockConfiguration {
  return (bucket.settings.publicAccessBlock as PublicAccessBlockConfiguration | undefined) ?? {};
}
