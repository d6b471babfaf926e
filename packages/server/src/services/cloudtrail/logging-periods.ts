import { AwsError } from '../../base/errors.ts';
import type { Sequence } from '../../ports/log.ts';
import {
  type DeliveryProgress,
  deliveryProgressKey,
  EARLIER_PERIODS_MAX,
  type LoggingPeriod,
  loggingPeriods,
  type Trail,
} from '../../trails/trail.ts';
import type { CloudTrailDeps } from './deps.ts';

/** How calls open and close a trail's logging periods (`LoggingPeriod` says what they mean). Pure but for `moment`. */

/** Of the Log and of a trail's delivery, when a call changes the trail. */
export interface Moment {
  readonly end: Sequence;
  readonly progress?: DeliveryProgress | undefined;
}

export async function moment(deps: Pick<CloudTrailDeps, 'state' | 'log'>, trail: Trail): Promise<Moment> {
  const entry = await deps.state.get<DeliveryProgress>(deliveryProgressKey(trail.id));
  return { progress: entry?.value, end: deps.log.end };
}

/** StartLogging: a new period from here on, and a new session. */
export function startedLogging(trail: Trail, nowMs: number, log: Moment): Trail {
  return { ...withoutCurrent(trail, log), isLogging: true, startLoggingMs: nowMs, beginSequence: log.end };
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
export function selectedAnew(before: Trail, after: Trail, log: Moment): Trail {
  if (before.beginSequence === undefined || sameRules(before, after)) return after;
  const { earlier } = withoutCurrent(before, log);
  const { beginSequence: _begin, ...rest } = withoutPeriod(after);
  return {
    ...rest,
    ...(earlier === undefined ? {} : { earlier }),
    ...(before.isLogging ? { beginSequence: log.end } : {}),
  };
}

function sameRules(a: Trail, b: Trail): boolean {
  return (
    a.isMultiRegion === b.isMultiRegion &&
    a.includeGlobalServiceEvents === b.includeGlobalServiceEvents &&
    JSON.stringify(a.selectors) === JSON.stringify(b.selectors)
  );
}

/**
 * Earlier periods that delivery has yet to finish; more are refused rather than any event forgotten. A period costs a
 * few hundred bytes, and all of them must fit into the trail's value in State beside the current selectors.
 */
const PENDING_PERIODS_MAX = 256;
const PENDING_BYTES_MAX = 512 * 1024;

/**
 * Moves the current period, if there is one, to the earlier ones; one that is still open ends here.
 * @throws AwsError ConflictException
 */
function withoutCurrent(trail: Trail, log: Moment): Trail {
  const all = loggingPeriods(trail).map((p) => (isOpen(p) ? { ...p, endSequence: log.end } : p));
  const full = all.filter((p) => p.endSequence !== p.beginSequence);
  const excess = full.length - EARLIER_PERIODS_MAX;
  const earlier = full.filter((p, i) => i >= excess || !isDelivered(p, log.progress));
  if (earlier.length > PENDING_PERIODS_MAX || Buffer.byteLength(JSON.stringify(earlier)) > PENDING_BYTES_MAX) {
    throw new AwsError(
      'ConflictException',
      `Trail ${trail.arn} has changed ${earlier.length} times since its last delivery. Wait for the next one, then try your request again.`,
    );
  }
  return { ...withoutPeriod(trail), ...(earlier.length === 0 ? {} : { earlier }) };
}

function isDelivered(p: LoggingPeriod, progress: DeliveryProgress | undefined): boolean {
  const end = p.endSequence ?? progress?.ends[p.stopRequestId ?? ''];
  return progress !== undefined && end !== undefined && end <= progress.cursor;
}

const isOpen = (p: LoggingPeriod) => p.endSequence === undefined && p.stopRequestId === undefined;

function withoutPeriod(trail: Trail): Trail {
  const { beginSequence, endSequence, stopRequestId, stopFloorSequence, earlier, ...rest } = trail;
  return rest;
}
