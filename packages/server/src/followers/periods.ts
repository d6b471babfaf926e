import type { CloudTrailRecord } from '../event/record.ts';
import { compileSelectors, globalServiceEvent } from '../event/select.ts';
import type { Sequence, StoredEvent } from '../ports/log.ts';
import type { MembersOf } from '../trails/members.ts';
import {
  ENDING_RECORD_WAIT_MS,
  type EndingCall,
  isRecordOf,
  type LoggingPeriod,
  loggingPeriods,
  type Trail,
} from '../trails/trail.ts';

/** A logging period, ready to judge events. */
export interface ActivePeriod {
  readonly definition: LoggingPeriod;
  /** Exclusive; `Infinity` while nobody has ended it, or while its end has not been met. */
  end: Sequence;
  /** Whether the trail logs this event; the caller has checked the sequence. */
  accepts(event: StoredEvent): boolean;
}

/** Where periods ended, by the `requestId` of their ending call. */
export type Ends = Map<string, Sequence>;

/** The trail's periods, by where they begin. */
export function activePeriods(trail: Trail, ends: Ends, membersOf: MembersOf): ActivePeriod[] {
  return loggingPeriods(trail)
    .map((definition) => ({
      definition,
      end: definition.endSequence ?? ends.get(definition.endingCall?.requestId ?? '') ?? Infinity,
      accepts: judge(trail, definition, membersOf),
    }))
    .sort((a, b) => a.definition.beginSequence - b.definition.beginSequence);
}

/** Whose it is, Region rules (spec: api, Trails: global events belong to us-east-1), then the selectors. */
function judge(trail: Trail, period: LoggingPeriod, membersOf: MembersOf): (event: StoredEvent) => boolean {
  const selects = compileSelectors(period.selectors);
  const { isMultiRegion, includeGlobalServiceEvents, organizationId } = period;
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

/**
 * Ends the periods whose ending call should have left its record by the time this event was accepted.
 * @param bornAt the Log's end when this process began: what was being called then, and left no record, died with the
 *   process before
 */
export function endBefore(
  trail: Trail,
  periods: readonly ActivePeriod[],
  event: StoredEvent,
  met: Ends,
  bornAt: Sequence,
): void {
  for (const { period, call } of ending(periods)) {
    // What came before the call may bear a later time: the clock can have been set back.
    const isLate = event.sequence >= call.floorSequence && event.acceptedMs > call.calledMs + ENDING_RECORD_WAIT_MS;
    const isOver = isLate || (isOfEarlierProcess(call, bornAt) && event.sequence >= bornAt);
    if (isOver && !isRecordOf(call, trail.accountId, event)) endAt(period, call, event.sequence, met);
  }
}

/** Only for sure: a call that nothing was appended after until the process ended may seem to be of the next one. */
export const isOfEarlierProcess = (call: EndingCall, bornAt: Sequence): boolean => call.floorSequence < bornAt;

/** Ends the periods whose ending call's own record this event is. */
export function endAfter(trail: Trail, periods: readonly ActivePeriod[], event: StoredEvent, met: Ends): void {
  for (const { period, call } of ending(periods)) {
    if (isRecordOf(call, trail.accountId, event)) endAt(period, call, event.sequence + 1, met);
  }
}

/** The periods that a call ends, at a place not met yet. */
export function ending(periods: readonly ActivePeriod[]): readonly { period: ActivePeriod; call: EndingCall }[] {
  return periods.flatMap((period) => {
    const call = period.definition.endingCall;
    return call && period.end === Infinity ? [{ period, call }] : [];
  });
}

export function endAt(period: ActivePeriod, call: EndingCall, end: Sequence, met: Ends): void {
  period.end = end;
  met.set(call.requestId, end);
}
