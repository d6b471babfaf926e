import type { State, StateChange } from '../ports/state.ts';
import { NOTIFICATION_STATUSES, type NotificationStatus } from '../trails/tellings.ts';
import type { DeliveryStatus } from '../trails/trail.ts';
import {
  CHAINS,
  CURSORS,
  type DeliveryCursor,
  type DigestChain,
  LAST_DIGESTS,
  NOTICES,
  type Notice,
  PLANNED,
  type PlannedObject,
  STATUSES,
  spoolName,
  UNDIGESTED,
  type UndigestedFile,
} from './delivery-state.ts';
import type { RestoredTrail } from './followed-trail.ts';
import type { Spool } from './spool.ts';

/** What State knows of a trail's delivery. */
export interface Remains extends RestoredTrail {
  readonly planned: readonly PlannedObject[];
  readonly statuses: ReadonlyMap<string, DeliveryStatus>;
  readonly notices: readonly Notice[];
  readonly notificationStatuses: ReadonlyMap<string, NotificationStatus>;
}

export const NO_REMAINS: Remains = {
  cursor: undefined,
  chains: [],
  undigested: [],
  nextNumber: 1,
  planned: [],
  statuses: new Map(),
  notices: [],
  notificationStatuses: new Map(),
};

/** Everything that an earlier process left, by trail id. */
export async function loadRemains(state: State): Promise<Map<string, Remains>> {
  const cursors = await byTrail<DeliveryCursor>(state, CURSORS);
  const planned = await byTrail<PlannedObject>(state, PLANNED);
  const undigested = await byTrail<UndigestedFile>(state, UNDIGESTED);
  const chains = await byTrail<DigestChain>(state, CHAINS);
  const statuses = await byTrail<DeliveryStatus>(state, STATUSES);
  const notices = await byTrail<Notice>(state, NOTICES);
  const told = await byTrail<NotificationStatus>(state, NOTIFICATION_STATUSES);
  const ids = new Set(
    [cursors, planned, undigested, chains, statuses, notices, told].flatMap((map) => [...map.keys()]),
  );
  const remains = new Map<string, Remains>();
  for (const id of ids) {
    const numbered = [planned, undigested, notices].flatMap((byId) => byId.get(id) ?? []);
    remains.set(id, {
      cursor: cursors.get(id)?.[0]?.value,
      chains: (chains.get(id) ?? []).map((e) => e.value),
      undigested: (undigested.get(id) ?? []).map((e) => e.value),
      // A number is free again once nothing in State bears it.
      nextNumber: numbered.reduce((max, e) => Math.max(max, e.value.number), 0) + 1,
      planned: (planned.get(id) ?? []).map((e) => e.value),
      statuses: new Map((statuses.get(id) ?? []).map((e) => [e.rest, e.value])),
      notices: (notices.get(id) ?? []).map((e) => e.value),
      notificationStatuses: new Map((told.get(id) ?? []).map((e) => [e.rest, e.value])),
    });
  }
  return remains;
}

interface Found<T> {
  /** Of the key, behind the trail's id. */
  readonly rest: string;
  readonly value: T;
}

async function byTrail<T>(state: State, prefix: string): Promise<Map<string, Found<T>[]>> {
  const found = new Map<string, Found<T>[]>();
  for (const { key, value } of await state.list<T>(prefix)) {
    const [id = '', ...rest] = key.slice(prefix.length).split('/');
    const ofTrail = found.get(id) ?? [];
    found.set(id, ofTrail);
    ofTrail.push({ rest: rest.join('/'), value });
  }
  return found;
}

/** Removes what a crash left in the spool between writing a file and planning it. */
export async function sweepSpool(spool: Spool, remains: ReadonlyMap<string, Remains>): Promise<void> {
  const named = new Set<string>();
  for (const [id, { planned }] of remains) for (const { number } of planned) named.add(spoolName(id, number));
  for (const name of await spool.list()) if (!named.has(name)) await spool.remove(name);
}

/** Deletes all that delivery keeps of a trail, with `changes` in the same step. */
export async function forgetTrail(
  state: State,
  spool: Spool,
  trailId: string,
  changes: readonly StateChange[],
): Promise<void> {
  const keys: string[] = [];
  for (const prefix of [CURSORS, PLANNED, UNDIGESTED, CHAINS, STATUSES, NOTICES, NOTIFICATION_STATUSES]) {
    for (const { key } of await state.list(`${prefix}${trailId}`)) {
      if (key === `${prefix}${trailId}` || key.startsWith(`${prefix}${trailId}/`)) keys.push(key);
    }
  }
  const planned = await state.list<PlannedObject>(`${PLANNED}${trailId}/`);
  await state.write([...keys.map((key) => ({ delete: key })), ...changes]);
  for (const { value } of planned) await spool.remove(spoolName(trailId, value.number));
}

/** Longer than any clock is set back by, short enough that names do not pile up. */
const LAST_DIGEST_KEPT_MS = 30 * 86_400_000;

/** When the last digests of deleted trails ended, by ARN; what is old is deleted. */
export async function loadLastDigests(state: State, nowMs: number): Promise<ReadonlyMap<string, number>> {
  const entries = await state.list<number>(LAST_DIGESTS);
  const old = entries.filter((e) => e.value < nowMs - LAST_DIGEST_KEPT_MS);
  if (old.length > 0) await state.write(old.map(({ key }) => ({ delete: key })));
  return new Map(entries.map((e) => [e.key.slice(LAST_DIGESTS.length), e.value]));
}
