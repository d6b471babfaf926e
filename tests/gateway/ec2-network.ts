import { expect } from 'vitest';
import type { Scenario } from './harness.ts';

/** VPCs and what is in them, by the operations that CloudTrail logs by EC2's older message types. */

const source = 'ec2';
const requestId = expect.any(String);
/** Made up by boto3 where the model says so. */
const clientToken = expect.any(String);
const DONE = { requestId, _return: true };
const items = (...list: readonly unknown[]) => ({ items: list });
const TAGS = items({ key: 'Name', value: 'case' });
const tagged = (resourceType: string) => ({
  TagSpecifications: [{ ResourceType: resourceType, Tags: [{ Key: 'Name', Value: 'case' }] }],
});
/** As in the request of a tagged create call: the tags are the one list without `items`. */
const tagSpecificationSet = (resourceType: string) => items({ resourceType, tags: [{ key: 'Name', value: 'case' }] });

export const ec2Network: Scenario = async (t) => {
  const read = { source, readOnly: true } as const;
  const write = { source, readOnly: false } as const;

  await t.call('ec2', 'DescribeVpcs', {}, { ...read, request: { vpcSet: {}, filterSet: {} } });
  const { Vpc } = await t.call('ec2', 'CreateVpc', { CidrBlock: '10.9.0.0/16', ...tagged('vpc') }, ({ Vpc: vpc }) => ({
    ...write,
    request: {
      cidrBlock: '10.9.0.0/16',
      instanceTenancy: 'default',
      amazonProvidedIpv6CidrBlock: false,
      tagSpecificationSet: tagSpecificationSet('vpc'),
    },
    response: {
      requestId,
      vpc: {
        vpcId: vpc.VpcId,
        ownerId: '123456789012',
        state: vpc.State,
        cidrBlock: '10.9.0.0/16',
        cidrBlockAssociationSet: items({
          associationId: vpc.CidrBlockAssociationSet[0].AssociationId,
          cidrBlock: '10.9.0.0/16',
          cidrBlockState: { state: 'associated' },
        }),
        ipv6CidrBlockAssociationSet: {},
        dhcpOptionsId: vpc.DhcpOptionsId,
        instanceTenancy: 'default',
        isDefault: false,
        tagSet: TAGS,
      },
    },
  }));
  const vpcId = Vpc.VpcId as string;
  await t.call(
    'ec2',
    'ModifyVpcAttribute',
    { VpcId: vpcId, EnableDnsHostnames: { Value: true } },
    { ...write, request: { vpcId, enableDnsHostnames: { value: true } }, response: DONE },
  );
  await t.call(
    'ec2',
    'DescribeVpcAttribute',
    { VpcId: vpcId, Attribute: 'enableDnsHostnames' },
    { ...read, request: { vpcId } },
  );
  const { Subnet } = await t.call(
    'ec2',
    'CreateSubnet',
    { VpcId: vpcId, CidrBlock: '10.9.1.0/24', AvailabilityZone: 'us-east-1a' },
    ({ Subnet: subnet }) => ({
      ...write,
      request: { vpcId, cidrBlock: '10.9.1.0/24', availabilityZone: 'us-east-1a' },
      response: {
        requestId,
        subnet: expect.objectContaining({
          subnetId: subnet.SubnetId,
          subnetArn: `arn:aws:ec2:us-east-1:123456789012:subnet/${subnet.SubnetId}`,
          vpcId,
          cidrBlock: '10.9.1.0/24',
          ipv6CidrBlockAssociationSet: {},
          availableIpAddressCount: 251,
          availabilityZone: 'us-east-1a',
          ownerId: '123456789012',
          defaultForAz: false,
          mapPublicIpOnLaunch: false,
          assignIpv6AddressOnCreation: false,
        }),
      },
    }),
  );
  const subnetId = Subnet.SubnetId as string;
  await t.call(
    'ec2',
    'ModifySubnetAttribute',
    { SubnetId: subnetId, MapPublicIpOnLaunch: { Value: true } },
    { ...write, request: { subnetId, mapPublicIpOnLaunch: { value: true } }, response: DONE },
  );
  await t.cli(
    'DescribeSubnets',
    ['ec2', 'describe-subnets', '--filters', `Name=vpc-id,Values=${vpcId}`, 'Name=state,Values=available,pending'],
    {
      ...read,
      request: {
        subnetSet: {},
        filterSet: items(
          { name: 'vpc-id', valueSet: items({ value: vpcId }) },
          { name: 'state', valueSet: items({ value: 'available' }, { value: 'pending' }) },
        ),
      },
    },
  );

  const { InternetGateway } = await t.call('ec2', 'CreateInternetGateway', tagged('internet-gateway'), (made) => ({
    ...write,
    request: { tagSpecificationSet: tagSpecificationSet('internet-gateway') },
    response: {
      requestId,
      internetGateway: expect.objectContaining({
        internetGatewayId: made.InternetGateway.InternetGatewayId,
        ownerId: '123456789012',
        attachmentSet: {},
        tagSet: TAGS,
      }),
    },
  }));
  const internetGatewayId = InternetGateway.InternetGatewayId as string;
  const attached = { ...write, request: { internetGatewayId, vpcId }, response: DONE };
  const both = { InternetGatewayId: internetGatewayId, VpcId: vpcId };
  await t.call('ec2', 'AttachInternetGateway', both, attached);

  const { RouteTable } = await t.call('ec2', 'CreateRouteTable', { VpcId: vpcId }, ({ RouteTable: table }) => ({
    ...write,
    request: { vpcId, clientToken },
    response: {
      requestId,
      routeTable: expect.objectContaining({
        routeTableId: table.RouteTableId,
        vpcId,
        ownerId: '123456789012',
        routeSet: items({
          destinationCidrBlock: '10.9.0.0/16',
          gatewayId: 'local',
          origin: 'CreateRouteTable',
          state: 'active',
        }),
        associationSet: {},
        tagSet: {},
      }),
    },
  }));
  const routeTableId = RouteTable.RouteTableId as string;
  await t.call(
    'ec2',
    'CreateRoute',
    { RouteTableId: routeTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId: internetGatewayId },
    {
      ...write,
      request: { routeTableId, destinationCidrBlock: '0.0.0.0/0', gatewayId: internetGatewayId },
      response: DONE,
    },
  );
  const { AssociationId } = await t.call(
    'ec2',
    'AssociateRouteTable',
    { RouteTableId: routeTableId, SubnetId: subnetId },
    (made) => ({
      ...write,
      request: { routeTableId, subnetId },
      response: { requestId, associationId: made.AssociationId, associationState: { state: 'associated' } },
    }),
  );
  await t.call(
    'ec2',
    'DescribeRouteTables',
    { RouteTableIds: [routeTableId] },
    { ...read, request: { routeTableIdSet: items({ routeTableId }), filterSet: {} } },
  );
  await t.call(
    'ec2',
    'DisassociateRouteTable',
    { AssociationId },
    { ...write, request: { associationId: AssociationId }, response: DONE },
  );
  await t.call(
    'ec2',
    'DeleteRoute',
    { RouteTableId: routeTableId, DestinationCidrBlock: '0.0.0.0/0' },
    { ...write, request: { routeTableId, destinationCidrBlock: '0.0.0.0/0' }, response: DONE },
  );
  await t.call(
    'ec2',
    'DescribeRouteTables',
    { RouteTableIds: ['rtb-00000000'] },
    {
      ...read,
      request: { routeTableIdSet: items({ routeTableId: 'rtb-00000000' }), filterSet: {} },
      error: 'Client.InvalidRouteTableID.NotFound',
    },
  );
  await t.call(
    'ec2',
    'DeleteRouteTable',
    { RouteTableId: routeTableId },
    { ...write, request: { routeTableId }, response: DONE },
  );
  await t.call('ec2', 'DetachInternetGateway', both, attached);
  await t.call(
    'ec2',
    'DeleteInternetGateway',
    { InternetGatewayId: internetGatewayId },
    { ...write, request: { internetGatewayId }, response: DONE },
  );

  const { NetworkAcl } = await t.call('ec2', 'CreateNetworkAcl', { VpcId: vpcId }, (made) => ({
    ...write,
    request: { vpcId, clientToken },
    response: {
      requestId,
      networkAcl: expect.objectContaining({ networkAclId: made.NetworkAcl.NetworkAclId, vpcId, tagSet: {} }),
    },
  }));
  const networkAclId = NetworkAcl.NetworkAclId as string;
  await t.call(
    'ec2',
    'CreateNetworkAclEntry',
    {
      NetworkAclId: networkAclId,
      RuleNumber: 12,
      Protocol: '6',
      RuleAction: 'allow',
      Egress: false,
      CidrBlock: '0.0.0.0/0',
      PortRange: { From: 700, To: 702 },
    },
    {
      ...write,
      request: {
        networkAclId,
        ruleNumber: 12,
        aclProtocol: '6',
        ruleAction: 'allow',
        egress: false,
        cidrBlock: '0.0.0.0/0',
        icmpTypeCode: {},
        portRange: { from: 700, to: 702 },
      },
      response: DONE,
    },
  );
  await t.call(
    'ec2',
    'DeleteNetworkAcl',
    { NetworkAclId: networkAclId },
    { ...write, request: { networkAclId }, response: DONE },
  );
  await t.call('ec2', 'DeleteSubnet', { SubnetId: subnetId }, { ...write, request: { subnetId }, response: DONE });
  await t.call('ec2', 'DeleteVpc', { VpcId: vpcId }, { ...write, request: { vpcId }, response: DONE });
  await t.cli('DeleteVpc', ['ec2', 'delete-vpc', '--vpc-id', vpcId], {
    ...write,
    request: { vpcId },
    error: 'Client.InvalidVpcID.NotFound',
  });
};
