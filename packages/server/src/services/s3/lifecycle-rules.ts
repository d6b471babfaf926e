import type { LifecycleRule } from '@aws-sdk/client-s3';
import { type Random, uuid } from '../../base/random.ts';
import { notBuilt, s3Error } from './errors.ts';

/** A rule as it is kept: S3's own names, dates as ISO text since settings are JSON. */
export interface StoredRule {
  readonly ID: string;
  readonly Status: 'Enabled' | 'Disabled';
  readonly Prefix?: string;
  readonly Filter?: {
    readonly Prefix?: string;
    readonly ObjectSizeGreaterThan?: number;
    readonly ObjectSizeLessThan?: number;
    readonly And?: {
      readonly Prefix?: string;
      readonly ObjectSizeGreaterThan?: number;
      readonly ObjectSizeLessThan?: number;
    };
  };
  readonly Expiration?: {
    readonly Days?: number;
    readonly Date?: string;
    readonly ExpiredObjectDeleteMarker?: boolean;
  };
  readonly NoncurrentVersionExpiration?: {
    readonly NoncurrentDays?: number;
    readonly NewerNoncurrentVersions?: number;
  };
  readonly AbortIncompleteMultipartUpload?: { readonly DaysAfterInitiation?: number };
}

/** S3's limits. */
const RULES_MAX = 1000;
const ID_CHARS_MAX = 255;
const NEWER_VERSIONS_MAX = 100;

/** @throws AwsError MalformedXML, InvalidArgument, InvalidRequest; NotImplemented for transitions and tag filters */
export function checkLifecycle(rules: readonly LifecycleRule[] | undefined, random: Random): StoredRule[] {
  if (!rules || rules.length === 0 || rules.length > RULES_MAX) throw s3Error('MalformedXML');
  const ids = new Set<string>();
  return rules.map((rule) => {
    const ID = rule.ID || uuid(random);
    if (ID.length > ID_CHARS_MAX) throw bad('ID length should not exceed allowed limit of 255');
    if (ids.has(ID)) throw bad('Rule ID must be unique. Found same ID for more than one rule');
    ids.add(ID);
    checkActions(rule);
    checkFilter(rule);
    return JSON.parse(JSON.stringify({ ...rule, ID })) as StoredRule;
  });
}

/** Rules as GetBucketLifecycleConfiguration gives them back. */
export const shownRules = (rules: readonly StoredRule[]) =>
  rules.map(({ Expiration, ...rule }) => ({
    ...rule,
    ...(Expiration && {
      Expiration: Expiration.Date === undefined ? Expiration : { ...Expiration, Date: new Date(Expiration.Date) },
    }),
  }));

const bad = (message: string) => s3Error('InvalidArgument', { message });

function checkActions(rule: LifecycleRule): void {
  const { Status, Expiration, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload } = rule;
  if (Status !== 'Enabled' && Status !== 'Disabled') throw s3Error('MalformedXML');
  if (rule.Transitions?.length || rule.NoncurrentVersionTransitions?.length) {
    throw notBuilt('Transition to other storage classes');
  }
  if (!Expiration && !NoncurrentVersionExpiration && !AbortIncompleteMultipartUpload) {
    throw s3Error('InvalidRequest', { message: 'At least one action needs to be specified in a rule' });
  }
  if (Expiration) {
    const { Days, Date: date, ExpiredObjectDeleteMarker } = Expiration;
    if ([Days, date, ExpiredObjectDeleteMarker].filter((value) => value !== undefined).length !== 1) {
      throw s3Error('MalformedXML');
    }
    if (date && date.getTime() % DAY_MS !== 0) throw bad("'Date' must be at midnight GMT");
    positive(Days, "'Days' for Expiration action must be a positive integer");
  }
  if (NoncurrentVersionExpiration) {
    const { NoncurrentDays, NewerNoncurrentVersions } = NoncurrentVersionExpiration;
    if (NoncurrentDays === undefined) throw s3Error('MalformedXML');
    positive(NoncurrentDays, "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer");
    positive(NewerNoncurrentVersions, "'NewerNoncurrentVersions' must be a positive integer");
    if ((NewerNoncurrentVersions ?? 0) > NEWER_VERSIONS_MAX) {
      throw bad(`'NewerNoncurrentVersions' must not exceed ${NEWER_VERSIONS_MAX}`);
    }
  }
  if (AbortIncompleteMultipartUpload) {
    const { DaysAfterInitiation } = AbortIncompleteMultipartUpload;
    if (DaysAfterInitiation === undefined) throw s3Error('MalformedXML');
    positive(
      DaysAfterInitiation,
      "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
    );
  }
}

function checkFilter({ Filter, Prefix }: LifecycleRule): void {
  if (Filter === undefined && Prefix === undefined) throw s3Error('MalformedXML');
  if (Filter !== undefined && Prefix !== undefined) throw s3Error('MalformedXML');
  if (Filter?.Tag || Filter?.And?.Tags?.length) throw notBuilt('A lifecycle rule by tags');
}

function positive(value: number | undefined, message: string): void {
  if (value !== undefined && !(Number.isInteger(value) && value > 0)) throw bad(message);
}

export const DAY_MS = 86_400_000;

/** Whether a rule is about this object or upload. Sizes count for objects alone. */
export function concerns(rule: StoredRule, key: string, sizeBytes: number | undefined): boolean {
  const filter = rule.Filter?.And ?? rule.Filter ?? {};
  const prefix = rule.Prefix ?? filter.Prefix ?? '';
  const { ObjectSizeGreaterThan: above, ObjectSizeLessThan: below } = filter;
  if (rule.Status !== 'Enabled' || !key.startsWith(prefix)) return false;
  if (sizeBytes === undefined) return above === undefined && below === undefined;
  return (above === undefined || sizeBytes > above) && (below === undefined || sizeBytes < below);
}

/** The midnight UTC after that many days, when S3 counts something as old enough. */
export const midnightAfter = (sinceMs: number, days: number): number =>
  Math.ceil((sinceMs + days * DAY_MS) / DAY_MS) * DAY_MS;

/** When the rule expires a current version written then; undefined when it does not. */
export function expiresAt({ Expiration }: StoredRule, modifiedMs: number): number | undefined {
  if (Expiration?.Days !== undefined) return midnightAfter(modifiedMs, Expiration.Days);
  return Expiration?.Date === undefined ? undefined : Date.parse(Expiration.Date);
}
