import { DEFAULT_SELECTORS, type Selectors } from '../event/selectors.ts';
import type { Sequence, StoredEvent } from '../ports/log.ts';
import type { State, StateEntry } from '../ports/state.ts';

/** A trail as kept in State: what the CloudTrail service edits and the delivery follower reads. */
export interface Trail {
  readonly name: string;
  readonly accountId: string;
  readonly homeRegion: string;
  readonly arn: string;
  /** Changes when a trail is deleted and made again under the same name, so that old deliveries stay apart. */
  readonly id: string;
  readonly bucket: string;
  readonly prefix?: string;
  readonly snsTopicName?: string;
  readonly snsTopicArn?: string;
  readonly includeGlobalServiceEvents: boolean;
  readonly isMultiRegion: boolean;
  /** `o-…`: an organization trail, which logs the events of all its accounts. It belongs to the management account. */
  readonly organizationId?: string;
  readonly logFileValidation: boolean;
  readonly cloudWatchLogsLogGroupArn?: string;
  readonly cloudWatchLogsRoleArn?: string;
  readonly kmsKeyId?: string;
  readonly recursiveLogging: boolean;
  /** undefined: never configured, the default selector holds. */
  readonly selectors?: Selectors;
  /** What Insights it looks for and logs; undefined: none. */
  readonly insightSelectors?: readonly InsightSelector[];
  readonly tags: readonly { readonly Key: string; readonly Value: string | null }[];
  readonly isLogging: boolean;
  /** ms since the epoch */
  readonly startLoggingMs?: number;
  readonly stopLoggingMs?: number;
  /** The current logging period, or the last one: see `LoggingPeriod`. Both undefined while logging never started. */
  readonly beginSequence?: number;
  readonly endingCall?: EndingCall;
  /** Periods before the current one that were not delivered when it began, oldest first: read by `loggingPeriods`. */
  readonly earlier?: readonly LoggingPeriod[];
  readonly createdMs: number;
}

/** A kind of Insight, and of which events: its categories are never empty, and no type is there twice. */
export interface InsightSelector {
  readonly insightType: InsightType;
  readonly eventCategories: readonly InsightEventCategory[];
}

/** Of calls, and of those that end in an error (spec: insights §1). */
export type InsightType = 'ApiCallRateInsight' | 'ApiErrorRateInsight';

export type InsightEventCategory = 'Management' | 'Data';

/**
 * A stretch of the Log, what a trail logs of it, and where to. StartLogging opens one; StopLogging and DeleteTrail end
 * it; a change of selectors, Regions, bucket or log group ends it and opens the next, so that every event is delivered by what
 * held when it was accepted, however far behind the follower is.
 *
 * A call is recorded after its handler has run, and the record of the call that ends a period is still the period's
 * own: nobody can hide from a trail that they have narrowed, moved or stopped it. So periods overlap by the events
 * between the call and its record. An event is delivered once if any period selects it, and by the oldest that does.
 */
export interface LoggingPeriod {
  /** When the session began (StartLogging), the same for all its periods: a new one starts a new chain of digests. */
  readonly startLoggingMs: number;
  readonly beginSequence: number;
  readonly endingCall?: EndingCall;
  /** Where it ends, when that is known: what ended it was none of CloudTrail's calls. */
  readonly endSequence?: Sequence;
  readonly selectors: Selectors;
  readonly insightSelectors?: readonly InsightSelector[];
  readonly isMultiRegion: boolean;
  readonly includeGlobalServiceEvents: boolean;
  readonly organizationId?: string;
  readonly bucket: string;
  readonly prefix?: string;
  readonly logs?: LogDestination;
}

/** Where a trail's events go besides: a log group, and the role to write as. */
export interface LogDestination {
  /** Ends with `:*`. */
  readonly logGroupArn: string;
  readonly roleArn: string;
}

/**
 * The call that ends a period. The period ends just after that call's record or, should the record never come, before
 * the first event accepted later than `calledMs + ENDING_RECORD_WAIT_MS`. The follower that meets the end keeps it with
 * its cursor (`DeliveryProgress.ends`).
 */
export interface EndingCall {
  readonly requestId: string;
  /** The Log's end at the time of the call, whose record stands there or later. */
  readonly floorSequence: Sequence;
  /** ms since the epoch */
  readonly calledMs: number;
  /** Whose record it makes, when not the trail's own account's: a delegated administrator's. */
  readonly accountId?: string;
}

/** A call's record is appended before the call is answered; by now it has failed for good (clients wait a minute). */
export const ENDING_RECORD_WAIT_MS = 60_000;

