/**
 * How EC2's older operations log their requests: not by the API's members but by EC2's own message types, whose names its
 * WSDL published until 2014. Sources: records (spec: record-conventions §8.1; the data set), and for operations that no
 * record shows, the WSDL's names.
 */

/**
 * Operations of API version 2014-10-01. Everything newer is logged as an XML body (`DescribeNatGatewaysRequest`): all
 * records known keep to this border, from DescribeVpcClassicLink (2014) to CreateFlowLogs (2015).
 */
export const CLASSIC_OPERATIONS: ReadonlySet<string> = new Set(
  [
    'AcceptVpcPeeringConnection AllocateAddress AssignPrivateIpAddresses AssociateAddress AssociateDhcpOptions',
    'AssociateRouteTable AttachClassicLinkVpc AttachInternetGateway AttachNetworkInterface AttachVolume AttachVpnGateway',
    'AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress BundleInstance CancelBundleTask CancelConversionTask',
    'CancelExportTask CancelReservedInstancesListing CancelSpotInstanceRequests ConfirmProductInstance CopyImage',
    'CopySnapshot CreateCustomerGateway CreateDhcpOptions CreateImage CreateInstanceExportTask CreateInternetGateway',
    'CreateKeyPair CreateNetworkAcl CreateNetworkAclEntry CreateNetworkInterface CreatePlacementGroup',
    'CreateReservedInstancesListing CreateRoute CreateRouteTable CreateSecurityGroup CreateSnapshot',
    'CreateSpotDatafeedSubscription CreateSubnet CreateTags CreateVolume CreateVpc CreateVpcPeeringConnection',
    'CreateVpnConnection CreateVpnConnectionRoute CreateVpnGateway DeleteCustomerGateway DeleteDhcpOptions',
    'DeleteInternetGateway DeleteKeyPair DeleteNetworkAcl DeleteNetworkAclEntry DeleteNetworkInterface',
    'DeletePlacementGroup DeleteRoute DeleteRouteTable DeleteSecurityGroup DeleteSnapshot',
    'DeleteSpotDatafeedSubscription DeleteSubnet DeleteTags DeleteVolume DeleteVpc DeleteVpcPeeringConnection',
    'DeleteVpnConnection DeleteVpnConnectionRoute DeleteVpnGateway DeregisterImage DescribeAccountAttributes',
    'DescribeAddresses DescribeAvailabilityZones DescribeBundleTasks DescribeClassicLinkInstances',
    'DescribeConversionTasks DescribeCustomerGateways DescribeDhcpOptions DescribeExportTasks DescribeImageAttribute',
    'DescribeImages DescribeInstanceAttribute DescribeInstanceStatus DescribeInstances DescribeInternetGateways',
    'DescribeKeyPairs DescribeNetworkAcls DescribeNetworkInterfaceAttribute DescribeNetworkInterfaces',
    'DescribePlacementGroups DescribeRegions DescribeReservedInstances DescribeReservedInstancesListings',
    'DescribeReservedInstancesModifications DescribeReservedInstancesOfferings DescribeRouteTables',
    'DescribeSecurityGroups DescribeSnapshotAttribute DescribeSnapshots DescribeSpotDatafeedSubscription',
    'DescribeSpotInstanceRequests DescribeSpotPriceHistory DescribeSubnets DescribeTags DescribeVolumeAttribute',
    'DescribeVolumeStatus DescribeVolumes DescribeVpcAttribute DescribeVpcClassicLink DescribeVpcPeeringConnections',
    'DescribeVpcs DescribeVpnConnections DescribeVpnGateways DetachClassicLinkVpc DetachInternetGateway',
    'DetachNetworkInterface DetachVolume DetachVpnGateway DisableVgwRoutePropagation DisableVpcClassicLink',
    'DisassociateAddress DisassociateRouteTable EnableVgwRoutePropagation EnableVolumeIO EnableVpcClassicLink',
    'GetConsoleOutput GetPasswordData ImportInstance ImportKeyPair ImportVolume ModifyImageAttribute',
    'ModifyInstanceAttribute ModifyNetworkInterfaceAttribute ModifyReservedInstances ModifySnapshotAttribute',
    'ModifySubnetAttribute ModifyVolumeAttribute ModifyVpcAttribute MonitorInstances PurchaseReservedInstancesOffering',
    'RebootInstances RegisterImage RejectVpcPeeringConnection ReleaseAddress ReplaceNetworkAclAssociation',
    'ReplaceNetworkAclEntry ReplaceRoute ReplaceRouteTableAssociation ReportInstanceStatus RequestSpotInstances',
    'ResetImageAttribute ResetInstanceAttribute ResetNetworkInterfaceAttribute ResetSnapshotAttribute',
    'RevokeSecurityGroupEgress RevokeSecurityGroupIngress RunInstances StartInstances StopInstances TerminateInstances',
    'UnassignPrivateIpAddresses UnmonitorInstances',
  ].flatMap((line) => line.split(' ')),
);

