import type {
  LifecycleExpiration,
  LifecycleRule,
  LifecycleRuleFilter,
  NoncurrentVersionExpiration,
  NoncurrentVersionTransition,
  Transition,
} from '@aws-sdk/client-s3';
import { type Random, uuid } from '../../base/random.ts';
import { s3Error } from './errors.ts';
import { DAY_MS, type StoredRule } from './lifecycle-rules.ts';
import { checkTags } from './tags.ts';

/** S3's limits. */
const RULES_MAX = 1000;
const ID_CHARS_MAX = 255;
const NEWER_VERSIONS_MAX = 100;
/** 1,000 TiB: what S3 allows in a filter, though no object is as large. */
const FILTER_BYTES_MAX = 1_099_511_627_776_000;
/** Objects stay this long in `STANDARD` before they may go where access is infrequent. */
const INFREQUENT_AFTER_DAYS = 30;

/** From warm to cold: objects go this way alone (S3 user guide, "Supported transitions"). */
const CLASSES = ['STANDARD_IA', 'INTELLIGENT_TIERING', 'ONEZONE_IA', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'];
const INFREQUENT: ReadonlySet<string> = new Set(['STANDARD_IA', 'ONEZONE_IA']);

/** Rules in S3's two forms: the old one has a prefix, the new one a filter. */
type Form = 'Prefix' | 'Filter';

/**
 * Rules as they are to be kept. Messages are S3's, as far as it is known what S3 says.
 * @throws AwsError MalformedXML, InvalidArgument, InvalidRequest, InvalidTag
 */
export function checkLifecycle(rules: readonly LifecycleRule[] | undefined, random: Random): StoredRule[] {
  if (!rules || rules.length === 0 || rules.length > RULES_MAX) throw s3Error('MalformedXML');
  const ids = new Set<string>();
  const form: Form = rules[0]?.Prefix === undefined ? 'Filter' : 'Prefix';
  return rules.map((rule) => {
    const ID = rule.ID || uuid(random);
    if (ID.length > ID_CHARS_MAX) throw bad(`ID length should not exceed allowed limit of ${ID_CHARS_MAX}`);
    if (ids.has(ID)) throw bad('Rule ID must be unique. Found same ID for more than one rule');
    ids.add(ID);
    checkForm(rule, form);
    if (rule.Filter) checkFilter(rule.Filter);
    checkActions(rule);
    return JSON.parse(JSON.stringify({ ...rule, ID })) as StoredRule;
  });
}

const MINIMUM_SIZES: ReadonlySet<string> = new Set(['all_storage_classes_128K', 'varies_by_storage_class']);

/** From what size on objects are to change their storage class; S3's default when nothing is said. @throws AwsError InvalidRequest */
export function checkMinimumSize(given: string = 'all_storage_classes_128K'): string {
  if (MINIMUM_SIZES.has(given)) return given;
  throw refused(`Invalid TransitionDefaultMinimumObjectSize found: ${given}`);
}

const bad = (message: string) => s3Error('InvalidArgument', { message });
const refused = (message: string) => s3Error('InvalidRequest', { message });
const countOf = (values: readonly unknown[]): number => values.filter((value) => value !== undefined).length;

function checkForm(rule: LifecycleRule, form: Form): void {
  const { Filter, Prefix, NoncurrentVersionExpiration: old, NoncurrentVersionTransitions: moved = [] } = rule;
  if (countOf([Filter, Prefix]) !== 1) throw s3Error('MalformedXML');
  if (form === 'Filter' && Prefix !== undefined) {
    throw refused('Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.');
  }
  if (form === 'Filter') return;
  if (Filter) throw refused('Filter element can only be used in Lifecycle V2.');
  if ([old, ...moved].some((action) => action?.NewerNoncurrentVersions !== undefined)) {
    throw refused('NewerNoncurrentVersions element can only be used in Lifecycle V2.');
  }
}

function checkFilter({ Prefix, Tag, ObjectSizeGreaterThan, ObjectSizeLessThan, And }: LifecycleRuleFilter): void {
  if (countOf([Prefix, Tag, ObjectSizeGreaterThan, ObjectSizeLessThan, And]) > 1) throw s3Error('MalformedXML');
  const tags = And?.Tags ?? (Tag ? [Tag] : []);
  const above = And ? And.ObjectSizeGreaterThan : ObjectSizeGreaterThan;
  const below = And ? And.ObjectSizeLessThan : ObjectSizeLessThan;
  if (And && countOf([And.Prefix, above, below]) + tags.length < 2) throw s3Error('MalformedXML');
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) throw refused('Duplicate Tag Keys are not allowed.');
  checkTags(tags, 'object');
  checkSize('ObjectSizeGreaterThan', above, 0);
  checkSize('ObjectSizeLessThan', below, 1);
  if (above !== undefined && below !== undefined && below <= above) {
    throw refused("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.");
  }
}

