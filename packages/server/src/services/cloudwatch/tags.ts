import type { Handler } from '../../wire/service.ts';
import { type Alarm, alarmKey, nameInArn } from './alarm.ts';
import type { AlarmStore } from './alarm-store.ts';
import type { Tag } from './api.ts';
import { cloudWatchError, invalidValue, required } from './errors.ts';
import type { Place } from './query.ts';

/** AWS's quota, a resource. */
const TAGS_MAX = 50;

interface TagInput {
  readonly ResourceARN: string;
  readonly Tags?: readonly Tag[];
  readonly TagKeys?: readonly string[];
}

/** @throws AwsError InvalidParameterValue, LimitExceededException */
export function tagsOf(tags: readonly Tag[] = [], before: Alarm['tags'] = {}): Record<string, string> {
  const made: Record<string, string> = { ...before };
  const keys = new Set<string>();
  for (const { Key, Value } of tags) {
    const key = required(Key, 'Tags.member.Key');
    const value = Value ?? '';
    if (key.length > 128 || value.length > 256)
      throw invalidValue('A tag has a key of 1 to 128 and a value of at most 256 characters.');
    if (/^aws:/i.test(key)) throw invalidValue(`The tag key ${key} begins with aws:, which is reserved.`);
    if (keys.has(key)) throw invalidValue(`The tag key ${key} stands there more than once.`);
    keys.add(key);
    made[key] = value;
  }
  if (Object.keys(made).length > TAGS_MAX) {
    throw cloudWatchError('LimitExceededException', `A resource may have at most ${TAGS_MAX} tags.`);
  }
  return made;
}

export function createTagHandlers(alarms: AlarmStore): Record<string, Handler> {
  async function find(place: Place, arn: string) {
    const found = await alarms.find(place, nameInArn(place, required(arn, 'ResourceARN')) ?? '');
    if (found) return found;
    throw cloudWatchError('ResourceNotFoundException', `Unknown resource: ${arn.slice(0, 1024)}`);
  }

  const change = async (place: Place, arn: string, work: (tags: Alarm['tags']) => Alarm['tags']) => {
    await alarms.change(async () => {
      const { value, version } = await find(place, arn);
      return [{ put: alarmKey(place, value.name), value: { ...value, tags: work(value.tags) }, ifVersion: version }];
    });
    return {};
  };

  return {
    TagResource: ({ caller: { accountId }, region }, { ResourceARN, Tags }: TagInput) =>
      change({ accountId, region }, ResourceARN, (tags) => tagsOf(required(Tags, 'Tags'), tags)),

    UntagResource: ({ caller: { accountId }, region }, { ResourceARN, TagKeys }: TagInput) => {
      const gone = new Set(required(TagKeys, 'TagKeys'));
      const left = (tags: Alarm['tags']) => Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key)));
      return change({ accountId, region }, ResourceARN, left);
    },

    ListTagsForResource: async ({ caller: { accountId }, region }, { ResourceARN }: TagInput) => {
      const { tags } = (await find({ accountId, region }, ResourceARN)).value;
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}