/** Root elements of XML bodies that are not `<operation>Request`. */
export const ROOT_ELEMENTS: Readonly<Record<string, string>> = {
  DeleteTransitGatewayVpcAttachment: 'DelTGwVpcAttachReq',
};

/**
 * Members that are lists: name of the set, and of the member around an item that is no structure. The items stand under
 * `items`, or under `item`, or bare. By member name, or `Operation.Member` where operations differ; others are called
 * after their name on the wire.
 */
export interface SetName {
  readonly set: string;
  readonly item?: string;
  readonly under?: 'items' | 'item' | 'bare';
}

export const SETS: Readonly<Record<string, SetName>> = {
  ...ids('instancesSet', 'InstanceIds'),
  ...ids('vpcSet', 'VpcIds'),
  ...ids('subnetSet', 'SubnetIds'),
  ...ids('volumeSet', 'VolumeIds'),
  ...ids('snapshotSet', 'SnapshotIds'),
  ...ids('imagesSet', 'ImageIds'),
  ...ids('customerGatewaySet', 'CustomerGatewayIds'),
  ...ids('vpnGatewaySet', 'VpnGatewayIds'),
  ...ids('vpnConnectionSet', 'VpnConnectionIds'),
  ...ids('dhcpOptionsSet', 'DhcpOptionsIds'),
  ...ids('allocationIdsSet', 'AllocationIds'),
  ...ids('publicIpsSet', 'PublicIps'),
  ...ids('reservedInstancesSet', 'ReservedInstancesIds'),
  ...ids('reservedInstancesOfferingsSet', 'ReservedInstancesOfferingIds'),
  ...ids('reservedInstancesModificationSet', 'ReservedInstancesModificationIds'),
  ...ids('bundlesSet', 'BundleIds'),
  ...ids('keySet', 'KeyNames'),
  ...ids('keyPairIdSet', 'KeyPairIds'),
  ...ids('regionSet', 'RegionNames'),
  ...ids('availabilityZoneIdSet', 'ZoneIds'),
  ...ids('instanceTypeSet', 'InstanceTypes'),
  ...ids('productDescriptionSet', 'ProductDescriptions'),
  ...ids('routeTableIdSet', 'RouteTableIds'),
  ...ids('networkAclIdSet', 'NetworkAclIds'),
  ...ids('networkInterfaceIdSet', 'NetworkInterfaceIds'),
  ...ids('internetGatewayIdSet', 'InternetGatewayIds'),
  ...ids('vpcPeeringConnectionIdSet', 'VpcPeeringConnectionIds'),
  ...ids('spotInstanceRequestIdSet', 'SpotInstanceRequestIds'),
  ...ids('conversionTaskIdSet', 'ConversionTaskIds'),
  ...ids('exportTaskIdSet', 'ExportTaskIds'),
  Add: { set: 'add' },
  AttributeNames: { set: 'accountAttributeNameSet', item: 'attributeName' },
  BlockDeviceMappings: { set: 'blockDeviceMapping' },
  DhcpConfigurations: { set: 'dhcpConfigurationSet' },
  ExecutableUsers: { set: 'executableBySet', item: 'user' },
  Filters: { set: 'filterSet' },
  GroupIds: { set: 'securityGroupIdSet', item: 'groupId' },
  GroupNames: { set: 'securityGroupSet', item: 'groupName' },
  Groups: { set: 'groupSet', item: 'groupId' },
  IpPermissions: { set: 'ipPermissions' },
  IpRanges: { set: 'ipRanges' },
  Ipv6Addresses: { set: 'ipv6AddressesSet', item: 'ipv6Address' },
  Ipv6Ranges: { set: 'ipv6Ranges' },
  NetworkInterfaces: { set: 'networkInterfaceSet' },
  OwnerIds: { set: 'ownersSet', item: 'owner' },
  Owners: { set: 'ownersSet', item: 'owner' },
  PrefixListIds: { set: 'prefixListIds' },
  PrivateIpAddresses: { set: 'privateIpAddressesSet', item: 'privateIpAddress' },
  Remove: { set: 'remove' },
  Resources: { set: 'resourcesSet', item: 'resourceId' },
  RestorableByUserIds: { set: 'sharedUsersSet', item: 'user' },
  SecurityGroupIds: { set: 'groupSet', item: 'groupId' },
  SecurityGroups: { set: 'groupSet', item: 'groupName' },
  Tags: { set: 'tags', under: 'bare' },
  UserIdGroupPairs: { set: 'groups' },
  Values: { set: 'valueSet', item: 'value' },
  ZoneNames: { set: 'availabilityZoneSet', item: 'zoneName' },
  'CreateTags.Tags': { set: 'tagSet' },
  'DeleteTags.Tags': { set: 'tagSet' },
  'DescribePlacementGroups.GroupIds': { set: 'placementGroupIdSet', item: 'groupId' },
  'DescribePlacementGroups.GroupNames': { set: 'placementGroupSet', item: 'groupName' },
  'DescribeVpcClassicLink.VpcIds': { set: 'vpcSet', item: 'vpcId', under: 'item' },
};

