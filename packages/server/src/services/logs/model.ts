import { createHash } from 'node:crypto';

/** Where a group is: groups of one name in another account or Region are others. */
export interface Place {
  readonly accountId: string;
  readonly region: string;
}

/** A log group as it is stored in State, with all that is set on it. */
export interface Group extends Place {
  readonly name: string;
  /** Its folder's name; a group that is deleted and made again has another. */
  readonly id: string;
  readonly createdMs: number;
  readonly retentionDays?: number;
  readonly logGroupClass: string;
  readonly deletionProtection: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** The number that its next stream gets. */
  readonly nextStream: number;
  readonly metricFilters: readonly MetricFilter[];
  readonly subscriptions: readonly Subscription[];
}

export interface Stream {
  readonly name: string;
  /** A stream that is deleted and made again has another number, so that old events are not its. */
  readonly number: number;
  readonly createdMs: number;
}

export interface MetricFilter {
  readonly name: string;
  readonly pattern: string;
  readonly transformations: readonly Transformation[];
  readonly createdMs: number;
  /** Events from this sequence on count. */
  readonly from: number;
}

export interface Transformation {
  readonly metricName: string;
  readonly metricNamespace: string;
  readonly metricValue: string;
  readonly defaultValue?: number;
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly unit?: string;
}

export interface Subscription {
  readonly name: string;
  /** Tells a filter from a later one of its name: its cursor and what is on its way are its own. */
  readonly id: string;
  readonly pattern: string;
  /** A queue's ARN, or a URL. */
  readonly destination: string;
  readonly roleArn?: string;
  readonly distribution: string;
  readonly createdMs: number;
  /** Events from this sequence on are sent. */
  readonly from: number;
}

export const groupsPrefix = ({ accountId, region }: Place): string => `${ALL_GROUPS}${accountId}/${region}/`;
/** Names may be longer than keys of State. */
export const groupKey = (place: Place, name: string): string => groupsPrefix(place) + digest(name);
export const ALL_GROUPS = 'logs/groups/';
export const ALL_STREAMS = 'logs/streams/';
export const ALL_FOLLOWING = 'logs/following/';
export const streamsPrefix = (groupId: string): string => `${ALL_STREAMS}${groupId}/`;
export const streamKey = (groupId: string, name: string): string => streamsPrefix(groupId) + digest(name);
/** Cursors of what follows a group. */
export const followingPrefix = (groupId: string): string => `${ALL_FOLLOWING}${groupId}/`;
export const metricsCursorKey = (groupId: string): string => `${followingPrefix(groupId)}metrics`;
export const subscriptionCursorKey = (groupId: string, id: string): string => `${followingPrefix(groupId)}sub/${id}`;
/** The mailbox of what is on its way to a subscription's destination. */
export const subscriptionBox = (groupId: string, id: string): string => `logs/${groupId}/${id}`;

const digest = (name: string): string => createHash('sha256').update(name).digest('base64url');

export const groupArn = ({ accountId, region }: Place, name: string): string =>
  `arn:aws:logs:${region}:${accountId}:log-group:${name}`;

const ARN = /^arn:aws[a-z-]*:logs:([a-z0-9-]+):(\d{12}):log-group:([^:]+)(?::\*|:log-stream:.*)?$/;
/** What an ARN of a group (with or without `:*`) names; undefined when it is none. */
export function placeOfArn(arn: string): (Place & { readonly name: string }) | undefined {
  const [, region, accountId, name] = ARN.exec(arn) ?? [];
  return name === undefined ? undefined : { region: region!, accountId: accountId!, name };
}

export const DAY_MS = 86_400_000;
/** What is older is expired, whether it is deleted already or not. */
export const expiredBefore = ({ retentionDays }: Pick<Group, 'retentionDays'>, nowMs: number): number =>
  retentionDays === undefined ? Number.NEGATIVE_INFINITY : nowMs - retentionDays * DAY_MS;
