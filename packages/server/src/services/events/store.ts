import { type State, StateConflict } from '../../ports/state.ts';
import type { CallContext } from '../../wire/service.ts';
import { eventsError } from './errors.ts';
import { type Bus, busArn, DEFAULT_BUS, type Kinds, type Place } from './model.ts';

const PREFIX = 'events/';
const placeKey = ({ accountId, region }: Place): string => `${PREFIX}${accountId}/${region}/`;
const key = (place: Place, kind: keyof Kinds, name: string): string => `${placeKey(place)}${kind}/${name}`;

/** Other changes of one definition that may come between. */
const ATTEMPTS_MAX = 8;

/** Everything that is defined in one place. */
export type Definitions = { readonly [K in keyof Kinds]: readonly Kinds[K][] };

/** Definitions in State: `events/<account>/<region>/<kind>/<name>`; rules by `<bus>/<name>`. */
export interface EventsStore {
  get<K extends keyof Kinds>(place: Place, kind: K, name: string): Promise<Kinds[K] | undefined>;
  /** In the order of their names. @param prefix of the name */
  list<K extends keyof Kinds>(place: Place, kind: K, prefix?: string): Promise<readonly Kinds[K][]>;
  /**
   * Changes one definition: what `change` returns takes the place of what it was given; `undefined` removes it. It may
   * throw, and may run again. Whatever holds definitions in memory knows of the change when this resolves.
   * @throws AwsError ConcurrentModificationException
   */
  change<K extends keyof Kinds>(
    place: Place,
    kind: K,
    name: string,
    change: (old: Kinds[K] | undefined) => Kinds[K] | undefined,
  ): Promise<void>;
  all(place: Place): Promise<Definitions>;
  /** Places that have definitions. */
  places(): Promise<readonly Place[]>;
}

/** @param changed is told of each change of what events are routed by, and awaited */
export function createEventsStore(state: State, changed: (place: Place) => Promise<void>): EventsStore {
  const put = async (at: string, value: unknown, version: number | undefined) => {
    if (value !== undefined) await state.write([{ put: at, value, ifVersion: version ?? 'absent' }]);
    else if (version !== undefined) await state.write([{ delete: at, ifVersion: version }]);
  };
  return {
    get: async <K extends keyof Kinds>(place: Place, kind: K, name: string) =>
      (await state.get<Kinds[K]>(key(place, kind, name)))?.value,
    list: async <K extends keyof Kinds>(place: Place, kind: K, prefix = '') =>
      (await state.list<Kinds[K]>(key(place, kind, prefix))).map(({ value }) => value),
    async change(place, kind, name, change) {
      const at = key(place, kind, name);
      for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
        const known = await state.get<Kinds[typeof kind]>(at);
        const value = change(known?.value);
        try {
          if (value !== known?.value) await put(at, value, known?.version);
          if (kind !== 'replay') await changed(place);
          return;
        } catch (error) {
          if (!(error instanceof StateConflict)) throw error;
        }
      }
      throw eventsError(
        'ConcurrentModificationException',
        `The ${kind} ${name} was modified at the same time by somebody else. Try again.`,
      );
    },
    async all(place) {
      const prefix = placeKey(place);
      const found: { [K in keyof Kinds]: Kinds[K][] } = {
        bus: [],
        rule: [],
        connection: [],
        'api-destination': [],
        archive: [],
        replay: [],
      };
      for (const entry of await state.list<never>(prefix)) {
        found[entry.key.slice(prefix.length).split('/', 1)[0] as keyof Kinds].push(entry.value);
      }
      return found;
    },
    async places() {
      const found = new Map<string, Place>();
      for (const { key: at } of await state.list(PREFIX)) {
        const [, accountId = '', region = ''] = at.split('/');
        found.set(`${accountId}/${region}`, { accountId, region });
      }
      return [...found.values()];
    },
  };
}

/** @throws AwsError ResourceNotFoundException */
export function found<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw eventsError('ResourceNotFoundException', `${what} does not exist.`);
}

/** An account has its default bus from the beginning. */
export const defaultBus = (place: Place): Bus => ({
  accountId: place.accountId,
  region: place.region,
  name: DEFAULT_BUS,
  arn: busArn(place, DEFAULT_BUS),
  createdMs: 0,
  modifiedMs: 0,
  tags: [],
});

/** @throws AwsError ResourceNotFoundException */
export async function findBus(store: EventsStore, place: Place, name: string): Promise<Bus> {
  const bus = await store.get(place, 'bus', name);
  return found(bus ?? (name === DEFAULT_BUS ? defaultBus(place) : undefined), `Event bus ${name}`);
}

export const placeOf = ({ caller, region }: CallContext): Place => ({ accountId: caller.accountId, region });
