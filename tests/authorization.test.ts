import {
  AddTagsCommand,
  CloudTrailClient,
  CreateTrailCommand,
  DeleteTrailCommand,
  DescribeTrailsCommand,
  GetTrailCommand,
  LookupEventsCommand,
  type LookupEventsCommandOutput,
  StopLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import {
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetFederationTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, expect, test } from 'vitest';
import { eventually } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { clientConfig, cloudTrail, s3 } from './support/sdk.ts';
import { ACCOUNT, makeTrail } from './support/trail.ts';

afterAll(cleanUp);

const ALICE = `arn:aws:iam::${ACCOUNT}:user/alice`;
const trailArn = (name: string) => `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/${name}`;
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const allow = (Action: string | string[], Resource: string | string[] = '*', Condition?: object) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition && { Condition }),
});

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}
const configAs = (server: RunningOpenTrail, credentials: Keys) => ({ ...clientConfig(server), credentials });

/** How a call ended: `ok`, or code, status and message. */
const ended = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (e) => `${e.name} ${e.$metadata?.httpStatusCode}: ${e.message}`,
  );

async function aliceOf(server: RunningOpenTrail) {
  const iam = new IAMClient(clientConfig(server));
  await iam.send(new CreateUserCommand({ UserName: 'alice', Tags: [{ Key: 'team', Value: 'audit' }] }));
  const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
  const keys = { accessKeyId: key!.AccessKeyId!, secretAccessKey: key!.SecretAccessKey! };
  const may = (...statements: object[]) =>
    iam.send(new PutUserPolicyCommand({ UserName: 'alice', PolicyName: 'p', PolicyDocument: document(...statements) }));
  return { iam, keys, may, ct: new CloudTrailClient(configAs(server, keys)) };
}

test('a user may do with trails what policies say: resources, tags, roles that are passed, boundaries', async () => {
  const server = await startOpenTrail();
  await makeTrail(server, { Name: 'ours', S3BucketName: 'auth-logs', TagsList: [{ Key: 'team', Value: 'audit' }] });
  await makeTrail(server, { Name: 'theirs', S3BucketName: 'auth-logs' });
  const { iam, may, ct } = await aliceOf(server);

  expect(await ended(ct.send(new GetTrailCommand({ Name: 'ours' })))).toBe(
    `AccessDeniedException 400: User: ${ALICE} is not authorized to perform: cloudtrail:GetTrail on resource: ${trailArn('ours')} because no identity-based policy allows the cloudtrail:GetTrail action`,
  );
  // A name, an ARN and what does not exist are all the same to policies.
  await may(allow('cloudtrail:GetTrail', [trailArn('ours'), trailArn('gone')]));
  expect(await ended(ct.send(new GetTrailCommand({ Name: 'ours' })))).toBe('ok');
  expect(await ended(ct.send(new GetTrailCommand({ Name: trailArn('ours') })))).toBe('ok');
  expect(await ended(ct.send(new GetTrailCommand({ Name: 'theirs' })))).toMatch(/^AccessDeniedException/);
  expect(await ended(ct.send(new GetTrailCommand({ Name: 'gone' })))).toMatch(/^TrailNotFoundException/);
  expect(await ended(ct.send(new DescribeTrailsCommand({})))).toMatch(/^AccessDeniedException/);

  const sameTeam = { StringEquals: { 'aws:ResourceTag/team': '$' + '{aws:PrincipalTag/team}' } };
  await may(allow('cloudtrail:*', '*', sameTeam));
  expect(await ended(ct.send(new StopLoggingCommand({ Name: 'ours' })))).toBe('ok');
  expect(await ended(ct.send(new StopLoggingCommand({ Name: 'theirs' })))).toMatch(/^AccessDeniedException/);

  const role = `arn:aws:iam::${ACCOUNT}:role/logs`;
  const toLogs = {
    Name: 'ours',
    CloudWatchLogsLogGroupArn: 'arn:aws:logs:us-east-1:1:log-group:x',
    CloudWatchLogsRoleArn: role,
  };
  await may(allow('cloudtrail:*'));
  expect(await ended(ct.send(new UpdateTrailCommand(toLogs)))).toContain(
    `is not authorized to perform: iam:PassRole on resource: ${role}`,
  );
  await may(
    allow('cloudtrail:*'),
    allow('iam:PassRole', role, { StringEquals: { 'iam:PassedToService': 'cloudtrail.amazonaws.com' } }),
  );
  expect(await ended(ct.send(new UpdateTrailCommand(toLogs)))).not.toContain('not authorized');

  const tags = [{ Key: 'team', Value: 'sales' }];
  await may(
    allow(['cloudtrail:CreateTrail', 'cloudtrail:AddTags'], '*', { StringEquals: { 'aws:RequestTag/team': 'audit' } }),
  );
  const create = (TagsList: typeof tags) =>
    ended(ct.send(new CreateTrailCommand({ Name: 'more', S3BucketName: 'auth-logs', TagsList })));
  expect(await create(tags)).toMatch(/^AccessDeniedException/);
  expect(await create([{ Key: 'team', Value: 'audit' }])).toBe('ok');
  expect(await ended(ct.send(new AddTagsCommand({ ResourceId: trailArn('more'), TagsList: tags })))).toMatch(
    /^AccessDenied/,
  );

  await may(allow('*'));
  const { Policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName: 'reads', PolicyDocument: document(allow(['cloudtrail:Get*', 'sts:*'])) }),
  );
  await iam.send(new PutUserPermissionsBoundaryCommand({ UserName: 'alice', PermissionsBoundary: Policy!.Arn! }));
  expect(await ended(ct.send(new GetTrailCommand({ Name: 'ours' })))).toBe('ok');
  expect(await ended(ct.send(new DeleteTrailCommand({ Name: 'ours' })))).toContain(
    'because no permissions boundary allows the cloudtrail:DeleteTrail action',
  );
  await server.stop();
});

