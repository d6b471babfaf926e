import type { Change, Read } from './deps.ts';
import { orgError } from './errors.ts';
import type { Tags, Tree } from './model.ts';
import { type PageRequest, pageOf } from './pages.ts';
import type { Draft } from './store.ts';
import { type Tag, tagsOf } from './tag-rules.ts';

interface ResourceRequest {
  readonly ResourceId: string;
}

export const tagReads: Readonly<Record<string, Read>> = {
  ListTagsForResource: (tree, input: ResourceRequest & PageRequest) => {
    const tags = Object.entries(taggedOf(tree, input.ResourceId).value.tags);
    const { page, ...rest } = pageOf(tags, ([key]) => key, { ...input, MaxResults: TAGS_PAGE }, [
      'tags',
      input.ResourceId,
    ]);
    return { Tags: page.map(([Key, Value]) => ({ Key, Value })), ...rest };
  },
};

/** The operation has no MaxResults. */
const TAGS_PAGE = 20;

export const tagChanges: Readonly<Record<string, Change>> = {
  TagResource: (draft, tree, { ResourceId, Tags }: ResourceRequest & { readonly Tags: readonly Tag[] }) => {
    const { tags } = taggedOf(tree, ResourceId).value;
    setTags(draft, tree, ResourceId, tagsOf(Tags, tags));
    return {};
  },

  UntagResource: (draft, tree, { ResourceId, TagKeys }: ResourceRequest & { readonly TagKeys: readonly string[] }) => {
    const { tags } = taggedOf(tree, ResourceId).value;
    setTags(
      draft,
      tree,
      ResourceId,
      Object.fromEntries(Object.entries(tags).filter(([key]) => !TagKeys.includes(key))),
    );
    return {};
  },
};

function setTags(draft: Draft, tree: Tree, id: string, tags: Tags): void {
  const { organization } = tree;
  const { kind, value } = taggedOf(tree, id);
  if (kind === 'unit') draft.put(organization.id, kind, { ...value, tags });
  else if (kind === 'account') draft.put(organization.id, kind, { ...value, tags });
  else draft.put(organization.id, kind, { ...value, tags });
}

/** A root, unit, account or policy of the organization's own. @throws AwsError TargetNotFoundException */
function taggedOf(tree: Tree, id: string) {
  const unit = tree.unit.get(id);
  if (unit) return { kind: 'unit', value: unit } as const;
  const account = tree.account.get(id);
  if (account) return { kind: 'account', value: account } as const;
  const policy = tree.policy.get(id);
  if (policy) return { kind: 'policy', value: policy } as const;
  throw orgError('TargetNotFoundException', "You specified a resource that doesn't exist.");
}

/** For the conditions of policies: none of what is not there. */
export function tagsOfResource(tree: Tree, id: string): Tags {
  return (tree.unit.get(id) ?? tree.account.get(id) ?? tree.policy.get(id))?.tags ?? {};
}
