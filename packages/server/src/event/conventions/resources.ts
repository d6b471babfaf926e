import type { Call } from '../call.ts';
import { isObject } from '../parameters.ts';
import type { ResourceEntry } from '../record.ts';
import { isDataEvent } from './data-events.ts';

/**
 * What a service lists under `resources`, and whose it is; S3 has rules of its own. Sources: records (spec:
 * record-conventions §13), and for data events the services' own CloudTrail pages and the list of types (spec: selectors §4).
 */
export interface Named {
  /** Path to a name or an ARN in the input (`q.`) or the output (`r.`); lists give an entry each. */
  readonly at: string;
  /** Absent where records show none (ssm). */
  readonly type?: string;
  /** ARN of a bare name: `{region}`, `{account}` and `{}`, the name. Absent: only ARNs are listed. */
  readonly arn?: string;
  /** Default: data events of a service that has any, else all operations. */
  readonly operations?: ReadonlySet<string>;
  /** A later source of the same resource: only when none before it gave one. */
  readonly otherwise?: true;
}

const KEY_ARN = 'arn:aws:kms:{region}:{account}:key/{}';
const KEY = 'AWS::KMS::Key';
const ALIAS_ARN = 'arn:aws:kms:{region}:{account}:{}';
const PARAMETER_ARN = 'arn:aws:ssm:{region}:{account}:parameter/{}';
const INSTANCE_ARN = 'arn:aws:ec2:{region}:{account}:instance/{}';
const PARAMETERS = only(
  'DeleteParameter DeleteParameters GetParameter GetParameters GetParameterHistory PutParameter LabelParameterVersion',
);

