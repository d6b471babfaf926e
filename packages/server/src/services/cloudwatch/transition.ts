import { createHash } from 'node:crypto';
import type { StateValue } from '../../alarms/evaluate.ts';
import { type Random, uuid } from '../../base/random.ts';
import type { StateChange } from '../../ports/state.ts';
import type { EventToPut } from '../doors.ts';
import {
  type Alarm,
  type AlarmState,
  actionsOf,
  alarmArn,
  alarmKey,
  type CompositeAlarm,
  jsonTime,
  metricsOf,
  placeKey,
} from './alarm.ts';
import type { MetricName } from './api.ts';
import { historyChange, stateUpdateOf } from './history.ts';
import { type Grouped, messageOf, subjectOf } from './message.ts';
import type { Place } from './query.ts';

/** Something that is still to be told. Kept until its receiver has it. */
export interface PendingAction extends Place {
  readonly alarmName: string;
  readonly kind: Alarm['kind'];
  readonly stateMs: number;
  /** Not before. */
  readonly dueMs: number;
  /** ARN of a topic; `events` is EventBridge. */
  readonly target: string;
  readonly subject?: string;
  readonly message?: object;
  /** Where the events are that raised the alarm. Seconds. */
  readonly causes?: readonly { readonly metric: MetricName; readonly start: number; readonly end: number }[];
  readonly grouped?: Grouped;
  readonly event?: EventToPut;
}

export const ACTIONS = 'cloudwatch/action/';

/**
 * An alarm's first messages of a state go out at once. From then on, what it has to say of that state within an hour is
 * one message, sent at the hour's end: the latest, with how many there were. So a flapping alarm sends four an hour.
 */
const MESSAGES_AT_ONCE = 3;
const GROUP_MS = 3_600_000;

export interface Transition {
  readonly alarm: Alarm;
  readonly version: number;
  readonly to: AlarmState;
  /** In this account and Region; for composite alarms those that their rule names. */
  readonly children: readonly Alarm[];
  readonly nowMs: number;
  readonly random: Random;
  readonly toEvents: boolean;
  /** What is already held for a key. */
  readonly held: (key: string) => Promise<PendingAction | undefined>;
}

/** How a change is told: by its actions, or not yet, because a suppressor holds them back. */
export interface Step {
  /** `hold` changes the state alone, `still` only why it is held, `release` takes the actions that were held. */
  readonly kind: 'state' | 'hold' | 'still' | 'release';
  readonly suppressed?: NonNullable<CompositeAlarm['suppressed']>;
}

/** All that a change of state writes, in one: the state, its history, and what is to be told of it. */
export async function changesOf(transition: Transition, { kind, suppressed }: Step): Promise<StateChange[]> {
  const { alarm, version, to, nowMs, random } = transition;
  const changes: StateChange[] = [];
  if (kind === 'state' || kind === 'hold') {
    changes.push(historyChange(alarm, uuid(random), stateUpdateOf(alarm, to)));
    if (transition.toEvents) changes.push(actionChange(alarm, uuid(random), eventAction(alarm, to, nowMs, random)));
  }
  const held = alarm.kind === 'composite' ? alarm.suppressed : undefined;
  let { notified } = alarm;
  const acts = kind === 'state' || kind === 'release';
  if (acts && alarm.settings.ActionsEnabled !== false && actionsOf(alarm, to.value).length > 0) {
    const from = kind === 'release' && held ? held.from : alarm.state.value;
    const { changes: actions, times } = await actionsFor(transition, from);
    changes.push(...actions);
    notified = { ...notified, [to.value]: times };
  }
  const { suppressed: _, ...before } = alarm as CompositeAlarm;
  const value = { ...before, state: to, ...(suppressed && { suppressed }), ...(notified && { notified }) };
  return [{ put: alarmKey(alarm, alarm.name), value, ifVersion: version }, ...changes];
}

