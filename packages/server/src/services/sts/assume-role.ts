import type { AssumeRoleRequest, AssumeRoleResponse } from '@aws-sdk/client-sts';
import { assumedRoleArn } from '../../access/session-keys.ts';
import type { SessionCredentials } from '../../access/sessions.ts';
import type { Clock } from '../../base/clock.ts';
import type { CallContext } from '../../wire/service.ts';
import type { StsDeps, StsRole } from './deps.ts';
import { notAuthorized, stsError } from './errors.ts';
import { checkMfa } from './mfa.ts';
import { settingsOf, tagConditions } from './session-settings.ts';
import { findRole, requireTrust } from './trust.ts';

/** Sessions made by sessions of roles last no longer, whatever the role allows. */
const CHAINED_SECONDS_MAX = 3600;
const ROLE_SECONDS_DEFAULT = 3600;

/**
 * Credentials of a role, for whom its trust policy lets in.
 * @throws AwsError AccessDenied, ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge, InvalidParameterValue
 */
export async function assumeRole(
  deps: StsDeps,
  context: CallContext,
  input: AssumeRoleRequest,
): Promise<AssumeRoleResponse> {
  const { caller } = context;
  const { kind, session } = caller.principal;
  const [roleArn, sessionName] = [input.RoleArn!, input.RoleSessionName!];
  if (kind === 'root') throw stsError('AccessDenied', 'Roles may not be assumed by root accounts.');
  const mfaNow = await checkMfa(deps, context, input);
  const role = kind === 'federated' ? undefined : await findRole(deps, roleArn);
  if (!role) throw notAuthorized(context, 'sts:AssumeRole', roleArn);
  const sourceIdentity = sourceIdentityOf(session?.sourceIdentity, input.SourceIdentity);
  const handsTagsOn = (session?.transitiveTagKeys?.length ?? 0) > 0;
  const actions = [
    'sts:AssumeRole',
    ...((input.Tags?.length ?? 0) > 0 || handsTagsOn ? ['sts:TagSession'] : []),
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
  await requireTrust(deps, context, role, actions, {
    'sts:RoleSessionName': sessionName,
    ...(input.ExternalId !== undefined && { 'sts:ExternalId': input.ExternalId }),
    ...(input.DurationSeconds !== undefined && { 'sts:DurationSeconds': String(input.DurationSeconds) }),
    ...(sourceIdentity !== undefined && { 'sts:SourceIdentity': sourceIdentity }),
    ...(mfaNow && { 'aws:MultiFactorAuthPresent': 'true', 'aws:MultiFactorAuthAge': '0' }),
    ...tagConditions(input),
  });
  const chained = kind === 'role';
  const seconds = roleSeconds(role, input.DurationSeconds, chained);
  const inherited = { tags: session?.tags ?? {}, ...transitive(session?.transitiveTagKeys) };
  const { settings, packedPercent } = await settingsOf(deps.directory, role.accountId, input, inherited);
  const credentials = deps.sessions.issue({
    accountId: role.accountId,
    owner: { kind: 'role', roleName: role.roleName, roleId: role.roleId, roleArn: role.arn, sessionName },
    ...lifetime(deps.clock, seconds),
    // Not handed on from role to role: who asks for it asks for the user's own word.
    mfa: mfaNow || (kind === 'user' && session?.mfa === true),
    ...settings,
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    ...(chained && { chained }),
  });
  return {
    ...roleAnswer(role, sessionName, credentials, packedPercent),
    ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
  };
}

const transitive = (keys: readonly string[] | undefined) => (keys ? { transitiveTagKeys: keys } : {});

/** It is set once, and goes along through all further roles. */
function sourceIdentityOf(inherited: string | undefined, asked: string | undefined): string | undefined {
  if (inherited !== undefined && asked !== undefined && asked !== inherited) {
    throw stsError('ValidationError', 'The source identity is already set for this assume role session');
  }
  return inherited ?? asked;
}

/** @throws AwsError ValidationError when it is longer than the role, or chaining, allows */
export function roleSeconds(role: StsRole, asked: number | undefined, chained: boolean): number {
  if (asked === undefined) return Math.min(ROLE_SECONDS_DEFAULT, role.maxSessionSeconds);
  if (asked > role.maxSessionSeconds) {
    throw stsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
  if (chained && asked > CHAINED_SECONDS_MAX) {
    throw stsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  return asked;
}

/** From now on. In whole seconds, as answers and records show them; rounded down, so that none outlives its word. */
export function lifetime(clock: Clock, seconds: number): { readonly issuedMs: number; readonly expiresMs: number } {
  const issuedMs = Math.floor(clock.now() / 1000) * 1000;
  return { issuedMs, expiresMs: issuedMs + seconds * 1000 };
}

/** What all ways into a role answer. */
export const roleAnswer = (
  role: StsRole & { readonly accountId: string },
  sessionName: string,
  credentials: SessionCredentials,
  packedPercent: number | undefined,
) => ({
  Credentials: credentialsOf(credentials),
  AssumedRoleUser: {
    AssumedRoleId: `${role.roleId}:${sessionName}`,
    Arn: assumedRoleArn(role.accountId, role.roleName, sessionName),
  },
  ...(packedPercent !== undefined && { PackedPolicySize: packedPercent }),
});

export const credentialsOf = ({ accessKeyId, secretAccessKey, sessionToken, expiresMs }: SessionCredentials) => ({
  AccessKeyId: accessKeyId,
  SecretAccessKey: secretAccessKey,
  SessionToken: sessionToken,
  Expiration: new Date(Math.floor(expiresMs / 1000) * 1000), // as AWS tells it
});
