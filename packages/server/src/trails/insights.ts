import { type AdvancedSelector, type BasicSelector, DEFAULT_SELECTORS, type Selectors } from '../event/selectors.ts';
import type { StoredEvent } from '../ports/log.ts';
import type { InsightEventCategory, InsightSelector, InsightType, Trail } from './trail.ts';

/** What analyses events, delivers Insights and checks selectors must agree on (spec: insights §1, §4). */

/** A trail that looks for Insights now. */
export interface InsightTrail {
  readonly trail: Trail;
  /** Of its insight selectors what its event selectors let it look for; never empty. */
  readonly selectors: readonly InsightSelector[];
}

/**
 * The trails that look for Insights: they are logging, and log the events in which what they look for is found. Whose
 * events, and of which Regions, says `trailReach`.
 */
export function insightTrails(trails: readonly Trail[]): InsightTrail[] {
  return trails.flatMap((trail) => {
    if (!trail.isLogging || trail.insightSelectors === undefined) return [];
    const logged = loggedKinds(trail.selectors ?? DEFAULT_SELECTORS);
    const selectors = trail.insightSelectors
      .map((selector) => ({
        ...selector,
        eventCategories: selector.eventCategories.filter((category) => isFound(selector.insightType, category, logged)),
      }))
      .filter(({ eventCategories }) => eventCategories.length > 0);
    return selectors.length === 0 ? [] : [{ trail, selectors }];
  });
}

/** What event selectors log any events of. */
export interface LoggedKinds {
  readonly managementReads: boolean;
  readonly managementWrites: boolean;
  readonly data: boolean;
}

export function loggedKinds(selectors: Selectors): LoggedKinds {
  const kinds = 'basic' in selectors ? selectors.basic.map(kindsOfBasic) : selectors.advanced.map(kindsOfAdvanced);
  return {
    managementReads: kinds.some((k) => k.managementReads),
    managementWrites: kinds.some((k) => k.managementWrites),
    data: kinds.some((k) => k.data),
  };
}

/** Whether the events in which an Insight is found are logged: the rate of calls is that of writes and of data events. */
export function isFound(type: InsightType, category: InsightEventCategory, logged: LoggedKinds): boolean {
  if (category === 'Data') return logged.data;
  return logged.managementWrites || (type === 'ApiErrorRateInsight' && logged.managementReads);
}

const kindsOfBasic = (selector: BasicSelector): LoggedKinds => ({
  managementReads: selector.IncludeManagementEvents && selector.ReadWriteType !== 'WriteOnly',
  managementWrites: selector.IncludeManagementEvents && selector.ReadWriteType !== 'ReadOnly',
  data: selector.DataResources.some(({ Values }) => Values.length > 0),
});

function kindsOfAdvanced({ FieldSelectors: fields }: AdvancedSelector): LoggedKinds {
  const takes = (name: string, value: string) => {
    const field = fields.find(({ Field }) => Field === name);
    return field?.Equals === undefined || field.Equals.includes(value);
  };
  const isManagement = takes('eventCategory', 'Management');
  return {
    managementReads: isManagement && takes('readOnly', 'true'),
    managementWrites: isManagement && takes('readOnly', 'false'),
    data: takes('eventCategory', 'Data'),
  };
}

/** For whom an Insight is. */
export interface InsightFacts {
  readonly insightType?: unknown;
  readonly sourceEventCategory?: unknown;
  /** The ARN of the one trail whose events show it. */
  readonly insightSource?: unknown;
}

/** What an Insight's record says of what it was found in: management events where it does not say, as all were before 2024. */
export function insightFacts(json: Buffer): InsightFacts {
  const { insightDetails } = JSON.parse(json.toString('utf8')) as { readonly insightDetails?: InsightFacts };
  const { insightType, sourceEventCategory = 'Management', insightSource } = insightDetails ?? {};
  return { insightType, sourceEventCategory, insightSource };
}

/**
 * Whether insight selectors take an Insight, by type, category and, where the record names one, trail. Event selectors
 * have no say.
 * @param arn undefined for a trail that does not exist yet
 */
export function insightJudge(
  arn: string | undefined,
  selectors: readonly InsightSelector[] = [],
): (event: Pick<StoredEvent, 'json'>) => boolean {
  if (selectors.length === 0) return () => false;
  return ({ json }) => {
    const { insightType, sourceEventCategory, insightSource } = insightFacts(json);
    const category = sourceEventCategory as InsightEventCategory;
    if (insightSource !== undefined && insightSource !== arn) return false;
    return selectors.some((s) => s.insightType === insightType && s.eventCategories.includes(category));
  };
}
