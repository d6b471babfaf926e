import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schemaFromClient } from '../../../../scripts/schema-from-client.mjs';
import type { Call } from './call.ts';
import { eventSourceOf } from './conventions/sources.ts';
import { eventFromRecord, ownerRecordFromCall, recordFromCall } from './record-from-call.ts';

/** How single services write their calls; what real records show is compared in real-records.test.ts. */
const clientOf = (id: string) => schemaFromClient(`@aws-sdk/client-${id}`, { id, fractional: 'all' });
const SCHEMAS = Object.fromEntries(['dynamodb', 'ec2', 'iam', 'lambda', 'sqs'].map((id) => [id, clientOf(id)]));

function call(
  id: string,
  operation: string,
  input: object = {},
  output: object = {},
  changes: Partial<Call> = {},
): Call {
  return {
    schema: SCHEMAS[id]!,
    operation,
    timeMs: 0,
    region: 'eu-west-1',
    userIdentity: { type: 'IAMUser', principalId: 'AIDA1', accountId: '111111111111' },
    accountId: '111111111111',
    sourceIp: '192.0.2.1',
    userAgent: 'ua',
    requestId: 'R1',
    eventId: '6f0d3a3e-1f0a-4c40-8f3b-4b7c0a4b1c55',
    input: input as Record<string, unknown>,
    output: output as Record<string, unknown>,
    http: {
      ...{ host: 'h', method: 'POST', query: [], headers: {}, responseHeaders: {}, bytesIn: 0, bytesOut: 0 },
      authentication: 'AuthHeader',
    },
    notes: {},
    ...changes,
  };
}
const record = (...args: Parameters<typeof call>) => recordFromCall(call(...args));
const asked = (...args: Parameters<typeof call>) => record(...args).requestParameters;
const answered = (...args: Parameters<typeof call>) => record(...args).responseElements;
const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

