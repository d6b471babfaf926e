import type { Calls } from './calls.ts';
import { bad, type Finding, good, unknown } from './findings.ts';

/** What GetTrail shows of it. */
export interface ShownTrail {
  readonly Name: string;
  readonly TrailARN: string;
  readonly HomeRegion: string;
  readonly S3BucketName: string;
  readonly S3KeyPrefix?: string;
  readonly SnsTopicARN?: string;
  readonly CloudWatchLogsLogGroupArn?: string;
  readonly KmsKeyId?: string;
  readonly LogFileValidationEnabled?: boolean;
  readonly HasInsightSelectors?: boolean;
  readonly IsOrganizationTrail?: boolean;
}

/** Times come as seconds since the epoch. */
interface Status {
  readonly IsLogging: boolean;
  readonly StartLoggingTime?: number;
  readonly LatestDeliveryTime?: number;
  readonly LatestDeliveryError?: string;
  readonly LatestDigestDeliveryError?: string;
  readonly LatestNotificationError?: string;
  readonly LatestCloudWatchLogsDeliveryError?: string;
}

/** AWS delivers within 5 minutes on average and promises nothing; past this something is wrong. */
const LATE_MS = 20 * 60_000;

/** What the trail's own status tells: whether it logs, how deliveries ended, whether events wait. */
export async function checkStatus(calls: Calls, trail: ShownTrail, nowMs: number): Promise<readonly Finding[]> {
  const answer = await calls.cloudTrail<Status>('GetTrailStatus', { Name: trail.TrailARN });
  if (answer.code !== undefined) return [unknown('logging', `${answer.code}: ${answer.message}`)];
  const status = answer.value;
  if (!status.IsLogging) {
    const how = `Start it: aws cloudtrail start-logging --name ${trail.TrailARN}`;
    return [bad('logging', 'it is stopped: what happens now is not delivered', { how }), ...errorsOf(trail, status)];
  }
  return [
    good('logging', `on since ${shown(status.StartLoggingTime)}`),
    ...errorsOf(trail, status),
    await checkLag(calls, status, nowMs),
  ];
}

function errorsOf(trail: ShownTrail, status: Status): Finding[] {
  const { LatestDeliveryError: delivery, LatestDigestDeliveryError: digest } = status;
  const { LatestNotificationError: notification, LatestCloudWatchLogsDeliveryError: logs } = status;
  const retried = 'it is tried again by itself; update-trail without changes tries at once';
  return [
    ...(delivery
      ? [bad('deliveries', `the last one failed: ${delivery}`, { how: `When the cause is mended, ${retried}.` })]
      : []),
    ...(digest ? [bad('digests', `the last one failed: ${digest}`)] : []),
    ...(notification ? [bad('notifications', `${trail.SnsTopicARN ?? 'the topic'}: ${notification}`)] : []),
    ...(logs ? [bad('log group', `${trail.CloudWatchLogsLogGroupArn ?? 'the log group'}: ${logs}`)] : []),
  ];
}

/** Whether events that have come long ago are in no log file yet. */
async function checkLag(calls: Calls, status: Status, nowMs: number): Promise<Finding> {
  const since = Math.max(status.LatestDeliveryTime ?? 0, status.StartLoggingTime ?? 0);
  const until = Math.floor((nowMs - LATE_MS) / 1000);
  const delivered =
    status.LatestDeliveryTime === undefined ? 'nothing yet' : `last at ${shown(status.LatestDeliveryTime)}`;
  if (since >= until) return good('delivery', delivered);
  const input = { StartTime: since + 1, EndTime: until, MaxResults: 1 };
  const waiting = await calls.cloudTrail<{ readonly Events?: readonly unknown[] }>('LookupEvents', input);
  if (waiting.code !== undefined) {
    return unknown('delivery', `${delivered}; to see whether events wait you need cloudtrail:LookupEvents`);
  }
  if ((waiting.value.Events ?? []).length === 0) return good('delivery', `${delivered}; nothing has happened since`);
  const minutes = Math.round((nowMs / 1000 - since) / 60);
  return bad('delivery', `${delivered}: events have waited for up to ${minutes} minutes`);
}

const shown = (seconds: number | undefined): string =>
  seconds === undefined ? 'an unknown time' : `${new Date(1000 * seconds).toISOString().slice(0, 19)}Z`;
