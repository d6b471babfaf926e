import type {
  DescribeTrailsCommandOutput,
  GetTrailStatusCommandOutput,
  ListPublicKeysCommandOutput,
} from '@aws-sdk/client-cloudtrail';
import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import type { PublicKeys } from '../../verify/check-digest.ts';
import type { ListedObject } from '../../verify/source.ts';
import type { ShownTrail, TrailCalls } from '../../verify/trail-target.ts';
import type { Pipeline } from '../../wire/pipeline.ts';
import type { CallContext } from '../../wire/service.ts';
import { uriEncode } from '../../wire/sigv4/index.ts';
import type { ObjectRead, ReadObject } from './read-objects.ts';

/**
 * AWS's operations as parts of ours, as the caller: each is allowed, and recorded, as if it had been asked for by itself.
 */
export type Within = Pipeline['within'];

/** S3's GetObject. */
export function objectReader(within: Within): ReadObject {
  return (context, Bucket, Key) =>
    within(context, {
      schemaId: 's3',
      operation: 'GetObject',
      input: { Bucket, Key },
      method: 'GET',
      rawPath: `/${[Bucket, ...Key.split('/')].map(uriEncode).join('/')}`,
    }) as Promise<ObjectRead>;
}

export interface ListedPage {
  readonly objects: readonly ListedObject[];
  readonly next?: string;
}

/** A page of S3's ListObjectsV2. */
export async function listObjects(
  within: Within,
  context: CallContext,
  Bucket: string,
  Prefix: string,
  token: string | undefined,
): Promise<ListedPage> {
  const more = token === undefined ? {} : { ContinuationToken: token };
  const page = (await within(context, {
    schemaId: 's3',
    operation: 'ListObjectsV2',
    input: { Bucket, Prefix, ...more },
    method: 'GET',
    rawPath: `/${uriEncode(Bucket)}`,
    query: [
      ['list-type', '2'],
      ['prefix', Prefix],
      ...(token === undefined ? [] : ([['continuation-token', token]] as const)),
    ],
  })) as Partial<ListObjectsV2CommandOutput>;
  const objects = (page.Contents ?? []).map(({ Key = '', Size = 0, LastModified }) => ({
    key: Key,
    sizeBytes: Size,
    ...(LastModified && { lastModifiedMs: LastModified.getTime() }),
  }));
  return { objects, ...(page.NextContinuationToken !== undefined && { next: page.NextContinuationToken }) };
}

const cloudTrail = (within: Within, context: CallContext, operation: string, input: object, region?: string) =>
  within(context, {
    schemaId: 'cloudtrail',
    operation,
    input: { ...input },
    method: 'POST',
    rawPath: '/',
    ...(region !== undefined && { region }),
  });

/** DescribeTrails and GetTrailStatus, as a verification needs them. */
export const trailCalls = (within: Within, context: CallContext): TrailCalls => ({
  async describeTrails(region, arns) {
    const input = arns === undefined ? {} : { trailNameList: arns, includeShadowTrails: false };
    const answer = await cloudTrail(within, context, 'DescribeTrails', input, region);
    return ((answer as Partial<DescribeTrailsCommandOutput>).trailList ?? []) as readonly ShownTrail[];
  },
  async latestDigestDeliveryMs({ HomeRegion, TrailARN: Name }) {
    const answer = await cloudTrail(within, context, 'GetTrailStatus', { Name }, HomeRegion);
    return (answer as Partial<GetTrailStatusCommandOutput>).LatestDigestDeliveryTime?.getTime();
  },
});

/** ListPublicKeys of a Region. */
export async function publicKeys(
  within: Within,
  context: CallContext,
  region: string,
  startMs: number,
  endMs: number,
): Promise<PublicKeys> {
  const input = { StartTime: new Date(startMs), EndTime: new Date(endMs) };
  const answer = await cloudTrail(within, context, 'ListPublicKeys', input, region);
  const keys = (answer as Partial<ListPublicKeysCommandOutput>).PublicKeyList ?? [];
  return new Map(keys.map(({ Fingerprint = '', Value = NONE }) => [Fingerprint, Buffer.from(Value)]));
}

const NONE = new Uint8Array();