function checkSize(name: string, value: number | undefined, min: number): void {
  if (value === undefined || (value >= min && value <= FILTER_BYTES_MAX)) return;
  throw refused(`'${name}' should be between ${min} and ${FILTER_BYTES_MAX}.`);
}

function checkActions(rule: LifecycleRule): void {
  const { Status, Expiration, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload } = rule;
  const { Transitions = [], NoncurrentVersionTransitions = [] } = rule;
  if (Status !== 'Enabled' && Status !== 'Disabled') throw s3Error('MalformedXML');
  const single = countOf([Expiration, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload]);
  if (single + Transitions.length + NoncurrentVersionTransitions.length === 0) {
    throw refused('At least one action needs to be specified in a rule');
  }
  if (Expiration) checkExpiration(Expiration);
  if (NoncurrentVersionExpiration) {
    checkNoncurrent(NoncurrentVersionExpiration);
    const message = "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer";
    positive(NoncurrentVersionExpiration.NoncurrentDays, message);
  }
  if (AbortIncompleteMultipartUpload) {
    const days = AbortIncompleteMultipartUpload.DaysAfterInitiation;
    if (days === undefined) throw s3Error('MalformedXML');
    positive(days, "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer");
    checkUnfiltered(rule, 'AbortIncompleteMultipartUpload');
  }
  if (Expiration?.ExpiredObjectDeleteMarker !== undefined) checkUnfiltered(rule, 'ExpiredObjectDeleteMarker');
  checkTransitions(Transitions, Expiration, filterText(rule));
  checkNoncurrentTransitions(NoncurrentVersionTransitions, NoncurrentVersionExpiration, filterText(rule));
}

/** What is about uploads and markers, which have neither tags nor a size. */
function checkUnfiltered({ Filter }: LifecycleRule, action: string): void {
  const { ObjectSizeGreaterThan, ObjectSizeLessThan } = Filter?.And ?? Filter ?? {};
  if (Filter?.Tag || Filter?.And?.Tags?.length) throw refused(`${action} cannot be specified with Tags.`);
  if (countOf([ObjectSizeGreaterThan, ObjectSizeLessThan]) > 0) {
    throw refused(`${action} cannot be specified with Object Size.`);
  }
}

function checkExpiration({ Days, Date: date, ExpiredObjectDeleteMarker }: LifecycleExpiration): void {
  if (countOf([Days, date, ExpiredObjectDeleteMarker]) !== 1) throw s3Error('MalformedXML');
  atMidnight(date);
  positive(Days, "'Days' for Expiration action must be a positive integer");
}

function checkNoncurrent({ NoncurrentDays, NewerNoncurrentVersions }: NoncurrentVersionExpiration): void {
  if (NoncurrentDays === undefined) throw s3Error('MalformedXML');
  positive(NewerNoncurrentVersions, "'NewerNoncurrentVersions' must be a positive integer");
  if ((NewerNoncurrentVersions ?? 0) > NEWER_VERSIONS_MAX) {
    throw bad(`'NewerNoncurrentVersions' must not exceed ${NEWER_VERSIONS_MAX}`);
  }
}

