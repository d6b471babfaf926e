import { serviceContext } from '../../access/context.ts';
import { parsePolicy } from '../../access/parse-policy.ts';
import { evaluate, missingStatement, type PolicyRequest } from '../../access/policy.ts';
import type { Calls } from './calls.ts';
import { bad, type Finding, good, unknown } from './findings.ts';
import { NEEDS_ORGANIZATION, placeNamedIn } from './organization.ts';
import type { ShownTrail } from './trail.ts';

/** AWS's limit of a topic's policy. */
const POLICY_BYTES_MAX = 30 * 1024;
const SERVICE = 'cloudtrail.amazonaws.com';

/** Whether the trail's topic is there, and lets CloudTrail publish. */
export async function checkTopic(calls: Calls, trail: ShownTrail, nowMs: number): Promise<readonly Finding[]> {
  const { SnsTopicARN: arn, TrailARN: sourceArn, HomeRegion: region } = trail;
  if (!arn) return [];
  if (arn.split(':')[3] !== region) return [unknown('topic', `${arn} is in another Region than the trail`)];
  const answer = await calls.topicPolicy(arn);
  if (answer.code === 'NotFound') {
    const how = `Make it again, or take it from the trail: aws cloudtrail update-trail --name ${sourceArn} --sns-topic-name ''`;
    return [bad('topic', `${arn} does not exist`, { how })];
  }
  const about = 'topic policy';
  if (answer.code !== undefined) return [unknown(about, `${answer.code}: you need sns:GetTopicAttributes on ${arn}`)];
  const text = answer.value;
  const parsed = parsePolicy(text, { sizeBytesMax: POLICY_BYTES_MAX });
  if ('problem' in parsed) return [unknown(about, `it cannot be read here: ${parsed.problem}`)];
  const place = await placeNamedIn(text, calls, sourceArn);
  if (place === 'hidden') return [unknown(about, NEEDS_ORGANIZATION)];
  const sourceAccount = sourceArn.split(':')[4]!;
  const request: PolicyRequest = {
    principal: { kind: 'service', service: SERVICE },
    action: 'sns:Publish',
    resource: arn,
    context: serviceContext({ service: SERVICE, sourceArn, sourceAccount }, nowMs, place),
  };
  const verdict = evaluate(parsed.policy, request);
  if (verdict === 'allow') return [good(about, 'it lets CloudTrail publish')];
  if (verdict === 'deny') return [bad(about, 'a Deny refuses sns:Publish to CloudTrail')];
  const document = JSON.parse(text) as { readonly Statement: unknown };
  const missing = JSON.parse(missingStatement(parsed.policy, request) ?? '{}') as unknown;
  return [
    bad(about, 'it does not allow sns:Publish to CloudTrail', {
      how: `Put this as policy.json, then: aws sns set-topic-attributes --topic-arn ${arn} --attribute-name Policy --attribute-value file://policy.json`,
      policy: { ...document, Statement: [...[document.Statement].flat(), missing] },
    }),
  ];
}
