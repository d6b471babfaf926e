import type { CloudTrailRecord } from '../event/record.ts';
import { compileSelectors, globalServiceEvent } from '../event/select.ts';
import type { StoredEvent } from '../ports/log.ts';
import type { MembersOf } from './members.ts';
import type { LoggingPeriod, Trail } from './trail.ts';

/** What decides which events a trail logs. */
export type TrailRules = Pick<
  LoggingPeriod,
  'selectors' | 'isMultiRegion' | 'includeGlobalServiceEvents' | 'organizationId'
>;

/**
 * Whether a trail with these rules logs an event: whose it is, Region rules (spec: api, Trails: global events belong to
 * us-east-1), then the selectors.
 */
export function trailJudge(
  trail: Pick<Trail, 'accountId' | 'homeRegion'>,
  { selectors, isMultiRegion, includeGlobalServiceEvents, organizationId }: TrailRules,
  membersOf: MembersOf,
): (event: StoredEvent) => boolean {
  const selects = compileSelectors(selectors);
  return (event) => {
    if (organizationId === undefined) {
      if (event.header.accountId !== trail.accountId) return false;
    } else if (!membersOf(organizationId).cover(event)) return false;
    if (!isMultiRegion) {
      if (event.header.region !== trail.homeRegion) return false;
      if (!includeGlobalServiceEvents && globalServiceEvent(event.header)) return false;
    }
    return selects(event) && !isOfDelivery(event);
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
