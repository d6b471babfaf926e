import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { State } from '../../ports/state.ts';
import { listTrails, type Trail, trailKey } from '../../trails/trail.ts';
import type { CloudTrailDeps, TrailOrganizations } from './deps.ts';
import { retryingConflicts, visibleTrails } from './find-trail.ts';
import { changedPeriodAt, progressOf } from './logging-periods.ts';

export interface OrganizationUpkeepDeps extends Pick<CloudTrailDeps, 'trailsChanged'> {
  readonly state: State;
  readonly log: CloudTrailDeps['log'];
  readonly organizations: TrailOrganizations;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What organization trails need done when their organization changes. */
export interface OrganizationUpkeep {
  /** An organization has changed: trails know of it when this resolves. Does not fail; what did is tried again. */
  organizationsChanged(): Promise<void>;
  /** A trail has changed. */
  trailsChanged(): void;
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** A full disk does not get room in a moment. */
const RETRY_MS = 10_000;

/**
 * A trail whose organization is gone, or has withdrawn CloudTrail's access, goes on as its account's own (spec: api §4):
 * at once, and at the start for what happened just before a crash. The role that CloudTrail acts by is made in all
 * accounts of an organization that has a trail, and taken from those that leave; that is not waited for.
 */
export function startOrganizationUpkeep(deps: OrganizationUpkeepDeps): OrganizationUpkeep {
  const { organizations, clock, logger } = deps;
  let closed = false;
  let waits = false;
  let running: Promise<void> = Promise.resolve();
  let cancelRetry = () => {};

  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      logger.error({ err: error }, 'organization trails could not follow their organization; it is tried again');
      cancelRetry();
      if (!closed) cancelRetry = clock.after(RETRY_MS, () => void organizationsChanged());
    }
  }

  /** After what is under way; many wishes make one. */
  function lookAgain(): void {
    if (waits || closed) return;
    waits = true;
    running = running.then(() =>
      attempt(async () => {
        waits = false;
        if (closed) return;
        await releaseTrails(deps);
        await organizations.keepRoles(await trailedOrganizations(deps.state));
      }),
    );
  }

  async function organizationsChanged(): Promise<void> {
    await attempt(() => releaseTrails(deps));
    deps.trailsChanged();
    lookAgain();
  }

  running = organizationsChanged();
  return {
    organizationsChanged,
    trailsChanged: lookAgain,
    async close() {
      closed = true;
      cancelRetry();
      await running;
    },
  };
}

const organizationTrails = async (state: State): Promise<readonly Trail[]> =>
  (await listTrails(state)).map(({ value }) => value).filter(({ organizationId }) => organizationId !== undefined);

const trailedOrganizations = async (state: State): Promise<string[]> => [
  ...new Set((await organizationTrails(state)).flatMap(({ organizationId = [] }) => organizationId)),
];

/** Makes trails their account's own whose organization does not let CloudTrail in any more. */
async function releaseTrails(deps: OrganizationUpkeepDeps): Promise<void> {
  for (const { accountId, ...trail } of await organizationTrails(deps.state)) {
    const organization = await deps.organizations.organizationOf(accountId);
    const isManaged = organization?.id === trail.organizationId && organization?.managementAccountId === accountId;
    if (!isManaged || !organization?.isTrusted) await releaseTrail(deps, trailKey({ accountId, ...trail }));
  }
}

const releaseTrail = ({ state, log, trailsChanged }: OrganizationUpkeepDeps, key: string): Promise<void> =>
  retryingConflicts(async () => {
    const entry = await state.get<Trail>(key);
    if (entry?.value.organizationId === undefined) return;
    const { organizationId, ...own } = entry.value;
    const value = changedPeriodAt(entry.value, own, log.end, await progressOf({ state }, own));
    await state.write([{ put: key, value, ifVersion: entry.version }]);
    trailsChanged();
  });

/** What uses the role that CloudTrail acts by in an account: the organization trails that show there. */
export const createTrailRoleUses =
  (deps: Pick<CloudTrailDeps, 'state' | 'organizations'>) =>
  async ({ accountId, roleName }: { readonly accountId: string; readonly roleName: string }) => {
    if (roleName !== TRAIL_ROLE) return [];
    const trails = (await visibleTrails(deps, accountId)).map(({ value }) => value);
    return trails
      .filter(({ organizationId }) => organizationId !== undefined)
      .map(({ homeRegion, arn }) => ({ region: homeRegion, resources: [arn] }));
  };

const TRAIL_ROLE = 'AWSServiceRoleForCloudTrail';
