import { resourceContext, serviceContext } from '../../access/context.ts';
import { evaluate, missingStatement, type PolicyRequest } from '../../access/policy.ts';
import type { ServiceCaller } from '../../ports/objects.ts';
import type { MessageParts, Topics } from '../doors.ts';
import type { SnsDeps } from './deps.ts';
import { snsError } from './errors.ts';
import { type PublishInput, readMessage } from './message.ts';
import type { Topic } from './model.ts';
import type { PublishMessage } from './publish.ts';
import type { SnsStore } from './store.ts';
import { policyOf } from './topic-policy.ts';

/** Services that tell a topic for which account they act: its default policy lets them in for its own. */
const TELL_SOURCE_OWNER: ReadonlySet<string> = new Set(['cloudwatch.amazonaws.com']);

/** How other services publish. The topic's policy decides, and nothing else. */
export function createTopics(
  { clock, organizations }: Pick<SnsDeps, 'clock' | 'organizations'>,
  store: SnsStore,
  publish: PublishMessage,
): Topics {
  async function refusal(topic: Topic, actor: ServiceCaller): Promise<string | undefined> {
    const [source, owner] = await Promise.all([
      organizations?.placeOf(actor.sourceAccount),
      organizations?.placeOf(topic.accountId),
    ]);
    const request: PolicyRequest = {
      principal: { kind: 'service', service: actor.service },
      action: 'sns:Publish',
      resource: topic.arn,
      context: {
        ...serviceContext(actor, clock.now(), source),
        ...resourceContext(topic.accountId, owner),
        ...(TELL_SOURCE_OWNER.has(actor.service) && { 'aws:SourceOwner': actor.sourceAccount }),
      },
    };
    const policy = policyOf(topic);
    if (evaluate(policy, request) === 'allow') return undefined;
    const missing = missingStatement(policy, request);
    const hint = missing === undefined ? 'a statement denies it' : `it needs the statement ${missing}`;
    return `${actor.service} is not authorized to perform: SNS:Publish on resource: ${topic.arn} by the topic's policy: ${hint}`;
  }

  return {
    async check(topicArn, actor) {
      return refusal((await store.requireTopic(topicArn)).value, actor);
    },
    async publish(topicArn, message, actor) {
      const { value: topic } = await store.requireTopic(topicArn);
      const refused = await refusal(topic, actor);
      if (refused !== undefined) throw snsError('AuthorizationError', refused);
      return { messageId: (await publish(topic, readMessage(topic, inputOf(message)), { actor })).messageId };
    },
  };
}

function inputOf(parts: MessageParts & { readonly message: string; readonly subject?: string }): PublishInput {
  const { message, subject, attributes = {}, groupId, deduplicationId } = parts;
  const given = Object.entries(attributes).map(([name, { type, value }]) => [
    name,
    type.startsWith('Binary')
      ? { DataType: type, BinaryValue: Buffer.from(value, 'base64') }
      : { DataType: type, StringValue: value },
  ]);
  return {
    Message: message,
    MessageAttributes: Object.fromEntries(given),
    ...(subject !== undefined && { Subject: subject }),
    ...(groupId !== undefined && { MessageGroupId: groupId }),
    ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
  };
}