/** `InstanceIds` → items of `instanceId`. */
function ids(set: string, member: string): Record<string, SetName> {
  return { [member]: { set, item: member.charAt(0).toLowerCase() + member.slice(1, -1) } };
}

/** Members with a name of their own; `undefined` is not logged, or in another place. */
export const MEMBERS: Readonly<Record<string, string | undefined>> = {
  DryRun: undefined,
  'CopySnapshot.KmsKeyId': 'masterEncryptionKeyId',
  'CreateNetworkAclEntry.Protocol': 'aclProtocol',
  'CreateVolume.AvailabilityZone': 'zone',
  'DescribeVolumeAttribute.Attribute': undefined,
  'DescribeVpcAttribute.Attribute': undefined,
  'ModifyImageAttribute.Attribute': undefined,
  'ModifyImageAttribute.OperationType': undefined,
  'ModifyImageAttribute.UserGroups': undefined,
  'ModifyImageAttribute.UserIds': undefined,
  'ModifySnapshotAttribute.Attribute': undefined,
  'ModifySnapshotAttribute.GroupNames': undefined,
  'ModifySnapshotAttribute.OperationType': undefined,
  'ModifySnapshotAttribute.UserIds': undefined,
  'ReplaceNetworkAclEntry.Protocol': 'aclProtocol',
};

const EMPTY = {};

