import { brokenConstraints, type ConstraintTable, complaintOf, type Rule } from '../../wire/constraints.ts';
import { invalid } from './errors.ts';

/** The constraints of AWS's model (2014-03-28). */
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

const RULES: ConstraintTable['rules'] = {
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
  logEvents: { min: 1, max: 10_000 }, // its entries: put-events.ts
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
  'DescribeLogGroups.limit': { min: 1, max: 50 },
  'DescribeLogStreams.limit': { min: 1, max: 50 },
  'DescribeMetricFilters.limit': { min: 1, max: 50 },
  'DescribeSubscriptionFilters.limit': { min: 1, max: 50 },
  'ListLogGroups.limit': { min: 1, max: 1000 },
  'StartLiveTail.logGroupIdentifiers': { min: 1, max: 10, each: IDENTIFIER },
  'DescribeLogGroups.logGroupIdentifiers': { min: 1, max: 50, each: IDENTIFIER },
};

const REQUIRED: ConstraintTable['required'] = {
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

const TABLE: ConstraintTable = { rules: RULES, required: REQUIRED, showsAnchors: false };

/** @throws AwsError InvalidParameterException naming every member that breaks a rule */
export function validateInput(operation: string, input: Readonly<Record<string, unknown>>): void {
  const namesNone = input.logGroupName === undefined && input.logGroupIdentifier === undefined;
  const more = NAMES_A_GROUP.has(operation) && namesNone ? [missing('logGroupName')] : [];
  const broken = brokenConstraints(TABLE, operation, input, more);
  if (broken !== undefined) throw invalid(broken);
}

const missing = (place: string): string => complaintOf('null', place, 'Member must not be null');
