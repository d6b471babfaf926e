import { AwsError } from '../../base/errors.ts';
import type { CallContext } from '../../wire/service.ts';

/** STS's errors and the status that each comes with. */
const STATUS = {
  AccessDenied: 403,
  ExpiredTokenException: 400,
  IDPCommunicationError: 400,
  InvalidAction: 400,
  InvalidAuthorizationMessageException: 400,
  InvalidIdentityToken: 400,
  InvalidParameterValue: 400,
  MalformedPolicyDocument: 400,
  PackedPolicyTooLarge: 400,
  ValidationError: 400,
} as const;

export const stsError = (code: keyof typeof STATUS, message: string): AwsError =>
  new AwsError(code, message, { status: STATUS[code] });

/** Without a reason, which would tell whether there is such a resource. */
export const notAuthorized = ({ caller }: CallContext, action: string, resource: string): AwsError =>
  stsError('AccessDenied', `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource}`);