/** What is to be told of a state, at once or with others. */
async function actionsFor(
  { alarm, to, children, nowMs, random, held }: Transition,
  from: StateValue,
): Promise<{ readonly changes: StateChange[]; readonly times: readonly number[] }> {
  const recent = (alarm.notified?.[to.value] ?? []).filter((ms) => ms <= nowMs && nowMs - ms < GROUP_MS);
  const changes: StateChange[] = [];
  const pending = {
    accountId: alarm.accountId,
    region: alarm.region,
    alarmName: alarm.name,
    kind: alarm.kind,
    stateMs: to.updatedMs,
    subject: subjectOf(alarm, to.value),
    message: messageOf(alarm, to, from, children),
    causes: causesOf(alarm, to, children),
  };
  const grouping = recent.length >= MESSAGES_AT_ONCE;
  for (const target of new Set(actionsOf(alarm, to.value))) {
    if (!grouping) {
      changes.push(actionChange(alarm, uuid(random), { ...pending, target, dueMs: nowMs }));
      continue;
    }
    const id = `group-${digest([alarm.name, to.value, target])}`;
    const before = await held(actionKey(alarm, id));
    const grouped = {
      count: (before?.grouped?.count ?? 0) + 1,
      firstMs: before?.grouped?.firstMs ?? nowMs,
      lastMs: nowMs,
    };
    const dueMs = before?.dueMs ?? Math.min(...recent) + GROUP_MS;
    changes.push(actionChange(alarm, id, { ...pending, target, dueMs, grouped }));
  }
  return { changes, times: grouping ? recent : [...recent, nowMs] };
}

function causesOf(alarm: Alarm, to: AlarmState, children: readonly Alarm[]): NonNullable<PendingAction['causes']> {
  const of = (one: Alarm, { window }: AlarmState) =>
    one.kind === 'metric' && window
      ? metricsOf(one).map((metric) => ({ metric, start: window[0], end: window[1] }))
      : [];
  if (to.value !== 'ALARM') return [];
  const raised = children.filter(({ state }) => state.value === 'ALARM');
  return [...of(alarm, to), ...raised.flatMap((child) => of(child, child.state))];
}

/** User guide, "Alarm events and EventBridge". */
function eventAction(alarm: Alarm, to: AlarmState, nowMs: number, random: Random): PendingAction {
  const { accountId, region, name: alarmName, kind, settings, state } = alarm;
  const shown = ({ value, reason, reasonData, updatedMs }: AlarmState) => ({
    value,
    reason,
    ...(reasonData !== undefined && { reasonData }),
    timestamp: jsonTime(updatedMs),
  });
  const description = settings.AlarmDescription === undefined ? {} : { description: settings.AlarmDescription };
  const configuration =
    alarm.kind === 'metric'
      ? { ...description, metrics: eventMetrics(alarm) }
      : { ...description, alarmRule: alarm.settings.AlarmRule };
  const event = {
    id: uuid(random),
    source: 'aws.cloudwatch',
    detailType: 'CloudWatch Alarm State Change',
    timeMs: to.updatedMs,
    resources: [alarmArn(alarm)],
    detail: { alarmName, state: shown(to), previousState: shown(state), configuration },
  };
  return { accountId, region, alarmName, kind, stateMs: to.updatedMs, dueMs: nowMs, target: 'events', event };
}

function eventMetrics({ settings }: Extract<Alarm, { kind: 'metric' }>) {
  const { MetricName, Namespace, Dimensions, Period, Statistic, ExtendedStatistic, Unit } = settings;
  const single = {
    Id: 'm1',
    MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat: Statistic ?? ExtendedStatistic, Unit },
  };
  return (settings.Metrics ?? [single]).map((query) => {
    const { Id, MetricStat, ReturnData = true } = query as NonNullable<typeof settings.Metrics>[number];
    const { Expression, Label } = query as { Expression?: string; Label?: string };
    if (!MetricStat)
      return { id: Id, expression: Expression, ...(Label !== undefined && { label: Label }), returnData: ReturnData };
    const { Metric, Unit: unit } = MetricStat;
    const dimensions = Object.fromEntries((Metric.Dimensions ?? []).map((d) => [d.Name, d.Value]));
    const metric = { namespace: Metric.Namespace, name: Metric.MetricName, dimensions };
    const metricStat = {
      metric,
      period: MetricStat.Period,
      stat: MetricStat.Stat,
      ...(unit !== undefined && { unit }),
    };
    return { id: Id, metricStat, returnData: ReturnData };
  });
}

export const actionKey = (place: Place, id: string): string => `${ACTIONS}${placeKey(place)}${id}`;

const actionChange = (place: Place, id: string, value: PendingAction): StateChange => ({
  put: actionKey(place, id),
  value,
});

const digest = (parts: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
