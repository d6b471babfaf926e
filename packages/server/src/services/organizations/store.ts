import { AwsError, Pushback } from '../../base/errors.ts';
import type { Log } from '../../ports/log.ts';
import { type State, type StateChange, StateConflict } from '../../ports/state.ts';
import { joined, left, type Membership, membershipKey } from '../../trails/members.ts';
import type { Kinds, Organization, Profile, Tree, World } from './model.ts';

/**
 * Organizations in State. They are few and change seldom, but every request asks for its caller's place in one: so all of
 * them are kept in memory as one immutable `World`, read anew after a change.
 */
export interface OrganizationStore {
  read(): Promise<World>;
  /**
   * Makes one change, all of it or nothing, after those before it, so that what `work` finds in the world still holds when
   * it is written. `work` runs again when another server has changed something meanwhile: it MUST have no other effects.
   * @throws what `work` throws; AwsError ConcurrentModificationException; Pushback
   */
  change<T>(work: (draft: Draft) => T): Promise<T>;
  /** Called after each change is durable and before `change` resolves, which waits for it. It MUST not fail. */
  onChange(listener: () => Promise<void>): void;
}

/** A change in the making. What it puts shows in the next world, not in its own. */
export interface Draft {
  readonly world: World;
  put<K extends keyof Kinds>(organizationId: string, kind: K, value: Kinds[K]): void;
  /** @param requestId of the call by which an account leaves by itself */
  remove(organizationId: string, kind: keyof Kinds, id: string, requestId?: string): void;
  putProfile(profile: Profile): void;
}

const VERSION = 'organizations-version';
const ENTRIES = 'organizations/';
const PROFILES = 'organizations-profile/';
const EMPTY: World = { trees: new Map(), treeOfAccount: new Map(), profiles: new Map() };

/** Only another server's changes make an attempt vain, and this many in a row are not to be expected. */
const ATTEMPTS_MAX = 8;
/** Changes that may wait for those before them: some seconds' worth. */
const WAITING_MAX = 1000;

interface Known {
  /** Of the guard: changes with every change. */
  readonly version: number;
  readonly world: World;
}

/** @param log where accounts join and leave, for the trails of their organizations */
export function createOrganizationStore(state: State, log: Pick<Log, 'start' | 'end'>): OrganizationStore {
  const listeners: (() => Promise<void>)[] = [];
  let known: Known = { version: 0, world: EMPTY };
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  const versionNow = async () => (await state.get(VERSION))?.version ?? 0;

  async function current(): Promise<Known> {
    for (let version = await versionNow(); version !== known.version; ) {
      const world = await readWorld(state);
      const now = await versionNow();
      // Changed while it was read: halves of two states are none.
      if (now === version) known = { version, world };
      version = now;
    }
    return known;
  }

  /** The Log's end is read at the last moment: what the account does from its answer on comes after it. */
  async function membershipChange({ organizationId, accountId, isMember, requestId }: Places[number]) {
    const key = membershipKey(organizationId, accountId);
    const before = (await state.get<Membership>(key))?.value;
    const after = isMember ? joined(before, log.end, log.start) : left(before, log.end, log.start, requestId);
    return after === undefined ? [] : [{ put: key, value: after }];
  }

  async function attempt<T>(work: (draft: Draft) => T): Promise<{ result: T; isChange: boolean }> {
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const { version, world } = await current();
      const changes: StateChange[] = [];
      const places: Places = [];
      const result = work(draftOver(world, changes, places));
      if (changes.length === 0) return { result, isChange: false };
      for (const place of places) changes.push(...(await membershipChange(place)));
      const guard: StateChange = { put: VERSION, value: attempts, ifVersion: version === 0 ? 'absent' : version };
      try {
        await state.write([guard, ...changes]);
        return { result, isChange: true };
      } catch (error) {
        if (!(error instanceof StateConflict)) throw error;
      }
    }
    throw new AwsError(
      'ConcurrentModificationException',
      'The target of the operation is currently being modified by a different request. Try again later.',
    );
  }

  return {
    read: async () => (await current()).world,
    async change(work) {
      if (waiting >= WAITING_MAX) throw new Pushback('too many changes of organizations wait for each other');
      waiting++;
      const mine = last.then(() => attempt(work));
      last = mine.catch(() => {});
      try {
        const { result, isChange } = await mine;
        if (isChange) for (const listener of listeners) await listener();
        return result;
      } finally {
        waiting--;
      }
    },
    onChange: (listener) => void listeners.push(listener),
  };
}

/** Accounts that a change puts into an organization, or takes out of one. */
type Places = {
  readonly organizationId: string;
  readonly accountId: string;
  readonly isMember: boolean;
  readonly requestId?: string | undefined;
}[];

const draftOver = (world: World, changes: StateChange[], places: Places): Draft => ({
  world,
  put(organizationId, kind, value) {
    changes.push({ put: `${ENTRIES}${organizationId}/${kind}/${value.id}`, value });
    if (kind === 'account') places.push({ organizationId, accountId: value.id, isMember: true });
  },
  remove(organizationId, kind, id, requestId) {
    changes.push({ delete: `${ENTRIES}${organizationId}/${kind}/${id}` });
    if (kind === 'account') places.push({ organizationId, accountId: id, isMember: false, requestId });
  },
  putProfile: (profile) => void changes.push({ put: PROFILES + profile.id, value: profile }),
});

type Values = { readonly [K in Exclude<keyof Kinds, 'organization'>]: Map<string, Kinds[K]> };

async function readWorld(state: State): Promise<World> {
  const trees = new Map<string, Tree>();
  const values = new Map<string, Values>();
  const organizations = new Map<string, Organization>();
  for (const { key, value } of await state.list<Kinds[keyof Kinds]>(ENTRIES)) {
    const [organizationId, kind] = key.slice(ENTRIES.length).split('/') as [string, keyof Kinds];
    if (kind === 'organization') organizations.set(organizationId, value as Organization);
    else {
      const of = values.get(organizationId) ?? noValues();
      values.set(organizationId, of);
      (of[kind] as Map<string, typeof value>).set(value.id, value);
    }
  }
  for (const [id, organization] of organizations) {
    trees.set(id, { organization, ...(values.get(id) ?? noValues()) });
  }
  const treeOfAccount = new Map<string, Tree>();
  for (const tree of trees.values()) for (const id of tree.account.keys()) treeOfAccount.set(id, tree);
  const profiles = (await state.list<Profile>(PROFILES)).map(({ value }) => [value.id, value] as const);
  return { trees, treeOfAccount, profiles: new Map(profiles) };
}

const noValues = (): Values => ({
  unit: new Map(),
  account: new Map(),
  policy: new Map(),
  handshake: new Map(),
  creation: new Map(),
});
