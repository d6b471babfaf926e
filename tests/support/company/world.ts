import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as iam from '@aws-sdk/client-iam';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { eventually } from '../clients.ts';
import { callJson } from '../json-call.ts';
import { type RunningOpenTrail, startOpenTrail } from '../opentrail.ts';
import { playCompany, untilSearchable } from '../play.ts';
import { clientConfig, readBucket, s3, signedFetch } from '../sdk.ts';
import { allowDelivery, makeTrail } from '../trail.ts';
import { ACCOUNT } from './people.ts';
import { type CompanyRecord, INCIDENT } from './records.ts';

/** The company's OpenTrail with all that pages show: its records, users, roles, keys, trails, topics and alarms. */
export interface Company {
  readonly server: RunningOpenTrail;
  readonly records: readonly CompanyRecord[];
  readonly trailArn: string;
  readonly keyId: string;
}

const FAST = { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 2 };
const BUCKET = 'audit-logs';
const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:security-alerts`;

export async function startCompany(count = 12_000): Promise<Company> {
  const server = await startOpenTrail({ flags: FAST });
  const trailArn = await makeTrail(server, { Name: 'main', S3BucketName: BUCKET });
  const [records, keyId] = await Promise.all([
    playCompany(server, count),
    makeKey(server),
    makeUsersAndRoles(server),
    makeFailingTrail(server),
    makeTopic(server),
  ]);
  await raiseAlarm(server, records);
  const digests = `AWSLogs/${ACCOUNT}/CloudTrail-Digest/`;
  await eventually(async () => (await readBucket(s3(server), BUCKET, digests)).size >= 3, 'three digests');
  await untilSearchable(server);
  return { server, records, trailArn, keyId };
}

const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const allow = (Action: string | readonly string[], more: object = { Resource: '*' }) => ({
  Effect: 'Allow',
  Action,
  ...more,
});

async function makeUsersAndRoles(server: RunningOpenTrail): Promise<void> {
  const client = new iam.IAMClient(clientConfig(server));
  const groups = { developers: 'PowerUserAccess', auditors: 'AWSCloudTrail_ReadOnlyAccess' };
  for (const [GroupName, name] of Object.entries(groups)) {
    await client.send(new iam.CreateGroupCommand({ GroupName }));
    const PolicyArn = `arn:aws:iam::aws:policy/${name}`;
    await client.send(new iam.AttachGroupPolicyCommand({ GroupName, PolicyArn }));
  }
  const users = {
    'mira.koch': 'auditors',
    'jonas.weber': 'auditors',
    'lea.brandt': 'developers',
    'tom.fischer': 'developers',
  };
  for (const [UserName, GroupName] of Object.entries({ ...users, 'build-bot': 'developers' })) {
    await client.send(new iam.CreateUserCommand({ UserName }));
    await client.send(new iam.AddUserToGroupCommand({ UserName, GroupName }));
    await client.send(new iam.CreateAccessKeyCommand({ UserName }));
  }
  const mayBecome = policy(allow('sts:AssumeRole', { Resource: `arn:aws:iam::${ACCOUNT}:role/${INCIDENT.role}` }));
  const PolicyName = 'becomes-administrator';
  for (const UserName of ['jonas.weber', INCIDENT.user]) {
    await client.send(new iam.PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument: mayBecome }));
  }
  const roles = {
    [INCIDENT.role]: [{ AWS: `arn:aws:iam::${ACCOUNT}:root` }, 'AdministratorAccess'],
    'app-orders': [{ Service: 'ec2.amazonaws.com' }, 'AmazonS3ReadOnlyAccess'],
    backup: [{ Service: 'lambda.amazonaws.com' }, 'ReadOnlyAccess'],
    deploy: [{ Service: 'codebuild.amazonaws.com' }, 'PowerUserAccess'],
  } as const;
  for (const [RoleName, [Principal, name]] of Object.entries(roles)) {
    const AssumeRolePolicyDocument = policy(allow('sts:AssumeRole', { Principal }));
    await client.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const PolicyArn = `arn:aws:iam::aws:policy/${name}`;
    await client.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn }));
  }
}

async function makeKey(server: RunningOpenTrail): Promise<string> {
  const { KeyMetadata } = await callJson<{ KeyMetadata: { KeyId: string } }>(server, 'kms', 'CreateKey', {
    Description: 'Log files of the trails',
  });
  const { KeyId } = KeyMetadata;
  await callJson(server, 'kms', 'CreateAlias', { AliasName: 'alias/audit-logs', TargetKeyId: KeyId });
  await callJson(server, 'kms', 'EnableKeyRotation', { KeyId });
  return KeyId;
}

/** A trail whose bucket refuses it, from the day that somebody changed the bucket's policy. */
async function makeFailingTrail(server: RunningOpenTrail): Promise<void> {
  const S3BucketName = 'old-archive';
  await s3(server).send(new CreateBucketCommand({ Bucket: S3BucketName }));
  await makeTrail(server, { Name: 'archive', S3BucketName, IsMultiRegionTrail: false, EnableLogFileValidation: false });
  await allowDelivery(s3(server), S3BucketName, true);
}

async function makeTopic(server: RunningOpenTrail): Promise<void> {
  const sns = async (Action: string, input: Readonly<Record<string, string>>) => {
    const body = String(new URLSearchParams({ Action, Version: '2010-03-31', ...input }));
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await signedFetch(server, 'POST', '/', body, { service: 'sns', headers });
    if (!answer.ok) throw new Error(`${Action}: ${await answer.text()}`);
  };
  await sns('CreateTopic', { Name: 'security-alerts' });
  const Endpoint = `arn:aws:sqs:us-east-1:${ACCOUNT}:security-alerts`;
  const sends = allow('sqs:SendMessage', { Principal: { Service: 'sns.amazonaws.com' }, Resource: Endpoint });
  await callJson(server, 'sqs', 'CreateQueue', { QueueName: 'security-alerts', Attributes: { Policy: policy(sends) } });
  await sns('Subscribe', { TopicArn: TOPIC, Protocol: 'sqs', Endpoint });
  const Principal = { Service: 'cloudtrail.amazonaws.com' };
  const AttributeValue = policy(allow('SNS:Publish', { Principal, Resource: TOPIC }));
  await sns('SetTopicAttributes', { TopicArn: TOPIC, AttributeName: 'Policy', AttributeValue });
  await callJson(server, 'cloudtrail', 'UpdateTrail', { Name: 'main', SnsTopicName: 'security-alerts' });
}

/** A metric filter over a log group of the trail's events, and an alarm that the deletion of the bucket has raised. */
async function raiseAlarm(server: RunningOpenTrail, records: readonly CompanyRecord[]): Promise<void> {
  const group = { logGroupName: 'trail' };
  const stream = { ...group, logStreamName: `${ACCOUNT}_CloudTrail_us-east-1` };
  await callJson(server, 'logs', 'CreateLogGroup', group);
  await callJson(server, 'logs', 'CreateLogStream', stream);
  const metricNamespace = 'CloudTrailMetrics';
  const filters = { BucketsDeleted: '{ $.eventName = "DeleteBucket" }', AccessDenied: '{ $.errorCode = "*Denied*" }' };
  for (const [metricName, filterPattern] of Object.entries(filters)) {
    const metricTransformations = [{ metricName, metricNamespace, metricValue: '1' }];
    const filter = { ...group, filterName: metricName, filterPattern, metricTransformations };
    await callJson(server, 'logs', 'PutMetricFilter', filter);
  }
  const timestamp = Date.now();
  const logEvents = records
    .slice(-6)
    .map((record, i) => ({ timestamp: timestamp + i, message: JSON.stringify(record) }));
  await callJson(server, 'logs', 'PutLogEvents', { ...stream, logEvents });
  const client = new cloudwatch.CloudWatchClient(clientConfig(server));
  for (const MetricName of Object.keys(filters)) {
    const AlarmName = MetricName === 'BucketsDeleted' ? 'bucket-deleted' : 'access-denied';
    const threshold = {
      Statistic: 'Sum',
      Period: 3600,
      EvaluationPeriods: 1,
      Threshold: AlarmName === 'bucket-deleted' ? 1 : 50,
    } as const;
    await client.send(
      new cloudwatch.PutMetricAlarmCommand({
        ...{ AlarmName, Namespace: metricNamespace, MetricName, ...threshold, AlarmActions: [TOPIC] },
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      }),
    );
  }
  const hour = new Date(Math.floor(timestamp / 3_600_000) * 3_600_000).toISOString().replace('Z', '+0000');
  await client.send(
    new cloudwatch.SetAlarmStateCommand({
      AlarmName: 'bucket-deleted',
      StateValue: 'ALARM',
      StateReason: 'Threshold Crossed: 1 datapoint was greater than or equal to the threshold (1.0).',
      StateReasonData: JSON.stringify({ period: 3600, evaluatedDatapoints: [{ timestamp: hour, value: 2 }] }),
    }),
  );
}
