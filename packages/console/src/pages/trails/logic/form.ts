import { accountIn, logGroupName, regionIn, type Tag, type Trail, trailArn } from '../../../parts/trails/trail.ts';
import { DEFAULT_SELECTORS, type Selectors, sameSelectors, selectorsProblem } from './selectors.ts';

/** Whether a resource that a trail uses is there already, or is made with it. */
export type Choice = 'existing' | 'new';

export interface TrailForm {
  readonly name: string;
  readonly isOrganization: boolean;
  readonly isMultiRegion: boolean;
  readonly includeGlobal: boolean;
  readonly bucketIs: Choice;
  readonly bucket: string;
  readonly prefix: string;
  readonly validation: boolean;
  /** An ARN, id or alias; empty: S3's own encryption. */
  readonly key: string;
  readonly topicIs: Choice | 'none';
  /** An ARN or, when it is new, a name. */
  readonly topic: string;
  readonly logsIs: Choice | 'none';
  readonly logGroup: string;
  readonly roleIs: Choice;
  readonly role: string;
  readonly selectors: Selectors;
  readonly tags: readonly Tag[];
  readonly startLogging: boolean;
  /** Consent to the changes of policies that are shown. */
  readonly applyPolicies: boolean;
}

export type Step = 'general' | 'storage' | 'tellings' | 'events';
export const STEPS: readonly Step[] = ['general', 'storage', 'tellings', 'events'];

/** Where a trail is made, and by whom. */
export interface FormPlace {
  readonly accountId: string;
  readonly region: string;
}

export const DEFAULT_LOG_GROUP = 'CloudTrail/DefaultLogGroup';
export const DEFAULT_ROLE = 'CloudTrail_CloudWatchLogs_Role';

export function emptyForm({ accountId }: FormPlace): TrailForm {
  return {
    name: '',
    isOrganization: false,
    isMultiRegion: true,
    includeGlobal: true,
    bucketIs: 'new',
    bucket: `aws-cloudtrail-logs-${accountId}`,
    prefix: '',
    validation: true,
    key: '',
    topicIs: 'none',
    topic: '',
    logsIs: 'none',
    logGroup: DEFAULT_LOG_GROUP,
    roleIs: 'new',
    role: DEFAULT_ROLE,
    selectors: DEFAULT_SELECTORS,
    tags: [],
    startLogging: true,
    applyPolicies: true,
  };
}

/** A trail that is there, as the form shows it. */
export function formOf(trail: Trail, selectors: Selectors, tags: readonly Tag[], isLogging: boolean): TrailForm {
  return {
    name: trail.Name,
    isOrganization: trail.IsOrganizationTrail === true,
    isMultiRegion: trail.IsMultiRegionTrail === true,
    includeGlobal: trail.IncludeGlobalServiceEvents !== false,
    bucketIs: 'existing',
    bucket: trail.S3BucketName,
    prefix: trail.S3KeyPrefix ?? '',
    validation: trail.LogFileValidationEnabled === true,
    key: trail.KmsKeyId ?? '',
    topicIs: trail.SnsTopicARN ? 'existing' : 'none',
    topic: trail.SnsTopicARN ?? '',
    logsIs: trail.CloudWatchLogsLogGroupArn ? 'existing' : 'none',
    logGroup: trail.CloudWatchLogsLogGroupArn ? logGroupName(trail.CloudWatchLogsLogGroupArn) : DEFAULT_LOG_GROUP,
    roleIs: trail.CloudWatchLogsRoleArn ? 'existing' : 'new',
    role: trail.CloudWatchLogsRoleArn ?? DEFAULT_ROLE,
    selectors,
    tags,
    startLogging: isLogging,
    applyPolicies: true,
  };
}

export const arnOf = (form: TrailForm, { accountId, region }: FormPlace): string =>
  trailArn(region, accountId, form.name.trim());

export const topicArnOf = ({ topic }: TrailForm, { accountId, region }: FormPlace): string =>
  topic.startsWith('arn:') ? topic : `arn:aws:sns:${region}:${accountId}:${topic}`;

export const logGroupArnOf = ({ logGroup }: TrailForm, { accountId, region }: FormPlace): string =>
  logGroup.startsWith('arn:') ? logGroup : `arn:aws:logs:${region}:${accountId}:log-group:${logGroup}:*`;

export const roleArnOf = ({ role }: TrailForm, { accountId }: FormPlace): string =>
  role.startsWith('arn:') ? role : `arn:aws:iam::${accountId}:role/${role}`;

/** Input of CreateTrail. */
export function createInput(form: TrailForm, place: FormPlace): Readonly<Record<string, unknown>> {
  return {
    Name: form.name.trim(),
    S3BucketName: form.bucket.trim(),
    ...(form.prefix === '' ? {} : { S3KeyPrefix: form.prefix }),
    IsMultiRegionTrail: form.isMultiRegion,
    IncludeGlobalServiceEvents: form.isMultiRegion || form.includeGlobal,
    EnableLogFileValidation: form.validation,
    ...(form.isOrganization ? { IsOrganizationTrail: true } : {}),
    ...(form.key === '' ? {} : { KmsKeyId: form.key }),
    ...(form.topicIs === 'none' ? {} : { SnsTopicName: topicArnOf(form, place) }),
    ...(form.logsIs === 'none' ? {} : logsInput(form, place)),
    ...(form.tags.length === 0 ? {} : { TagsList: form.tags }),
  };
}

