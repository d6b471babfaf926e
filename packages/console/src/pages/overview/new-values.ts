import { condition } from '../../app/links.ts';
import { type FacetAnswer, type FiguresAsked, figures } from './search.ts';

/** What is told as new when it was not seen in the time before. */
export const KINDS = [
  // Sessions of roles have ARNs of their own, most of them new: the role is told instead.
  { id: 'users', text: 'Users', field: 'userArn', filter: 'userType != AssumedRole' },
  { id: 'roles', text: 'Roles', field: 'issuerArn', filter: '' },
  { id: 'services', text: 'Services', field: 'eventSource', filter: '' },
  { id: 'regions', text: 'Regions', field: 'awsRegion', filter: '' },
] as const;

export type KindId = (typeof KINDS)[number]['id'];

export interface NewValues {
  readonly kinds: Readonly<Record<KindId, readonly { readonly value: string; readonly count: number }[]>>;
  /** Nothing at all was recorded in the time before: then everything is new, and nothing is told by it. */
  readonly isFirst: boolean;
}

/** How far back "never before" looks. */
export const BEFORE_MS = 90 * 86_400_000;
/** What SearchEvents counts at most. */
const VALUES_MAX = 1000;
/** A filter has so many characters at most (event/search: FILTER_CHARS_MAX), and many new values are no news. */
const CHECKED_CHARS_MAX = 12_000;
const CHECKED_MAX = 100;

/** Users, roles, services and Regions that are seen after `startMs` for the first time in 90 days. */
export async function newValues(startMs: number, signal: AbortSignal): Promise<NewValues> {
  const before = { startMs: startMs - BEFORE_MS, endMs: startMs };
  const [users, others, usersBefore, othersBefore] = await Promise.all([
    facetsOf({ startMs }, USERS, signal),
    facetsOf({ startMs }, OTHERS, signal),
    facetsOf(before, USERS, signal),
    facetsOf(before, OTHERS, signal),
  ]);
  const now = [...users, ...others];
  const earlier = [...usersBefore, ...othersBefore];
  const found = await Promise.all(KINDS.map((kind) => newOfKind(kind, now, earlier, before, signal)));
  return {
    kinds: Object.fromEntries(KINDS.map(({ id }, i) => [id, found[i]!])) as unknown as NewValues['kinds'],
    isFirst: earlier.every(({ Values }) => Values.length === 0),
  };
}

type Kind = (typeof KINDS)[number];
const USERS = KINDS.filter(({ id }) => id === 'users');
const OTHERS = KINDS.filter(({ id }) => id !== 'users');

async function facetsOf(
  range: Pick<FiguresAsked, 'startMs' | 'endMs'>,
  kinds: readonly Kind[],
  signal: AbortSignal,
): Promise<readonly FacetAnswer[]> {
  const facets = kinds.map(({ field }) => field);
  const asked = { ...range, filter: kinds[0]!.filter, facets, facetLimit: VALUES_MAX };
  return (await figures(asked, signal)).Facets ?? [];
}

async function newOfKind(
  { field }: Kind,
  now: readonly FacetAnswer[],
  earlier: readonly FacetAnswer[],
  before: { readonly startMs: number; readonly endMs: number },
  signal: AbortSignal,
) {
  const of = (facets: readonly FacetAnswer[]) => facets.find(({ Field }) => Field === field);
  const known = new Set(of(earlier)?.Values.map(({ Value }) => Value));
  const candidates = (of(now)?.Values ?? []).filter(({ Value }) => !known.has(Value)).map(toValue);
  const isWhole = (of(earlier)?.DistinctCount ?? 0) <= known.size;
  if (isWhole || candidates.length === 0) return candidates;
  // Rare values of the time before are not among those counted: the candidates themselves are asked for.
  const checked = withinFilter(candidates);
  const filter = checked.map(({ value }) => condition(field, value)).join(' or ');
  const asked = { ...before, filter, facets: [field], facetLimit: VALUES_MAX };
  const seen = new Set((await figures(asked, signal)).Facets?.[0]?.Values.map(({ Value }) => Value));
  return checked.filter(({ value }) => !seen.has(value));
}

const toValue = ({ Value, Count }: FacetAnswer['Values'][number]) => ({ value: Value, count: Count });

/** As many as one filter may ask for. */
function withinFilter<T extends { readonly value: string }>(values: readonly T[]): readonly T[] {
  let chars = 0;
  return values.slice(0, CHECKED_MAX).filter(({ value }) => {
    chars += value.length + 30;
    return chars < CHECKED_CHARS_MAX;
  });
}
