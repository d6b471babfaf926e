import { resourceContext, serviceContext } from '../../access/context.ts';
import { evaluate } from '../../access/policy.ts';
import { AwsError } from '../../base/errors.ts';
import type { ServiceCaller } from '../../ports/objects.ts';
import type { Queues } from '../doors.ts';
import { settingsOf } from './attributes.ts';
import type { SqsParts } from './deps.ts';
import { invalidParameter } from './errors.ts';
import type { MessageAttribute } from './messages.ts';
import { parseQueueArn, queueArn } from './model.ts';
import type { OpenQueue } from './registry.ts';
import { prepare, send } from './send.ts';

/** How other services of this server send: under the queue's policy, which must name the service. */
export function createQueueDoor(parts: SqsParts): Queues {
  const find = (arn: string): OpenQueue => {
    const name = parseQueueArn(arn);
    if (!name) throw invalidParameter(`${arn} is not the ARN of a queue.`);
    return parts.registry.require(name);
  };

  async function refusal({ queue }: OpenQueue, actor: ServiceCaller): Promise<string | undefined> {
    const { policy } = settingsOf(queue);
    const { organizations, clock } = parts;
    const verdict =
      policy &&
      evaluate(policy, {
        principal: { kind: 'service', service: actor.service },
        action: 'sqs:SendMessage',
        resource: queueArn(queue),
        context: {
          ...serviceContext(actor, clock.now(), await organizations.placeOf(actor.sourceAccount)),
          ...resourceContext(queue.accountId, await organizations.placeOf(queue.accountId)),
        },
      });
    if (verdict === 'allow') return undefined;
    const why =
      verdict === 'deny'
        ? 'with an explicit deny in a resource-based policy'
        : 'because no resource-based policy allows the sqs:SendMessage action';
    return `${actor.service} is not authorized to perform: sqs:SendMessage on resource: ${queueArn(queue)} ${why}`;
  }

  return {
    async check(arn, actor) {
      return refusal(find(arn), actor);
    },
    async send(arn, { body, attributes = {}, groupId, deduplicationId }, actor) {
      const opened = find(arn);
      const refused = await refusal(opened, actor);
      if (refused !== undefined) throw new AwsError('AccessDenied', refused, { status: 403 });
      const prepared = prepare(opened, {
        body,
        attributes: Object.fromEntries(
          Object.entries(attributes).map(([name, attribute]) => [name, wireAttribute(attribute)]),
        ),
        systemAttributes: {},
        groupId,
        deduplicationId,
        senderId: actor.service,
      });
      const [sent] = await send(parts, opened, [prepared], { actor });
      return { messageId: sent!.messageId };
    },
  };
}

/** Binary values stand in base64. */
const wireAttribute = ({ type, value }: { readonly type: string; readonly value: string }): MessageAttribute =>
  type.startsWith('Binary')
    ? { DataType: type, BinaryValue: Buffer.from(value, 'base64') }
    : { DataType: type, StringValue: value };
