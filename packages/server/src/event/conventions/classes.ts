import type { OperationSchema, ServiceSchema } from '../../schema/types.ts';

/** Read or write, management or data: set per API, not by verb, so the verbs have exceptions. */

const READ_VERBS =
  /^(Get|List|Describe|Head|Lookup|Search|Select|BatchGet|Query|Scan|Tail|Check|Verify|Decode)(?![a-z])/;

/** Spec: record-conventions §7. Services that look on but whose verb says write, and the other way round. */
const READ_ONLY: Readonly<Record<string, Readonly<Record<string, boolean>>>> = {
  sts: {
    AssumeRole: true,
    AssumeRoleWithSAML: true,
    AssumeRoleWithWebIdentity: true,
    AssumeRoot: true,
    GetFederationToken: false,
    GetSessionToken: false,
  },
  kms: {
    Encrypt: true,
    Decrypt: true,
    GenerateDataKey: true,
    GenerateDataKeyWithoutPlaintext: true,
    GenerateDataKeyPair: true,
    GenerateDataKeyPairWithoutPlaintext: true,
    GenerateMac: true,
    GenerateRandom: true,
    ReEncrypt: true,
    Sign: true,
  },
  'bedrock-runtime': { InvokeModel: true, InvokeModelWithResponseStream: true, Converse: true, ConverseStream: true },
};

export const isReadOnly = (schemaId: string, operation: string): boolean =>
  READ_ONLY[schemaId]?.[operation] ?? READ_VERBS.test(operation);

/** Reads whose answer is recorded all the same (spec: record-conventions §8). */
const READS_WITH_RESPONSE: Readonly<Record<string, ReadonlySet<string>>> = {
  sts: new Set(['AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot', 'GetCallerIdentity']),
};

export const recordsResponse = (schemaId: string, operation: string): boolean =>
  !isReadOnly(schemaId, operation) || READS_WITH_RESPONSE[schemaId]?.has(operation) === true;

/** Data events by operation; `true` is a whole service. S3 needs more than a list: see `isDataEvent`. */
const DATA: Readonly<Record<string, true | ReadonlySet<string>>> = {
  'cloudtrail-data': true,
  opentrail: new Set(['PutRecords', 'TailRecords']),
  s3: new Set([
    'DeleteObjects',
    'HeadBucket',
    'ListMultipartUploads',
    'ListObjects',
    'ListObjectsV2',
    'ListObjectVersions',
  ]),
  lambda: new Set(['Invoke', 'InvokeAsync', 'InvokeWithResponseStream']),
  dynamodb: new Set([
    ...[
      'BatchExecuteStatement',
      'BatchGetItem',
      'BatchWriteItem',
      'DeleteItem',
      'ExecuteStatement',
      'ExecuteTransaction',
    ],
    ...['GetItem', 'PutItem', 'Query', 'Scan', 'TransactGetItems', 'TransactWriteItems', 'UpdateItem'],
  ]),
  sns: new Set(['Publish', 'PublishBatch']),
  sqs: new Set([
    ...['ChangeMessageVisibility', 'ChangeMessageVisibilityBatch', 'DeleteMessage', 'DeleteMessageBatch'],
    ...['ReceiveMessage', 'SendMessage', 'SendMessageBatch'],
  ]),
  ebs: true,
};

export function isDataEvent(schema: ServiceSchema, operation: string): boolean {
  const listed = DATA[schema.id];
  if (listed === true || listed?.has(operation)) return true;
  return schema.id === 's3' && isObjectOperation(schema, schema.operations[operation]);
}

/** An S3 operation on one object has its key in the path. */
export function isObjectOperation(schema: ServiceSchema, operation: OperationSchema | undefined): boolean {
  const input = operation?.input === undefined ? undefined : schema.shapes[operation.input];
  return input !== undefined && 'members' in input && input.members.Key?.location === 'uri';
}
