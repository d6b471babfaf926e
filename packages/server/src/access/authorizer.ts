import { AwsError } from '../base/errors.ts';
import type { ServiceSchema } from '../schema/types.ts';
import type { Caller } from './caller.ts';
import { globalKey, principalOf, type RequestFacts } from './context.ts';
import { decide, type PolicyKind, type PolicySet, type Ruling } from './decide.ts';
import { DENIAL_MESSAGE_HEADER, type DenialMessages } from './denial-messages.ts';
import { parsePolicy } from './parse-policy.ts';
import type { Policy, PolicyRequest } from './policy.ts';
import type { OrganizationSource, PrincipalPolicySource } from './principal-policies.ts';

/** One thing that a call must be allowed to do. */
export interface AccessRequest {
  /** `cloudtrail:CreateTrail` */
  readonly action: string;
  /** An ARN, or `*` for actions that know no resources. */
  readonly resource: string;
  /** Condition keys of the service; the global ones are added. */
  readonly context?: PolicyRequest['context'];
  readonly later?: PolicyRequest['later'];
  readonly resourcePolicy?: Policy;
  /** Whose the resource is. Default: the caller's account. */
  readonly resourceAccountId?: string;
  /** Its policy must allow also within the account: roles' trust policies, KMS keys. */
  readonly resourceDecides?: boolean;
  /** Something of the resource besides its policy allows it: a grant of a KMS key, an ACL. */
  readonly granted?: boolean;
}

/** With a message in AWS's words; empty when allowed. */
export type Decision = Ruling & { readonly message: string };

export interface Authorizer {
  decide(caller: Caller, facts: RequestFacts, request: AccessRequest): Promise<Decision>;
  /** @throws AwsError as the service spells it: AccessDenied, AccessDeniedException … */
  require(caller: Caller, facts: RequestFacts, request: AccessRequest, denial?: Denial): Promise<void>;
}

/** How a service spells a refusal. */
export interface Denial {
  readonly code: string;
  readonly status: number;
}

export interface AuthorizerDeps {
  readonly policies: PrincipalPolicySource;
  readonly organizations?: OrganizationSource;
  /** Encodes why a call was denied, for who may know. */
  readonly denialMessages?: Pick<DenialMessages, 'encode'>;
}

export function createAuthorizer({ policies, organizations, denialMessages }: AuthorizerDeps): Authorizer {
  const readSession = createSessionPolicyCache();

  /** What the request knows of caller and resource, and all policies but the resource's. */
  async function sidesOf(caller: Caller, resourceAccountId: string | undefined) {
    const { accountId, principal } = caller;
    if (caller.anonymous || principal.kind === 'service') return { set: NOTHING };
    // Federated users without a name are root's.
    const isRoot = principal.kind === 'root' || (principal.kind === 'federated' && principal.name === undefined);
    const own = isRoot ? undefined : await policies.policiesOf(accountId, principal);
    const place = await organizations?.placeOf(accountId);
    const foreign = resourceAccountId !== undefined && resourceAccountId !== accountId;
    const resourcePlace = foreign ? await organizations?.placeOf(resourceAccountId) : place;
    const limited = principal.session !== undefined && principal.session.policies.length > 0;
    const set: PolicySet = {
      identity: isRoot ? 'everything' : (own?.identity ?? []),
      ...(own?.boundary && { boundary: own.boundary }),
      ...((limited || principal.kind === 'federated') && {
        session: (principal.session?.policies ?? []).map(readSession),
      }),
      ...(place && !own?.serviceLinked && { serviceControl: place.serviceControl }),
    };
    return { set, tags: own?.tags, place, resourcePlace };
  }

  async function rule(caller: Caller, facts: RequestFacts, asked: AccessRequest): Promise<Ruling> {
    const { action, resource, resourcePolicy, resourceAccountId, resourceDecides, granted } = asked;
    const { set, tags, place, resourcePlace } = await sidesOf(caller, resourceAccountId);
    const by = { caller, facts, tags, place, resourceAccountId, resourcePlace };
    return decide(
      {
        ...set,
        resource: {
          ...(resourcePolicy && { policy: resourcePolicy }),
          ...(resourceAccountId !== undefined && { accountId: resourceAccountId }),
          ...(resourceDecides !== undefined && { decides: resourceDecides }),
          ...(granted !== undefined && { granted }),
        },
      },
      {
        principal: principalOf(caller, set.boundary !== undefined),
        action,
        resource,
        context: asked.context ?? NO_KEYS,
        later: asked.later,
        more: (key) => globalKey(by, key),
      },
    );
  }

  return {
    async decide(caller, facts, request) {
      const ruling = await rule(caller, facts, request);
      return { ...ruling, message: denialMessage(caller, request, ruling) };
    },
    async require(caller, facts, request, denial = denialOfAction(request.action)) {
      const ruling = await rule(caller, facts, request);
      if (ruling.allowed) return;
      const encoded = caller.anonymous ? undefined : denialMessages?.encode(caller, request, ruling);
      throw new AwsError(denial.code, denialMessage(caller, request, ruling), {
        status: denial.status,
        ...(encoded !== undefined && { headers: { [DENIAL_MESSAGE_HEADER]: encoded } }),
      });
    },
  };
}

