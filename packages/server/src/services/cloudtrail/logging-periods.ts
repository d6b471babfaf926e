import { EARLIER_PERIODS_MAX, type LoggingPeriod, loggingPeriods, type Trail } from '../../trails/trail.ts';

/** How calls open and close a trail's logging periods (`LoggingPeriod` says what they mean). Pure. */

/** StartLogging: a new period from `endSequence` of the Log on, and a new session. */
export function startedLogging(trail: Trail, nowMs: number, logEnd: number): Trail {
  return { ...withoutCurrent(trail, logEnd), isLogging: true, startLoggingMs: nowMs, beginSequence: logEnd };
}

/** StopLogging and DeleteTrail: the period goes on until this call's own record, which is still to come. */
export function stoppedLogging(trail: Trail, nowMs: number, requestId: string, logEnd: number): Trail {
  return {
    ...trail,
    isLogging: false,
    stopLoggingMs: nowMs,
    stopRequestId: requestId,
    stopFloorSequence: logEnd,
  };
}

/**
 * Ends the period that `before` had, when `after` selects events by other rules: what was accepted until now is still
 * judged by the old ones, whether the trail is logging or has stopped and delivery has not caught up.
 */
export function selectedAnew(before: Trail, after: Trail, logEnd: number): Trail {
  if (before.beginSequence === undefined || sameRules(before, after)) return after;
  const { earlier } = withoutCurrent(before, logEnd);
  const { beginSequence: _begin, ...rest } = withoutPeriod(after);
  return {
    ...rest,
    ...(earlier === undefined ? {} : { earlier }),
    ...(before.isLogging ? { beginSequence: logEnd } : {}),
  };
}

function sameRules(a: Trail, b: Trail): boolean {
  return (
    a.isMultiRegion === b.isMultiRegion &&
    a.includeGlobalServiceEvents === b.includeGlobalServiceEvents &&
    JSON.stringify(a.selectors) === JSON.stringify(b.selectors)
  );
}

/** Moves the current period, if there is one, to the earlier ones; one that is still open ends at `logEnd`. */
function withoutCurrent(trail: Trail, logEnd: number): Trail {
  const all = loggingPeriods(trail).map((p) => (isOpen(p) ? { ...p, endSequence: logEnd } : p));
  const earlier = all.filter((p) => p.endSequence !== p.beginSequence).slice(-EARLIER_PERIODS_MAX);
  return { ...withoutPeriod(trail), ...(earlier.length === 0 ? {} : { earlier }) };
}

const isOpen = (p: LoggingPeriod) => p.endSequence === undefined && p.stopRequestId === undefined;

function withoutPeriod(trail: Trail): Trail {
  const { beginSequence, endSequence, stopRequestId, stopFloorSequence, earlier, ...rest } = trail;
  return rest;
}
