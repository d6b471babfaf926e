import type { PutBucketNotificationConfigurationCommandInput } from '@aws-sdk/client-s3';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Objects } from '../../ports/objects.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import { bucketOf, changeBucket, type Handlers, type S3Deps } from './model.ts';
import type { Notifications, PlannedChange } from './notifications.ts';
import {
  readNotifications,
  type StoredNotifications,
  shownNotifications,
  unreachable,
} from './notifications-config.ts';
import type { Teller } from './notifications-message.ts';

interface WriteInput {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string;
  readonly Delete?: { readonly Objects?: readonly { readonly Key?: string; readonly VersionId?: string }[] };
}

/** What each operation does to objects. */
const EVENTS: Readonly<Record<string, string>> = {
  PutObject: 'ObjectCreated:Put',
  CopyObject: 'ObjectCreated:Copy',
  CompleteMultipartUpload: 'ObjectCreated:CompleteMultipartUpload',
  DeleteObject: 'ObjectRemoved',
  DeleteObjects: 'ObjectRemoved',
  PutObjectTagging: 'ObjectTagging:Put',
  DeleteObjectTagging: 'ObjectTagging:Delete',
  PutObjectAcl: 'ObjectAcl:Put',
};
/** As EventBridge's `reason` has them. */
const REASONS: Readonly<Record<string, string>> = { DeleteObjects: 'DeleteObject' };

/** S3's limit of keys in one request. */
const KEYS_MAX = 1000;

const tellerOf = ({ caller, sourceIp, requestId }: CallContext): Teller => ({
  principalId: caller.anonymous ? 'Anonymous' : (caller.identity.principalId ?? caller.accountId),
  accountId: caller.accountId,
  sourceIp,
  requestId,
});

/** The handlers that change objects, telling of it. */
export function withNotifications(notifications: Notifications | undefined, handlers: Handlers): Handlers {
  if (!notifications) return handlers;
  const telling = Object.entries(EVENTS).map(([operation, event]): [string, Handler] => [
    operation,
    (context, input: WriteInput) => {
      const reason = REASONS[operation] ?? operation;
      const changes = keysOf(operation, input).map(
        ({ Key: key = '', VersionId: versionId }): PlannedChange => ({
          bucket: input.Bucket,
          key,
          event,
          reason,
          ...(versionId !== undefined && { versionId }),
        }),
      );
      // More than S3 takes at once: the operation says so.
      if (changes.length > KEYS_MAX) return handlers[operation]!(context, input);
      return notifications.telling(tellerOf(context), changes, () => handlers[operation]!(context, input));
    },
  ]);
  return { ...handlers, ...Object.fromEntries(telling) };
}

/** Of a write no version is named: `VersionId` is that of a source, or there is none. */
function keysOf(operation: string, { Key, VersionId, Delete }: WriteInput) {
  if (operation === 'DeleteObjects') return Delete?.Objects ?? [];
  const names = operation.startsWith('Delete') || operation.startsWith('PutObject');
  return [{ Key, ...(names && VersionId !== undefined && { VersionId }) }];
}

export function notificationHandlers(deps: S3Deps): Handlers {
  return {
    async GetBucketNotificationConfiguration(_: CallContext, { Bucket }: { readonly Bucket: string }) {
      return shownNotifications(bucketOf(deps, Bucket).settings.notifications as StoredNotifications | undefined);
    },
    async PutBucketNotificationConfiguration(
      context: CallContext,
      input: PutBucketNotificationConfigurationCommandInput,
    ) {
      const bucket = bucketOf(deps, input.Bucket ?? '');
      const notifications = readNotifications(input, bucket.region, deps.random);
      if (!input.SkipDestinationValidation) {
        for (const target of notifications.targets) {
          const problem = await deps.notifications?.tryOut(bucket, target, context.requestId);
          if (problem !== undefined) throw unreachable(target.arn, problem);
        }
      }
      const isEmpty = notifications.targets.length === 0 && !notifications.eventBridge;
      await changeBucket(deps, bucket.name, (old) => ({
        ...old,
        settings: { ...old.settings, notifications: isEmpty ? undefined : notifications },
      }));
      return {};
    },
  };
}

/** What trails deliver is told of as well: consumers of log files wait for it. */
export function objectsWithNotifications(objects: Objects, notifications: Notifications): Objects {
  return {
    ...objects,
    put(caller, object) {
      const teller = {
        principalId: caller.service,
        accountId: caller.service,
        sourceIp: caller.service,
        requestId: '',
      };
      const change = { bucket: object.bucket, key: object.key, event: 'ObjectCreated:Put', reason: 'PutObject' };
      return notifications.telling(teller, [change], () => objects.put(caller, object));
    },
  };
}

/** What lifecycle rules delete. */
export function storeWithNotifications(store: ObjectStore, notifications: Notifications): ObjectStore {
  const teller = {
    principalId: 's3.amazonaws.com',
    accountId: 's3.amazonaws.com',
    sourceIp: 's3.amazonaws.com',
    requestId: '',
  };
  return {
    ...store,
    delete(bucket, key, options = {}) {
      const { versionId } = options;
      const change = {
        bucket,
        key,
        event: 'LifecycleExpiration',
        reason: 'Lifecycle Expiration',
        ...(versionId !== undefined && { versionId }),
      };
      return notifications.telling(teller, [change], () => store.delete(bucket, key, options));
    },
  };
}
