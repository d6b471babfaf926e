import { Pushback } from '../../base/errors.ts';
import { type State, type StateChange, StateConflict, type StateEntry } from '../../ports/state.ts';
import { ALARMS, type Alarm, alarmKey, nameInArn, placeKey } from './alarm.ts';
import { cloudWatchError } from './errors.ts';
import type { Place } from './query.ts';

/** Only others' changes make an attempt vain, and this many in a row are not to be expected. */
const ATTEMPTS_MAX = 8;

export interface AlarmStore {
  find(place: Place, name: string): Promise<StateEntry<Alarm> | undefined>;
  /** By name or ARN. */
  findNamed(place: Place, nameOrArn: string): Promise<StateEntry<Alarm> | undefined>;
  /** @throws AwsError ResourceNotFound */
  need(place: Place, name: string): Promise<StateEntry<Alarm>>;
  /** In order of names. */
  list(place: Place): Promise<readonly Alarm[]>;
  all(): Promise<readonly StateEntry<Alarm>[]>;
  /** Writes what `work` makes of what is there, again when something came between. */
  change(work: () => Promise<readonly StateChange[]>): Promise<void>;
}

export function createAlarmStore(state: State): AlarmStore {
  const find = (place: Place, name: string) => state.get<Alarm>(alarmKey(place, name));
  return {
    find,
    findNamed: (place, named) =>
      named.startsWith('arn:') ? find(place, nameInArn(place, named) ?? '') : find(place, named),
    async need(place, name) {
      const found = await find(place, name);
      if (found) return found;
      throw cloudWatchError('ResourceNotFound', `Unknown alarm: ${name.slice(0, 255)}`);
    },
    async list(place) {
      const alarms = (await state.list<Alarm>(ALARMS + placeKey(place))).map(({ value }) => value);
      return alarms.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    all: () => state.list<Alarm>(ALARMS),
    async change(work) {
      for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
        try {
          const changes = await work();
          if (changes.length > 0) await state.write(changes);
          return;
        } catch (error) {
          if (!(error instanceof StateConflict)) throw error;
        }
      }
      throw new Pushback('the alarm is being changed by others');
    },
  };
}
