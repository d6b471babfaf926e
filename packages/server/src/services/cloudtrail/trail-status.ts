import type { GetTrailStatusRequest, GetTrailStatusResponse } from '@aws-sdk/client-cloudtrail';
import { type DeliveryStatus, deliveryStatusKey } from '../../trails/trail.ts';
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
    return {
      IsLogging: trail.isLogging,
      ...(s.latestDeliveryError === undefined ? {} : { LatestDeliveryError: s.latestDeliveryError }),
      ...dated('LatestDeliveryTime', s.latestDeliveryMs),
      ...dated('StartLoggingTime', trail.startLoggingMs),
      ...dated('StopLoggingTime', trail.stopLoggingMs),
      ...dated('LatestDigestDeliveryTime', s.latestDigestDeliveryMs),
      ...(s.latestDigestDeliveryError === undefined ? {} : { LatestDigestDeliveryError: s.latestDigestDeliveryError }),
      // Deprecated, and still emitted by AWS: ISO times as strings, empty when there is none. "Succeeded" is the time
      // of the last attempt that did.
      LatestDeliveryAttemptTime: isoSeconds(s.latestDeliveryAttemptMs),
      LatestNotificationAttemptTime: '',
      LatestNotificationAttemptSucceeded: '',
      LatestDeliveryAttemptSucceeded: isoSeconds(s.latestDeliveryMs),
      TimeLoggingStarted: isoSeconds(trail.startLoggingMs),
      TimeLoggingStopped: isoSeconds(trail.stopLoggingMs),
    };
  };
}

const dated = <K extends string>(member: K, ms: number | undefined): { [k in K]?: Date } =>
  ms === undefined ? {} : ({ [member]: new Date(ms) } as { [k in K]: Date });

/** `2026-01-31T23:59:59Z` */
const isoSeconds = (ms: number | undefined): string =>
  ms === undefined ? '' : `${new Date(ms).toISOString().slice(0, 19)}Z`;
