import { afterAll, describe, expect, test } from 'vitest';
import { run } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { signedFetch } from './support/sdk.ts';

afterAll(cleanUp);

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const ACCOUNT = '123456789012';
const opentrail = (server: RunningOpenTrail, input: string, ...args: string[]) =>
  run(process.execPath, [COMMAND, ...args, '--data-dir', server.dataDir], server.env, { input });

interface SomeRecord {
  readonly eventID: string;
  readonly [member: string]: unknown;
}

async function recordsIn(server: RunningOpenTrail): Promise<SomeRecord[]> {
  const answer = await signedFetch(server, 'GET', '/opentrail/v1/tail?from=0&follow=false');
  const lines = (await answer.text()).split('\n').filter((line) => line !== '');
  const all = lines.map((line) => JSON.parse(line) as SomeRecord);
  return all.filter((record) => record.eventSource !== 'opentrail.amazonaws.com');
}

const ROLE = `arn:aws:iam::${ACCOUNT}:role/aws-service-role/elasticfilesystem.amazonaws.com/AWSServiceRoleForAmazonElasticFileSystem`;
const FILE_SYSTEM = {
  Type: 'AWS::EFS::FileSystem',
  ARN: `arn:aws:elasticfilesystem:us-east-2:${ACCOUNT}:file-system/fs-01234567`,
};

const NEW_CONNECTION = {
  ServiceEvent: {
    AccountId: ACCOUNT,
    Region: 'us-east-2',
    EventTime: '2026-01-31T18:02:12Z',
    EventSource: 'elasticfilesystem.amazonaws.com',
    EventName: 'NewClientConnection',
    ReadOnly: true,
    UserAgent: 'elasticfilesystem',
    UserIdentity: { type: 'AssumedRole', accountId: ACCOUNT, sessionContext: { ec2RoleDelivery: '2.0' } },
    Resources: [{ AccountId: ACCOUNT, ...FILE_SYSTEM }],
    ServiceEventDetails: { permissions: { ClientMount: true, ClientWrite: false }, sourceIpAddress: '10.7.3.72' },
  },
};