/** What a request shows whether it was given or not: empty sets, mostly, and the service's defaults. */
export const ALWAYS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  AttachVolume: { deleteOnTermination: false },
  AuthorizeSecurityGroupEgress: { ipPermissions: EMPTY },
  AuthorizeSecurityGroupIngress: { ipPermissions: EMPTY },
  CreateNetworkAclEntry: { icmpTypeCode: EMPTY, portRange: EMPTY },
  CreateNetworkInterface: { groupSet: EMPTY, privateIpAddressesSet: EMPTY },
  CreateVpc: { instanceTenancy: 'default', amazonProvidedIpv6CidrBlock: false },
  DeleteVolume: { reportVolumeFailure: false },
  DescribeAccountAttributes: { accountAttributeNameSet: EMPTY, filterSet: EMPTY },
  DescribeAddresses: { publicIpsSet: EMPTY, filterSet: EMPTY, allocationIdsSet: EMPTY },
  DescribeAvailabilityZones: { availabilityZoneSet: EMPTY, availabilityZoneIdSet: EMPTY },
  DescribeBundleTasks: { bundlesSet: EMPTY, filterSet: EMPTY },
  DescribeClassicLinkInstances: { instancesSet: EMPTY, filterSet: EMPTY },
  DescribeCustomerGateways: { customerGatewaySet: EMPTY, filterSet: EMPTY },
  DescribeDhcpOptions: { dhcpOptionsSet: EMPTY, filterSet: EMPTY },
  DescribeImages: { executableBySet: EMPTY, imagesSet: EMPTY, ownersSet: EMPTY, filterSet: EMPTY },
  DescribeInstanceStatus: { instancesSet: EMPTY, filterSet: EMPTY, includeAllInstances: false },
  DescribeInstances: { instancesSet: EMPTY, filterSet: EMPTY },
  DescribeInternetGateways: { internetGatewayIdSet: EMPTY, filterSet: EMPTY },
  DescribeKeyPairs: { keySet: EMPTY, keyPairIdSet: EMPTY, filterSet: EMPTY, includePublicKey: false },
  DescribeNetworkAcls: { networkAclIdSet: EMPTY, filterSet: EMPTY },
  DescribeNetworkInterfaces: { networkInterfaceIdSet: EMPTY, filterSet: EMPTY },
  DescribePlacementGroups: { placementGroupSet: EMPTY, placementGroupIdSet: EMPTY, filterSet: EMPTY },
  DescribeRegions: { regionSet: EMPTY },
  DescribeReservedInstances: { reservedInstancesSet: EMPTY, filterSet: EMPTY },
  DescribeReservedInstancesModifications: { reservedInstancesModificationSet: EMPTY, filterSet: EMPTY },
  DescribeReservedInstancesOfferings: { reservedInstancesOfferingsSet: EMPTY, filterSet: EMPTY },
  DescribeRouteTables: { routeTableIdSet: EMPTY, filterSet: EMPTY },
  DescribeSecurityGroups: { securityGroupSet: EMPTY, securityGroupIdSet: EMPTY, filterSet: EMPTY },
  DescribeSnapshots: { snapshotSet: EMPTY, ownersSet: EMPTY, sharedUsersSet: EMPTY, filterSet: EMPTY },
  DescribeSpotInstanceRequests: { spotInstanceRequestIdSet: EMPTY, filterSet: EMPTY },
  DescribeSpotPriceHistory: { instanceTypeSet: EMPTY, productDescriptionSet: EMPTY },
  DescribeSubnets: { subnetSet: EMPTY, filterSet: EMPTY },
  DescribeTags: { filterSet: EMPTY },
  DescribeVolumeStatus: { volumeSet: EMPTY, filterSet: EMPTY },
  DescribeVolumes: { volumeSet: EMPTY, filterSet: EMPTY },
  DescribeVpcClassicLink: { vpcSet: EMPTY, filterSet: EMPTY },
  DescribeVpcPeeringConnections: { vpcPeeringConnectionIdSet: EMPTY, filterSet: EMPTY },
  DescribeVpcs: { vpcSet: EMPTY, filterSet: EMPTY },
  DescribeVpnConnections: { vpnConnectionSet: EMPTY, filterSet: EMPTY },
  DescribeVpnGateways: { vpnGatewaySet: EMPTY, filterSet: EMPTY },
  ModifyImageAttribute: { attributeType: 'launchPermission' },
  ModifySnapshotAttribute: { attributeType: 'CREATE_VOLUME_PERMISSION' },
  ReplaceNetworkAclEntry: { icmpTypeCode: EMPTY, portRange: EMPTY },
  RevokeSecurityGroupEgress: { ipPermissions: EMPTY },
  RevokeSecurityGroupIngress: { ipPermissions: EMPTY },
  RunInstances: {
    blockDeviceMapping: EMPTY,
    monitoring: { enabled: false },
    disableApiTermination: false,
    disableApiStop: false,
  },
  StopInstances: { force: false },
};

/** The same inside structures, by the member that they are in. */
export const ALWAYS_INSIDE: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  IpPermissions: { groups: EMPTY, ipRanges: EMPTY, ipv6Ranges: EMPTY, prefixListIds: EMPTY },
};
