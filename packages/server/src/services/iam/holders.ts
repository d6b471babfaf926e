import type * as iam from '@aws-sdk/client-iam';
import { quotaSize } from '../../access/iam/documents.ts';
import { keys, type PolicyHolder, type StateKey } from '../../access/iam/entities.ts';
import type { IamReader } from '../../access/iam/iam-data.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError, noSuch, overQuota } from './errors.ts';
import { findGroup, findOwnRole, findRole, findUser } from './find.ts';
import { managedPolicy, requireAttachable, requireBoundary } from './managed.ts';
import { encodedDocument } from './output.ts';
import { pageOf } from './pages.ts';
import { checkedDocument } from './policy-documents.ts';

/** Users, groups and roles as far as they are alike: whoever has policies. */
interface HolderKind {
  readonly word: 'User' | 'Group' | 'Role';
  readonly find: (reader: IamReader, accountId: string, name: string) => Promise<PolicyHolder>;
  /** Finds it to change it. */
  readonly findOwn: (reader: IamReader, accountId: string, name: string) => Promise<PolicyHolder>;
  readonly key: (accountId: string, name: string) => StateKey<PolicyHolder>;
  /** IAM's quota of all its inline policies together: characters, white space not counted. */
  readonly inlineCharsMax: number;
  readonly bounded: boolean;
}

const KINDS: readonly HolderKind[] = [
  {
    word: 'User',
    find: findUser,
    findOwn: findUser,
    key: keys.user as HolderKind['key'],
    inlineCharsMax: 2048,
    bounded: true,
  },
  {
    word: 'Group',
    find: findGroup,
    findOwn: findGroup,
    key: keys.group as HolderKind['key'],
    inlineCharsMax: 5120,
    bounded: false,
  },
  {
    word: 'Role',
    find: findRole,
    findOwn: findOwnRole,
    key: keys.role as HolderKind['key'],
    inlineCharsMax: 10_240,
    bounded: true,
  },
];

/** IAM's quota as it is before it is raised. */
const ATTACHED_MAX = 10;

