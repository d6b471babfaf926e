import type { Clock } from '../base/clock.ts';
import { assert } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { State } from '../ports/state.ts';
import type { Caller } from './caller.ts';
import { awsManagedPolicy } from './iam/aws-managed.ts';
import { trustPolicy } from './iam/documents.ts';
import { keys, type OidcProvider, policyNameOf, type Role, type SamlProvider, type User } from './iam/entities.ts';
import { createIamData, type IamData } from './iam/iam-data.ts';
import { createLastUsed, type LastUsed } from './iam/last-used.ts';
import { mfaKey, seedOf } from './iam/mfa.ts';
import { createPrincipalPolicies, managedDocument } from './iam/principal-policies.ts';
import type { Policy } from './policy.ts';
import type { PrincipalPolicySource } from './principal-policies.ts';
import type { Sealer } from './sealed-secrets.ts';

/**
 * IAM's entities, for who decides by them: the evaluator, STS, services that check a role. The IAM service changes them,
 * through `data`. All reads answer from memory. Names are found whatever their case; answers have them as they were given.
 */
export interface IamStore extends PrincipalPolicySource {
  readonly data: IamData;
  readonly lastUsed: LastUsed;
  /** A signature was good: its key was used, and the role whose session it is. */
  noteUse(accessKeyId: string, caller: Caller, service: string, region: string): void;
  user(accountId: string, userName: string): Promise<User | undefined>;
  /** `trustPolicy` is the same object as long as it says the same. */
  role(accountId: string, roleName: string): Promise<(Role & { readonly trustPolicy: Policy }) | undefined>;
  /** What a managed policy, an account's or AWS's, says now, JSON; the same string as long as it says the same. */
  managedPolicy(arn: string): Promise<string | undefined>;
  /** Whether there is such a managed policy that the account may use. */
  hasPolicy(accountId: string, arn: string): Promise<boolean>;
  /** @param url with or without `https://` */
  oidcProvider(accountId: string, url: string): Promise<OidcProvider | undefined>;
  samlProvider(arn: string): Promise<SamlProvider | undefined>;
  /** An enabled virtual MFA device, by its ARN. */
  mfaDevice(accountId: string, serialNumber: string): Promise<KnownMfaDevice | undefined>;
  /** The account that a long-term access key belongs to. */
  accountOfKey(accessKeyId: string): Promise<string | undefined>;
}

export interface KnownMfaDevice {
  readonly userName: string;
  readonly seed: Buffer;
  /** The step of the last code that IAM took for it. */
  readonly lastStep?: number;
}

export interface IamStoreDeps {
  readonly state: State;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the data folder's sealing key. */
  readonly sealer: Sealer;
}

/** Its `lastUsed` is to be closed before the State is. */
export function createIamStore({ state, clock, logger, sealer }: IamStoreDeps): IamStore {
  const data = createIamData(state);
  const lastUsed = createLastUsed({ state, clock, logger });
  return {
    data,
    lastUsed,
    noteUse(accessKeyId, { accountId, principal }, service, region) {
      if (!principal.session) lastUsed.keyUsed(accessKeyId, { service, region });
      else if (principal.kind === 'role' && principal.name) lastUsed.roleUsed(accountId, principal.name, region);
    },
    policiesOf: createPrincipalPolicies(data),
    user: (accountId, userName) => data.get(keys.user(accountId, userName)),
    async role(accountId, roleName) {
      const role = await data.get(keys.role(accountId, roleName));
      if (!role) return undefined;
      const trust = trustPolicy(role.trust);
      assert('policy' in trust, `the trust policy of ${role.arn} was checked when it was set`);
      return { ...role, trustPolicy: trust.policy };
    },
    managedPolicy: (arn) => managedDocument(data, arn),
    async hasPolicy(accountId, arn) {
      const own = policyNameOf(arn);
      if (!own) return awsManagedPolicy(arn) !== undefined;
      return own.accountId === accountId && (await managedDocument(data, arn)) !== undefined;
    },
    oidcProvider: (accountId, url) => data.get(keys.oidcProvider(accountId, url.replace(/^https:\/\//, ''))),
    async samlProvider(arn) {
      const match = /^arn:aws:iam::(\d{12}):saml-provider\/([\w.-]+)$/.exec(arn);
      return match ? data.get(keys.samlProvider(match[1]!, match[2]!)) : undefined;
    },
    async mfaDevice(accountId, serialNumber) {
      const key = mfaKey(accountId, serialNumber);
      const device = key && (await data.get(key));
      if (device?.userName === undefined) return undefined;
      const seed = seedOf(sealer, device);
      const { userName, lastStep } = device;
      return seed && { userName, seed, ...(lastStep !== undefined && { lastStep }) };
    },
    accountOfKey: async (accessKeyId) => (await data.get(keys.accessKey(accessKeyId)))?.accountId,
  };
}