export const NAMED: Readonly<Record<string, readonly Named[]>> = {
  'bedrock-agent-runtime': [
    { at: 'q.knowledgeBaseId', type: 'AWS::Bedrock::KnowledgeBase', arn: bedrock('knowledge-base/{}') },
    { at: 'q.flowAliasIdentifier', type: 'AWS::Bedrock::FlowAlias' },
  ],
  'cloudtrail-data': [{ at: 'q.channelArn', type: 'AWS::CloudTrail::Channel' }],
  'cognito-identity': [
    {
      at: 'q.IdentityPoolId',
      type: 'AWS::Cognito::IdentityPool',
      arn: 'arn:aws:cognito-identity:{region}:{account}:identitypool/{}',
    },
  ],
  dynamodb: [
    { at: 'q.TableName', type: 'AWS::DynamoDB::Table', arn: 'arn:aws:dynamodb:{region}:{account}:table/{}' },
    { at: 'q.RequestItems.*', type: 'AWS::DynamoDB::Table', arn: 'arn:aws:dynamodb:{region}:{account}:table/{}' },
    {
      at: 'q.TransactItems.*.TableName',
      type: 'AWS::DynamoDB::Table',
      arn: 'arn:aws:dynamodb:{region}:{account}:table/{}',
    },
  ],
  'dynamodb-streams': [{ at: 'q.StreamArn', type: 'AWS::DynamoDB::Stream' }],
  ebs: [{ at: 'q.SnapshotId', type: 'AWS::EC2::Snapshot', arn: 'arn:aws:ec2:{region}::snapshot/{}' }],
  ecr: [{ at: 'q.repositoryName', arn: 'arn:aws:ecr:{region}:{account}:repository/{}' }],
  eventbridge: [
    {
      at: 'q.Entries.EventBusName',
      type: 'AWS::Events::EventBus',
      arn: 'arn:aws:events:{region}:{account}:event-bus/{}',
    },
  ],
  firehose: [
    {
      at: 'q.DeliveryStreamName',
      type: 'AWS::KinesisFirehose::DeliveryStream',
      arn: 'arn:aws:firehose:{region}:{account}:deliverystream/{}',
    },
  ],
  'iot-data-plane': [{ at: 'q.thingName', type: 'AWS::IoT::Thing', arn: 'arn:aws:iot:{region}:{account}:thing/{}' }],
  kinesis: [
    { at: 'q.StreamARN', type: 'AWS::Kinesis::Stream' },
    {
      at: 'q.StreamName',
      type: 'AWS::Kinesis::Stream',
      arn: 'arn:aws:kinesis:{region}:{account}:stream/{}',
      otherwise: true,
    },
    { at: 'q.ConsumerARN', type: 'AWS::Kinesis::StreamConsumer' },
  ],
  // The answer tells the key behind an alias; where there is none, the caller's word has to do.
  kms: [
    { at: 'r.SourceKeyId', type: KEY },
    { at: 'r.KeyMetadata.Arn', type: KEY },
    { at: 'r.KeyId', type: KEY },
    { at: 'q.KeyId', type: KEY, arn: KEY_ARN, otherwise: true },
    { at: 'q.AliasName', type: KEY, arn: ALIAS_ARN, operations: only('DeleteAlias UpdateAlias') },
    { at: 'q.TargetKeyId', type: KEY, arn: KEY_ARN },
    { at: 'q.AliasName', type: KEY, arn: ALIAS_ARN, operations: only('CreateAlias') },
  ],
  lambda: [
    {
      at: 'q.FunctionName',
      type: 'AWS::Lambda::Function',
      arn: 'arn:aws:lambda:{region}:{account}:function:{}',
    },
  ],
  'rds-data': [{ at: 'q.resourceArn', type: 'AWS::RDS::DBCluster' }],
  'sagemaker-runtime': [
    {
      at: 'q.EndpointName',
      type: 'AWS::SageMaker::Endpoint',
      arn: 'arn:aws:sagemaker:{region}:{account}:endpoint/{}',
    },
  ],
  sns: [
    { at: 'q.TopicArn', type: 'AWS::SNS::Topic' },
    { at: 'q.TargetArn', type: 'AWS::SNS::PlatformEndpoint' },
  ],
  sqs: [{ at: 'q.QueueUrl', type: 'AWS::SQS::Queue' }],
  ssm: [
    { at: 'q.Name', arn: PARAMETER_ARN, operations: PARAMETERS },
    { at: 'q.Names', arn: PARAMETER_ARN, operations: PARAMETERS },
    {
      at: 'q.AssociationId',
      arn: 'arn:aws:ssm:{region}:{account}:association/{}',
      operations: only('UpdateInstanceAssociationStatus'),
    },
    {
      at: 'q.InstanceId',
      arn: INSTANCE_ARN,
      operations: only('ListInstanceAssociations PutInventory UpdateInstanceAssociationStatus'),
    },
    {
      at: 'q.InstanceId',
      arn: 'arn:aws:ssm:{region}:{account}:managed-instance-inventory/{}',
      operations: only('PutInventory'),
    },
  ],
  sts: [{ at: 'q.RoleArn', type: 'AWS::IAM::Role' }],
  verifiedpermissions: [
    {
      at: 'q.policyStoreId',
      type: 'AWS::VerifiedPermissions::PolicyStore',
      arn: 'arn:aws:verifiedpermissions::{account}:policy-store/{}',
    },
  ],
};

/** Services whose calls on another account's resource give its owner a record too (spec: records §11): where it stands. */
export const OWNED: Readonly<Record<string, readonly string[]>> = {
  dynamodb: ['q.TableName'],
  kinesis: ['q.StreamARN'],
  kms: ['r.KeyId', 'q.KeyId', 'q.SourceKeyId', 'q.DestinationKeyId'],
  lambda: ['q.FunctionName'],
  'secrets-manager': ['q.SecretId'],
  sns: ['q.TopicArn'],
  sqs: ['q.QueueUrl'],
  sts: ['q.RoleArn'],
};

