import type { Expected, Scenario } from './harness.ts';
import { failed, lowered, read, write } from './shapes.ts';

const data = (expected: Expected, type: string, ARN: string): Expected => ({
  ...expected,
  data: true,
  resources: [{ accountId: '123456789012', type, ARN }],
});

export const kinesis: Scenario = async (t) => {
  const source = 'kinesis';
  const onStream = (expected: Expected) =>
    data(expected, 'AWS::Kinesis::Stream', 'arn:aws:kinesis:us-east-1:123456789012:stream/clicks');
  const streamName = 'clicks';
  await t.call(
    source,
    'CreateStream',
    { StreamName: streamName, ShardCount: 1 },
    write(source, { streamName, shardCount: 1 }),
  );
  await t.call(
    source,
    'AddTagsToStream',
    { StreamName: streamName, Tags: { Team: 'mail' } },
    write(source, { streamName, tags: { Team: 'mail' } }),
  );
  await t.call(source, 'PutRecord', { StreamName: streamName, Data: 'the secret plan', PartitionKey: 'a' }, (r) =>
    onStream(
      write(source, { streamName, partitionKey: 'a' }, { shardId: r.ShardId, sequenceNumber: r.SequenceNumber }),
    ),
  );
  await t.call(source, 'ListShards', { StreamName: streamName }, onStream(read(source, { streamName })));
  await t.cli('ListStreams', ['kinesis', 'list-streams', '--limit', '10'], read(source, { limit: 10 }));
  await t.call(
    source,
    'ListTagsForStream',
    { StreamName: 'nobody' },
    failed(read(source, { streamName: 'nobody' }), 'ResourceNotFoundException'),
  );
  await t.call(source, 'DeleteStream', { StreamName: streamName }, write(source, { streamName }));
};

export const firehose: Scenario = async (t) => {
  const source = 'firehose';
  const destination = { RoleARN: 'arn:aws:iam::123456789012:role/hose', BucketARN: 'arn:aws:s3:::mail' };
  const shown = { roleARN: destination.RoleARN, bucketARN: destination.BucketARN };
  await t.call(
    source,
    'CreateDeliveryStream',
    { DeliveryStreamName: 'hose', DeliveryStreamType: 'DirectPut', S3DestinationConfiguration: destination },
    (r) =>
      write(
        source,
        { deliveryStreamName: 'hose', deliveryStreamType: 'DirectPut', s3DestinationConfiguration: shown },
        { deliveryStreamARN: r.DeliveryStreamARN },
      ),
  );
  await t.cli('ListDeliveryStreams', ['firehose', 'list-delivery-streams', '--limit', '5'], read(source, { limit: 5 }));
  await t.call(
    source,
    'DescribeDeliveryStream',
    { DeliveryStreamName: 'nobody' },
    failed(read(source, { deliveryStreamName: 'nobody' }), 'ResourceNotFoundException'),
  );
  await t.call(
    source,
    'DeleteDeliveryStream',
    { DeliveryStreamName: 'hose' },
    write(source, { deliveryStreamName: 'hose' }),
  );
};

export const kafka: Scenario = async (t) => {
  const source = 'kafka';
  const nodes = { InstanceType: 'kafka.m5.large', ClientSubnets: ['subnet-1', 'subnet-2'] };
  const { ClusterArn } = await t.call(
    source,
    'CreateCluster',
    { ClusterName: 'bus', KafkaVersion: '2.8.1', NumberOfBrokerNodes: 2, BrokerNodeGroupInfo: nodes },
    (r) =>
      write(
        source,
        {
          clusterName: 'bus',
          kafkaVersion: '2.8.1',
          numberOfBrokerNodes: 2,
          brokerNodeGroupInfo: { instanceType: 'kafka.m5.large', clientSubnets: ['subnet-1', 'subnet-2'] },
        },
        lowered(r),
      ),
  );
  await t.call('kafka', 'ListClusters', {}, read(source));
  await t.call(source, 'DescribeCluster', { ClusterArn }, read(source, { clusterArn: ClusterArn }));
  await t.call(source, 'DeleteCluster', { ClusterArn }, (r) => write(source, { clusterArn: ClusterArn }, lowered(r)));
};

