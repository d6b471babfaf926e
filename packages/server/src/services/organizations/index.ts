import { AwsError } from '../../base/errors.ts';
import type { Handler, Service } from '../../wire/service.ts';
import { startAccountMaker } from './account-maker.ts';
import { accountReads, createAccountChanges, createLeave } from './accounts.ts';
import { createDelegationChanges, delegationReads } from './delegation.ts';
import type { Change, OrganizationsDeps, Read } from './deps.ts';
import { managedTree, readableTree } from './find.ts';
import { organizationsForCloudTrail } from './for-cloudtrail.ts';
import { createHandshakeChanges, createHandshakeReads, createInvite, createInvitedHandlers } from './handshakes.ts';
import { createOrganizationChanges, createOrganizationHandlers, organizationReads } from './organization.ts';
import { organizationsPermissions } from './permissions.ts';
import { createPolicyChanges, policyReads } from './policies.ts';
import type { OrganizationStore } from './store.ts';
import { tagChanges, tagReads } from './tags.ts';
import { createUnitChanges, unitReads } from './units.ts';
import { validateInput } from './validate.ts';

export type { OrganizationsDeps } from './deps.ts';
export { createOrganizationSource } from './place.ts';
export { createOrganizationStore, type OrganizationStore } from './store.ts';

export interface Organizations {
  readonly forCloudTrail: ReturnType<typeof organizationsForCloudTrail>;
  readonly service: Service;
  /** Resolves when no account is being made any more. */
  close(): Promise<void>;
}

/**
 * Organizations: accounts, organizational units, invitations, service control policies, trusted access and delegated
 * administrators. Follows AWS's API of 2016-11-28 as it was in 2026-04. Left out, and answered as an unsupported operation:
 * policies of other types, resource policies, EnableAllFeatures, CloseAccount, GovCloud, transfers of responsibility.
 */
export function openOrganizations(deps: OrganizationsDeps, store: OrganizationStore): Organizations {
  const maker = startAccountMaker(deps, store);
  const operations: Record<string, Handler> = {
    ...createOrganizationHandlers(deps, store),
    ...createInvite(deps, store),
    ...createInvitedHandlers(deps, store),
    ...createLeave(store),
    ...readers(store, {
      ...organizationReads,
      ...unitReads,
      ...accountReads,
      ...policyReads,
      ...delegationReads,
      ...createHandshakeReads(deps),
      ...tagReads,
    }),
    ...changers(store, {
      ...createOrganizationChanges(deps),
      ...createUnitChanges(deps),
      ...createAccountChanges(deps),
      ...createPolicyChanges(deps),
      ...createDelegationChanges(deps),
      ...createHandshakeChanges(deps),
      ...tagChanges,
    }),
  };
  const begin = operations.CreateAccount!;
  operations.CreateAccount = async (context, input) => {
    const answer = await begin(context, input);
    maker.wake();
    return answer;
  };
  return {
    service: {
      schema: deps.schema,
      operations,
      permissions: organizationsPermissions(store),
      async authorize({ operation }, input) {
        if (Object.hasOwn(operations, operation)) validateInput(operation, input);
      },
      notImplemented: (operation) =>
        new AwsError('UnsupportedAPIEndpointException', `OpenTrail's Organizations does not support ${operation}.`),
    },
    forCloudTrail: organizationsForCloudTrail(deps, store),
    close: () => maker.close(),
  };
}

/** For the management account and delegated administrators. */
const readers = (store: OrganizationStore, table: Readonly<Record<string, Read>>): Record<string, Handler> =>
  mapValues(
    table,
    (read): Handler =>
      async (context, input) => {
        const world = await store.read();
        return read(readableTree(world, context.caller.accountId), input, context, world);
      },
  );

/** For the management account. */
const changers = (store: OrganizationStore, table: Readonly<Record<string, Change>>): Record<string, Handler> =>
  mapValues(
    table,
    (change): Handler =>
      (context, input) =>
        store.change((draft) => change(draft, managedTree(draft.world, context.caller.accountId), input)),
  );

const mapValues = <T, U>(table: Readonly<Record<string, T>>, make: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(table).map(([name, value]) => [name, make(value)]));
