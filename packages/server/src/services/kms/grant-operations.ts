import { createHash } from 'node:crypto';
import { type StateChange, StateConflict } from '../../ports/state.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type {
  CreateGrantRequest,
  ListGrantsRequest,
  PageRequest,
  RetireGrantRequest,
  RevokeGrantRequest,
} from './api.ts';
import { canonicalContext } from './ciphertext.ts';
import { refuseDryRun } from './data.ts';
import type { KmsDeps } from './deps.ts';
import { kmsError } from './errors.ts';
import { principalHash } from './grants.ts';
import { type Grant, grantsPrefix, type Key, keyArn, rootArn } from './key.ts';
import { checkedGrantId, type KeyStore, requireEnabled } from './key-store.ts';
import { pageOf } from './pages.ts';
import { GRANT_OPERATIONS } from './validate.ts';

/** KMS's quota, a key. */
const GRANTS_MAX = 50_000;
const GRANT_ID_CHARS = 64;
/** KMS's limits of a constraint. */
const CONSTRAINT_PAIRS_MAX = 8;
const CONSTRAINT_VALUE_CHARS_MAX = 384;
const NOT_FOR_SYMMETRIC: ReadonlySet<string> = new Set([
  ...['Sign', 'Verify', 'GetPublicKey', 'GenerateMac', 'VerifyMac', 'DeriveSharedSecret'],
]);
const PRINCIPAL_ARN =
  /^arn:aws[a-z-]*:(iam::\d{12}:(root|(user|role|federated-user)\/\S+)|sts::\d{12}:(assumed-role|federated-user)\/\S+)$/;
const SERVICE = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$/;

/** Where it is noted which grants a principal may retire, whatever account their keys are in. */
const retirablePrefix = (region: string, principal: string): string =>
  `kms/retirable/${region}/${createHash('sha256').update(principal).digest('hex')}/`;

/** Grants take effect at once here; their tokens only name them. */
export function createGrantHandlers(deps: KmsDeps, keys: KeyStore): Record<string, Handler> {
  const { state } = deps;
  return {
    CreateGrant: async (context, input: CreateGrantRequest) => {
      const key = requireEnabled((await keys.find(context, input.KeyId)).entry.value);
      const grant = newGrant(deps, context, key, input);
      refuseDryRun(input);
      await store(grant);
      return {
        GrantToken: deps.vault.sealToken({ grantKey: grantsPrefix(key) + grant.grantId }),
        GrantId: grant.grantId,
      };
    },

    ListGrants: async (context, input: ListGrantsRequest) => {
      const key = (await keys.find(context, input.KeyId)).entry.value;
      const id = input.GrantId === undefined ? '' : checkedGrantId(input.GrantId);
      const all = (await state.list<Grant>(grantsPrefix(key) + id)).filter(
        ({ value }) => input.GranteePrincipal === undefined || value.granteePrincipal === input.GranteePrincipal,
      );
      const listed = ['ListGrants', key.keyId, id, input.GranteePrincipal ?? null];
      const { page, ...rest } = pageOf(all, (entry) => entry.key, input, PAGE, listed);
      return { Grants: page.map(({ value }) => describe(value)), ...rest };
    },

    ListRetirableGrants: async (context, input: PageRequest & { readonly RetiringPrincipal: string }) => {
      const principal = input.RetiringPrincipal;
      checkPrincipal(principal);
      if (accountOf(principal) !== context.caller.accountId) {
        throw kmsError(
          'AccessDeniedException',
          'Only grants that principals of your own account may retire are shown.',
        );
      }
      const references = await state.list<{ grantKey: string }>(retirablePrefix(context.region, principal));
      const found = await Promise.all(references.map(({ value }) => state.get<Grant>(value.grantKey)));
      const grants = found.filter((entry) => entry !== undefined);
      const { page, ...rest } = pageOf(grants, ({ value }) => value.grantId, input, PAGE, ['Retirable', principal]);
      return { Grants: page.map(({ value }) => describe(value)), ...rest };
    },

    RetireGrant: async (context, input: RetireGrantRequest) => {
      const { grant } = await keys.findRetiring(context, input);
      context.notes.additionalEventData = { grantId: grant.grantId };
      refuseDryRun(input);
      await state.write(removal(grant));
      return {};
    },
    RevokeGrant: async (context, input: RevokeGrantRequest) => {
      const key = (await keys.find(context, input.KeyId)).entry.value;
      const found = await state.get<Grant>(grantsPrefix(key) + checkedGrantId(input.GrantId));
      if (!found) throw kmsError('NotFoundException', `Grant ID ${input.GrantId} not found`);
      refuseDryRun(input);
      await state.write(removal(found.value));
      return {};
    },
  };

  /** A grant that is there already stays as it is: with a name, the same request gives the same id. */
  async function store(grant: Grant): Promise<void> {
    const grantKey = grantsPrefix(grant) + grant.grantId;
    if (await state.get(grantKey)) return;
    if ((await state.list(grantsPrefix(grant))).length >= GRANTS_MAX) {
      throw kmsError('LimitExceededException', `A key may have ${GRANTS_MAX} grants.`);
    }
    try {
      await state.write([
        { put: grantKey, value: grant, ifVersion: 'absent' },
        ...(grant.retiringPrincipal === undefined
          ? []
          : [{ put: retirableKey(grant, grant.retiringPrincipal), value: { grantKey } }]),
      ]);
    } catch (error) {
      if (!(error instanceof StateConflict)) throw error;
    }
  }
}

