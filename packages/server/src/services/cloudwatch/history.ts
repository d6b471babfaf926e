import type { StateChange } from '../../ports/state.ts';
import { type Alarm, type AlarmState, historyPrefix, jsonTime } from './alarm.ts';

export interface HistoryItem {
  readonly alarmName: string;
  readonly kind: Alarm['kind'];
  readonly timeMs: number;
  readonly type: 'ConfigurationUpdate' | 'StateUpdate' | 'Action';
  readonly summary: string;
  /** JSON. */
  readonly data: string;
}

/** CloudWatch keeps 30 days. */
export const HISTORY_MS = 30 * 86_400_000;
/** Items of one alarm: State holds them in memory. The oldest go first. */
export const HISTORY_ITEMS_MAX = 100;
/** AWS's own limit of `HistoryData`. */
const DATA_CHARS_MAX = 4095;

/** @param id tells items of one millisecond apart */
export function historyChange(alarm: Alarm, id: string, item: Omit<HistoryItem, 'alarmName' | 'kind'>): StateChange {
  const { name: alarmName, kind } = alarm;
  const data = item.data.length <= DATA_CHARS_MAX ? item.data : JSON.stringify({ version: '1.0', type: 'TooLarge' });
  const key = `${historyPrefix(alarm, alarmName)}${String(item.timeMs).padStart(15, '0')}-${id}`;
  return { put: key, value: { ...item, data, alarmName, kind } satisfies HistoryItem };
}

export function stateUpdateOf(alarm: Alarm, to: AlarmState): Omit<HistoryItem, 'alarmName' | 'kind'> {
  const shown = ({ value, reason, reasonData }: AlarmState) => ({
    stateValue: value,
    stateReason: reason,
    ...(reasonData !== undefined && { stateReasonData: parsed(reasonData) }),
  });
  return {
    timeMs: to.updatedMs,
    type: 'StateUpdate',
    summary: `Alarm updated from ${alarm.state.value} to ${to.value}`,
    data: JSON.stringify({ version: '1.0', oldState: shown(alarm.state), newState: shown(to) }),
  };
}

export function configurationUpdateOf(
  alarm: Alarm,
  type: 'Create' | 'Update' | 'Delete',
  timeMs: number,
): Omit<HistoryItem, 'alarmName' | 'kind'> {
  const words = { Create: 'created', Update: 'updated', Delete: 'deleted' }[type];
  const summary = `Alarm "${alarm.name}" ${words}`.slice(0, SUMMARY_CHARS_MAX);
  const { settings, state } = alarm;
  const stateUpdatedTimestamp = jsonTime(state.updatedMs);
  const shown = { ...settings, stateValue: state.value, stateUpdatedTimestamp };
  const member = { Create: 'createdAlarm', Update: 'updatedAlarm', Delete: 'deletedAlarm' }[type];
  return {
    timeMs,
    type: 'ConfigurationUpdate',
    summary,
    data: JSON.stringify({ version: '1.0', type, [member]: shown }),
  };
}

export function actionOf(
  target: string,
  timeMs: number,
  stateMs: number,
  failure: string | undefined,
): Omit<HistoryItem, 'alarmName' | 'kind'> {
  const failed = `Failed to execute action ${target}. Received error: "${failure}"`;
  return {
    timeMs,
    type: 'Action',
    summary: (failure === undefined ? `Successfully executed action ${target}` : failed).slice(0, SUMMARY_CHARS_MAX),
    data: JSON.stringify({
      version: '1.0',
      actionState: failure === undefined ? 'Succeeded' : 'Failed',
      notificationResource: target,
      stateUpdateTimestamp: stateMs,
      ...(failure !== undefined && { error: failure }),
    }),
  };
}

/** AWS's own limit of `HistorySummary`. */
const SUMMARY_CHARS_MAX = 255;

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
