import { identityPolicy } from '../../access/iam/documents.ts';
import type { Change, OrganizationsDeps, Read } from './deps.ts';
import { constraint, invalid, orgError } from './errors.ts';
import { checkPolicyType, ownPolicyOf, type Target, targetOf, targetsIn } from './find.ts';
import { arns, FULL_AWS_ACCESS, newIds, type OwnPolicy, SCP, type Tree } from './model.ts';
import { requireScp } from './organization.ts';
import { policySummary } from './output.ts';
import { type PageRequest, pageOf } from './pages.ts';
import type { Draft } from './store.ts';
import { type Tag, tagsOf } from './tag-rules.ts';

/** AWS's quotas. */
const POLICY_CHARS_MAX = 5120;
const POLICIES_MAX = 1000;
const ATTACHED_MAX = 5;

const FULL_ACCESS: OwnPolicy = {
  id: FULL_AWS_ACCESS,
  name: 'FullAWSAccess',
  description: 'Allows access to every operation',
  content: JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  }),
  tags: {},
};

/** The organization's own or AWS's. @throws AwsError PolicyNotFoundException */
export const policyOf = (tree: Tree, id: string): OwnPolicy =>
  id === FULL_AWS_ACCESS ? FULL_ACCESS : ownPolicyOf(tree, id);

interface PolicyRequest {
  readonly PolicyId: string;
}
interface AttachmentRequest extends PolicyRequest {
  readonly TargetId: string;
}
type FilterRequest = PageRequest & { readonly Filter: string };

export const policyReads: Readonly<Record<string, Read>> = {
  DescribePolicy: (tree, { PolicyId }: PolicyRequest) => ({ Policy: policyOutput(tree, policyOf(tree, PolicyId)) }),

  ListPolicies: (tree, input: FilterRequest) => {
    const policies =
      input.Filter === SCP && tree.organization.allFeatures ? [FULL_ACCESS, ...tree.policy.values()] : [];
    const { page, ...rest } = pageOf(policies, ({ id }) => id, input, ['policies', input.Filter]);
    return { Policies: page.map((policy) => policySummary(tree, policy)), ...rest };
  },

  ListPoliciesForTarget: (tree, input: FilterRequest & { readonly TargetId: string }) => {
    const { node } = targetOf(tree, input.TargetId);
    const policies = input.Filter === SCP ? node.policies.map((id) => policyOf(tree, id)) : [];
    const { page, ...rest } = pageOf(policies, ({ id }) => id, input, ['attached', node.id, input.Filter]);
    return { Policies: page.map((policy) => policySummary(tree, policy)), ...rest };
  },

  ListTargetsForPolicy: (tree, input: PageRequest & PolicyRequest) => {
    const { id } = policyOf(tree, input.PolicyId);
    const { page, ...rest } = pageOf(holdersOf(tree, id), ({ node }) => node.id, input, ['targets', id]);
    return { Targets: page.map((target) => targetOutput(tree, target)), ...rest };
  },
};