export const glue: Scenario = async (t) => {
  const source = 'glue';
  await t.call(
    source,
    'CreateDatabase',
    { DatabaseInput: { Name: 'lake', Description: 'of logs' } },
    write(source, { databaseInput: { name: 'lake', description: 'of logs' } }),
  );
  await t.call(
    source,
    'CreateCrawler',
    {
      Name: 'walker',
      Role: 'arn:aws:iam::123456789012:role/glue',
      DatabaseName: 'lake',
      Targets: { S3Targets: [{ Path: 's3://mail/' }] },
    },
    write(source, {
      name: 'walker',
      role: 'arn:aws:iam::123456789012:role/glue',
      databaseName: 'lake',
      targets: { s3Targets: [{ path: 's3://mail/' }] },
    }),
  );
  await t.call(source, 'CreateJob', { Name: 'sum', Role: 'glue', Command: { Name: 'glueetl' } }, (r) =>
    write(source, { name: 'sum', role: 'glue', command: { name: 'glueetl' } }, lowered(r)),
  );
  await t.call('glue', 'GetDatabases', {}, read(source));
  await t.call(
    source,
    'GetTable',
    { DatabaseName: 'lake', Name: 'nobody' },
    failed(read(source, { databaseName: 'lake', name: 'nobody' }), 'EntityNotFoundException'),
  );
  await t.call(source, 'DeleteDatabase', { Name: 'lake' }, write(source, { name: 'lake' }));
};

export const athena: Scenario = async (t) => {
  const source = 'athena';
  await t.call(
    source,
    'CreateWorkGroup',
    { Name: 'team', Configuration: { ResultConfiguration: { OutputLocation: 's3://mail/' } } },
    write(source, { name: 'team', configuration: { resultConfiguration: { outputLocation: 's3://mail/' } } }),
  );
  await t.call(
    source,
    'StartQueryExecution',
    { QueryString: "SELECT * FROM people WHERE name = 'Ann'", WorkGroup: 'team', ClientRequestToken: 'once'.repeat(8) },
    (r) =>
      write(
        source,
        {
          queryString: "SELECT * FROM people WHERE name = 'Ann'",
          workGroup: 'team',
          clientRequestToken: 'once'.repeat(8),
        },
        { queryExecutionId: r.QueryExecutionId },
      ),
  );
  await t.call('athena', 'ListWorkGroups', {}, read(source));
  await t.call(
    source,
    'CreateWorkGroup',
    { Name: 'team' },
    failed(write(source, { name: 'team' }), 'InvalidRequestException'),
  );
  await t.call(source, 'DeleteWorkGroup', { WorkGroup: 'team' }, write(source, { workGroup: 'team' }));
};

export const sagemaker: Scenario = async (t) => {
  const source = 'sagemaker';
  const role = 'arn:aws:iam::123456789012:role/sage';
  await t.call(
    source,
    'CreateModel',
    { ModelName: 'spam', ExecutionRoleArn: role, PrimaryContainer: { Image: 'spam:1' } },
    (r) =>
      write(
        source,
        { modelName: 'spam', executionRoleArn: role, primaryContainer: { image: 'spam:1' } },
        { modelArn: r.ModelArn },
      ),
  );
  await t.cli('ListModels', ['sagemaker', 'list-models', '--name-contains', 's'], read(source, { nameContains: 's' }));
  await t.call(
    source,
    'DescribeModel',
    { ModelName: 'nobody' },
    failed(read(source, { modelName: 'nobody' }), 'ValidationException'),
  );
  await t.call(source, 'DeleteModel', { ModelName: 'spam' }, write(source, { modelName: 'spam' }));
};
