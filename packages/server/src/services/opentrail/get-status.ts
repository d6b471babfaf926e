import type { Handler } from '../../wire/service.ts';
import type { OpenTrailDeps } from './deps.ts';

/** GetStatus: what /readyz and the lags in /metrics say, for who signs its calls. */
export function createGetStatus({ status }: Pick<OpenTrailDeps, 'status'>): Handler {
  return async () => {
    const { lagEvents, troubles } = status();
    return {
      Followers: Object.entries(lagEvents).map(([Name, LagEvents]) => ({ Name, LagEvents })),
      Troubles: troubles,
    };
  };
}
