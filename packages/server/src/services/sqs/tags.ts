import type { Handler } from '../../wire/service.ts';
import type { QueueInput, Strings } from './api.ts';
import type { SqsParts } from './deps.ts';
import { invalidParameter, missingParameter } from './errors.ts';
import { namedQueue } from './model.ts';

/** AWS's quota, a resource. */
const TAGS_MAX = 50;
const KEY_CHARS_MAX = 128;
const VALUE_CHARS_MAX = 256;

export function createTagHandlers({ registry }: SqsParts): Record<string, Handler> {
  return {
    async TagQueue(context, { QueueUrl, Tags }: QueueInput & { readonly Tags?: Strings }) {
      if (!Tags) throw missingParameter('Tags');
      await registry.change(namedQueue(context, QueueUrl), (queue) => ({
        ...queue,
        tags: checkTags({ ...queue.tags, ...Tags }),
      }));
      return {};
    },
    async UntagQueue(context, { QueueUrl, TagKeys }: QueueInput & { readonly TagKeys?: readonly string[] }) {
      if (!TagKeys) throw missingParameter('TagKeys');
      await registry.change(namedQueue(context, QueueUrl), (queue) => ({
        ...queue,
        tags: Object.fromEntries(Object.entries(queue.tags).filter(([key]) => !TagKeys.includes(key))),
      }));
      return {};
    },
    async ListQueueTags(context, { QueueUrl }: QueueInput) {
      const { tags } = registry.require(namedQueue(context, QueueUrl)).queue;
      return Object.keys(tags).length === 0 ? {} : { Tags: tags };
    },
  };
}

/** @throws AwsError InvalidParameterValue */
export function checkTags(tags: Strings): Strings {
  const entries = Object.entries(tags);
  if (entries.length > TAGS_MAX) throw invalidParameter(`Too many tags added to the queue: at most ${TAGS_MAX}.`);
  for (const [key, value] of entries) {
    if (key === '' || key.length > KEY_CHARS_MAX || /^aws:/i.test(key)) {
      throw invalidParameter(
        `Tag key ${key.slice(0, KEY_CHARS_MAX)} is invalid: 1 to ${KEY_CHARS_MAX} characters, not beginning with aws:.`,
      );
    }
    if (value.length > VALUE_CHARS_MAX)
      throw invalidParameter(`The value of tag ${key} has more than ${VALUE_CHARS_MAX} characters.`);
  }
  return tags;
}
