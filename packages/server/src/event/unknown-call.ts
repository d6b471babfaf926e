import type { CallHttp } from './call.ts';
import { isReadOnly } from './conventions/classes.ts';
import type { CloudTrailRecord, TlsDetails, UserIdentity } from './record.ts';

/** A call that no API description here knows: recorded as it was on the wire, never dropped. */
export interface UnknownCall {
  /** The service by its signature. */
  readonly signingName: string;
  /** What the request named: a target's last part, an Action. Without that its path has to do. */
  readonly operation: string | undefined;
  readonly path: string;
  readonly timeMs: number;
  readonly region: string;
  readonly userIdentity: UserIdentity;
  readonly accountId: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly requestId: string;
  readonly eventId: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly http: CallHttp;
  readonly tls?: TlsDetails;
  readonly requestBody: { readonly bytes: Buffer; readonly whole: boolean };
}

/** What must not stand in a record, by its name: nobody says of these which are secret. */
const SECRET = /secret|passw|token|credential|private.?key|authorization|signature|session|otp|pin(?:code)?$|api.?key/i;
/** Parameters of the signature and of the protocol. */
const ENVELOPE = /^(?:x-amz-|action$|version$|awsaccesskeyid$|signature|timestamp$|expires$)/i;
const NAME_CHARS_MAX = 128;
const MEMBERS_MAX = 1_000;
const DEPTH_MAX = 16;

/** The record of a call in wire form: parameters by their names on the wire, what looks like a secret left out. */
export function recordFromUnknown(call: UnknownCall): CloudTrailRecord {
  const eventName = nameOf(call);
  const parameters = parametersOf(call);
  const service = call.userIdentity.invokedBy;
  return {
    eventVersion: '1.11',
    userIdentity: call.userIdentity,
    eventTime: `${new Date(call.timeMs).toISOString().slice(0, 19)}Z`,
    eventSource: `${call.signingName}.amazonaws.com`,
    eventName,
    awsRegion: call.region,
    sourceIPAddress: service ?? call.sourceIp,
    userAgent: service ?? call.userAgent,
    ...(call.error && { errorCode: call.error.code, errorMessage: call.error.message }),
    requestParameters: Object.keys(parameters).length === 0 ? null : parameters,
    responseElements: null,
    requestID: call.requestId,
    eventID: call.eventId,
    readOnly: isReadOnly('', eventName) || (call.operation === undefined && /^(GET|HEAD)$/.test(call.http.method)),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: call.accountId,
    eventCategory: 'Management',
    ...(call.tls && service === undefined && { tlsDetails: call.tls }),
  };
}

function nameOf({ operation, path, http }: UnknownCall): string {
  return (operation ?? `${http.method} ${path}`).slice(0, NAME_CHARS_MAX);
}

function parametersOf({ http, requestBody }: UnknownCall): Record<string, unknown> {
  const out: Record<string, unknown> = Object.create(null);
  const put = (name: string, value: unknown) => {
    if (!ENVELOPE.test(name) && !SECRET.test(name)) out[name] = value;
  };
  for (const [name, value] of http.query.slice(0, MEMBERS_MAX)) put(name, value);
  for (const [name, value] of bodyOf(http, requestBody)) put(name, value);
  return out;
}

function bodyOf({ headers }: CallHttp, { bytes, whole }: UnknownCall['requestBody']): [string, unknown][] {
  if (!whole || bytes.length === 0) return [];
  const type = headers['content-type'] ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) {
    return [...new URLSearchParams(bytes.toString('utf8'))].slice(0, MEMBERS_MAX);
  }
  try {
    const parsed = JSON.parse(bytes.toString('utf8')) as unknown;
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? Object.entries(withoutSecrets(parsed, 0) as object)
      : [];
  } catch {
    return []; // CBOR, XML or bytes: nothing that could be told apart from secrets
  }
}

function withoutSecrets(value: unknown, depth: number): unknown {
  if (depth > DEPTH_MAX) return null;
  if (Array.isArray(value)) return value.slice(0, MEMBERS_MAX).map((item) => withoutSecrets(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !SECRET.test(name));
  return Object.fromEntries(kept.slice(0, MEMBERS_MAX).map(([name, item]) => [name, withoutSecrets(item, depth + 1)]));
}
