import type { Expected, Scenario } from './harness.ts';
import { failed, lowered, read, write } from './shapes.ts';

const source = 'dynamodb';
const ARN = 'arn:aws:dynamodb:us-east-1:123456789012:table/Music';
const ofTable = (expected: Expected): Expected => ({
  ...expected,
  apiVersion: '2012-08-10',
  resources: [{ accountId: '123456789012', type: 'AWS::DynamoDB::Table', ARN }],
});
const data = (expected: Expected): Expected => ({ ...ofTable(expected), data: true });
const KEY = { Artist: { S: 'No One You Know' }, SongTitle: { S: 'Call Me Today' } };
const key = { Artist: 'No One You Know', SongTitle: 'Call Me Today' };

/** Keys with their values, items by the names of their attributes (DynamoDB's guide). */
export const dynamodb: Scenario = async (t) => {
  await t.call(
    source,
    'CreateTable',
    {
      TableName: 'Music',
      AttributeDefinitions: [
        { AttributeName: 'Artist', AttributeType: 'S' },
        { AttributeName: 'SongTitle', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'Artist', KeyType: 'HASH' },
        { AttributeName: 'SongTitle', KeyType: 'RANGE' },
      ],
      ProvisionedThroughput: { ReadCapacityUnits: 10, WriteCapacityUnits: 10 },
    },
    (r) =>
      ofTable(
        write(
          source,
          {
            tableName: 'Music',
            attributeDefinitions: [
              { attributeName: 'Artist', attributeType: 'S' },
              { attributeName: 'SongTitle', attributeType: 'S' },
            ],
            keySchema: [
              { attributeName: 'Artist', keyType: 'HASH' },
              { attributeName: 'SongTitle', keyType: 'RANGE' },
            ],
            provisionedThroughput: { readCapacityUnits: 10, writeCapacityUnits: 10 },
          },
          lowered(r),
        ),
      ),
  );
  await t.call(source, 'DescribeTable', { TableName: 'Music' }, ofTable(read(source, { tableName: 'Music' })));
  // AWS's example has the key as well: the service knows which attributes are the key, a gateway does not.
  await t.call(
    source,
    'PutItem',
    { TableName: 'Music', Item: { ...KEY, AlbumTitle: { S: 'Somewhat Famous' } }, ReturnConsumedCapacity: 'TOTAL' },
    data(
      write(source, {
        tableName: 'Music',
        item: ['Artist', 'SongTitle', 'AlbumTitle'],
        returnConsumedCapacity: 'TOTAL',
      }),
    ),
  );
  await t.call(
    source,
    'UpdateItem',
    {
      TableName: 'Music',
      Key: KEY,
      UpdateExpression: 'SET #Y = :y',
      ConditionExpression: 'attribute_not_exists(#Y)',
      ExpressionAttributeNames: { '#Y': 'Year' },
      ExpressionAttributeValues: { ':y': { N: '1999' } },
    },
    data(
      write(source, {
        tableName: 'Music',
        key,
        updateExpression: 'SET #Y = :y',
        conditionExpression: 'attribute_not_exists(#Y)',
        expressionAttributeNames: { '#Y': 'Year' },
      }),
    ),
  );
  await t.call(source, 'GetItem', { TableName: 'Music', Key: KEY }, data(read(source, { tableName: 'Music', key })));
  await t.call(
    source,
    'Query',
    {
      TableName: 'Music',
      KeyConditionExpression: 'Artist = :a',
      ExpressionAttributeValues: { ':a': { S: 'No One You Know' } },
      ConsistentRead: true,
    },
    data(read(source, { tableName: 'Music', keyConditionExpression: 'Artist = :a', consistentRead: true })),
  );
  await t.call(
    source,
    'TransactWriteItems',
    { TransactItems: [{ Delete: { TableName: 'Music', Key: KEY } }], ClientRequestToken: 'once' },
    data(
      write(source, {
        requestItems: [{ operation: 'Delete', tableName: 'Music', key }],
        clientRequestToken: 'once',
      }),
    ),
  );
  await t.call(
    source,
    'TagResource',
    { ResourceArn: ARN, Tags: [{ Key: 'Team', Value: 'mail' }] },
    { ...write(source, { resourceArn: ARN, tags: [{ key: 'Team', value: 'mail' }] }), apiVersion: '2012-08-10' },
  );
  await t.call(
    source,
    'GetItem',
    { TableName: 'Missing', Key: KEY },
    {
      ...failed(read(source, { tableName: 'Missing', key }), 'ResourceNotFoundException'),
      apiVersion: '2012-08-10',
      data: true,
    },
  );
  await t.cli('ListTables', ['dynamodb', 'list-tables'], { ...read(source), apiVersion: '2012-08-10' });
  await t.call(source, 'DeleteTable', { TableName: 'Music' }, (r) =>
    ofTable(write(source, { tableName: 'Music' }, lowered(r))),
  );
};
