import type * as iam from '@aws-sdk/client-iam';
import { type Caller, canonicalUserId } from '../../access/caller.ts';
import { decide, type PolicySet } from '../../access/decide.ts';
import { identityPolicy } from '../../access/iam/documents.ts';
import { parsePolicy } from '../../access/parse-policy.ts';
import type { Policy, PolicyRequest, RequestPrincipal } from '../../access/policy.ts';
import { askedOf, DENIED, SILENT, weigh } from '../../access/weigh.ts';
import type { Handler } from '../../wire/service.ts';
import { contextKeysOf } from './context-keys.ts';
import type { IamDeps } from './deps.ts';
import { iamError } from './errors.ts';
import { pageOf } from './pages.ts';
import { type NamedPolicy, principalByArn, type SimulatedPrincipal } from './simulated-principal.ts';

type Input = iam.SimulateCustomPolicyRequest & Partial<iam.SimulatePrincipalPolicyRequest>;

/** What a request says of who, what and where, read once for all actions and resources. */
interface Scene {
  readonly policies: readonly NamedPolicy[];
  readonly set: PolicySet;
  readonly resourcePolicy?: Policy;
  readonly principal: RequestPrincipal;
  readonly context: PolicyRequest['context'];
  readonly missing: readonly string[];
}

/** Bounds one simulation: actions times resources. */
const DECISIONS_MAX = 10_000;

/**
 * What policies would say to requests, by the same function that decides over real ones. Service control policies are
 * left out, and where in a document a matching statement stands.
 */
export function createSimulationHandlers({ store }: IamDeps): Record<string, Handler> {
  function answer(
    caller: Caller,
    operation: string,
    input: Input,
    who: SimulatedPrincipal,
  ): iam.SimulatePolicyResponse {
    const scene = sceneOf(caller, input, who);
    const resources = input.ResourceArns?.length ? input.ResourceArns : ['*'];
    const requests = (input.ActionNames ?? []).flatMap((action) => resources.map((resource) => ({ action, resource })));
    if (requests.length > DECISIONS_MAX) {
      throw iamError('InvalidInput', `A simulation may have at most ${DECISIONS_MAX} pairs of action and resource.`);
    }
    const bad = requests.find(({ action }) => !/^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$/.test(action));
    if (bad) throw iamError('InvalidInput', `Invalid Action: ${bad.action}`);
    const { Marker: _marker, MaxItems: _max, ...asked } = input;
    const numbered = requests.map((request, i) => ({ request, key: String(i).padStart(6, '0') }));
    const { page, end } = pageOf(numbered, ({ key }) => key, input, [operation, caller.accountId, asked]);
    return { EvaluationResults: page.map(({ request }) => evaluate(scene, request, input)), ...end };
  }

  return {
    SimulateCustomPolicy: async ({ caller, operation }, input: iam.SimulateCustomPolicyRequest) =>
      answer(caller, operation, input, { policies: [], tags: {}, context: {} }),

    SimulatePrincipalPolicy: async ({ caller, operation }, input: iam.SimulatePrincipalPolicyRequest) => {
      const who = await principalByArn(store, caller.accountId, input.PolicySourceArn!);
      return answer(caller, operation, input as Input, who);
    },
  };
}

function sceneOf(caller: Caller, input: Input, who: SimulatedPrincipal): Scene {
  const given = (input.PolicyInputList ?? []).map((document, i) => named(document, `PolicyInputList.${i + 1}`));
  const [bound] = (input.PermissionsBoundaryPolicyInputList ?? []).map((document) => named(document, 'boundary'));
  const policies = [...who.policies, ...given];
  const boundary = bound?.policy ?? who.boundary;
  const resourcePolicy = input.ResourcePolicy === undefined ? undefined : readResourcePolicy(input.ResourcePolicy);
  const entries = Object.fromEntries(
    (input.ContextEntries ?? []).map(({ ContextKeyName, ContextKeyValues }) => [
      ContextKeyName!,
      ContextKeyValues ?? [],
    ]),
  );
  const context = { ...who.context, ...entries };
  const have = new Set(Object.keys(context).map((key) => key.toLowerCase()));
  const all = [
    ...policies.map(({ policy }) => policy),
    ...(boundary ? [boundary] : []),
    ...(resourcePolicy ? [resourcePolicy] : []),
  ];
  const arn = input.CallerArn ?? who.arn;
  const ownerId = input.ResourceOwner && /\d{12}/.exec(input.ResourceOwner)?.[0];
  return {
    policies,
    set: {
      identity: policies.map(({ policy }) => policy),
      ...(boundary && { boundary }),
      ...((resourcePolicy || ownerId) && {
        resource: { ...(resourcePolicy && { policy: resourcePolicy }), ...(ownerId && { accountId: ownerId }) },
      }),
    },
    ...(resourcePolicy && { resourcePolicy }),
    principal: principalFor(arn ?? `arn:aws:iam::${caller.accountId}:user/simulated`, caller.accountId),
    context,
    missing: contextKeysOf(all).filter((key) => !have.has(key.toLowerCase())),
  };
}