describe('what services report of themselves', () => {
  test('becomes records as CloudTrail writes them, by the CLI', async () => {
    const server = await startOpenTrail();
    const reports = [
      NEW_CONNECTION,
      {
        ServiceCall: {
          AccountId: ACCOUNT,
          EventTime: '2026-01-31T22:50:05Z',
          EventSource: 'ec2.amazonaws.com',
          EventName: 'CreateNetworkInterface',
          Service: 'elasticfilesystem.amazonaws.com',
          Role: { Arn: ROLE, Id: 'AROAEXAMPLE', SessionName: 'efs', SessionCreationTime: '2026-01-31T22:50:00Z' },
          RequestParameters: { subnetId: 'subnet-71e2f83a', groupSet: {} },
          ResponseElements: { networkInterface: { networkInterfaceId: 'eni-1' } },
          RequestId: '0708e4ad-03f6-4802-b4ce-4ba987d94b8d',
        },
      },
      {
        SignIn: {
          AccountId: ACCOUNT,
          UserName: 'mary',
          Success: true,
          MFAUsed: true,
          MobileVersion: false,
          LoginTo: 'x',
        },
      },
      {
        SignIn: {
          AccountId: ACCOUNT,
          UserName: 'hunter2',
          UnknownUser: true,
          Success: false,
          SourceIpAddress: '1.2.3.4',
        },
      },
      {
        NetworkActivity: {
          AccountId: ACCOUNT,
          CallerAccountId: '210987654321',
          EventSource: 'kms.amazonaws.com',
          EventName: 'Decrypt',
          VpcEndpointId: 'vpce-0123456789abcdef0',
          SourceIpAddress: '10.0.0.9',
          ErrorCode: 'VpceAccessDenied',
        },
      },
    ];
    const lines = reports.map((report) => JSON.stringify(report)).join('\n');
    const done = await opentrail(server, lines, 'report', '-');
    expect([done.code, done.stdout, done.stderr]).toEqual([0, '5 events reported, 0 refused\n', '']);

    const records = await recordsIn(server);
    expect(records[0]).toEqual({
      eventVersion: '1.11',
      userIdentity: NEW_CONNECTION.ServiceEvent.UserIdentity,
      eventTime: '2026-01-31T18:02:12Z',
      eventSource: 'elasticfilesystem.amazonaws.com',
      eventName: 'NewClientConnection',
      awsRegion: 'us-east-2',
      sourceIPAddress: 'AWS Internal',
      userAgent: 'elasticfilesystem',
      requestParameters: null,
      responseElements: null,
      eventID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      readOnly: true,
      resources: [{ accountId: ACCOUNT, type: FILE_SYSTEM.Type, ARN: FILE_SYSTEM.ARN }],
      eventType: 'AwsServiceEvent',
      managementEvent: true,
      recipientAccountId: ACCOUNT,
      serviceEventDetails: NEW_CONNECTION.ServiceEvent.ServiceEventDetails,
      eventCategory: 'Management',
    });
    expect(records[1]).toMatchObject({
      userIdentity: {
        type: 'AssumedRole',
        principalId: 'AROAEXAMPLE:efs',
        arn: `arn:aws:sts::${ACCOUNT}:assumed-role/AWSServiceRoleForAmazonElasticFileSystem/efs`,
        accountId: ACCOUNT,
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: 'AROAEXAMPLE',
            arn: ROLE,
            accountId: ACCOUNT,
            userName: 'AWSServiceRoleForAmazonElasticFileSystem',
          },
          attributes: { creationDate: '2026-01-31T22:50:00Z', mfaAuthenticated: 'false' },
        },
        invokedBy: 'elasticfilesystem.amazonaws.com',
      },
      sourceIPAddress: 'elasticfilesystem.amazonaws.com',
      userAgent: 'elasticfilesystem.amazonaws.com',
      requestParameters: { subnetId: 'subnet-71e2f83a', groupSet: {} },
      eventType: 'AwsApiCall',
    });
    expect(records[2]).toMatchObject({
      eventSource: 'signin.amazonaws.com',
      eventName: 'ConsoleLogin',
      responseElements: { ConsoleLogin: 'Success' },
      additionalEventData: { LoginTo: 'x', MobileVersion: 'No', MFAUsed: 'Yes' },
      eventType: 'AwsConsoleSignIn',
      readOnly: false,
    });
    expect(records[3]).toMatchObject({
      userIdentity: { userName: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
      errorMessage: 'Failed authentication',
      responseElements: { ConsoleLogin: 'Failure' },
    });
    expect(JSON.stringify(records[3])).not.toContain('hunter2');
    expect(records[4]).toEqual({
      eventVersion: '1.11',
      userIdentity: { type: 'AWSAccount', accountId: '210987654321' },
      eventTime: expect.any(String),
      eventSource: 'kms.amazonaws.com',
      eventName: 'Decrypt',
      awsRegion: 'us-east-1',
      sourceIPAddress: '10.0.0.9',
      errorCode: 'VpceAccessDenied',
      errorMessage: 'The request was denied due to a VPC endpoint policy',
      eventID: expect.any(String),
      eventType: 'AwsVpceEvent',
      recipientAccountId: ACCOUNT,
      vpcEndpointId: 'vpce-0123456789abcdef0',
      vpcEndpointAccountId: ACCOUNT,
      eventCategory: 'NetworkActivity',
    });
    await server.stop();
  });

  test('a repeated report is stored once, a wrong one is refused with its reason, and only the operator may report', async () => {
    const server = await startOpenTrail();
    const EventId = '8f2c0000-0000-4000-8000-000000000001';
    const once = { ServiceEvent: { ...NEW_CONNECTION.ServiceEvent, EventId } };
    const wrong = [
      { ...NEW_CONNECTION, SignIn: { AccountId: ACCOUNT, Success: true } },
      { SignIn: { AccountId: 'me', Success: true } },
      { ServiceCall: { AccountId: ACCOUNT, EventSource: 'ec2.amazonaws.com', EventName: 'X', Service: 'efs' } },
      { NetworkActivity: { AccountId: ACCOUNT, EventSource: 'ec2.amazonaws.com', EventName: 'X' } },
    ];
    const send = async (who: Parameters<typeof signedFetch>[0], events: unknown) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await signedFetch(who, 'POST', '/opentrail/v1/reports', JSON.stringify({ Events: events }), {
        headers,
      });
      return {
        status: answer.status,
        body: (await answer.json()) as { Results?: { Status: string; ErrorMessage?: string }[] },
      };
    };
    const first = await send(server, [once, once, ...wrong]);
    expect(first.body.Results!.map((r) => r.Status)).toEqual(['ACCEPTED', 'DUPLICATE', ...wrong.map(() => 'REFUSED')]);
    expect(first.body.Results!.map((r) => r.ErrorMessage).slice(2)).toEqual([
      'A report has one of ServiceEvent, ServiceCall, SignIn, NetworkActivity.',
      'AccountId must be 12 digits.',
      'Service must look like elasticfilesystem.amazonaws.com.',
      'VpcEndpointId must look like vpce-0123456789abcdef0.',
    ]);
    expect((await send(server, [once])).body.Results!.map((r) => r.Status)).toEqual(['DUPLICATE']);
    expect((await recordsIn(server)).map((r) => r.eventID)).toEqual([EventId]);
    for (const bad of [undefined, [], 'x', [null]]) expect((await send(server, bad)).status).toBeLessThan(500);

    const other = '210987654321';
    const made = await signedFetch(server, 'POST', '/opentrail/v1/accounts', JSON.stringify({ AccountId: other }), {
      headers: { 'content-type': 'application/json' },
    });
    const key = (await made.json()) as { AccessKeyId: string; SecretAccessKey: string };
    const stranger = { endpoint: server.endpoint, accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey };
    const denied = await send(stranger, [{ SignIn: { AccountId: other, Success: true } }]);
    expect([denied.status, denied.body]).toEqual([403, { message: expect.stringContaining('opentrail:ReportEvents') }]);
    await server.stop();
  });
});
