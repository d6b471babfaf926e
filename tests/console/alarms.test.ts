import { CloudTrailClient, UpdateTrailCommand } from '@aws-sdk/client-cloudtrail';
import {
  CloudWatchClient,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import * as iam from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  enter,
  expectAccessible,
  expectProblem,
  openPage,
  PHONE,
  screenshot,
  usingBrowser,
} from '../support/browser.ts';
import { eventually } from '../support/clients.ts';
import { callJson } from '../support/json-call.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { clientConfig, signedFetch } from '../support/sdk.ts';
import { ACCOUNT, makeTrail } from '../support/trail.ts';

usingBrowser();
let server: RunningOpenTrail;
beforeAll(async () => {
  server = await startOpenTrail({ flags: { 'delivery-interval-seconds': 1 } });
});
afterAll(cleanUp);

const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:alerts`;
const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:alerts`;

async function sns(operation: string, input: Readonly<Record<string, string>>): Promise<void> {
  const body = String(new URLSearchParams({ Action: operation, Version: '2010-03-31', ...input }));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await signedFetch(server, 'POST', '/', body, { service: 'sns', headers });
  expect(answer.status, await answer.text()).toBe(200);
}

const nobody = async (name: string) => {
  const users = new iam.IAMClient(clientConfig(server));
  await users.send(new iam.CreateUserCommand({ UserName: name }));
  const { AccessKey } = await users.send(new iam.CreateAccessKeyCommand({ UserName: name }));
  return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
};

const denying = (policy: { readonly Statement: readonly object[] }): string =>
  JSON.stringify({ ...policy, Statement: policy.Statement.map((statement) => ({ ...statement, Effect: 'Deny' })) });

const RECORD = {
  eventVersion: '1.11',
  eventID: '11111111-1111-4111-8111-111111111111',
  eventTime: `${new Date(Date.now() - 60_000).toISOString().slice(0, 19)}Z`,
  eventSource: 's3.amazonaws.com',
  eventName: 'DeleteBucket',
  awsRegion: 'us-east-1',
  sourceIPAddress: '198.51.100.7',
  recipientAccountId: ACCOUNT,
  userIdentity: { type: 'IAMUser', userName: 'eve', accountId: ACCOUNT },
  requestParameters: { bucketName: 'my-logs' },
};

const RULE = `title: Bucket deleted
logsource: { product: aws, service: cloudtrail }
detection:
  selection: { eventName: DeleteBucket }
  condition: selection
level: high
`;

/** An alarm over a log group that holds the record above, and which went off for it. */
async function raiseAlarm(): Promise<void> {
  const group = { logGroupName: 'trail' };
  await callJson(server, 'logs', 'CreateLogGroup', group);
  await callJson(server, 'logs', 'CreateLogStream', { ...group, logStreamName: 's' });
  const metricTransformations = [{ metricName: 'Deletions', metricNamespace: 'OpenTrail', metricValue: '1' }];
  const filterPattern = '{ $.eventName = "DeleteBucket" }';
  await callJson(server, 'logs', 'PutMetricFilter', {
    ...group,
    filterName: 'deletions',
    filterPattern,
    metricTransformations,
  });
  const timestamp = Date.now();
  const logEvents = [RECORD, { ...RECORD, eventName: 'GetBucketAcl' }].map((record, i) => ({
    timestamp: timestamp + i,
    message: JSON.stringify(record),
  }));
  await callJson(server, 'logs', 'PutLogEvents', { ...group, logStreamName: 's', logEvents });
  const alarms = new CloudWatchClient(clientConfig(server));
  await alarms.send(
    new PutMetricAlarmCommand({
      AlarmName: 'deletions',
      Namespace: 'OpenTrail',
      MetricName: 'Deletions',
      Statistic: 'Sum',
      Period: 3600,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      AlarmActions: [TOPIC],
    }),
  );
  const hour = new Date(Math.floor(timestamp / 3_600_000) * 3_600_000).toISOString().replace('Z', '+0000');
  const StateReasonData = JSON.stringify({ period: 3600, evaluatedDatapoints: [{ timestamp: hour, value: 1 }] });
  const StateReason = 'Threshold Crossed: 1 datapoint was greater than or equal to the threshold (1.0).';
  await alarms.send(
    new SetAlarmStateCommand({ AlarmName: 'deletions', StateValue: 'ALARM', StateReason, StateReasonData }),
  );
}

