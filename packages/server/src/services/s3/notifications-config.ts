import type { NotificationConfiguration, PutBucketNotificationConfigurationCommandInput } from '@aws-sdk/client-s3';
import { type Random, uuid } from '../../base/random.ts';
import { invalidArgument, notBuilt, s3Error } from './errors.ts';

/** What a bucket tells of, as it stands in its settings. */
export interface StoredNotifications {
  readonly targets: readonly NotificationTarget[];
  readonly eventBridge: boolean;
}

export interface NotificationTarget {
  readonly id: string;
  readonly kind: 'topic' | 'queue';
  readonly arn: string;
  /** `s3:ObjectCreated:*` */
  readonly events: readonly string[];
  readonly prefix?: string;
  readonly suffix?: string;
}

/** Events that AWS's S3 knows. Of them OpenTrail has those of objects made, removed, tagged, expired, and of ACLs. */
const EVENTS: ReadonlySet<string> = new Set([
  ...['s3:ReducedRedundancyLostObject', 's3:ObjectAcl:Put', 's3:LifecycleTransition', 's3:IntelligentTiering'],
  ...['*', 'Put', 'Post', 'Copy', 'CompleteMultipartUpload'].map((name) => `s3:ObjectCreated:${name}`),
  ...['*', 'Delete', 'DeleteMarkerCreated'].map((name) => `s3:ObjectRemoved:${name}`),
  ...['*', 'Post', 'Completed', 'Delete'].map((name) => `s3:ObjectRestore:${name}`),
  ...['*', 'OperationFailedReplication', 'OperationMissedThreshold', 'OperationReplicatedAfterThreshold'].map(
    (name) => `s3:Replication:${name}`,
  ),
  's3:Replication:OperationNotTracked',
  ...['*', 'Delete', 'DeleteMarkerCreated'].map((name) => `s3:LifecycleExpiration:${name}`),
  ...['*', 'Put', 'Delete'].map((name) => `s3:ObjectTagging:${name}`),
]);

/** AWS's limit of configurations, a bucket. */
const TARGETS_MAX = 100;
const ID_CHARS_MAX = 255;

type Given = NonNullable<NotificationConfiguration['QueueConfigurations']>[number] & { readonly TopicArn?: string };

/** @throws AwsError InvalidArgument, MalformedXML, NotImplemented */
export function readNotifications(
  { NotificationConfiguration: given = {} }: PutBucketNotificationConfigurationCommandInput,
  region: string,
  random: Random,
): StoredNotifications {
  if ((given.LambdaFunctionConfigurations ?? []).length > 0) throw notBuilt('Notifying Lambda functions');
  const targets = [
    ...(given.TopicConfigurations ?? []).map((one) => readTarget('topic', one as Given, region, random)),
    ...(given.QueueConfigurations ?? []).map((one) => readTarget('queue', one as Given, region, random)),
  ];
  if (targets.length > TARGETS_MAX) {
    throw s3Error('InvalidArgument', { message: `A bucket may have ${TARGETS_MAX} notification configurations.` });
  }
  if (new Set(targets.map(({ id }) => id)).size < targets.length) {
    throw s3Error('InvalidArgument', { message: 'Configuration Ids must be unique.' });
  }
  for (const [i, one] of targets.entries()) {
    if (!targets.slice(0, i).some((other) => overlap(one, other))) continue;
    const message =
      'Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.';
    throw s3Error('InvalidArgument', { message });
  }
  return { targets, eventBridge: given.EventBridgeConfiguration !== undefined };
}

