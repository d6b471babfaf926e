import type { Sequence, StoredEvent } from '../ports/log.ts';
import { trailJudge } from '../trails/judge.ts';
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
      accepts: trailJudge(trail, definition, membersOf),
    }))
    .sort((a, b) => a.definition.beginSequence - b.definition.beginSequence);
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
