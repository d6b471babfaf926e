import type { Tag } from './model.ts';

/** What a rule is about. All that is named has to hold; only `And` names more than one thing. */
interface StoredFilter {
  readonly Prefix?: string;
  readonly ObjectSizeGreaterThan?: number;
  readonly ObjectSizeLessThan?: number;
  readonly Tag?: Tag;
  readonly And?: Omit<StoredFilter, 'And' | 'Tag'> & { readonly Tags?: readonly Tag[] };
}

/** A rule as it is kept: S3's own names, dates as ISO text since settings are JSON. */
export interface StoredRule {
  readonly ID: string;
  readonly Status: 'Enabled' | 'Disabled';
  readonly Prefix?: string;
  readonly Filter?: StoredFilter;
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
  /** Kept to be given back: there is one storage class, in which objects stay. */
  readonly Transitions?: readonly { readonly Days?: number; readonly Date?: string; readonly StorageClass: string }[];
  /** Kept to be given back, as well. */
  readonly NoncurrentVersionTransitions?: readonly object[];
}

/** Rules as GetBucketLifecycleConfiguration gives them back. */
export const shownRules = (rules: readonly StoredRule[]) =>
  rules.map(({ Expiration, Transitions, ...rule }) => ({
    ...rule,
    ...(Expiration && { Expiration: withDate(Expiration) }),
    ...(Transitions && { Transitions: Transitions.map(withDate) }),
  }));

const withDate = <T extends { readonly Date?: string }>(action: T) =>
  action.Date === undefined ? action : { ...action, Date: new Date(action.Date) };

export const DAY_MS = 86_400_000;

/** Whether a rule is about this object or upload, as far as key and size tell. Sizes count for objects alone. */
export function concerns(rule: StoredRule, key: string, sizeBytes: number | undefined): boolean {
  const filter = rule.Filter?.And ?? rule.Filter ?? {};
  const prefix = rule.Prefix ?? filter.Prefix ?? '';
  const { ObjectSizeGreaterThan: above, ObjectSizeLessThan: below } = filter;
  if (rule.Status !== 'Enabled' || !key.startsWith(prefix)) return false;
  if (sizeBytes === undefined) return above === undefined && below === undefined;
  return (above === undefined || sizeBytes > above) && (below === undefined || sizeBytes < below);
}

/** The tags that an object must bear for the rule to be about it. */
export const tagsOf = ({ Filter }: StoredRule): readonly Tag[] =>
  Filter?.And?.Tags ?? (Filter?.Tag ? [Filter.Tag] : []);

/** Whether an object with these tags bears all that the rule asks for. */
export const bearsTags = (rule: StoredRule, tags: readonly Tag[]): boolean =>
  tagsOf(rule).every(({ Key, Value }) => tags.some((tag) => tag.Key === Key && tag.Value === Value));

/** The midnight UTC after that many days, when S3 counts something as old enough. */
export const midnightAfter = (sinceMs: number, days: number): number =>
  Math.ceil((sinceMs + days * DAY_MS) / DAY_MS) * DAY_MS;

/** When the rule expires a current version written then; undefined when it does not. */
export function expiresAt({ Expiration }: StoredRule, modifiedMs: number): number | undefined {
  if (Expiration?.Days !== undefined) return midnightAfter(modifiedMs, Expiration.Days);
  return Expiration?.Date === undefined ? undefined : Date.parse(Expiration.Date);
}
