import type { IamStore } from '../../access/iam-store.ts';
import type { Sealer } from '../../access/sealed-secrets.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { ServiceSchema } from '../../schema/types.ts';

export interface IamDeps {
  readonly schema: ServiceSchema;
  readonly store: IamStore;
  /** Of the data folder's sealing key. */
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  /** What uses a service-linked role, which therefore cannot be deleted. */
  readonly roleUses?: (role: RoleOfService) => Promise<readonly RoleUse[]>;
}

export interface RoleOfService {
  readonly accountId: string;
  readonly roleName: string;
}

/** Resources of one Region, by their ARNs. */
export interface RoleUse {
  readonly region: string;
  readonly resources: readonly string[];
}
