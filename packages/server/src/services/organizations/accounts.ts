import type { Handler } from '../../wire/service.ts';
import type { Change, OrganizationsDeps, Read } from './deps.ts';
import { constraint, orgError } from './errors.ts';
import { memberOf, refuseManagement, treeOf } from './find.ts';
import { type Creation, newIds, type Tree } from './model.ts';
import { accountOutput, creationOutput } from './output.ts';
import { type PageRequest, pageOf } from './pages.ts';
import type { Draft, OrganizationStore } from './store.ts';
import { type Tag, tagsOf } from './tag-rules.ts';

/** As many as AWS lets an organization have at most. */
export const ACCOUNTS_MAX = 10_000;
/** As many accounts in the making as AWS allows at once. */
const CREATIONS_MAX = 5;
/** AWS forgets how a creation ended after this time. */
const CREATION_KEPT_MS = 90 * 24 * 60 * 60 * 1000;

export const accountReads: Readonly<Record<string, Read>> = {
  DescribeAccount: (tree, { AccountId }: { readonly AccountId: string }) => ({
    Account: accountOutput(tree, memberOf(tree, AccountId)),
  }),

  ListAccounts: (tree, input: PageRequest) => {
    const { page, ...rest } = pageOf(tree.account.values(), ({ id }) => id, input, ['accounts']);
    return { Accounts: page.map((account) => accountOutput(tree, account)), ...rest };
  },

  DescribeCreateAccountStatus: (tree, input: { readonly CreateAccountRequestId: string }) => {
    const creation = tree.creation.get(input.CreateAccountRequestId);
    if (creation) return { CreateAccountStatus: creationOutput(creation) };
    throw orgError(
      'CreateAccountStatusNotFoundException',
      "We can't find a create account request with the CreateAccountRequestId that you specified.",
    );
  },

  ListCreateAccountStatus: (tree, input: PageRequest & { readonly States?: readonly string[] }) => {
    const { States = [] } = input;
    const wanted = [...tree.creation.values()].filter(({ state }) => States.length === 0 || States.includes(state));
    const { page, ...rest } = pageOf(wanted, ({ id }) => id, input, ['creations', States]);
    return { CreateAccountStatuses: page.map(creationOutput), ...rest };
  },
};

interface CreateAccountInput {
  readonly Email: string;
  readonly AccountName: string;
  readonly RoleName?: string;
  readonly Tags?: readonly Tag[];
}

export const createAccountChanges = ({ clock, random }: OrganizationsDeps): Readonly<Record<string, Change>> => ({
  /** Begins it: `account-maker.ts` does it. */
  CreateAccount: (draft, tree, input: CreateAccountInput) => {
    const nowMs = clock.now();
    const { id } = tree.organization;
    for (const { id: old, completedMs } of tree.creation.values()) {
      if (completedMs !== undefined && completedMs < nowMs - CREATION_KEPT_MS) draft.remove(id, 'creation', old);
    }
    const running = [...tree.creation.values()].filter(({ state }) => state === 'IN_PROGRESS').length;
    if (running >= CREATIONS_MAX) {
      throw constraint(
        'ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED',
        `You attempted to make more than ${CREATIONS_MAX} accounts at a time. Wait until those before are made.`,
      );
    }
    const creation: Creation = {
      id: newIds.creation(random),
      accountId: newIds.account(random),
      name: input.AccountName,
      email: input.Email,
      roleName: input.RoleName ?? 'OrganizationAccountAccessRole',
      tags: tagsOf(input.Tags),
      state: 'IN_PROGRESS',
      requestedMs: nowMs,
    };
    draft.put(id, 'creation', creation);
    return { CreateAccountStatus: creationOutput(creation) };
  },

  RemoveAccountFromOrganization: (draft, tree, { AccountId }: { readonly AccountId: string }) => {
    remove(draft, tree, AccountId);
    return {};
  },
});

export const createLeave = (store: OrganizationStore): Record<string, Handler> => ({
  LeaveOrganization: ({ caller, requestId }) =>
    store.change((draft) => {
      remove(draft, treeOf(draft.world, caller.accountId), caller.accountId, requestId);
      return {};
    }),
});

/** The account stays; only its place in the organization goes. */
function remove(draft: Draft, tree: Tree, accountId: string, requestId?: string): void {
  const member = memberOf(tree, accountId);
  refuseManagement(tree, accountId);
  if (Object.keys(member.delegated).length > 0) {
    throw constraint(
      'CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG',
      'You attempted to remove an account that is registered as a delegated administrator for a service integrated with your organization.',
    );
  }
  draft.remove(tree.organization.id, 'account', accountId, requestId);
}
