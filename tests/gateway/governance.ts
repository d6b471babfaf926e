import { expect } from 'vitest';
import type { Scenario } from './harness.ts';
import { failed, lowered, read, write } from './shapes.ts';

export const organizations: Scenario = async (t) => {
  const source = 'organizations';
  await t.call(source, 'CreateOrganization', { FeatureSet: 'ALL' }, ({ Organization }) =>
    write(source, { featureSet: 'ALL' }, { organization: { ...lowered(Organization), masterAccountEmail: '****' } }),
  );
  const { Roots } = await t.call(source, 'ListRoots', {}, read(source));
  await t.call(source, 'CreateOrganizationalUnit', { ParentId: Roots[0].Id, Name: 'mail' }, (r) =>
    write(source, { parentId: Roots[0].Id, name: 'mail' }, lowered(r)),
  );
  await t.call('organizations', 'DescribeOrganization', {}, read(source));
  await t.call(
    source,
    'DescribeAccount',
    { AccountId: '210987654321' },
    failed(read(source, { accountId: '210987654321' }), 'AccountNotFoundException'),
  );
  await t.call(source, 'DeleteOrganization', {}, write(source, null));
};

export const config: Scenario = async (t) => {
  const source = 'config';
  const recorder = { name: 'all', roleARN: 'arn:aws:iam::123456789012:role/config' };
  await t.call(
    source,
    'PutConfigurationRecorder',
    { ConfigurationRecorder: recorder },
    write(source, { configurationRecorder: recorder }),
  );
  const channel = { name: 'all', s3BucketName: 'mail' };
  await t.call(source, 'PutDeliveryChannel', { DeliveryChannel: channel }, write(source, { deliveryChannel: channel }));
  const ConfigurationRecorderName = 'all';
  await t.call(
    source,
    'StartConfigurationRecorder',
    { ConfigurationRecorderName },
    write(source, { configurationRecorderName: 'all' }),
  );
  await t.call(
    source,
    'StopConfigurationRecorder',
    { ConfigurationRecorderName },
    write(source, { configurationRecorderName: 'all' }),
  );
  await t.call('config', 'DescribeConfigurationRecorders', {}, read(source));
  await t.call(
    source,
    'DeleteDeliveryChannel',
    { DeliveryChannelName: 'nobody' },
    failed(write(source, { deliveryChannelName: 'nobody' }), 'NoSuchDeliveryChannelException'),
  );
};

export const guardduty: Scenario = async (t) => {
  const source = 'guardduty';
  const { DetectorId } = await t.call(
    source,
    'CreateDetector',
    { Enable: true, ClientToken: 'once', FindingPublishingFrequency: 'SIX_HOURS' },
    (r) =>
      write(
        source,
        { enable: true, clientToken: 'once', findingPublishingFrequency: 'SIX_HOURS' },
        { detectorId: r.DetectorId },
      ),
  );
  await t.call(
    source,
    'UpdateDetector',
    { DetectorId, Enable: false },
    write(source, { detectorId: DetectorId, enable: false }),
  );
  await t.call('guardduty', 'ListDetectors', {}, read(source));
  await t.call(
    source,
    'GetDetector',
    { DetectorId: 'nobody' },
    failed(read(source, { detectorId: 'nobody' }), 'BadRequestException'),
  );
  await t.call(source, 'DeleteDetector', { DetectorId }, write(source, { detectorId: DetectorId }));
};

/** On moto, not OpenTrail's own. */
export const cloudtrail: Scenario = async (t) => {
  const source = 'cloudtrail';
  await t.call(
    's3',
    'CreateBucket',
    { Bucket: 'trail-of-moto' },
    { ...write('s3', expect.objectContaining({ bucketName: 'trail-of-moto' })), additional: expect.anything() },
  );
  await t.call(source, 'CreateTrail', { Name: 'all', S3BucketName: 'trail-of-moto', IsMultiRegionTrail: true }, (r) =>
    write(
      source,
      { name: 'all', s3BucketName: 'trail-of-moto', isMultiRegionTrail: true },
      {
        name: 'all',
        s3BucketName: 'trail-of-moto',
        includeGlobalServiceEvents: true,
        isMultiRegionTrail: true,
        trailARN: r.TrailARN,
        logFileValidationEnabled: false,
        isOrganizationTrail: false,
      },
    ),
  );
  await t.call(source, 'StartLogging', { Name: 'all' }, write(source, { name: 'all' }));
  await t.call(source, 'StopLogging', { Name: 'all' }, write(source, { name: 'all' }));
  await t.cli(
    'DescribeTrails',
    ['cloudtrail', 'describe-trails', '--trail-name-list', 'all'],
    read(source, { trailNameList: ['all'] }),
  );
  await t.call(
    source,
    'GetTrailStatus',
    { Name: 'nobody' },
    failed(read(source, { name: 'nobody' }), 'TrailNotFoundException'),
  );
  await t.call(source, 'DeleteTrail', { Name: 'all' }, write(source, { name: 'all' }));
};

