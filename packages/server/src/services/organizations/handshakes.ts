import type { Handler } from '../../wire/service.ts';
import { ACCOUNTS_MAX } from './accounts.ts';
import type { Change, OrganizationsDeps, Read } from './deps.ts';
import { invalid, orgError } from './errors.ts';
import { managedTree } from './find.ts';
import { FULL_AWS_ACCESS, type Handshake, newIds, profileOf, type Tree, type World } from './model.ts';
import { handshakeOutput, stateOf } from './output.ts';
import { type PageRequest, pageOf } from './pages.ts';
import type { Draft, OrganizationStore } from './store.ts';
import { type Tag, tagsOf } from './tag-rules.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** AWS's times: an invitation is good for 15 days, and seen for 30 days after it has ended. */
const OPEN_MS = 15 * DAY_MS;
const SEEN_MS = 30 * DAY_MS;

interface HandshakeRequest {
  readonly HandshakeId: string;
}
interface ListRequest extends PageRequest {
  readonly Filter?: { readonly ActionType?: string; readonly ParentHandshakeId?: string };
}
interface InviteRequest {
  readonly Target: { readonly Id: string; readonly Type: string };
  readonly Notes?: string;
  readonly Tags?: readonly Tag[];
}

export const createHandshakeReads = ({ clock }: OrganizationsDeps): Readonly<Record<string, Read>> => ({
  ListHandshakesForOrganization: (tree, input: ListRequest, _context, world) => {
    const { page, ...rest } = pageOf(wanted(tree.handshake.values(), input), ({ id }) => id, input, ['handshakes']);
    return { Handshakes: page.map((one) => handshakeOutput(world, tree, one, clock.now())), ...rest };
  },
});

export const createHandshakeChanges = ({ clock }: OrganizationsDeps): Readonly<Record<string, Change>> => ({
  CancelHandshake: (draft, tree, { HandshakeId }: HandshakeRequest) => {
    const handshake = tree.handshake.get(HandshakeId);
    if (!handshake) throw notFound();
    return close(draft, tree, handshake, 'CANCELED', clock.now());
  },
});

export function createInvite(deps: OrganizationsDeps, store: OrganizationStore): Record<string, Handler> {
  const { clock, random, accounts } = deps;
  const invite = (draft: Draft, tree: Tree, { Target, Notes, Tags }: InviteRequest, exists: boolean) => {
    const nowMs = clock.now();
    const accountId = invitedAccount(draft.world, Target, exists);
    forgetOld(draft, tree, nowMs);
    if (tree.account.has(accountId)) {
      throw orgError('DuplicateAccountException', 'The account is a member of this organization already.');
    }
    const open = [...tree.handshake.values()].filter((one) => stateOf(one, nowMs) === 'OPEN');
    if (open.some((one) => one.accountId === accountId)) {
      throw orgError(
        'DuplicateHandshakeException',
        'A handshake with the same action and target already exists. For example, if you invited an account to join your organization, the invited account might already have a pending invitation.',
      );
    }
    refuseFull(tree, open.length);
    const handshake: Handshake = {
      id: newIds.handshake(random),
      accountId,
      target: { id: Target.Id, type: Target.Type as 'ACCOUNT' | 'EMAIL' },
      state: 'OPEN',
      requestedMs: nowMs,
      expiresMs: nowMs + OPEN_MS,
      ...(Notes !== undefined && { notes: Notes }),
      tags: tagsOf(Tags),
    };
    draft.put(tree.organization.id, 'handshake', handshake);
    return { Handshake: handshakeOutput(draft.world, tree, handshake, nowMs) };
  };
  return {
    InviteAccountToOrganization: async ({ caller }, input: InviteRequest) => {
      const { Id, Type } = input.Target;
      const exists = Type === 'ACCOUNT' && /^\d{12}$/.test(Id) && (await accounts.has(Id));
      return store.change((draft) => invite(draft, managedTree(draft.world, caller.accountId), input, exists));
    },
  };
}

