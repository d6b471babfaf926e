import type { AccessRequest } from '../../access/authorizer.ts';
import { requestTagContext, tagContext } from '../../access/context.ts';
import type { CallContext, Permission, PermissionTable } from '../../wire/service.ts';
import type { QueueInput } from './api.ts';
import { settingsOf } from './attributes.ts';
import { checkQueueName, namedQueue, parseQueueArn, type QueueName, queueArn } from './model.ts';
import { readTaskHandle } from './move-tasks.ts';
import type { Registry } from './registry.ts';

// biome-ignore lint/suspicious/noExplicitAny: decoded by the operation's own schema; a table over all of them has no better type
type Input = any;

/**
 * What each call must be allowed to do (service authorization reference, "Amazon SQS"). A queue's policy has a say only
 * in the operations that another account can be given (SQS developer guide, "Cross-account permissions").
 */
export function sqsPermissions(registry: Registry): PermissionTable {
  const access = (
    { region: _region }: CallContext,
    action: string,
    name: QueueName,
    options: { readonly shared?: boolean; readonly context?: AccessRequest['context'] } = {},
  ): AccessRequest => {
    const queue = registry.find(name)?.queue;
    const policy = options.shared === true && queue ? settingsOf(queue).policy : undefined;
    return {
      action: `sqs:${action}`,
      resource: queueArn(name),
      resourceAccountId: name.accountId,
      context: { ...tagContext('aws:ResourceTag', queue?.tags ?? {}), ...options.context },
      ...(policy && { resourcePolicy: policy }),
    };
  };
  const onQueue =
    (action: string, shared: boolean, contextOf: (input: Input) => AccessRequest['context'] = () => ({})): Permission =>
    (context, input: QueueInput) => {
      const extra = contextOf(input);
      return [
        access(context, action, namedQueue(context, input.QueueUrl), { shared, ...(extra && { context: extra }) }),
      ];
    };
  const byName = (context: CallContext, name: string | undefined, accountId = context.caller.accountId): QueueName => ({
    accountId,
    region: context.region,
    name: checkQueueName(name),
  });
  const onTask = (context: CallContext, action: string, arn: string | undefined) => {
    const name = parseQueueArn(arn ?? '');
    return name ? [access(context, action, name)] : [{ action: `sqs:${action}`, resource: '*' }];
  };

  return {
    CreateQueue: (context, { QueueName, tags = {} }: Input) => {
      const options = { context: requestTagContext(tags) };
      const name = byName(context, QueueName);
      return ['CreateQueue', ...(Object.keys(tags).length > 0 ? ['TagQueue'] : [])].map((action) =>
        access(context, action, name, options),
      );
    },
    GetQueueUrl: (context, { QueueName, QueueOwnerAWSAccountId }: Input) => [
      access(context, 'GetQueueUrl', byName(context, QueueName, QueueOwnerAWSAccountId), { shared: true }),
    ],
    ListQueues: () => [{ action: 'sqs:ListQueues', resource: '*' }],
    DeleteQueue: onQueue('DeleteQueue', false),
    GetQueueAttributes: onQueue('GetQueueAttributes', true),
    SetQueueAttributes: onQueue('SetQueueAttributes', false),
    PurgeQueue: onQueue('PurgeQueue', true),
    ListDeadLetterSourceQueues: onQueue('ListDeadLetterSourceQueues', true),
    TagQueue: onQueue('TagQueue', false, ({ Tags = {} }) => requestTagContext(Tags)),
    UntagQueue: onQueue('UntagQueue', false, ({ TagKeys = [] }) => ({ 'aws:TagKeys': TagKeys })),
    ListQueueTags: onQueue('ListQueueTags', false),
    AddPermission: onQueue('AddPermission', false),
    RemovePermission: onQueue('RemovePermission', false),
    SendMessage: onQueue('SendMessage', true),
    SendMessageBatch: onQueue('SendMessage', true),
    ReceiveMessage: onQueue('ReceiveMessage', true),
    DeleteMessage: onQueue('DeleteMessage', true),
    DeleteMessageBatch: onQueue('DeleteMessage', true),
    ChangeMessageVisibility: onQueue('ChangeMessageVisibility', true),
    ChangeMessageVisibilityBatch: onQueue('ChangeMessageVisibility', true),
    StartMessageMoveTask: (context, { SourceArn, DestinationArn }: Input) => {
      const target = parseQueueArn(DestinationArn ?? '');
      return [
        ...['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].flatMap((action) =>
          onTask(context, action, SourceArn),
        ),
        ...(target ? [access(context, 'SendMessage', target)] : []),
      ];
    },
    CancelMessageMoveTask: (context, { TaskHandle }: Input) =>
      onTask(context, 'CancelMessageMoveTask', readTaskHandle(TaskHandle)?.sourceArn),
    ListMessageMoveTasks: (context, { SourceArn }: Input) => onTask(context, 'ListMessageMoveTasks', SourceArn),
  };
}
