import type { StateValue } from '../../alarms/evaluate.ts';
import { type Alarm, type AlarmState, alarmArn, type CompositeAlarm, jsonTime } from './alarm.ts';
import { alarmsIn, holds, parseAlarmRule } from './alarm-rule.ts';
import type { AlarmStore } from './alarm-store.ts';
import type { Step } from './transition.ts';

/** What is to be done for a composite alarm. */
export interface CompositeStep extends Step {
  readonly to: AlarmState;
  /** Of its rule. */
  readonly children: readonly Alarm[];
}

/** @returns undefined when everything stays as it is */
export async function compositeStep(
  alarms: AlarmStore,
  alarm: CompositeAlarm,
  nowMs: number,
): Promise<CompositeStep | undefined> {
  const rule = parseAlarmRule(alarm.settings.AlarmRule);
  const children = new Map<string, Alarm>();
  for (const named of alarmsIn(rule)) {
    const found = await alarms.findNamed(alarm, named);
    if (found) children.set(named, found.value);
  }
  const value: StateValue = holds(rule, (named) => children.get(named)?.state.value) ? 'ALARM' : 'OK';
  const suppressor = alarm.settings.ActionsSuppressor;
  const suppressing =
    suppressor !== undefined && (await alarms.findNamed(alarm, suppressor))?.value.state.value === 'ALARM';
  const all = [...children.values()];
  if (value !== alarm.state.value) {
    const to = changedTo(alarm, value, all, nowMs);
    if (suppressor === undefined) return { kind: 'state', to, children: all };
    // Only what raises the alarm waits to see whether it will be suppressed; the end of it is told, or not, at once.
    const by = suppressing ? 'Alarm' : 'WaitPeriod';
    if (!suppressing && (value !== 'ALARM' || alarm.settings.ActionsSuppressorWaitPeriod === 0)) {
      return { kind: 'state', to, children: all };
    }
    return { kind: 'hold', to, children: all, suppressed: { by, sinceMs: nowMs, from: alarm.state.value } };
  }
  return suppressionStep(alarm, all, suppressing, nowMs);
}

function suppressionStep(
  alarm: CompositeAlarm,
  children: readonly Alarm[],
  suppressing: boolean,
  nowMs: number,
): CompositeStep | undefined {
  const { suppressed: held, settings, state: to } = alarm;
  if (!held) return undefined;
  const still = (by: typeof held.by): CompositeStep => ({
    kind: 'still',
    to,
    children,
    suppressed: { ...held, by, sinceMs: nowMs },
  });
  if (suppressing) return held.by === 'Alarm' ? undefined : still('Alarm');
  if (held.by === 'Alarm') return still('ExtensionPeriod');
  const periods = {
    WaitPeriod: settings.ActionsSuppressorWaitPeriod ?? 0,
    ExtensionPeriod: settings.ActionsSuppressorExtensionPeriod ?? 0,
  };
  const passedMs = nowMs - held.sinceMs;
  // A clock that was set back must not hold anything for longer than it would have been held.
  if (passedMs >= 0 && passedMs < periods[held.by] * 1000) return undefined;
  return { kind: 'release', to, children };
}

function changedTo(alarm: CompositeAlarm, value: StateValue, children: readonly Alarm[], nowMs: number): AlarmState {
  const last = [...children].sort((a, b) => b.state.transitionedMs - a.state.transitionedMs)[0];
  const reason = last
    ? `${alarmArn(last)} transitioned to ${last.state.value} at ${longTime(last.state.transitionedMs)}`
    : `The rule of ${alarm.name} now comes to ${value}`;
  const triggeringAlarms = children
    .filter((child) => child.state.value === 'ALARM' || value !== 'ALARM')
    .slice(0, TRIGGERING_MAX)
    .map((child) => ({
      arn: alarmArn(child),
      state: { value: child.state.value, timestamp: jsonTime(child.state.updatedMs) },
    }));
  const reasonData = JSON.stringify({ triggeringAlarms });
  return { value, reason: reason.slice(0, 1023), reasonData, updatedMs: nowMs, transitionedMs: nowMs };
}

/** So that StateReasonData stays within its 4000 characters. */
const TRIGGERING_MAX = 10;

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];

/** `Friday 14 August, 2020 21:18:45 UTC` */
function longTime(ms: number): string {
  const date = new Date(ms);
  const day = String(date.getUTCDate()).padStart(2, '0');
  const time = date.toISOString().slice(11, 19);
  return `${DAYS[date.getUTCDay()]} ${day} ${MONTHS[date.getUTCMonth()]}, ${date.getUTCFullYear()} ${time} UTC`;
}
