import type { Authorizer } from '../../access/authorizer.ts';
import type { DenialMessages } from '../../access/denial-messages.ts';
import type { Policy } from '../../access/policy.ts';
import type { Sessions } from '../../access/sessions.ts';
import type { Clock } from '../../base/clock.ts';
import type { State } from '../../ports/state.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { OidcKeys } from './oidc-keys.ts';

/** What STS asks of IAM. Answers from memory. */
export interface StsDirectory {
  role(accountId: string, roleName: string): Promise<StsRole | undefined>;
  /** @param url without scheme: `idp.example.com/realm` */
  oidcProvider(accountId: string, url: string): Promise<StsOidcProvider | undefined>;
  /** An enabled virtual MFA device, by its ARN. */
  mfaDevice(accountId: string, serialNumber: string): Promise<StsMfaDevice | undefined>;
  /** Whether there is such a managed policy that the account may use. */
  hasPolicy(accountId: string, policyArn: string): Promise<boolean>;
  /** The account that a long-term access key belongs to. */
  accountOfKey(accessKeyId: string): Promise<string | undefined>;
}

export interface StsRole {
  readonly roleName: string;
  /** AROA… */
  readonly roleId: string;
  readonly arn: string;
  readonly trustPolicy: Policy;
  readonly maxSessionSeconds: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface StsOidcProvider {
  readonly arn: string;
  readonly url: string;
  readonly clientIds: readonly string[];
  /** SHA-1 of a certificate, hex: one that is trusted although no public authority vouches for it. */
  readonly thumbprints: readonly string[];
}

export interface StsMfaDevice {
  readonly userName: string;
  readonly seed: Buffer;
  /** The step of the last code that IAM took for it. */
  readonly lastStep?: number;
}

export interface StsDeps {
  readonly schema: ServiceSchema;
  readonly sessions: Sessions;
  readonly directory: StsDirectory;
  readonly oidcKeys: OidcKeys;
  readonly authorizer: Pick<Authorizer, 'require'>;
  readonly denialMessages: Pick<DenialMessages, 'decode'>;
  readonly state: State;
  readonly clock: Clock;
}
