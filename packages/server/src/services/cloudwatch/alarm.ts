import { createHash } from 'node:crypto';
import type { StateValue } from '../../alarms/evaluate.ts';
import type { CompositeAlarmSettings, MetricAlarmSettings } from './api.ts';
import type { Place } from './query.ts';

export interface AlarmState {
  readonly value: StateValue;
  readonly reason: string;
  /** JSON. */
  readonly reasonData?: string;
  /** When it was last set, and when its value last changed. */
  readonly updatedMs: number;
  readonly transitionedMs: number;
  /** Of the datapoints that decided, in seconds: where to look for what raised the alarm. */
  readonly window?: readonly [start: number, end: number];
}

interface AlarmBase extends Place {
  readonly name: string;
  readonly configuredMs: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly state: AlarmState;
  /** When its actions of a state were last taken, the newest of them: repeated ones are grouped. */
  readonly notified?: Readonly<Partial<Record<StateValue, readonly number[]>>>;
}

export interface MetricAlarm extends AlarmBase {
  readonly kind: 'metric';
  readonly settings: MetricAlarmSettings;
}

export interface CompositeAlarm extends AlarmBase {
  readonly kind: 'composite';
  readonly settings: CompositeAlarmSettings;
  /** Actions held back by the suppressor. */
  readonly suppressed?: {
    readonly by: 'WaitPeriod' | 'ExtensionPeriod' | 'Alarm';
    readonly sinceMs: number;
    /** The state before. */
    readonly from: StateValue;
  };
}

/** What is stored: the settings as they were put, and what became of the alarm. */
export type Alarm = MetricAlarm | CompositeAlarm;

export const ALARMS = 'cloudwatch/alarm/';

/** Names may be longer than State's keys, and hold whatever separates their parts. */
const nameKey = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 32);

export const placeKey = ({ accountId, region }: Place): string => `${accountId}/${region}/`;
export const alarmKey = (place: Place, name: string): string => `${ALARMS}${placeKey(place)}${nameKey(name)}`;
export const historyPrefix = (place: Place, name: string): string =>
  `cloudwatch/history/${placeKey(place)}${nameKey(name)}/`;

export const alarmArn = ({ accountId, region, name }: Place & { readonly name: string }): string =>
  `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`;

/** The name in an alarm's ARN; undefined for what is none of this account and Region. */
export function nameInArn({ accountId, region }: Place, arn: string): string | undefined {
  const prefix = `arn:aws:cloudwatch:${region}:${accountId}:alarm:`;
  return arn.startsWith(prefix) && arn.length > prefix.length ? arn.slice(prefix.length) : undefined;
}

/** The metrics that an alarm looks at. */
export function metricsOf({ settings }: MetricAlarm) {
  if (settings.Metrics) return settings.Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []));
  const { Namespace = '', MetricName = '', Dimensions = [] } = settings;
  return [{ Namespace, MetricName, Dimensions }];
}

/** Seconds. */
export function periodOf({ settings }: MetricAlarm): number {
  if (settings.Period !== undefined) return settings.Period;
  const periods = (settings.Metrics ?? []).map((q) => q.MetricStat?.Period ?? q.Period ?? 0);
  return Math.max(...periods, 1);
}

export const actionsOf = ({ settings }: Alarm, state: StateValue): readonly string[] => {
  if (state === 'ALARM') return settings.AlarmActions ?? [];
  return (state === 'OK' ? settings.OKActions : settings.InsufficientDataActions) ?? [];
};

/** `2026-11-21T14:20:00.000+0000`, as CloudWatch writes times into JSON. */
export const jsonTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000');