test('buckets: identity or bucket policy; sessions hold; each denial is a record', async () => {
  const server = await startOpenTrail();
  const { keys, may } = await aliceOf(server);
  await s3(server).send(new CreateBucketCommand({ Bucket: 'auth-things' }));
  await s3(server).send(new PutObjectCommand({ Bucket: 'auth-things', Key: 'k', Body: 'x' }));
  const get = (credentials: Keys) =>
    ended(
      new S3Client({ ...configAs(server, credentials), forcePathStyle: true }).send(
        new GetObjectCommand({ Bucket: 'auth-things', Key: 'k' }),
      ),
    );
  expect(await get(keys)).toBe(
    `AccessDenied 403: User: ${ALICE} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::auth-things/k" because no identity-based policy allows the s3:GetObject action`,
  );
  await may(allow(['s3:*', 'cloudtrail:*', 'sts:GetFederationToken']));
  expect(await get(keys)).toBe('ok');

  const sts = new STSClient(configAs(server, keys));
  const federated = async (Policy?: string) => {
    const { Credentials: c } = await sts.send(new GetFederationTokenCommand({ Name: 'bob', Policy }));
    return { accessKeyId: c!.AccessKeyId!, secretAccessKey: c!.SecretAccessKey!, sessionToken: c!.SessionToken! };
  };
  expect(await get(await federated(document(allow('s3:GetObject'))))).toBe('ok');
  expect(await get(await federated(document(allow('s3:PutObject'))))).toContain('because no session policy allows');
  expect(await get(await federated())).toContain('because no session policy allows');

  const bob = new CloudTrailClient(configAs(server, await federated(document(allow('s3:*')))));
  expect(await ended(bob.send(new DescribeTrailsCommand({})))).toMatch(/^AccessDeniedException/);
  const seen = await eventually(async () => {
    const { Events } = (await cloudTrail(server).send(
      new LookupEventsCommand({ LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'DescribeTrails' }] }),
    )) as LookupEventsCommandOutput;
    return Events?.[0] && JSON.parse(Events[0].CloudTrailEvent!);
  }, 'the denied call in Event history');
  expect(seen).toMatchObject({
    errorCode: 'AccessDenied',
    errorMessage: expect.stringContaining('is not authorized to perform: cloudtrail:DescribeTrails'),
    requestParameters: null,
    userIdentity: { type: 'FederatedUser', arn: `arn:aws:sts::${ACCOUNT}:federated-user/bob` },
  });
  await server.stop();
});
