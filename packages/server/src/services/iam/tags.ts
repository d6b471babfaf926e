import type * as iam from '@aws-sdk/client-iam';
import { keys, type StateKey, type Tags } from '../../access/iam/entities.ts';
import type { IamReader } from '../../access/iam/iam-data.ts';
import { mfaKey } from '../../access/iam/mfa.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { findInstanceProfile, findOwnRole, findRole, findUser } from './find.ts';
import { findOwnPolicy, findPolicy } from './managed.ts';
import { findDevice } from './mfa-devices.ts';
import { tagsOut } from './output.ts';
import { pageOf } from './pages.ts';
import { findOidc, findSaml, oidcKey, samlKey } from './providers.ts';
import { withoutTags, withTags } from './tag-rules.ts';

interface Tagged {
  readonly tags: Tags;
}
type Find = (reader: IamReader, accountId: string, id: string) => Promise<Tagged>;

/** What can have tags: the word in its operations' names, the member that names it, and where it is. */
interface TaggedKind {
  readonly word: string;
  readonly member: string;
  readonly find: Find;
  /** Finds it to change it. Default: `find`. */
  readonly findOwn?: Find;
  readonly key: (accountId: string, id: string) => StateKey<never> | undefined;
}

const policyKey = (accountId: string, arn: string) => keys.policy(accountId, arn.slice(arn.lastIndexOf('/') + 1));

const KINDS: readonly TaggedKind[] = [
  { word: 'User', member: 'UserName', find: findUser, key: keys.user as never },
  { word: 'Role', member: 'RoleName', find: findRole, findOwn: findOwnRole, key: keys.role as never },
  { word: 'Policy', member: 'PolicyArn', find: findPolicy, findOwn: findOwnPolicy, key: policyKey as never },
  {
    word: 'InstanceProfile',
    member: 'InstanceProfileName',
    find: findInstanceProfile,
    key: keys.instanceProfile as never,
  },
  { word: 'OpenIDConnectProvider', member: 'OpenIDConnectProviderArn', find: findOidc, key: oidcKey as never },
  { word: 'SAMLProvider', member: 'SAMLProviderArn', find: findSaml, key: samlKey as never },
  { word: 'MFADevice', member: 'SerialNumber', find: findDevice, key: mfaKey as never },
];

// biome-ignore lint/suspicious/noExplicitAny: members are named after the kind
type Input = Readonly<Record<string, any>>;

export function createTagHandlers({ store: { data } }: IamDeps): Record<string, Handler> {
  const handlersOf = ({ word, member, find, findOwn = find, key }: TaggedKind): Record<string, Handler> => {
    const update = (accountId: string, id: string, change: (tags: Tags) => Tags) =>
      data.change(accountId, async (changes) => {
        const entity = await findOwn(changes, accountId, id);
        changes.put<Tagged>(key(accountId, id)!, { ...entity, tags: change(entity.tags) });
        return {};
      });
    return {
      [`Tag${word}`]: ({ caller }, input: Input) =>
        update(caller.accountId, input[member], (tags) => withTags(tags, input.Tags)),
      [`Untag${word}`]: ({ caller }, input: Input) =>
        update(caller.accountId, input[member], (tags) => withoutTags(tags, input.TagKeys)),
      async [`List${word}Tags`]({ caller: { accountId }, operation }, input: Input): Promise<iam.ListUserTagsResponse> {
        const { tags } = await find(data, accountId, input[member]);
        const { page, end } = pageOf(tagsOut(tags), ({ Key }) => Key!, input, [operation, accountId, input[member]]);
        return { Tags: [...page], ...end };
      },
    };
  };
  return Object.assign({}, ...KINDS.map(handlersOf));
}