function only(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
function bedrock(name: string): string {
  return `arn:aws:bedrock:{region}:{account}:${name}`;
}

/** Services that list resources in management events as well. */
const ALWAYS: ReadonlySet<string> = new Set(['cloudtrail-data', 'dynamodb', 'ecr', 'kms', 'ssm', 'sts']);

/** Whether a record needs the call's answer even where it does not show it: KMS tells there which key an alias means. */
export const listsFromAnswer = (schemaId: string): boolean =>
  NAMED[schemaId]?.some(({ at }) => at.startsWith('r.')) === true;

/** What the call touched, from its input and output. A call that failed lists nothing, but for KMS. */
export function resourcesFromInput(call: Call): ResourceEntry[] {
  const { schema, operation } = call;
  const named = NAMED[schema.id];
  if (named === undefined || (call.error && schema.id !== 'kms')) return [];
  if (!ALWAYS.has(schema.id) && !isDataEvent(schema, operation)) return [];
  const out: ResourceEntry[] = [];
  for (const { at, type, arn, operations, otherwise } of named) {
    if (operations !== undefined && !operations.has(operation)) continue;
    if (otherwise && out.length > 0) continue;
    for (const value of valuesAt(call, at)) {
      const entry = entryOf(call, value, type, arn);
      if (entry && !out.some((known) => known.ARN === entry.ARN)) out.push(entry);
      if (out.length >= RESOURCES_MAX) return out;
    }
  }
  return out;
}

/** More than any record known lists (10), and few enough for its size. */
const RESOURCES_MAX = 100;

/** The account that owns what the call touched, when the call says so and succeeded (spec: records §3, §11). */
export function ownerFromInput(call: Call): string | undefined {
  if (call.error) return undefined;
  for (const at of OWNED[call.schema.id] ?? []) {
    for (const value of valuesAt(call, at)) {
      const account = arnOf(value, call.region).split(':')[4] ?? '';
      if (ACCOUNT.test(account)) return account;
    }
  }
  return undefined;
}

const ACCOUNT = /^\d{12}$/;

function entryOf(call: Call, value: string, type?: string, template?: string): ResourceEntry | undefined {
  let arn = arnOf(value, call.region);
  if (!arn.startsWith('arn:')) {
    if (template === undefined || value === '') return undefined;
    const given: Readonly<Record<string, string>> = { region: call.region, account: call.accountId };
    const name = template === PARAMETER_ARN ? value.replace(/^\//, '') : value;
    if (template === KEY_ARN && name.startsWith('alias/')) return undefined; // the key behind it is not known
    arn = template.replace(/\{(\w*)\}/g, (_, part: string) => (part === '' ? name : (given[part] ?? '')));
    arn = arn.replace(/^arn:aws:/, `arn:${partitionOf(call.region)}:`);
  }
  return { accountId: arn.split(':')[4] || call.accountId, ...(type && { type }), ARN: arn };
}

const partitionOf = (region: string): string =>
  /^cn-[a-z]+-\d$/.test(region) ? 'aws-cn' : /^us-gov-[a-z]+-\d$/.test(region) ? 'aws-us-gov' : 'aws';

/**
 * `https://sqs.eu-west-1.amazonaws.com/111122223333/queue` → its ARN; anything else as it is. Emulators leave the Region
 * out of the host, or put it into the path: then it is that, or the call's.
 */
function arnOf(value: string, callRegion: string): string {
  const queue = /^https?:\/\/([^/]+)\/(?:queue\/([a-z\d-]+)\/)?(\d{12})\/([\w.-]+)$/.exec(value);
  if (!queue) return value;
  const [, host = '', inPath, accountId, name] = queue;
  const region = inPath ?? /(?:^|\.)((?:[a-z]+-)+\d+)\./.exec(host)?.[1] ?? callRegion;
  return `arn:${partitionOf(region)}:sqs:${region}:${accountId}:${name}`;
}

/** A path in its parts: `q.TransactItems.*.TableName`. They are few, all of them from the tables above. */
const PATHS: ReadonlyMap<string, readonly string[]> = new Map(
  [...Object.values(NAMED).flatMap((named) => named.map(({ at }) => at)), ...Object.values(OWNED).flat()].map((at) => [
    at,
    at.split('.'),
  ]),
);

/** Strings at a path; lists are walked. `*` is each value of a map, or its keys where the path ends. */
function valuesAt(call: Call, path: string): string[] {
  const parts = PATHS.get(path)!;
  const out: string[] = [];
  walk(parts[0] === 'r' ? call.output : call.input, parts, 1, out);
  return out;
}

function walk(value: unknown, parts: readonly string[], depth: number, out: string[]): void {
  if (Array.isArray(value)) {
    for (const item of value) if (!Array.isArray(item)) walk(item, parts, depth, out);
  } else if (depth === parts.length) {
    if (typeof value === 'string') out.push(value);
  } else if (isObject(value)) {
    const part = parts[depth]!;
    if (part !== '*') {
      if (Object.hasOwn(value, part)) walk(value[part], parts, depth + 1, out);
    } else if (depth === parts.length - 1) for (const key of Object.keys(value)) out.push(key);
    else for (const inner of Object.values(value)) walk(inner, parts, depth + 1, out);
  }
}
