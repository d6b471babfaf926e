import type { Service } from '../../wire/service.ts';
import { createAuthorizer } from './authorize.ts';
import { bucketSettingHandlers } from './bucket-settings.ts';
import { bucketHandlers } from './buckets.ts';
import { copyObjectHandlers } from './copy-object.ts';
import { deleteObjectHandlers } from './delete-object.ts';
import { notBuilt } from './errors.ts';
import { getObjectHandlers } from './get-object.ts';
import { listHandlers } from './list.ts';
import { type S3Deps, withStoreErrors } from './model.ts';
import { multipartHandlers } from './multipart.ts';
import { multipartListHandlers } from './multipart-lists.ts';
import { notificationHandlers, withNotifications } from './notifications-of-writes.ts';
import { objectSettingHandlers } from './object-settings.ts';
import { putObjectHandlers } from './put-object.ts';
import { unbuiltHandlers } from './unbuilt.ts';

export { type Lifecycle, startLifecycle } from './lifecycle.ts';
export type { S3Deps } from './model.ts';
export type { Notifications } from './notifications.ts';
export { objectsWithNotifications, storeWithNotifications } from './notifications-of-writes.ts';
export { createObjectKeys } from './object-keys.ts';
export { objectsPort } from './objects-port.ts';

/** The largest documents: a thousand keys to delete, each of 1 KB in characters that XML must escape; 10,000 parts. */
const DOCUMENT_BYTES_MAX = 6 * 1024 * 1024;

/**
 * S3, as far as trails and the tools around them need it: buckets and what is set on them, objects with versions,
 * multipart uploads, policies, lifecycle rules (whose transitions change nothing). It behaves as general purpose buckets
 * do with their defaults of 2023 and later (SSE-S3, ACLs disabled, public access blocked). A bucket answers in every
 * Region, not only in its own. Left out, and refused by name: client keys, encryption in two layers, Object Lock,
 * storage classes, replication, logging, websites, CORS.
 */
export function s3Service(deps: S3Deps): Service {
  const authorizer = createAuthorizer(deps);
  const handlers = withNotifications(deps.notifications, {
    ...bucketHandlers(deps),
    ...bucketSettingHandlers(deps),
    ...unbuiltHandlers(deps),
    ...putObjectHandlers(deps),
    ...getObjectHandlers(deps, authorizer),
    ...copyObjectHandlers(deps, authorizer),
    ...deleteObjectHandlers(deps, authorizer),
    ...listHandlers(deps),
    ...objectSettingHandlers(deps),
    ...multipartHandlers(deps, authorizer),
    ...multipartListHandlers(deps),
    ...notificationHandlers(deps),
  });
  return {
    schema: deps.schema,
    operations: Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, withStoreErrors(handler)])),
    authorize: authorizer.authorize,
    notImplemented: (operation) => notBuilt(operation),
    streamedInputs: new Set(['PutObject', 'UploadPart']),
    allowsAnonymous: true,
    bodyBytesMax: DOCUMENT_BYTES_MAX,
  };
}
