import type { AccessRequest } from '../../access/authorizer.ts';
import { requestTagContext, tagContext } from '../../access/context.ts';
import type { CallContext, Permission, PermissionTable } from '../../wire/service.ts';
import { alarmArn } from './alarm.ts';
import type { AlarmStore } from './alarm-store.ts';
import type { Tag } from './api.ts';

// biome-ignore lint/suspicious/noExplicitAny: inputs of many operations
type Input = any;
type Context = NonNullable<AccessRequest['context']>;

/** What each operation must be allowed to do (service authorization reference for CloudWatch). */
export function cloudWatchPermissions(alarms: AlarmStore): PermissionTable {
  async function onAlarm(context: CallContext, name: string, conditions: Context = {}): Promise<AccessRequest> {
    const place = { accountId: context.caller.accountId, region: context.region };
    const found = await alarms.find(place, name);
    const tags = found ? tagContext('aws:ResourceTag', found.value.tags) : {};
    return {
      action: `cloudwatch:${context.operation}`,
      resource: alarmArn({ ...place, name }),
      context: { ...tags, ...conditions },
    };
  }

  /** By the name in `AlarmName`, by those in `AlarmNames`; without either all alarms are meant. */
  const named: Permission = async (context, { AlarmName, AlarmNames }: Input) => {
    const names: readonly string[] = AlarmNames?.length > 0 ? AlarmNames : [AlarmName ?? '*'];
    return Promise.all(names.map((name) => onAlarm(context, String(name))));
  };
  const put: Permission = async (context, input: Input) => [
    await onAlarm(context, String(input.AlarmName), {
      ...requestTags(input.Tags),
      'cloudwatch:AlarmActions': actionsIn(input),
    }),
  ];
  const tagging: Permission = async (context, { ResourceARN, Tags, TagKeys }: Input) => {
    const name = String(ResourceARN).split(':alarm:')[1];
    const conditions = TagKeys ? { 'aws:TagKeys': TagKeys } : requestTags(Tags);
    if (name !== undefined) return [await onAlarm(context, name, conditions)];
    return [{ action: `cloudwatch:${context.operation}`, resource: '*', context: conditions }];
  };
  const onAll = (operation: string, context: (input: Input) => Context = () => ({})): Permission => {
    return (_context, input) => [{ action: `cloudwatch:${operation}`, resource: '*', context: context(input) }];
  };

  return {
    PutMetricData: onAll('PutMetricData', ({ Namespace }) =>
      typeof Namespace === 'string' ? { 'cloudwatch:namespace': Namespace } : {},
    ),
    GetMetricStatistics: onAll('GetMetricStatistics'),
    GetMetricData: onAll('GetMetricData'),
    ListMetrics: onAll('ListMetrics'),
    DescribeAlarmsForMetric: onAll('DescribeAlarmsForMetric'),
    PutMetricAlarm: put,
    PutCompositeAlarm: put,
    DescribeAlarms: named,
    DescribeAlarmHistory: named,
    DeleteAlarms: named,
    SetAlarmState: named,
    EnableAlarmActions: named,
    DisableAlarmActions: named,
    TagResource: tagging,
    UntagResource: tagging,
    ListTagsForResource: tagging,
  };
}

const requestTags = (tags: readonly Tag[] = []): Context =>
  requestTagContext(Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])));

const actionsIn = ({ AlarmActions = [], OKActions = [], InsufficientDataActions = [] }: Input): readonly string[] => [
  ...AlarmActions,
  ...OKActions,
  ...InsufficientDataActions,
];
