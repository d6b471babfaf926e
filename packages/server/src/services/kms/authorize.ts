import { callerContext, principalOf, type RequestFacts, serviceContext } from '../../access/context.ts';
import { evaluate, type PolicyRequest, type RequestPrincipal, type Verdict } from '../../access/policy.ts';
import type { AwsError } from '../../base/errors.ts';
import type { CallContext } from '../../wire/service.ts';
import type { KmsDeps } from './deps.ts';
import { kmsError } from './errors.ts';
import { type Grantable, isGranted, mayRetire } from './grants.ts';
import type { Grant, Key } from './key.ts';
import { policyOf } from './policy.ts';

/** One thing that a call must be allowed to do (permissions.ts says which). */
export interface KmsAccess {
  /** `kms:Encrypt` */
  readonly action: string;
  readonly resource: string;
  /** Condition keys of KMS; the global ones come from `Who`. */
  readonly context: PolicyRequest['context'];
  /** Whose policy and grants decide. Without it, identity policies alone. */
  readonly key?: Key;
  readonly grantable?: Grantable;
  readonly retiring?: Grant;
}

/** Who asks, as policies see it. */
export interface Who {
  readonly principal: RequestPrincipal;
  /** For messages. */
  readonly name: string;
  readonly context: PolicyRequest['context'];
  /** What the policies of its own say; of services, nothing. */
  readonly identityVerdict: (request: PolicyRequest) => Promise<Verdict>;
}

/** What of a call tells who makes it. */
export type Asking = Pick<CallContext, 'caller' | 'timeMs' | 'sourceIp' | 'userAgent' | 'tls'>;

export function whoCalls(deps: KmsDeps, asking: Asking, viaService?: string): Who {
  const { caller } = asking;
  const facts: RequestFacts = { ...asking, secureTransport: asking.tls !== undefined };
  const { identityVerdict } = deps;
  return {
    principal: principalOf(caller),
    name: caller.arn,
    context: {
      ...callerContext(caller, facts),
      'kms:CallerAccount': caller.accountId,
      ...(viaService !== undefined && { 'kms:ViaService': viaService, 'aws:ViaAWSService': 'true' }),
    },
    identityVerdict: async (request) => (identityVerdict ? identityVerdict(caller, request) : 'allow'),
  };
}

export function whoServes(
  service: { readonly service: string; readonly sourceArn: string; readonly sourceAccount: string },
  timeMs: number,
): Who {
  return {
    principal: { kind: 'service', service: service.service },
    name: service.service,
    context: serviceContext(service, timeMs),
    identityVerdict: async () => 'none',
  };
}

/**
 * Decides as KMS does: a Deny anywhere wins. Then the key's policy must allow it, to the principal itself or to its
 * account, which leaves it to the account's identity policies; or a grant. The identity policies of another account must
 * allow it as well; without the key's policy they are worth nothing.
 * @throws AwsError AccessDeniedException
 */
export async function requireAccess(deps: KmsDeps, who: Who, access: KmsAccess): Promise<void> {
  const { action, resource, key, grantable, retiring } = access;
  const request: PolicyRequest = {
    principal: who.principal,
    action,
    resource,
    context: { ...who.context, ...access.context },
  };
  const identity = await who.identityVerdict(request);
  if (identity === 'deny') throw denied(who, access, 'with an explicit deny in an identity-based policy');
  if (!key) {
    if (identity === 'allow') return;
    throw denied(who, access, `because no identity-based policy allows the ${action} action`);
  }
  const policy = policyOf(key);
  const verdict = evaluate(policy, request);
  if (verdict === 'deny') throw denied(who, access, 'with an explicit deny in a resource-based policy');
  if (verdict === 'allow') {
    const own = who.principal.kind !== 'aws' || who.principal.accountId === key.accountId;
    if (identity === 'allow') return;
    if (own && evaluate(policy, { ...request, principal: withoutAccount(who.principal) }) === 'allow') return;
  }
  if (retiring && mayRetire(retiring, who.principal)) return;
  if (grantable && (await isGranted(deps.state, key, who.principal, grantable))) return;
  const kind = verdict === 'allow' ? 'identity-based' : 'resource-based';
  throw denied(who, access, `because no ${kind} policy allows the ${action} action`);
}

/** Fits only statements that name the principal itself, or everybody. */
const withoutAccount = (principal: RequestPrincipal): RequestPrincipal =>
  principal.kind === 'aws' ? { ...principal, accountId: '' } : principal;

function denied(who: Who, { action, resource }: KmsAccess, why: string): AwsError {
  return kmsError(
    'AccessDeniedException',
    `User: ${who.name} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  );
}
