import { createHash } from 'node:crypto';
import { assert } from '../base/errors.ts';
import { headerFromRecord } from './accept.ts';
import type { Call } from './call.ts';
import { isReadOnly, recordsResponse } from './conventions/classes.ts';
import { isDataEvent } from './conventions/data-events.ts';
import { dynamodbRequestParameters, dynamodbResponseElements } from './conventions/dynamodb.ts';
import { ec2RequestParameters, ec2ResponseElements } from './conventions/ec2.ts';
import { errorCodeOf, keepsParameters } from './conventions/errors.ts';
import { eventNameOf } from './conventions/event-names.ts';
import { kmsResponseElements } from './conventions/kms.ts';
import { layoutOf } from './conventions/layouts.ts';
import { ownerFromInput, resourcesFromInput } from './conventions/resources.ts';
import { s3AdditionalEventData, s3RequestParameters, s3Resources, s3ResponseElements } from './conventions/s3.ts';
import { API_VERSIONS, EVENT_VERSION, eventSourceOf, recordedRegionOf } from './conventions/sources.ts';
import { stsRequestParameters } from './conventions/sts.ts';
import type { NewEvent } from './event.ts';
import { answerOf, requestOf } from './parameters.ts';
import type { CloudTrailRecord, ResourceEntry, UserIdentity } from './record.ts';
import { fitRecord } from './size.ts';

/**
 * The record of a call, as CloudTrail would write it: a pure function, by the tables in `conventions/`. What the handler
 * put into `call.notes` goes before what the tables say.
 */
export function recordFromCall(call: Call): CloudTrailRecord {
  const { schema, operation, error, notes, userIdentity } = call;
  const s3 = STYLES[schema.id] === S3;
  const service = userIdentity.invokedBy;
  const isData = isDataEvent(schema, operation);
  const { additionalEventData, noted } = layoutOf(schema.id);
  const always = { ...additionalEventData, ...noted?.[operation] };
  const extra = { ...always, ...(s3 && s3AdditionalEventData(call)), ...notes.additionalEventData };
  const resources = notes.resources ?? resourcesOf(call);
  const shared = ownerOf(call);
  return {
    eventVersion: EVENT_VERSION,
    userIdentity: inOrder(userIdentity),
    eventTime: `${new Date(call.timeMs).toISOString().slice(0, 19)}Z`,
    eventSource: eventSourceOf(schema),
    eventName: eventNameOf(schema.id, operation),
    awsRegion: recordedRegionOf(schema.id, call.region)
      .replace(/[^A-Za-z0-9-]/g, '-')
      .slice(0, 64), // the caller's own word, and a part of object keys
    sourceIPAddress: service ?? call.sourceIp,
    userAgent: service ?? (s3 && call.userAgent !== '' ? `[${call.userAgent}]` : call.userAgent),
    ...(error && { errorCode: errorCodeOf(schema, operation, error.code), errorMessage: error.message }),
    requestParameters: requestParameters(call),
    responseElements: responseElements(call),
    ...(Object.keys(extra).length > 0 && { additionalEventData: extra }),
    requestID: call.requestId,
    eventID: call.eventId,
    readOnly: isReadOnly(schema.id, operation),
    ...(resources && resources.length > 0 && { resources: resources.map(entryInOrder) }),
    eventType: 'AwsApiCall',
    ...(API_VERSIONS[schema.id] !== undefined && { apiVersion: API_VERSIONS[schema.id] }),
    managementEvent: !isData,
    recipientAccountId: call.accountId,
    ...((shared !== undefined || userIdentity.type === 'AWSService') && {
      sharedEventID: derivedId(call.eventId, 'shared'),
    }),
    eventCategory: isData ? 'Data' : 'Management',
    ...(call.tls && service === undefined && { tlsDetails: call.tls }),
    ...(call.fromConsole && { sessionCredentialFromConsole: 'true' }),
  };
}

/**
 * The second record of a call that touched another account's resource: the resource owner's, alike but for its eventID
 * and recipient, with the caller shown as a foreign account (spec: records §3, §11). undefined when there is none.
 */
