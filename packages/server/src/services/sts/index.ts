import type {
  DecodeAuthorizationMessageRequest,
  DecodeAuthorizationMessageResponse,
  GetAccessKeyInfoRequest,
  GetAccessKeyInfoResponse,
  GetCallerIdentityResponse,
} from '@aws-sdk/client-sts';
import { accountOfSessionKey } from '../../access/sessions.ts';
import type { CallContext, Handler, Service } from '../../wire/service.ts';
import { authError } from '../../wire/sigv4/errors.ts';
import { assumeRole } from './assume-role.ts';
import type { StsDeps } from './deps.ts';
import { stsError } from './errors.ts';
import { getFederationToken, getSessionToken } from './own-sessions.ts';
import { PERMISSIONS } from './permissions.ts';
import { validateInput } from './validate.ts';
import { assumeRoleWithWebIdentity } from './web-identity.ts';

export type { StsDeps, StsDirectory, StsMfaDevice, StsOidcProvider, StsRole } from './deps.ts';
export { createOidcFetch } from './oidc-fetch.ts';
export { createOidcKeys } from './oidc-keys.ts';

/**
 * STS: who one is, and temporary credentials. Follows AWS's API of 2011-06-15 as it was in 2026-04. Left out, each with an
 * error of its own name: AssumeRoleWithSAML (signatures over XML would need a library that canonicalizes it), AssumeRoot,
 * GetDelegatedAccessToken, GetWebIdentityToken.
 */
export function stsService(deps: StsDeps): Service {
  const operations: Record<string, Handler> = {
    AssumeRole: (context, input) => assumeRole(deps, context, input),
    AssumeRoleWithWebIdentity: (context, input) => assumeRoleWithWebIdentity(deps, context, input),
    DecodeAuthorizationMessage: async (context, input) => decodeAuthorizationMessage(deps, context, input),
    GetAccessKeyInfo: (_context, input) => getAccessKeyInfo(deps, input),
    /** A root user's UserId is its account. */
    GetCallerIdentity: async ({ caller }): Promise<GetCallerIdentityResponse> => ({
      UserId: caller.identity.principalId ?? caller.accountId,
      Account: caller.accountId,
      Arn: caller.arn,
    }),
    GetFederationToken: (context, input) => getFederationToken(deps, context, input),
    GetSessionToken: (context, input) => getSessionToken(deps, context, input),
  };
  return {
    schema: deps.schema,
    operations,
    permissions: PERMISSIONS,
    allowsAnonymous: true,
    async authorize({ operation, caller }, input) {
      if (caller.anonymous && !UNSIGNED.has(operation)) throw authError('query', 'missing-token');
      validateInput(operation, input);
    },
    notImplemented: (operation) =>
      stsError('InvalidAction', `The action ${operation} is not valid for this endpoint: OpenTrail's STS lacks it.`),
  };
}

/** Their callers have another proof of who they are than a signature. */
const UNSIGNED: ReadonlySet<string> = new Set(['AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity']);

/** Temporary keys name their account; others are looked up. */
async function getAccessKeyInfo(
  { directory }: StsDeps,
  { AccessKeyId }: GetAccessKeyInfoRequest,
): Promise<GetAccessKeyInfoResponse> {
  const Account = accountOfSessionKey(AccessKeyId!) ?? (await directory.accountOfKey(AccessKeyId!));
  if (Account === undefined) throw stsError('ValidationError', 'There is no access key of that id.');
  return { Account };
}

/** Messages come in a header of answers that deny (`access/denial-messages.ts`): no service here has them in its errors. */
function decodeAuthorizationMessage(
  { denialMessages }: StsDeps,
  { caller }: CallContext,
  { EncodedMessage }: DecodeAuthorizationMessageRequest,
): DecodeAuthorizationMessageResponse {
  const DecodedMessage = denialMessages.decode(caller.accountId, EncodedMessage!);
  if (DecodedMessage !== undefined) return { DecodedMessage };
  throw stsError('InvalidAuthorizationMessageException', 'The message is none that was encoded here for this account.');
}
