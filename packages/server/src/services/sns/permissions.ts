import type { AccessRequest } from '../../access/authorizer.ts';
import { requestTagContext, tagContext } from '../../access/context.ts';
import type { CallContext, Permission, PermissionTable } from '../../wire/service.ts';
import { placeOfTopic, readSubscriptionArn, topicArn } from './model.ts';
import { targetOf } from './publishing.ts';
import type { SnsStore } from './store.ts';
import { policyOf } from './topic-policy.ts';

// biome-ignore lint/suspicious/noExplicitAny: decoded by the operation's own schema; a table over all of them has no better type
type Input = Readonly<Record<string, any>>;
type Tags = readonly { readonly Key?: string; readonly Value?: string }[];

/** What each call must be allowed to do (AWS's service authorization reference for SNS). */
export function snsPermissions(store: SnsStore): PermissionTable {
  /** On a topic, whose policy has a say. */
  const onTopic =
    (
      action: string,
      arnOf: (input: Input) => string = ({ TopicArn }) => TopicArn,
      more: (input: Input) => AccessRequest['context'] = () => ({}),
    ): Permission =>
    async (_context, input) => {
      const arn = arnOf(input);
      const { accountId } = placeOfTopic(arn);
      const topic = (await store.topic(arn))?.value;
      return [
        {
          action: `SNS:${action}`,
          resource: arn,
          resourceAccountId: accountId,
          ...(topic && { resourcePolicy: policyOf(topic) }),
          context: { ...(topic && tagContext('aws:ResourceTag', topic.tags)), ...more(input) },
        },
      ];
    };
  const resourceArn = ({ ResourceArn }: Input): string => ResourceArn;
  const onTags = (tagsOf: (input: Input) => AccessRequest['context']) => tagsOf;

  return {
    CreateTopic: (context, input) => {
      const tags = tagsOf(input.Tags);
      const asked = { resource: topicArn({ ...placeOf(context), name: String(input.Name ?? '') }), context: tags };
      const tagged = (input.Tags ?? []).length > 0;
      return [{ action: 'SNS:CreateTopic', ...asked }, ...(tagged ? [{ action: 'SNS:TagResource', ...asked }] : [])];
    },
    DeleteTopic: onTopic('DeleteTopic'),
    ListTopics: onAll('ListTopics'),
    GetTopicAttributes: onTopic('GetTopicAttributes'),
    SetTopicAttributes: onTopic('SetTopicAttributes'),
    AddPermission: onTopic('AddPermission'),
    RemovePermission: onTopic('RemovePermission'),
    TagResource: onTopic(
      'TagResource',
      resourceArn,
      onTags(({ Tags }) => tagsOf(Tags)),
    ),
    UntagResource: onTopic(
      'UntagResource',
      resourceArn,
      onTags(({ TagKeys }) => ({ 'aws:TagKeys': TagKeys ?? [] })),
    ),
    ListTagsForResource: onTopic('ListTagsForResource', resourceArn),

    Subscribe: onTopic('Subscribe', undefined, ({ Protocol, Endpoint }) => ({
      ...(Protocol !== undefined && { 'sns:Protocol': String(Protocol) }),
      ...(Endpoint !== undefined && { 'sns:Endpoint': String(Endpoint) }),
    })),
    ListSubscriptions: onAll('ListSubscriptions'),
    ListSubscriptionsByTopic: onTopic('ListSubscriptionsByTopic'),
    GetSubscriptionAttributes: onSubscription('GetSubscriptionAttributes'),
    SetSubscriptionAttributes: onSubscription('SetSubscriptionAttributes'),
    /** The token says that the endpoint's owner wants it; unsigned calls have nothing else. */
    ConfirmSubscription: ({ caller }, { TopicArn }) =>
      caller.anonymous ? [] : [{ action: 'SNS:ConfirmSubscription', resource: topicArn(placeOfTopic(TopicArn)) }],
    Unsubscribe: (context, input) => (context.caller.anonymous ? [] : onSubscription('Unsubscribe')(context, input)),

    Publish: onTopic('Publish', targetOf),
    PublishBatch: onTopic('Publish'),
  };
}

/** A matter of the caller's own policies: whose the subscription may be, its handler looks at. */
const onSubscription =
  (action: string): Permission =>
  (_context, { SubscriptionArn }) => [
    { action: `SNS:${action}`, resource: topicArn(readSubscriptionArn(SubscriptionArn).place) },
  ];

const onAll =
  (action: string): Permission =>
  (context) => [{ action: `SNS:${action}`, resource: topicArn({ ...placeOf(context), name: '*' }) }];

const placeOf = ({ caller, region }: CallContext) => ({ accountId: caller.accountId, region });

const tagsOf = (tags: Tags = []) =>
  requestTagContext(Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value])));
