import { AwsError } from '../../base/errors.ts';
import type { Handler, Service } from '../../wire/service.ts';
import type { SqsParts } from './deps.ts';
import { sqsPermissions } from './permissions.ts';
import { createPolicyHandlers } from './queue-policy.ts';
import { createQueueHandlers } from './queues.ts';
import { createReceivingHandlers } from './receiving.ts';
import { createSendingHandlers } from './sending.ts';
import { createTagHandlers } from './tags.ts';

/** A batch of full-size messages as a form, where a character can take nine bytes, is larger; as JSON it fits. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

/**
 * SQS: standard and FIFO queues, dead-letter queues and moves out of them, in both protocols. Follows AWS's API of
 * 2012-11-05 as it was in 2026-05. Left out: the wait of a minute before a deleted queue's name can be used again, and fair queues' metrics.
 */
export function sqsService(parts: SqsParts, moveTasks: Readonly<Record<string, Handler>>): Service {
  return {
    schema: parts.schema,
    operations: {
      ...createQueueHandlers(parts),
      ...createTagHandlers(parts),
      ...createPolicyHandlers(parts),
      ...createSendingHandlers(parts),
      ...createReceivingHandlers(parts),
      ...moveTasks,
    },
    permissions: sqsPermissions(parts.registry),
    notImplemented: (operation) => new AwsError('UnsupportedOperation', `${operation} is not built here.`),
    bodyBytesMax: BODY_BYTES_MAX,
  };
}
