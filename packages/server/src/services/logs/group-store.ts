import { assert } from '../../base/errors.ts';
import { uuid } from '../../base/random.ts';
import { StateConflict, type StateEntry } from '../../ports/state.ts';
import type { CallContext } from '../../wire/service.ts';
import type { LogsDeps } from './deps.ts';
import { invalid, logsError, notFound } from './errors.ts';
import {
  type Group,
  groupKey,
  groupsPrefix,
  type Place,
  placeOfArn,
  type Stream,
  streamKey,
  streamsPrefix,
} from './model.ts';

/** Account and Region of a call. */
export const placeOf = ({ caller, region }: Pick<CallContext, 'caller' | 'region'>): Place => ({
  accountId: caller.accountId,
  region,
});

/** The definitions of groups and streams. */
export interface Groups {
  /** @throws AwsError ResourceNotFoundException */
  find(place: Place, name: string): Promise<StateEntry<Group>>;
  /** By `logGroupIdentifier`, a name or an ARN, or by `logGroupName`: one of them. */
  named(context: CallContext, input: GroupNames): Promise<Group>;
  list(place: Place): Promise<readonly Group[]>;
  /** @throws AwsError ResourceAlreadyExistsException */
  create(place: Place, group: Pick<Group, 'name' | 'tags' | 'logGroupClass' | 'deletionProtection'>): Promise<Group>;
  /** Repeats `edit` until nobody was faster. What it returns unchanged is not written. */
  change(place: Place, name: string, edit: (group: Group) => Group): Promise<Group>;
  /** @throws AwsError ResourceNotFoundException */
  stream(group: Group, name: string): Promise<Stream>;
  /** In no order. */
  streams(group: Pick<Group, 'id'>): Promise<readonly Stream[]>;
  /** @throws AwsError ResourceAlreadyExistsException */
  createStream(place: Place, groupName: string, name: string): Promise<Stream>;
}

export interface GroupNames {
  readonly logGroupName?: string;
  readonly logGroupIdentifier?: string;
}

export function createGroups({ state, clock, random }: Pick<LogsDeps, 'state' | 'clock' | 'random'>): Groups {
  async function find(place: Place, name: string): Promise<StateEntry<Group>> {
    const entry = await state.get<Group>(groupKey(place, name));
    if (!entry) throw notFound('log group');
    return entry;
  }

  /** @param write one attempt, which throws StateConflict when somebody was faster */
  async function untilWritten<T>(write: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof StateConflict)) throw error;
      }
    }
  }

  return {
    find,
    async named(context, { logGroupName, logGroupIdentifier }) {
      if (logGroupName !== undefined && logGroupIdentifier !== undefined) {
        throw invalid('logGroupName and logGroupIdentifier cannot both be given.');
      }
      const identifier = logGroupIdentifier ?? logGroupName;
      assert(identifier !== undefined, 'a request names a group');
      const place = placeOf(context);
      if (!identifier.startsWith('arn:')) return (await find(place, identifier)).value;
      const named = placeOfArn(identifier);
      if (!named) throw invalid(`${identifier} is not the ARN of a log group.`);
      if (named.accountId !== place.accountId || named.region !== place.region) throw notFound('log group');
      return (await find(place, named.name)).value;
    },
    async list(place) {
      const entries = await state.list<Group>(groupsPrefix(place));
      return entries.map(({ value }) => value).sort(byName);
    },
    async create(place, parts) {
      const key = groupKey(place, parts.name);
      const group: Group = {
        ...place,
        ...parts,
        ...{ id: uuid(random), createdMs: clock.now(), nextStream: 1, metricFilters: [], subscriptions: [] },
      };
      try {
        await state.write([{ put: key, value: group, ifVersion: 'absent' }]);
      } catch (error) {
        if (!(error instanceof StateConflict)) throw error;
        throw logsError('ResourceAlreadyExistsException', 'The specified log group already exists');
      }
      return group;
    },
    change: (place, name, edit) =>
      untilWritten(async () => {
        const { key, value, version } = await find(place, name);
        const changed = edit(value);
        if (changed !== value) await state.write([{ put: key, value: changed, ifVersion: version }]);
        return changed;
      }),
    async stream(group, name) {
      const entry = await state.get<Stream>(streamKey(group.id, name));
      if (!entry) throw notFound('log stream');
      return entry.value;
    },
    async streams({ id }) {
      return (await state.list<Stream>(streamsPrefix(id))).map(({ value }) => value);
    },
    createStream: (place, groupName, name) =>
      untilWritten(async () => {
        const { key, value: group, version } = await find(place, groupName);
        if (await state.get(streamKey(group.id, name))) {
          throw logsError('ResourceAlreadyExistsException', 'The specified log stream already exists');
        }
        const stream = { name, number: group.nextStream, createdMs: clock.now() };
        await state.write([
          { put: key, value: { ...group, nextStream: stream.number + 1 }, ifVersion: version },
          { put: streamKey(group.id, name), value: stream, ifVersion: 'absent' },
        ]);
        return stream;
      }),
  };
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);
