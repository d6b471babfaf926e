import type { AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse } from '@aws-sdk/client-sts';
import { callerContext } from '../../access/context.ts';
import { type CallContext, factsOf } from '../../wire/service.ts';
import { lifetime, roleAnswer, roleSeconds } from './assume-role.ts';
import type { StsDeps } from './deps.ts';
import { stsError } from './errors.ts';
import { verifyIdToken, type WebIdentity } from './id-token.ts';
import { settingsOf, tagConditions } from './session-settings.ts';
import { type Conditions, findRole, parseRoleArn, roleConditions, trustsProvider } from './trust.ts';

/**
 * Credentials of a role for whom an OpenID Connect provider vouches. The call is not signed: the token is the proof. It is
 * recorded in the role's account, once that has such a provider.
 * @throws AwsError AccessDenied, ExpiredTokenException, IDPCommunicationError, InvalidIdentityToken, ValidationError …
 */
export async function assumeRoleWithWebIdentity(
  deps: StsDeps,
  context: CallContext,
  input: AssumeRoleWithWebIdentityRequest,
): Promise<AssumeRoleWithWebIdentityResponse> {
  const accountId = parseRoleArn(input.RoleArn!)?.accountId;
  if (accountId === undefined) throw stsError('ValidationError', 'Request ARN is invalid');
  if (input.ProviderId !== undefined) {
    throw stsError(
      'ValidationError',
      'ProviderId is for OAuth 2.0 access tokens, which are not taken here. Leave it out.',
    );
  }
  const identity = await verifyIdToken(deps, accountId, input.WebIdentityToken!, (providerArn, subject) => {
    context.notes.actor = { accountId, identity: webIdentityUser(providerArn, subject) };
  });
  const { provider, audience, subject, tags, sourceIdentity } = identity;
  const role = await findRole(deps, input.RoleArn!);
  const asked = { ...input, ...tags };
  const conditions = {
    'sts:RoleSessionName': input.RoleSessionName!,
    ...(input.DurationSeconds !== undefined && { 'sts:DurationSeconds': String(input.DurationSeconds) }),
    ...(sourceIdentity !== undefined && { 'sts:SourceIdentity': sourceIdentity }),
    ...tagConditions(asked),
  };
  const actions = [
    'sts:AssumeRoleWithWebIdentity',
    ...(asked.Tags ? ['sts:TagSession'] : []),
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
  const requestContext = { ...contextOf(context, identity), ...(role && roleConditions(role)), ...conditions };
  const refused = actions.find(
    (action) =>
      !role || !trustsProvider(role.trustPolicy, { action, resource: role.arn, context: requestContext }, provider.arn),
  );
  if (!role || refused !== undefined) throw stsError('AccessDenied', `Not authorized to perform ${refused}`);
  const seconds = roleSeconds(role, input.DurationSeconds, false);
  const { settings, packedPercent } = await settingsOf(deps.directory, accountId, asked);
  const credentials = deps.sessions.issue({
    accountId,
    owner: {
      kind: 'role',
      roleName: role.roleName,
      roleId: role.roleId,
      roleArn: role.arn,
      sessionName: input.RoleSessionName!,
    },
    ...lifetime(deps.clock, seconds),
    mfa: false,
    ...settings,
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    webIdFederationData: { federatedProvider: provider.arn, attributes: {} },
  });
  return {
    ...roleAnswer(role, input.RoleSessionName!, credentials, packedPercent),
    SubjectFromWebIdentityToken: subject,
    Provider: provider.arn,
    Audience: audience,
    ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
  };
}

/** As records show the caller (spec: records §3). Before the token is verified only the provider is. */
const webIdentityUser = (providerArn: string, who: Pick<WebIdentity, 'audience' | 'subject'> | undefined) => ({
  type: 'WebIdentityUser',
  ...(who && { principalId: `${providerArn}:${who.audience}:${who.subject}`, userName: who.subject }),
  identityProvider: providerArn,
});

/** What trust policies may ask of a web identity (IAM reference, "Available keys for AWS OIDC federation"). */
function contextOf(context: CallContext, identity: WebIdentity): Conditions {
  const { provider, audience, originalAudience, subject, methods } = identity;
  const nobody = { ...context.caller, anonymous: true, principal: { kind: 'anonymous' } } as const;
  return {
    ...callerContext(nobody, factsOf(context)),
    'aws:FederatedProvider': provider.arn,
    [`${provider.url}:aud`]: audience,
    [`${provider.url}:sub`]: subject,
    ...(originalAudience !== undefined && { [`${provider.url}:oaud`]: originalAudience }),
    ...(methods && { [`${provider.url}:amr`]: methods }),
  };
}
