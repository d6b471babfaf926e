import { createServer } from 'node:http';
import { CONNECTIONS } from './accept.mjs';
import { clientOf } from './client.mjs';
import { createPool, sendFor, sendSteadily } from './load.mjs';
import { eventually, median, quantiles, round } from './measure.mjs';
import { FILTER_PATTERNS, ruleText, SIGMA_RULES } from './patterns.mjs';
import { ACCOUNT, REGION, startServer } from './server.mjs';

const RATE_TARGET = 0.7;
const DELIVERY_MS_MAX = 2_000;
/** By turns, so that what neighbours do to the machine falls on both. */
const TURNS = 5;
const TURN_SECONDS_MAX = 10;
const LOAD_PER_SECOND = 1_000;
const PROBES = 200;
const PROBE_EVERY_MS = 25;
const GROUP = 'watched';
const PROBE_EVENT = 'BenchProbe';

/**
 * What watching costs and how soon it tells: the accept rate of a server with 20 metric filters on what its trail logs to
 * CloudWatch Logs, 20 rules of EventBridge and 60 Sigma rules, of one whose trail only delivers to its bucket; and the
 * time from PutRecords' answer until an HTTP subscriber of SNS has an event, by a rule of EventBridge.
 */
export async function watching({ newFolder, seconds, say }) {
  const plain = await started(newFolder(), () => {});
  const watched = await started(newFolder(), watch);
  const turnSeconds = Math.min(TURN_SECONDS_MAX, seconds / (2 * TURNS));
  say('accepting with and without filters and rules');
  const rates = { plain: [], watched: [] };
  const pool = createPool();
  for (let turn = -1; turn < TURNS; turn++) {
    for (const [name, side] of Object.entries({ plain, watched })) {
      const rate = await side.rate(turnSeconds, pool);
      if (turn >= 0) rates[name].push(Math.round(rate)); // the first warms up
    }
  }
  say('telling an HTTP subscriber');
  const times = await deliveryTimes(watched);
  await Promise.all([plain.stop(), watched.stop()]);
  const ratio = median(rates.watched) / median(rates.plain);
  const told = quantiles(times);
  return {
    figures: [
      {
        name: 'accepted with 20 metric filters, 20 event rules, 60 Sigma rules',
        value: median(rates.watched),
        unit: 'events/s',
        ratio: round(ratio),
        ratioTo: 'without',
        target: RATE_TARGET,
        met: ratio >= RATE_TARGET,
      },
      {
        name: `from accept to an SNS subscriber over HTTP, p99, under ${LOAD_PER_SECOND} events/s`,
        value: told.p99Ms,
        unit: 'ms',
        atMost: DELIVERY_MS_MAX,
        met: told.p99Ms <= DELIVERY_MS_MAX,
      },
    ],
    details: { turnSeconds, accepted: rates, told },
  };
}

async function started(dataDir, prepare) {
  const server = await startServer({ dataDir });
  const client = clientOf(server, { connections: CONNECTIONS });
  await client.makeTrail('bench', (await prepare(client)) ?? {});
  return {
    server,
    client,
    async rate(seconds, pool) {
      const start = performance.now();
      const events = await sendFor(seconds, { client, pool, connections: CONNECTIONS });
      const rate = (1000 * events) / (performance.now() - start);
      await caughtUp(server); // so that it does not work into the other's turn
      return rate;
    },
    async stop() {
      client.close();
      await server.stop();
    },
  };
}

/** @returns what its trail needs to log to the group */
async function watch(client) {
  await client.json('logs', 'Logs_20140328.CreateLogGroup', { logGroupName: GROUP });
  for (const [i, filterPattern] of FILTER_PATTERNS.entries()) {
    const metric = { metricName: `m${i}`, metricNamespace: 'Bench', metricValue: '1' };
    const filter = { logGroupName: GROUP, filterName: `f${i}`, filterPattern, metricTransformations: [metric] };
    await client.json('logs', 'Logs_20140328.PutMetricFilter', filter);
  }
  await client.json('sqs', 'AmazonSQS.CreateQueue', { QueueName: 'told', Attributes: { Policy: queuePolicy } });
  for (const [Name, ...eventName] of RULES) {
    const EventPattern = JSON.stringify({ source: [`aws.${Name.split('-')[0]}`], detail: { eventName } });
    await client.json('events', 'AWSEvents.PutRule', { Name, EventPattern });
    await client.json('events', 'AWSEvents.PutTargets', { Rule: Name, Targets: [{ Id: 't', Arn: queueArn }] });
  }
  for (const [i, detection] of SIGMA_RULES.entries()) await client.putRule(ruleText(i, detection));
  return { ...(await logsRole(client)), CloudWatchLogsLogGroupArn: `${groupArn}:*` };
}

