import type { Handler } from '../../wire/service.ts';
import type { KeyRequest, PageRequest, Tag } from './api.ts';
import { kmsError } from './errors.ts';
import { type KeyStore, refusePendingDeletion } from './key-store.ts';
import { pageOf } from './pages.ts';

/** AWS's quota, a resource. */
const TAGS_MAX = 50;

export function createTagHandlers(keys: KeyStore): Record<string, Handler> {
  return {
    TagResource: async (context, { KeyId, Tags }: KeyRequest & { readonly Tags: readonly Tag[] }) => {
      const added = checkTags(Tags);
      await keys.change(context, KeyId, (key) => {
        refusePendingDeletion(key);
        const merged = new Map([...key.tags, ...added].map((tag) => [tag.TagKey, tag]));
        return { ...key, tags: atMost([...merged.values()]) };
      });
      return {};
    },
    UntagResource: async (context, { KeyId, TagKeys }: KeyRequest & { readonly TagKeys: readonly string[] }) => {
      await keys.change(context, KeyId, (key) => {
        const tags = refusePendingDeletion(key).tags.filter(({ TagKey }) => !TagKeys.includes(TagKey));
        return tags.length === key.tags.length ? key : { ...key, tags };
      });
      return {};
    },
    ListResourceTags: async (context, input: KeyRequest & PageRequest) => {
      const { tags, keyId } = (await keys.find(context, input.KeyId)).entry.value;
      const sorted = [...tags].sort((a, b) => (a.TagKey < b.TagKey ? -1 : 1));
      const listed = ['ListResourceTags', keyId];
      const { page, ...rest } = pageOf(sorted, ({ TagKey }) => TagKey, input, { usual: 50, max: 50 }, listed);
      return { Tags: page, ...rest };
    },
  };
}

/** @throws AwsError TagException, LimitExceededException */
export function checkTags(tags: readonly Tag[]): readonly Tag[] {
  const reserved = tags.find(({ TagKey }) => /^aws:/i.test(TagKey));
  if (reserved) throw kmsError('TagException', `Tag key ${reserved.TagKey} begins with aws:, which is reserved.`);
  if (new Set(tags.map(({ TagKey }) => TagKey)).size < tags.length) {
    throw kmsError('TagException', 'A tag key occurs more than once.');
  }
  return atMost(tags);
}

function atMost(tags: readonly Tag[]): readonly Tag[] {
  if (tags.length <= TAGS_MAX) return tags;
  throw kmsError('LimitExceededException', `A key may have ${TAGS_MAX} tags; this would make ${tags.length}.`);
}
