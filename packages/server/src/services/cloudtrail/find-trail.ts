import { AwsError } from '../../base/errors.ts';
import { type State, StateConflict, type StateEntry } from '../../ports/state.ts';
import { listTrails, type Trail, trailArn, trailKey } from '../../trails/trail.ts';
import type { CallContext } from '../../wire/service.ts';
import type { CloudTrailDeps } from './deps.ts';
import { checkTrailName, parseTrailArn } from './names.ts';
import { notAdministrator } from './organization.ts';

/** Who looks for a trail, and where. */
export type Place = Pick<CallContext, 'region'> & { readonly caller: Pick<CallContext['caller'], 'accountId'> };

/** Whether a trail shows in a Region: its home, or any when it is a multi-Region one (spec: api §4). */
export const isVisibleIn = (trail: Trail, region: string): boolean =>
  trail.homeRegion === region || trail.isMultiRegion;

type FindDeps = Pick<CloudTrailDeps, 'state' | 'organizations'>;

/** The trails that an account sees: its own, and those of the organization that it is a member of. */
export async function visibleTrails(
  { state, organizations }: FindDeps,
  accountId: string,
): Promise<readonly StateEntry<Trail>[]> {
  const own = await listTrails(state, accountId);
  const organization = await organizations?.organizationOf(accountId);
  if (!organization || organization.managementAccountId === accountId) return own;
  const theirs = await listTrails(state, organization.managementAccountId);
  return [...own, ...theirs.filter(({ value }) => value.organizationId === organization.id)];
}

/**
 * The trail that a name or ARN means, or undefined. A name means a trail of the account's own whose home is this Region;
 * an ARN any trail that the account sees.
 * @throws AwsError InvalidTrailNameException, CloudTrailARNInvalidException
 */
export async function lookForTrail(
  deps: FindDeps,
  place: Place,
  nameOrArn: string | undefined,
): Promise<StateEntry<Trail> | undefined> {
  const { accountId, region: homeRegion, name } = parseReference(place, nameOrArn);
  const entry = await deps.state.get<Trail>(trailKey({ accountId, homeRegion, name }));
  const own = place.caller.accountId;
  if (accountId === own || entry?.value.organizationId === undefined) return accountId === own ? entry : undefined;
  return (await deps.organizations?.organizationOf(own))?.id === entry.value.organizationId ? entry : undefined;
}

/** The ARN that a name or ARN stands for. Throws as `lookForTrail`. */
export function referredArn(place: Place, nameOrArn: string | undefined): string {
  const { accountId, region, name } = parseReference(place, nameOrArn);
  return trailArn(region, accountId, name);
}

/** As `lookForTrail`. @throws AwsError TrailNotFoundException too */
export async function findTrail(
  deps: FindDeps,
  place: Place,
  nameOrArn: string | undefined,
): Promise<StateEntry<Trail>> {
  return (await lookForTrail(deps, place, nameOrArn)) ?? unknownTrail(place, nameOrArn);
}

/** As `findTrail`, but a name may also mean a shadow in this Region: a multi-Region trail whose home is elsewhere. */
export async function findTrailOrShadow(
  deps: FindDeps,
  place: Place,
  nameOrArn: string | undefined,
): Promise<StateEntry<Trail>> {
  const found = (await lookForTrail(deps, place, nameOrArn)) ?? (await findShadow(deps.state, place, nameOrArn));
  return found ?? unknownTrail(place, nameOrArn);
}

/**
 * The trail to change, which only its home Region may, and of an organization's members only delegated administrators.
 * @throws AwsError NotOrganizationMasterAccountException, InvalidHomeRegionException, and what `findTrail` throws
 */
export async function findHomeTrail(
  deps: FindDeps,
  place: Place,
  nameOrArn: string | undefined,
): Promise<StateEntry<Trail>> {
  const entry = await findTrailOrShadow(deps, place, nameOrArn);
  await checkMayChange(deps, place, entry.value);
  if (entry.value.homeRegion === place.region) return entry;
  throw new AwsError(
    'InvalidHomeRegionException',
    `Trail ${entry.value.arn} can only be changed from its home Region ${entry.value.homeRegion}; this request was made in ${place.region}.`,
  );
}

/** @throws AwsError NotOrganizationMasterAccountException */
export async function checkMayChange(deps: FindDeps, { caller }: Place, trail: Trail): Promise<void> {
  if (trail.accountId === caller.accountId) return;
  const organization = await deps.organizations?.organizationOf(caller.accountId);
  if (organization?.administrators.includes(caller.accountId)) return;
  throw notAdministrator(
    `The organization trail ${trail.arn} can only be changed by the management account of the organization and its CloudTrail delegated administrators.`,
  );
}

async function findShadow(state: State, place: Place, nameOrArn: string | undefined) {
  const all = await listTrails(state, place.caller.accountId);
  return all.find(({ value: t }) => t.isMultiRegion && t.name === nameOrArn);
}

function parseReference(place: Place, nameOrArn: string | undefined) {
  if (nameOrArn?.startsWith('arn:')) return parseTrailArn(nameOrArn);
  checkTrailName(nameOrArn);
  return { region: place.region, accountId: place.caller.accountId, name: nameOrArn };
}

function unknownTrail(place: Place, nameOrArn: string | undefined): never {
  const { region, accountId, name } = parseReference(place, nameOrArn);
  const arn = nameOrArn?.startsWith('arn:') ? nameOrArn : trailArn(region, accountId, name);
  throw new AwsError('TrailNotFoundException', `Unknown trail: ${arn} for the user: ${place.caller.accountId}`);
}

/** Two clients that edit one trail collide rarely; after this many collisions in a row the caller is told to wait. */
const ATTEMPTS_MAX = 8;

/**
 * Runs read-check-write again as long as somebody else writes in between.
 * @throws AwsError ConflictException
 */
export async function retryingConflicts<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StateConflict)) throw error;
    }
  }
  throw new AwsError(
    'ConflictException',
    'The resource is being modified by other requests. Wait a moment, then try your request again.',
  );
}

/**
 * Changes a trail in its home Region, as often as needed until nobody else changed it meanwhile.
 * @param change gives the new trail, or the same object when there is nothing to change
 * @returns the trail as stored
 */
export function changeTrail(
  deps: FindDeps & Pick<CloudTrailDeps, 'trailsChanged'>,
  place: Place,
  nameOrArn: string | undefined,
  change: (trail: Trail) => Trail | Promise<Trail>,
): Promise<Trail> {
  return retryingConflicts(async () => {
    const entry = await findHomeTrail(deps, place, nameOrArn);
    const next = await change(entry.value);
    if (next === entry.value) return next;
    await deps.state.write([{ put: entry.key, value: next, ifVersion: entry.version }]);
    deps.trailsChanged();
    return next;
  });
}
