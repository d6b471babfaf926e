import type { ServerResponse } from 'node:http';
import { denialOf } from '../access/authorizer.ts';
import type { Clock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import { type Random, uuid } from '../base/random.ts';
import type { Call, CallNotes } from '../event/call.ts';
import type { Detected } from './detected.ts';
import type { HttpRequest } from './request.ts';
import type { Caller, Service } from './service.ts';
import type { SignedIn } from './signed-in.ts';
import type { AuthStyle } from './sigv4/errors.ts';
import type { ParsedAuthorization } from './sigv4/index.ts';

/** One request's way through the steps: each fills in what it found, so that an error knows how far it got. */
export interface Exchange {
  readonly http: HttpRequest;
  readonly startMs: number;
  readonly res: ServerResponse;
  readonly notes: CallNotes;
  requestId: string;
  /** S3's second request id, `x-amz-id-2`. */
  readonly hostId: string;
  /** In the place of a signature. */
  readonly signedIn: SignedIn | undefined;
  authorization: ParsedAuthorization | undefined;
  detected?: Detected;
  service?: Service;
  operation: string | undefined;
  caller?: Caller;
  input?: Record<string, unknown>;
  output?: Record<string, unknown>;
}

export const newHostId = (random: Random): string => random.bytes(57).toString('base64');

export function openExchange(
  deps: { readonly clock: Clock; readonly random: Random },
  http: HttpRequest,
  res: ServerResponse,
  signedIn: SignedIn | undefined,
): Exchange {
  return {
    http,
    startMs: deps.clock.now(),
    res,
    notes: {},
    signedIn,
    authorization: undefined,
    operation: undefined,
    requestId: uuid(deps.random),
    hostId: newHostId(deps.random),
  };
}

/** What the request claims of itself: its key, service and Region. */
export const credentialOf = (x: Exchange): SignedIn | ParsedAuthorization | undefined => x.signedIn ?? x.authorization;

/** The console signs with a header, too, as far as records tell. */
export function authenticationOf({ signedIn, authorization }: Exchange): Call['http']['authentication'] {
  if (signedIn) return 'AuthHeader';
  if (!authorization) return 'None';
  return authorization.kind === 'header' ? 'AuthHeader' : 'QueryString';
}

/** Which family of error shapes the caller expects; guessed from the signature while the service is not known. */
export function styleOf(x: Exchange): AuthStyle {
  const protocol = x.detected?.protocol;
  if (protocol === undefined) return credentialOf(x)?.service === 's3' ? 's3' : 'json';
  if (protocol === 'restXml') return 's3';
  if (protocol === 'awsQuery' || protocol === 'ec2Query') return 'query';
  return protocol === 'restJson1' ? 'rest-json' : 'json';
}

export function operationOf(x: Exchange) {
  const { schema, protocol, labels } = x.detected!;
  return { schema, protocol, labels, operation: x.operation! };
}

/** Its name, once it is known to be one of the service's. */
export function knownOperation({ operation, detected }: Exchange): string | undefined {
  return operation !== undefined && detected && Object.hasOwn(detected.schema.operations, operation)
    ? operation
    : undefined;
}

/** The credentials are good until they run out, but nobody is left whom they could stand for. */
export function ownerGone(x: Exchange): AwsError {
  const { schema } = x.detected!;
  const { code, status } = denialOf(schema);
  const action = `${schema.signingName}:${x.operation}`;
  const message = `User: ${x.caller!.arn} is not authorized to perform: ${action} because its user or role no longer exists`;
  return new AwsError(code, message, { status });
}

export function unknownOperation(x: Exchange): AwsError {
  const name = x.operation ?? x.detected?.unknownOperation;
  if (styleOf(x) === 'query') {
    return new AwsError(
      'InvalidAction',
      `Could not find operation ${name ?? '(none)'} for version ${x.detected?.schema.version}.`,
    );
  }
  if (styleOf(x) === 's3')
    return new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
      status: 405,
    });
  return new AwsError(
    'UnknownOperationException',
    `The operation ${name ?? '(none)'} is not one of ${x.detected?.schema.id}.`,
  );
}