describe('alarms', () => {
  test('nothing watches, and how to begin', async () => {
    const page = await openPage();
    await enter(page, server, '/alarms');
    for (const [tab, words] of [
      ['Alarms', 'No alarms'],
      ['Metric filters', 'No metric filters'],
      ['EventBridge rules', 'No rules'],
      ['Sigma rules', 'No Sigma rules'],
    ] as const) {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByText(words, { exact: true }).waitFor();
    }
    await expectAccessible(page);
  });

  test('an alarm with the events that raised it, its history, and all that watches', async () => {
    await sns('CreateTopic', { Name: 'alerts' });
    await raiseAlarm();
    await callJson(server, 'events', 'PutRule', { Name: 'deletions', EventPattern: '{"source":["aws.s3"]}' });
    await callJson(server, 'sqs', 'CreateQueue', { QueueName: 'alerts' });
    await callJson(server, 'events', 'PutTargets', { Rule: 'deletions', Targets: [{ Id: 'q', Arn: QUEUE }] });
    expect((await signedFetch(server, 'POST', '/opentrail/v1/rules', JSON.stringify({ Text: RULE }))).status).toBe(200);

    const page = await openPage();
    await enter(page, server, '/alarms');
    await page.getByRole('radio', { name: 'Show deletions' }).check();
    await page.getByText('Sum of Deletions ≥ 1 within 1 hour').first().waitFor();
    const raised = page.getByRole('table', { name: 'Events that raised the alarm' });
    await raised.getByRole('link', { name: 'eve deleted bucket my-logs' }).waitFor();
    expect(await raised.getByRole('row').count()).toBe(2);
    await page.getByRole('table', { name: 'History of the alarm' }).getByText('to ALARM').first().waitFor();
    await expectAccessible(page);
    await screenshot(page, 'alarms');
    await page.reload();
    await raised.getByRole('link', { name: 'eve deleted bucket my-logs' }).waitFor();

    await new CloudWatchClient(clientConfig(server)).send(
      new PutCompositeAlarmCommand({ AlarmName: 'any-of-it', AlarmRule: 'ALARM(deletions) AND NOT FALSE' }),
    );
    await expect
      .poll(
        async () => {
          await page.getByRole('button', { name: 'Refresh Alarms' }).click();
          return page.getByRole('row', { name: /In alarm any-of-it/ }).count();
        },
        { timeout: 90_000 },
      )
      .toBe(1);
    await page.getByRole('radio', { name: 'Show any-of-it' }).check();
    await page.getByText('Metric filters counted these for the alarms that it is made of: deletions.').waitFor();
    await raised.getByRole('link', { name: 'eve deleted bucket my-logs' }).waitFor();
    await screenshot(page, 'alarms-composite');

    await page.getByRole('tab', { name: 'Metric filters' }).click();
    await page
      .getByRole('row', { name: /deletions trail \{ \$\.eventName = "DeleteBucket" \} OpenTrail Deletions/ })
      .waitFor();
    await expectAccessible(page);
    await screenshot(page, 'alarms-filters');
    await page.getByRole('tab', { name: 'EventBridge rules' }).click();
    await page.getByRole('row', { name: /deletions Enabled \{"source":\["aws\.s3"\]\} sqs alerts/ }).waitFor();
    await page.getByRole('tab', { name: 'Sigma rules' }).click();
    await page.getByRole('row', { name: /high Bucket deleted/ }).waitFor();
    await expectAccessible(page);
    await screenshot(page, 'alarms-sigma');
    await page.getByRole('link', { name: 'Show matches of Bucket deleted' }).click();
    await page.waitForURL((url) => url.pathname === '/events' && url.searchParams.get('q')!.includes('RuleMatched'));
  }, 300_000);

  test('without permission each part says what it needs', async () => {
    const page = await openPage();
    expectProblem(page, /status of 40[03]/);
    await enter(page, server, '/alarms', await nobody('no-alarms'));
    await page.getByText('You need permission for cloudwatch:DescribeAlarms').waitFor();
    await page.getByRole('tab', { name: 'Sigma rules' }).click();
    await page.getByText('You need permission for opentrail:ListRules').waitFor();
    await expectAccessible(page);
  });
});

