import type { Change, OrganizationsDeps, Read } from './deps.ts';
import { constraint, orgError } from './errors.ts';
import { accountsIn, depthOf, memberOf, unitOf, unitsIn } from './find.ts';
import { FULL_AWS_ACCESS, newIds, type Tree, type Unit } from './model.ts';
import { accountOutput, unitOutput } from './output.ts';
import { type PageRequest, pageOf } from './pages.ts';
import { type Tag, tagsOf } from './tag-rules.ts';

/** AWS's quotas. */
const UNITS_MAX = 2000;
const DEPTH_MAX = 5;

interface UnitRequest {
  readonly OrganizationalUnitId: string;
}
interface ParentRequest extends PageRequest {
  readonly ParentId: string;
}

export const unitReads: Readonly<Record<string, Read>> = {
  DescribeOrganizationalUnit: (tree, { OrganizationalUnitId }: UnitRequest) => ({
    OrganizationalUnit: unitOutput(tree, properUnit(tree, OrganizationalUnitId)),
  }),

  ListOrganizationalUnitsForParent: (tree, input: ParentRequest) => {
    const units = unitsIn(tree, unitOf(tree, input.ParentId).id);
    const { page, ...rest } = pageOf(units, ({ id }) => id, input, ['units', input.ParentId]);
    return { OrganizationalUnits: page.map((unit) => unitOutput(tree, unit)), ...rest };
  },

  ListAccountsForParent: (tree, input: ParentRequest) => {
    const accounts = accountsIn(tree, unitOf(tree, input.ParentId).id);
    const { page, ...rest } = pageOf(accounts, ({ id }) => id, input, ['accounts', input.ParentId]);
    return { Accounts: page.map((account) => accountOutput(tree, account)), ...rest };
  },

  ListChildren: (tree, input: ParentRequest & { readonly ChildType: 'ACCOUNT' | 'ORGANIZATIONAL_UNIT' }) => {
    const { id } = unitOf(tree, input.ParentId);
    const children = input.ChildType === 'ACCOUNT' ? accountsIn(tree, id) : unitsIn(tree, id);
    const listed = ['children', input.ParentId, input.ChildType];
    const { page, ...rest } = pageOf<{ readonly id: string }>(children, (child) => child.id, input, listed);
    return { Children: page.map((child) => ({ Id: child.id, Type: input.ChildType })), ...rest };
  },

  ListParents: (tree, { ChildId }: { readonly ChildId: string }) => {
    const parentId = (tree.account.get(ChildId) ?? tree.unit.get(ChildId))?.parentId;
    if (parentId === undefined) {
      throw orgError('ChildNotFoundException', "You specified an organizational unit or account that doesn't exist.");
    }
    return { Parents: [{ Id: parentId, Type: parentId.startsWith('r-') ? 'ROOT' : 'ORGANIZATIONAL_UNIT' }] };
  },
};

export const createUnitChanges = ({ random }: OrganizationsDeps): Readonly<Record<string, Change>> => ({
  CreateOrganizationalUnit: (draft, tree, input: Pick<ParentRequest, 'ParentId'> & { Name: string; Tags?: Tag[] }) => {
    const parent = unitOf(tree, input.ParentId);
    refuseTwin(tree, parent.id, input.Name);
    if (tree.unit.size > UNITS_MAX) {
      throw constraint('OU_NUMBER_LIMIT_EXCEEDED', `You have exceeded the ${UNITS_MAX} OUs of an organization.`);
    }
    if (depthOf(tree, parent) >= DEPTH_MAX) {
      throw constraint('OU_DEPTH_LIMIT_EXCEEDED', `You have exceeded the ${DEPTH_MAX} levels of OUs under the root.`);
    }
    const unit: Unit = {
      id: newIds.unit(random, tree.organization.rootId),
      name: input.Name,
      parentId: parent.id,
      policies: tree.organization.scpEnabled ? [FULL_AWS_ACCESS] : [],
      tags: tagsOf(input.Tags),
    };
    draft.put(tree.organization.id, 'unit', unit);
    return { OrganizationalUnit: unitOutput(tree, unit) };
  },

  UpdateOrganizationalUnit: (draft, tree, { OrganizationalUnitId, Name }: UnitRequest & { readonly Name?: string }) => {
    const unit = properUnit(tree, OrganizationalUnitId);
    if (Name === undefined || Name === unit.name) return { OrganizationalUnit: unitOutput(tree, unit) };
    refuseTwin(tree, unit.parentId!, Name);
    const renamed = { ...unit, name: Name };
    draft.put(tree.organization.id, 'unit', renamed);
    return { OrganizationalUnit: unitOutput(tree, renamed) };
  },

  DeleteOrganizationalUnit: (draft, tree, { OrganizationalUnitId }: UnitRequest) => {
    const { id } = properUnit(tree, OrganizationalUnitId);
    if (accountsIn(tree, id).length + unitsIn(tree, id).length > 0) {
      throw orgError(
        'OrganizationalUnitNotEmptyException',
        "The specified OU isn't empty. Move all accounts to another root or to other OUs, remove all child OUs, and try the operation again.",
      );
    }
    draft.remove(tree.organization.id, 'unit', id);
    return {};
  },

  MoveAccount: (
    draft,
    tree,
    input: { readonly AccountId: string; readonly SourceParentId: string; readonly DestinationParentId: string },
  ) => {
    const account = memberOf(tree, input.AccountId);
    const source = unitOf(tree, input.SourceParentId, 'SourceParentNotFoundException');
    if (account.parentId !== source.id) {
      throw orgError('SourceParentNotFoundException', `The account ${account.id} is not in ${source.id}.`);
    }
    const { id: parentId } = unitOf(tree, input.DestinationParentId, 'DestinationParentNotFoundException');
    if (parentId === source.id) {
      throw orgError('DuplicateAccountException', 'That account is already present in the specified destination.');
    }
    draft.put(tree.organization.id, 'account', { ...account, parentId });
    return {};
  },
});

/** One that is not the root, whose id does not look like a unit's. */
const properUnit = (tree: Tree, id: string): Unit => unitOf(tree, id, 'OrganizationalUnitNotFoundException');

function refuseTwin(tree: Tree, parentId: string, name: string): void {
  if (!unitsIn(tree, parentId).some((unit) => unit.name === name)) return;
  throw orgError('DuplicateOrganizationalUnitException', 'An OU with the same name already exists.');
}
