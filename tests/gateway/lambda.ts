import { expect } from 'vitest';
import type { Expected, Scenario } from './harness.ts';
import { failed, lowered, read, write } from './shapes.ts';

const ARN = 'arn:aws:lambda:us-east-1:123456789012:function:sorter';
/** The smallest zip file: an empty one. */
const ZIP = { $bytes: 'UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==' };
const named = (expected: Expected, name: string): Expected => ({ ...expected, name });

export const lambda: Scenario = async (t) => {
  const { Role } = await t.call(
    'iam',
    'CreateRole',
    { RoleName: 'sorter', AssumeRolePolicyDocument: '{"Version":"2012-10-17"}' },
    {
      ...write('iam', { roleName: 'sorter', assumeRolePolicyDocument: '{"Version":"2012-10-17"}' }),
      response: { role: expect.objectContaining({ roleName: 'sorter' }) },
    },
  );
  const source = 'lambda';
  // Code is content and variables may be secrets: neither is shown, only that they were there.
  await t.call(
    source,
    'CreateFunction',
    {
      FunctionName: 'sorter',
      Runtime: 'python3.12',
      Role: Role.Arn,
      Handler: 'main.handler',
      Code: { ZipFile: ZIP },
      Timeout: 5,
      Publish: true,
      Environment: { Variables: { PASSWORD: 'hush' } },
      Tags: { Team: 'mail' },
    },
    (r) =>
      named(
        write(
          source,
          {
            functionName: 'sorter',
            runtime: 'python3.12',
            role: Role.Arn,
            handler: 'main.handler',
            code: {},
            timeout: 5,
            publish: true,
            environment: {},
            tags: { Team: 'mail' },
          },
          { ...lowered(r), environment: {} },
        ),
        'CreateFunction20150331',
      ),
  );
  await t.call(
    source,
    'UpdateFunctionConfiguration',
    { FunctionName: 'sorter', MemorySize: 256, Environment: { Variables: { PASSWORD: 'hush' } } },
    (r) =>
      named(
        write(source, { functionName: 'sorter', memorySize: 256, environment: {} }, { ...lowered(r), environment: {} }),
        'UpdateFunctionConfiguration20150331v2',
      ),
  );
  await t.call(source, 'UpdateFunctionCode', { FunctionName: 'sorter', ZipFile: ZIP, Publish: false }, (r) =>
    named(
      write(source, { functionName: 'sorter', publish: false }, { ...lowered(r), environment: {} }),
      'UpdateFunctionCode20150331v2',
    ),
  );
  await t.call(
    source,
    'AddPermission',
    { FunctionName: 'sorter', StatementId: 'anybody', Action: 'lambda:InvokeFunction', Principal: '*' },
    (r) =>
      named(
        write(
          source,
          { functionName: 'sorter', statementId: 'anybody', action: 'lambda:InvokeFunction', principal: '*' },
          { statement: r.Statement },
        ),
        'AddPermission20150331v2',
      ),
  );
  await t.call(
    source,
    'GetPolicy',
    { FunctionName: 'sorter' },
    named(read(source, { functionName: 'sorter' }), 'GetPolicy20150331v2'),
  );
  await t.call(
    source,
    'RemovePermission',
    { FunctionName: 'sorter', StatementId: 'anybody' },
    named(write(source, { functionName: 'sorter', statementId: 'anybody' }), 'RemovePermission20150331v2'),
  );
  await t.call(source, 'PublishVersion', { FunctionName: 'sorter', Description: 'second' }, (r) =>
    named(
      write(source, { functionName: 'sorter', description: 'second' }, { ...lowered(r), environment: {} }),
      'PublishVersion20150331',
    ),
  );
  await t.call(source, 'CreateAlias', { FunctionName: 'sorter', Name: 'live', FunctionVersion: '1' }, (r) =>
    named(
      write(source, { functionName: 'sorter', name: 'live', functionVersion: '1' }, lowered(r)),
      'CreateAlias20150331',
    ),
  );
  await t.call(
    source,
    'TagResource',
    { Resource: ARN, Tags: { Owner: 'Ann' } },
    named(write(source, { resource: ARN, tags: { Owner: 'Ann' } }), 'TagResource20170331v2'),
  );
  await t.call(source, 'CreateFunctionUrlConfig', { FunctionName: 'sorter', AuthType: 'NONE' }, (r) =>
    write(source, { functionName: 'sorter', authType: 'NONE' }, lowered(r)),
  );
  await t.call(
    source,
    'Invoke',
    { FunctionName: 'sorter', InvocationType: 'RequestResponse', Payload: '{"password":"hush"}' },
    {
      ...write(source, { functionName: 'sorter', invocationType: 'RequestResponse' }),
      data: true,
      resources: [{ accountId: '123456789012', type: 'AWS::Lambda::Function', ARN }],
    },
  );
  await t.call(
    source,
    'GetFunction',
    { FunctionName: 'sorter' },
    named(read(source, { functionName: 'sorter' }), 'GetFunction20150331v2'),
  );
  await t.cli('ListFunctions', ['lambda', 'list-functions'], named(read(source), 'ListFunctions20150331'));
  await t.call(
    source,
    'GetFunction',
    { FunctionName: 'nobody' },
    named(failed(read(source, { functionName: 'nobody' }), 'ResourceNotFoundException'), 'GetFunction20150331v2'),
  );
  await t.call(
    source,
    'DeleteFunction',
    { FunctionName: 'sorter' },
    named(write(source, { functionName: 'sorter' }), 'DeleteFunction20150331'),
  );
};
