import type { GetTrailStatusRequest, GetTrailStatusResponse } from '@aws-sdk/client-cloudtrail';
import {
  type LogGroupProgress,
  type LogGroupStatus,
  logGroupProgressKey,
  logGroupStatusKey,
  type NotificationStatus,
  notificationStatusKey,
} from '../../trails/tellings.ts';
import { type DeliveryStatus, deliveryStatusKey, type Stream, type Trail } from '../../trails/trail.ts';
import type { Handler } from '../../wire/service.ts';
import type { CloudTrailDeps } from './deps.ts';
import { findTrail } from './find-trail.ts';

/** GetTrailStatus: of the Region in which it is asked. A shadow's status needs the trail's ARN (spec: delivery §4). */
export function createGetTrailStatus(deps: CloudTrailDeps): Handler {
  return async (context, input: Partial<GetTrailStatusRequest>): Promise<GetTrailStatusResponse> => {
    const { value: trail } = await findTrail(deps, context, input.Name);
    const { region, caller } = context;
    // A member of an organization sees how its own part of the trail is doing.
    const stream = caller.accountId === trail.accountId ? { region } : { region, accountId: caller.accountId };
    const entry = await deps.state.get<DeliveryStatus>(deliveryStatusKey(trail.id, stream));
    const s = entry?.value ?? {};
    const told = await notificationOf(deps, trail, stream);
    return {
      IsLogging: trail.isLogging,
      ...(s.latestDeliveryError === undefined ? {} : { LatestDeliveryError: s.latestDeliveryError }),
      ...(told?.error === undefined ? {} : { LatestNotificationError: told.error }),
      ...dated('LatestDeliveryTime', s.latestDeliveryMs),
      ...dated('LatestNotificationTime', told?.latestMs),
      ...dated('StartLoggingTime', trail.startLoggingMs),
      ...dated('StopLoggingTime', trail.stopLoggingMs),
      ...(await logGroupMembers(deps, trail, stream)),
      ...dated('LatestDigestDeliveryTime', s.latestDigestDeliveryMs),
      ...(s.latestDigestDeliveryError === undefined ? {} : { LatestDigestDeliveryError: s.latestDigestDeliveryError }),
      // Deprecated, and still emitted by AWS: ISO times as strings, empty when there is none. "Succeeded" is the time
      // of the last attempt that did.
      LatestDeliveryAttemptTime: isoSeconds(s.latestDeliveryAttemptMs),
      LatestNotificationAttemptTime: isoSeconds(told?.latestAttemptMs),
      LatestNotificationAttemptSucceeded: isoSeconds(told?.latestMs),
      LatestDeliveryAttemptSucceeded: isoSeconds(s.latestDeliveryMs),
      TimeLoggingStarted: isoSeconds(trail.startLoggingMs),
      TimeLoggingStopped: isoSeconds(trail.stopLoggingMs),
    };
  };
}

/** What the trail's topic was told; nothing when it has another now, or none. */
async function notificationOf({ state }: CloudTrailDeps, trail: Trail, stream: Stream) {
  const status = (await state.get<NotificationStatus>(notificationStatusKey(trail.id, stream)))?.value;
  return status !== undefined && status.topicArn === trail.snsTopicArn ? status : undefined;
}

/** Of the log group that the trail has now; none when it has none (spec: delivery §4). */
async function logGroupMembers({ state }: CloudTrailDeps, trail: Trail, stream: Stream) {
  const { id, cloudWatchLogsLogGroupArn: arn } = trail;
  if (arn === undefined) return {};
  const status = (await state.get<LogGroupStatus>(logGroupStatusKey(id, stream)))?.value;
  const trouble = (await state.get<LogGroupProgress>(logGroupProgressKey(id)))?.value.trouble;
  return {
    ...(trouble?.logGroupArn === arn && { LatestCloudWatchLogsDeliveryError: trouble.code }),
    ...dated('LatestCloudWatchLogsDeliveryTime', status?.logGroupArn === arn ? status.latestMs : undefined),
  };
}

const dated = <K extends string>(member: K, ms: number | undefined): { [k in K]?: Date } =>
  ms === undefined ? {} : ({ [member]: new Date(ms) } as { [k in K]: Date });

/** `2026-01-31T23:59:59Z` */
const isoSeconds = (ms: number | undefined): string =>
  ms === undefined ? '' : `${new Date(ms).toISOString().slice(0, 19)}Z`;
