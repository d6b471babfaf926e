import {
  arns,
  type Creation,
  FULL_AWS_ACCESS,
  type Handshake,
  type Member,
  type OwnPolicy,
  profileOf,
  SCP,
  type Tree,
  type Unit,
  type World,
} from './model.ts';

/** The shapes of AWS's answers. */
const ENABLED = [{ Type: SCP, Status: 'ENABLED' }];

export function organizationOutput({ organization, account }: Pick<Tree, 'organization' | 'account'>) {
  const { id, managementAccountId, allFeatures } = organization;
  return {
    Id: id,
    Arn: arns.organization(organization),
    FeatureSet: allFeatures ? 'ALL' : 'CONSOLIDATED_BILLING',
    MasterAccountArn: arns.account(organization, managementAccountId),
    MasterAccountId: managementAccountId,
    MasterAccountEmail: account.get(managementAccountId)!.email,
    // AWS says so of organizations with all features, whether enabled in the root or not.
    AvailablePolicyTypes: allFeatures ? ENABLED : [],
  };
}

export const rootOutput = ({ organization }: Pick<Tree, 'organization'>) => ({
  Id: organization.rootId,
  Arn: arns.root(organization, organization.rootId),
  Name: 'Root',
  PolicyTypes: organization.scpEnabled ? ENABLED : [],
});

/** From the root down to the unit, itself included. */
export function lineOf(tree: Pick<Tree, 'unit'>, unitId: string): Unit[] {
  const unit = tree.unit.get(unitId)!;
  return unit.parentId === undefined ? [unit] : [...lineOf(tree, unit.parentId), unit];
}

/** `o-…/r-…/ou-…/` */
export const pathOf = (tree: Pick<Tree, 'organization' | 'unit'>, unitId: string): string =>
  [tree.organization.id, ...lineOf(tree, unitId).map(({ id }) => id), ''].join('/');

export const unitOutput = (tree: Tree, unit: Unit) => ({
  Id: unit.id,
  Arn: arns.unit(tree.organization, unit.id),
  Name: unit.name,
});

export const accountOutput = ({ organization, ...tree }: Tree, member: Member) => ({
  Id: member.id,
  Arn: arns.account(organization, member.id),
  Email: member.email,
  Name: member.name,
  Status: 'ACTIVE',
  State: 'ACTIVE',
  Paths: [`${pathOf({ organization, ...tree }, member.parentId)}${member.id}/`],
  JoinedMethod: member.method,
  JoinedTimestamp: new Date(member.joinedMs),
});

export const creationOutput = (creation: Creation) => ({
  Id: creation.id,
  AccountName: creation.name,
  State: creation.state,
  RequestedTimestamp: new Date(creation.requestedMs),
  ...(creation.completedMs !== undefined && { CompletedTimestamp: new Date(creation.completedMs) }),
  ...(creation.state === 'SUCCEEDED' && { AccountId: creation.accountId }),
  ...(creation.failure && { FailureReason: creation.failure }),
});

export const policySummary = ({ organization }: Tree, { id, name, description }: OwnPolicy) => ({
  Id: id,
  Arn: arns.policy(organization, id),
  Name: name,
  Description: description,
  Type: SCP,
  AwsManaged: id === FULL_AWS_ACCESS,
});

/** One that nobody has answered in time has expired. */
export const stateOf = ({ state, expiresMs }: Handshake, nowMs: number): Handshake['state'] | 'EXPIRED' =>
  state === 'OPEN' && expiresMs <= nowMs ? 'EXPIRED' : state;

export function handshakeOutput(world: World, tree: Pick<Tree, 'organization'>, handshake: Handshake, nowMs: number) {
  const { organization } = tree;
  const manager = profileOf(world, organization.managementAccountId);
  const { target, notes } = handshake;
  return {
    Id: handshake.id,
    Arn: arns.handshake(organization, handshake.id),
    Parties: [
      { Id: organization.id.slice(2), Type: 'ORGANIZATION' },
      { Id: target.id, Type: target.type },
    ],
    State: stateOf(handshake, nowMs),
    RequestedTimestamp: new Date(handshake.requestedMs),
    ExpirationTimestamp: new Date(handshake.expiresMs),
    Action: 'INVITE',
    Resources: [
      {
        Type: 'ORGANIZATION',
        Value: organization.id,
        Resources: [
          { Type: 'MASTER_EMAIL', Value: manager.email },
          { Type: 'MASTER_NAME', Value: manager.name },
          { Type: 'ORGANIZATION_FEATURE_SET', Value: organization.allFeatures ? 'ALL' : 'CONSOLIDATED_BILLING' },
        ],
      },
      { Type: target.type, Value: target.id },
      ...(notes === undefined ? [] : [{ Type: 'NOTES', Value: notes }]),
    ],
  };
}
