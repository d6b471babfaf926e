import type { Role } from '../../access/iam/entities.ts';
import { keys } from '../../access/iam/entities.ts';
import { newId } from '../../access/iam/new-entities.ts';
import { assert } from '../../base/errors.ts';
import { uuid } from '../../base/random.ts';
import { timeOf } from '../../event/conventions/times.ts';
import type { CloudTrailRecord } from '../../event/record.ts';
import { eventFromRecord } from '../../event/record-from-call.ts';
import { recordFromReport } from '../../event/reported.ts';
import { ACCOUNTS_MAX } from './accounts.ts';
import type { OrganizationsDeps } from './deps.ts';
import { type Creation, FULL_AWS_ACCESS, type Organization, type World } from './model.ts';
import { creationOutput } from './output.ts';
import type { OrganizationStore } from './store.ts';

/** Makes the accounts that CreateAccount has begun, one after the other, also those that a crash left half made. */
export interface AccountMaker {
  /** Call it when there may be something to make. */
  wake(): void;
  /** Resolves when what was being made is made. */
  close(): Promise<void>;
}

/** Where AWS records what Organizations does by itself. */
const REGION = 'us-east-1';
/** A full disk does not get room in a moment. */
const RETRY_MS = 10_000;

export function startAccountMaker(deps: OrganizationsDeps, store: OrganizationStore): AccountMaker {
  let running: Promise<void> = Promise.resolve();
  let closed = false;
  let cancelRetry = () => {};

  async function makeAll(): Promise<void> {
    for (const [organization, creation] of begun(await store.read())) {
      if (closed) return;
      await makeAccount(deps, store, organization, creation);
    }
  }

  function wake(): void {
    if (closed) return;
    running = running.then(makeAll).catch((error) => {
      deps.logger.error({ err: error }, 'an account could not be made; it is tried again');
      cancelRetry();
      cancelRetry = deps.clock.after(RETRY_MS, wake);
    });
  }

  wake();
  return {
    wake,
    async close() {
      closed = true;
      await running;
      cancelRetry();
    },
  };
}

const begun = ({ trees }: World): [Organization, Creation][] =>
  [...trees.values()].flatMap(({ organization, creation }) =>
    [...creation.values()]
      .filter(({ state }) => state === 'IN_PROGRESS')
      .map((one): [Organization, Creation] => [organization, one]),
  );

/**
 * Every step may have been done before a crash: the id was chosen when it began. The record comes before the state that
 * clients see, so that nobody sees an account whose record could still be lost; after a crash between the two it is there
 * twice.
 */
async function makeAccount(
  deps: OrganizationsDeps,
  store: OrganizationStore,
  organization: Organization,
  creation: Creation,
): Promise<void> {
  const failure = whyNot(await store.read(), organization.id, creation);
  if (failure === undefined) {
    await deps.accounts.create(creation.accountId);
    await makeRole(deps, organization.managementAccountId, creation);
  }
  const completedMs = deps.clock.now();
  const done: Creation = failure
    ? { ...creation, state: 'FAILED', failure, completedMs }
    : { ...creation, state: 'SUCCEEDED', completedMs };
  await recordResult(deps, organization, done);
  await store.change((draft) => {
    const tree = draft.world.trees.get(organization.id);
    assert(tree, 'no organization is deleted while it makes an account');
    draft.put(organization.id, 'creation', done);
    if (failure) return;
    const { accountId: id, name, email, tags } = creation;
    draft.putProfile({ id, name, email });
    draft.put(organization.id, 'account', {
      ...{ id, name, email, tags },
      parentId: organization.rootId,
      method: 'CREATED',
      joinedMs: completedMs,
      delegated: {},
      policies: tree.organization.scpEnabled ? [FULL_AWS_ACCESS] : [],
    });
  });
}

function whyNot(world: World, organizationId: string, { email, accountId }: Creation): Creation['failure'] {
  if ((world.trees.get(organizationId)?.account.size ?? 0) >= ACCOUNTS_MAX) return 'ACCOUNT_LIMIT_EXCEEDED';
  const taken = [...world.profiles.values()].some(
    (profile) => profile.id !== accountId && profile.email.toLowerCase() === email.toLowerCase(),
  );
  return taken ? 'EMAIL_ALREADY_EXISTS' : undefined;
}

/** The role by which the management account comes in (Organizations user guide, "Accessing member accounts"). */
async function makeRole({ iam, clock, random }: OrganizationsDeps, managementAccountId: string, creation: Creation) {
  const { accountId, roleName } = creation;
  const key = keys.role(accountId, roleName);
  const trust = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${managementAccountId}:root` }, Action: 'sts:AssumeRole' },
    ],
  };
  await iam.data.change(accountId, async (change) => {
    if (await change.get(key)) return;
    const role: Role = {
      roleName,
      roleId: newId(random, 'role'),
      arn: `arn:aws:iam::${accountId}:role/${roleName}`,
      path: '/',
      createdMs: clock.now(),
      trust: JSON.stringify(trust),
      maxSessionSeconds: 3600,
      inline: {},
      attached: ['arn:aws:iam::aws:policy/AdministratorAccess'],
      tags: {},
    };
    change.put(key, role);
  });
}

/** The AwsServiceEvent of the management account ("Logging AWS Organizations API calls with CloudTrail"). */
async function recordResult({ keep, random }: OrganizationsDeps, organization: Organization, creation: Creation) {
  const { CompletedTimestamp, ...status } = creationOutput(creation);
  assert(CompletedTimestamp, 'it has ended');
  const report = {
    AccountId: organization.managementAccountId,
    EventSource: 'organizations.amazonaws.com',
    EventName: 'CreateAccountResult',
    ServiceEventDetails: {
      createAccountStatus: {
        id: status.Id,
        state: status.State,
        accountName: '****',
        ...(status.AccountId !== undefined && { accountId: status.AccountId }),
        ...(status.FailureReason !== undefined && { failureReason: status.FailureReason }),
        requestedTimestamp: timeOf('organizations', status.RequestedTimestamp),
        completedTimestamp: timeOf('organizations', CompletedTimestamp),
      },
    },
  };
  const about = { timeMs: creation.completedMs!, region: REGION, eventId: uuid(random) };
  await keep([eventFromRecord(recordFromReport({ ServiceEvent: report }, about) as CloudTrailRecord)]);
}
