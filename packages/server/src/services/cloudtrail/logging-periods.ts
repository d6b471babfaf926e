import { AwsError } from '../../base/errors.ts';
import type { Sequence } from '../../ports/log.ts';
import { type LogGroupProgress, logGroupProgressKey } from '../../trails/tellings.ts';
import {
  type DeliveryProgress,
  deliveryProgressKey,
  type EndingCall,
  hasLogGroup,
  type LoggingPeriod,
  loggingPeriods,
  type Trail,
} from '../../trails/trail.ts';
import type { CallContext } from '../../wire/service.ts';
import type { CloudTrailDeps } from './deps.ts';

/** How calls open and close a trail's logging periods (`LoggingPeriod` says what they mean). Pure but for the first two. */

/** This call, at this moment, as the end of a period. */
export const endingCall = (
  deps: Pick<CloudTrailDeps, 'log' | 'clock'>,
  { requestId, caller }: Pick<CallContext, 'requestId' | 'caller'>,
): EndingCall => ({
  requestId,
  floorSequence: deps.log.end,
  calledMs: deps.clock.now(),
  accountId: caller.accountId,
});

/** How far a trail is delivered, to its bucket and its log group; undefined when nothing of it ever was. */
export async function progressOf(deps: Pick<CloudTrailDeps, 'state'>, trail: Trail): Promise<Progress | undefined> {
  const delivery = (await deps.state.get<DeliveryProgress>(deliveryProgressKey(trail.id)))?.value;
  if (!delivery || !hasLogGroup(trail)) return delivery;
  const logs = (await deps.state.get<LogGroupProgress>(logGroupProgressKey(trail.id)))?.value;
  return { ...delivery, logsCursor: logs?.cursor ?? 0 };
}

/** Of the bucket's delivery and, where there is one, of the log group's. */
interface Progress extends DeliveryProgress {
  readonly logsCursor?: Sequence;
}

/** StartLogging: a new period from here on, and a new session. */
export function startedLogging(
  trail: Trail,
  startLoggingMs: number,
  beginSequence: number,
  progress: Progress | undefined,
): Trail {
  return { ...withoutPeriod(trail), ...past(trail, progress), isLogging: true, startLoggingMs, beginSequence };
}

/** StopLogging and DeleteTrail: the period goes on until this call's own record, which is still to come. */
export function stoppedLogging(trail: Trail, call: EndingCall): Trail {
  return { ...trail, isLogging: false, stopLoggingMs: call.calledMs, endingCall: call };
}

/**
 * Ends the period that `before` had, when `after` selects other events or delivers elsewhere: what is accepted up to
 * this call's record, and the record itself, is still the old one's, whether the trail is logging or has stopped and
 * delivery has not caught up.
 */
export function changedPeriod(before: Trail, after: Trail, call: EndingCall, progress: Progress | undefined): Trail {
  if (before.beginSequence === undefined || sameRules(before, after)) return after;
  const ended = before.isLogging ? { ...before, endingCall: call } : before;
  return {
    ...withoutPeriod(after),
    ...past(ended, progress),
    ...(before.isLogging ? { beginSequence: call.floorSequence } : {}),
  };
}

/** As `changedPeriod`, when no call of CloudTrail's makes the change: it is in force from `endSequence` on. */
export function changedPeriodAt(
  before: Trail,
  after: Trail,
  endSequence: Sequence,
  progress: Progress | undefined,
): Trail {
  if (before.beginSequence === undefined) return after;
  const periods = loggingPeriods(before);
  const last = periods.at(-1)!;
  const ended = before.isLogging ? [...periods.slice(0, -1), { ...last, endSequence }] : periods;
  return {
    ...withoutPeriod(after),
    ...pending(before, ended, progress),
    ...(before.isLogging ? { beginSequence: endSequence } : {}),
  };
}

function sameRules(a: Trail, b: Trail): boolean {
  return (
    a.isMultiRegion === b.isMultiRegion &&
    a.includeGlobalServiceEvents === b.includeGlobalServiceEvents &&
    a.organizationId === b.organizationId &&
    a.bucket === b.bucket &&
    a.prefix === b.prefix &&
    a.cloudWatchLogsLogGroupArn === b.cloudWatchLogsLogGroupArn &&
    a.cloudWatchLogsRoleArn === b.cloudWatchLogsRoleArn &&
    JSON.stringify(a.selectors) === JSON.stringify(b.selectors) &&
    JSON.stringify(a.insightSelectors) === JSON.stringify(b.insightSelectors)
  );
}

/**
 * Periods that delivery has yet to finish; more are refused rather than any event forgotten. A period costs a few
 * hundred bytes, and all of them must fit into the trail's value in State beside the current selectors.
 */
const PENDING_PERIODS_MAX = 256;
const PENDING_BYTES_MAX = 512 * 1024;

/**
 * The periods of a trail that a new one follows; those that are delivered are forgotten.
 * @throws AwsError ConflictException
 */
const past = (trail: Trail, progress: Progress | undefined) => pending(trail, loggingPeriods(trail), progress);

function pending(
  trail: Trail,
  periods: readonly LoggingPeriod[],
  progress: Progress | undefined,
): Pick<Trail, 'earlier'> {
  const earlier = periods.filter((p) => !isDelivered(p, progress));
  if (earlier.length > PENDING_PERIODS_MAX || Buffer.byteLength(JSON.stringify(earlier)) > PENDING_BYTES_MAX) {
    throw new AwsError(
      'ConflictException',
      `Trail ${trail.arn} has changed ${earlier.length} times since its last delivery. Wait for the next one, then try your request again.`,
    );
  }
  return earlier.length === 0 ? {} : { earlier };
}

function isDelivered(p: LoggingPeriod, progress: Progress | undefined): boolean {
  const end = p.endSequence ?? (p.endingCall && progress?.ends[p.endingCall.requestId]);
  if (progress === undefined || end === undefined || end > progress.cursor) return false;
  return p.logs === undefined || end <= (progress.logsCursor ?? 0);
}

function withoutPeriod(trail: Trail): Trail {
  const { beginSequence, endingCall, earlier, ...rest } = trail;
  return rest;
}
