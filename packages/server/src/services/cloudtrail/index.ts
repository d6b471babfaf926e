import { AwsError } from '../../base/errors.ts';
import type { Handler, Service } from '../../wire/service.ts';
import { createCreateTrail } from './create-trail.ts';
import { createDeleteTrail } from './delete-trail.ts';
import type { CloudTrailDeps } from './deps.ts';
import { createSelectorHandlers } from './event-selectors.ts';
import { createInsightHandlers } from './insight-selectors.ts';
import { createListInsightsData } from './insights-data.ts';
import { createLoggingHandlers } from './logging.ts';
import { createLookupEvents } from './lookup-events.ts';
import { createOrganizationHandlers } from './organization.ts';
import { cloudTrailPermissions } from './permissions.ts';
import { createListPublicKeys } from './public-keys.ts';
import { createQuotas } from './quotas.ts';
import { createReadHandlers } from './read-trails.ts';
import { createResourcePolicyHandlers } from './resource-policies.ts';
import { createTagHandlers } from './tags.ts';
import { createGetTrailStatus } from './trail-status.ts';
import { createUpdateTrail } from './update-trail.ts';

export type { CloudTrailDeps, PublicKeyInfo } from './deps.ts';
export { createTrailLogGroups } from './log-group.ts';
export { createTrailRoleUses, type OrganizationUpkeep, startOrganizationUpkeep } from './organization-upkeep.ts';

/**
 * CloudTrail: trails, their selectors, tags and status, and Event history. Follows AWS's API of 2013-11-01 as it was in
 * 2026-04. Left out, and answered with UnsupportedOperationException: Lake, channels, dashboards, imports, aggregation
 * (docs/parity.md lists them all).
 */
export function cloudTrailService(deps: CloudTrailDeps): Service {
  const operations: Record<string, Handler> = {
    CreateTrail: createCreateTrail(deps),
    UpdateTrail: createUpdateTrail(deps),
    DeleteTrail: createDeleteTrail(deps),
    ...createReadHandlers(deps),
    GetTrailStatus: createGetTrailStatus(deps),
    ...createLoggingHandlers(deps),
    ...createSelectorHandlers(deps),
    ...createInsightHandlers(deps),
    ListInsightsData: createListInsightsData(deps),
    ...createTagHandlers(deps),
    LookupEvents: createLookupEvents(deps),
    ListPublicKeys: createListPublicKeys(deps),
    ...createOrganizationHandlers(deps),
    ...createResourcePolicyHandlers(),
  };
  const takeQuota = deps.rateQuotas ? createQuotas(deps.clock) : () => {};
  return {
    schema: deps.schema,
    operations,
    permissions: cloudTrailPermissions(deps.state),
    /** Quotas count refused calls too. */
    async authorize(context) {
      takeQuota(context);
    },
    notImplemented: (operation) =>
      new AwsError(
        'UnsupportedOperationException',
        `OpenTrail does not support ${operation} yet. Its documentation lists the operations that it supports (docs/parity.md).`,
      ),
  };
}
