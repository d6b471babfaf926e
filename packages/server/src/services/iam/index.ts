import { mayCallIam } from '../../access/session-keys.ts';
import type { Handler, Service } from '../../wire/service.ts';
import { authError } from '../../wire/sigv4/errors.ts';
import { createAccessKeyHandlers } from './access-keys.ts';
import { createAccountHandlers } from './account.ts';
import { createAuthorizationDetailsHandlers } from './authorization-details.ts';
import { createContextKeyHandlers } from './context-keys.ts';
import { createCredentialReportHandlers } from './credential-report.ts';
import type { IamDeps } from './deps.ts';
import { iamError } from './errors.ts';
import { createGroupHandlers } from './groups.ts';
import { createHolderHandlers } from './holders.ts';
import { createInstanceProfileHandlers } from './instance-profiles.ts';
import { createLoginProfileHandlers } from './login-profiles.ts';
import { createMfaHandlers } from './mfa-devices.ts';
import { createNothingThereHandlers } from './nothing-there.ts';
import { createPermissions } from './permissions.ts';
import { createPolicyHandlers } from './policies.ts';
import { createProviderHandlers } from './providers.ts';
import { createRoleHandlers } from './roles.ts';
import { createServiceLinkedRoleHandlers } from './service-linked-roles.ts';
import { createSimulationHandlers } from './simulate.ts';
import { createTagHandlers } from './tags.ts';
import { createUserHandlers } from './users.ts';
import { validateInput } from './validate.ts';

/**
 * IAM: users, groups, roles, policies and what belongs to them. Follows AWS's API of 2010-05-08 as it was in 2026-04. A
 * change holds from its answer on, where AWS takes seconds. Left out, each with InvalidAction: certificates, SSH keys,
 * credentials of single services (CodeCommit, Cassandra …), service last accessed details, delegation requests, root access
 * of organizations, outbound federation.
 */
export function iamService(deps: IamDeps): Service {
  const operations: Record<string, Handler> = {
    ...createUserHandlers(deps),
    ...createGroupHandlers(deps),
    ...createRoleHandlers(deps),
    ...createServiceLinkedRoleHandlers(deps),
    ...createHolderHandlers(deps),
    ...createPolicyHandlers(deps),
    ...createInstanceProfileHandlers(deps),
    ...createAccessKeyHandlers(deps),
    ...createLoginProfileHandlers(deps),
    ...createMfaHandlers(deps),
    ...createProviderHandlers(deps),
    ...createTagHandlers(deps),
    ...createAccountHandlers(deps),
    ...createAuthorizationDetailsHandlers(deps),
    ...createCredentialReportHandlers(deps),
    ...createSimulationHandlers(deps),
    ...createContextKeyHandlers(deps),
    ...createNothingThereHandlers(deps),
  };
  return {
    schema: deps.schema,
    operations,
    permissions: createPermissions(deps.store),
    async authorize({ operation, caller }, input) {
      if (!mayCallIam(caller.principal)) throw authError('query', 'bad-token');
      validateInput(operation, input);
    },
    notImplemented: (operation) =>
      iamError('InvalidAction', `The action ${operation} is not valid for this endpoint: OpenTrail's IAM lacks it.`),
  };
}
