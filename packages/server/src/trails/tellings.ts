import type { Sequence } from '../ports/log.ts';
import { type Stream, streamName } from './trail.ts';

/**
 * What followers say, beside delivery to the bucket, of a trail's topic and log group: for GetTrailStatus, by stream. The
 * follower of each alone writes it. Times in ms since the epoch. What is said of another topic or group than the trail's
 * own is over: who changes the destination starts afresh.
 */
export interface NotificationStatus {
  readonly topicArn: string;
  /** The last that SNS took. */
  readonly latestMs?: number;
  readonly latestAttemptMs: number;
  /** SNS's name for why the last attempt failed; absent when it did not. */
  readonly error?: string;
}

export const NOTIFICATION_STATUSES = 'notification-status/';
export const notificationStatusKey = (trailId: string, stream: Stream): string =>
  `${NOTIFICATION_STATUSES}${trailId}/${streamName(stream)}`;

export interface LogGroupStatus {
  readonly logGroupArn: string;
  readonly latestMs: number;
}

export const LOG_GROUP_STATUSES = 'log-group-status/';
export const logGroupStatusKey = (trailId: string, stream: Stream): string =>
  `${LOG_GROUP_STATUSES}${trailId}/${streamName(stream)}`;

/** How far a trail's events are in its log group. */
export interface LogGroupProgress {
  /** Every event before this one is there, or was not to be. */
  readonly cursor: Sequence;
  /** Where periods have ended, by the `requestId` of their ending call. */
  readonly ends: Readonly<Record<string, Sequence>>;
  /** Why it stands still, when it does. */
  readonly trouble?: { readonly logGroupArn: string; readonly code: string };
}

export const LOG_GROUP_PROGRESS = 'log-group-progress/';
export const logGroupProgressKey = (trailId: string): string => `${LOG_GROUP_PROGRESS}${trailId}`;

/** A deleted trail whose log group has not got all of it: a copy of its own, since bucket and group end at their own pace. */
export const LOG_GROUP_RETIRED = 'log-group-retired/';
export const logGroupRetiredKey = (trailId: string): string => `${LOG_GROUP_RETIRED}${trailId}`;
