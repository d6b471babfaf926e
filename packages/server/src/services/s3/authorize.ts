import { type AccessRequest, type Decision, denialMessage } from '../../access/authorizer.ts';
import type { Ruling } from '../../access/decide.ts';
import type { Policy } from '../../access/policy.ts';
import type { Bucket } from '../../ports/object-store.ts';
import { type CallContext, type Caller, factsOf } from '../../wire/service.ts';
import { aclAllows, aclsEnabled, isPublic } from './acl.ts';
import { ACL_PERMISSION, askedBesides, askedOf, askedOfAccount } from './actions.ts';
import { bucketArn, denialsOf, isPublicPolicy, objectArn, policyOf } from './bucket-policy.ts';
import { checkConditionInput, conditionsOf } from './condition-keys.ts';
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
 * Who may do what: what the policies of caller and bucket say together, and to those of other accounts also an ACL where
 * ACLs are enabled, as far as Block Public Access does not take it back.
 */
export function createAuthorizer(deps: S3Deps): Authorizer {
  return {
    async authorize(context, input) {
      const { operation } = context;
      const name = input.Bucket as string | undefined;
      if (name === undefined || operation === 'CreateBucket') return onAccount(context, name, input);
      const bucket = deps.store.bucket(name);
      // Of the record: what it names follows from the call itself (event/conventions/s3.ts).
      if (bucket) context.notes.resourceAccountId = bucket.ownerAccountId;
      const { ownerAccountId } = bucketOf(deps, name);
      const expected = input.ExpectedBucketOwner as string | undefined;
      if (expected !== undefined) checkExpectedOwner(expected, ownerAccountId);
      if (operation === 'DeleteObjects') return; // each key by itself, by its handler
      const { action, on } = askedOf(operation, input);
      const key = on === 'object' ? ((input.Key as string | undefined) ?? '') : undefined;
      checkKey(key ?? '');
      checkConditionInput(input);
      for (const one of [action, ...askedBesides(operation, input)]) await check(context, one, name, key, input);
    },
    require: (context, action, bucket, key) => check(context, action, bucket, key, {}),
  };

  /** Operations on no bucket, or on none that is there yet. */
  async function onAccount(context: CallContext, name: string | undefined, input: Input): Promise<void> {
    const { caller, operation } = context;
    if (caller.anonymous) throw s3Error('AccessDenied');
    for (const action of askedOfAccount(operation, input)) {
      const request: AccessRequest = {
        action,
        resource: bucketArn(name ?? '*'),
        later: () => conditionsOf(context, caller.accountId, input, []),
      };
      const decision = await decide(context, request);
      if (!decision.allowed) throw denied(caller, request, decision);
    }
  }

  async function check(
    context: CallContext,
    action: string,
    name: string,
    key: string | undefined,
    input: Input,
  ): Promise<void> {
    const bucket = bucketOf(deps, name);
    const { caller } = context;
    const own = isOwner(context, bucket);
    const policy = countedPolicy(bucket, own, caller, action);
    let tags: readonly Tag[] | undefined;
    let asksForConditions = false;
    const request: AccessRequest = {
      action,
      resource: key === undefined ? bucketArn(name) : objectArn(name, key),
      later() {
        asksForConditions = true;
        return conditionsOf(context, bucket.ownerAccountId, input, tags ?? []);
      },
      ...(policy && { resourcePolicy: policy }),
      resourceAccountId: bucket.ownerAccountId,
    };
    let decision = await decide(context, request);
    // Tags stand in the object's file, which is not read for nothing.
    if (asksForConditions && key !== undefined) {
      tags = await objectTags(name, key, input);
      if (tags.length > 0) decision = await decide(context, request);
    }
    if (decision.allowed) return;
    if (!own && decision.kind === 'implicit-deny' && (await allowedByAcl(context, bucket, action, key, input))) {
      decision = await decide(context, { ...request, granted: true });
      if (decision.allowed) return;
    }
    throw denied(caller, request, decision);
  }

  function decide(context: CallContext, request: AccessRequest): Promise<Decision> {
    return deps.authorizer.decide(context.caller, factsOf(context), request);
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

/** @throws AwsError InvalidBucketOwnerAWSAccountID, AccessDenied */
function checkExpectedOwner(expected: string, ownerAccountId: string): void {
  if (!/^\d{12}$/.test(expected)) {
    const message = `The value of the expected bucket owner parameter must be an AWS Account ID... [${expected.slice(0, 100)}]`;
    throw s3Error('InvalidBucketOwnerAWSAccountID', { message });
  }
  if (expected !== ownerAccountId) throw s3Error('AccessDenied');
}

const POLICY_ACTIONS: ReadonlySet<string> = new Set([
  's3:GetBucketPolicy',
  's3:PutBucketPolicy',
  's3:DeleteBucketPolicy',
]);

/**
 * The bucket's policy as far as it counts. Whoever wrote one that locks out everyone, the owner's root can always mend it
 * (S3 user guide). To other accounts not even a policy gives its own actions (S3 answers 405 there; denied is what they
 * are), nor anything when it is public and Block Public Access restricts the bucket.
 */
function countedPolicy(bucket: Bucket, own: boolean, caller: Caller, action: string): Policy | undefined {
  const policy = policyOf(bucket);
  if (!policy) return undefined;
  if (own) return caller.principal.kind === 'root' && POLICY_ACTIONS.has(action) ? undefined : policy;
  const restricted = publicAccessBlock(bucket).RestrictPublicBuckets === true && isPublicPolicy(policy);
  return restricted || POLICY_ACTIONS.has(action) ? denialsOf(policy) : policy;
}

/** S3 tells signed callers why; strangers learn nothing. */
function denied(caller: Caller, { action, resource }: AccessRequest, decision: Ruling) {
  if (caller.anonymous) return s3Error('AccessDenied');
  return s3Error('AccessDenied', {
    message: denialMessage(caller, { action, resource: JSON.stringify(resource) }, decision),
  });
}
