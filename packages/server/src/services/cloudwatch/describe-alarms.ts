import type { State } from '../../ports/state.ts';
import type { Handler } from '../../wire/service.ts';
import { type Alarm, alarmArn, historyPrefix, nameInArn, placeKey } from './alarm.ts';
import { alarmsIn, parseAlarmRule } from './alarm-rule.ts';
import type { AlarmStore } from './alarm-store.ts';
import type { Dimension, MetricAlarmSettings } from './api.ts';
import { cloudWatchError, invalidValue, required } from './errors.ts';
import type { HistoryItem } from './history.ts';
import type { Place } from './query.ts';
import { pageOf } from './tokens.ts';

const NAMES_MAX = 100;
const RECORDS_MAX = 100;
const RECORDS_USUAL = 50;
const HISTORY_USUAL = 100;

interface DescribeInput {
  readonly AlarmNames?: readonly string[];
  readonly AlarmNamePrefix?: string;
  readonly AlarmTypes?: readonly string[];
  readonly ChildrenOfAlarmName?: string;
  readonly ParentsOfAlarmName?: string;
  readonly StateValue?: string;
  readonly ActionPrefix?: string;
  readonly MaxRecords?: number;
  readonly NextToken?: string;
}

interface ForMetricInput {
  readonly MetricName: string;
  readonly Namespace: string;
  readonly Statistic?: string;
  readonly ExtendedStatistic?: string;
  readonly Dimensions?: readonly Dimension[];
  readonly Period?: number;
  readonly Unit?: string;
}

interface HistoryInput {
  readonly AlarmName?: string;
  readonly AlarmTypes?: readonly string[];
  readonly HistoryItemType?: string;
  readonly StartDate?: Date;
  readonly EndDate?: Date;
  readonly MaxRecords?: number;
  readonly NextToken?: string;
  readonly ScanBy?: string;
}

const TYPES = { metric: 'MetricAlarm', composite: 'CompositeAlarm' } as const;

export function createDescribeAlarms(state: State, alarms: AlarmStore): Record<string, Handler> {
  return {
    DescribeAlarms: async ({ caller: { accountId }, region }, input: DescribeInput) => {
      const place = { accountId, region };
      const found = (await selected(alarms, place, input)).filter(
        ({ state, settings }) =>
          (input.StateValue === undefined || state.value === input.StateValue) &&
          (input.ActionPrefix === undefined || allActions(settings).some((a) => a.startsWith(input.ActionPrefix!))),
      );
      const { NextToken: token, MaxRecords, ...asked } = input;
      const { page, ...rest } = pageOf(found, ({ name }) => name, token, recordsMax(MaxRecords, RECORDS_USUAL), asked);
      const related = input.ChildrenOfAlarmName !== undefined || input.ParentsOfAlarmName !== undefined;
      const shown = (kind: Alarm['kind']) =>
        page.filter((a) => a.kind === kind).map((alarm) => (related ? brief(alarm) : described(alarm)));
      return { MetricAlarms: shown('metric'), CompositeAlarms: shown('composite'), ...rest };
    },

    DescribeAlarmsForMetric: async ({ caller: { accountId }, region }, input: ForMetricInput) => {
      required(input.MetricName, 'MetricName');
      required(input.Namespace, 'Namespace');
      const wanted = dimensionKey(input.Dimensions);
      const MetricAlarms = (await alarms.list({ accountId, region })).filter(({ kind, settings: of }) => {
        const settings = of as MetricAlarmSettings;
        return (
          kind === 'metric' &&
          settings.MetricName === input.MetricName &&
          settings.Namespace === input.Namespace &&
          dimensionKey(settings.Dimensions) === wanted &&
          (['Statistic', 'ExtendedStatistic', 'Period', 'Unit'] as const).every(
            (member) => input[member] === undefined || input[member] === settings[member],
          )
        );
      });
      return { MetricAlarms: MetricAlarms.map(described) };
    },

    DescribeAlarmHistory: async ({ caller: { accountId }, region }, input: HistoryInput) => {
      const { NextToken: token, MaxRecords, ScanBy, ...asked } = input;
      const place = { accountId, region };
      const prefix =
        input.AlarmName === undefined ? `cloudwatch/history/${placeKey(place)}` : historyPrefix(place, input.AlarmName);
      const [start, end] = [input.StartDate?.getTime() ?? 0, input.EndDate?.getTime() ?? Number.POSITIVE_INFINITY];
      const types = input.AlarmTypes ?? ['MetricAlarm'];
      const found = (await state.list<HistoryItem>(prefix)).filter(
        ({ value: { timeMs, type, kind } }) =>
          timeMs >= start &&
          timeMs <= end &&
          (input.HistoryItemType === undefined || type === input.HistoryItemType) &&
          (input.AlarmName !== undefined || types.includes(TYPES[kind])),
      );
      const ascending = ScanBy === 'TimestampAscending';
      found.sort((a, b) => (a.value.timeMs - b.value.timeMs || (a.key < b.key ? -1 : 1)) * (ascending ? 1 : -1));
      const sizeMax = recordsMax(MaxRecords, HISTORY_USUAL);
      const { page, ...rest } = pageOf(found, ({ key }) => key, token, sizeMax, [asked, ascending]);
      const AlarmHistoryItems = page.map(({ value: { alarmName, kind, timeMs, type, summary, data } }) => ({
        AlarmName: alarmName,
        AlarmType: TYPES[kind],
        Timestamp: new Date(timeMs),
        HistoryItemType: type,
        HistorySummary: summary,
        HistoryData: data,
      }));
      return { AlarmHistoryItems, ...rest };
    },
  };
}

