import { StateConflict } from '../../ports/state.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { Delivery } from './delivery.ts';
import type { SnsDeps } from './deps.ts';
import { invalid, snsError } from './errors.ts';
import type { Fifo } from './fifo.ts';
import { boxOf, placeOfTopic, type Topic, type TopicPlace, topicArn } from './model.ts';
import { PAGE_MAX, pageOf, readToken } from './pages.ts';
import type { SnsStore } from './store.ts';
import { listTags, readTags, type Tag, withoutTags, withTags } from './tags.ts';
import { checkTopicAttribute, shownAttributes, withAttribute } from './topic-attributes.ts';
import { withoutPermission, withPermission } from './topic-policy.ts';

/** AWS's, of standard topics. */
const TOPICS_MAX = 100_000;
const STANDARD_NAME = /^[A-Za-z0-9_-]{1,256}$/;
const FIFO_NAME = /^[A-Za-z0-9_-]{1,251}\.fifo$/;
const LABEL = /^[A-Za-z0-9_-]{1,80}$/;
const ACCOUNT = /^\d{12}$/;

interface CreateInput {
  readonly Name?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly Tags?: readonly Tag[];
  readonly DataProtectionPolicy?: string;
}
interface OnTopic {
  readonly TopicArn: string;
}
interface OnResource {
  readonly ResourceArn: string;
}

export function createTopicHandlers(
  deps: Pick<SnsDeps, 'clock'>,
  store: SnsStore,
  fifo: Fifo,
  delivery: Delivery,
): Record<string, Handler> {
  const change = (arn: string, work: (topic: Topic) => Topic) =>
    store.changeTopic(arn, (topic) => ({ topic: work(topic), result: undefined }));
  const setAttribute = (arn: string, name: string, value: string) =>
    change(arn, (topic) => ({ ...topic, attributes: withAttribute(topic.attributes, name, value) }));

  return {
    CreateTopic: async (context, input: CreateInput) => {
      const asked = readNewTopic(context, input, deps.clock.now());
      const known = await store.topic(asked.arn);
      if (known) return { TopicArn: sameOrRefuse(known.value, asked, input) };
      if ((await store.countTopics(asked.accountId, asked.region)) >= TOPICS_MAX) {
        throw snsError('TopicLimitExceeded', `An account may have ${TOPICS_MAX} topics in a Region.`);
      }
      try {
        await store.putNewTopic(asked);
      } catch (error) {
        if (!(error instanceof StateConflict)) throw error;
        sameOrRefuse((await store.requireTopic(asked.arn)).value, asked, input);
      }
      return { TopicArn: asked.arn };
    },
    DeleteTopic: async (_context, { TopicArn }: OnTopic) => {
      if (!(await store.topic(TopicArn))) return {};
      const gone = await store.changeTopic(TopicArn, (_topic, subscriptions) => ({
        topic: undefined,
        remove: subscriptions.map(({ arn }) => arn),
        result: subscriptions,
      }));
      await delivery.drop(gone.map(boxOf));
      await fifo.forget(TopicArn);
      return {};
    },
    ListTopics: async ({ caller, region }, { NextToken: from }: { NextToken?: string }) => {
      const after = readToken(from).split(':').at(-1)!;
      const next = await store.topics(caller.accountId, region, after, PAGE_MAX + 1);
      const { page, ...rest } = pageOf(next, ({ arn }) => arn, from);
      return { Topics: page.map(({ arn }) => ({ TopicArn: arn })), ...rest };
    },
    GetTopicAttributes: async (_context, { TopicArn }: OnTopic) => {
      const { value } = await store.requireTopic(TopicArn);
      return { Attributes: shownAttributes(value, await store.subscriptions(TopicArn)) };
    },
    SetTopicAttributes: async (
      _context,
      input: OnTopic & { readonly AttributeName?: string; readonly AttributeValue?: string },
    ) => {
      const { TopicArn, AttributeName: name = '', AttributeValue: value = '' } = input;
      checkTopicAttribute((await store.requireTopic(TopicArn)).value, name, value, false);
      await setAttribute(TopicArn, name, value);
      return {};
    },
    AddPermission: async (
      _context,
      input: OnTopic & {
        readonly Label?: string;
        readonly AWSAccountId?: readonly string[];
        readonly ActionName?: readonly string[];
      },
    ) => {
      const { TopicArn, Label = '', AWSAccountId: accounts = [], ActionName: actions = [] } = input;
      if (!LABEL.test(Label)) throw invalid('Label');
      if (accounts.length === 0 || !accounts.every((id) => ACCOUNT.test(id))) throw invalid('AWSAccountId');
      if (actions.length === 0) throw invalid('ActionName');
      await change(TopicArn, (topic) => ({
        ...topic,
        attributes: { ...topic.attributes, Policy: withPermission(topic, Label, accounts, actions) },
      }));
      return {};
    },
    RemovePermission: async (_context, { TopicArn, Label = '' }: OnTopic & { readonly Label?: string }) => {
      if (!LABEL.test(Label)) throw invalid('Label');
      await change(TopicArn, (topic) => ({
        ...topic,
        attributes: { ...topic.attributes, Policy: withoutPermission(topic, Label) },
      }));
      return {};
    },
    TagResource: async (_context, { ResourceArn, Tags = [] }: OnResource & { readonly Tags?: readonly Tag[] }) => {
      const added = readTags(Tags);
      await onTagged(() => change(ResourceArn, (topic) => ({ ...topic, tags: withTags(topic.tags, added) })));
      return {};
    },
    UntagResource: async (_context, input: OnResource & { readonly TagKeys?: readonly string[] }) => {
      const { ResourceArn, TagKeys = [] } = input;
      await onTagged(() => change(ResourceArn, (topic) => ({ ...topic, tags: withoutTags(topic.tags, TagKeys) })));
      return {};
    },
    ListTagsForResource: async (_context, { ResourceArn }: OnResource) => {
      const { value } = await onTagged(() => store.requireTopic(ResourceArn));
      return { Tags: listTags(value.tags) };
    },
  };
}

