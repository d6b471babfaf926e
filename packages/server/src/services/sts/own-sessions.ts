import type {
  GetFederationTokenRequest,
  GetFederationTokenResponse,
  GetSessionTokenRequest,
  GetSessionTokenResponse,
} from '@aws-sdk/client-sts';
import { federatedUserArn } from '../../access/session-keys.ts';
import type { SessionOwner } from '../../access/sessions.ts';
import type { CallContext } from '../../wire/service.ts';
import { credentialsOf, lifetime } from './assume-role.ts';
import type { StsDeps } from './deps.ts';
import { stsError } from './errors.ts';
import { checkMfa } from './mfa.ts';
import { settingsOf } from './session-settings.ts';

const SECONDS_DEFAULT = 43_200;
/** Root's sessions last an hour at most, whatever is asked for. */
const ROOT_SECONDS_MAX = 3600;

/** Temporary credentials of the caller's own, with a mark when a code of its MFA device came along. Needs no permission. */
export async function getSessionToken(
  deps: StsDeps,
  context: CallContext,
  input: GetSessionTokenRequest,
): Promise<GetSessionTokenResponse> {
  const owner = longTermOwner(context, 'GetSessionToken');
  const mfa = await checkMfa(deps, context, input);
  const times = lifetime(deps.clock, secondsOf(owner, input.DurationSeconds));
  const grant = { accountId: context.caller.accountId, owner, ...times, mfa };
  return { Credentials: credentialsOf(deps.sessions.issue(grant)) };
}

/** Credentials for somebody whom the caller vouches for: what both the caller's policies and the session's allow. */
export async function getFederationToken(
  deps: StsDeps,
  context: CallContext,
  input: GetFederationTokenRequest,
): Promise<GetFederationTokenResponse> {
  const { accountId } = context.caller;
  const issuer = longTermOwner(context, 'GetFederationToken');
  const { settings, packedPercent } = await settingsOf(deps.directory, accountId, input);
  const credentials = deps.sessions.issue({
    accountId,
    owner: { kind: 'federated', name: input.Name!, issuer },
    ...lifetime(deps.clock, secondsOf(issuer, input.DurationSeconds)),
    mfa: false,
    ...settings,
  });
  return {
    Credentials: credentialsOf(credentials),
    FederatedUser: { FederatedUserId: `${accountId}:${input.Name}`, Arn: federatedUserArn(accountId, input.Name!) },
    ...(packedPercent !== undefined && { PackedPolicySize: packedPercent }),
  };
}

/** @throws AwsError AccessDenied for callers with temporary credentials, which are no ground for others of this kind */
function longTermOwner({ caller }: CallContext, operation: string): SessionOwner & { readonly kind: 'root' | 'user' } {
  const { principal, identity } = caller;
  if (!principal.session && principal.kind === 'root') return { kind: 'root' };
  if (!principal.session && principal.kind === 'user') {
    return { kind: 'user', userName: principal.name!, userId: identity.principalId! };
  }
  throw stsError('AccessDenied', `Cannot call ${operation} with session credentials`);
}

const secondsOf = ({ kind }: SessionOwner, asked = SECONDS_DEFAULT): number =>
  kind === 'root' ? Math.min(asked, ROOT_SECONDS_MAX) : asked;
