import { federatedUserArn } from '../../access/session-keys.ts';
import type { PermissionTable } from '../../wire/service.ts';
import { tagConditions } from './session-settings.ts';

const ROLE_DECIDES = "The role's trust policy has a say in it, so that the operation asks itself.";

/** What the caller's own policies must allow (service authorization reference for STS). */
export const PERMISSIONS: PermissionTable = {
  AssumeRole: ROLE_DECIDES,
  AssumeRoleWithSAML: 'It is not built; its callers need none in AWS either.',
  AssumeRoleWithWebIdentity: ROLE_DECIDES,
  DecodeAuthorizationMessage: () => [{ action: 'sts:DecodeAuthorizationMessage', resource: '*' }],
  GetAccessKeyInfo: () => [{ action: 'sts:GetAccessKeyInfo', resource: '*' }],
  GetCallerIdentity: 'It says nothing that the caller could not know; not even a Deny stops it in AWS.',
  GetFederationToken: ({ caller }, input) => {
    const actions = ['sts:GetFederationToken', ...(input.Tags?.length > 0 ? ['sts:TagSession'] : [])];
    const context = {
      ...(input.DurationSeconds !== undefined && { 'sts:DurationSeconds': String(input.DurationSeconds) }),
      ...tagConditions(input),
    };
    return actions.map((action) => ({ action, resource: federatedUserArn(caller.accountId, input.Name), context }));
  },
  GetSessionToken: 'What it gives out may do no more than the credentials that it was asked with.',
};