const NO_KEYS = {};
/** Of services and anonymous callers. */
const NOTHING: PolicySet = { identity: [] };

/** AWS's words (IAM user guide, "Troubleshoot access denied error messages"). */
export function denialMessage(
  caller: Caller,
  { action, resource }: Pick<AccessRequest, 'action' | 'resource'>,
  ruling: Ruling,
): string {
  if (ruling.allowed) return '';
  const policy = action === 'sts:AssumeRole' && ruling.by === 'resource-based' ? TRUST_POLICY : POLICY_NAMES[ruling.by];
  const why =
    ruling.kind === 'explicit-deny'
      ? `with an explicit deny in ${policy}`
      : `because no ${policy.slice(policy.indexOf(' ') + 1)} allows the ${action} action`;
  return `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
}

const TRUST_POLICY = 'the role trust policy';
const POLICY_NAMES: Readonly<Record<PolicyKind, string>> = {
  'identity-based': 'an identity-based policy',
  'resource-based': 'a resource-based policy',
  session: 'a session policy',
  'permissions boundary': 'a permissions boundary',
  'service control': 'a service control policy',
};

const DENIED_403: Denial = { code: 'AccessDenied', status: 403 };
/** Services that (also) speak the query protocol and S3 have the shorter name, and all but those of JSON-RPC answer 403. */
export function denialOf({ id, protocols }: Pick<ServiceSchema, 'protocols'> & { readonly id?: string }): Denial {
  if (id === 'sns') return { code: 'AuthorizationError', status: 403 };
  const protocol = protocols[0]!;
  if (protocol === 'ec2Query') return { code: 'UnauthorizedOperation', status: 403 };
  if (protocols.includes('awsQuery') || protocol === 'restXml') return DENIED_403;
  return { code: 'AccessDeniedException', status: protocol === 'restJson1' ? 403 : 400 };
}

const SHORT_NAMED: ReadonlySet<string> = new Set(['s3', 'iam', 'sts']);
const denialOfAction = (action: string): Denial =>
  SHORT_NAMED.has(action.slice(0, action.indexOf(':'))) ? DENIED_403 : { code: 'AccessDeniedException', status: 400 };

/** Session policies in use at a time that need not be read anew for each call. A document has at most some KB. */
const SESSION_POLICIES_MAX = 1_000;
/** AWS's longest managed policies, which sessions can be limited by, have well under that. */
const SESSION_POLICY_BYTES_MAX = 256 * 1024;
/** STS has refused what is no policy; should one come all the same, it allows nothing. */
const ALLOWS_NOTHING: Policy = { version: '2012-10-17', statements: [] };

/** Reads session policies, each once as long as it is used. */
function createSessionPolicyCache(): (json: string) => Policy {
  const known = new Map<string, Policy>();
  return (json) => {
    let policy = known.get(json);
    if (!policy) {
      const parsed = parsePolicy(json, { principal: 'refused', sizeBytesMax: SESSION_POLICY_BYTES_MAX });
      policy = 'policy' in parsed ? parsed.policy : ALLOWS_NOTHING;
      if (known.size >= SESSION_POLICIES_MAX) known.delete(known.keys().next().value!);
      known.set(json, policy);
    }
    return policy;
  };
}
