import type { LakeQuery } from '../lake.ts';
import type { GroupColumns, Times } from './coded-columns.ts';
import { codedField } from './coded-fields.ts';
import type { GramIndex, Group } from './gram-index.ts';
import { SequenceSet, type Span } from './sequence-set.ts';
import type { Pause } from './turns.ts';
import {
  ALL,
  and,
  between,
  type EventBits,
  GROUP_EVENTS,
  isEmpty,
  listOf,
  NONE,
  within,
  without,
} from './word-bits.ts';
import { withValues } from './word-bounds.ts';

/** Of a question, all but its filter. */
export type Asked = Pick<LakeQuery, 'accounts' | 'startMs' | 'endMs'> & Span;

const ACCOUNT = codedField('accountId');
const LIST_ALL = listOf(ALL);
/** Looked at before others have their turn: some 10 ms. */
const SLICE_GROUPS = 16;

/** Those of a group's events that are in the asked time and accounts, as far as its columns know; undefined when they do not. */
export function selected({ minMs, maxMs, columns }: Group, asked: Asked): EventBits | undefined {
  const { startMs, endMs, accounts } = asked;
  if (maxMs < startMs || minMs > endMs || accounts?.length === 0) return NONE;
  if (!columns) return undefined;
  const times = columns.times();
  const ofTime = minMs >= startMs && maxMs <= endMs ? ALL : times && withinTime(times, startMs, endMs);
  if (!ofTime || !accounts) return ofTime;
  const ofAccounts = withValues(columns, {
    coded: ACCOUNT,
    condition: { field: 'accountId', op: 'in', values: accounts },
  });
  return ofAccounts && and(ofTime, ofAccounts);
}

function withinTime({ base, unit, deltas }: Times, startMs: number, endMs: number): EventBits {
  return between(deltas, (startMs - base) / unit, (endMs - base) / unit);
}

/** Something that is summed up over events. */
export interface Tally {
  /** @param events places in the group, in their order @returns false when it cannot, and has added nothing */
  add(columns: GroupColumns, events: Uint16Array): boolean;
}

/**
 * Sums up what is asked about.
 * @param among these events alone
 * @returns those of which it is not known what they say: they are to be added otherwise, as far as they are asked about
 * @throws what `pause` throws
 */
export async function tally(
  index: Pick<GramIndex, 'groups'>,
  asked: Asked,
  among: SequenceSet | undefined,
  into: Tally,
  pause: Pause,
): Promise<SequenceSet> {
  const rest = new SequenceSet();
  for (const group of index.groups(asked)) {
    const { number, columns } = group;
    const events = and(spanned(group, asked), among?.of(number) ?? ALL);
    const chosen = isEmpty(events) ? NONE : selected(group, asked);
    const known = chosen && columns ? and(and(events, chosen), columns.known) : undefined;
    const isAdded = known && (isEmpty(known) || into.add(columns!, known === ALL ? LIST_ALL : listOf(known)));
    const left = isAdded && columns ? without(events, columns.known) : events;
    rest.put(number, left === ALL ? ALL : left.slice());
    if (number % SLICE_GROUPS === 0) await pause();
  }
  return rest;
}

/** The events of a group that are in a span. */
export function spanned({ number }: Pick<Group, 'number'>, { from, upTo }: Span): EventBits {
  const first = number * GROUP_EVENTS;
  return within(ALL, Math.max(0, from - first), Math.min(GROUP_EVENTS, upTo - first));
}
