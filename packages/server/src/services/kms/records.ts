import { type Random, uuid } from '../../base/random.ts';
import type { NewEvent } from '../../event/event.ts';
import type { CloudTrailRecord, UserIdentity } from '../../event/record.ts';
import { eventFromRecord } from '../../event/record-from-call.ts';
import { recordFromReport } from '../../event/reported.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import { eventsOfCall } from '../../wire/audit.ts';
import type { KeyEvent } from './deps.ts';
import type { KmsUse } from './for-services.ts';

/** Records of what no request of a client's shows: what services did with keys, and KMS by itself. */
export interface RecordDeps {
  readonly schema: ServiceSchema;
  readonly random: Random;
}

/**
 * Of a use by a service: an AWSService call in the account of the key, or the caller's own call by way of the service
 * (spec: record-conventions, "Forward-access sessions"). None when nobody's key was meant.
 */
export function eventsOfUse({ schema, random }: RecordDeps, use: KmsUse): readonly NewEvent[] {
  const { asking, key, output, error } = use;
  const { service, region, onBehalfOf, sourceAccount } = asking;
  const accountId = onBehalfOf?.caller.accountId ?? key?.accountId ?? sourceAccount;
  if (accountId === undefined) return [];
  const userIdentity: UserIdentity = onBehalfOf
    ? { ...onBehalfOf.caller.identity, invokedBy: service }
    : { type: 'AWSService', invokedBy: service };
  return eventsOfCall({
    schema,
    operation: use.operation,
    timeMs: use.timeMs,
    region,
    userIdentity,
    accountId,
    sourceIp: service,
    userAgent: service,
    requestId: uuid(random),
    eventId: uuid(random),
    input: use.input,
    ...(error ? { error } : { output: output ?? {} }),
    http: {
      host: `kms.${region}.amazonaws.com`,
      method: 'POST',
      query: [],
      headers: {},
      responseHeaders: {},
      bytesIn: 0,
      bytesOut: 0,
      authentication: 'AuthHeader',
    },
    notes: {
      ...(key && { resources: [{ accountId: key.accountId, type: 'AWS::KMS::Key', ARN: key.keyArn }] }),
    },
  });
}

/** Of a key that KMS deleted or rotated: an AwsServiceEvent. */
export function eventOfKeyEvent({ random }: RecordDeps, event: KeyEvent): NewEvent {
  const { eventName, accountId, region, keyId, keyArn, timeMs } = event;
  const report = {
    AccountId: accountId,
    EventSource: 'kms.amazonaws.com',
    EventName: eventName,
    Resources: [{ AccountId: accountId, Type: 'AWS::KMS::Key', ARN: keyArn }],
    ...(eventName === 'RotateKey' && { ServiceEventDetails: { keyId } }),
  };
  const record = recordFromReport({ ServiceEvent: report }, { timeMs, region, eventId: uuid(random) });
  return eventFromRecord(record as CloudTrailRecord); // a service event lacks nothing of one
}
