import type { StoredEvent } from '../../ports/log.ts';
import type { State } from '../../ports/state.ts';
import { type InsightTrail, insightTrails } from '../../trails/insights.ts';
import { trailJudge } from '../../trails/judge.ts';
import { type MembersOf, readMembersOf } from '../../trails/members.ts';
import {
  type InsightEventCategory,
  type InsightType,
  listTrails,
  loggingPeriods,
  type Trail,
} from '../../trails/trail.ts';
import type { SubjectName } from './analysis.ts';
import { mayHaveFailed } from './call-facts.ts';

/** A kind of Insight that an event is to be counted for. */
export interface Concern {
  readonly insightType: InsightType;
  /** As `SeriesName.source`. */
  readonly source?: string;
}

/** Which trails look for unusual activity, and in what. */
export interface InsightTrails {
  readonly isEmpty: boolean;
  /**
   * What an event counts for: calls that write, and all data events, for the rate of calls; for that of errors if it is one, which
   * the record alone says; where a logging trail has that kind of Insight and logs the event (spec: insights §1).
   */
  concerned(event: StoredEvent): readonly Concern[];
  /** All that is looked for in an account. */
  subjectsOf(accountId: string): readonly SubjectName[];
  /** Whether any trail still wants to know. @param region undefined: in any Region */
  wants(subject: SubjectName, region: string | undefined): boolean;
}

interface Watcher {
  readonly trail: Trail;
  readonly accepts: (event: StoredEvent) => boolean;
  readonly coversAccount: (accountId: string) => boolean;
  readonly types: Readonly<Record<InsightEventCategory, ReadonlySet<InsightType>>>;
}

const NONE: readonly never[] = [];

/** Of the trails as State has them now: events that are still to be read are judged by these, too. */
export async function openInsightTrails(state: State): Promise<InsightTrails> {
  const trails = (await listTrails(state)).map(({ value }) => value);
  return createInsightTrails(trails, await readMembersOf(state, trails));
}

export function createInsightTrails(trails: readonly Trail[], membersOf: MembersOf): InsightTrails {
  const watchers = insightTrails(trails).map((looking) => watcherOf(looking, membersOf));
  const ofOrganizations = watchers.filter(({ trail }) => trail.organizationId !== undefined);
  const byAccount = new Map<string, Watcher[]>();
  for (const watcher of watchers) {
    const { accountId, organizationId } = watcher.trail;
    if (organizationId === undefined) byAccount.set(accountId, [...(byAccount.get(accountId) ?? []), watcher]);
  }
  for (const own of byAccount.values()) own.push(...ofOrganizations);
  const watching = (accountId: string): readonly Watcher[] => byAccount.get(accountId) ?? ofOrganizations;

  return {
    isEmpty: watchers.length === 0,
    concerned(event) {
      const { category, readOnly, accountId } = event.header;
      const own = watching(accountId);
      if (own.length === 0 || (category !== 'Management' && category !== 'Data')) return NONE;
      const isCounted = category === 'Data' || readOnly === false;
      if (!isCounted && !mayHaveFailed(event.json)) return NONE;
      const concerns: Concern[] = [];
      for (const { trail, types, accepts } of own) {
        const source = category === 'Data' ? { source: trail.arn } : {};
        const fresh = [...types[category]].filter(
          (insightType) =>
            (isCounted || insightType === 'ApiErrorRateInsight') &&
            (category === 'Data' || concerns.every((known) => known.insightType !== insightType)),
        );
        if (fresh.length > 0 && accepts(event))
          concerns.push(...fresh.map((insightType) => ({ insightType, ...source })));
      }
      return concerns;
    },
    subjectsOf: (accountId) =>
      watching(accountId)
        .filter(({ coversAccount }) => coversAccount(accountId))
        .flatMap(({ trail, types }): SubjectName[] => [
          ...[...types.Management].map((insightType) => ({ accountId, insightType })),
          ...[...types.Data].map((insightType) => ({ accountId, insightType, source: trail.arn })),
        ]),
    wants({ accountId, insightType, source }, region) {
      const category = source === undefined ? 'Management' : 'Data';
      return watching(accountId).some(
        ({ trail, types, coversAccount }) =>
          types[category].has(insightType) &&
          (source === undefined || trail.arn === source) &&
          (region === undefined || trail.isMultiRegion || trail.homeRegion === region) &&
          coversAccount(accountId),
      );
    },
  };
}

function watcherOf({ trail, selectors }: InsightTrail, membersOf: MembersOf): Watcher {
  const { accountId, organizationId } = trail;
  const typesOf = (category: InsightEventCategory): ReadonlySet<InsightType> =>
    new Set(selectors.filter((s) => s.eventCategories.includes(category)).map(({ insightType }) => insightType));
  return {
    trail,
    accepts: trailJudge(trail, loggingPeriods(trail).at(-1)!, membersOf),
    coversAccount: (account) =>
      organizationId === undefined ? account === accountId : membersOf(organizationId).current.has(account),
    types: { Management: typesOf('Management'), Data: typesOf('Data') },
  };
}
