import { AwsError } from '../../base/errors.ts';

/** STS's errors and the status that each comes with. */
const STATUS = {
  AccessDenied: 403,
  ExpiredTokenException: 400,
  IDPCommunicationError: 400,
  IDPRejectedClaim: 403,
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

export const notAuthorized = (arn: string, action: string, resource: string): AwsError =>
  stsError('AccessDenied', `User: ${arn} is not authorized to perform: ${action} on resource: ${resource}`);