describe('EC2', () => {
  it('writes RunInstances in the shape of its message', () => {
    const input = {
      ImageId: 'ami-1',
      MinCount: 1,
      MaxCount: 2,
      KeyName: 'k',
      SecurityGroupIds: ['sg-1'],
      SecurityGroups: ['default'],
      Placement: { AvailabilityZone: 'eu-west-1a', Tenancy: 'default' },
      BlockDeviceMappings: [
        { DeviceName: '/dev/sdc', NoDevice: '' },
        { DeviceName: '/dev/sda', Ebs: { VolumeSize: 8 } },
      ],
      NetworkInterfaces: [{ DeviceIndex: 0, Groups: ['sg-2'], PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.1' }] }],
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'n' }] }],
      UserData: 'SECRET',
      DryRun: true,
    };
    expect(asked('ec2', 'RunInstances', input)).toEqual({
      instancesSet: { items: [{ imageId: 'ami-1', minCount: 1, maxCount: 2, keyName: 'k' }] },
      groupSet: { items: [{ groupId: 'sg-1' }, { groupName: 'default' }] },
      availabilityZone: 'eu-west-1a',
      tenancy: 'default',
      blockDeviceMapping: {
        items: [
          { deviceName: '/dev/sdc', noDevice: {} },
          { deviceName: '/dev/sda', ebs: { volumeSize: 8 } },
        ],
      },
      networkInterfaceSet: {
        items: [
          {
            deviceIndex: 0,
            groupSet: { items: [{ groupId: 'sg-2' }] },
            privateIpAddressesSet: { items: [{ privateIpAddress: '10.0.0.1' }] },
          },
        ],
      },
      tagSpecificationSet: { items: [{ resourceType: 'instance', tags: [{ key: 'Name', value: 'n' }] }] },
      userData: '<sensitiveDataRemoved>',
      monitoring: { enabled: false },
      disableApiTermination: false,
      disableApiStop: false,
    });
  });

  it('writes sets, also empty ones, and the two ways to share an image', () => {
    expect(asked('ec2', 'DescribeInstances')).toEqual({ instancesSet: {}, filterSet: {} });
    expect(asked('ec2', 'DescribeSnapshots', { OwnerIds: ['self'], RestorableByUserIds: ['all'] })).toEqual({
      snapshotSet: {},
      ownersSet: { items: [{ owner: 'self' }] },
      sharedUsersSet: { items: [{ user: 'all' }] },
      filterSet: {},
    });
    expect(asked('ec2', 'CreateTags', { Resources: ['i-1'], Tags: [{ Key: 'k', Value: 'v' }] })).toEqual({
      resourcesSet: { items: [{ resourceId: 'i-1' }] },
      tagSet: { items: [{ key: 'k', value: 'v' }] },
    });
    const shared = {
      imageId: 'ami-1',
      launchPermission: { add: { items: [{ userId: '2' }] } },
      attributeType: 'launchPermission',
    };
    const older = { ImageId: 'ami-1', Attribute: 'launchPermission', OperationType: 'add', UserIds: ['2'] };
    const newer = { ImageId: 'ami-1', LaunchPermission: { Add: [{ UserId: '2' }] } };
    expect(asked('ec2', 'ModifyImageAttribute', older)).toEqual(shared);
    expect(asked('ec2', 'ModifyImageAttribute', newer)).toEqual(shared);
  });

  it('writes the newer operations as XML bodies, without secrets', () => {
    const data = { ImageId: 'ami-1', UserData: 'SECRET', SecurityGroupIds: ['sg-1', 'sg-2'] };
    const input = { LaunchTemplateName: '7', LaunchTemplateData: data };
    const made = record('ec2', 'CreateLaunchTemplate', input, {
      LaunchTemplate: { LaunchTemplateId: 'lt-1', Tags: [] },
    });
    expect(JSON.stringify(made)).not.toContain('SECRET');
    expect(made.requestParameters).toMatchObject({ CreateLaunchTemplateRequest: { LaunchTemplateName: 7 } });
    expect(made.responseElements).toEqual({
      CreateLaunchTemplateResponse: {
        xmlns: 'http://ec2.amazonaws.com/doc/2016-11-15/',
        requestId: 'R1',
        launchTemplate: { launchTemplateId: 'lt-1', tagSet: '' },
      },
    });
    expect(asked('ec2', 'DescribeVpcEndpoints')).toEqual({ DescribeVpcEndpointsRequest: '' });
  });

  it('answers with its request id, and with true where there is nothing else', () => {
    expect(answered('ec2', 'AttachInternetGateway')).toEqual({ requestId: 'R1', _return: true });
    expect(answered('ec2', 'DeleteKeyPair', {}, { Return: true, KeyPairId: 'key-1' })).toEqual({
      requestId: 'R1',
      keyPairId: 'key-1',
      _return: true,
    });
    expect(answered('ec2', 'CreateSecurityGroup', {}, { GroupId: 'sg-1', Tags: [] })).toEqual({
      requestId: 'R1',
      groupId: 'sg-1',
      tagSet: {},
      _return: true,
    });
  });

  it('takes any input for what it is', () => {
    const members = (operation: string) => {
      const shape = SCHEMAS.ec2!.shapes[SCHEMAS.ec2!.operations[operation]!.input!];
      return shape && 'members' in shape ? Object.keys(shape.members) : [];
    };
    const operations = fc.constantFrom('RunInstances', 'CreateFlowLogs', 'ModifyImageAttribute', 'CreateVolume');
    const calls = operations.chain((operation) =>
      fc.tuple(fc.constant(operation), fc.dictionary(fc.constantFrom(...members(operation)), fc.anything())),
    );
    fc.assert(
      fc.property(calls, ([operation, input]) => {
        expect(eventFromRecord(record('ec2', operation, input)).header.eventName).toBe(operation);
      }),
    );
  });
});

