import type { StateValue } from '../../alarms/evaluate.ts';
import { type Random, uuid } from '../../base/random.ts';
import type { StateChange } from '../../ports/state.ts';
import type { Handler } from '../../wire/service.ts';
import { alarmKey } from './alarm.ts';
import type { AlarmStore } from './alarm-store.ts';
import { namedBy } from './describe-alarms.ts';
import type { Engine } from './engine.ts';
import { cloudWatchError, invalid, invalidValue, required } from './errors.ts';
import { configurationUpdateOf, historyChange } from './history.ts';
import type { Place } from './query.ts';

const NAMES_MAX = 100;
const STATES: ReadonlySet<string> = new Set(['OK', 'ALARM', 'INSUFFICIENT_DATA']);

interface NamesInput {
  readonly AlarmNames?: readonly string[];
}

interface SetStateInput {
  readonly AlarmName: string;
  readonly StateValue: StateValue;
  readonly StateReason: string;
  readonly StateReasonData?: string;
}

export function createAlarmChanges(alarms: AlarmStore, engine: Engine, random: Random): Record<string, Handler> {
  /** Names that are none are passed over, as CloudWatch does. */
  const enable =
    (enabled: boolean): Handler =>
    async (context, input: NamesInput) => {
      const place = { accountId: context.caller.accountId, region: context.region };
      const names = checkNames(input);
      await alarms.change(async () => {
        const changes: StateChange[] = [];
        for (const name of names) {
          const found = await alarms.find(place, name);
          if (!found || (found.value.settings.ActionsEnabled !== false) === enabled) continue;
          const value = { ...found.value, settings: { ...found.value.settings, ActionsEnabled: enabled } };
          const item = configurationUpdateOf(value as typeof found.value, 'Update', context.timeMs);
          changes.push({ put: alarmKey(place, name), value, ifVersion: found.version });
          changes.push(historyChange(found.value, uuid(random), item));
        }
        return changes;
      });
      return {};
    };

  return {
    EnableAlarmActions: enable(true),
    DisableAlarmActions: enable(false),

    SetAlarmState: async (context, input: SetStateInput) => {
      const place = { accountId: context.caller.accountId, region: context.region };
      const { StateValue: value, StateReason: reason, StateReasonData: reasonData } = input;
      if (!STATES.has(required(value, 'StateValue'))) {
        throw invalidValue('The parameter StateValue must be OK, ALARM or INSUFFICIENT_DATA.');
      }
      if (typeof reason !== 'string') required(undefined, 'StateReason');
      if (reason.length > 1023) throw invalid('StateReason has at most 1023 characters.');
      if (reasonData !== undefined) checkReasonData(reasonData);
      const { AlarmName: name } = input;
      await alarms.need(place, required(name, 'AlarmName'));
      await engine.setState(place, name, { value, reason, ...(reasonData !== undefined && { reasonData }) });
      return {};
    },

    DeleteAlarms: async (context, input: NamesInput) => {
      const place = { accountId: context.caller.accountId, region: context.region };
      const names = new Set(checkNames(input));
      await alarms.change(async () => {
        const changes: StateChange[] = [];
        await refuseNeeded(place, names);
        for (const name of names) {
          const found = await alarms.need(place, name);
          changes.push({ delete: alarmKey(place, name), ifVersion: found.version });
          changes.push(
            historyChange(found.value, uuid(random), configurationUpdateOf(found.value, 'Delete', context.timeMs)),
          );
        }
        return changes;
      });
      return {};
    },
  };

  /** An alarm that a composite one needs stays, unless both go. */
  async function refuseNeeded(place: Place, names: ReadonlySet<string>): Promise<void> {
    for (const alarm of await alarms.list(place)) {
      if (alarm.kind !== 'composite' || names.has(alarm.name)) continue;
      const needed = [...namedBy(place, alarm)].find((name) => names.has(name));
      if (needed === undefined) continue;
      throw invalid(`Could not delete alarm ${needed}: the composite alarm ${alarm.name} depends on it.`);
    }
  }
}

function checkNames({ AlarmNames: names }: NamesInput): readonly string[] {
  if (required(names, 'AlarmNames').length <= NAMES_MAX) return names!;
  throw cloudWatchError('ValidationException', `AlarmNames has at most ${NAMES_MAX} members.`);
}

function checkReasonData(json: string): void {
  if (json.length > 4000) throw invalid('StateReasonData has at most 4000 characters.');
  try {
    JSON.parse(json);
  } catch {
    throw cloudWatchError('InvalidFormatFault', 'StateReasonData is not JSON.');
  }
}