/** What the invited account may do, which belongs to no organization yet. */
export function createInvitedHandlers({ clock }: OrganizationsDeps, store: OrganizationStore): Record<string, Handler> {
  const invitationsOf = (world: World, accountId: string) =>
    [...world.trees.values()].flatMap((tree) =>
      [...tree.handshake.values()]
        .filter((one) => one.accountId === accountId)
        .map((handshake) => ({ tree, handshake })),
    );
  const invitation = (world: World, accountId: string, id: string) => {
    const found = invitationsOf(world, accountId).find(({ handshake }) => handshake.id === id);
    if (!found) throw notFound();
    return found;
  };

  return {
    DescribeHandshake: async ({ caller: { accountId } }, { HandshakeId }: HandshakeRequest) => {
      const world = await store.read();
      const own = world.treeOfAccount.get(accountId);
      const sent = own?.organization.managementAccountId === accountId ? own.handshake.get(HandshakeId) : undefined;
      const { tree, handshake } =
        own && sent ? { tree: own, handshake: sent } : invitation(world, accountId, HandshakeId);
      return { Handshake: handshakeOutput(world, tree, handshake, clock.now()) };
    },

    ListHandshakesForAccount: async ({ caller: { accountId } }, input: ListRequest) => {
      const world = await store.read();
      const listed = invitationsOf(world, accountId).filter(({ handshake }) => wanted([handshake], input).length > 0);
      const { page, ...rest } = pageOf(listed, ({ handshake }) => handshake.id, input, ['invitations', accountId]);
      return {
        Handshakes: page.map(({ tree, handshake }) => handshakeOutput(world, tree, handshake, clock.now())),
        ...rest,
      };
    },

    DeclineHandshake: ({ caller }, { HandshakeId }: HandshakeRequest) =>
      store.change((draft) => {
        const { tree, handshake } = invitation(draft.world, caller.accountId, HandshakeId);
        return close(draft, tree, handshake, 'DECLINED', clock.now());
      }),

    AcceptHandshake: ({ caller: { accountId } }, { HandshakeId }: HandshakeRequest) =>
      store.change((draft) => {
        const { tree, handshake } = invitation(draft.world, accountId, HandshakeId);
        const answer = close(draft, tree, handshake, 'ACCEPTED', clock.now());
        if (draft.world.treeOfAccount.has(accountId)) {
          throw orgError(
            'HandshakeConstraintViolationException',
            'You can issue this handshake only to an account that is not already a member of an organization.',
            'ALREADY_IN_AN_ORGANIZATION',
          );
        }
        refuseFull(tree, 0);
        const { organization } = tree;
        draft.put(organization.id, 'account', {
          ...profileOf(draft.world, accountId),
          parentId: organization.rootId,
          method: 'INVITED',
          joinedMs: clock.now(),
          delegated: {},
          policies: organization.scpEnabled ? [FULL_AWS_ACCESS] : [],
          tags: handshake.tags,
        });
        return answer;
      }),
  };
}

function invitedAccount(world: World, target: InviteRequest['Target'], exists: boolean): string {
  if (target.Type === 'EMAIL') {
    const wantedEmail = target.Id.toLowerCase();
    const known = [...world.profiles.values()].find(({ email }) => email.toLowerCase() === wantedEmail);
    if (known) return known.id;
    throw invalid('INVALID_EMAIL_ADDRESS_TARGET', 'No account of this OpenTrail has that e-mail address.');
  }
  if (target.Type !== 'ACCOUNT') {
    throw invalid(
      'INVALID_PARTY_TYPE_TARGET',
      'You specified the wrong type of entity. Invite an ACCOUNT or an EMAIL.',
    );
  }
  if (exists) return target.Id;
  throw invalid('INVALID_PATTERN_TARGET_ID', 'You specified an account that this OpenTrail does not have.');
}

function close(draft: Draft, tree: Tree, handshake: Handshake, state: Handshake['state'], nowMs: number): object {
  const before = stateOf(handshake, nowMs);
  if (before === state) {
    throw orgError('HandshakeAlreadyInStateException', 'The specified handshake is already in the requested state.');
  }
  if (before !== 'OPEN') {
    throw orgError(
      'InvalidHandshakeTransitionException',
      `You can't perform the operation on the handshake in its current state: it is ${before}.`,
    );
  }
  const closed = { ...handshake, state };
  draft.put(tree.organization.id, 'handshake', closed);
  return { Handshake: handshakeOutput(draft.world, tree, closed, nowMs) };
}

/** Open invitations count as accounts. */
function refuseFull(tree: Tree, invited: number): void {
  if (tree.account.size + invited < ACCOUNTS_MAX) return;
  throw orgError(
    'HandshakeConstraintViolationException',
    'You attempted to exceed the limit on the number of accounts in an organization.',
    'ACCOUNT_NUMBER_LIMIT_EXCEEDED',
  );
}

function forgetOld(draft: Draft, { organization, handshake }: Tree, nowMs: number): void {
  for (const one of handshake.values()) {
    if (one.expiresMs + SEEN_MS < nowMs) draft.remove(organization.id, 'handshake', one.id);
  }
}

/** All are invitations without a parent. */
const wanted = (handshakes: Iterable<Handshake>, { Filter = {} }: ListRequest): Handshake[] =>
  (Filter.ActionType ?? 'INVITE') === 'INVITE' && Filter.ParentHandshakeId === undefined ? [...handshakes] : [];

const notFound = () =>
  orgError('HandshakeNotFoundException', "We can't find a handshake with the HandshakeId that you specified.");