/** Inline policies, attachments and permissions boundaries of users, groups and roles. */
export function createHolderHandlers(deps: IamDeps): Record<string, Handler> {
  return Object.assign(
    {},
    ...KINDS.map((kind) => ({
      ...inlineHandlers(deps, kind),
      ...attachmentHandlers(deps, kind),
      ...boundaryHandlers(deps, kind),
    })),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: members are named after the kind
type Input = Readonly<Record<string, any>>;

function inlineHandlers({ store: { data } }: IamDeps, kind: HolderKind): Record<string, Handler> {
  const { word, find, findOwn, key, inlineCharsMax } = kind;
  const member = `${word}Name`;
  const lower = word.toLowerCase();

  function inlineOf(holder: PolicyHolder, policyName: string): string {
    if (Object.hasOwn(holder.inline, policyName)) return holder.inline[policyName]!;
    throw noSuch(`The ${lower} policy with name ${policyName} cannot be found.`);
  }

  return {
    async [`Put${word}Policy`]({ caller: { accountId } }, input: Input) {
      const document = checkedDocument(input.PolicyDocument, 'inline');
      await data.change(accountId, async (change) => {
        const holder = await findOwn(change, accountId, input[member]);
        const inline: PolicyHolder['inline'] = { ...holder.inline, [input.PolicyName]: document };
        const chars = Object.values(inline).reduce((sum, text) => sum + quotaSize(text), 0);
        if (chars > inlineCharsMax) {
          throw iamError(
            'LimitExceeded',
            `Maximum policy size of ${inlineCharsMax} bytes exceeded for ${lower} ${input[member]}`,
          );
        }
        change.put(key(accountId, input[member]), { ...holder, inline });
      });
      return {};
    },
    async [`Get${word}Policy`]({ caller: { accountId } }, input: Input): Promise<iam.GetRolePolicyResponse> {
      const holder = await find(data, accountId, input[member]);
      const PolicyDocument = encodedDocument(inlineOf(holder, input.PolicyName));
      return {
        [member]: input[member],
        PolicyName: input.PolicyName,
        PolicyDocument,
      } as unknown as iam.GetRolePolicyResponse;
    },
    async [`Delete${word}Policy`]({ caller: { accountId } }, input: Input) {
      await data.change(accountId, async (change) => {
        const holder = await findOwn(change, accountId, input[member]);
        inlineOf(holder, input.PolicyName);
        const { [input.PolicyName]: _gone, ...inline } = holder.inline;
        change.put(key(accountId, input[member]), { ...holder, inline });
      });
      return {};
    },
    async [`List${word}Policies`]({ caller: { accountId }, operation }, input: Input) {
      const { inline } = await find(data, accountId, input[member]);
      const { page, end } = pageOf(Object.keys(inline), (name) => name, input, [operation, accountId, input[member]]);
      return { PolicyNames: page, ...end };
    },
  };
}

function attachmentHandlers({ store: { data } }: IamDeps, kind: HolderKind): Record<string, Handler> {
  const { word, find, findOwn, key } = kind;
  const member = `${word}Name`;
  return {
    async [`Attach${word}Policy`]({ caller: { accountId } }, input: Input) {
      await data.change(accountId, async (change) => {
        const holder = await findOwn(change, accountId, input[member]);
        await requireAttachable(change, accountId, input.PolicyArn);
        if (holder.attached.includes(input.PolicyArn)) return;
        if (holder.attached.length >= ATTACHED_MAX) throw overQuota(`PoliciesPer${word}`, ATTACHED_MAX);
        change.put(key(accountId, input[member]), { ...holder, attached: [...holder.attached, input.PolicyArn] });
      });
      return {};
    },
    async [`Detach${word}Policy`]({ caller: { accountId } }, input: Input) {
      await data.change(accountId, async (change) => {
        const holder = await findOwn(change, accountId, input[member]);
        if (!holder.attached.includes(input.PolicyArn)) throw noSuch(`Policy ${input.PolicyArn} was not found.`);
        const attached = holder.attached.filter((arn) => arn !== input.PolicyArn);
        change.put(key(accountId, input[member]), { ...holder, attached });
      });
      return {};
    },
    async [`ListAttached${word}Policies`]({ caller: { accountId }, operation }, input: Input) {
      const holder = await find(data, accountId, input[member]);
      const attached = await attachedOf(data, accountId, holder, input.PathPrefix);
      const listed = [operation, accountId, input[member], input.PathPrefix];
      const { page, end } = pageOf(attached, ({ PolicyArn }) => PolicyArn!, input, listed);
      return { AttachedPolicies: page, ...end };
    },
  };
}

/** @param pathPrefix of the policies' own paths */
export async function attachedOf(
  reader: IamReader,
  accountId: string,
  holder: PolicyHolder,
  pathPrefix = '/',
): Promise<iam.AttachedPolicy[]> {
  const policies = await Promise.all(holder.attached.map((arn) => managedPolicy(reader, accountId, arn)));
  return policies
    .filter((policy) => policy?.path.startsWith(pathPrefix))
    .map((policy) => ({ PolicyName: policy!.policyName, PolicyArn: policy!.arn }));
}

function boundaryHandlers({ store: { data } }: IamDeps, kind: HolderKind): Record<string, Handler> {
  if (!kind.bounded) return {};
  const { word, findOwn, key } = kind;
  const set = async ({ caller: { accountId } }: CallContext, name: string, boundary: string | undefined) => {
    await data.change(accountId, async (change) => {
      const { boundary: before, ...holder } = await findOwn(change, accountId, name);
      await requireBoundary(change, accountId, boundary);
      if (boundary === undefined && before === undefined) {
        throw noSuch(`The ${word.toLowerCase()} with name ${name} has no permissions boundary.`);
      }
      change.put(key(accountId, name), boundary === undefined ? holder : { ...holder, boundary });
    });
    return {};
  };
  return {
    [`Put${word}PermissionsBoundary`]: (context, input: Input) =>
      set(context, input[`${word}Name`], input.PermissionsBoundary),
    [`Delete${word}PermissionsBoundary`]: (context, input: Input) => set(context, input[`${word}Name`], undefined),
  };
}