export const createPolicyChanges = ({ random }: OrganizationsDeps): Readonly<Record<string, Change>> => ({
  CreatePolicy: (
    draft,
    tree,
    input: { Name: string; Description: string; Content: string; Type: string; Tags?: Tag[] },
  ) => {
    checkPolicyType(tree.organization, input.Type);
    checkContent(input.Content);
    refuseTwin(tree, input.Name);
    if (tree.policy.size >= POLICIES_MAX) {
      throw constraint('POLICY_NUMBER_LIMIT_EXCEEDED', `You have exceeded the ${POLICIES_MAX} policies of a type.`);
    }
    const policy: OwnPolicy = {
      id: newIds.policy(random),
      name: input.Name,
      description: input.Description,
      content: input.Content,
      tags: tagsOf(input.Tags),
    };
    draft.put(tree.organization.id, 'policy', policy);
    return { Policy: policyOutput(tree, policy) };
  },

  UpdatePolicy: (
    draft,
    tree,
    input: PolicyRequest & { readonly Name?: string; readonly Description?: string; readonly Content?: string },
  ) => {
    refuseManaged(input.PolicyId);
    const before = ownPolicyOf(tree, input.PolicyId);
    const { Name = before.name, Description = before.description, Content = before.content } = input;
    checkContent(Content);
    if (Name !== before.name) refuseTwin(tree, Name);
    const policy = { ...before, name: Name, description: Description, content: Content };
    draft.put(tree.organization.id, 'policy', policy);
    return { Policy: policyOutput(tree, policy) };
  },

  DeletePolicy: (draft, tree, { PolicyId }: PolicyRequest) => {
    refuseManaged(PolicyId);
    const { id } = ownPolicyOf(tree, PolicyId);
    if (holdersOf(tree, id).length > 0) {
      throw orgError(
        'PolicyInUseException',
        'The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation.',
      );
    }
    draft.remove(tree.organization.id, 'policy', id);
    return {};
  },

  AttachPolicy: (draft, tree, { PolicyId, TargetId }: AttachmentRequest) => {
    const { id } = policyOf(tree, PolicyId);
    const target = targetOf(tree, TargetId);
    requireScp(tree);
    const { policies } = target.node;
    if (policies.includes(id)) {
      throw orgError(
        'DuplicatePolicyAttachmentException',
        'A policy with the same name and type already exists for the specified target.',
      );
    }
    if (policies.length >= ATTACHED_MAX) {
      throw constraint(
        'MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED',
        `You attempted to exceed the ${ATTACHED_MAX} policies of a type that can be attached to an entity at one time.`,
      );
    }
    setPolicies(draft, tree, target, [...policies, id]);
    return {};
  },

  DetachPolicy: (draft, tree, { PolicyId, TargetId }: AttachmentRequest) => {
    const { id } = policyOf(tree, PolicyId);
    const target = targetOf(tree, TargetId);
    requireScp(tree);
    const { policies } = target.node;
    if (!policies.includes(id)) {
      throw orgError(
        'PolicyNotAttachedException',
        "The policy isn't attached to the specified target in the specified root.",
      );
    }
    if (policies.length === 1) {
      throw constraint(
        'MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED',
        'You attempted to detach a policy from an entity, which would cause the entity to have fewer than the minimum number of policies of that type.',
      );
    }
    const left = policies.filter((attached) => attached !== id);
    setPolicies(draft, tree, target, left);
    return {};
  },
});

function setPolicies(draft: Draft, tree: Tree, { kind, node }: Target, policies: readonly string[]): void {
  if (kind === 'unit') draft.put(tree.organization.id, kind, { ...node, policies });
  else draft.put(tree.organization.id, kind, { ...node, policies });
}

const holdersOf = (tree: Tree, policyId: string): Target[] =>
  targetsIn(tree).filter(({ node }) => node.policies.includes(policyId));

const policyOutput = (tree: Tree, policy: OwnPolicy) => ({
  PolicySummary: policySummary(tree, policy),
  Content: policy.content,
});

const targetOutput = (tree: Tree, { kind, node }: Target) => ({
  TargetId: node.id,
  Arn: arns.target(tree.organization, node.id),
  Name: node.name,
  Type: kind === 'account' ? 'ACCOUNT' : node.parentId === undefined ? 'ROOT' : 'ORGANIZATIONAL_UNIT',
});

/** @throws AwsError ConstraintViolationException, MalformedPolicyDocumentException */
function checkContent(content: string): void {
  if (content.length > POLICY_CHARS_MAX) {
    throw constraint(
      'POLICY_CONTENT_LIMIT_EXCEEDED',
      `You have exceeded the ${POLICY_CHARS_MAX} characters that a policy of this type may have.`,
    );
  }
  const read = identityPolicy(content);
  if ('policy' in read) return;
  throw orgError(
    'MalformedPolicyDocumentException',
    `The provided policy document does not meet the requirements of the specified policy type: ${read.problem}`,
  );
}

function refuseManaged(id: string): void {
  if (id !== FULL_AWS_ACCESS) return;
  throw invalid('IMMUTABLE_POLICY', "You specified a policy that is managed by AWS and can't be modified.");
}

function refuseTwin(tree: Tree, name: string): void {
  const twin = [FULL_ACCESS, ...tree.policy.values()].some((policy) => policy.name === name);
  if (twin) throw orgError('DuplicatePolicyException', 'A policy with the same name already exists.');
}
