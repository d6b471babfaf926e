import type { AccessRequest } from '../../access/authorizer.ts';
import { callerContext, principalOf, resourceContext, serviceContext } from '../../access/context.ts';
import { decide } from '../../access/decide.ts';
import { evaluate, type PolicyRequest, type RequestPrincipal } from '../../access/policy.ts';
import type { State } from '../../ports/state.ts';
import { type CallContext, factsOf } from '../../wire/service.ts';
import type { KmsDeps } from './deps.ts';
import { kmsError } from './errors.ts';
import { type Grantable, isGranted, mayRetire } from './grants.ts';
import { type Grant, type Key, keyArn } from './key.ts';
import { policyOf, readKeyPolicy } from './policy.ts';

/** One thing that a call must be allowed to do (permissions.ts says which). */
export interface KmsAccess {
  /** `kms:Encrypt` */
  readonly action: string;
  readonly resource: string;
  /** Condition keys of KMS. */
  readonly context: PolicyRequest['context'];
  /** Whose policy and grants decide. Without it, identity policies alone. */
  readonly key?: Key;
  readonly grantable?: Grantable;
  readonly retiring?: Grant;
}

/**
 * What the authorizer is to decide. Of a key its policy or a grant must allow it, also within the account: identity
 * policies count only where the key's policy leaves it to the account.
 */
export async function requestOf(
  state: State,
  caller: CallContext['caller'],
  access: KmsAccess,
): Promise<AccessRequest> {
  const { action, resource, key } = access;
  const context = { ...access.context, 'kms:CallerAccount': caller.accountId };
  if (!key) return { action, resource, context };
  return {
    action,
    resource,
    context,
    resourcePolicy: policyOf(key),
    resourceAccountId: key.accountId,
    resourceDecides: true,
    granted: await grantAllows(state, key, principalOf(caller), access),
  };
}

async function grantAllows(state: State, key: Key, principal: RequestPrincipal, { grantable, retiring }: KmsAccess) {
  if (retiring) return mayRetire(retiring, principal);
  return grantable !== undefined && isGranted(state, key, principal, grantable);
}

/** For a caller who uses a key by way of a service. @throws AwsError AccessDeniedException */
export async function requireVia(deps: KmsDeps, via: CallContext, service: string, access: KmsAccess): Promise<void> {
  const asked = await requestOf(deps.state, via.caller, access);
  const viaService = { 'kms:ViaService': service.replace('.', `.${via.region}.`) };
  const facts = { ...factsOf(via), calledVia: [service] };
  await deps.authorizer.require(via.caller, facts, { ...asked, context: { ...asked.context, ...viaService } });
}

/** For a service that acts for one of its resources: only the key can allow it. @throws AwsError AccessDeniedException */
export async function requireForService(
  { state, clock, organizations }: Pick<KmsDeps, 'state' | 'clock' | 'organizations'>,
  source: { readonly service: string; readonly sourceArn: string; readonly sourceAccount: string },
  access: KmsAccess & { readonly key: Key },
): Promise<void> {
  const { action, resource, key } = access;
  const principal = { kind: 'service', service: source.service } as const;
  const granted = await grantAllows(state, key, principal, access);
  const context = {
    ...serviceContext(source, clock.now(), await organizations?.placeOf(source.sourceAccount)),
    ...resourceContext(key.accountId, await organizations?.placeOf(key.accountId)),
    ...access.context,
  };
  const side = { policy: policyOf(key), accountId: key.accountId, granted };
  const ruling = decide({ identity: [], resource: side }, { principal, action, resource, context });
  if (ruling.allowed) return;
  const why =
    ruling.kind === 'explicit-deny'
      ? 'with an explicit deny in a resource-based policy'
      : `because no resource-based policy allows the ${action} action`;
  throw kmsError(
    'AccessDeniedException',
    `User: ${source.service} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  );
}

/** @throws AwsError MalformedPolicyDocumentException for no policy, or one that shuts its own author out */
export function checkLockout(context: CallContext, key: Key, policy: string, bypassed = false): void {
  const parsed = readKeyPolicy(policy);
  if (bypassed) return;
  const { caller } = context;
  const request = {
    principal: principalOf(caller),
    action: 'kms:PutKeyPolicy',
    resource: keyArn(key),
    context: { ...callerContext(caller, factsOf(context)), 'kms:CallerAccount': caller.accountId },
  };
  if (evaluate(parsed, request) === 'allow') return;
  throw kmsError(
    'MalformedPolicyDocumentException',
    'The new key policy will not allow you to update the key policy in the future.',
  );
}