describe('DynamoDB', () => {
  const ARN = 'arn:aws:dynamodb:eu-west-1:222222222222:table/Music';
  const KEY = { Artist: { S: 'x' }, Year: { N: '7' } };

  it('shows keys, the names of attributes, and no other values', () => {
    const put = record(
      'dynamodb',
      'PutItem',
      { TableName: 'Music', Item: { ...KEY, Notes: { S: 'SECRET' } } },
      { Attributes: {} },
    );
    expect(put).toMatchObject({
      managementEvent: false,
      apiVersion: '2012-08-10',
      requestParameters: { tableName: 'Music', item: ['Artist', 'Year', 'Notes'] },
      responseElements: null,
      resources: [{ type: 'AWS::DynamoDB::Table', ARN: ARN.replace('222222222222', '111111111111') }],
    });
    expect(asked('dynamodb', 'GetItem', { TableName: 'Music', Key: KEY })).toEqual({
      tableName: 'Music',
      key: { Artist: 'x', Year: '7' },
    });
    const values = { ':v': { S: 'SECRET' } };
    const update = { TableName: 'Music', Key: KEY, UpdateExpression: 'SET a = :v', ExpressionAttributeValues: values };
    expect(asked('dynamodb', 'UpdateItem', update)).toEqual({
      tableName: 'Music',
      key: { Artist: 'x', Year: '7' },
      updateExpression: 'SET a = :v',
    });
    const statement = "SELECT * FROM Music WHERE Artist = 'SECRET''S'";
    expect(asked('dynamodb', 'ExecuteStatement', { Statement: statement })).toEqual({
      statement: "SELECT * FROM Music WHERE Artist = '***(Redacted)'",
    });
  });

  it('lists the parts of batches and transactions', () => {
    const put = { Put: { TableName: 'Music', Item: KEY } };
    expect(
      asked('dynamodb', 'TransactWriteItems', { TransactItems: [put, { Delete: { TableName: 'T', Key: KEY } }] }),
    ).toEqual({
      requestItems: [
        { operation: 'Put', tableName: 'Music', items: ['Artist', 'Year'] },
        { operation: 'Delete', tableName: 'T', key: { Artist: 'x', Year: '7' } },
      ],
    });
    const batch = { RequestItems: { Music: [{ PutRequest: { Item: KEY } }, { DeleteRequest: { Key: KEY } }] } };
    expect(asked('dynamodb', 'BatchWriteItem', batch)).toEqual({
      requestItems: [
        { tableName: 'Music', operation: 'Put', items: ['Artist', 'Year'] },
        { tableName: 'Music', operation: 'Delete', key: { Artist: 'x', Year: '7' } },
      ],
    });
    expect(asked('dynamodb', 'BatchGetItem', { RequestItems: { Music: { Keys: [KEY] } } })).toEqual({
      requestItems: [{ tableName: 'Music', key: { Artist: 'x', Year: '7' } }],
    });
  });

  it('gives the owner of a table a record too, unless the call failed', () => {
    const foreign = call('dynamodb', 'GetItem', { TableName: ARN, Key: KEY });
    const made = recordFromCall(foreign);
    expect(made.sharedEventID).toBeDefined();
    expect(ownerRecordFromCall(foreign, made)).toMatchObject({
      recipientAccountId: '222222222222',
      sharedEventID: made.sharedEventID,
      userIdentity: { type: 'AWSAccount', accountId: '111111111111' },
    });
    const refused = { ...foreign, error: { code: 'AccessDeniedException', message: 'no' } };
    expect(ownerRecordFromCall(refused, recordFromCall(refused))).toBeUndefined();
    expect(recordFromCall(refused)).toMatchObject({ errorCode: 'AccessDenied', requestParameters: null });
  });
});

