import type { Selectors } from '../event/selectors.ts';
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
  /**
   * Where in the Log this logging session begins and (once stopped) ends, exclusive. The follower delivers the matching
   * events of [beginSequence, endSequence). Set by StartLogging (Log end at that moment) and StopLogging (after its own record).
   */
  readonly beginSequence?: number;
  readonly endSequence?: number;
  readonly createdMs: number;
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

export const deliveryStatusKey = (trailId: string, region: string): string => `delivery-status/${trailId}/${region}`;
