import type { CallContext, Handler } from '../../wire/service.ts';
import type { EventsDeps } from './deps.ts';
import { eventsError, invalid } from './errors.ts';
import { DEFAULT_BUS, type Kinds, type Place, parseArn, type Tag } from './model.ts';
import { defaultBus, found } from './store.ts';

/** AWS's quota, a resource. */
const TAGS_MAX = 50;

interface TagInput {
  readonly ResourceARN: string;
}

/** Rules and buses have tags. */
export function createTagHandlers({ store }: EventsDeps): Record<string, Handler> {
  async function change(
    context: CallContext,
    arn: string,
    edit: (tags: readonly Tag[]) => readonly Tag[],
  ): Promise<void> {
    const { place, kind, name } = resourceOf(context, arn);
    await store.change(place, kind, name, (old) => {
      const known = found(old ?? virtualOf(place, kind, name), `Resource ${arn}`) as Kinds['bus' | 'rule'];
      return { ...known, tags: checkTags(edit(known.tags)) } as never;
    });
  }

  return {
    async TagResource(context: CallContext, { ResourceARN, Tags }: TagInput & { readonly Tags: readonly Tag[] }) {
      checkTags(Tags);
      await change(context, ResourceARN, (tags) => [
        ...new Map([...tags, ...Tags].map((tag) => [tag.Key, tag])).values(),
      ]);
      return {};
    },
    async UntagResource(
      context: CallContext,
      { ResourceARN, TagKeys }: TagInput & { readonly TagKeys: readonly string[] },
    ) {
      await change(context, ResourceARN, (tags) => tags.filter(({ Key }) => !TagKeys.includes(Key)));
      return {};
    },
    async ListTagsForResource(context: CallContext, { ResourceARN }: TagInput) {
      const { place, kind, name } = resourceOf(context, ResourceARN);
      const known = (await store.get(place, kind, name)) ?? virtualOf(place, kind, name);
      return { Tags: (found(known, `Resource ${ResourceARN}`) as Kinds['bus' | 'rule']).tags };
    },
  };
}

const virtualOf = (place: Place, kind: 'bus' | 'rule', name: string) =>
  kind === 'bus' && name === DEFAULT_BUS ? defaultBus(place) : undefined;

/** @throws AwsError ValidationException */
function resourceOf(context: CallContext, arn: string): { place: Place; kind: 'bus' | 'rule'; name: string } {
  const parsed = parseArn(arn);
  if (!parsed || (parsed.kind !== 'rule' && parsed.kind !== 'event-bus')) {
    throw invalid(`${arn} is not the ARN of a rule or an event bus.`);
  }
  const { accountId, region, name, rest } = parsed;
  if (accountId !== context.caller.accountId || region !== context.region) {
    throw eventsError('ResourceNotFoundException', `Resource ${arn} does not exist.`);
  }
  const place = { accountId, region };
  if (parsed.kind === 'event-bus') return { place, kind: 'bus', name };
  return { place, kind: 'rule', name: rest[0] === undefined ? `${DEFAULT_BUS}/${name}` : `${name}/${rest[0]}` };
}

/** @throws AwsError ValidationException */
export function checkTags(tags: readonly Tag[]): readonly Tag[] {
  const reserved = tags.find(({ Key }) => /^aws:/i.test(Key));
  if (reserved) throw invalid(`Tag key ${reserved.Key} begins with aws:, which is reserved.`);
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) throw invalid('A tag key occurs more than once.');
  if (tags.length > TAGS_MAX) throw invalid(`A resource may have ${TAGS_MAX} tags; this would make ${tags.length}.`);
  return tags;
}
