import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { History } from '../../ports/history.ts';
import type { Log } from '../../ports/log.ts';
import type { Objects } from '../../ports/objects.ts';
import type { State } from '../../ports/state.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { Topics } from '../doors.ts';
import type { TrailLogGroups } from './log-group.ts';

/** A key whose private half signed digests of a Region. */
export interface PublicKeyInfo {
  /** Hex MD5 of `valueDer`, as digests name it. */
  readonly fingerprint: string;
  /** PKCS#1 RSAPublicKey, DER. */
  readonly valueDer: Buffer;
  readonly validityStartMs: number;
  readonly validityEndMs: number;
}

/** Organizations, as far as CloudTrail asks. */
export interface TrailOrganizations {
  /** undefined when the account is in none. */
  organizationOf(accountId: string): Promise<TrailOrganization | undefined>;
  /** Makes the account a delegated administrator for CloudTrail, and the roles that CloudTrail acts by. */
  register(managementAccountId: string, memberId: string): Promise<void>;
  deregister(managementAccountId: string, memberId: string): Promise<void>;
  /** Whether the account has the role that CloudTrail acts by. */
  hasRole(accountId: string): Promise<boolean>;
  makeRole(accountId: string): Promise<void>;
  /** All accounts of these organizations have the role; those that have left an organization lose it. */
  keepRoles(organizationIds: readonly string[]): Promise<void>;
}

export interface TrailOrganization {
  readonly id: string;
  readonly managementAccountId: string;
  readonly allFeatures: boolean;
  /** Whether CloudTrail has trusted access. */
  readonly isTrusted: boolean;
  /** Delegated administrators for CloudTrail. */
  readonly administrators: readonly string[];
  hasMember(accountId: string): boolean;
}

export interface CloudTrailDeps {
  readonly schema: ServiceSchema;
  readonly state: State;
  readonly objects: Objects;
  readonly history: Pick<History, 'lookup'>;
  /** Where logging periods begin and end. */
  readonly log: Pick<Log, 'end'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Called after a trail has changed in State, so that delivery looks at once. */
  trailsChanged(): void;
  /** The keys of a Region that were valid at some moment of [startMs, endMs]. */
  publicKeys(region: string, startMs: number, endMs: number): Promise<readonly PublicKeyInfo[]>;
  /** Absent where there are no organizations. */
  readonly organizations?: TrailOrganizations;
  /** Where trails tell of log files. Absent where there is no SNS. */
  readonly topics?: Pick<Topics, 'publish'>;
  /** Absent where there is no CloudWatch Logs. */
  readonly logGroups?: TrailLogGroups;
  /** Enabled Regions: those in which a multi-Region trail has a shadow. */
  readonly regions: readonly string[];
  /** Enforce AWS's request quotas (`quotas.ts`). */
  readonly rateQuotas: boolean;
  /** How far back LookupEvents reaches, days of event time. Default 90, as AWS. */
  readonly historyDays?: number;
}