const PAGE = { usual: 50, max: 100 };

const retirableKey = ({ region, grantId }: Grant, principal: string) => retirablePrefix(region, principal) + grantId;

/** All that State holds of a grant, gone. */
export const removal = (grant: Grant): StateChange[] => [
  { delete: grantsPrefix(grant) + grant.grantId },
  ...(grant.retiringPrincipal === undefined ? [] : [{ delete: retirableKey(grant, grant.retiringPrincipal) }]),
];

function newGrant(deps: KmsDeps, { caller }: CallContext, key: Key, input: CreateGrantRequest): Grant {
  checkPrincipal(input.GranteePrincipal);
  if (input.RetiringPrincipal !== undefined) checkPrincipal(input.RetiringPrincipal);
  const operations = checkOperations(input.Operations);
  checkConstraints(input);
  const { accountId, region, keyId } = key;
  return {
    accountId,
    region,
    keyId,
    grantId: grantIdOf(deps, key, input, operations),
    ...(input.Name !== undefined && { name: input.Name }),
    granteePrincipal: input.GranteePrincipal,
    ...(input.RetiringPrincipal !== undefined && { retiringPrincipal: input.RetiringPrincipal }),
    operations,
    ...(input.Constraints && { constraints: input.Constraints }),
    issuingAccountId: caller.accountId,
    createdMs: deps.clock.now(),
  };
}

/** Begins with the grantee's hash. With a name the rest follows from the request, else from chance. */
function grantIdOf(deps: KmsDeps, key: Key, input: CreateGrantRequest, operations: readonly string[]): string {
  const { Name, GranteePrincipal, RetiringPrincipal = null, Constraints = {} } = input;
  const constraints = [Constraints.EncryptionContextEquals, Constraints.EncryptionContextSubset].map((pairs) =>
    pairs ? canonicalContext(pairs) : null,
  );
  const said = [keyArn(key), Name, GranteePrincipal, RetiringPrincipal, operations, constraints];
  const rest =
    Name === undefined
      ? deps.random.bytes(GRANT_ID_CHARS / 2).toString('hex')
      : createHash('sha256').update(JSON.stringify(said)).digest('hex');
  return (principalHash(GranteePrincipal) + rest).slice(0, GRANT_ID_CHARS);
}

function checkOperations(operations: readonly string[]): readonly string[] {
  const wrong = operations.filter((one) => NOT_FOR_SYMMETRIC.has(one));
  if (operations.length > 0 && wrong.length === 0) {
    return GRANT_OPERATIONS.filter((one) => operations.includes(one));
  }
  throw kmsError(
    'ValidationException',
    operations.length === 0
      ? 'A grant must allow at least one operation.'
      : `Grant operations are not valid for a key of spec SYMMETRIC_DEFAULT: [${wrong.join(', ')}]`,
  );
}

function checkConstraints({ Constraints = {} }: CreateGrantRequest): void {
  for (const pairs of [Constraints.EncryptionContextEquals, Constraints.EncryptionContextSubset]) {
    const entries = Object.entries(pairs ?? {});
    if (entries.length > CONSTRAINT_PAIRS_MAX) {
      throw kmsError('ValidationException', `A grant constraint may have ${CONSTRAINT_PAIRS_MAX} pairs.`);
    }
    if (entries.some((pair) => pair.some((text) => text.length > CONSTRAINT_VALUE_CHARS_MAX))) {
      throw kmsError(
        'ValidationException',
        `Texts of a grant constraint have ${CONSTRAINT_VALUE_CHARS_MAX} characters at most.`,
      );
    }
  }
}

/** @throws AwsError InvalidArnException */
function checkPrincipal(principal: string): void {
  if (PRINCIPAL_ARN.test(principal) || SERVICE.test(principal)) return;
  throw kmsError('InvalidArnException', `ARN does not refer to a valid principal: ${principal}`);
}

const accountOf = (arn: string): string | undefined => arn.split(':')[4];

const describe = (grant: Grant) => ({
  KeyId: keyArn(grant),
  GrantId: grant.grantId,
  ...(grant.name !== undefined && { Name: grant.name }),
  CreationDate: new Date(grant.createdMs),
  GranteePrincipal: grant.granteePrincipal,
  ...(grant.retiringPrincipal !== undefined && { RetiringPrincipal: grant.retiringPrincipal }),
  IssuingAccount: rootArn(grant.issuingAccountId),
  Operations: grant.operations,
  ...(grant.constraints && { Constraints: grant.constraints }),
});
