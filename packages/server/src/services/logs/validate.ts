import { invalid } from './errors.ts';

/**
 * The constraints of AWS's model (2014-03-28), which the catalogue of schemas does not carry, in the words that AWS's
 * front end has for them. A member's constraints are the same in every operation that takes it.
 */
interface Rule {
  /** Characters of a string, entries of a list, or the number itself. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly values?: readonly string[];
  /** Of each entry of a list. */
  readonly each?: Rule;
  readonly members?: Readonly<Record<string, Rule>>;
  readonly required?: boolean;
}

const GROUP_NAME: Rule = { min: 1, max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/ };
const IDENTIFIER: Rule = { min: 1, max: 2048, pattern: /^[\w#+=/:,.@*-]*$/ };
const STREAM_NAME: Rule = { min: 1, max: 512, pattern: /^[^:*]*$/ };
const FILTER_NAME: Rule = { min: 1, max: 512, pattern: /^[^:*]*$/ };
const PATTERN: Rule = { max: 1024 };
const TOKEN: Rule = { min: 1 };
const TIME: Rule = { min: 0 };
const METRIC: Rule = { max: 255, pattern: /^[^:*$]*$/ };
const UNITS = [
  ...['Seconds', 'Microseconds', 'Milliseconds', 'Bytes', 'Kilobytes', 'Megabytes', 'Gigabytes', 'Terabytes', 'Bits'],
  ...['Kilobits', 'Megabits', 'Gigabits', 'Terabits', 'Percent', 'Count', 'Bytes/Second', 'Kilobytes/Second'],
  ...['Megabytes/Second', 'Gigabytes/Second', 'Terabytes/Second', 'Bits/Second', 'Kilobits/Second'],
  ...['Megabits/Second', 'Gigabits/Second', 'Terabits/Second', 'Count/Second', 'None'],
];
export const RETENTION_DAYS = [
  ...[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
];

const RULES: Readonly<Record<string, Rule>> = {
  logGroupName: GROUP_NAME,
  logGroupNamePrefix: GROUP_NAME,
  logGroupNamePattern: { max: 512, pattern: /^[.\-_/#A-Za-z0-9]*$/ },
  logGroupIdentifier: IDENTIFIER,
  logGroupIdentifiers: { min: 1, max: 50, each: IDENTIFIER },
  logGroupNames: { min: 1, max: 50, each: GROUP_NAME },
  logGroupClass: { values: ['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY'] },
  logStreamName: STREAM_NAME,
  logStreamNamePrefix: STREAM_NAME,
  logStreamNames: { min: 1, max: 100, each: STREAM_NAME },
  logStreamNamePrefixes: { min: 1, max: 100, each: STREAM_NAME },
  filterName: FILTER_NAME,
  filterNamePrefix: FILTER_NAME,
  filterPattern: PATTERN,
  logEventFilterPattern: PATTERN,
  nextToken: TOKEN,
  startTime: TIME,
  endTime: TIME,
  limit: { min: 1, max: 10_000 },
  maxResults: { min: 1, max: 1000 },
  maxItems: { min: 1, max: 10_000 },
  orderBy: { values: ['LogStreamName', 'LastEventTime'] },
  destinationArn: { min: 1, max: 2048 },
  roleArn: { min: 1, max: 2048 },
  distribution: { values: ['Random', 'ByLogStream'] },
  metricName: METRIC,
  metricNamespace: METRIC,
  queryString: { max: 10_000 },
  queryId: { max: 256 },
  queryLanguage: { values: ['CWLI', 'SQL', 'PPL'] },
  logRecordPointer: { min: 1, max: 4096 },
  resourceArn: { min: 1, max: 1011, pattern: /^[\w+=/:,.@*#-]*$/ },
  logEventMessages: { min: 1, max: 50, each: { min: 1 } },
  logEvents: {
    ...{ min: 1, max: 10_000 },
    each: { members: { timestamp: { ...TIME, required: true }, message: { min: 1, required: true } } },
  },
  metricTransformations: {
    ...{ min: 1, max: 1 },
    each: {
      members: {
        metricName: { ...METRIC, required: true },
        metricNamespace: { ...METRIC, required: true },
        metricValue: { max: 100, required: true },
        unit: { values: UNITS },
      },
    },
  },
};

/** Rules that hold for a member in one operation only. */
const SPECIAL: Readonly<Record<string, Rule>> = {
  'DescribeLogGroups.limit': { min: 1, max: 50 },
  'DescribeLogStreams.limit': { min: 1, max: 50 },
  'DescribeMetricFilters.limit': { min: 1, max: 50 },
  'DescribeSubscriptionFilters.limit': { min: 1, max: 50 },
  'ListLogGroups.limit': { min: 1, max: 1000 },
  'StartLiveTail.logGroupIdentifiers': { min: 1, max: 10, each: IDENTIFIER },
  'DescribeLogGroups.logGroupIdentifiers': { min: 1, max: 50, each: IDENTIFIER },
};

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  CreateLogGroup: ['logGroupName'],
  CreateLogStream: ['logGroupName', 'logStreamName'],
  DeleteLogGroup: ['logGroupName'],
  DeleteLogStream: ['logGroupName', 'logStreamName'],
  DeleteMetricFilter: ['logGroupName', 'filterName'],
  DeleteRetentionPolicy: ['logGroupName'],
  DeleteSubscriptionFilter: ['logGroupName', 'filterName'],
  DescribeSubscriptionFilters: ['logGroupName'],
  GetLogEvents: ['logStreamName'],
  GetLogRecord: ['logRecordPointer'],
  GetQueryResults: ['queryId'],
  ListTagsForResource: ['resourceArn'],
  ListTagsLogGroup: ['logGroupName'],
  PutLogEvents: ['logGroupName', 'logStreamName', 'logEvents'],
  PutLogGroupDeletionProtection: ['logGroupIdentifier', 'deletionProtectionEnabled'],
  PutMetricFilter: ['logGroupName', 'filterName', 'filterPattern', 'metricTransformations'],
  PutRetentionPolicy: ['logGroupName', 'retentionInDays'],
  PutSubscriptionFilter: ['logGroupName', 'filterName', 'filterPattern', 'destinationArn'],
  StartLiveTail: ['logGroupIdentifiers'],
  StartQuery: ['startTime', 'endTime', 'queryString'],
  StopQuery: ['queryId'],
  TagLogGroup: ['logGroupName', 'tags'],
  TagResource: ['resourceArn', 'tags'],
  TestMetricFilter: ['filterPattern', 'logEventMessages'],
  UntagLogGroup: ['logGroupName', 'tags'],
  UntagResource: ['resourceArn', 'tagKeys'],
};
/** One of each two says which group is meant. */
const NAMES_A_GROUP: ReadonlySet<string> = new Set(['DescribeLogStreams', 'FilterLogEvents', 'GetLogEvents']);

/** As many as AWS tells at once; more only make a long message longer. */
const COMPLAINTS_MAX = 10;
const SHOWN_CHARS_MAX = 128;

/** @throws AwsError InvalidParameterException naming every member that breaks a rule */
export function validateInput(operation: string, input: Readonly<Record<string, unknown>>): void {
  const complaints: string[] = [];
  for (const name of REQUIRED[operation] ?? []) if (input[name] === undefined) complaints.push(missing(name));
  for (const [name, value] of Object.entries(input)) {
    const rule = SPECIAL[`${operation}.${name}`] ?? RULES[name];
    if (rule && value !== undefined) check(rule, value, name, complaints);
  }
  if (NAMES_A_GROUP.has(operation) && input.logGroupName === undefined && input.logGroupIdentifier === undefined) {
    complaints.push(missing('logGroupName'));
  }
  if (complaints.length === 0) return;
  const count = `${complaints.length} validation error${complaints.length > 1 ? 's' : ''}`;
  throw invalid(`${count} detected: ${complaints.slice(0, COMPLAINTS_MAX).join('; ')}`);
}

const missing = (at: string) => `Value null at '${at}' failed to satisfy constraint: Member must not be null`;

function check(rule: Rule, value: unknown, at: string, complaints: string[]): void {
  const complain = (constraint: string) =>
    complaints.push(`Value '${shown(value)}' at '${at}' failed to satisfy constraint: Member must ${constraint}`);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) complain('be an integer'); // the catalogue knows numbers alone
    if (rule.min !== undefined && value < rule.min) complain(`have value greater than or equal to ${rule.min}`);
    if (rule.max !== undefined && value > rule.max) complain(`have value less than or equal to ${rule.max}`);
  } else if (typeof value === 'string' || Array.isArray(value)) {
    if (rule.min !== undefined && value.length < rule.min) complain(`have length greater than or equal to ${rule.min}`);
    if (rule.max !== undefined && value.length > rule.max) complain(`have length less than or equal to ${rule.max}`);
  }
  if (typeof value === 'string') {
    if (rule.pattern && value !== '' && !rule.pattern.test(value)) {
      complain(`satisfy regular expression pattern: ${rule.pattern.source.slice(1, -1)}`);
    }
    if (rule.values && !rule.values.includes(value)) complain(`satisfy enum value set: [${rule.values.join(', ')}]`);
  }
  if (Array.isArray(value) && rule.each) {
    for (const [i, item] of value.entries()) {
      check(rule.each, item, `${at}.${i + 1}.member`, complaints);
      if (complaints.length > COMPLAINTS_MAX) return;
    }
  }
  if (rule.members) {
    for (const [name, member] of Object.entries(rule.members)) {
      const inner = (value as Readonly<Record<string, unknown>> | null)?.[name];
      if (inner !== undefined) check(member, inner, `${at}.${name}`, complaints);
      else if (member.required) complaints.push(missing(`${at}.${name}`));
    }
  }
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : Array.isArray(value) ? `[${value.length} entries]` : String(value);
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
}
