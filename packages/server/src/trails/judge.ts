import type { CloudTrailRecord } from '../event/record.ts';
import { compileSelectors, globalServiceEvent } from '../event/select.ts';
import type { StoredEvent } from '../ports/log.ts';
import { insightJudge } from './insights.ts';
import type { MembersOf } from './members.ts';
import type { LoggingPeriod, Trail } from './trail.ts';

/** What decides which events a trail logs. */
export type TrailRules = Pick<
  LoggingPeriod,
  'selectors' | 'insightSelectors' | 'isMultiRegion' | 'includeGlobalServiceEvents' | 'organizationId'
>;

/**
 * Whether a trail with these rules logs an event: one that it reaches, by its selectors; of Insights by those for Insights
 * alone.
 * @param trail without `arn` when it does not exist yet
 */
export function trailJudge(
  trail: Pick<Trail, 'accountId' | 'homeRegion'> & { readonly arn?: string },
  rules: TrailRules,
  membersOf: MembersOf,
): (event: StoredEvent) => boolean {
  const reaches = trailReach(trail, rules, membersOf);
  const selects = compileSelectors(rules.selectors);
  const takesInsight = insightJudge(trail.arn, rules.insightSelectors);
  return (event) => {
    if (!reaches(event)) return false;
    if (event.header.category === 'Insight') return takesInsight(event);
    return selects(event) && !isOfDelivery(event);
  };
}

/** Whether an event is of a trail's accounts and Regions (spec: api, Trails: global events belong to us-east-1). */
export function trailReach(
  trail: Pick<Trail, 'accountId' | 'homeRegion'>,
  { isMultiRegion, includeGlobalServiceEvents, organizationId }: Omit<TrailRules, 'selectors' | 'insightSelectors'>,
  membersOf: MembersOf,
): (event: StoredEvent) => boolean {
  return (event) => {
    if (organizationId === undefined) {
      if (event.header.accountId !== trail.accountId) return false;
    } else if (!membersOf(organizationId).cover(event)) return false;
    if (isMultiRegion) return true;
    if (event.header.region !== trail.homeRegion) return false;
    return includeGlobalServiceEvents || !globalServiceEvent(event.header);
  };
}

const DELIVERER = Buffer.from('"invokedBy":"cloudtrail.amazonaws.com"');

/**
 * Whether it is the record of a data key for a log file: of delivery itself. No trail delivers these, or each file would
 * make the next one, for ever, and two trails would feed each other. They stay in the event history. (AWS does so for
 * trails with RecursiveLogging off; those with it on get a file every few minutes that tells of the one before.)
 */
function isOfDelivery({ header, json }: StoredEvent): boolean {
  if (header.eventName !== 'GenerateDataKey' || header.eventSource !== 'kms.amazonaws.com') return false;
  if (!json.includes(DELIVERER)) return false;
  const { userIdentity } = JSON.parse(json.toString('utf8')) as CloudTrailRecord;
  return userIdentity?.type === 'AWSService' && userIdentity.invokedBy === 'cloudtrail.amazonaws.com';
}
