import type { OperationSchema, ServiceSchema } from '../../schema/types.ts';

/**
 * Data events by operation; `true` is a whole service. Sources: AWS's list of
 * data event types (spec: selectors §4) with the APIs that the services' own CloudTrail pages name for each. S3 needs
 * more than a list: see `isDataEvent`. What is not here is a management event.
 */
export const DATA: Readonly<Record<string, true | ReadonlySet<string>>> = {
  appconfigdata: true,
  'bedrock-agent-runtime': names(
    'InvokeAgent InvokeFlow InvokeInlineAgent OptimizePrompt Rerank Retrieve RetrieveAndGenerate RetrieveAndGenerateStream',
  ),
  'bedrock-runtime': names('ApplyGuardrail GetAsyncInvoke InvokeModelWithBidirectionalStream StartAsyncInvoke'),
  'cloudfront-keyvaluestore': true,
  'cloudtrail-data': true,
  cloudwatch: names('GetMetricData GetMetricStatistics GetMetricWidgetImage ListMetrics PutMetricData'),
  codeguruprofiler: names('ConfigureAgent PostAgentProfile'),
  'cognito-identity': names(
    'GetCredentialsForIdentity GetId GetOpenIdToken GetOpenIdTokenForDeveloperIdentity UnlinkIdentity',
  ),
  dataexchange: names('SendApiAsset'),
  dynamodb: names(
    'BatchExecuteStatement BatchGetItem BatchWriteItem DeleteItem ExecuteStatement ExecuteTransaction GetItem PutItem Query Scan TransactGetItems TransactWriteItems UpdateItem',
  ),
  'dynamodb-streams': names('GetRecords GetShardIterator'),
  ebs: true,
  eventbridge: names('PutEvents'),
  firehose: names('PutRecord PutRecordBatch'),
  'geo-maps': true,
  'geo-places': true,
  'geo-routes': true,
  'iot-data-plane': true,
  kinesis: names(
    'GetRecords GetShardIterator ListShards PutRecord PutRecords SubscribeToShard DescribeStream DescribeStreamSummary DescribeStreamConsumer',
  ),
  'kinesis-video-media': true,
  lambda: names('Invoke InvokeAsync InvokeWithResponseStream'),
  'managedblockchain-query': true,
  opentrail: names('PutRecords ReadObjects TailRecords'),
  'payment-cryptography-data': true,
  'rds-data': true,
  s3: names('DeleteObjects HeadBucket ListMultipartUploads ListObjects ListObjectsV2 ListObjectVersions'),
  s3vectors: names('DeleteVectors GetVectors ListVectors PutVectors QueryVectors'),
  'sagemaker-featurestore-runtime': true,
  'sagemaker-metrics': true,
  'sagemaker-runtime': true,
  servicediscovery: names('DiscoverInstances DiscoverInstancesRevision GetInstancesHealthStatus'),
  ses: names(
    'SendBounce SendBulkTemplatedEmail SendCustomVerificationEmail SendEmail SendRawEmail SendTemplatedEmail TestRenderTemplate',
  ),
  sesv2: names('SendBulkEmail SendCustomVerificationEmail SendEmail TestRenderEmailTemplate'),
  sfn: names('GetActivityTask SendTaskFailure SendTaskHeartbeat SendTaskSuccess'),
  signer: names('GetRevocationStatus SignPayload'),
  simpledb: true,
  sns: names('Publish PublishBatch'),
  sqs: names(
    'ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch ReceiveMessage SendMessage SendMessageBatch',
  ),
  swf: names(
    'CountPendingActivityTasks CountPendingDecisionTasks GetWorkflowExecutionHistory PollForActivityTask PollForDecisionTask RecordActivityTaskHeartbeat RespondActivityTaskCanceled RespondActivityTaskCompleted RespondActivityTaskFailed RespondDecisionTaskCompleted',
  ),
  'timestream-query': names('Query CancelQuery PrepareQuery'),
  'timestream-write': names('WriteRecords'),
  verifiedpermissions: names('BatchIsAuthorized IsAuthorized IsAuthorizedWithToken'),
  xray: names(
    'BatchGetTraces GetServiceGraph GetTimeSeriesServiceStatistics GetTraceGraph GetTraceSummaries PutTelemetryRecords PutTraceSegments',
  ),
};

function names(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}

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
