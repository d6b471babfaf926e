import { invalid } from './errors.ts';
import { AUTHORIZATION_TYPES, HTTP_METHODS, RULE_STATES } from './model.ts';

/**
 * The constraints of AWS's model (2015-10-07), which the catalogue of schemas does not carry, in the words that AWS's
 * front end has for them.
 */
interface Rule {
  /** Characters of a string, entries of a list, or the number itself. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly values?: readonly string[];
  /** Its value never stands in a message. */
  readonly secret?: boolean;
  readonly each?: Rule;
  /** Of a structure. */
  readonly members?: Readonly<Record<string, Rule>>;
  /** Of a structure: members that must be there. */
  readonly needs?: readonly string[];
}

const NAME = /^[.\-_A-Za-z0-9]+$/;
const ARN: Rule = { min: 1, max: 1600 };
const DESCRIPTION: Rule = { max: 512 };
const RULE_NAME: Rule = { min: 1, max: 64, pattern: NAME };
const BUS: Rule = {
  min: 1,
  max: 1600,
  pattern: /^(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[.\-_A-Za-z0-9]+$/,
};
const NAME_64: Rule = { min: 1, max: 64, pattern: NAME };
const ARCHIVE_NAME: Rule = { min: 1, max: 48, pattern: NAME };
/** What a header may carry, but for colons; AWS's own pattern says the same, and takes exponential time. */
const HEADER_TEXT = /^[^\p{Cc}:]+$/u;
const SHOWN_TEXT: Rule = { min: 1, max: 512, pattern: HEADER_TEXT };
const SECRET_TEXT: Rule = { ...SHOWN_TEXT, secret: true };
const PARAMETERS: Rule = {
  max: 100,
  each: {
    members: {
      Key: { max: 512, pattern: /^[\x20-\x7E]+$/ },
      Value: { max: 512, pattern: /^[\x20-\x7E\t]*$/, secret: true },
    },
  },
};
const HTTP_PARAMETERS: Rule = {
  members: { HeaderParameters: PARAMETERS, QueryStringParameters: PARAMETERS, BodyParameters: PARAMETERS },
};
const URL_TEXT: Rule = {
  min: 1,
  max: 2048,
  pattern: /^((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@&=+$,A-Za-z0-9])+)([).!';/?:,])?$/,
};
const TAG_KEY: Rule = { min: 1, max: 128 };
const TAGS: Rule = { each: { members: { Key: TAG_KEY, Value: { max: 256 } }, needs: ['Key', 'Value'] } };

const AUTH: Rule = {
  members: {
    BasicAuthParameters: { members: { Username: SHOWN_TEXT, Password: SECRET_TEXT } },
    ApiKeyAuthParameters: { members: { ApiKeyName: SHOWN_TEXT, ApiKeyValue: SECRET_TEXT } },
    OAuthParameters: {
      members: {
        ClientParameters: { members: { ClientID: SHOWN_TEXT, ClientSecret: SECRET_TEXT } },
        AuthorizationEndpoint: URL_TEXT,
        HttpMethod: { values: ['GET', 'POST', 'PUT'] },
        OAuthHttpParameters: HTTP_PARAMETERS,
      },
    },
    InvocationHttpParameters: HTTP_PARAMETERS,
  },
};

const TARGET: Rule = {
  needs: ['Id', 'Arn'],
  members: {
    Id: NAME_64,
    Arn: ARN,
    RoleArn: ARN,
    Input: { max: 8192 },
    InputPath: { max: 256 },
    InputTransformer: {
      needs: ['InputTemplate'],
      members: { InputTemplate: { min: 1, max: 8192 } },
    },
    SqsParameters: { members: { MessageGroupId: { max: 100 } } },
    DeadLetterConfig: { members: { Arn: ARN } },
    RetryPolicy: {
      members: {
        MaximumRetryAttempts: { min: 0, max: 185 },
        MaximumEventAgeInSeconds: { min: 60, max: 86_400 },
      },
    },
  },
};

const RULES: Readonly<Record<string, Rule>> = {
  Action: { min: 1, max: 64, pattern: /^events:[a-zA-Z]+$/ },
  ArchiveName: ARCHIVE_NAME,
  AuthorizationType: { values: AUTHORIZATION_TYPES },
  AuthParameters: AUTH,
  ConnectionArn: ARN,
  DeadLetterConfig: { members: { Arn: ARN } },
  Description: DESCRIPTION,
  Destination: { needs: ['Arn'], members: { Arn: ARN, FilterArns: { max: 200, each: ARN } } },
  Entries: { min: 1, max: 10 },
  EventBusName: BUS,
  EventPattern: { max: 4096 },
  EventSourceArn: ARN,
  HttpMethod: { values: HTTP_METHODS },
  Ids: { min: 1, max: 100, each: NAME_64 },
  InvocationEndpoint: URL_TEXT,
  InvocationRateLimitPerSecond: { min: 1, max: 300 },
  Limit: { min: 1, max: 100 },
  Name: RULE_NAME,
  NamePrefix: { min: 1, max: 256, pattern: NAME },
  NextToken: { min: 1, max: 2048 },
  Principal: { min: 1, max: 12, pattern: /^(\d{12}|\*)$/ },
  ReplayName: NAME_64,
  ResourceARN: ARN,
  RetentionDays: { min: 0 },
  RoleArn: ARN,
  Rule: RULE_NAME,
  ScheduleExpression: { max: 256 },
  StatementId: { min: 1, max: 64, pattern: /^[a-zA-Z0-9-_]+$/ },
  TagKeys: { each: TAG_KEY },
  Tags: TAGS,
  TargetArn: ARN,
  Targets: { min: 1, max: 100, each: TARGET },
};

/** Where a name means something else. */
const SPECIAL: Readonly<Record<string, Rule>> = {
  'CreateEventBus.Name': { min: 1, max: 256, pattern: NAME },
  'DeleteEventBus.Name': { min: 1, max: 256, pattern: NAME },
  'DescribeEventBus.Name': BUS,
  'UpdateEventBus.Name': { min: 1, max: 256, pattern: NAME },
  'PutRule.State': { values: RULE_STATES },
  'ListConnections.ConnectionState': {},
};

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  CancelReplay: ['ReplayName'],
  CreateApiDestination: ['Name', 'ConnectionArn', 'InvocationEndpoint', 'HttpMethod'],
  CreateArchive: ['ArchiveName', 'EventSourceArn'],
  CreateConnection: ['Name', 'AuthorizationType', 'AuthParameters'],
  CreateEventBus: ['Name'],
  DeauthorizeConnection: ['Name'],
  DeleteApiDestination: ['Name'],
  DeleteArchive: ['ArchiveName'],
  DeleteConnection: ['Name'],
  DeleteEventBus: ['Name'],
  DeleteRule: ['Name'],
  DescribeApiDestination: ['Name'],
  DescribeArchive: ['ArchiveName'],
  DescribeConnection: ['Name'],
  DescribeReplay: ['ReplayName'],
  DescribeRule: ['Name'],
  DisableRule: ['Name'],
  EnableRule: ['Name'],
  ListRuleNamesByTarget: ['TargetArn'],
  ListTagsForResource: ['ResourceARN'],
  ListTargetsByRule: ['Rule'],
  PutEvents: ['Entries'],
  PutRule: ['Name'],
  PutTargets: ['Rule', 'Targets'],
  RemoveTargets: ['Rule', 'Ids'],
  StartReplay: ['ReplayName', 'EventSourceArn', 'EventStartTime', 'EventEndTime', 'Destination'],
  TagResource: ['ResourceARN', 'Tags'],
  TestEventPattern: ['EventPattern', 'Event'],
  UntagResource: ['ResourceARN', 'TagKeys'],
  UpdateApiDestination: ['Name'],
  UpdateArchive: ['ArchiveName'],
  UpdateConnection: ['Name'],
  UpdateEventBus: [],
};

