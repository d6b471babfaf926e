import { parsePolicy } from '../../access/parse-policy.ts';
import type { Policy } from '../../access/policy.ts';
import { kmsError } from './errors.ts';
import { type Key, rootArn } from './key.ts';

/** KMS's quota for key policies. */
const POLICY_BYTES_MAX = 32 * 1024;

/** @throws AwsError MalformedPolicyDocumentException, LimitExceededException */
export function readKeyPolicy(text: string): Policy {
  if (Buffer.byteLength(text) > POLICY_BYTES_MAX) {
    throw kmsError('LimitExceededException', `A key policy may have at most ${POLICY_BYTES_MAX} bytes.`);
  }
  const outcome = parsePolicy(text, { sizeBytesMax: POLICY_BYTES_MAX });
  if ('problem' in outcome) throw kmsError('MalformedPolicyDocumentException', outcome.problem);
  return outcome.policy;
}

/** Policies as they were parsed, by the key's state; a changed key is another object. */
const parsed = new WeakMap<Key, Policy>();

export function policyOf(key: Key): Policy {
  let policy = parsed.get(key);
  if (!policy) {
    policy = readKeyPolicy(key.policy);
    parsed.set(key, policy);
  }
  return policy;
}

const written = (id: string, statements: readonly unknown[]): string =>
  JSON.stringify({ Version: '2012-10-17', Id: id, Statement: statements }, null, 2);

/** What a key gets that is made without a policy: the account decides by its IAM policies (KMS guide, "Default key policy"). */
export const defaultPolicy = (accountId: string): string =>
  written('key-default-1', [
    {
      Sid: 'Enable IAM User Permissions',
      Effect: 'Allow',
      Principal: { AWS: rootArn(accountId) },
      Action: 'kms:*',
      Resource: '*',
    },
  ]);

/**
 * Of an AWS managed key: everybody in the account may use it, but only through its service, and look at it. Nobody may
 * change it (KMS guide, "AWS managed keys").
 * @param service first part of the service's host name
 */
export const managedPolicy = (service: string, accountId: string, region: string): string =>
  written(`auto-${service}-1`, [
    {
      Sid: `Allow access through ${service} for all principals in the account that are authorized to use it`,
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
      Resource: '*',
      Condition: {
        StringEquals: { 'kms:CallerAccount': accountId, 'kms:ViaService': `${service}.${region}.amazonaws.com` },
      },
    },
    {
      Sid: 'Allow direct access to key metadata to the account',
      Effect: 'Allow',
      Principal: { AWS: rootArn(accountId) },
      Action: ['kms:Describe*', 'kms:Get*', 'kms:List*'],
      Resource: '*',
    },
  ]);
