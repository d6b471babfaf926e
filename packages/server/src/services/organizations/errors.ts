import { AwsError } from '../../base/errors.ts';

export type OrganizationsErrorCode =
  | 'AWSOrganizationsNotInUseException'
  | 'AccessDeniedException'
  | 'AccountAlreadyRegisteredException'
  | 'AccountNotFoundException'
  | 'AccountNotRegisteredException'
  | 'AlreadyInOrganizationException'
  | 'ChildNotFoundException'
  | 'ConstraintViolationException'
  | 'CreateAccountStatusNotFoundException'
  | 'DestinationParentNotFoundException'
  | 'DuplicateAccountException'
  | 'DuplicateHandshakeException'
  | 'DuplicateOrganizationalUnitException'
  | 'DuplicatePolicyAttachmentException'
  | 'DuplicatePolicyException'
  | 'HandshakeAlreadyInStateException'
  | 'HandshakeConstraintViolationException'
  | 'HandshakeNotFoundException'
  | 'InvalidHandshakeTransitionException'
  | 'InvalidInputException'
  | 'MalformedPolicyDocumentException'
  | 'MasterCannotLeaveOrganizationException'
  | 'OrganizationNotEmptyException'
  | 'OrganizationalUnitNotEmptyException'
  | 'OrganizationalUnitNotFoundException'
  | 'ParentNotFoundException'
  | 'PolicyInUseException'
  | 'PolicyNotAttachedException'
  | 'PolicyNotFoundException'
  | 'PolicyTypeAlreadyEnabledException'
  | 'PolicyTypeNotAvailableForOrganizationException'
  | 'PolicyTypeNotEnabledException'
  | 'RootNotFoundException'
  | 'SourceParentNotFoundException'
  | 'TargetNotFoundException';

/** An error by Organizations' own name. All of them are 400. */
export const orgError = (code: OrganizationsErrorCode, message: string, reason?: string): AwsError =>
  new AwsError(code, message, reason === undefined ? {} : { members: { Reason: reason } });

export const constraint = (reason: string, message: string): AwsError =>
  orgError('ConstraintViolationException', message, reason);

export const invalid = (reason: string, message: string): AwsError =>
  orgError('InvalidInputException', message, reason);
