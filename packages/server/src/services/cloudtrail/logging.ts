import type {
  StartLoggingRequest,
  StartLoggingResponse,
  StopLoggingRequest,
  StopLoggingResponse,
} from '@aws-sdk/client-cloudtrail';
import type { Handler } from '../../wire/service.ts';
import type { CloudTrailDeps } from './deps.ts';
import { changeTrail } from './find-trail.ts';
import { endingCall, progressOf, startedLogging, stoppedLogging } from './logging-periods.ts';

/** StartLogging and StopLogging: home Region only; a second one in a row changes nothing. */
export function createLoggingHandlers(deps: CloudTrailDeps): Record<'StartLogging' | 'StopLogging', Handler> {
  return {
    StartLogging: async (context, input: Partial<StartLoggingRequest>): Promise<StartLoggingResponse> => {
      await changeTrail(deps, context, input.Name, async (trail) =>
        trail.isLogging ? trail : startedLogging(trail, deps.clock.now(), deps.log.end, await progressOf(deps, trail)),
      );
      return {};
    },
    StopLogging: async (context, input: Partial<StopLoggingRequest>): Promise<StopLoggingResponse> => {
      await changeTrail(deps, context, input.Name, (trail) =>
        trail.isLogging ? stoppedLogging(trail, endingCall(deps, context)) : trail,
      );
      return {};
    },
  };
}
