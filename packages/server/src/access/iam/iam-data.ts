import { AwsError, Pushback } from '../../base/errors.ts';
import { type State, type StateChange, StateConflict } from '../../ports/state.ts';
import { keys, type StateKey, type StatePrefix } from './entities.ts';

/** Reads what IAM keeps. Values are frozen. */
export interface IamReader {
  get<T>(key: StateKey<T>): Promise<T | undefined>;
  /** In key order. */
  list<T>(prefix: StatePrefix<T>): Promise<readonly T[]>;
}

/** A change in the making: it reads what it has written itself; nobody else does before it is done. */
export interface IamChange extends IamReader {
  put<T>(key: StateKey<T>, value: T): void;
  /** Puts what no account may have twice: `work` runs again when another account is first. */
  claim<T>(key: StateKey<T>, value: T): void;
  remove(key: string): void;
}

export interface IamData extends IamReader {
  /**
   * Makes one change of an account's entities, all of it or nothing. Changes of an account are made one after the other,
   * so that what `work` has read (names that are free, counts below a quota, policies that nobody uses) still holds when
   * it is written. `work` runs again when another server changed the account meanwhile: it MUST have no other effects.
   * @throws what `work` throws; AwsError ConcurrentModification; Pushback
   */
  change<T>(accountId: string, work: (change: IamChange) => Promise<T>): Promise<T>;
  /** All keys that begin so, in order. */
  names(prefix: string): Promise<readonly string[]>;
  /** Differs after every change of the account's entities. */
  version(accountId: string): Promise<number>;
}

/** Only another server's changes make an attempt vain, and this many in a row are not to be expected. */
const ATTEMPTS_MAX = 8;
/** Changes that may wait for those before them, an account: at some 1000 a second, a second's worth. */
const WAITING_MAX = 1000;

export function createIamData(state: State): IamData {
  const queues = new Map<string, { last: Promise<unknown>; length: number }>();

  const data: IamData = {
    get: async <T>(key: StateKey<T>) => (await state.get<T>(key))?.value,
    list: async <T>(prefix: StatePrefix<T>) => (await state.list<T>(prefix)).map(({ value }) => value),
    names: async (prefix) => (await state.list(prefix)).map(({ key }) => key),
    version: async (accountId) => (await state.get(keys.version(accountId)))?.version ?? 0,
    async change(accountId, work) {
      const queue = queues.get(accountId) ?? { last: Promise.resolve(), length: 0 };
      if (queue.length >= WAITING_MAX) throw new Pushback('too many changes of the account wait for each other');
      const mine = queue.last.then(() => attempt(accountId, work));
      queue.last = mine.catch(() => {});
      queue.length++;
      queues.set(accountId, queue);
      try {
        return await mine;
      } finally {
        if (--queue.length === 0) queues.delete(accountId);
      }
    },
  };

  async function attempt<T>(accountId: string, work: (change: IamChange) => Promise<T>): Promise<T> {
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const guard = await state.get<number>(keys.version(accountId));
      const changes = new Map<string, StateChange>();
      const result = await work(changeOver(data, changes));
      if (changes.size === 0) return result;
      const version: StateChange = {
        put: keys.version(accountId),
        value: (guard?.value ?? 0) + 1,
        ifVersion: guard?.version ?? 'absent',
      };
      try {
        await state.write([version, ...changes.values()]);
        return result;
      } catch (error) {
        if (!(error instanceof StateConflict)) throw error;
      }
    }
    throw new AwsError(
      'ConcurrentModification',
      'The request was rejected because multiple requests to change this object were submitted simultaneously. Wait a few minutes and submit your request again.',
      { status: 409 },
    );
  }

  return data;
}

function changeOver(data: IamReader, changes: Map<string, StateChange>): IamChange {
  return {
    async get<T>(key: StateKey<T>) {
      const change = changes.get(key);
      if (!change) return data.get(key);
      return 'put' in change ? (change.value as T) : undefined;
    },
    async list<T>(prefix: StatePrefix<T>) {
      // Nothing that lists needs what was written before in the same change.
      return data.list(prefix);
    },
    put: (key, value) => void changes.set(key, { put: key, value }),
    claim: (key, value) => void changes.set(key, { put: key, value, ifVersion: 'absent' }),
    remove: (key) => void changes.set(key, { delete: key }),
  };
}
