import type { Call } from './call.ts';
import { errorCodeOf } from './conventions/errors.ts';
import { isObject } from './parameters.ts';
import type { CloudTrailRecord, ResourceEntry } from './record.ts';
import { derivedId } from './record-from-call.ts';

/** An entry of DeleteObjects' input, or of Deleted or Errors in its output. */
interface Entry {
  readonly Key?: string;
  readonly VersionId?: string;
  readonly DeleteMarker?: boolean;
  readonly DeleteMarkerVersionId?: string;
  readonly Code?: string;
  readonly Message?: string;
}

/**
 * The record of an S3 DeleteObjects call does not say which objects it was about: since 2025-06 CloudTrail has a DeleteObject
 * record of each of them besides, an AwsServiceEvent (spec: selectors, "Notes"; records §6). What else is in these is not
 * documented: here it is what a DeleteObject call's record has, but for what is said of the request as a whole.
 * @param record of the call
 */
export function recordsOfDeletedObjects(call: Call, record: CloudTrailRecord): CloudTrailRecord[] {
  const { schema, operation, input = {}, output } = call;
  if (operation !== 'DeleteObjects' || schema.id !== 's3' || output === undefined) return [];
  const outcomes = new Map<string, Entry[]>();
  for (const entry of [...entriesOf(output.Deleted), ...entriesOf(output.Errors)]) {
    const alike = outcomes.get(idOf(entry));
    if (alike) alike.push(entry);
    else outcomes.set(idOf(entry), [entry]);
  }
  const asked = isObject(input.Delete) ? entriesOf(input.Delete.Objects) : [];
  // Those that went well may be left out of the answer; who asks for one twice is answered twice, in that order.
  return asked.map((object, i) => recordOfOne(call, record, i, { ...object, ...outcomes.get(idOf(object))?.shift() }));
}

function recordOfOne(call: Call, record: CloudTrailRecord, index: number, entry: Entry): CloudTrailRecord {
  const { Key: key = '', VersionId: versionId, Code: code, Message: errorMessage = '' } = entry;
  const { eventVersion, userIdentity, eventTime, eventSource, awsRegion, sourceIPAddress, userAgent } = record;
  const { requestID, resources = [], recipientAccountId, sharedEventID, tlsDetails } = record;
  const { sessionCredentialFromConsole } = record;
  const bucket = String(call.input?.Bucket);
  const eventID = derivedId(call.eventId, `object ${index}`);
  return {
    ...{ eventVersion, userIdentity, eventTime, eventSource },
    eventName: 'DeleteObject',
    ...{ awsRegion, sourceIPAddress, userAgent },
    ...(code !== undefined && { errorCode: errorCodeOf(call.schema, 'DeleteObject', code), errorMessage }),
    requestParameters: {
      ...{ bucketName: bucket, Host: call.http.host, key },
      ...(versionId !== undefined && { versionId }),
    },
    responseElements: code === undefined ? headersOf(entry) : null,
    ...(requestID !== undefined && { requestID }),
    eventID,
    readOnly: false,
    resources: [
      { type: 'AWS::S3::Object', ARN: `arn:aws:s3:::${bucket}/${key}` },
      ...resources.slice(-1).map((one) => (code === 'AccessDenied' ? withoutOwner(one, call.accountId) : one)),
    ],
    eventType: 'AwsServiceEvent',
    managementEvent: false,
    ...(recipientAccountId !== undefined && { recipientAccountId }),
    ...(sharedEventID !== undefined && { sharedEventID: derivedId(eventID, 'shared') }),
    eventCategory: 'Data',
    ...(tlsDetails && { tlsDetails }),
    ...(sessionCredentialFromConsole && { sessionCredentialFromConsole }),
  };
}

/** Who was refused does not learn whose bucket it is (spec: records §7). */
const withoutOwner = (entry: ResourceEntry, callerAccountId: string): ResourceEntry =>
  entry.accountId === undefined || entry.accountId === callerAccountId ? entry : { ...entry, accountId: '' };

/** What DeleteObject answers, by the names of its headers. */
function headersOf({ VersionId, DeleteMarker, DeleteMarkerVersionId }: Entry): CloudTrailRecord['responseElements'] {
  const versionId = DeleteMarkerVersionId ?? VersionId;
  const shown = {
    ...(DeleteMarker && { 'x-amz-delete-marker': 'true' }),
    ...(versionId !== undefined && { 'x-amz-version-id': versionId }),
  };
  return Object.keys(shown).length === 0 ? null : shown;
}

const entriesOf = (list: unknown): readonly Entry[] => (Array.isArray(list) ? list.filter(isObject) : []);
const idOf = ({ Key, VersionId }: Entry): string => JSON.stringify([Key, VersionId]);