const groupArn = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${GROUP}`;
const document = (statement) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });

const queueArn = `arn:aws:sqs:${REGION}:${ACCOUNT}:told`;
const queuePolicy = document({
  Principal: { Service: 'events.amazonaws.com' },
  Action: 'sqs:SendMessage',
  Resource: queueArn,
});

/** What people have themselves told of: a rule each, by its service and the calls. */
const RULES = [
  ['iam-users', 'CreateUser', 'DeleteUser', 'CreateLoginProfile', 'UpdateLoginProfile'],
  ['iam-keys', 'CreateAccessKey', 'UpdateAccessKey', 'DeleteAccessKey'],
  ['iam-grants', 'AttachUserPolicy', 'AttachRolePolicy', 'PutUserPolicy', 'PutRolePolicy'],
  ['iam-policies', 'CreatePolicy', 'CreatePolicyVersion', 'SetDefaultPolicyVersion', 'DeletePolicy'],
  ['iam-trust', 'CreateRole', 'UpdateAssumeRolePolicy', 'CreateOpenIDConnectProvider'],
  ['iam-mfa', 'DeactivateMFADevice', 'DeleteVirtualMFADevice'],
  ['signin-console', 'ConsoleLogin', 'SwitchRole'],
  ['cloudtrail-trails', 'CreateTrail', 'UpdateTrail', 'DeleteTrail', 'StopLogging', 'PutEventSelectors'],
  ['kms-keys', 'DisableKey', 'ScheduleKeyDeletion', 'PutKeyPolicy'],
  ['s3-buckets', 'PutBucketPolicy', 'PutBucketAcl', 'DeleteBucketPolicy', 'PutBucketPublicAccessBlock'],
  ['s3-gone', 'DeleteBucket', 'DeleteBucketEncryption'],
  ['ec2-groups', 'AuthorizeSecurityGroupIngress', 'RevokeSecurityGroupIngress', 'CreateSecurityGroup'],
  ['ec2-acls', 'CreateNetworkAclEntry', 'ReplaceNetworkAclEntry', 'DeleteNetworkAcl'],
  ['ec2-routes', 'CreateRoute', 'ReplaceRoute', 'DeleteRoute', 'CreateInternetGateway'],
  ['ec2-vpcs', 'CreateVpc', 'DeleteVpc', 'CreateVpcPeeringConnection'],
  ['ec2-shared', 'ModifySnapshotAttribute', 'ModifyImageAttribute'],
  ['organizations-tree', 'LeaveOrganization', 'AttachPolicy', 'DetachPolicy', 'InviteAccountToOrganization'],
  ['config-off', 'StopConfigurationRecorder', 'DeleteDeliveryChannel'],
  ['guardduty-off', 'DeleteDetector', 'UpdateDetector', 'DisassociateFromMasterAccount'],
  ['secretsmanager-read', 'DeleteSecret', 'PutResourcePolicy'],
];

async function logsRole(client) {
  const RoleName = 'trail-to-logs';
  const trusts = document({ Principal: { Service: 'cloudtrail.amazonaws.com' }, Action: 'sts:AssumeRole' });
  await client.iam('CreateRole', { RoleName, AssumeRolePolicyDocument: trusts });
  const PolicyDocument = document({ Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: `${groupArn}:*` });
  await client.iam('PutRolePolicy', { RoleName, PolicyName: 'logs', PolicyDocument });
  return { CloudWatchLogsRoleArn: `arn:aws:iam::${ACCOUNT}:role/${RoleName}` };
}

const DRAIN_MS_MAX = 600_000;

/** Followers keep their own pace, but not into the other's turn. */
const caughtUp = (server) =>
  eventually('all followers at the end of the Log', async () => (await server.metrics()).lagMax() === 0, {
    timeoutMs: DRAIN_MS_MAX,
  });

/** Milliseconds from the answer to PutRecords until the subscriber had the event, one probe after the other. */
async function deliveryTimes({ client }) {
  const arrived = new Map();
  let confirmUrl;
  const subscriber = createServer(async (req, res) => {
    const parts = [];
    for await (const part of req) parts.push(part);
    const now = performance.now();
    const told = JSON.parse(Buffer.concat(parts).toString());
    if (told.Type === 'SubscriptionConfirmation') confirmUrl = told.SubscribeURL;
    else arrived.set(JSON.parse(told.Message).detail.eventID, now);
    res.end();
  });
  await new Promise((fulfil) => subscriber.listen(0, '127.0.0.1', fulfil));
  await subscribe(client, `http://127.0.0.1:${subscriber.address().port}/`);
  await fetch(await eventually('the confirmation', () => confirmUrl));

  const load = sendSteadily(LOAD_PER_SECOND, { client, pool: createPool({ seed: 2 }) });
  const probes = createPool({ batchEvents: 1, seed: 3 });
  const times = [];
  for (let i = 0; i < PROBES; i++) {
    const record = { ...JSON.parse(probes.take().toString('utf8')), eventName: PROBE_EVENT, readOnly: false };
    await client.putRecords(Buffer.from(JSON.stringify(record)));
    const accepted = performance.now();
    await eventually('the event at the subscriber', () => arrived.has(record.eventID), { everyMs: 2 });
    times.push(Math.max(0, arrived.get(record.eventID) - accepted));
    await new Promise((fulfil) => setTimeout(fulfil, PROBE_EVERY_MS));
  }
  await load.stop();
  subscriber.close();
  subscriber.closeAllConnections();
  return times;
}

async function subscribe(client, Endpoint) {
  const TopicArn = `arn:aws:sns:${REGION}:${ACCOUNT}:probes`;
  const sns = (action, input) => client.query('sns', '2010-03-31', action, input);
  await sns('CreateTopic', { Name: 'probes' });
  const AttributeValue = document({
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sns:Publish',
    Resource: TopicArn,
  });
  await sns('SetTopicAttributes', { TopicArn, AttributeName: 'Policy', AttributeValue });
  await sns('Subscribe', { TopicArn, Protocol: 'http', Endpoint });
  const EventPattern = JSON.stringify({ detail: { eventName: [PROBE_EVENT] } });
  await client.json('events', 'AWSEvents.PutRule', { Name: 'probes', EventPattern });
  await client.json('events', 'AWSEvents.PutTargets', { Rule: 'probes', Targets: [{ Id: 't', Arn: TopicArn }] });
}
