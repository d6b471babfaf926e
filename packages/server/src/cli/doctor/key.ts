import { serviceContext } from '../../access/context.ts';
import { parsePolicy } from '../../access/parse-policy.ts';
import { evaluate, type PolicyRequest } from '../../access/policy.ts';
import type { Calls } from './calls.ts';
import { bad, type Finding, type Fix, good, unknown } from './findings.ts';
import { NEEDS_ORGANIZATION, placeNamedIn, type SourcePlace } from './organization.ts';
import type { ShownTrail } from './trail.ts';

interface KeyMetadata {
  readonly KeyMetadata: { readonly Arn: string; readonly KeyState: string; readonly DeletionDate?: unknown };
}

/** What mends a key, by its state. */
const MENDING: Readonly<Record<string, (id: string) => string>> = {
  Disabled: (id) => `aws kms enable-key --key-id ${id}`,
  PendingDeletion: (id) => `aws kms cancel-key-deletion --key-id ${id} && aws kms enable-key --key-id ${id}`,
};

/** Whether the trail's key is usable, and lets CloudTrail use it. */
export async function checkKey(calls: Calls, trail: ShownTrail, nowMs: number): Promise<readonly Finding[]> {
  const { KmsKeyId: id } = trail;
  if (!id) return [];
  const described = await calls.kms<KeyMetadata>('DescribeKey', { KeyId: id });
  if (described.code === 'NotFoundException') {
    const how = 'Give the trail another one: aws cloudtrail update-trail --name … --kms-key-id …';
    return [bad('key', `${id} does not exist any more`, { how })];
  }
  if (described.code !== undefined) return [unknown('key', `${described.code}: you need kms:DescribeKey on ${id}`)];
  const { KeyState: state } = described.value.KeyMetadata;
  if (state !== 'Enabled') {
    const how = MENDING[state]?.(id);
    return [
      bad('key', `${id} is ${state}: what it encrypted can be neither written nor read`, how ? { how } : undefined),
    ];
  }
  return [good('key', `${id} is enabled`), await checkPolicy(calls, trail, id, nowMs)];
}

async function checkPolicy(calls: Calls, trail: ShownTrail, id: string, nowMs: number): Promise<Finding> {
  const about = 'key policy';
  const answer = await calls.kms<{ readonly Policy: string }>('GetKeyPolicy', { KeyId: id, PolicyName: 'default' });
  if (answer.code !== undefined) return unknown(about, `${answer.code}: you need kms:GetKeyPolicy on ${id}`);
  const { Policy: text } = answer.value;
  const parsed = parsePolicy(text, { sizeBytesMax: KEY_POLICY_BYTES_MAX });
  if ('problem' in parsed) return unknown(about, `it cannot be read here: ${parsed.problem}`);
  const place = await placeNamedIn(text, calls, trail.TrailARN);
  if (place === 'hidden') return unknown(about, NEEDS_ORGANIZATION);
  const verdict = evaluate(parsed.policy, encryption(trail, id, nowMs, place));
  if (verdict === 'allow') return good(about, 'it lets CloudTrail encrypt');
  if (verdict === 'deny') return bad(about, 'a Deny refuses kms:GenerateDataKey to CloudTrail');
  return bad(about, 'it does not allow kms:GenerateDataKey to CloudTrail', fixOf(text, trail, id));
}

/** KMS's quota. */
const KEY_POLICY_BYTES_MAX = 32 * 1024;
const SERVICE = 'cloudtrail.amazonaws.com';

function encryption(
  { TrailARN, S3BucketName }: ShownTrail,
  id: string,
  nowMs: number,
  place: SourcePlace | undefined,
): PolicyRequest {
  const account = TrailARN.split(':')[4]!;
  return {
    principal: { kind: 'service', service: SERVICE },
    action: 'kms:GenerateDataKey',
    resource: id,
    context: {
      ...serviceContext({ service: SERVICE, sourceArn: TrailARN, sourceAccount: account }, nowMs, place),
      'kms:EncryptionContext:aws:cloudtrail:arn': TrailARN,
      'kms:EncryptionContext:aws:s3:arn': `arn:aws:s3:::${S3BucketName}/AWSLogs/${account}/CloudTrail/x`,
      'kms:EncryptionContextKeys': ['aws:cloudtrail:arn', 'aws:s3:arn'],
    },
  };
}

/** The policy with the statements that CloudTrail's user guide prescribes. */
function fixOf(text: string, { TrailARN }: ShownTrail, id: string): Fix {
  const document = JSON.parse(text) as { readonly Statement: unknown };
  const kept: readonly unknown[] = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  const statement = (Sid: string, Action: string, more: object = {}) => ({
    Sid,
    Effect: 'Allow',
    Principal: { Service: SERVICE },
    Action,
    Resource: '*',
    Condition: { StringEquals: { 'aws:SourceArn': TrailARN }, ...more },
  });
  const ofTrails = `arn:aws:cloudtrail:*:${TrailARN.split(':')[4]!}:trail/*`;
  const encrypt = statement('AllowCloudTrailEncryptLogs', 'kms:GenerateDataKey*', {
    StringLike: { 'kms:EncryptionContext:aws:cloudtrail:arn': ofTrails },
  });
  return {
    how: `Put this as policy.json, then: aws kms put-key-policy --key-id ${id} --policy-name default --policy file://policy.json`,
    policy: { ...document, Statement: [...kept, encrypt, statement('AllowCloudTrailDescribeKey', 'kms:DescribeKey')] },
  };
}
