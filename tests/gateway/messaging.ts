import type { Expected, Scenario } from './harness.ts';
import { failed, read, write } from './shapes.ts';

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';
const data = (expected: Expected, type: string, ARN: string): Expected => ({
  ...expected,
  data: true,
  resources: [{ accountId: '123456789012', type, ARN }],
});

export const sqs: Scenario = async (t) => {
  const source = 'sqs';
  const onQueue = (expected: Expected) =>
    data(expected, 'AWS::SQS::Queue', 'arn:aws:sqs:us-east-1:123456789012:orders');
  const { QueueUrl } = await t.call(
    source,
    'CreateQueue',
    { QueueName: 'orders', Attributes: { DelaySeconds: '0' }, tags: { Team: 'mail' } },
    (r) =>
      write(
        source,
        { queueName: 'orders', attributes: { DelaySeconds: '0' }, tags: { Team: 'mail' } },
        { queueUrl: r.QueueUrl },
      ),
  );
  await t.call(
    source,
    'SetQueueAttributes',
    { QueueUrl, Attributes: { VisibilityTimeout: '60' } },
    write(source, { queueUrl: QueueUrl, attributes: { VisibilityTimeout: '60' } }),
  );
  await t.call(
    source,
    'SendMessage',
    {
      QueueUrl,
      MessageBody: 'the secret plan',
      MessageAttributes: { From: { DataType: 'String', StringValue: 'Ann' } },
    },
    (r) =>
      onQueue(
        write(
          source,
          { queueUrl: QueueUrl, messageBody: HIDDEN, messageAttributes: HIDDEN },
          {
            mD5OfMessageBody: r.MD5OfMessageBody,
            mD5OfMessageAttributes: r.MD5OfMessageAttributes,
            messageId: r.MessageId,
          },
        ),
      ),
  );
  await t.call(source, 'SendMessageBatch', { QueueUrl, Entries: [{ Id: '0', MessageBody: 'another secret' }] }, (r) =>
    onQueue(
      write(
        source,
        { queueUrl: QueueUrl, entries: [{ id: '0', messageBody: HIDDEN }] },
        {
          successful: [
            {
              id: '0',
              messageId: r.Successful[0].MessageId,
              mD5OfMessageBody: r.Successful[0].MD5OfMessageBody,
            },
          ],
          failed: [],
        },
      ),
    ),
  );
  const { Messages } = await t.call(
    source,
    'ReceiveMessage',
    { QueueUrl, MaxNumberOfMessages: 1 },
    onQueue(read(source, { queueUrl: QueueUrl, maxNumberOfMessages: 1 })),
  );
  await t.call(
    source,
    'DeleteMessage',
    { QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle },
    onQueue(write(source, { queueUrl: QueueUrl, receiptHandle: Messages[0].ReceiptHandle })),
  );
  await t.call(
    source,
    'GetQueueAttributes',
    { QueueUrl, AttributeNames: ['All'] },
    read(source, { queueUrl: QueueUrl, attributeNames: ['All'] }),
  );
  await t.call(
    source,
    'GetQueueUrl',
    { QueueName: 'nobody' },
    failed(read(source, { queueName: 'nobody' }), 'QueueDoesNotExist'),
  );
  await t.call(source, 'DeleteQueue', { QueueUrl }, write(source, { queueUrl: QueueUrl }));
};

export const sns: Scenario = async (t) => {
  const source = 'sns';
  const ARN = 'arn:aws:sns:us-east-1:123456789012:news';
  await t.call(source, 'CreateTopic', { Name: 'news' }, write(source, { name: 'news' }, { topicArn: ARN }));
  await t.call(source, 'Publish', { TopicArn: ARN, Message: 'the secret plan', Subject: 'secret' }, (r) =>
    data(
      write(source, { topicArn: ARN, message: HIDDEN, subject: HIDDEN }, { messageId: r.MessageId }),
      'AWS::SNS::Topic',
      ARN,
    ),
  );
  await t.call(
    source,
    'PublishBatch',
    { TopicArn: ARN, PublishBatchRequestEntries: [{ Id: '1', Message: 'the secret plan' }] },
    (r) =>
      data(
        write(
          source,
          { topicArn: ARN, publishBatchRequestEntries: [{ id: '1', message: HIDDEN }] },
          { successful: [{ id: '1', messageId: r.Successful[0].MessageId }], failed: [] },
        ),
        'AWS::SNS::Topic',
        ARN,
      ),
  );
  const { SubscriptionArn } = await t.call(
    source,
    'Subscribe',
    { TopicArn: ARN, Protocol: 'email', Endpoint: 'ann@example.com' },
    (r) =>
      write(
        source,
        { topicArn: ARN, protocol: 'email', endpoint: 'ann@example.com' },
        { subscriptionArn: r.SubscriptionArn },
      ),
  );
  await t.call(source, 'Unsubscribe', { SubscriptionArn }, write(source, { subscriptionArn: SubscriptionArn }));
  await t.call('sns', 'ListTopics', {}, read(source));
  await t.call(
    source,
    'GetTopicAttributes',
    { TopicArn: `${ARN}2` },
    failed(read(source, { topicArn: `${ARN}2` }), 'NotFoundException'),
  );
  await t.call(source, 'DeleteTopic', { TopicArn: ARN }, write(source, { topicArn: ARN }));
};

export const events: Scenario = async (t) => {
  const source = 'events';
  const pattern = '{"source":["aws.ec2"]}';
  await t.call(source, 'PutRule', { Name: 'watch', EventPattern: pattern, State: 'ENABLED' }, (r) =>
    write(source, { name: 'watch', eventPattern: pattern, state: 'ENABLED' }, { ruleArn: r.RuleArn }),
  );
  const target = 'arn:aws:sqs:us-east-1:123456789012:orders';
  await t.call(
    source,
    'PutTargets',
    { Rule: 'watch', Targets: [{ Id: '1', Arn: target }] },
    write(source, { rule: 'watch', targets: [{ id: '1', arn: target }] }, { failedEntryCount: 0, failedEntries: [] }),
  );
  await t.call(source, 'DisableRule', { Name: 'watch' }, write(source, { name: 'watch' }));
  await t.call(
    source,
    'RemoveTargets',
    { Rule: 'watch', Ids: ['1'] },
    write(source, { rule: 'watch', ids: ['1'] }, { failedEntryCount: 0, failedEntries: [] }),
  );
  await t.cli('ListRules', ['events', 'list-rules', '--name-prefix', 'w'], read(source, { namePrefix: 'w' }));
  await t.call(
    source,
    'DescribeRule',
    { Name: 'nobody' },
    failed(read(source, { name: 'nobody' }), 'ResourceNotFoundException'),
  );
  await t.call(source, 'DeleteRule', { Name: 'watch' }, write(source, { name: 'watch' }));
};
