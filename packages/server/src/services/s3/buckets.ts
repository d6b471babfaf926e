import type { CreateBucketCommandInput, ListBucketsCommandInput } from '@aws-sdk/client-s3';
import { StoreRefusal } from '../../ports/object-store.ts';
import type { CallContext } from '../../wire/service.ts';
import { OWNERSHIPS, requestedAcl } from './acl.ts';
import { bucketArn } from './bucket-policy.ts';
import { invalidArgument, notBuilt, s3Error } from './errors.ts';
import { bucketOf, type Handlers, ownerOf, type S3Deps, stillThisBucket } from './model.ts';
import { checkBucketName } from './names.ts';
import { ALL_BLOCKED } from './public-access.ts';
import { checkTags } from './tags.ts';

/** Every bucket's state is held in memory; S3's own default quota is 10,000. */
const BUCKETS_MAX = 10_000;
const US_EAST_1 = 'us-east-1';

export function bucketHandlers(deps: S3Deps): Handlers {
  const { store } = deps;
  return {
    async CreateBucket(context: CallContext, input: CreateBucketCommandInput) {
      const { Bucket: name = '' } = input;
      checkBucketName(name);
      if (input.ObjectLockEnabledForBucket) throw notBuilt('Object Lock');
      const { accountId } = context.caller;
      const ownership = input.ObjectOwnership ?? 'BucketOwnerEnforced';
      checkOwnership(ownership);
      const enabled = ownership !== 'BucketOwnerEnforced';
      // With ACLs disabled S3 still takes the one that changes nothing; Terraform sends it.
      const isPrivate = !enabled && input.ACL === 'private';
      const acl = isPrivate ? undefined : requestedAcl(input, accountId, { enabled, blocksPublic: true });
      const tags = checkTags(input.CreateBucketConfiguration?.Tags, 'bucket');
      const region = regionFor(context.region, input.CreateBucketConfiguration?.LocationConstraint);
      if (!store.bucket(name) && store.buckets().length >= BUCKETS_MAX) throw s3Error('TooManyBuckets');
      try {
        await store.createBucket({
          name,
          ownerAccountId: accountId,
          region,
          createdMs: deps.clock.now(),
          settings: {
            objectOwnership: ownership,
            publicAccessBlock: ALL_BLOCKED,
            ...(acl && { acl }),
            ...(tags.length > 0 && { tagging: tags }),
          },
        });
      } catch (error) {
        if (!(error instanceof StoreRefusal)) throw error;
        const { ownerAccountId, region: itsRegion } = bucketOf(deps, name);
        const members = { BucketName: name };
        if (ownerAccountId !== accountId) throw s3Error('BucketAlreadyExists', { members });
        // In us-east-1, and only there, making one's own bucket again succeeds (CreateBucket, "Errors"); not with tags.
        const isHarmless = itsRegion === US_EAST_1 && region === US_EAST_1 && tags.length === 0;
        if (!isHarmless) throw s3Error('BucketAlreadyOwnedByYou', { members });
      }
      return { Location: `/${name}`, BucketArn: bucketArn(name) };
    },

    async DeleteBucket(_: CallContext, input: { Bucket: string }) {
      const { versioning } = bucketOf(deps, input.Bucket);
      try {
        await store.deleteBucket(input.Bucket, stillThisBucket(deps, input.Bucket));
      } catch (error) {
        if (versioning === undefined || !(error instanceof StoreRefusal) || error.code !== 'BucketNotEmpty')
          throw error;
        throw s3Error('BucketNotEmpty', { message: HAS_VERSIONS, members: { BucketName: input.Bucket } });
      }
      return {};
    },

    async HeadBucket(_: CallContext, input: { Bucket: string }) {
      const { name, region } = bucketOf(deps, input.Bucket);
      return { BucketArn: bucketArn(name), BucketRegion: region, AccessPointAlias: false };
    },

    async GetBucketLocation(_: CallContext, input: { Bucket: string }) {
      const { region } = bucketOf(deps, input.Bucket);
      return region === US_EAST_1 ? {} : { LocationConstraint: region };
    },

    async ListBuckets(context: CallContext, input: ListBucketsCommandInput) {
      const { Prefix = '', BucketRegion, ContinuationToken } = input;
      const limit = input.MaxBuckets ?? BUCKETS_MAX;
      if (limit < 1 || limit > BUCKETS_MAX) {
        throw invalidArgument(
          'max-buckets',
          String(limit),
          `Argument max-buckets must be an integer between 1 and ${BUCKETS_MAX}`,
        );
      }
      const after = ContinuationToken === undefined ? '' : Buffer.from(ContinuationToken, 'base64url').toString('utf8');
      const mine = store
        .buckets()
        .filter((b) => b.ownerAccountId === context.caller.accountId && b.name.startsWith(Prefix) && b.name > after)
        .filter((b) => BucketRegion === undefined || b.region === BucketRegion);
      const page = mine.slice(0, limit);
      const more = [input.Prefix, input.MaxBuckets, ContinuationToken, BucketRegion].some(
        (given) => given !== undefined,
      );
      return {
        Owner: ownerOf(context.caller.accountId),
        Buckets: page.map((b) => ({
          Name: b.name,
          CreationDate: new Date(b.createdMs),
          // S3 tells them to those who ask for anything at all.
          ...(more && { BucketRegion: b.region, BucketArn: bucketArn(b.name) }),
        })),
        ...(input.Prefix !== undefined && { Prefix }),
        ...(mine.length > limit && { ContinuationToken: Buffer.from(page.at(-1)!.name).toString('base64url') }),
      };
    },
  };
}

const HAS_VERSIONS = 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.';

/** @throws AwsError InvalidArgument */
function checkOwnership(ownership: string): void {
  if (OWNERSHIPS.has(ownership)) return;
  const name = 'x-amz-object-ownership';
  throw invalidArgument(name, ownership, `Invalid ${name} header: ${ownership}`);
}

/**
 * Where a bucket is made: where the request was sent, which must not contradict the constraint; us-east-1 alone makes
 * buckets for all Regions (CreateBucket, LocationConstraint).
 */
function regionFor(endpointRegion: string, given: string | undefined): string {
  const constraint = given === 'EU' ? 'eu-west-1' : given;
  if (constraint === undefined || constraint === '') {
    if (endpointRegion === US_EAST_1) return US_EAST_1;
    throw s3Error('IllegalLocationConstraintException');
  }
  if (endpointRegion !== US_EAST_1 && endpointRegion !== constraint) {
    throw s3Error('IllegalLocationConstraintException', {
      message: `The ${given} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    });
  }
  if (constraint === US_EAST_1 || !/^[a-z]{2}(?:-[a-z]+)+-\d+$/.test(constraint)) {
    throw s3Error('InvalidLocationConstraint', { members: { LocationConstraint: constraint } });
  }
  return constraint;
}