function readTarget(kind: 'topic' | 'queue', given: Given, region: string, random: Random): NotificationTarget {
  const arn = (kind === 'topic' ? given.TopicArn : given.QueueArn) ?? '';
  const parsed = /^arn:aws:(sns|sqs):([a-z0-9-]+):\d{12}:[\w.-]+$/.exec(arn);
  if (parsed?.[1] !== (kind === 'topic' ? 'sns' : 'sqs'))
    throw invalidArgument(kind, arn, 'The ARN is not well formed');
  if (parsed[2] !== region) {
    const message = 'The notification destination service region is not valid for the bucket location constraint';
    throw invalidArgument(kind, arn, message);
  }
  if (arn.endsWith('.fifo')) throw unreachable(arn, 'FIFO topics and queues take no notifications of S3.');
  const events = given.Events ?? [];
  if (events.length === 0) throw s3Error('MalformedXML');
  const unknown = events.find((event) => !EVENTS.has(event));
  if (unknown !== undefined) throw invalidArgument('Event', unknown, 'The event is not supported for notifications');
  const id = given.Id ?? uuid(random);
  if (id.length > ID_CHARS_MAX)
    throw invalidArgument('Id', id.slice(0, 50), `An Id may have ${ID_CHARS_MAX} characters`);
  return { id, kind, arn, events, ...readFilter(given) };
}

function readFilter({ Filter }: Given): Pick<NotificationTarget, 'prefix' | 'suffix'> {
  const found: { prefix?: string; suffix?: string } = {};
  for (const { Name = '', Value = '' } of Filter?.Key?.FilterRules ?? []) {
    const name = Name.toLowerCase();
    if (name !== 'prefix' && name !== 'suffix') {
      throw invalidArgument('FilterRule.Name', Name, 'filter rule name must be either prefix or suffix');
    }
    if (found[name] !== undefined) {
      const message = 'Cannot specify more than one prefix rule or one suffix rule in a filter.';
      throw invalidArgument('FilterRule.Name', Name, message);
    }
    if (Value.length > 1024)
      throw invalidArgument('FilterRule.Value', '', 'Size of filter rule value cannot exceed 1024 bytes');
    found[name] = Value;
  }
  return found;
}

/** AWS's words for a destination that cannot be told. */
export const unreachable = (arn: string, why: string) =>
  invalidArgument(arn, why, 'Unable to validate the following destination configurations');

/** Whether both would be told of the same event of the same key. */
function overlap(a: NotificationTarget, b: NotificationTarget): boolean {
  const meets = (one: string, other: string) => one.startsWith(other) || other.startsWith(one);
  const meetsAtEnd = (one: string, other: string) => one.endsWith(other) || other.endsWith(one);
  return (
    a.events.some((event) => b.events.some((other) => covers(event, other) || covers(other, event))) &&
    meets(a.prefix ?? '', b.prefix ?? '') &&
    meetsAtEnd(a.suffix ?? '', b.suffix ?? '')
  );
}

/** `s3:ObjectCreated:*` covers `s3:ObjectCreated:Put`. */
const covers = (pattern: string, event: string): boolean =>
  pattern === event || (pattern.endsWith(':*') && event.startsWith(pattern.slice(0, -1)));

export const isTold = ({ events, prefix = '', suffix = '' }: NotificationTarget, event: string, key: string): boolean =>
  key.startsWith(prefix) && key.endsWith(suffix) && events.some((pattern) => covers(pattern, event));

/** As GetBucketNotificationConfiguration shows it. */
export function shownNotifications(stored: StoredNotifications | undefined): NotificationConfiguration {
  const of = (kind: NotificationTarget['kind']) => (stored?.targets ?? []).filter((target) => target.kind === kind);
  const shared = ({ id, events, prefix, suffix }: NotificationTarget) => {
    const FilterRules = [
      ...(prefix === undefined ? [] : [{ Name: 'Prefix' as never, Value: prefix }]),
      ...(suffix === undefined ? [] : [{ Name: 'Suffix' as never, Value: suffix }]),
    ];
    return {
      Id: id,
      Events: [...events] as never,
      ...(FilterRules.length > 0 && { Filter: { Key: { FilterRules } } }),
    };
  };
  const [topics, queues] = [of('topic'), of('queue')];
  return {
    ...(topics.length > 0 && { TopicConfigurations: topics.map((one) => ({ TopicArn: one.arn, ...shared(one) })) }),
    ...(queues.length > 0 && { QueueConfigurations: queues.map((one) => ({ QueueArn: one.arn, ...shared(one) })) }),
    ...(stored?.eventBridge && { EventBridgeConfiguration: {} }),
  };
}
