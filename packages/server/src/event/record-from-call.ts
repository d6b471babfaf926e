import { createHash } from 'node:crypto';
import { assert } from '../base/errors.ts';
import { headerFromRecord } from './accept.ts';
import type { Call } from './call.ts';
import { isReadOnly, recordsResponse } from './conventions/classes.ts';
import { isDataEvent } from './conventions/data-events.ts';
import { dynamodbRequestParameters, dynamodbResponseElements } from './conventions/dynamodb.ts';
import { ec2RequestParameters, ec2ResponseElements } from './conventions/ec2.ts';
import { errorCodeOf, keepsParameters, REQUEST_ABORTED } from './conventions/errors.ts';
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
  const extra = extraOf(call, s3);
  const resources = notes.resources ?? resourcesOf(call);
  const owner = ownerOf(call);
  // One member after the other rather than by spreading: this is half of what composing a record takes.
  const record: Growing<CloudTrailRecord> = {
    eventVersion: EVENT_VERSION,
    userIdentity: inOrder(userIdentity),
    eventTime: toTheSecond(call.timeMs),
    eventSource: eventSourceOf(schema),
    eventName: eventNameOf(schema.id, operation),
    awsRegion: shownRegion(recordedRegionOf(schema.id, call.region)),
    sourceIPAddress: service ?? call.sourceIp,
    userAgent: service ?? (s3 && call.userAgent !== '' ? `[${call.userAgent}]` : call.userAgent),
  };
  if (error && error.code !== REQUEST_ABORTED) {
    record.errorCode = errorCodeOf(schema, operation, error.code);
    record.errorMessage = error.message;
  }
  record.requestParameters = requestParameters(call);
  record.responseElements = responseElements(call);
  if (extra !== undefined) record.additionalEventData = extra;
  record.requestID = call.requestId;
  record.eventID = call.eventId;
  record.readOnly = isReadOnly(schema.id, operation);
  if (resources && resources.length > 0) record.resources = resources.map(entryInOrder);
  record.eventType = 'AwsApiCall';
  if (API_VERSIONS[schema.id] !== undefined) record.apiVersion = API_VERSIONS[schema.id]!;
  record.managementEvent = !isData;
  record.recipientAccountId = call.accountId;
  if (owner !== undefined || userIdentity.type === 'AWSService') {
    record.sharedEventID = derivedId(call.eventId, 'shared');
  }
  record.eventCategory = isData ? 'Data' : 'Management';
  if (call.tls && service === undefined) record.tlsDetails = call.tls;
  if (call.fromConsole) record.sessionCredentialFromConsole = 'true';
  return record as CloudTrailRecord;
}

type Growing<T> = { -readonly [K in keyof T]?: T[K] };

let lastSecond = Number.NaN;
let lastSecondText = '';

/** Records come in runs of one second: the last text is remembered. */
function toTheSecond(timeMs: number): string {
  const second = Math.floor(timeMs / 1000);
  if (second !== lastSecond) {
    lastSecondText = `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastSecondText;
}

const PLAIN_REGION = /^[A-Za-z0-9-]{0,64}$/;

/** The caller's own word, and a part of object keys. */
const shownRegion = (region: string): string =>
  PLAIN_REGION.test(region) ? region : region.replace(/[^A-Za-z0-9-]/g, '-').slice(0, 64);

/** What stands beside parameters and answer; undefined when nothing does. */
function extraOf(call: Call, isS3: boolean): Readonly<Record<string, unknown>> | undefined {
  const { schema, operation, notes } = call;
  const { additionalEventData, noted } = layoutOf(schema.id);
  const ofOperation = noted?.[operation];
  const ofService = isS3 ? s3AdditionalEventData(call) : undefined;
  if (!additionalEventData && !ofOperation && !notes.additionalEventData) {
    return ofService && Object.keys(ofService).length > 0 ? ofService : undefined;
  }
  const extra = { ...additionalEventData, ...ofOperation, ...ofService, ...notes.additionalEventData };
  return Object.keys(extra).length > 0 ? extra : undefined;
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
    eventID: derivedId(record.eventID, owner),
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

/** A version 8 UUID that the same always gives again: copies of one event must agree on sharedEventID. */
export function derivedId(from: string, purpose: string): string {
  const h = createHash('sha256').update(`${purpose}/${from}`).digest('hex');
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-8${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`;
}

const IDENTITY_ORDER = [
  ...['type', 'principalId', 'arn', 'accountId', 'accessKeyId', 'userName', 'sessionContext', 'invokedBy'],
] as const as readonly (keyof UserIdentity)[];

function inOrder(identity: UserIdentity): UserIdentity {
  let at = -1;
  for (const name in identity) {
    const known = IDENTITY_ORDER.indexOf(name as keyof UserIdentity);
    const place = known < 0 ? IDENTITY_ORDER.length : known;
    if (place < at || identity[name as keyof UserIdentity] === undefined) return ordered(identity);
    at = place;
  }
  return identity; // as most are made
}

function ordered(identity: UserIdentity): UserIdentity {
  const entries = IDENTITY_ORDER.filter((name) => identity[name] !== undefined).map((name) => [name, identity[name]]);
  return { ...Object.fromEntries(entries), ...identity };
}

function entryInOrder({ accountId, type, ARN, ARNPrefix }: ResourceEntry): ResourceEntry {
  const entry: Growing<ResourceEntry> = {};
  if (accountId !== undefined) entry.accountId = accountId;
  if (type !== undefined) entry.type = type;
  if (ARN !== undefined) entry.ARN = ARN;
  if (ARNPrefix !== undefined) entry.ARNPrefix = ARNPrefix;
  return entry as ResourceEntry;
}