/** Days are reckoned with days, dates with dates: with both, S3 cannot tell which comes first. */
function checkTransitions(actions: readonly Transition[], end: LifecycleExpiration | undefined, filter: string): void {
  if (actions.length === 0) return;
  const last = end?.Days === undefined && end?.Date === undefined ? [] : [end];
  const timed = [...actions, ...last];
  for (const { Days, Date: date } of actions) {
    if (countOf([Days, date]) !== 1) throw s3Error('MalformedXML');
    notNegative(Days, "'Days' in Transition action must be nonnegative");
    atMidnight(date);
  }
  if (new Set(timed.map(({ Date: date }) => date === undefined)).size > 1) {
    throw refused(
      `Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for ${filter}`,
    );
  }
  const unit = actions[0]?.Days === undefined ? 'Date' : 'Days';
  const timeOf = ({ Days, Date: date }: Transition | LifecycleExpiration) => Days ?? date?.getTime() ?? 0;
  checkClasses(
    'Transition',
    unit,
    filter,
    actions.map((action) => ({ of: action.StorageClass, at: timeOf(action) })),
  );
  if (end && last.length > 0 && actions.some((action) => timeOf(action) >= timeOf(end))) {
    const than = unit === 'Days' ? 'greater' : 'later';
    throw bad(
      `'${unit}' in the Expiration action for ${filter} must be ${than} than '${unit}' in the Transition action`,
    );
  }
}

function checkNoncurrentTransitions(
  actions: readonly NoncurrentVersionTransition[],
  end: NoncurrentVersionExpiration | undefined,
  filter: string,
): void {
  const name = 'NoncurrentVersionTransition';
  for (const action of actions) {
    checkNoncurrent(action);
    notNegative(action.NoncurrentDays, `'NoncurrentDays' in ${name} action must be nonnegative`);
  }
  const steps = actions.map(({ StorageClass, NoncurrentDays = 0 }) => ({ of: StorageClass, at: NoncurrentDays }));
  checkClasses(name, 'NoncurrentDays', filter, steps);
  if (end && steps.some(({ at }) => at >= (end.NoncurrentDays ?? 0))) {
    throw bad(
      `'NoncurrentDays' in the NoncurrentVersionExpiration action for ${filter} must be greater than 'NoncurrentDays' in the ${name} action`,
    );
  }
}

/** A step of an object on its way from warm to cold: to what storage class, and when, in days or milliseconds. */
interface Step {
  readonly of: string | undefined;
  readonly at: number;
}

function checkClasses(
  action: string,
  unit: 'Days' | 'Date' | 'NoncurrentDays',
  filter: string,
  steps: readonly Step[],
) {
  for (const { of = '', at } of steps) {
    if (!CLASSES.includes(of)) throw s3Error('MalformedXML');
    if (unit !== 'Date' && INFREQUENT.has(of) && at < INFREQUENT_AFTER_DAYS) {
      throw bad(
        `'${unit}' in ${action} action must be greater than or equal to ${INFREQUENT_AFTER_DAYS} for storageClass '${of}'`,
      );
    }
  }
  const sorted = [...steps].sort((a, b) => CLASSES.indexOf(a.of ?? '') - CLASSES.indexOf(b.of ?? ''));
  for (const [i, { of, at }] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before?.of === of) {
      throw refused(`'StorageClass' must be different for '${action}' actions in same 'Rule' with ${filter}`);
    }
    if (before && at < before.at) {
      throw bad(
        `'${unit}' in the '${of}' ${action} action for ${filter} must not be less than '${unit}' in the '${before.of}' ${action} action`,
      );
    }
  }
}

/** How S3 names a rule in its messages. */
const filterText = ({ Prefix, Filter }: LifecycleRule): string =>
  Prefix === undefined ? `filter '(prefix=${Filter?.And?.Prefix ?? Filter?.Prefix ?? ''})'` : `prefix '${Prefix}'`;

function positive(value: number | undefined, message: string): void {
  if (value !== undefined && !(Number.isInteger(value) && value > 0)) throw bad(message);
}

function notNegative(value: number | undefined, message: string): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= 0)) throw bad(message);
}

function atMidnight(date: Date | undefined): void {
  if (date && date.getTime() % DAY_MS !== 0) throw bad("'Date' must be at midnight GMT");
}
