import type { EventHeader } from '../event/event.ts';
import type { StoredEvent } from '../ports/log.ts';

/** EventBridge takes no record that is larger (user guide, CloudTrail quotas). */
export const RECORD_BYTES_MAX = 256 * 1024;

/** `aws.` and the service's name in eventSource. What CloudTrail finds out itself comes from CloudTrail. */
export function sourceOf({ category, eventSource }: Pick<EventHeader, 'category' | 'eventSource'>): string {
  if (category === 'Insight') return 'aws.cloudtrail';
  let source = sources.get(eventSource);
  if (source === undefined) {
    const end = eventSource.indexOf('.');
    source = `aws.${end < 0 ? eventSource : eventSource.slice(0, end)}`;
    if (sources.size >= SOURCES_MAX) sources.clear();
    sources.set(eventSource, source);
  }
  return source;
}

/** AWS has some 400 services; others report what they like. Each event asks. */
const SOURCES_MAX = 1_000;
const sources = new Map<string, string>();

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