/** All periods of a trail that may have something to deliver, oldest first, the current or last one last. */
export function loggingPeriods(t: Trail): readonly LoggingPeriod[] {
  if (t.beginSequence === undefined || t.startLoggingMs === undefined) return t.earlier ?? [];
  const current: LoggingPeriod = {
    startLoggingMs: t.startLoggingMs,
    beginSequence: t.beginSequence,
    ...(t.endingCall === undefined ? {} : { endingCall: t.endingCall }),
    selectors: t.selectors ?? DEFAULT_SELECTORS,
    ...(t.insightSelectors === undefined ? {} : { insightSelectors: t.insightSelectors }),
    isMultiRegion: t.isMultiRegion,
    includeGlobalServiceEvents: t.includeGlobalServiceEvents,
    ...(t.organizationId === undefined ? {} : { organizationId: t.organizationId }),
    bucket: t.bucket,
    ...(t.prefix === undefined ? {} : { prefix: t.prefix }),
    ...logDestinationOf(t),
  };
  return [...(t.earlier ?? []), current];
}

function logDestinationOf(t: Trail): Pick<LoggingPeriod, 'logs'> {
  const { cloudWatchLogsLogGroupArn: logGroupArn, cloudWatchLogsRoleArn: roleArn } = t;
  return logGroupArn === undefined || roleArn === undefined ? {} : { logs: { logGroupArn, roleArn } };
}

/** Whether some of its periods send events to a log group. */
export const hasLogGroup = (t: Trail): boolean => loggingPeriods(t).some(({ logs }) => logs !== undefined);

/** The stream of an account's events: all Regions' are in one, named for the trail's home (spec: delivery §6). */
export const logStreamName = (
  { homeRegion }: Pick<Trail, 'homeRegion'>,
  organizationId: string | undefined,
  accountId: string,
): string => `${organizationId === undefined ? '' : `${organizationId}_`}${accountId}_CloudTrail_${homeRegion}`;

const ENDING_CALLS: ReadonlySet<string> = new Set([
  'StopLogging',
  'DeleteTrail',
  'PutEventSelectors',
  'PutInsightSelectors',
  'UpdateTrail',
]);

/** Whether this event is the record of the call that ends a period of a trail of `accountId`. */
export function isRecordOf(call: EndingCall, accountId: string, event: StoredEvent): boolean {
  const { header } = event;
  if (event.sequence < call.floorSequence || header.accountId !== (call.accountId ?? accountId)) return false;
  if (header.eventSource !== 'cloudtrail.amazonaws.com' || !ENDING_CALLS.has(header.eventName)) return false;
  return (JSON.parse(event.json.toString('utf8')) as { requestID?: unknown }).requestID === call.requestId;
}

/** `trail/<account>/<home region>/<name>`: names are unique per account and home Region. */
export const trailKey = (t: Pick<Trail, 'accountId' | 'homeRegion' | 'name'>): string =>
  `trail/${t.accountId}/${t.homeRegion}/${t.name}`;

/** Kept when a trail is deleted, until its follower has delivered what remained and the final digest. */
export const retiredTrailKey = (t: Pick<Trail, 'id'>): string => `retired-trail/${t.id}`;

export const trailArn = (homeRegion: string, accountId: string, name: string): string =>
  `arn:aws:cloudtrail:${homeRegion}:${accountId}:trail/${name}`;

/** All trails of an account, or of everyone, in key order. */
export async function listTrails(state: State, accountId?: string): Promise<readonly StateEntry<Trail>[]> {
  return state.list<Trail>(accountId === undefined ? 'trail/' : `trail/${accountId}/`);
}

export async function listRetiredTrails(state: State): Promise<readonly StateEntry<Trail>[]> {
  return state.list<Trail>('retired-trail/');
}

/**
 * What delivery says about itself, for GetTrailStatus: kept per trail and stream, since status is per Region and account.
 * Times in ms since the epoch; errors are S3 codes and absent when none stands (spec: delivery §4).
 */
export interface DeliveryStatus {
  readonly latestDeliveryMs?: number;
  readonly latestDeliveryAttemptMs?: number;
  readonly latestDeliveryAttemptSucceeded?: boolean;
  readonly latestDeliveryError?: string;
  readonly latestDigestDeliveryMs?: number;
  readonly latestDigestDeliveryError?: string;
}

/** How far delivery has planned a trail: what the CloudTrail service reads of what the follower alone writes. */
export interface DeliveryProgress {
  /** Every event before this one is planned, or was none of the trail's. */
  readonly cursor: Sequence;
  /** Where periods have ended, by the `requestId` of their ending call; of those only that the trail remembers. */
  readonly ends: Readonly<Record<string, Sequence>>;
}

export const deliveryProgressKey = (trailId: string): string => `delivery-cursor/${trailId}`;

/** Whose log files, and of which Region: a trail has a status and a chain of digests for each. */
export interface Stream {
  readonly region: string;
  /** Absent when it is the trail's own account. */
  readonly accountId?: string;
}

export const streamName = ({ accountId, region }: Stream): string =>
  accountId === undefined ? region : `${accountId}/${region}`;

export const deliveryStatusKey = (trailId: string, stream: Stream): string =>
  `delivery-status/${trailId}/${streamName(stream)}`;
