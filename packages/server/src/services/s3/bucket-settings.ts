import type {
  PutBucketAclCommandInput,
  PutBucketEncryptionCommandInput,
  PutBucketLifecycleConfigurationCommandInput,
  PutBucketOwnershipControlsCommandInput,
  PutBucketPolicyCommandInput,
  PutBucketTaggingCommandInput,
  PutBucketVersioningCommandInput,
  PutPublicAccessBlockCommandInput,
} from '@aws-sdk/client-s3';
import type { CallContext, Handler } from '../../wire/service.ts';
import { aclsEnabled, defaultAcl, isPublic, OWNERSHIPS, requestedAcl } from './acl.ts';
import { isPublicPolicy, policyOf, readPolicy } from './bucket-policy.ts';
import { isKnownKey } from './condition-keys.ts';
import { checkAlgorithm, checkKeyId, defaultRule, type EncryptionRule } from './encryption.ts';
import { invalidArgument, notBuilt, type S3ErrorCode, s3Error } from './errors.ts';
import { checkLifecycle, checkMinimumSize } from './lifecycle-check.ts';
import { type StoredRule, shownRules } from './lifecycle-rules.ts';
import { bucketOf, changeBucket, type Grant, type Handlers, ownerOf, type S3Deps } from './model.ts';
import { publicAccessBlock } from './public-access.ts';
import { checkTags } from './tags.ts';

interface BucketInput {
  readonly Bucket: string;
}