/** Operations on tags have a word of their own for a topic that is not there. */
async function onTagged<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'NotFound') throw error;
    throw snsError('ResourceNotFound', 'Resource does not exist');
  }
}

function readNewTopic({ caller, region }: CallContext, input: CreateInput, nowMs: number): Topic {
  const { Name: name = '', Attributes: given = {}, Tags = [], DataProtectionPolicy } = input;
  const fifo = given.FifoTopic === 'true';
  if (fifo && !FIFO_NAME.test(name)) {
    throw invalid(
      'Topic Name Reason: Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.',
    );
  }
  if (!fifo && !STANDARD_NAME.test(name)) throw invalid('Topic Name');
  const place: TopicPlace = { accountId: caller.accountId, region, name };
  const topic = { ...place, arn: topicArn(place), fifo };
  placeOfTopic(topic.arn);
  const all = { ...given, ...(DataProtectionPolicy !== undefined && { DataProtectionPolicy }) };
  for (const [attribute, value] of Object.entries(all)) checkTopicAttribute(topic, attribute, value, true);
  let attributes: Topic['attributes'] = {};
  for (const [attribute, value] of Object.entries(all)) attributes = withAttribute(attributes, attribute, value);
  return { ...topic, createdMs: nowMs, attributes, tags: readTags(Tags), subscriptionsDeleted: 0 };
}

/** A topic that is there may be created again as it is. @throws AwsError InvalidParameter */
function sameOrRefuse(known: Topic, asked: Topic, { Tags = [] }: CreateInput): string {
  const differs = Object.entries(asked.attributes).some(([name, value]) => known.attributes[name] !== value);
  if (differs) throw invalid('Attributes Reason: Topic already exists with different attributes');
  const sameTags =
    Tags.length === 0 ||
    (Object.keys(known.tags).length === Tags.length &&
      Object.entries(asked.tags).every(([key, value]) => known.tags[key] === value));
  if (!sameTags) throw invalid('Tags Reason: Topic already exists with different tags');
  return known.arn;
}
