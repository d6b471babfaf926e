import { ALNUM, type Random, randomString } from '../../base/random.ts';

/** What Organizations keeps, as State holds it: an entry each at `organizations/<o-id>/<kind>/<id>` (`store.ts`). */
export type Tags = Readonly<Record<string, string>>;

export interface Organization {
  /** `o-…` */
  readonly id: string;
  readonly managementAccountId: string;
  readonly rootId: string;
  /** Whether it was made with all features; otherwise it consolidates bills and nothing else. */
  readonly allFeatures: boolean;
  /** Whether service control policies are enabled in its root. */
  readonly scpEnabled: boolean;
  /** Services that have trusted access, and since when (ms). */
  readonly services: Readonly<Record<string, number>>;
  readonly createdMs: number;
}

/** What has a place in the tree and can have policies. */
interface Node {
  readonly id: string;
  readonly name: string;
  /** Ids of the policies attached to it, in the order of attachment. */
  readonly policies: readonly string[];
  readonly tags: Tags;
}

/** An organizational unit, or the root: the one that has no parent. */
export interface Unit extends Node {
  readonly parentId?: string;
}

export interface Member extends Node {
  readonly parentId: string;
  readonly email: string;
  readonly method: 'CREATED' | 'INVITED';
  readonly joinedMs: number;
  /** Services that it is delegated administrator for, and since when (ms). */
  readonly delegated: Readonly<Record<string, number>>;
}

/** A service control policy of the organization's own. */
export interface OwnPolicy {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** As it was given. */
  readonly content: string;
  readonly tags: Tags;
}

/** An invitation. */
export interface Handshake {
  readonly id: string;
  readonly accountId: string;
  /** Whom the invitation named, as it did. */
  readonly target: { readonly id: string; readonly type: 'ACCOUNT' | 'EMAIL' };
  readonly state: 'OPEN' | 'CANCELED' | 'ACCEPTED' | 'DECLINED';
  readonly requestedMs: number;
  readonly expiresMs: number;
  readonly notes?: string;
  /** Of the account, once it is a member. */
  readonly tags: Tags;
}

/** An account that is being made, or how that ended. */
export interface Creation {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly email: string;
  readonly roleName: string;
  readonly tags: Tags;
  readonly state: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED';
  readonly failure?: 'EMAIL_ALREADY_EXISTS' | 'ACCOUNT_LIMIT_EXCEEDED' | 'INTERNAL_FAILURE';
  readonly requestedMs: number;
  readonly completedMs?: number;
}

/** An account's name and e-mail address, which stay with it when it leaves. */
export interface Profile {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export interface Kinds {
  readonly organization: Organization;
  readonly unit: Unit;
  readonly account: Member;
  readonly policy: OwnPolicy;
  readonly handshake: Handshake;
  readonly creation: Creation;
}

/** An organization with all that belongs to it; lists in the order of ids. */
export interface Tree {
  readonly organization: Organization;
  readonly unit: ReadonlyMap<string, Unit>;
  readonly account: ReadonlyMap<string, Member>;
  readonly policy: ReadonlyMap<string, OwnPolicy>;
  readonly handshake: ReadonlyMap<string, Handshake>;
  readonly creation: ReadonlyMap<string, Creation>;
}

/** All organizations of this OpenTrail. */
export interface World {
  readonly trees: ReadonlyMap<string, Tree>;
  readonly treeOfAccount: ReadonlyMap<string, Tree>;
  readonly profiles: ReadonlyMap<string, Profile>;
}

export const SCP = 'SERVICE_CONTROL_POLICY';
export const FULL_AWS_ACCESS = 'p-FullAWSAccess';

const LOWER_ALNUM = ALNUM.toLowerCase().slice(26);
const random = (source: Random, length: number): string => randomString(source, length, LOWER_ALNUM);

/** Ids as AWS makes them. */
export const newIds = {
  organization: (source: Random): string => `o-${random(source, 10)}`,
  root: (source: Random): string => `r-${random(source, 4)}`,
  unit: (source: Random, rootId: string): string => `ou-${rootId.slice(2)}-${random(source, 8)}`,
  policy: (source: Random): string => `p-${random(source, 8)}`,
  handshake: (source: Random): string => `h-${random(source, 32)}`,
  creation: (source: Random): string => `car-${random(source, 32)}`,
  account: (source: Random): string => randomString(source, 1, '123456789') + randomString(source, 11, '0123456789'),
};

type Owner = Pick<Organization, 'id' | 'managementAccountId'>;
const arn = ({ managementAccountId }: Owner, rest: string): string =>
  `arn:aws:organizations::${managementAccountId}:${rest}`;

export const arns = {
  organization: (o: Owner): string => arn(o, `organization/${o.id}`),
  root: (o: Owner, id: string): string => arn(o, `root/${o.id}/${id}`),
  unit: (o: Owner, id: string): string => arn(o, `ou/${o.id}/${id}`),
  account: (o: Owner, id: string): string => arn(o, `account/${o.id}/${id}`),
  handshake: (o: Owner, id: string): string => arn(o, `handshake/${o.id}/invite/${id}`),
  policy: (o: Owner, id: string): string =>
    id === FULL_AWS_ACCESS
      ? `arn:aws:organizations::aws:policy/service_control_policy/${id}`
      : arn(o, `policy/${o.id}/service_control_policy/${id}`),
  /** Of a root, an organizational unit or an account, by its id. */
  target: (o: Owner, id: string): string =>
    id.startsWith('r-') ? arns.root(o, id) : id.startsWith('ou-') ? arns.unit(o, id) : arns.account(o, id),
};

/** What an account is called that nobody has named: one that was there before there was an organization. */
export const profileOf = (world: World, accountId: string): Profile =>
  world.profiles.get(accountId) ?? {
    id: accountId,
    name: `account-${accountId}`,
    email: `root+${accountId}@opentrail.invalid`,
  };
