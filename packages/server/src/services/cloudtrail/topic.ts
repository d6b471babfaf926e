import { AwsError } from '../../base/errors.ts';
import type { Trail } from '../../trails/trail.ts';
import type { CloudTrailDeps } from './deps.ts';
import { callerFor } from './destinations.ts';

type Topic = Pick<Trail, 'snsTopicName' | 'snsTopicArn'>;

const NAME = /^[A-Za-z0-9_-]{1,256}$/;
const ARN = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/;

/**
 * The topic that a name or ARN means: a name is of the caller's account and the trail's home Region. Empty means none.
 * @throws AwsError InvalidSnsTopicNameException
 */
export function topicNamed(accountId: string, homeRegion: string, named: string | undefined): Topic {
  if (!named) return {};
  if (NAME.test(named)) return { snsTopicName: named, snsTopicArn: `arn:aws:sns:${homeRegion}:${accountId}:${named}` };
  if (ARN.test(named)) return { snsTopicName: named, snsTopicArn: named };
  throw new AwsError(
    'InvalidSnsTopicNameException',
    'SNS topic name must be 1 to 256 letters, numbers, hyphens (-) and underscores (_), or the ARN of such a topic. FIFO topics are not supported.',
  );
}

/** Of UpdateTrail: what is left out stays, an empty name takes the topic away. Throws as `topicNamed`. */
export function changedTopic(trail: Trail, accountId: string, named: string | undefined): Trail {
  if (named === undefined) return trail;
  const { snsTopicName, snsTopicArn, ...rest } = trail;
  return { ...rest, ...topicNamed(accountId, trail.homeRegion, named) };
}

/** What subscribers get that AWS publishes to see that it may, and that readers of notifications drop (spec: delivery §3). */
const VALIDATION_MESSAGE = 'CloudTrail validation message.';

/**
 * Proves that CloudTrail may publish to the trail's topic, by doing so. AWS does it after the marker was written to the
 * bucket.
 * @throws AwsError InsufficientSnsTopicPolicyException, which says what the topic's policy lacks; Pushback
 */
export async function proveTopic({ topics }: Pick<CloudTrailDeps, 'topics'>, trail: Trail): Promise<void> {
  const { snsTopicArn } = trail;
  if (snsTopicArn === undefined) return;
  if (!topics) throw refused('OpenTrail has no SNS here.');
  try {
    await topics.publish(snsTopicArn, { message: VALIDATION_MESSAGE }, callerFor(trail));
  } catch (error) {
    if (error instanceof AwsError) throw refused(`${snsTopicArn}: ${error.message}`, error);
    throw error;
  }
}

const refused = (why: string, cause?: unknown): AwsError =>
  new AwsError(
    'InsufficientSnsTopicPolicyException',
    `SNS Topic does not exist or the topic policy is incorrect! ${why}`,
    { cause },
  );