const logsInput = (form: TrailForm, place: FormPlace) => ({
  CloudWatchLogsLogGroupArn: logGroupArnOf(form, place),
  CloudWatchLogsRoleArn: roleArnOf(form, place),
});

const NO_LOGS = { CloudWatchLogsLogGroupArn: '', CloudWatchLogsRoleArn: '' };

/** Input of UpdateTrail: what has changed; undefined when nothing has. Empty text takes a setting away. */
export function updateInput(
  form: TrailForm,
  before: TrailForm,
  place: FormPlace,
): Readonly<Record<string, unknown>> | undefined {
  const settings = (of: TrailForm): Record<string, unknown> => ({
    S3BucketName: of.bucket.trim(),
    S3KeyPrefix: of.prefix,
    IsMultiRegionTrail: of.isMultiRegion,
    IncludeGlobalServiceEvents: of.isMultiRegion || of.includeGlobal,
    EnableLogFileValidation: of.validation,
    IsOrganizationTrail: of.isOrganization,
    KmsKeyId: of.key,
    SnsTopicName: of.topicIs === 'none' ? '' : topicArnOf(of, place),
    ...(of.logsIs === 'none' ? NO_LOGS : logsInput(of, place)),
  });
  const [now, then] = [settings(form), settings(before)];
  const changed = Object.entries(now).filter(([name, value]) => value !== then[name]);
  if (changed.length === 0) return undefined;
  // Group and role go together.
  const logs = changed.some(([name]) => name in NO_LOGS)
    ? Object.fromEntries(Object.keys(NO_LOGS).map((name) => [name, now[name]]))
    : {};
  return { Name: arnOf(form, place), ...Object.fromEntries(changed), ...logs };
}

export const selectorsChanged = (form: TrailForm, before: TrailForm | undefined): boolean =>
  !sameSelectors(form.selectors, before?.selectors ?? DEFAULT_SELECTORS);

/** Problems of a form, by the name of the field; CloudTrail itself says what else it does not take. */
export type FormProblems = Readonly<Partial<Record<keyof TrailForm, string>>>;

/** CloudTrail's rules of trail names (API reference, CreateTrail). */
const TRAIL_NAME = /^(?=.{3,128}$)[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$/;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const BUCKET_NAME = /^(?=.{3,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const PREFIX_CHARS_MAX = 200;
const TOPIC_NAME = /^[A-Za-z0-9_-]{1,256}$/;
const LOG_GROUP_NAME = /^[A-Za-z0-9_/.#-]{1,512}$/;
const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;

export function problemsOfStep(step: Step, form: TrailForm): FormProblems {
  return CHECKS[step](form);
}

const CHECKS: Readonly<Record<Step, (form: TrailForm) => FormProblems>> = {
  general: ({ name }) => {
    const trimmed = name.trim();
    if (trimmed === '') return { name: 'Give the trail a name.' };
    if (!TRAIL_NAME.test(trimmed) || IPV4.test(trimmed))
      return {
        name: '3 to 128 letters, numbers, periods, underscores and dashes; it begins and ends with a letter or number, has no two of the others side by side, and is no IP address.',
      };
    return {};
  },
  storage: ({ bucket, prefix }) => ({
    ...(BUCKET_NAME.test(bucket.trim()) && !IPV4.test(bucket.trim())
      ? {}
      : { bucket: bucket.trim() === '' ? 'Choose a bucket.' : '3 to 63 lowercase letters, numbers, dots and dashes.' }),
    ...(prefix.length > PREFIX_CHARS_MAX ? { prefix: `At most ${PREFIX_CHARS_MAX} characters.` } : {}),
    ...(/^\/|\/$/.test(prefix) ? { prefix: 'Without a slash at its beginning or end.' } : {}),
  }),
  tellings: ({ topicIs, topic, logsIs, logGroup, roleIs, role }) => ({
    ...(topicIs !== 'none' && !(topicIs === 'existing' ? /^arn:|^[A-Za-z0-9_-]{1,256}$/ : TOPIC_NAME).test(topic)
      ? { topic: topicIs === 'new' ? 'Letters, numbers, dashes and underscores.' : 'Choose a topic.' }
      : {}),
    ...(logsIs !== 'none' && !logGroup.startsWith('arn:') && !LOG_GROUP_NAME.test(logGroup)
      ? { logGroup: logsIs === 'new' ? 'Letters, numbers and _ / . # -' : 'Choose a log group.' }
      : {}),
    ...(logsIs !== 'none' && !(roleIs === 'existing' && role.startsWith('arn:')) && !ROLE_NAME.test(role)
      ? { role: roleIs === 'new' ? 'Letters, numbers and + = , . @ _ -' : 'Choose a role.' }
      : {}),
  }),
  events: ({ selectors }) => {
    const problem = selectorsProblem(selectors);
    return problem === undefined ? {} : { selectors: problem };
  },
};

/** A trail is changed where its home is. */
export const placeOf = ({ TrailARN }: Pick<Trail, 'TrailARN'>): FormPlace => ({
  accountId: accountIn(TrailARN),
  region: regionIn(TrailARN),
});