export function ownerRecordFromCall(call: Call, record: CloudTrailRecord): CloudTrailRecord | undefined {
  const owner = ownerOf(call);
  if (owner === undefined) return undefined;
  const { type, principalId = '', accountId = '' } = record.userIdentity;
  const foreign = type === 'AWSService' ? record.userIdentity : { type: 'AWSAccount', principalId, accountId };
  return {
    ...record,
    userIdentity: foreign,
    eventID: derivedId(call.eventId, owner),
    ...(record.resources && {
      resources: record.resources.map((r) => (r.accountId === '' ? { ...r, accountId: owner } : r)),
    }),
    recipientAccountId: owner,
  };
}

/**
 * The Event of a record of ours: its bytes, within CloudTrail's size limits, and its header.
 * @param accountId files it under this account instead of recipientAccountId
 */
export function eventFromRecord(record: CloudTrailRecord, accountId = record.recipientAccountId): NewEvent {
  const { fitted, json } = fitRecord(record);
  const header = headerFromRecord(fitted, json, {
    ...(accountId !== undefined && { accountId }),
    fallbackAccountId: record.userIdentity.accountId ?? '',
  });
  assert(!('code' in header), `a record of ours is refused: ${'code' in header ? header.message : ''}`);
  return { header, json };
}

function requestParameters(call: Call): CloudTrailRecord['requestParameters'] {
  const { schema, notes } = call;
  if (notes.requestParameters !== undefined) return notes.requestParameters;
  if (!keepsParameters(schema, call.error?.code)) return null;
  return (STYLES[schema.id] ?? PLAIN).request(call);
}

/** Null for reads, failures and calls that return nothing: never an empty object. */
function responseElements(call: Call): CloudTrailRecord['responseElements'] {
  const { schema, operation, notes } = call;
  if (call.error) return null;
  if (notes.responseElements !== undefined) return notes.responseElements;
  if (!recordsResponse(schema.id, operation)) return null;
  return (STYLES[schema.id] ?? PLAIN).response(call);
}

/** How a service writes what was asked and answered. */
interface Style {
  request(call: Call): CloudTrailRecord['requestParameters'];
  response(call: Call): CloudTrailRecord['responseElements'];
}

const PLAIN: Style = {
  request: ({ schema, operation, input }) => requestOf(schema, operation, input),
  response: ({ schema, operation, output }) => answerOf(schema, operation, output),
};
const S3: Style = { request: s3RequestParameters, response: s3ResponseElements };

/** The services that have a style of their own, by schema id. */
const STYLES: Readonly<Record<string, Style>> = {
  dynamodb: { request: dynamodbRequestParameters, response: dynamodbResponseElements },
  ec2: { request: ec2RequestParameters, response: ec2ResponseElements },
  kms: { request: PLAIN.request, response: kmsResponseElements },
  s3: S3,
  's3-control': S3,
  sts: { request: stsRequestParameters, response: PLAIN.response },
};

function resourcesOf(call: Call): readonly ResourceEntry[] | undefined {
  return STYLES[call.schema.id] === S3 ? s3Resources(call) : resourcesFromInput(call);
}

/** The owner of the resource, when it is another account than the one whose record this is. */
function ownerOf(call: Call): string | undefined {
  const owner = call.notes.resourceAccountId ?? ownerFromInput(call);
  return owner !== undefined && owner !== call.accountId ? owner : undefined;
}

/** A version 8 UUID that the same call always gives again: copies of one event must agree on sharedEventID. */
function derivedId(eventId: string, purpose: string): string {
  const h = createHash('sha256').update(`${purpose}/${eventId}`).digest('hex');
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-8${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`;
}

const IDENTITY_ORDER = [
  ...['type', 'principalId', 'arn', 'accountId', 'accessKeyId', 'userName', 'sessionContext', 'invokedBy'],
] as const as readonly (keyof UserIdentity)[];

function inOrder(identity: UserIdentity): UserIdentity {
  const entries = IDENTITY_ORDER.filter((name) => identity[name] !== undefined).map((name) => [name, identity[name]]);
  return { ...Object.fromEntries(entries), ...identity };
}

const entryInOrder = ({ accountId, type, ARN, ARNPrefix }: ResourceEntry): ResourceEntry => ({
  ...(accountId !== undefined && { accountId }),
  ...(type !== undefined && { type }),
  ...(ARN !== undefined && { ARN }),
  ...(ARNPrefix !== undefined && { ARNPrefix }),
});
