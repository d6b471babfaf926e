import { expect } from 'vitest';
import type { Expected, Scenario } from './harness.ts';
import { failed, lowered, read, write } from './shapes.ts';

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

export const ecs: Scenario = async (t) => {
  const source = 'ecs';
  await t.call(source, 'CreateCluster', { clusterName: 'web' }, (r) =>
    write(source, { clusterName: 'web' }, lowered(r)),
  );
  await t.call(
    source,
    'RegisterTaskDefinition',
    {
      family: 'mail',
      containerDefinitions: [
        {
          name: 'smtp',
          image: 'smtp:1',
          memory: 128,
          command: ['serve'],
          essential: true,
          environment: [{ name: 'PASSWORD', value: 'hush' }],
        },
      ],
    },
    ({ taskDefinition }) =>
      write(
        source,
        {
          family: 'mail',
          containerDefinitions: [
            { name: 'smtp', image: 'smtp:1', memory: 128, command: ['serve'], essential: true, environment: HIDDEN },
          ],
        },
        {
          taskDefinition: {
            ...taskDefinition,
            containerDefinitions: [{ ...taskDefinition.containerDefinitions[0], environment: HIDDEN }],
          },
        },
      ),
  );
  await t.call(
    source,
    'CreateService',
    { cluster: 'web', serviceName: 'smtp', taskDefinition: 'mail', desiredCount: 0 },
    (r) => write(source, { cluster: 'web', serviceName: 'smtp', taskDefinition: 'mail', desiredCount: 0 }, lowered(r)),
  );
  await t.cli('ListTasks', ['ecs', 'list-tasks', '--cluster', 'web'], read(source, { cluster: 'web' }));
  await t.call(
    source,
    'ListTasks',
    { cluster: 'nobody' },
    failed(read(source, { cluster: 'nobody' }), 'ClusterNotFoundException'),
  );
  const service = await t.call(source, 'DeleteService', { cluster: 'web', service: 'smtp', force: true }, (r) =>
    write(source, { cluster: 'web', service: 'smtp', force: true }, lowered(r)),
  );
  await t.call(
    source,
    'TagResource',
    { resourceArn: service.service.clusterArn, tags: [{ key: 'Team', value: 'mail' }] },
    write(source, { resourceArn: service.service.clusterArn, tags: [{ key: 'Team', value: 'mail' }] }),
  );
};

export const ecr: Scenario = async (t) => {
  const source = 'ecr';
  const ofRepository = (expected: Expected): Expected => ({
    ...expected,
    resources: [{ accountId: '123456789012', ARN: 'arn:aws:ecr:us-east-1:123456789012:repository/mail' }],
  });
  await t.call(source, 'CreateRepository', { repositoryName: 'mail', imageTagMutability: 'MUTABLE' }, (r) =>
    ofRepository(write(source, { repositoryName: 'mail', imageTagMutability: 'MUTABLE' }, lowered(r))),
  );
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: { digest: 'sha256:0', size: 1 },
    layers: [],
  });
  await t.call(source, 'PutImage', { repositoryName: 'mail', imageTag: 'latest', imageManifest: manifest }, (r) =>
    ofRepository(write(source, { repositoryName: 'mail', imageTag: 'latest', imageManifest: manifest }, lowered(r))),
  );
  await t.call(
    source,
    'BatchGetImage',
    { repositoryName: 'mail', imageIds: [{ imageTag: 'latest' }] },
    ofRepository(read(source, { repositoryName: 'mail', imageIds: [{ imageTag: 'latest' }] })),
  );
  const policy = JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        selection: { tagStatus: 'untagged', countType: 'imageCountMoreThan', countNumber: 5 },
        action: { type: 'expire' },
      },
    ],
  });
  await t.call(source, 'PutLifecyclePolicy', { repositoryName: 'mail', lifecyclePolicyText: policy }, (r) =>
    ofRepository(write(source, { repositoryName: 'mail', lifecyclePolicyText: policy }, lowered(r))),
  );
  // The token that it answers is a password.
  await t.call('ecr', 'GetAuthorizationToken', {}, read(source));
  await t.call(
    source,
    'ListImages',
    { repositoryName: 'nobody' },
    failed(read(source, { repositoryName: 'nobody' }), 'RepositoryNotFoundException'),
  );
  await t.call(source, 'DeleteRepository', { repositoryName: 'mail', force: true }, (r) =>
    ofRepository(write(source, { repositoryName: 'mail', force: true }, lowered(r))),
  );
};

export const eks: Scenario = async (t) => {
  const source = 'eks';
  const roleArn = 'arn:aws:iam::123456789012:role/eks';
  const epoch = ({ $time }: { readonly $time: number }) => $time;
  const subnets = ['subnet-1', 'subnet-2'];
  await t.call(
    source,
    'CreateCluster',
    { name: 'test', roleArn, resourcesVpcConfig: { subnetIds: subnets }, clientRequestToken: 'once' },
    (r) =>
      write(
        source,
        { name: 'test', roleArn, resourcesVpcConfig: { subnetIds: subnets }, clientRequestToken: 'once' },
        lowered(r, epoch),
      ),
  );
  await t.call(
    source,
    'TagResource',
    { resourceArn: 'arn:aws:eks:us-east-1:123456789012:cluster/test', tags: { team: 'mail' } },
    write(source, { resourceArn: 'arn:aws:eks:us-east-1:123456789012:cluster/test', tags: { team: 'mail' } }),
  );
  await t.call('eks', 'ListClusters', {}, read(source));
  await t.call(
    source,
    'DescribeCluster',
    { name: 'nobody' },
    failed(read(source, { name: 'nobody' }), 'ResourceNotFoundException'),
  );
  await t.call(source, 'DeleteCluster', { name: 'test' }, (r) => write(source, { name: 'test' }, lowered(r, epoch)));
};

export const batch: Scenario = async (t) => {
  const source = 'batch';
  await t.call(
    source,
    'RegisterJobDefinition',
    { jobDefinitionName: 'count', type: 'container', containerProperties: { image: 'busybox', vcpus: 1, memory: 128 } },
    (r) =>
      write(
        source,
        {
          jobDefinitionName: 'count',
          type: 'container',
          containerProperties: { image: 'busybox', vcpus: 1, memory: 128 },
        },
        lowered(r),
      ),
  );
  await t.call(source, 'DescribeJobDefinitions', { status: 'ACTIVE' }, read(source, { status: 'ACTIVE' }));
  await t.call(
    source,
    'CreateJobQueue',
    { jobQueueName: 'q', priority: 1, computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'nobody' }] },
    failed(write(source, expect.objectContaining({ jobQueueName: 'q', priority: 1 })), 'ClientException'),
  );
  await t.call(
    source,
    'DeregisterJobDefinition',
    { jobDefinition: 'count:1' },
    write(source, { jobDefinition: 'count:1' }),
  );
};
