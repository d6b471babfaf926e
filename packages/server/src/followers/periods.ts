import { compileSelectors, globalServiceEvent } from '../event/select.ts';
import type { Sequence, StoredEvent } from '../ports/log.ts';
import {
  type LoggingPeriod,
  loggingPeriods,
  STOP_RECORD_WAIT_MS,
  stopRecordEnds,
  type Trail,
} from '../trails/trail.ts';

/** A logging period, ready to judge events. */
export interface ActivePeriod {
  /** Which logging session it belongs to. */
  readonly session: number;
  readonly begin: Sequence;
  /** Exclusive; `Infinity` while it has no end, or while its end has not been met. */
  end: Sequence;
  readonly definition: LoggingPeriod;
  /** Whether the trail logs this event; the caller has checked account and sequence. */
  accepts(event: StoredEvent): boolean;
}

/** Where stops were met, by `stopRequestId`. */
export type Ends = Map<string, Sequence>;

/** The trail's periods, by where they begin. */
export function activePeriods(trail: Trail, ends: Ends): ActivePeriod[] {
  return loggingPeriods(trail)
    .map((definition) => {
      return {
        session: definition.startLoggingMs,
        begin: definition.beginSequence,
        end: definition.endSequence ?? ends.get(definition.stopRequestId ?? '') ?? Infinity,
        definition,
        accepts: judge(trail, definition),
      };
    })
    .sort((a, b) => a.begin - b.begin);
}

/** Region rules (spec: api, Trails: global events belong to us-east-1), then the selectors. */
function judge(trail: Trail, period: LoggingPeriod): (event: StoredEvent) => boolean {
  const selects = compileSelectors(period.selectors);
  const { isMultiRegion, includeGlobalServiceEvents } = period;
  return (event) => {
    if (!isMultiRegion) {
      if (event.header.region !== trail.homeRegion) return false;
      if (!includeGlobalServiceEvents && globalServiceEvent(event.header)) return false;
    }
    return selects(event);
  };
}

/** Ends the periods whose stop should have left its record by the time this event was accepted. */
export function endBefore(trail: Trail, periods: readonly ActivePeriod[], event: StoredEvent, met: Ends): void {
  for (const period of openStops(periods)) {
    const { stopFloorSequence = 0, stopLoggingMs = 0 } = period.definition;
    // What came before the stop may bear a later time: the clock can have been set back.
    const isLate = event.sequence >= stopFloorSequence && event.acceptedMs > stopLoggingMs + STOP_RECORD_WAIT_MS;
    if (isLate && !stopRecordEnds(period.definition, trail.accountId, event)) endAt(period, event.sequence, met);
  }
}

/** Ends the periods whose stop's own record this event is. */
export function endAfter(trail: Trail, periods: readonly ActivePeriod[], event: StoredEvent, met: Ends): void {
  for (const period of openStops(periods)) {
    if (stopRecordEnds(period.definition, trail.accountId, event)) endAt(period, event.sequence + 1, met);
  }
}

/** The periods that a stop ends at a place not met yet. */
export const openStops = (periods: readonly ActivePeriod[]): readonly ActivePeriod[] =>
  periods.filter((p) => p.end === Infinity && p.definition.stopRequestId !== undefined);

export function endAt(period: ActivePeriod, end: Sequence, met: Ends): void {
  period.end = end;
  met.set(period.definition.stopRequestId ?? '', end);
}
