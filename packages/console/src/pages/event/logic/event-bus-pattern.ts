import { type AuditRecord, textOf } from '../../../parts/events/record.ts';
import type { Condition } from './conditions.ts';
import type { Made } from './logs-pattern.ts';

/** EventBridge user guide, "AWS service events delivered via CloudTrail". */
const DETAIL_TYPES: Readonly<Record<string, string>> = {
  AwsServiceEvent: 'AWS Service Event via CloudTrail',
  AwsConsoleSignIn: 'AWS Console Sign In via CloudTrail',
  AwsConsoleAction: 'AWS Console Action via CloudTrail',
  AwsCloudTrailInsight: 'AWS Insight via CloudTrail',
  AwsVpceEvent: 'AWS Network Activity Event via CloudTrail',
};
const API_CALL = 'AWS API Call via CloudTrail';

type Node = { [name: string]: Node } | unknown[];

/** The conditions as an event pattern of EventBridge. Lists in events need no steps: any item may fit. */
export function eventBusPattern(record: AuditRecord, conditions: readonly Condition[]): Made {
  if (conditions.length === 0) return { problem: 'Choose at least one field.' };
  const detail: { [name: string]: Node } = Object.create(null);
  for (const { path, ...condition } of conditions) {
    const names = path.filter((step) => typeof step === 'string');
    let at = detail;
    for (const name of names.slice(0, -1)) {
      at[name] ??= Object.create(null) as { [name: string]: Node };
      at = at[name] as { [name: string]: Node };
    }
    const last = names.at(-1)!;
    const known = at[last];
    at[last] = [...(Array.isArray(known) ? known : []), matcherOf(condition)];
  }
  const type = textOf(record.eventType);
  const pattern = {
    source: [sourceOf(record)],
    'detail-type': [Object.hasOwn(DETAIL_TYPES, type) ? DETAIL_TYPES[type] : API_CALL],
    detail,
  };
  return { text: JSON.stringify(pattern, undefined, 2) };
}

/** `aws.s3` of `s3.amazonaws.com`; what CloudTrail finds out by itself comes from CloudTrail. */
function sourceOf({ eventSource, eventType }: AuditRecord): string {
  const name = textOf(eventSource).replace(/\.[a-z-]+\.com(\.cn)?$/, '');
  return eventType === 'AwsCloudTrailInsight' ? 'aws.cloudtrail' : `aws.${name}`;
}

function matcherOf({ operator, value }: Omit<Condition, 'path'>): unknown {
  if (operator === 'exists') return { exists: true };
  if (operator === 'is') return value;
  if (operator === 'is not') return { 'anything-but': [value] };
  if (operator === 'begins with') return { prefix: String(value) };
  return { wildcard: `*${String(value).replace(/[*\\]/g, '\\$&')}*` };
}
