import { expect } from 'vitest';

/** What EFS does by itself, told by reports; and the records that they become, whole. */
const A = '111122223333';
const ID = expect.stringMatching(/^[0-9a-f-]{36}$/);
const ROLE = `arn:aws:iam::${A}:role/aws-service-role/elasticfilesystem.amazonaws.com/AWSServiceRoleForAmazonElasticFileSystem`;
const description = 'EFS mount target for fs-1234567 (fsmt-1234567)';

/** EC2's answer, as EC2's records show it. */
const networkInterface = {
  networkInterfaceId: 'eni-0123456789abcdef0',
  subnetId: 'subnet-12345678',
  vpcId: 'vpc-01234567',
  availabilityZone: 'us-east-1b',
  description,
  ownerId: A,
  requesterId: A,
  requesterManaged: true,
  status: 'pending',
  macAddress: '00:bb:ee:ff:aa:cc',
  privateIpAddress: '192.0.2.0',
  privateDnsName: 'ip-192-0-2-0.ec2.internal',
  sourceDestCheck: true,
  groupSet: { items: [{ groupId: 'sg-c16d65b6', groupName: 'default' }] },
  privateIpAddressesSet: { item: [{ privateIpAddress: '192.0.2.0', primary: true }] },
  tagSet: {},
};
const requestParameters = { subnetId: 'subnet-71e2f83a', description, groupSet: {}, privateIpAddressesSet: {} };
const requestId = '0708e4ad-03f6-4802-b4ce-4ba987d94b8d';

/** Who mounts is the instance's role, by credentials of the first version of its metadata service. */
const mounter = {
  type: 'AssumedRole',
  principalId: 'AROACKCEVSQ6C2EXAMPLE',
  arn: `arn:aws:sts::${A}:assumed-role/abcdef0123456789`,
  accountId: A,
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  sessionContext: {
    sessionIssuer: {
      type: 'Role',
      principalId: 'AROACKCEVSQ6C2EXAMPLE',
      arn: `arn:aws:iam::${A}:role/us-east-2`,
      accountId: A,
      userName: 'username',
    },
    attributes: { creationDate: '2019-12-23T17:50:16Z', mfaAuthenticated: 'false' },
    ec2RoleDelivery: '1.0',
  },
};
const touched = [
  {
    accountId: A,
    type: 'AWS::EFS::FileSystem',
    ARN: `arn:aws:elasticfilesystem:us-east-2:${A}:file-system/fs-01234567`,
  },
  {
    accountId: A,
    type: 'AWS::EFS::AccessPoint',
    ARN: `arn:aws:elasticfilesystem:us-east-2:${A}:access-point/fsap-0123456789abcdef0`,
  },
];
const serviceEventDetails = {
  permissions: { ClientRootAccess: true, ClientMount: true, ClientWrite: true },
  sourceIpAddress: '10.7.3.72',
};

export const DOCUMENTED_REPORTS: readonly object[] = [
  {
    ServiceCall: {
      AccountId: A,
      Region: 'us-east-1',
      EventTime: '2019-10-23T22:50:05Z',
      EventSource: 'ec2.amazonaws.com',
      EventName: 'CreateNetworkInterface',
      Service: 'elasticfilesystem.amazonaws.com',
      Role: { Arn: ROLE, Id: 'AROACKCEVSQ6C2EXAMPLE', SessionCreationTime: '2019-10-23T22:50:05Z' },
      RequestParameters: requestParameters,
      ResponseElements: { requestId, networkInterface },
      RequestId: requestId,
    },
  },
  {
    ServiceEvent: {
      AccountId: A,
      Region: 'us-east-2',
      EventTime: '2019-12-23T18:02:12Z',
      EventSource: 'elasticfilesystem.amazonaws.com',
      EventName: 'NewClientConnection',
      ReadOnly: true,
      UserAgent: 'elasticfilesystem',
      UserIdentity: mounter,
      Resources: touched.map(({ accountId, type, ARN }) => ({ AccountId: accountId, Type: type, ARN })),
      ServiceEventDetails: serviceEventDetails,
    },
  },
];

export const REPORTED_RECORDS: readonly object[] = [
  {
    eventVersion: '1.11',
    userIdentity: {
      type: 'AssumedRole',
      principalId: `AROACKCEVSQ6C2EXAMPLE:${A}`,
      arn: `arn:aws:sts::${A}:assumed-role/AWSServiceRoleForAmazonElasticFileSystem/${A}`,
      accountId: A,
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          principalId: 'AROACKCEVSQ6C2EXAMPLE',
          arn: ROLE,
          accountId: A,
          userName: 'AWSServiceRoleForAmazonElasticFileSystem',
        },
        attributes: { creationDate: '2019-10-23T22:50:05Z', mfaAuthenticated: 'false' },
      },
      invokedBy: 'elasticfilesystem.amazonaws.com',
    },
    eventTime: '2019-10-23T22:50:05Z',
    eventSource: 'ec2.amazonaws.com',
    eventName: 'CreateNetworkInterface',
    awsRegion: 'us-east-1',
    sourceIPAddress: 'elasticfilesystem.amazonaws.com',
    userAgent: 'elasticfilesystem.amazonaws.com',
    requestParameters,
    responseElements: { requestId, networkInterface },
    requestID: requestId,
    eventID: ID,
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: A,
    eventCategory: 'Management',
  },
  {
    eventVersion: '1.11',
    userIdentity: mounter,
    eventTime: '2019-12-23T18:02:12Z',
    eventSource: 'elasticfilesystem.amazonaws.com',
    eventName: 'NewClientConnection',
    awsRegion: 'us-east-2',
    sourceIPAddress: 'AWS Internal',
    userAgent: 'elasticfilesystem',
    requestParameters: null,
    responseElements: null,
    eventID: ID,
    readOnly: true,
    resources: touched,
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: A,
    serviceEventDetails,
    eventCategory: 'Management',
  },
];
