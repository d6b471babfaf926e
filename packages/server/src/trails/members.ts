import type { Sequence, StoredEvent } from '../ports/log.ts';
import type { State } from '../ports/state.ts';
import { loggingPeriods, type Trail } from './trail.ts';

/**
 * Which accounts an organization had when, in places of the Log: an organization trail logs an account's events from
 * where it joined to where it left, however far behind delivery is. Organizations writes these, in one step with the
 * change itself; delivery and the CloudTrail service read them.
 */
export interface Membership {
  /** In order; only the last may be open. */
  readonly stretches: readonly Stretch[];
}

export interface Stretch {
  /** The Log's end when the account joined. */
  readonly from: Sequence;
  /** The Log's end when it left. */
  readonly to?: Sequence;
  /** Of the account's own LeaveOrganization. Its record comes after `to` and is logged all the same: nobody leaves unseen. */
  readonly leavingRequestId?: string;
}

const MEMBERS = 'trail-members/';

export const membershipKey = (organizationId: string, accountId: string): string =>
  `${MEMBERS}${organizationId}/${accountId}`;

const isOpen = (membership: Membership | undefined): boolean => {
  const last = membership?.stretches.at(-1);
  return last !== undefined && last.to === undefined;
};

/** The account is a member from here on; undefined when it was one already. @param start of the Log: what lies before is over */
export function joined(before: Membership | undefined, end: Sequence, start: Sequence): Membership | undefined {
  return isOpen(before) ? undefined : { stretches: [...needed(before, start), { from: end }] };
}

/** The account is no member any more. */
export function left(
  before: Membership | undefined,
  end: Sequence,
  start: Sequence,
  requestId: string | undefined,
): Membership {
  const stretches = needed(before, start);
  const last = stretches.at(-1);
  if (!last || last.to !== undefined) return { stretches };
  const closed = { ...last, to: end, ...(requestId !== undefined && { leavingRequestId: requestId }) };
  return { stretches: [...stretches.slice(0, -1), closed] };
}

/** Of stretches that end before the Log begins nothing can be delivered any more. */
const needed = (membership: Membership | undefined, start: Sequence): readonly Stretch[] =>
  (membership?.stretches ?? []).filter(({ to }) => to === undefined || to >= start);

/** An organization's accounts, then and now. */
export interface Members {
  /** Whose events are logged now. */
  readonly current: ReadonlySet<string>;
  /** Whether the account of an event was a member when it was accepted. */
  cover(event: StoredEvent): boolean;
}

const NO_MEMBERS: Members = { current: new Set(), cover: () => false };

/** The accounts of an organization, by its id. */
export type MembersOf = (organizationId: string) => Members;

export async function readMembers(state: State, organizationId: string): Promise<Members> {
  const prefix = `${MEMBERS}${organizationId}/`;
  const byAccount = new Map<string, readonly Stretch[]>();
  const current = new Set<string>();
  for (const { key, value } of await state.list<Membership>(prefix)) {
    const accountId = key.slice(prefix.length);
    byAccount.set(accountId, value.stretches);
    if (isOpen(value)) current.add(accountId);
  }
  return {
    current,
    cover: (event) => byAccount.get(event.header.accountId)?.some((stretch) => holds(stretch, event)) ?? false,
  };
}

/** Of all organizations that these trails log, or have logged. */
export async function readMembersOf(state: State, trails: readonly Trail[]): Promise<MembersOf> {
  const ids = new Set(trails.flatMap((trail) => [trail, ...loggingPeriods(trail)].map((t) => t.organizationId)));
  const members = new Map<string, Members>();
  for (const id of ids) if (id !== undefined) members.set(id, await readMembers(state, id));
  return (organizationId) => members.get(organizationId) ?? NO_MEMBERS;
}

/** Accounts that have left an organization, whichever; they may be in another. */
export async function formerMembers(state: State): Promise<readonly string[]> {
  const left = (await state.list<Membership>(MEMBERS)).filter(({ value }) => !isOpen(value));
  return left.map(({ key }) => key.slice(key.lastIndexOf('/') + 1));
}

function holds({ from, to = Infinity, leavingRequestId }: Stretch, event: StoredEvent): boolean {
  const { sequence, header, json } = event;
  if (sequence < from) return false;
  if (sequence < to) return true;
  if (leavingRequestId === undefined || header.eventName !== 'LeaveOrganization') return false;
  if (header.eventSource !== 'organizations.amazonaws.com') return false;
  return (JSON.parse(json.toString('utf8')) as { requestID?: unknown }).requestID === leavingRequestId;
}
