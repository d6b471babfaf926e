import { AwsError, Pushback } from '../base/errors.ts';
import type { ServiceCaller } from '../ports/objects.ts';
import type { Trail } from '../trails/trail.ts';

/** Hands a message to a topic of SNS: durable when it resolves. @throws AwsError, Pushback */
export type PublishToTopic = (
  topicArn: string,
  message: { readonly message: string },
  actor: ServiceCaller,
) => Promise<unknown>;

/** How it ended, for GetTrailStatus: `error` is SNS's name for why not (`AuthorizationError`, `NotFound`). */
export interface Notified {
  readonly atMs: number;
  readonly error?: string;
}

/** SNS takes 256 KB; a key has up to 1 KB, which JSON may make six times as long. */
export const KEYS_PER_MESSAGE_MAX = 40;

/** SNS's `Message` for log files that lie in a bucket (spec: delivery §5); several when they are many. */
export function noticesOf(s3Bucket: string, keys: readonly string[]): string[] {
  const notices: string[] = [];
  for (let i = 0; i < keys.length; i += KEYS_PER_MESSAGE_MAX) {
    notices.push(JSON.stringify({ s3Bucket, s3ObjectKey: keys.slice(i, i + KEYS_PER_MESSAGE_MAX) }));
  }
  return notices;
}

/**
 * Tells a trail's topic which log files were delivered; digests are not told. To be called after the objects are durable
 * and before the plan that names them is taken back: then a crash repeats a notice, and never drops one.
 * @returns undefined when the trail has no topic
 * @throws Pushback when SNS takes nothing now, so that the caller may try again; what SNS refuses is its last word
 */
export async function notifyDelivery(
  publish: PublishToTopic,
  trail: Pick<Trail, 'arn' | 'accountId' | 'snsTopicArn'>,
  bucket: string,
  keys: readonly string[],
  nowMs: () => number,
): Promise<Notified | undefined> {
  const { arn, accountId, snsTopicArn } = trail;
  if (snsTopicArn === undefined || keys.length === 0) return undefined;
  const actor = { service: 'cloudtrail.amazonaws.com', sourceArn: arn, sourceAccount: accountId };
  try {
    for (const message of noticesOf(bucket, keys)) await publish(snsTopicArn, { message }, actor);
    return { atMs: nowMs() };
  } catch (error) {
    if (error instanceof Pushback || !(error instanceof AwsError)) throw error;
    return { atMs: nowMs(), error: error.code };
  }
}
