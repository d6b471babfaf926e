import { principalOf } from '../../access/context.ts';
import { evaluate, type PolicyRequest } from '../../access/policy.ts';
import type { Bucket } from '../../ports/object-store.ts';
import type { CallContext } from '../../wire/service.ts';
import { aclAllows, aclsEnabled, isPublic } from './acl.ts';
import { ACL_PERMISSION, askedBesides, askedOf } from './actions.ts';
import { bucketArn, isPublicPolicy, objectArn, policyOf } from './bucket-policy.ts';
import { asksForTags, checkConditionInput, conditionsOf } from './condition-keys.ts';
import { s3Error } from './errors.ts';
import { bucketOf, type Grant, isOwner, type ObjectMarks, type S3Deps, type Tag } from './model.ts';
import { checkKey } from './names.ts';
import { publicAccessBlock } from './public-access.ts';

type Input = Readonly<Record<string, unknown>>;

export interface Authorizer {
  /** For `Service.authorize`; also notes the resources for the call's record. */
  readonly authorize: (context: CallContext, input: Input) => Promise<void>;
  /** @throws AwsError AccessDenied, NoSuchBucket */
  readonly require: (context: CallContext, action: string, bucket: string, key?: string) => Promise<void>;
}

/**
 * Who may do what. Principals of the bucket's owner may do everything that the bucket's policy does not deny (users of
 * an account have no policies of their own here); everybody else only what the policy, or an ACL where ACLs are
 * enabled, allows and Block Public Access does not take back.
 */
export function createAuthorizer(deps: S3Deps): Authorizer {
  return {
    async authorize(context, input) {
      const { operation } = context;
      const name = input.Bucket as string | undefined;
      if (name === undefined || operation === 'CreateBucket') {
        if (context.caller.anonymous) throw s3Error('AccessDenied');
        return;
      }
      const bucket = deps.store.bucket(name);
      noteResources(context, name, bucket, input);
      const { ownerAccountId } = bucketOf(deps, name);
      const expected = input.ExpectedBucketOwner as string | undefined;
      if (expected !== undefined && expected !== ownerAccountId) throw s3Error('AccessDenied');
      if (operation === 'DeleteObjects') return; // each key by itself, by its handler
      const { action, on } = askedOf(operation, input);
      const key = on === 'object' ? ((input.Key as string | undefined) ?? '') : undefined;
      checkKey(key ?? '');
      checkConditionInput(input);
      for (const one of [action, ...askedBesides(operation, input)]) await check(context, one, name, key, input);
    },
    require: (context, action, bucket, key) => check(context, action, bucket, key, {}),
  };

  async function check(
    context: CallContext,
    action: string,
    name: string,
    key: string | undefined,
    input: Input,
  ): Promise<void> {
    const bucket = bucketOf(deps, name);
    const policy = policyOf(bucket);
    const tags = policy && key !== undefined && asksForTags(policy) ? await objectTags(name, key, input) : [];
    const request: PolicyRequest = {
      principal: principalOf(context.caller),
      action,
      resource: key === undefined ? bucketArn(name) : objectArn(name, key),
      get context() {
        return conditionsOf(context, bucket, input, tags);
      },
    };
    const verdict = policy ? evaluate(policy, request) : 'none';
    const own = isOwner(context, bucket);
    // Whoever wrote a policy that locks out everyone, the owner's root can always mend it (S3 user guide).
    if (own && context.caller.identity.type === 'Root' && POLICY_ACTIONS.has(action)) return;
    if (verdict === 'deny') throw denied(context, request, 'with an explicit deny in a resource-based policy');
    if (own) return;
    const restricted = publicAccessBlock(bucket).RestrictPublicBuckets && policy && isPublicPolicy(policy);
    if (verdict === 'allow' && !restricted && !OWNER_ONLY.has(action)) return;
    if (await allowedByAcl(context, bucket, action, key, input)) return;
    throw denied(context, request, `because no resource-based policy allows the ${action} action`);
  }

  async function allowedByAcl(
    context: CallContext,
    bucket: Bucket,
    action: string,
    key: string | undefined,
    input: Input,
  ): Promise<boolean> {
    const permission = ACL_PERMISSION[action];
    if (permission === undefined || !aclsEnabled(bucket)) return false;
    const ofBucket = key === undefined || permission === 'WRITE';
    const grants = (ofBucket ? bucket.settings.acl : await objectAcl(bucket.name, key, input)) as
      | readonly Grant[]
      | undefined;
    const counted = (grants ?? []).filter((grant) => !publicAccessBlock(bucket).IgnorePublicAcls || !isPublic(grant));
    return aclAllows(counted, permission, context.caller.anonymous ? undefined : context.caller.accountId);
  }

  async function objectTags(bucket: string, key: string, input: Input): Promise<readonly Tag[]> {
    const object = await deps.store.open(bucket, key, input.VersionId as string | undefined);
    await object?.close();
    return (object?.marks as ObjectMarks | undefined)?.tags ?? [];
  }

  async function objectAcl(bucket: string, key: string, input: Input): Promise<readonly Grant[] | undefined> {
    const object = await deps.store.open(bucket, key, input.VersionId as string | undefined);
    await object?.close();
    return (object?.marks as ObjectMarks | undefined)?.acl;
  }
}

const POLICY_ACTIONS: ReadonlySet<string> = new Set([
  's3:GetBucketPolicy',
  's3:PutBucketPolicy',
  's3:DeleteBucketPolicy',
]);
/** Not even a policy gives these to another account (S3 answers 405 there; denied is what they are). */
const OWNER_ONLY = POLICY_ACTIONS;

/** S3 tells signed callers why; strangers learn nothing. */
function denied({ caller }: CallContext, { action, resource }: PolicyRequest, why: string) {
  if (caller.anonymous) return s3Error('AccessDenied');
  return s3Error('AccessDenied', {
    message: `User: ${caller.arn} is not authorized to perform: ${action} on resource: "${resource}" ${why}`,
  });
}

/** Operations that CloudTrail files with the prefix of what they could touch instead of one object. */
const PREFIX_OPERATIONS: ReadonlySet<string> = new Set([
  'HeadBucket',
  'ListObjects',
  'ListObjectsV2',
  'ListObjectVersions',
]);

/** What the record names (spec: record-conventions §15): the object without account, then the bucket with it. */
function noteResources(context: CallContext, name: string, bucket: Bucket | undefined, input: Input): void {
  const { notes, operation } = context;
  const key = input.Key as string | undefined;
  const prefix = (input.Prefix as string | undefined) ?? '';
  notes.resources = [
    ...(key === undefined ? [] : [{ type: 'AWS::S3::Object', ARN: objectArn(name, key) }]),
    ...(PREFIX_OPERATIONS.has(operation) ? [{ type: 'AWS::S3::Object', ARNPrefix: objectArn(name, prefix) }] : []),
    { ...(bucket && { accountId: bucket.ownerAccountId }), type: 'AWS::S3::Bucket', ARN: bucketArn(name) },
  ];
  if (bucket) notes.resourceAccountId = bucket.ownerAccountId;
}
