import { serviceContext } from '../../access/context.ts';
import { parsePolicy } from '../../access/parse-policy.ts';
import { evaluate, missingStatement, type Policy, type PolicyRequest } from '../../access/policy.ts';
import type { Calls } from './calls.ts';
import { bad, type Finding, good, unknown } from './findings.ts';
import { NEEDS_ORGANIZATION, organizationOf, placeNamedIn, type SourcePlace } from './organization.ts';
import type { ShownTrail } from './trail.ts';

/** Whether the trail's bucket is there, and lets CloudTrail write what the trail delivers. */
export async function checkBucket(calls: Calls, trail: ShownTrail, nowMs: number): Promise<readonly Finding[]> {
  const { S3BucketName: bucket } = trail;
  const head = await calls.bucket(bucket);
  if (head.code === 'NotFound' || head.code === 'NoSuchBucket') {
    const how = `Make it again: aws s3api create-bucket --bucket ${bucket}; then run this again for its policy.`;
    return [bad('bucket', `${bucket} does not exist`, { how })];
  }
  const there =
    head.code === undefined
      ? good('bucket', `${bucket} is there`)
      : unknown('bucket', `${bucket}: ${head.code}; you need s3:ListBucket on it to see more`);
  return [there, await checkPolicy(calls, trail, nowMs)];
}

async function checkPolicy(calls: Calls, trail: ShownTrail, nowMs: number): Promise<Finding> {
  const about = 'bucket policy';
  const { S3BucketName: bucket } = trail;
  const answer = await calls.bucket(bucket, 'policy');
  if (answer.code !== undefined && answer.code !== 'NoSuchBucketPolicy') {
    return unknown(about, `${answer.code}: you need s3:GetBucketPolicy on ${bucket}, of the account that owns it`);
  }
  const text = answer.code === undefined ? answer.value : undefined;
  const parsed = text === undefined ? undefined : parsePolicy(text);
  if (parsed && 'problem' in parsed) return unknown(about, `it cannot be read here: ${parsed.problem}`);
  const policy = parsed?.policy;
  const place = await placeNamedIn(text, calls, trail.TrailARN);
  if (place === 'hidden') return unknown(about, NEEDS_ORGANIZATION);
  const organizationId = trail.IsOrganizationTrail ? await organizationOf(calls) : undefined;
  if (organizationId === 'hidden') {
    return unknown(about, 'you need organizations:DescribeOrganization to see where an organization trail delivers');
  }
  const asked = deliveries(trail, nowMs, place, organizationId);
  const refused = asked.find(({ request }) => policy && evaluate(policy, request) === 'deny');
  if (refused && policy) {
    const { sid = 'without a Sid' } = denying(policy, refused.request) ?? {};
    const how = `Take CloudTrail out of that Deny, or the statement out of the policy of ${bucket}.`;
    return bad(about, `a Deny (${sid}) refuses ${refused.request.action} to CloudTrail`, { how });
  }
  const missing = asked.flatMap(({ request, resource }) => missingStatement(policy, request, resource) ?? []);
  if (missing.length === 0) return good(about, 'it lets CloudTrail write');
  const actions = missing.map((statement) => (JSON.parse(statement) as { Action: string }).Action);
  return bad(about, `it does not allow ${[...new Set(actions)].join(' and ')} to CloudTrail`, {
    how: `Put this as policy.json, then: aws s3api put-bucket-policy --bucket ${bucket} --policy file://policy.json`,
    policy: withStatements(text, [...new Set(missing)]),
  });
}

/**
 * What delivery asks of the bucket, and the pattern that a policy should name for it. An organization trail asks for the
 * organization's folder, and for its account's own too, for the day when it is converted.
 */
function deliveries(
  trail: ShownTrail,
  nowMs: number,
  place: SourcePlace | undefined,
  organizationId: string | undefined,
) {
  const { TrailARN: sourceArn, S3BucketName, S3KeyPrefix } = trail;
  const sourceAccount = sourceArn.split(':')[4]!;
  const bucketArn = `arn:aws:s3:::${S3BucketName}`;
  const logs = `${bucketArn}/${S3KeyPrefix ? `${S3KeyPrefix}/` : ''}AWSLogs`;
  const service = 'cloudtrail.amazonaws.com';
  const request = (action: string, resource: string, more: PolicyRequest['context'] = {}): PolicyRequest => ({
    principal: { kind: 'service', service },
    action,
    resource,
    context: { ...serviceContext({ service, sourceArn, sourceAccount }, nowMs, place), ...more },
  });
  const kinds = [
    'CloudTrail',
    ...(trail.LogFileValidationEnabled ? ['CloudTrail-Digest'] : []),
    ...(trail.HasInsightSelectors ? ['CloudTrail-Insight'] : []),
  ];
  const put = (folder: string, key: string) => ({
    request: request('s3:PutObject', `${folder}/${key}`, { 's3:x-amz-acl': 'bucket-owner-full-control' }),
    resource: `${folder}/*`,
  });
  return [
    { request: request('s3:GetBucketAcl', bucketArn), resource: bucketArn },
    ...(organizationId === undefined
      ? []
      : kinds.map((kind) => put(`${logs}/${organizationId}`, `${sourceAccount}/${kind}/x`))),
    ...kinds.map((kind) => put(`${logs}/${sourceAccount}`, `${kind}/x`)),
  ];
}

const denying = (policy: Policy, request: PolicyRequest) =>
  policy.statements.find(
    (statement) => statement.effect === 'Deny' && evaluate({ ...policy, statements: [statement] }, request) === 'deny',
  );

/** The policy as it is, with what it lacks. */
function withStatements(text: string | undefined, missing: readonly string[]): object {
  const document = text === undefined ? { Version: '2012-10-17' } : (JSON.parse(text) as Record<string, unknown>);
  const { Statement = [] } = document as { readonly Statement?: unknown };
  const kept: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
  return { ...document, Statement: [...kept, ...missing.map((statement) => JSON.parse(statement) as unknown)] };
}
