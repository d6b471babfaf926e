import { expect } from 'vitest';
import type { Scenario } from './harness.ts';

/** Security groups, network interfaces, addresses and tags. */

const source = 'ec2';
const requestId = expect.any(String);
const DONE = { requestId, _return: true };
const items = (...list: readonly unknown[]) => ({ items: list });
const read = { source, readOnly: true } as const;
const write = { source, readOnly: false } as const;

const HTTPS = {
  IpProtocol: 'tcp',
  FromPort: 443,
  ToPort: 443,
  IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'all the world' }],
};
/** All kinds of sources stand in a rule, given or not. */
const HTTPS_SHOWN = {
  ipProtocol: 'tcp',
  fromPort: 443,
  toPort: 443,
  groups: {},
  ipRanges: items({ cidrIp: '0.0.0.0/0', description: 'all the world' }),
  ipv6Ranges: {},
  prefixListIds: {},
};

export const ec2Access: Scenario = async (t) => {
  const { Vpcs } = await t.call(
    'ec2',
    'DescribeVpcs',
    { Filters: [{ Name: 'is-default', Values: ['true'] }] },
    {
      ...read,
      request: { vpcSet: {}, filterSet: items({ name: 'is-default', valueSet: items({ value: 'true' }) }) },
    },
  );
  const vpcId = Vpcs[0].VpcId as string;

  const { GroupId: groupId } = await t.call(
    'ec2',
    'CreateSecurityGroup',
    { GroupName: 'cases', Description: 'of cases', VpcId: vpcId },
    (made) => ({
      ...write,
      request: { groupName: 'cases', groupDescription: 'of cases', vpcId },
      response: {
        requestId,
        _return: true,
        groupId: made.GroupId,
        securityGroupArn: `arn:aws:ec2:us-east-1:123456789012:security-group/${made.GroupId}`,
      },
    }),
  );
  await t.call(
    'ec2',
    'AuthorizeSecurityGroupIngress',
    { GroupId: groupId, IpPermissions: [HTTPS] },
    ({ SecurityGroupRules: [rule] }) => ({
      ...write,
      request: { groupId, ipPermissions: items(HTTPS_SHOWN) },
      response: {
        ...DONE,
        securityGroupRuleSet: items(
          expect.objectContaining({
            groupId,
            securityGroupRuleId: rule.SecurityGroupRuleId,
            isEgress: false,
            ipProtocol: 'tcp',
            fromPort: 443,
            toPort: 443,
            cidrIpv4: '0.0.0.0/0',
            description: 'all the world',
          }),
        ),
      },
    }),
  );
  await t.call(
    'ec2',
    'AuthorizeSecurityGroupIngress',
    { GroupId: groupId, IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' },
    {
      ...write,
      request: { groupId, ipProtocol: 'tcp', fromPort: 443, toPort: 443, cidrIp: '0.0.0.0/0', ipPermissions: {} },
      error: 'Client.InvalidPermission.Duplicate',
    },
  );
  await t.call(
    'ec2',
    'AuthorizeSecurityGroupEgress',
    {
      GroupId: groupId,
      IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: groupId, UserId: '123456789012' }] }],
    },
    ({ SecurityGroupRules: [rule] }) => ({
      ...write,
      request: {
        groupId,
        ipPermissions: items({
          ipProtocol: '-1',
          groups: items({ groupId, userId: '123456789012' }),
          ipRanges: {},
          ipv6Ranges: {},
          prefixListIds: {},
        }),
      },
      response: {
        ...DONE,
        securityGroupRuleSet: items(
          expect.objectContaining({ groupId, securityGroupRuleId: rule.SecurityGroupRuleId, isEgress: true }),
        ),
      },
    }),
  );
  await t.call(
    'ec2',
    'RevokeSecurityGroupIngress',
    { GroupId: groupId, IpPermissions: [HTTPS] },
    { ...write, request: { groupId, ipPermissions: items(HTTPS_SHOWN) }, response: DONE },
  );
  await t.call(
    'ec2',
    'DescribeSecurityGroups',
    { GroupIds: [groupId], Filters: [{ Name: 'vpc-id', Values: [vpcId] }] },
    {
      ...read,
      request: {
        securityGroupSet: {},
        securityGroupIdSet: items({ groupId }),
        filterSet: items({ name: 'vpc-id', valueSet: items({ value: vpcId }) }),
      },
    },
  );
  await t.call(
    'ec2',
    'CreateTags',
    { Resources: [groupId], Tags: [{ Key: 'team', Value: 'audit' }] },
    {
      ...write,
      request: { resourcesSet: items({ resourceId: groupId }), tagSet: items({ key: 'team', value: 'audit' }) },
      response: DONE,
    },
  );
  await t.cli('DescribeTags', ['ec2', 'describe-tags', '--filters', `Name=resource-id,Values=${groupId}`], {
    ...read,
    request: { filterSet: items({ name: 'resource-id', valueSet: items({ value: groupId }) }) },
  });
  await t.call(
    'ec2',
    'DeleteTags',
    { Resources: [groupId], Tags: [{ Key: 'team' }] },
    {
      ...write,
      request: { resourcesSet: items({ resourceId: groupId }), tagSet: items({ key: 'team' }) },
      response: DONE,
    },
  );

  const { Subnets } = await t.call(
    'ec2',
    'DescribeSubnets',
    {},
    { ...read, request: { subnetSet: {}, filterSet: {} } },
  );
  const subnetId = Subnets[0].SubnetId as string;
  const { NetworkInterface } = await t.call(
    'ec2',
    'CreateNetworkInterface',
    { SubnetId: subnetId, Description: 'of cases', Groups: [groupId] },
    ({ NetworkInterface: made }) => ({
      ...write,
      request: {
        subnetId,
        description: 'of cases',
        groupSet: items({ groupId }),
        privateIpAddressesSet: {},
        clientToken: expect.any(String),
      },
      response: {
        requestId,
        networkInterface: expect.objectContaining({
          networkInterfaceId: made.NetworkInterfaceId,
          subnetId,
          vpcId,
          description: 'of cases',
          macAddress: made.MacAddress,
          privateIpAddress: made.PrivateIpAddress,
          groupSet: items({ groupId, groupName: 'cases' }),
          privateIpAddressesSet: {
            item: [expect.objectContaining({ privateIpAddress: made.PrivateIpAddress, primary: true })],
          },
        }),
      },
    }),
  );
  const networkInterfaceId = NetworkInterface.NetworkInterfaceId as string;
  await t.call(
    'ec2',
    'DescribeNetworkInterfaces',
    { NetworkInterfaceIds: [networkInterfaceId] },
    { ...read, request: { networkInterfaceIdSet: items({ networkInterfaceId }), filterSet: {} } },
  );

  const { PublicIp, AllocationId } = await t.call(
    'ec2',
    'AllocateAddress',
    {
      Domain: 'vpc',
      TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: [{ Key: 'team', Value: 'audit' }] }],
    },
    (made) => ({
      ...write,
      request: {
        domain: 'vpc',
        tagSpecificationSet: items({ resourceType: 'elastic-ip', tags: [{ key: 'team', value: 'audit' }] }),
      },
      // AWS adds publicIpv4Pool and networkBorderGroup.
      response: { requestId, publicIp: made.PublicIp, domain: 'vpc', allocationId: made.AllocationId },
    }),
  );
  const { AssociationId } = await t.call(
    'ec2',
    'AssociateAddress',
    { AllocationId, NetworkInterfaceId: networkInterfaceId },
    (made) => ({
      ...write,
      request: { allocationId: AllocationId, networkInterfaceId },
      response: { ...DONE, associationId: made.AssociationId },
    }),
  );
  await t.call(
    'ec2',
    'DisassociateAddress',
    { AssociationId },
    { ...write, request: { associationId: AssociationId }, response: DONE },
  );
  await t.call(
    'ec2',
    'DescribeAddresses',
    { PublicIps: [PublicIp] },
    {
      ...read,
      request: { publicIpsSet: items({ publicIp: PublicIp }), filterSet: {}, allocationIdsSet: {} },
    },
  );
  await t.call(
    'ec2',
    'ReleaseAddress',
    { AllocationId },
    { ...write, request: { allocationId: AllocationId }, response: DONE },
  );
  await t.call(
    'ec2',
    'DescribeAddresses',
    { AllocationIds: [AllocationId] },
    {
      ...read,
      request: {
        publicIpsSet: {},
        filterSet: {},
        allocationIdsSet: items({ allocationId: AllocationId }),
      },
      error: 'Client.InvalidAllocationID.NotFound',
    },
  );
  await t.call(
    'ec2',
    'DeleteNetworkInterface',
    { NetworkInterfaceId: networkInterfaceId },
    { ...write, request: { networkInterfaceId }, response: DONE },
  );
  await t.call('ec2', 'DeleteSecurityGroup', { GroupId: groupId }, { ...write, request: { groupId }, response: DONE });
  await t.call(
    'ec2',
    'DeleteSecurityGroup',
    { GroupId: groupId },
    { ...write, request: { groupId }, error: 'Client.InvalidGroup.NotFound' },
  );
};