export const tagging: Scenario = async (t) => {
  const source = 'tagging';
  const service = 'resourcegroupstaggingapi';
  await t.call(
    service,
    'GetResources',
    { TagFilters: [{ Key: 'Team', Values: ['mail'] }] },
    read(source, { tagFilters: [{ key: 'Team', values: ['mail'] }] }),
  );
  await t.call('resourcegroupstaggingapi', 'GetTagKeys', {}, read(source));
  await t.call(service, 'GetTagValues', { Key: 'Team' }, read(source, { key: 'Team' }));
};

/** No parameter's value is logged (CloudFormation's guide). */
export const cloudformation: Scenario = async (t) => {
  const source = 'cloudformation';
  const template = JSON.stringify({
    Parameters: { Password: { Type: 'String', NoEcho: true } },
    Resources: { Queue: { Type: 'AWS::SQS::Queue' } },
  });
  await t.call(
    source,
    'CreateStack',
    {
      StackName: 'mail',
      TemplateBody: template,
      Parameters: [{ ParameterKey: 'Password', ParameterValue: 'hush' }],
      Tags: [{ Key: 'Team', Value: 'mail' }],
      DisableRollback: true,
    },
    (r) =>
      write(
        source,
        {
          stackName: 'mail',
          templateBody: template,
          parameters: [{ parameterKey: 'Password' }],
          tags: [{ key: 'Team', value: 'mail' }],
          disableRollback: true,
        },
        { stackId: r.StackId },
      ),
  );
  await t.call('cloudformation', 'ListStacks', {}, read(source));
  await t.call(
    source,
    'DescribeStacks',
    { StackName: 'nobody' },
    failed(read(source, { stackName: 'nobody' }), 'ValidationException'), // `ValidationError` on the wire
  );
  await t.call(source, 'DeleteStack', { StackName: 'mail' }, write(source, { stackName: 'mail' }));
};

export const serviceDiscovery: Scenario = async (t) => {
  const source = 'servicediscovery';
  await t.call(source, 'CreateHttpNamespace', { Name: 'mail', CreatorRequestId: 'once' }, (r) =>
    write(source, { name: 'mail', creatorRequestId: 'once' }, { operationId: r.OperationId }),
  );
  await t.call('servicediscovery', 'ListNamespaces', {}, read(source));
  await t.call(
    source,
    'GetNamespace',
    { Id: 'ns-nobody' },
    failed(read(source, { id: 'ns-nobody' }), 'NamespaceNotFound'),
  );
};

export const codebuild: Scenario = async (t) => {
  const source = 'codebuild';
  const project = {
    name: 'mail',
    source: { type: 'S3', location: 'mail/source.zip' },
    artifacts: { type: 'NO_ARTIFACTS' },
    environment: { type: 'LINUX_CONTAINER', image: 'build:1', computeType: 'BUILD_GENERAL1_SMALL' },
    serviceRole: 'arn:aws:iam::123456789012:role/build',
  };
  await t.call(source, 'CreateProject', project, (r) => write(source, project, lowered(r)));
  await t.call('codebuild', 'ListProjects', {}, read(source));
  await t.call(
    source,
    'ListBuildsForProject',
    { projectName: 'nobody' },
    failed(read(source, { projectName: 'nobody' }), 'ResourceNotFoundException'),
  );
  await t.call(source, 'DeleteProject', { name: 'mail' }, write(source, { name: 'mail' }));
};
