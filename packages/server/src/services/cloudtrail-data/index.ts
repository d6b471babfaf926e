import { AwsError } from '../../base/errors.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { Service } from '../../wire/service.ts';

/** `@aws-sdk/client-cloudtrail-data` is not on npm: these are the shapes of its API of 2021-08-11 (spec: api §7). */
interface PutAuditEventsRequest {
  readonly channelArn?: string;
  readonly externalId?: string;
  readonly auditEvents?: readonly { readonly id?: string; readonly eventData?: string }[];
}

const CHANNEL_ARN = /^arn:aws[a-z-]*:cloudtrail:[a-z0-9-]{1,64}:\d{12}:channel\/[a-f0-9-]{36}$/;
const CHANNEL_ID = /^[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}$/;
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;
const EVENT_ID = /^[-_A-Za-z0-9]{1,128}$/;
const EVENTS_MAX = 100;

/**
 * CloudTrail's data API. Channels belong to Lake and do not exist here yet, so a sound PutAuditEvents gets what AWS
 * answers for a channel that does not exist; native records come in through OpenTrail's own PutRecords.
 */
export function cloudTrailDataService(deps: { readonly schema: ServiceSchema }): Service {
  return {
    schema: deps.schema,
    permissions: {
      PutAuditEvents: ({ caller, region }, { channelArn = '' }: PutAuditEventsRequest) => [
        {
          action: 'cloudtrail-data:PutAuditEvents',
          resource: channelArn.startsWith('arn:')
            ? channelArn
            : `arn:aws:cloudtrail:${region}:${caller.accountId}:channel/${channelArn}`,
        },
      ],
    },
    operations: {
      PutAuditEvents: async (_context, input: PutAuditEventsRequest): Promise<never> => {
        checkRequest(input);
        throw new AwsError(
          'ChannelNotFound',
          `The channel could not be found: ${input.channelArn}. OpenTrail does not have channels yet.`,
        );
      },
    },
    notImplemented: (operation) =>
      new AwsError('UnsupportedOperationException', `OpenTrail does not support ${operation} yet.`),
  };
}

function checkRequest({ channelArn = '', externalId, auditEvents = [] }: PutAuditEventsRequest): void {
  if (!CHANNEL_ARN.test(channelArn) && !CHANNEL_ID.test(channelArn)) {
    throw new AwsError(
      'InvalidChannelARN',
      'The channel ARN must look like arn:aws:cloudtrail:us-east-2:123456789012:channel/ and the channel’s ID, or be that ID.',
    );
  }
  if (externalId !== undefined && !EXTERNAL_ID.test(externalId)) {
    invalid('externalId must have 2 to 1224 letters, numbers and characters of _+=,.@:/-');
  }
  if (auditEvents.length < 1 || auditEvents.length > EVENTS_MAX) {
    invalid(`auditEvents must have 1 to ${EVENTS_MAX} members; it has ${auditEvents.length}`);
  }
  const bad = auditEvents.findIndex((e) => !EVENT_ID.test(e.id ?? '') || e.eventData === undefined);
  if (bad >= 0) {
    invalid(`auditEvents[${bad}] must have eventData, and an id of 1 to 128 letters, numbers, hyphens and underscores`);
  }
  if (new Set(auditEvents.map((e) => e.id)).size < auditEvents.length) {
    throw new AwsError('DuplicatedAuditEventId', 'Two or more entries in the request have the same event ID.');
  }
}

/** What AWS's front answers for a breach of the API's own shapes; the operation models no error for it. */
function invalid(message: string): never {
  throw new AwsError('ValidationException', `${message}.`);
}