async function selected(alarms: AlarmStore, place: Place, input: DescribeInput): Promise<readonly Alarm[]> {
  const { AlarmNames, AlarmNamePrefix: prefix, ChildrenOfAlarmName: parent, ParentsOfAlarmName: child } = input;
  const given = [AlarmNames?.length ? AlarmNames : undefined, prefix, parent, child].filter((g) => g !== undefined);
  if (given.length > 1) {
    throw cloudWatchError(
      'InvalidParameterCombinationException',
      'AlarmNames, AlarmNamePrefix, ChildrenOfAlarmName and ParentsOfAlarmName exclude each other.',
    );
  }
  if ((AlarmNames?.length ?? 0) > NAMES_MAX) throw invalidValue(`AlarmNames has at most ${NAMES_MAX} members.`);
  const all = await alarms.list(place);
  if (parent !== undefined) {
    const { value } = await alarms.need(place, parent);
    const named = value.kind === 'composite' ? namedBy(place, value) : new Set<string>();
    return all.filter(({ name }) => named.has(name));
  }
  if (child !== undefined) return all.filter((alarm) => alarm.kind === 'composite' && namedBy(place, alarm).has(child));
  const names = AlarmNames?.length ? new Set(AlarmNames) : undefined;
  // Without AlarmTypes only metric alarms are described, also where composite ones are named (API reference).
  const types = input.AlarmTypes?.length ? input.AlarmTypes : ['MetricAlarm'];
  return all.filter(
    ({ name, kind }) =>
      types.includes(TYPES[kind]) && (names?.has(name) ?? true) && (prefix === undefined || name.startsWith(prefix)),
  );
}

/** Names of the alarms in a composite alarm's rule. */
export function namedBy(place: Place, alarm: Extract<Alarm, { kind: 'composite' }>): ReadonlySet<string> {
  const named = [...alarmsIn(parseAlarmRule(alarm.settings.AlarmRule))];
  return new Set(named.map((name) => (name.startsWith('arn:') ? (nameInArn(place, name) ?? name) : name)));
}

function recordsMax(given: number | undefined, usual: number): number {
  if (given === undefined) return usual;
  if (Number.isInteger(given) && given >= 1 && given <= RECORDS_MAX) return given;
  throw invalidValue(`The parameter MaxRecords must be from 1 to ${RECORDS_MAX}.`);
}

const allActions = ({ AlarmActions = [], OKActions = [], InsufficientDataActions = [] }: Alarm['settings']) => [
  ...AlarmActions,
  ...OKActions,
  ...InsufficientDataActions,
];

const dimensionKey = (dimensions: readonly Dimension[] = []) =>
  JSON.stringify(dimensions.map(({ Name, Value }) => [Name, Value]).sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));

/** Of parents and children only what tells them apart, and how they are. */
const brief = (alarm: Alarm) => ({
  AlarmName: alarm.name,
  AlarmArn: alarmArn(alarm),
  StateValue: alarm.state.value,
  StateUpdatedTimestamp: new Date(alarm.state.updatedMs),
});

export function described(alarm: Alarm) {
  const { settings, state } = alarm;
  const empty = { OKActions: [], AlarmActions: [], InsufficientDataActions: [] };
  const held = alarm.kind === 'composite' && alarm.suppressed;
  return {
    ...(alarm.kind === 'metric' && alarm.settings.Metrics === undefined && { Dimensions: [] }),
    ...empty,
    ActionsEnabled: true,
    ...settings,
    AlarmName: alarm.name,
    AlarmArn: alarmArn(alarm),
    AlarmConfigurationUpdatedTimestamp: new Date(alarm.configuredMs),
    StateValue: state.value,
    StateReason: state.reason,
    ...(state.reasonData !== undefined && { StateReasonData: state.reasonData }),
    StateUpdatedTimestamp: new Date(state.updatedMs),
    StateTransitionedTimestamp: new Date(state.transitionedMs),
    ...(held && { ActionsSuppressedBy: held.by, ActionsSuppressedReason: SUPPRESSED[held.by] }),
  };
}

const SUPPRESSED = {
  Alarm: 'The suppressor alarm is in ALARM.',
  WaitPeriod: 'The suppressor alarm may still go into ALARM: its wait period is not over.',
  ExtensionPeriod: 'The suppressor alarm was in ALARM: its extension period is not over.',
};