/** As many as AWS tells at once. */
const COMPLAINTS_MAX = 10;

type Tree = Readonly<Record<string, unknown>>;

/** @throws AwsError ValidationException naming every member that breaks a rule */
export function validateInput(operation: string, input: Tree): void {
  const complaints: string[] = [];
  for (const name of REQUIRED[operation] ?? []) {
    if (input[name] === undefined) complaints.push(complaint('null', lowerFirst(name), 'Member must not be null'));
  }
  for (const [name, value] of Object.entries(input)) {
    const rule = SPECIAL[`${operation}.${name}`] ?? RULES[name];
    if (rule !== undefined && value !== undefined) check(value, rule, lowerFirst(name), complaints);
  }
  if (complaints.length === 0) return;
  const told = complaints.slice(0, COMPLAINTS_MAX);
  throw invalid(`${told.length} validation error${told.length === 1 ? '' : 's'} detected: ${told.join('; ')}`);
}

function check(value: unknown, rule: Rule, place: string, complaints: string[]): void {
  if (complaints.length >= COMPLAINTS_MAX) return;
  const problem = problemOf(value, rule);
  if (problem !== undefined) complaints.push(complaint(rule.secret ? undefined : shown(value), place, problem));
  if (rule.each && Array.isArray(value)) {
    for (const [i, entry] of value.entries()) check(entry, rule.each, `${place}.${i + 1}.member`, complaints);
  }
  for (const name of rule.needs ?? []) {
    if ((value as Tree)[name] !== undefined) continue;
    complaints.push(complaint('null', `${place}.${lowerFirst(name)}`, 'Member must not be null'));
  }
  for (const [name, member] of Object.entries(rule.members ?? {})) {
    const inner = (value as Tree)[name];
    if (inner !== undefined) check(inner, member, `${place}.${lowerFirst(name)}`, complaints);
  }
}

function problemOf(value: unknown, { min, max, pattern, values }: Rule): string | undefined {
  const isNumber = typeof value === 'number';
  const size = isNumber ? value : ((value as { readonly length?: number }).length ?? 0);
  const what = isNumber ? 'value' : 'length';
  if (isNumber && !Number.isInteger(value)) return 'Member must be an integer'; // the catalogue knows numbers alone
  if (min !== undefined && size < min) return `Member must have ${what} greater than or equal to ${min}`;
  if (max !== undefined && size > max) return `Member must have ${what} less than or equal to ${max}`;
  if (values && !values.includes(value as string)) return `Member must satisfy enum value set: [${values.join(', ')}]`;
  if (pattern && !pattern.test(value as string))
    return `Member must satisfy regular expression pattern: ${pattern.source}`;
  return undefined;
}

const complaint = (value: string | undefined, place: string, problem: string): string =>
  `Value ${value === undefined ? '' : `${value} `}at '${place}' failed to satisfy constraint: ${problem}`;

/** More of a wrong value helps nobody to find the mistake. */
const SHOWN_CHARS_MAX = 256;
const shown = (value: unknown): string =>
  typeof value === 'string' ? `'${value.slice(0, SHOWN_CHARS_MAX)}'` : typeof value === 'number' ? `'${value}'` : '';

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
