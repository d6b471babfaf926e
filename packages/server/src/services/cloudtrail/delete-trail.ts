import type { DeleteTrailRequest, DeleteTrailResponse } from '@aws-sdk/client-cloudtrail';
import { logGroupRetiredKey } from '../../trails/tellings.ts';
import { hasLogGroup, loggingPeriods, retiredTrailKey } from '../../trails/trail.ts';
import type { Handler } from '../../wire/service.ts';
import type { CloudTrailDeps } from './deps.ts';
import { findHomeTrail, retryingConflicts } from './find-trail.ts';
import { endingCall, stoppedLogging } from './logging-periods.ts';

/**
 * DeleteTrail: the trail is gone at once. One that ever logged is kept aside, stopped, until its follower has delivered
 * what remained (this call's own record included) and the last digest.
 */
export function createDeleteTrail(deps: CloudTrailDeps): Handler {
  return async (context, input: Partial<DeleteTrailRequest>): Promise<DeleteTrailResponse> => {
    await retryingConflicts(async () => {
      const { key, version, value: trail } = await findHomeTrail(deps, context, input.Name);
      const retired = trail.isLogging ? stoppedLogging(trail, endingCall(deps, context)) : trail;
      await deps.state.write([
        { delete: key, ifVersion: version },
        ...(loggingPeriods(trail).length === 0 ? [] : [{ put: retiredTrailKey(trail), value: retired }]),
        ...(hasLogGroup(trail) ? [{ put: logGroupRetiredKey(trail.id), value: retired }] : []),
      ]);
    });
    deps.trailsChanged();
    return {};
  };
}
