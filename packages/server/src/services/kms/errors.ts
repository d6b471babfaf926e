import { AwsError } from '../../base/errors.ts';

/** Errors of KMS that are its own fault or its store's; all others are the caller's and 400. */
const STATUSES: Readonly<Record<string, number>> = {
  KMSInternalException: 500,
  KeyUnavailableException: 500,
};

export type KmsErrorCode =
  | 'AccessDeniedException'
  | 'AlreadyExistsException'
  | 'DisabledException'
  | 'DryRunOperationException'
  | 'IncorrectKeyException'
  | 'InvalidAliasNameException'
  | 'InvalidArnException'
  | 'InvalidCiphertextException'
  | 'InvalidGrantIdException'
  | 'InvalidGrantTokenException'
  | 'InvalidKeyUsageException'
  | 'InvalidMarkerException'
  | 'KMSInvalidStateException'
  | 'KeyUnavailableException'
  | 'LimitExceededException'
  | 'MalformedPolicyDocumentException'
  | 'NotAuthorizedException'
  | 'NotFoundException'
  | 'TagException'
  | 'UnsupportedOperationException'
  | 'ValidationException';

/** An error by KMS's own name, with its status. */
export const kmsError = (code: KmsErrorCode, message: string): AwsError =>
  new AwsError(code, message, { status: STATUSES[code] ?? 400 });

/** For what AWS's KMS has and this one leaves out (index.ts says what). */
export const unsupported = (what: string): AwsError =>
  kmsError('UnsupportedOperationException', `OpenTrail's KMS does not support ${what}.`);
