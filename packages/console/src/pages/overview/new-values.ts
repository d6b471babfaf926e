import { condition } from '../../app/links.ts';
import { type FacetAnswer, type FiguresAsked, facetOf, figures, isWhole } from './search.ts';

/** What is told as new when it was not seen in the time before. */
export const KINDS = [
  { id: 'users', text: 'Users', field: 'userArn' },
  { id: 'roles', text: 'Roles', field: 'issuerArn' },
  { id: 'services', text: 'Services', field: 'eventSource' },
  { id: 'regions', text: 'Regions', field: 'awsRegion' },
] as const;

type Kind = (typeof KINDS)[number];
export type KindId = Kind['id'];

export interface NewValues {
  readonly kinds: Readonly<Record<KindId, readonly { readonly value: string; readonly count: number }[]>>;
  /** Nothing at all was recorded in the time before: then everything is new, and nothing is told by it. */
  readonly isFirst: boolean;
}

type Span = Pick<FiguresAsked, 'startMs' | 'endMs'>;

/** How far back "never before" looks. */
export const BEFORE_MS = 90 * 86_400_000;
/** What SearchEvents counts at most. */
const VALUES_MAX = 1000;
/** A filter has so many characters at most (event/search: FILTER_CHARS_MAX), and many new values are no news. */
const CHECKED_CHARS_MAX = 12_000;
const CHECKED_MAX = 100;

/** Sessions have ARNs of their own, most of them new: their roles are told instead. */
const isSession = (arn: string): boolean => /:(assumed-role|federated-user)\//.test(arn);
const NO_SESSIONS = 'userType != AssumedRole and userType != FederatedUser';

/** Users, roles, services and Regions that are seen after `startMs` for the first time in 90 days. */
export async function newValues(startMs: number, signal: AbortSignal): Promise<NewValues> {
  const before: Span = { startMs: startMs - BEFORE_MS, endMs: startMs };
  const [now, earlier] = await Promise.all([seenIn({ startMs }, signal), seenIn(before, signal)]);
  const found = await Promise.all(
    KINDS.map(({ field }) => newOf(field, facetOf(now, field), facetOf(earlier, field), before, signal)),
  );
  return {
    kinds: Object.fromEntries(KINDS.map(({ id }, i) => [id, found[i]!])) as unknown as NewValues['kinds'],
    isFirst: earlier.every(({ Values }) => Values.length === 0),
  };
}

async function seenIn(span: Span, signal: AbortSignal): Promise<readonly FacetAnswer[]> {
  const facets = KINDS.map(({ field }) => field);
  const all = (await figures({ ...span, facets, facetLimit: VALUES_MAX }, signal)).Facets ?? [];
  if (isWhole(facetOf(all, 'userArn'))) return all.map(withoutSessions);
  // So many sessions that they crowd out users: these are counted by themselves.
  const users = { ...span, filter: NO_SESSIONS, facets: ['userArn'], facetLimit: VALUES_MAX };
  const counted = (await figures(users, signal)).Facets ?? [];
  return [...counted, ...all.filter(({ Field }) => Field !== 'userArn')];
}

function withoutSessions(facet: FacetAnswer): FacetAnswer {
  if (facet.Field !== 'userArn') return facet;
  const Values = facet.Values.filter(({ Value }) => !isSession(Value));
  return { ...facet, Values, DistinctCount: Values.length };
}

async function newOf(
  field: string,
  now: FacetAnswer | undefined,
  earlier: FacetAnswer | undefined,
  before: Span,
  signal: AbortSignal,
) {
  const known = new Set(earlier?.Values.map(({ Value }) => Value));
  const candidates = (now?.Values ?? []).filter(({ Value }) => !known.has(Value)).map(toValue);
  if (isWhole(earlier) || candidates.length === 0) return candidates;
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
