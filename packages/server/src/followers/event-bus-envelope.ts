import type { EventHeader } from '../event/event.ts';
import type { StoredEvent } from '../ports/log.ts';

/** EventBridge takes no record that is larger (user guide, CloudTrail quotas). */
export const RECORD_BYTES_MAX = 256 * 1024;

/** `aws.` and the service's name in eventSource. What CloudTrail finds out itself comes from CloudTrail. */
export function sourceOf({ category, eventSource }: EventHeader): string {
  if (category === 'Insight') return 'aws.cloudtrail';
  const end = eventSource.indexOf('.');
  return `aws.${end < 0 ? eventSource : eventSource.slice(0, end)}`;
}

/** By eventType (spec: monitoring §4); every other one is a call. */
const DETAIL_TYPES: Readonly<Record<string, string>> = {
  AwsServiceEvent: 'AWS Service Event via CloudTrail',
  AwsConsoleSignIn: 'AWS Console Sign In via CloudTrail',
  AwsConsoleSignin: 'AWS Console Sign In via CloudTrail',
  AwsConsoleAction: 'AWS Console Action via CloudTrail',
  AwsCloudTrailInsight: 'AWS Insight via CloudTrail',
  AwsVpceEvent: 'AWS Network Activity Event via CloudTrail',
};

/** Reads the record. */
export function detailTypeOf({ json }: Pick<StoredEvent, 'json'>): string {
  const { eventType } = JSON.parse(json.toString('utf8')) as { readonly eventType?: unknown };
  return DETAIL_TYPES[String(eventType)] ?? 'AWS API Call via CloudTrail';
}
