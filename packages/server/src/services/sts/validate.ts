import { brokenConstraints, type ConstraintTable, type Rule } from '../../wire/constraints.ts';
import { stsError } from './errors.ts';

const NAME = /^[\w+=,.@-]*$/;
/** Spelled as in the model, which AWS's messages repeat. */
const spelled = (pattern: string) => new RegExp(`^${pattern}$`, 'u');
const TEXT = spelled('[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\u{10FFFF}]+');
const ARN: Rule = { min: 20, max: 2048, pattern: TEXT };
const TAG_KEY: Rule = { required: true, min: 1, max: 128, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u };
const TAG_VALUE: Rule = { required: true, max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u };

/** Sessions of one's own may last a day and a half. */
const LONG: Rule = { min: 900, max: 129_600 };

/** The constraints of AWS's model (2011-06-15). */
const RULES: Readonly<Record<string, Rule>> = {
  AccessKeyId: { min: 16, max: 128, pattern: /^[\w]*$/ },
  DurationSeconds: { min: 900, max: 43_200 },
  EncodedMessage: { min: 1, max: 10_240 },
  ExternalId: { min: 2, max: 1224, pattern: spelled('[\\w+=,.@:\\/-]*') },
  Name: { min: 2, max: 32, pattern: NAME },
  Policy: { min: 1, max: 2048, pattern: spelled('[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+') },
  PolicyArns: { max: 10, each: { members: { arn: { ...ARN, required: true } } } },
  ProviderId: { min: 4, max: 2048 },
  RoleArn: ARN,
  RoleSessionName: { min: 2, max: 64, pattern: NAME },
  SerialNumber: { min: 9, max: 256, pattern: /^[\w+=/:,.@-]*$/ },
  SourceIdentity: { min: 2, max: 64, pattern: NAME },
  Tags: { max: 50, each: { members: { Key: TAG_KEY, Value: TAG_VALUE } } },
  TokenCode: { min: 6, max: 6, pattern: /^[\d]*$/, secret: true },
  TransitiveTagKeys: { max: 50, each: TAG_KEY },
  WebIdentityToken: { min: 4, max: 20_000, secret: true },
  'GetSessionToken.DurationSeconds': LONG,
  'GetFederationToken.DurationSeconds': LONG,
};

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  AssumeRole: ['RoleArn', 'RoleSessionName'],
  AssumeRoleWithWebIdentity: ['RoleArn', 'RoleSessionName', 'WebIdentityToken'],
  DecodeAuthorizationMessage: ['EncodedMessage'],
  GetAccessKeyInfo: ['AccessKeyId'],
  GetFederationToken: ['Name'],
};

const TABLE: ConstraintTable = { rules: RULES, required: REQUIRED, showsAnchors: false };

/** @throws AwsError ValidationError naming every member that breaks a rule */
export function validateInput(operation: string, input: Readonly<Record<string, unknown>>): void {
  const message = brokenConstraints(TABLE, operation, input);
  if (message !== undefined) throw stsError('ValidationError', message);
}
