import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import { differences, IDENTITIES, Play, recordsOf, type Scenario } from './gateway/harness.ts';
import { testWith } from './support/clients.ts';
import { startUpstream, stopGateways } from './support/gateway.ts';
import { cleanUp, newFolder, startOpenTrail } from './support/opentrail.ts';

afterAll(async () => {
  await cleanUp();
  stopGateways();
});

/** Refusals as the services word them; emulators refuse nothing, unless they are made to. */
const REQUEST_ID = '0708e4ad-03f6-4802-b4ce-4ba987d94b8d';
const xml = (status: number, body: string) => ({ status, headers: { 'content-type': 'text/xml' }, body });
const query = (code: string) =>
  xml(
    403,
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>No.</Message></Error>
    <RequestId>${REQUEST_ID}</RequestId></ErrorResponse>`,
  );
const json = (type: string) => ({
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': REQUEST_ID },
  body: JSON.stringify({ __type: type, message: 'No.' }),
});

function refuse({ headers, body }: { readonly headers: NodeJS.Dict<string | string[]>; readonly body: string }) {
  const target = headers['x-amz-target'];
  if (typeof target === 'string')
    return json(target.startsWith('AmazonSSM') ? 'ThrottlingException' : 'AccessDeniedException');
  if (body.includes('Version=2016-11-15')) {
    const code = body.includes('DryRun=true') ? 'DryRunOperation' : 'UnauthorizedOperation';
    return xml(
      403,
      `<Response><Errors><Error><Code>${code}</Code><Message>No.</Message></Error></Errors>
      <RequestID>${REQUEST_ID}</RequestID></Response>`,
    );
  }
  if (body.includes('Action=')) return query('AccessDenied');
  return xml(403, '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
}

/** Most services refuse before they look at the parameters, and record none; EC2 and S3 record them. */
const refused: Scenario = async (t) => {
  const instancesSet = { items: [{ instanceId: 'i-1' }] };
  const stop = { source: 'ec2', readOnly: false, request: { instancesSet, force: false } };
  await t.call('ec2', 'StopInstances', { InstanceIds: ['i-1'] }, { ...stop, error: 'Client.UnauthorizedOperation' });
  await t.call(
    'ec2',
    'StopInstances',
    { InstanceIds: ['i-1'], DryRun: true },
    { ...stop, error: 'Client.DryRunOperation' },
  );
  await t.call(
    'ec2',
    'DeleteNatGateway',
    { NatGatewayId: 'nat-1' },
    {
      source: 'ec2',
      readOnly: false,
      request: { DeleteNatGatewayRequest: { NatGatewayId: 'nat-1' } },
      error: 'Client.UnauthorizedOperation',
    },
  );
  const denied = { request: null, error: 'AccessDenied' };
  await t.call('iam', 'CreateUser', { UserName: 'eve' }, { source: 'iam', readOnly: false, ...denied });
  const role = { RoleArn: 'arn:aws:iam::123456789012:role/admin', RoleSessionName: 'eve' };
  await t.call('sts', 'AssumeRole', role, { source: 'sts', readOnly: true, ...denied });
  await t.call('kms', 'Decrypt', { CiphertextBlob: { $bytes: 'AAAA' } }, { source: 'kms', readOnly: true, ...denied });
  await t.call(
    'ssm',
    'GetParameter',
    { Name: 'p' },
    { source: 'ssm', readOnly: true, request: null, error: 'ThrottlingException' },
  );
  const arn = 'arn:aws:s3:::theirs';
  const Host = expect.any(String);
  await t.call(
    's3',
    'GetObject',
    { Bucket: 'theirs', Key: 'k' },
    {
      source: 's3',
      readOnly: true,
      data: true,
      request: { bucketName: 'theirs', Host, key: 'k' },
      error: 'AccessDenied',
      // Whose it is, who was refused does not learn.
      resources: [
        { type: 'AWS::S3::Object', ARN: `${arn}/k` },
        { type: 'AWS::S3::Bucket', ARN: arn },
      ],
      additional: expect.objectContaining({ AuthenticationMethod: 'AuthHeader' }),
    },
  );
};

describe('calls that a service refuses', () => {
  testWith(
    ['boto3'],
    'have its code, and the parameters where the service records them',
    async () => {
      const identities = join(newFolder('identities'), 'identities.json');
      writeFileSync(identities, JSON.stringify(IDENTITIES), { mode: 0o600 });
      const upstream = await startUpstream(refuse);
      const server = await startOpenTrail({
        flags: { upstream: `*=${upstream.endpoint}`, 'gateway-port': 0, identities },
      });
      const play = new Play(server.gateway!);
      await refused(play.caller);
      play.end();
      const records = await recordsOf(server, play.made.length);
      const wrong = play.made.flatMap((made, i) =>
        differences(records[i]!, made).map((line) => `${made.what}\n${line}`),
      );
      expect(wrong.join('\n')).toBe('');
      await server.stop();
      await upstream.stop();
    },
    300_000,
  );
});