/** What is set on a bucket: a Get, a Put and a Delete each, over one entry of the bucket's settings. */
export function bucketSettingHandlers(deps: S3Deps): Handlers {
  const settingsOf = (input: BucketInput) => bucketOf(deps, input.Bucket).settings;

  /** Shows a setting, or says by S3's own error that there is none. */
  const get =
    (name: string, missing: S3ErrorCode, show: (value: never) => unknown): Handler =>
    async (_: CallContext, input: BucketInput) => {
      const value = settingsOf(input)[name];
      if (value === undefined) throw s3Error(missing, { members: { BucketName: input.Bucket } });
      return show(value as never);
    };
  const set = async (input: { Bucket?: string | undefined }, name: string, value: unknown) => {
    await changeBucket(deps, input.Bucket ?? '', (b) => ({ ...b, settings: { ...b.settings, [name]: value } }));
    return {};
  };
  /** Unsets; what JSON leaves out is gone. */
  const unset =
    (name: string): Handler =>
    (_: CallContext, input: BucketInput) =>
      set(input, name, undefined);

  return {
    GetBucketPolicy: get('policy', 'NoSuchBucketPolicy', (Policy) => ({ Policy })),
    DeleteBucketPolicy: unset('policy'),
    async PutBucketPolicy(_: CallContext, input: PutBucketPolicyCommandInput) {
      const bucket = bucketOf(deps, input.Bucket ?? '');
      const text = input.Policy ?? '';
      const policy = readPolicy(text, bucket.name);
      const unknown = policy.statements.flatMap(({ conditions }) => conditions).find(({ key }) => !isKnownKey(key));
      if (unknown) {
        throw s3Error('MalformedPolicy', { message: `Policy has an invalid condition key: ${unknown.key}` });
      }
      if (publicAccessBlock(bucket).BlockPublicPolicy && isPublicPolicy(policy)) {
        const message =
          'User is not authorized to perform: s3:PutBucketPolicy because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.';
        throw s3Error('AccessDenied', { message });
      }
      return set(input, 'policy', text);
    },
    async GetBucketPolicyStatus(_: CallContext, input: BucketInput) {
      const policy = policyOf(bucketOf(deps, input.Bucket));
      if (!policy) throw s3Error('NoSuchBucketPolicy', { members: { BucketName: input.Bucket } });
      return { PolicyStatus: { IsPublic: isPublicPolicy(policy) } };
    },

    async GetBucketAcl(_: CallContext, input: BucketInput) {
      const { ownerAccountId, settings } = bucketOf(deps, input.Bucket);
      const Grants = (settings.acl as readonly Grant[] | undefined) ?? defaultAcl(ownerAccountId);
      return { Owner: ownerOf(ownerAccountId), Grants };
    },
    async PutBucketAcl(_: CallContext, input: PutBucketAclCommandInput) {
      const bucket = bucketOf(deps, input.Bucket ?? '');
      // With ACLs disabled S3 still takes the one that changes nothing.
      if (!aclsEnabled(bucket) && input.ACL === 'private') return {};
      const acl = requestedAcl(input, bucket.ownerAccountId, {
        enabled: aclsEnabled(bucket),
        blocksPublic: publicAccessBlock(bucket).BlockPublicAcls === true,
      });
      return acl ? set(input, 'acl', acl) : {};
    },

    GetBucketOwnershipControls: get('objectOwnership', 'OwnershipControlsNotFoundError', (ObjectOwnership) => ({
      OwnershipControls: { Rules: [{ ObjectOwnership }] },
    })),
    DeleteBucketOwnershipControls: unset('objectOwnership'),
    async PutBucketOwnershipControls(_: CallContext, input: PutBucketOwnershipControlsCommandInput) {
      const rules = input.OwnershipControls?.Rules ?? [];
      const ownership = rules[0]?.ObjectOwnership ?? '';
      if (rules.length !== 1 || !OWNERSHIPS.has(ownership)) throw s3Error('MalformedXML');
      const bucket = bucketOf(deps, input.Bucket ?? '');
      const grants = (bucket.settings.acl as readonly Grant[] | undefined) ?? [];
      if (ownership === 'BucketOwnerEnforced' && grants.some((grant) => isPublic(grant) || grant.Grantee.URI)) {
        const message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        throw s3Error('InvalidRequest', { message });
      }
      return set(input, 'objectOwnership', ownership);
    },

    GetPublicAccessBlock: get('publicAccessBlock', 'NoSuchPublicAccessBlockConfiguration', (value) => ({
      PublicAccessBlockConfiguration: value,
    })),
    DeletePublicAccessBlock: unset('publicAccessBlock'),
    async PutPublicAccessBlock(_: CallContext, input: PutPublicAccessBlockCommandInput) {
      const given = input.PublicAccessBlockConfiguration ?? {};
      return set(input, 'publicAccessBlock', {
        BlockPublicAcls: given.BlockPublicAcls ?? false,
        IgnorePublicAcls: given.IgnorePublicAcls ?? false,
        BlockPublicPolicy: given.BlockPublicPolicy ?? false,
        RestrictPublicBuckets: given.RestrictPublicBuckets ?? false,
      });
    },

    async GetBucketEncryption(_: CallContext, input: BucketInput) {
      return { ServerSideEncryptionConfiguration: { Rules: [defaultRule(bucketOf(deps, input.Bucket))] } };
    },
    DeleteBucketEncryption: unset('encryption'),
    async PutBucketEncryption(_: CallContext, input: PutBucketEncryptionCommandInput) {
      const rules = input.ServerSideEncryptionConfiguration?.Rules ?? [];
      const [rule] = rules;
      const { SSEAlgorithm, KMSMasterKeyID } = rule?.ApplyServerSideEncryptionByDefault ?? {};
      if (rules.length !== 1 || !SSEAlgorithm) throw s3Error('MalformedXML');
      if (SSEAlgorithm.startsWith('aws:')) checkAlgorithm(SSEAlgorithm, 'SSEAlgorithm');
      else if (SSEAlgorithm !== 'AES256') throw s3Error('MalformedXML');
      if (KMSMasterKeyID !== undefined && SSEAlgorithm !== 'aws:kms') {
        const message =
          'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse';
        throw invalidArgument('ApplyServerSideEncryptionByDefault', SSEAlgorithm, message);
      }
      checkKeyId(KMSMasterKeyID);
      const stored: EncryptionRule = {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm, ...(KMSMasterKeyID && { KMSMasterKeyID }) },
        BucketKeyEnabled: rule?.BucketKeyEnabled ?? false,
      };
      return set(input, 'encryption', [stored]);
    },

    async GetBucketVersioning(_: CallContext, input: BucketInput) {
      const { versioning } = bucketOf(deps, input.Bucket);
      return versioning === undefined ? {} : { Status: versioning };
    },
    async PutBucketVersioning(_: CallContext, input: PutBucketVersioningCommandInput) {
      const { Status, MFADelete } = input.VersioningConfiguration ?? {};
      if (MFADelete === 'Enabled') throw notBuilt('MFA Delete');
      if (Status !== 'Enabled' && Status !== 'Suspended') {
        const message = 'The Versioning element must be specified';
        throw Status === undefined
          ? s3Error('IllegalVersioningConfigurationException', { message })
          : s3Error('MalformedXML');
      }
      await changeBucket(deps, input.Bucket ?? '', (b) => ({ ...b, versioning: Status }));
      return {};
    },

    GetBucketTagging: get('tagging', 'NoSuchTagSet', (TagSet) => ({ TagSet })),
    DeleteBucketTagging: unset('tagging'),
    async PutBucketTagging(_: CallContext, input: PutBucketTaggingCommandInput) {
      const tags = checkTags(input.Tagging?.TagSet, 'bucket');
      return set(input, 'tagging', tags.length > 0 ? tags : undefined);
    },

    async GetBucketLifecycleConfiguration(_: CallContext, input: BucketInput) {
      const { lifecycle, transitionMinimumSize } = settingsOf(input);
      if (!lifecycle) throw s3Error('NoSuchLifecycleConfiguration', { members: { BucketName: input.Bucket } });
      return {
        Rules: shownRules(lifecycle as readonly StoredRule[]),
        TransitionDefaultMinimumObjectSize: checkMinimumSize(transitionMinimumSize as string | undefined),
      };
    },
    DeleteBucketLifecycle: unset('lifecycle'),
    async PutBucketLifecycleConfiguration(_: CallContext, input: PutBucketLifecycleConfigurationCommandInput) {
      const lifecycle = checkLifecycle(input.LifecycleConfiguration?.Rules, deps.random);
      const transitionMinimumSize = checkMinimumSize(input.TransitionDefaultMinimumObjectSize);
      await changeBucket(deps, input.Bucket ?? '', (b) => ({
        ...b,
        settings: { ...b.settings, lifecycle, transitionMinimumSize },
      }));
      return { TransitionDefaultMinimumObjectSize: transitionMinimumSize };
    },
  };
}
