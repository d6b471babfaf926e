import type { Expected, Scenario } from './harness.ts';
import { failed, lowered, read, write } from './shapes.ts';

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

export const logs: Scenario = async (t) => {
  const source = 'logs';
  const versioned = (expected: Expected): Expected => ({ ...expected, apiVersion: '20140328' });
  const logGroupName = '/app/mail';
  await t.call(
    source,
    'CreateLogGroup',
    { logGroupName, tags: { Team: 'mail' } },
    versioned(write(source, { logGroupName, tags: { Team: 'mail' } })),
  );
  await t.call(
    source,
    'CreateLogStream',
    { logGroupName, logStreamName: 'a' },
    versioned(write(source, { logGroupName, logStreamName: 'a' })),
  );
  await t.call(
    source,
    'PutRetentionPolicy',
    { logGroupName, retentionInDays: 7 },
    versioned(write(source, { logGroupName, retentionInDays: 7 })),
  );
  const metric = { metricName: 'errors', metricNamespace: 'mail', metricValue: '1' };
  await t.call(
    source,
    'PutMetricFilter',
    { logGroupName, filterName: 'errors', filterPattern: 'ERROR', metricTransformations: [metric] },
    versioned(
      write(source, { logGroupName, filterName: 'errors', filterPattern: 'ERROR', metricTransformations: [metric] }),
    ),
  );
  await t.cli(
    'DescribeLogGroups',
    ['logs', 'describe-log-groups', '--log-group-name-prefix', '/app'],
    versioned(read(source, { logGroupNamePrefix: '/app' })),
  );
  await t.call(
    source,
    'CreateLogGroup',
    { logGroupName },
    versioned(failed(write(source, { logGroupName }), 'ResourceAlreadyExistsException')),
  );
  await t.call(source, 'DeleteLogGroup', { logGroupName }, versioned(write(source, { logGroupName })));
};

export const cloudwatch: Scenario = async (t) => {
  const source = 'monitoring';
  await t.call(
    'cloudwatch',
    'PutMetricAlarm',
    {
      AlarmName: 'busy',
      Namespace: 'AWS/EC2',
      MetricName: 'CPUUtilization',
      Dimensions: [{ Name: 'InstanceId', Value: 'i-1' }],
      Statistic: 'Average',
      Period: 60,
      EvaluationPeriods: 2,
      Threshold: 70.5,
      ComparisonOperator: 'GreaterThanThreshold',
    },
    write(source, {
      alarmName: 'busy',
      namespace: 'AWS/EC2',
      metricName: 'CPUUtilization',
      dimensions: [{ name: 'InstanceId', value: 'i-1' }],
      statistic: 'Average',
      period: 60,
      evaluationPeriods: 2,
      threshold: 70.5,
      comparisonOperator: 'GreaterThanThreshold',
    }),
  );
  await t.call(
    'cloudwatch',
    'PutDashboard',
    { DashboardName: 'wall', DashboardBody: '{"widgets":[]}' },
    write(source, { dashboardName: 'wall', dashboardBody: '{"widgets":[]}' }, { dashboardValidationMessages: [] }),
  );
  await t.cli(
    'DescribeAlarms',
    ['cloudwatch', 'describe-alarms', '--alarm-names', 'busy'],
    read(source, { alarmNames: ['busy'] }),
  );
  await t.call(
    'cloudwatch',
    'PutMetricData',
    { Namespace: 'mail', MetricData: [{ MetricName: 'sent', Value: 1, Unit: 'Count' }] },
    {
      ...write(source, { namespace: 'mail', metricData: [{ metricName: 'sent', value: 1, unit: 'Count' }] }),
      data: true,
    },
  );
  await t.call(
    'cloudwatch',
    'GetDashboard',
    { DashboardName: 'nobody' },
    failed(read(source, { dashboardName: 'nobody' }), 'DashboardNotFoundError'),
  );
  await t.call('cloudwatch', 'DeleteAlarms', { AlarmNames: ['busy'] }, write(source, { alarmNames: ['busy'] }));
};

export const stepFunctions: Scenario = async (t) => {
  const source = 'states';
  const roleArn = 'arn:aws:iam::123456789012:role/states';
  const definition = '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}';
  const { stateMachineArn } = await t.call(
    'stepfunctions',
    'CreateStateMachine',
    { name: 'mail', definition, roleArn },
    (r) => write(source, { name: 'mail', definition: HIDDEN, roleArn }, lowered(r)),
  );
  await t.call(
    'stepfunctions',
    'StartExecution',
    { stateMachineArn, name: 'first', input: '{"password":"hush"}' },
    (r) => write(source, { stateMachineArn, name: 'first', input: HIDDEN }, lowered(r)),
  );
  await t.call(
    'stepfunctions',
    'TagResource',
    { resourceArn: stateMachineArn, tags: [{ key: 'Team', value: 'mail' }] },
    write(source, { resourceArn: stateMachineArn, tags: [{ key: 'Team', value: 'mail' }] }),
  );
  await t.call('stepfunctions', 'ListStateMachines', {}, read(source));
  await t.call(
    'stepfunctions',
    'DescribeStateMachine',
    { stateMachineArn: `${stateMachineArn}2` },
    failed(read(source, { stateMachineArn: `${stateMachineArn}2` }), 'StateMachineDoesNotExist'),
  );
  await t.call('stepfunctions', 'DeleteStateMachine', { stateMachineArn }, write(source, { stateMachineArn }));
};