function evaluate(scene: Scene, request: { readonly action: string; readonly resource: string }, input: Input) {
  const asked: PolicyRequest = { principal: scene.principal, ...request, context: scene.context };
  const ruling = decide(scene.set, asked);
  const EvalDecision: iam.PolicyEvaluationDecisionType = ruling.allowed
    ? 'allowed'
    : ruling.kind === 'explicit-deny'
      ? 'explicitDeny'
      : 'implicitDeny';
  const MatchedStatements =
    EvalDecision === 'implicitDeny' ? [] : matching(scene, asked, EvalDecision === 'explicitDeny');
  const { boundary } = scene.set;
  const PermissionsBoundaryDecisionDetail = boundary && {
    AllowedByPermissionsBoundary: decide({ identity: [boundary] }, asked).allowed,
  };
  const details = {
    EvalDecision,
    MatchedStatements,
    MissingContextValues: [...scene.missing],
    ...(PermissionsBoundaryDecisionDetail && { PermissionsBoundaryDecisionDetail }),
  };
  return {
    EvalActionName: request.action,
    EvalResourceName: request.resource,
    ...details,
    ...(input.ResourceArns?.length && {
      ResourceSpecificResults: [
        {
          EvalResourceName: request.resource,
          EvalResourceDecision: EvalDecision,
          MatchedStatements,
          MissingContextValues: details.MissingContextValues,
          ...(PermissionsBoundaryDecisionDetail && { PermissionsBoundaryDecisionDetail }),
        },
      ],
    }),
  };
}

/** The policies that have a statement with this say, each statement once. */
function matching(scene: Scene, request: PolicyRequest, denies: boolean): iam.Statement[] {
  const asked = askedOf(request);
  const sources = [
    ...scene.policies.map((source) => ({ ...source, type: 'IAM Policy' })),
    ...(scene.resourcePolicy ? [{ policy: scene.resourcePolicy, id: 'ResourcePolicy', type: 'Resource Policy' }] : []),
  ];
  return sources.flatMap(({ policy, id, type }) =>
    policy.statements
      .map((statement) => weigh({ ...policy, statements: [statement] }, asked))
      .filter((weight) => (denies ? weight === DENIED : weight !== DENIED && weight !== SILENT))
      .map(() => ({ SourcePolicyId: id, SourcePolicyType: type as iam.PolicySourceType })),
  );
}

function named(document: string, id: string): NamedPolicy {
  const read = identityPolicy(document);
  if ('policy' in read) return { policy: read.policy, id };
  throw iamError('InvalidInput', `The policy ${id} is not valid: ${read.problem}`);
}

function readResourcePolicy(document: string): Policy {
  const read = parsePolicy(document);
  if ('policy' in read) return read.policy;
  throw iamError('InvalidInput', `The resource policy is not valid: ${read.problem}`);
}

function principalFor(arn: string, ownAccountId: string): RequestPrincipal {
  const accountId = /^arn:aws:(?:iam|sts)::(\d{12}):/.exec(arn)?.[1] ?? ownAccountId;
  const session = /^arn:aws:sts::\d{12}:assumed-role\/([\w+=,.@-]+)\//.exec(arn);
  return {
    kind: 'aws',
    accountId,
    arn,
    canonicalUserId: canonicalUserId(accountId),
    ...(session && { roleArn: `arn:aws:iam::${accountId}:role/${session[1]}` }),
  };
}
