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
  readonly isOrganization: boolean;
  readonly logFileValidation: boolean;
  readonly cloudWatchLogsLogGroupArn?: string;
  readonly cloudWatchLogsRoleArn?: string;
  readonly kmsKeyId?: string;
  readonly recursiveLogging: boolean;
  /** undefined: never configured, the default selector holds. */
  readonly selectors?: Selectors;
  readonly tags: readonly { readonly Key: string; readonly Value: string | null }[];
  readonly isLogging: boolean;
  /** ms since the epoch */
  readonly startLoggingMs?: number;
  readonly stopLoggingMs?: number;
  /** The current logging period, or the last one: see `LoggingPeriod`. All undefined while logging never started. */
  readonly beginSequence?: number;
  readonly endSequence?: number;
  readonly stopRequestId?: string;
  readonly stopFloorSequence?: number;
  /** Periods before the current one, oldest first: see `EARLIER_PERIODS_MAX`; read them through `loggingPeriods`. */
  readonly earlier?: readonly LoggingPeriod[];
  readonly createdMs: number;
}

/**
 * A stretch of the Log and what a trail logs of it: the matching events of [beginSequence, endSequence). StartLogging
 * opens one; StopLogging and DeleteTrail end it; a change of selectors or Regions ends it and opens the next, so that
 * every event is judged by what held when it was accepted, however far behind the follower is.
 *
 * A stop is recorded after its handler has run, yet its own record is still delivered. So a stop leaves `endSequence`
 * unset and leaves markers instead: the period ends just after the record of the call with `stopRequestId`, which
 * stands at or after `stopFloorSequence` (`stopRecordEnds`), or, should that record never come, before the first event
 * accepted later than `stopLoggingMs + STOP_RECORD_WAIT_MS`. The follower that meets the end keeps it with
 * its cursor (`DeliveryProgress.ends`). Periods may overlap by the events between a stop's floor and a start right after it: an
 * event is delivered once if any period selects it.
 */
export interface LoggingPeriod {
  /** When the session began (StartLogging), the same for all its periods: a new one starts a new chain of digests. */
  readonly startLoggingMs: number;
  readonly beginSequence: number;
  readonly endSequence?: number;
  readonly stopRequestId?: string;
  readonly stopFloorSequence?: number;
  /** Of this period's stop; undefined while it is not stopped. */
  readonly stopLoggingMs?: number;
  readonly selectors: Selectors;
  readonly isMultiRegion: boolean;
  readonly includeGlobalServiceEvents: boolean;
}

/** So that a trail stays small: of more earlier periods than this, the oldest that are delivered are forgotten. */
export const EARLIER_PERIODS_MAX = 16;

/** A stop's record is appended before the call is answered; by now it has failed for good (clients wait a minute). */
export const STOP_RECORD_WAIT_MS = 60_000;

/** All periods of a trail, oldest first, the current one (when there ever was one) last. */
export function loggingPeriods(t: Trail): readonly LoggingPeriod[] {
  if (t.beginSequence === undefined || t.startLoggingMs === undefined) return t.earlier ?? [];
  const current: LoggingPeriod = {
    startLoggingMs: t.startLoggingMs,
    beginSequence: t.beginSequence,
    ...(t.endSequence === undefined ? {} : { endSequence: t.endSequence }),
    ...(t.stopRequestId === undefined ? {} : { stopRequestId: t.stopRequestId }),
    ...(t.stopFloorSequence === undefined ? {} : { stopFloorSequence: t.stopFloorSequence }),
    ...(t.stopRequestId === undefined || t.stopLoggingMs === undefined ? {} : { stopLoggingMs: t.stopLoggingMs }),
    selectors: t.selectors ?? DEFAULT_SELECTORS,
    isMultiRegion: t.isMultiRegion,
    includeGlobalServiceEvents: t.includeGlobalServiceEvents,
  };
  return [...(t.earlier ?? []), current];
}

/** Whether this event is the record of the call that stopped `period`: the last event that belongs to it. */
export function stopRecordEnds(period: LoggingPeriod, accountId: string, event: StoredEvent): boolean {
  if (period.stopRequestId === undefined || event.sequence < (period.stopFloorSequence ?? 0)) return false;
  const { header } = event;
  if (header.accountId !== accountId || header.eventSource !== 'cloudtrail.amazonaws.com') return false;
  if (header.eventName !== 'StopLogging' && header.eventName !== 'DeleteTrail') return false;
  return (JSON.parse(event.json.toString('utf8')) as { requestID?: unknown }).requestID === period.stopRequestId;
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
 * What delivery says about itself, for GetTrailStatus: kept per trail and Region, since status is per Region.
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
  /** Where periods ended that a stop left open, by `stopRequestId`. */
  readonly ends: Readonly<Record<string, Sequence>>;
}

export const deliveryProgressKey = (trailId: string): string => `delivery-cursor/${trailId}`;

export const deliveryStatusKey = (trailId: string, region: string): string => `delivery-status/${trailId}/${region}`;