describe('notifications', () => {
  test('trails and their topics, subscribers, queues, and what did not arrive', async () => {
    await sns('Subscribe', { TopicArn: TOPIC, Protocol: 'sqs', Endpoint: QUEUE });
    await sns('Subscribe', { TopicArn: TOPIC, Protocol: 'http', Endpoint: 'http://127.0.0.1:9/ops' });
    await makeTrail(server, { Name: 'main', S3BucketName: 'trail-logs' });
    const policy = {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'cloudtrail.amazonaws.com' }, Action: 'SNS:Publish', Resource: TOPIC },
      ],
    };
    await sns('SetTopicAttributes', {
      TopicArn: TOPIC,
      AttributeName: 'Policy',
      AttributeValue: JSON.stringify(policy),
    });
    await new CloudTrailClient(clientConfig(server)).send(
      new UpdateTrailCommand({ Name: 'main', SnsTopicName: 'alerts' }),
    );

    const page = await openPage();
    await enter(page, server, '/notifications');
    await page.getByRole('table', { name: 'Trails' }).getByRole('link', { name: 'main' }).waitFor();
    await page
      .getByRole('table', { name: 'Topics' })
      .getByRole('row', { name: /alerts .*main/ })
      .waitFor();
    const subscriptions = page.getByRole('table', { name: 'Subscriptions' });
    await subscriptions.getByRole('row', { name: /alerts sqs alerts Confirmed/ }).waitFor();
    await subscriptions.getByRole('row', { name: /127\.0\.0\.1:9\/ops http alerts To be confirmed/ }).waitFor();
    await page
      .getByRole('table', { name: 'Queues' })
      .getByRole('row', { name: /alerts/ })
      .waitFor();
    await expectAccessible(page);
    await screenshot(page, 'notifications');

    await sns('SetTopicAttributes', { TopicArn: TOPIC, AttributeName: 'Policy', AttributeValue: denying(policy) });
    await eventually(async () => {
      const status = await callJson<{ LatestNotificationError?: string }>(server, 'cloudtrail', 'GetTrailStatus', {
        Name: 'main',
      });
      return status.LatestNotificationError !== undefined;
    }, 'a notice that is refused');
    await page.getByRole('button', { name: 'Refresh Trails' }).click();
    await page
      .getByRole('table', { name: 'Trails' })
      .getByText('does not let CloudTrail publish. (AuthorizationError)')
      .waitFor();
    const phone = await openPage({ viewport: PHONE, colorScheme: 'dark' });
    await enter(phone, server, '/notifications');
    await phone
      .getByRole('table', { name: 'Queues' })
      .getByRole('row', { name: /alerts/ })
      .waitFor();
    const width = () => phone.evaluate<number>('document.documentElement.scrollWidth');
    await expect.poll(width).toBeLessThanOrEqual(PHONE.width);
    await screenshot(phone, 'notifications-phone');
  });

  test('without permission each part says what it needs', async () => {
    const page = await openPage();
    expectProblem(page, /status of 40[03]/);
    await enter(page, server, '/notifications', await nobody('no-topics'));
    for (const action of ['cloudtrail:ListTrails', 'SNS:ListTopics', 'SNS:ListSubscriptions', 'sqs:ListQueues']) {
      await page.getByText(`You need permission for ${action}`, { exact: false }).waitFor();
    }
    await expectAccessible(page);
  });
});
