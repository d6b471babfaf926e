import { expect } from 'vitest';
import type { Scenario } from './harness.ts';

/** Operations that are newer than EC2's message types: logged as XML bodies, whose numbers and booleans are just that. */

const source = 'ec2';
const requestId = expect.any(String);
const ClientToken = expect.any(String);
const xmlns = 'http://ec2.amazonaws.com/doc/2016-11-15/';
const items = (...list: readonly unknown[]) => ({ items: list });
const read = { source, readOnly: true } as const;
const write = { source, readOnly: false } as const;

export const ec2Newer: Scenario = async (t) => {
  const { Subnets } = await t.call(
    'ec2',
    'DescribeSubnets',
    {},
    { ...read, request: { subnetSet: {}, filterSet: {} } },
  );
  const { SubnetId, VpcId } = Subnets[0];
  const { AllocationId } = await t.call('ec2', 'AllocateAddress', { Domain: 'vpc' }, (made) => ({
    ...write,
    request: { domain: 'vpc' },
    response: { requestId, publicIp: made.PublicIp, domain: 'vpc', allocationId: made.AllocationId },
  }));
  const { NatGateway } = await t.call(
    'ec2',
    'CreateNatGateway',
    {
      SubnetId,
      AllocationId,
      TagSpecifications: [
        {
          ResourceType: 'natgateway',
          Tags: [
            { Key: 'Name', Value: 'case' },
            { Key: 'keep', Value: 'true' },
          ],
        },
      ],
    },
    ({ NatGateway: made }) => ({
      ...write,
      request: {
        CreateNatGatewayRequest: {
          AllocationId,
          SubnetId,
          ClientToken,
          TagSpecification: {
            ResourceType: 'natgateway',
            tag: 1,
            Tag: [
              { Key: 'Name', Value: 'case', tag: 1 },
              { Key: 'keep', Value: true, tag: 2 },
            ],
          },
        },
      },
      response: {
        CreateNatGatewayResponse: expect.objectContaining({
          xmlns,
          requestId,
          natGateway: expect.objectContaining({
            natGatewayId: made.NatGatewayId,
            subnetId: SubnetId,
            vpcId: VpcId,
            state: made.State,
            createTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
            natGatewayAddressSet: { item: expect.objectContaining({ allocationId: AllocationId }) },
            tagSet: {
              item: [
                { key: 'Name', value: 'case' },
                { key: 'keep', value: true },
              ],
            },
          }),
        }),
      },
    }),
  );
  const natGatewayId = NatGateway.NatGatewayId as string;
  await t.cli('DescribeNatGateways', ['ec2', 'describe-nat-gateways', '--filter', `Name=vpc-id,Values=${VpcId}`], {
    ...read,
    request: {
      DescribeNatGatewaysRequest: { Filter: { Name: 'vpc-id', Value: { tag: 1, content: VpcId }, tag: 1 } },
    },
  });
  await t.call(
    'ec2',
    'DescribeNatGateways',
    { NatGatewayIds: [natGatewayId], MaxResults: 5 },
    {
      ...read,
      request: { DescribeNatGatewaysRequest: { MaxResults: 5, NatGatewayId: { tag: 1, content: natGatewayId } } },
    },
  );
  await t.call(
    'ec2',
    'DeleteNatGateway',
    { NatGatewayId: natGatewayId },
    {
      ...write,
      request: { DeleteNatGatewayRequest: { NatGatewayId: natGatewayId } },
      response: { DeleteNatGatewayResponse: { xmlns, requestId, natGatewayId } },
    },
  );
  const bucket = 'arn:aws:s3:::ec2-newer-flow-logs';
  await t.call(
    's3',
    'CreateBucket',
    { Bucket: 'ec2-newer-flow-logs' },
    {
      source: 's3',
      readOnly: false,
      request: { bucketName: 'ec2-newer-flow-logs', Host: expect.any(String) },
      additional: expect.anything(),
    },
  );
  const { FlowLogIds } = await t.call(
    'ec2',
    'CreateFlowLogs',
    {
      ResourceIds: [VpcId],
      ResourceType: 'VPC',
      TrafficType: 'REJECT',
      LogDestinationType: 's3',
      LogDestination: bucket,
      MaxAggregationInterval: 600,
    },
    ({ FlowLogIds: [made], ClientToken: token }) => ({
      ...write,
      request: {
        CreateFlowLogsRequest: {
          ResourceId: { tag: 1, content: VpcId },
          ResourceType: 'VPC',
          TrafficType: 'REJECT',
          LogDestinationType: 's3',
          LogDestination: bucket,
          MaxAggregationInterval: 600,
        },
      },
      response: {
        CreateFlowLogsResponse: {
          xmlns,
          requestId,
          ...(token !== undefined && { clientToken: token }),
          unsuccessful: '',
          flowLogIdSet: { item: made },
        },
      },
    }),
  );
  await t.call('ec2', 'DescribeFlowLogs', {}, { ...read, request: { DescribeFlowLogsRequest: '' } });
  await t.call(
    'ec2',
    'DeleteFlowLogs',
    { FlowLogIds },
    {
      ...write,
      request: { DeleteFlowLogsRequest: { FlowLogId: { tag: 1, content: FlowLogIds[0] } } },
      // AWS answers `<unsuccessful/>` too, which shows as ''; moto leaves it out.
      response: { DeleteFlowLogsResponse: { xmlns, requestId } },
    },
  );

  await t.call(
    'ec2',
    'DeleteFlowLogs',
    { FlowLogIds },
    {
      ...write,
      request: { DeleteFlowLogsRequest: { FlowLogId: { tag: 1, content: FlowLogIds[0] } } },
      error: 'Client.InvalidFlowLogId.NotFound',
    },
  );

  const { LaunchTemplate } = await t.call(
    'ec2',
    'CreateLaunchTemplate',
    {
      LaunchTemplateName: 'case-template',
      LaunchTemplateData: {
        InstanceType: 't3.micro',
        ImageId: 'ami-12c6146b',
        UserData: Buffer.from('PASSWORD=hunter2').toString('base64'),
        SecurityGroupIds: ['sg-1', 'sg-2'],
        BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { VolumeSize: 100, DeleteOnTermination: true } }],
      },
    },
    ({ LaunchTemplate: made }) => ({
      ...write,
      request: {
        CreateLaunchTemplateRequest: {
          ClientToken,
          LaunchTemplateName: 'case-template',
          LaunchTemplateData: {
            InstanceType: 't3.micro',
            ImageId: 'ami-12c6146b',
            UserData: '<sensitiveDataRemoved>',
            SecurityGroupId: [
              { tag: 1, content: 'sg-1' },
              { tag: 2, content: 'sg-2' },
            ],
            BlockDeviceMapping: {
              DeviceName: '/dev/sda1',
              Ebs: { VolumeSize: 100, DeleteOnTermination: true },
              tag: 1,
            },
          },
        },
      },
      response: {
        CreateLaunchTemplateResponse: {
          xmlns,
          requestId,
          launchTemplate: expect.objectContaining({
            launchTemplateId: made.LaunchTemplateId,
            launchTemplateName: 'case-template',
            createdBy: made.CreatedBy,
            defaultVersionNumber: 1,
            latestVersionNumber: 1,
          }),
        },
      },
    }),
  );
  await t.call(
    'ec2',
    'DescribeLaunchTemplates',
    { LaunchTemplateNames: ['case-template'] },
    {
      ...read,
      request: { DescribeLaunchTemplatesRequest: { LaunchTemplateName: { tag: 1, content: 'case-template' } } },
    },
  );
  const { LaunchTemplateId } = LaunchTemplate;
  await t.call(
    'ec2',
    'DeleteLaunchTemplate',
    { LaunchTemplateId },
    {
      ...write,
      request: { DeleteLaunchTemplateRequest: { LaunchTemplateId } },
      response: {
        DeleteLaunchTemplateResponse: {
          xmlns,
          requestId,
          launchTemplate: expect.objectContaining({ launchTemplateId: LaunchTemplateId }),
        },
      },
    },
  );

  const { InstanceId } = (
    await t.call(
      'ec2',
      'RunInstances',
      { ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1 },
      {
        ...write,
        request: {
          instancesSet: items({ imageId: 'ami-12c6146b', minCount: 1, maxCount: 1 }),
          blockDeviceMapping: {},
          monitoring: { enabled: false },
          disableApiTermination: false,
          disableApiStop: false,
          clientToken: ClientToken,
        },
        response: expect.anything(),
      },
    )
  ).Instances[0];
  await t.call(
    'ec2-instance-connect',
    'SendSSHPublicKey',
    { InstanceId, InstanceOSUser: 'ec2-user', SSHPublicKey: `ssh-ed25519 ${'A'.repeat(68)}` },
    (made) => ({
      source: 'ec2-instance-connect',
      readOnly: false,
      request: {
        instanceId: InstanceId,
        instanceOSUser: 'ec2-user',
        sSHPublicKey: `ssh-ed25519 ${'A'.repeat(68)}`,
      },
      response: { requestId: made.RequestId, success: true },
    }),
  );
};
