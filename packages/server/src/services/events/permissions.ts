import type { AccessRequest } from '../../access/authorizer.ts';
import { requestTagContext, tagContext } from '../../access/context.ts';
import type { CallContext, Permission, PermissionTable } from '../../wire/service.ts';
import { policyOf } from './bus-policy.ts';
import { archiveArn, type Bus, busArn, busOf, DEFAULT_BUS, type Place, replayArn, ruleArn, type Tag } from './model.ts';
import { literalsOf } from './patterns.ts';
import { defaultBus, type EventsStore, placeOf } from './store.ts';

// biome-ignore lint/suspicious/noExplicitAny: decoded and validated by the operation's own schema; a table over all of them has no better type
type Input = Readonly<Record<string, any>>;
type Conditions = NonNullable<AccessRequest['context']>;

/** What each call must be allowed to do (service authorization reference for EventBridge), with its condition keys. */
export function eventsPermissions(store: EventsStore): PermissionTable {
  const busAt = async (place: Place, name: string): Promise<Bus | undefined> =>
    (await store.get(place, 'bus', name)) ?? (name === DEFAULT_BUS ? defaultBus(place) : undefined);

  /** On a rule: the policy of a bus lets other accounts make rules on it. */
  const onRule =
    (member: string, conditions: (input: Input) => Conditions = () => ({})): Permission =>
    async (context: CallContext, input: Input) => {
      const { name, ...place } = busOf(placeOf(context), input.EventBusName);
      const [bus, rule] = [await busAt(place, name), await store.get(place, 'rule', `${name}/${input[member]}`)];
      const resource = ruleArn(place, name, input[member]);
      const request = {
        action: `events:${context.operation}`,
        resource,
        resourceAccountId: place.accountId,
        ...(bus?.policy !== undefined && { resourcePolicy: policyOf(bus)! }),
        context: { ...tagContext('aws:ResourceTag', recordOf(rule?.tags)), ...conditions(input) },
      };
      const tags = context.operation === 'PutRule' && input.Tags?.length > 0;
      return tags ? [request, { ...request, action: 'events:TagResource' }] : [request];
    };

  const onBus =
    (member: string, conditions: (input: Input) => Conditions = () => ({})): Permission =>
    async (context, input) => {
      const { name, ...place } = busOf(placeOf(context), input[member]);
      const bus = await busAt(place, name);
      const request = {
        action: `events:${context.operation}`,
        resource: busArn(place, name),
        resourceAccountId: place.accountId,
        ...(bus?.policy !== undefined && { resourcePolicy: policyOf(bus)! }),
        context: { ...tagContext('aws:ResourceTag', recordOf(bus?.tags)), ...conditions(input) },
      };
      const tags = context.operation === 'CreateEventBus' && input.Tags?.length > 0;
      return tags ? [request, { ...request, action: 'events:TagResource' }] : [request];
    };

  const onNamed =
    (kind: 'connection' | 'api-destination'): Permission =>
    async (context, input) => {
      const place = placeOf(context);
      const known = await store.get(place, kind, input.Name);
      const resource = known?.arn ?? `arn:aws:events:${place.region}:${place.accountId}:${kind}/${input.Name}`;
      return [{ action: `events:${context.operation}`, resource }];
    };

  const onTagged: Permission = (context, input) => [
    {
      action: `events:${context.operation}`,
      resource: input.ResourceARN,
      context: input.Tags ? requestTags(input) : input.TagKeys ? { 'aws:TagKeys': input.TagKeys } : {},
    },
  ];

  return {
    ...table(['CreateEventBus'], onBus('Name', requestTags)),
    ...table(['DeleteEventBus', 'DescribeEventBus', 'UpdateEventBus'], onBus('Name')),
    ...table(['PutPermission', 'RemovePermission'], onBus('EventBusName')),
    PutRule: onRule('Name', (input) => ({ ...requestTags(input), ...patternKeys(input) })),
    ...table(['DeleteRule', 'DescribeRule', 'DisableRule', 'EnableRule'], onRule('Name')),
    PutTargets: onRule('Rule', ({ Targets }) => ({
      'events:TargetArn': Targets.map(({ Arn }: { Arn: string }) => Arn),
    })),
    ...table(['RemoveTargets', 'ListTargetsByRule'], onRule('Rule')),
    ...table(['ListEventBuses', 'ListConnections', 'ListApiDestinations', 'ListArchives', 'ListReplays'], onEverything),
    ...table(['ListRules', 'ListRuleNamesByTarget'], onBus('EventBusName')),
    TestEventPattern: onEverything,
    PutEvents: async (context, input) => {
      const buses = new Map<string, Input[]>();
      for (const entry of input.Entries as readonly Input[]) {
        const bus = entry.EventBusName ?? DEFAULT_BUS;
        buses.set(bus, [...(buses.get(bus) ?? []), entry]);
      }
      const asked = [...buses].map(([EventBusName, entries]) =>
        onBus('EventBusName', () => entryKeys(entries))(context, { EventBusName }),
      );
      return (await Promise.all(asked)).flat();
    },
    ...table(['CreateConnection', 'UpdateConnection', 'DeleteConnection', 'DescribeConnection'], onNamed('connection')),
    DeauthorizeConnection: onNamed('connection'),
    ...table(
      ['CreateApiDestination', 'UpdateApiDestination', 'DeleteApiDestination', 'DescribeApiDestination'],
      onNamed('api-destination'),
    ),
    ...table(['CreateArchive', 'UpdateArchive', 'DeleteArchive', 'DescribeArchive'], (context, input) => [
      { action: `events:${context.operation}`, resource: archiveArn(placeOf(context), input.ArchiveName) },
    ]),
    StartReplay: (context, input) => [
      { action: 'events:StartReplay', resource: replayArn(placeOf(context), input.ReplayName) },
      { action: 'events:StartReplay', resource: input.EventSourceArn },
    ],
    ...table(['CancelReplay', 'DescribeReplay'], (context, input) => [
      { action: `events:${context.operation}`, resource: replayArn(placeOf(context), input.ReplayName) },
    ]),
    ...table(['TagResource', 'UntagResource', 'ListTagsForResource'], onTagged),
  };
}

const table = (operations: readonly string[], permission: Permission): Record<string, Permission> =>
  Object.fromEntries(operations.map((operation) => [operation, permission]));

const onEverything: Permission = ({ operation }) => [{ action: `events:${operation}`, resource: '*' }];

const recordOf = (tags: readonly Tag[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));

const requestTags = ({ Tags = [] }: Input): Conditions => requestTagContext(recordOf(Tags));

const definedKeys = (keys: Readonly<Record<string, readonly string[]>>): Conditions =>
  Object.fromEntries(Object.entries(keys).filter(([, values]) => values.length > 0));

/** Of all entries for a bus: each of them must be as the policy says (`ForAllValues`), or one of them is enough. */
const entryKeys = (entries: readonly Input[]): Conditions => {
  const valuesOf = (name: string) =>
    entries.flatMap((entry) => (entry[name] === undefined ? [] : [String(entry[name])]));
  return definedKeys({ 'events:source': valuesOf('Source'), 'events:detail-type': valuesOf('DetailType') });
};

function patternKeys({ EventPattern }: Input): Conditions {
  try {
    const { source = [], detailType = [] } = EventPattern === undefined ? {} : literalsOf(EventPattern);
    return definedKeys({ 'events:source': [...source], 'events:detail-type': [...detailType] });
  } catch {
    return {}; // The pattern is no JSON, which the operation itself tells.
  }
}
