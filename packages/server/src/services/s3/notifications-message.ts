import type { Bucket, ObjectVersion } from '../../ports/object-store.ts';
import type { EventToPut } from '../doors.ts';
import { bucketArn } from './bucket-policy.ts';

/** Who made a change, and by which request. */
export interface Teller {
  /** Without `AWS:`. */
  readonly principalId: string;
  readonly accountId: string;
  readonly sourceIp: string;
  readonly requestId: string;
}

/** A change of an object that has happened. */
export interface Happened {
  /** `ObjectCreated:Put` */
  readonly event: string;
  /** PutObject …, as EventBridge's `reason` has it. */
  readonly reason: string;
  readonly key: string;
  readonly versionId?: string;
  /** Of what there is now. */
  readonly version?: Pick<ObjectVersion, 'sizeBytes' | 'etag'>;
  readonly timeMs: number;
  /** Hex digits: of two events of a key the later one's is greater. */
  readonly sequencer: string;
}

/** What a topic or queue is told (S3 guide, "Event message structure"). */
export function notificationText(bucket: Bucket, configurationId: string, teller: Teller, happened: Happened): string {
  const { event, key, versionId, version, timeMs, sequencer } = happened;
  const record = {
    eventVersion: NEWER.test(event) ? '2.3' : '2.1',
    eventSource: 'aws:s3',
    awsRegion: bucket.region,
    eventTime: new Date(timeMs).toISOString(),
    eventName: event,
    userIdentity: { principalId: `AWS:${teller.principalId}` },
    requestParameters: { sourceIPAddress: teller.sourceIp },
    responseElements: { 'x-amz-request-id': teller.requestId },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId,
      bucket: { name: bucket.name, ownerIdentity: { principalId: bucket.ownerAccountId }, arn: bucketArn(bucket.name) },
      object: {
        key: encodedKey(key),
        ...(version && { size: version.sizeBytes, eTag: version.etag }),
        ...(versionId !== undefined && { versionId }),
        sequencer,
      },
    },
  };
  return JSON.stringify({ Records: [record] });
}

/** Events that came with version 2.3 of the message. */
const NEWER = /^(LifecycleExpiration|ObjectTagging|ObjectAcl):/;

/** As in a query string, but for slashes. */
const encodedKey = (key: string): string => new URLSearchParams([['', key]]).toString().slice(1).replaceAll('%2F', '/');

/** What is sent once to a destination that is configured, so that its policy is tried. */
export const testText = (bucket: string, requestId: string, timeMs: number): string =>
  JSON.stringify({
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: new Date(timeMs).toISOString(),
    Bucket: bucket,
    RequestId: requestId,
  });

const DETAIL_TYPES: readonly (readonly [RegExp, string])[] = [
  [/^ObjectCreated:/, 'Object Created'],
  [/^(ObjectRemoved|LifecycleExpiration):/, 'Object Deleted'],
  [/^ObjectTagging:Put/, 'Object Tags Added'],
  [/^ObjectTagging:Delete/, 'Object Tags Deleted'],
  [/^ObjectAcl:/, 'Object ACL Updated'],
];

/** The same for EventBridge (S3 guide, "EventBridge event message structure"). */
export function bridgeEvent(id: string, bucket: Bucket, teller: Teller, happened: Happened): EventToPut {
  const { event, reason, key, versionId, version, timeMs, sequencer } = happened;
  const detailType = DETAIL_TYPES.find(([pattern]) => pattern.test(event))![1];
  const isMarker = event.endsWith('DeleteMarkerCreated');
  return {
    id,
    source: 'aws.s3',
    detailType,
    timeMs,
    resources: [bucketArn(bucket.name)],
    detail: {
      version: '0',
      bucket: { name: bucket.name },
      object: {
        key,
        ...(version && { size: version.sizeBytes, etag: version.etag }),
        ...(versionId !== undefined && { 'version-id': versionId }),
        sequencer,
      },
      'request-id': teller.requestId,
      requester: teller.accountId,
      'source-ip-address': teller.sourceIp,
      ...(/Created|Deleted/.test(detailType) && !/Tags/.test(detailType) && { reason }),
      ...(detailType === 'Object Deleted' && {
        'deletion-type': isMarker ? 'Delete Marker Created' : 'Permanently Deleted',
      }),
    },
  };
}