describe('other services', () => {
  it('Lambda: dated names, no code, no environment', () => {
    const input = {
      FunctionName: 'f',
      Environment: { Variables: { A: 'SECRET' } },
      Code: { ZipFile: Buffer.from('SECRET') },
    };
    expect(
      record('lambda', 'CreateFunction', input, { FunctionName: 'f', Environment: { Variables: { A: 'SECRET' } } }),
    ).toMatchObject({
      eventName: 'CreateFunction20150331',
      requestParameters: { functionName: 'f', environment: {}, code: {} },
      responseElements: { functionName: 'f', environment: {} },
    });
    expect(record('lambda', 'Invoke', { FunctionName: 'f', Payload: Buffer.from('SECRET') })).toMatchObject({
      eventName: 'Invoke',
      managementEvent: false,
      requestParameters: { functionName: 'f' },
      resources: [
        {
          accountId: '111111111111',
          type: 'AWS::Lambda::Function',
          ARN: 'arn:aws:lambda:eu-west-1:111111111111:function:f',
        },
      ],
    });
  });

  it('IAM: policies encoded in answers alone, one-time codes never', () => {
    const policy = '{"Version":"2012-10-17","Statement":[{"Action":"*"}]}';
    const role = { RoleName: 'r', AssumeRolePolicyDocument: policy };
    const made = record('iam', 'CreateRole', role, { Role: { ...role, CreateDate: new Date('2023-07-10T11:54:39Z') } });
    expect(made.awsRegion).toBe('us-east-1');
    expect(made.requestParameters).toEqual({ roleName: 'r', assumeRolePolicyDocument: policy });
    expect(made.responseElements).toEqual({
      role: {
        roleName: 'r',
        assumeRolePolicyDocument:
          '%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Action%22%3A%22%2A%22%7D%5D%7D',
        createDate: 'Jul 10, 2023 11:54:39 AM',
      },
    });
    const codes = { UserName: 'u', SerialNumber: 's', AuthenticationCode1: '123456', AuthenticationCode2: '654321' };
    expect(asked('iam', 'EnableMFADevice', codes)).toEqual({ userName: 'u', serialNumber: 's' });
  });

  it('SQS: messages hidden, the queue as a resource', () => {
    const QueueUrl = 'https://sqs.eu-west-1.amazonaws.com/111111111111/q';
    expect(
      record('sqs', 'SendMessage', { QueueUrl, MessageBody: 'SECRET' }, { MD5OfMessageBody: 'm', MessageId: 'i' }),
    ).toMatchObject({
      managementEvent: false,
      requestParameters: { queueUrl: QueueUrl, messageBody: HIDDEN },
      responseElements: { mD5OfMessageBody: 'm', messageId: 'i' },
      resources: [{ type: 'AWS::SQS::Queue', ARN: 'arn:aws:sqs:eu-west-1:111111111111:q' }],
    });
    const got = { Messages: [{ Body: 'SECRET', ReceiptHandle: 'h' }] };
    expect(record('sqs', 'ReceiveMessage', { QueueUrl }, got)).toMatchObject({
      readOnly: true,
      responseElements: null,
    });
  });

  it.each([
    ['http://127.0.0.1:5000/111111111111/q', 'arn:aws:sqs:eu-west-1:111111111111:q'], // the call's Region
    ['http://localhost:4566/queue/us-east-2/111111111111/q', 'arn:aws:sqs:us-east-2:111111111111:q'],
    ['http://sqs.us-east-2.localhost.localstack.cloud:4566/111111111111/q', 'arn:aws:sqs:us-east-2:111111111111:q'],
    ['https://sqs.cn-north-1.amazonaws.com.cn/111111111111/q', 'arn:aws-cn:sqs:cn-north-1:111111111111:q'],
  ])('SQS: the queue behind %s', (QueueUrl, ARN) => {
    expect(record('sqs', 'DeleteMessage', { QueueUrl }).resources).toEqual([
      { accountId: '111111111111', type: 'AWS::SQS::Queue', ARN },
    ]);
  });

  it('sources are host prefixes, but for those with dots and those of the table', () => {
    const source = (id: string, endpointPrefix: string, signingName = id) =>
      eventSourceOf({ ...SCHEMAS.sqs!, id, endpointPrefix, signingName });
    expect(source('ecr', 'api.ecr')).toBe('ecr.amazonaws.com');
    expect(source('efs', 'elasticfilesystem')).toBe('elasticfilesystem.amazonaws.com');
    expect(source('sesv2', 'email', 'ses')).toBe('ses.amazonaws.com');
    expect(source('route-53', 'route53')).toBe('route53.amazonaws.com');
  });
});
