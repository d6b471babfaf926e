import { AwsError } from '../../base/errors.ts';

/** IAM's errors by their codes on the wire, with their statuses (API of 2010-05-08). */
const STATUSES = {
  AccessDenied: 403,
  DeleteConflict: 409,
  EntityAlreadyExists: 409,
  EntityTemporarilyUnmodifiable: 409,
  InvalidAction: 400,
  InvalidAuthenticationCode: 403,
  InvalidInput: 400,
  InvalidUserType: 400,
  LimitExceeded: 409,
  MalformedPolicyDocument: 400,
  NoSuchEntity: 404,
  PasswordPolicyViolation: 400,
  PolicyNotAttachable: 400,
  ReportExpired: 410,
  ReportNotPresent: 410,
  UnmodifiableEntity: 400,
  ValidationError: 400,
} as const;

export const iamError = (code: keyof typeof STATUSES, message: string): AwsError =>
  new AwsError(code, message, { status: STATUSES[code] });

export const noSuch = (message: string): AwsError => iamError('NoSuchEntity', message);

/** @param quota by IAM's name: `AccessKeysPerUser` */
export const overQuota = (quota: string, max: number): AwsError =>
  iamError('LimitExceeded', `Cannot exceed quota for ${quota}: ${max}`);
