import { type Attack, type Attacker, steps, times } from './attacker.ts';

const ACCOUNT = '123456789012';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/admin`;
const ZIP = { $bytes: 'UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==' };
const LAYER = `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:extension:1`;
const EXFILTRATE = 'curl 169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI';

type Subnets = readonly [{ readonly SubnetId: string; readonly VpcId: string }, ...{ readonly SubnetId: string }[]];
const subnetsOf = async (t: Attacker): Promise<Subnets> => (await t.moto('ec2', 'DescribeSubnets')).Subnets;

const task = (command: string) => ({
  family: 'mail',
  containerDefinitions: [{ name: 'smtp', image: 'smtp:1', memory: 128, command: ['sh', '-c', command] }],
});
const instance = (id: string, more: object = {}) => ({
  DBInstanceIdentifier: id,
  DBInstanceClass: 'db.t3.micro',
  Engine: 'mysql',
  AllocatedStorage: 10,
  MasterUsername: 'admin',
  MasterUserPassword: 'hush-hush',
  ...more,
});

/** Rules about what was done to a resource; the rest stand in attacks.ts. */
export const ATTACKS_ON_RESOURCES: Readonly<Record<string, Attack>> = {
  // CloudTrail, Config, GuardDuty
  '4db60cc0-36fb-42b7-9b58-a5b53019fb74': {
    run: async (t) => {
      await t.moto('s3', 'CreateBucket', { Bucket: 'trails' });
      await t.moto('cloudtrail', 'CreateTrail', { Name: 'all', S3BucketName: 'trails' });
      await t.moto('cloudtrail', 'StopLogging', { Name: 'all' });
      t.nearMisses();
      await t.moto('cloudtrail', 'StartLogging', { Name: 'all' });
    },
  },
  '07330162-dba1-4746-8121-a9647d49d297': {
    run: async (t) => {
      await t.moto('config', 'PutConfigurationRecorder', { ConfigurationRecorder: { name: 'all', roleARN: ROLE } });
      await t.moto('config', 'PutDeliveryChannel', { DeliveryChannel: { name: 'all', s3BucketName: 'trails' } });
      await t.moto('config', 'StartConfigurationRecorder', { ConfigurationRecorderName: 'all' });
      await t.moto('config', 'StopConfigurationRecorder', { ConfigurationRecorderName: 'all' });
      t.nearMisses();
      await t.moto('config', 'StartConfigurationRecorder', { ConfigurationRecorderName: 'all' });
    },
  },
  'd2656e78-c069-4571-8220-9e0ab5913f19': {
    run: async (t) => {
      const { DetectorId } = await t.moto('guardduty', 'CreateDetector', { Enable: true });
      await t.moto('guardduty', 'UpdateDetector', { DetectorId, Enable: false });
      t.nearMisses();
      await t.moto('guardduty', 'UpdateDetector', { DetectorId, Enable: true });
    },
  },
  '6e61ee20-ce00-4f8d-8aee-bedd8216f7e3': steps(
    [
      [
        'guardduty',
        'CreateIPSet',
        { DetectorId: 'd', Name: 'mine', Format: 'TXT', Location: 'https://s3.amazonaws.com/b/k', Activate: true },
      ],
    ],
    [['guardduty', 'ListIPSets', { DetectorId: 'd' }]],
  ),
  // S3
  '39c9f26d-6e3b-4dbb-9c7a-4154b0281112': {
    run: async (t) => {
      await t.moto('s3', 'CreateBucket', { Bucket: 'doomed' });
      await t.moto('s3', 'DeleteBucket', { Bucket: 'doomed' });
      t.nearMisses();
      await t.moto('s3', 'DeleteBucket', { Bucket: 'doomed' }, { fails: true });
    },
  },
  'a136ac98-b2bc-4189-a14d-f0d0388e57a7': {
    run: async (t) => {
      const set = (Status: string) => ({ Bucket: 'versions', VersioningConfiguration: { Status } });
      await t.moto('s3', 'CreateBucket', { Bucket: 'versions' });
      await t.moto('s3', 'PutBucketVersioning', set('Suspended'));
      t.nearMisses();
      await t.moto('s3', 'PutBucketVersioning', set('Enabled'));
    },
  },
  '78b3756a-7804-4ef7-8555-7b9024a02e2d': {
    run: async (t) => {
      const WebsiteConfiguration = { IndexDocument: { Suffix: 'index.html' } };
      await t.moto('s3', 'CreateBucket', { Bucket: 'website' });
      await t.moto('s3', 'PutBucketWebsite', { Bucket: 'website', WebsiteConfiguration });
      t.nearMisses();
      await t.moto('s3', 'GetBucketWebsite', { Bucket: 'website' });
    },
  },
  '4723218f-2048-41f6-bcb0-417f2d784f61': steps(
    [
      ['s3', 'ListBuckets'],
      ['s3', 'GetBucketCors', { Bucket: 'loot' }],
      ['s3', 'GetBucketInventoryConfiguration', { Bucket: 'loot', Id: 'i' }],
      ['s3', 'GetPublicAccessBlock', { Bucket: 'loot' }],
      ['s3', 'GetBucketMetricsConfiguration', { Bucket: 'loot', Id: 'i' }],
      ['s3', 'GetBucketTagging', { Bucket: 'loot' }],
    ],
    times(5, ['s3', 'ListBuckets']),
  ),
  // EC2 and its network
  'e1f7febb-7b94-4234-b5c6-00fb8500f5dd': {
    run: async (t) => {
      const { NetworkAcls } = await t.moto('ec2', 'DescribeNetworkAcls');
      const entry = { NetworkAclId: NetworkAcls[0].NetworkAclId, RuleNumber: 7, Egress: false };
      const open = { Protocol: '-1', RuleAction: 'allow', CidrBlock: '0.0.0.0/0' };
      await t.moto('ec2', 'CreateNetworkAclEntry', { ...entry, ...open });
      t.nearMisses();
      await t.moto('ec2', 'DeleteNetworkAclEntry', entry);
    },
  },
  'c803b2ce-c4a2-4836-beae-b112010390b1': {
    run: async (t) => {
      const [{ VpcId }] = await subnetsOf(t);
      const { RouteTable } = await t.moto('ec2', 'CreateRouteTable', { VpcId });
      const { InternetGateway } = await t.moto('ec2', 'CreateInternetGateway');
      const route = { RouteTableId: RouteTable.RouteTableId, DestinationCidrBlock: '0.0.0.0/0' };
      await t.moto('ec2', 'CreateRoute', { ...route, GatewayId: InternetGateway.InternetGatewayId });
      t.nearMisses();
      await t.moto('ec2', 'DeleteRoute', route);
    },
  },
  '6fb77778-040f-4015-9440-572aa9b6b580': {
    run: async (t) => {
      const { GroupId } = await t.moto('ec2', 'CreateSecurityGroup', { GroupName: 'open', Description: 'open' });
      const open = { GroupId, IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '0.0.0.0/0' };
      await t.moto('ec2', 'AuthorizeSecurityGroupIngress', open);
      t.nearMisses();
      await t.moto('ec2', 'DescribeSecurityGroups', { GroupIds: [GroupId] });
    },
  },
  '7a4409fc-f8ca-45f6-8006-127d779eaad9': {
    run: async (t) => {
      const subnets = (await subnetsOf(t)).slice(0, 2).map(({ SubnetId }) => SubnetId);
      const { LoadBalancers } = await t.moto('elbv2', 'CreateLoadBalancer', { Name: 'web', Subnets: subnets });
      const { SecurityGroups } = await t.moto('ec2', 'DescribeSecurityGroups');
      const LoadBalancerArn = LoadBalancers[0].LoadBalancerArn;
      await t.moto('elbv2', 'SetSecurityGroups', { LoadBalancerArn, SecurityGroups: [SecurityGroups[0].GroupId] });
      t.nearMisses();
      await t.moto('elbv2', 'DescribeLoadBalancers');
    },
  },
  'e386b9b5-af12-450e-afff-761730fb8a98': {
    run: async (t) => {
      const { Vpcs } = await t.moto('ec2', 'DescribeVpcs');
      await t.moto('s3', 'CreateBucket', { Bucket: 'flows' });
      const { FlowLogIds } = await t.moto('ec2', 'CreateFlowLogs', {
        ResourceIds: [Vpcs[0].VpcId],
        ResourceType: 'VPC',
        TrafficType: 'ALL',
        LogDestinationType: 's3',
        LogDestination: 'arn:aws:s3:::flows',
      });
      await t.moto('ec2', 'DeleteFlowLogs', { FlowLogIds });
      t.nearMisses();
      await t.moto('ec2', 'DeleteFlowLogs', { FlowLogIds: ['fl-00000000'] }, { fails: true });
    },
  },
  '16124c2d-e40b-4fcc-8f2c-5ab7870a2223': {
    run: async (t) => {
      await t.moto('ec2', 'DisableEbsEncryptionByDefault');
      t.nearMisses();
      await t.moto('ec2', 'EnableEbsEncryptionByDefault');
    },
  },
  '92f84194-8d9a-4ee0-8699-c30bfac59780': {
    run: async (t) => {
      await t.yes('ec2', 'ImportKeyPair', { KeyName: 'mine', PublicKeyMaterial: { $bytes: 'c3NoLXJzYQ==' } });
      t.nearMisses();
      await t.moto('ec2', 'CreateKeyPair', { KeyName: 'theirs' });
    },
  },
  '1ab3c5ed-5baf-417b-bb6b-78ca33f6c3df': steps(
    [['ec2', 'ModifyInstanceAttribute', { InstanceId: 'i-1', Attribute: 'userData', Value: 'IyEvYmluL3No' }]],
    [['ec2', 'ModifyInstanceAttribute', { InstanceId: 'i-1', Attribute: 'instanceType', Value: 't3.nano' }]],
  ),
  'abae8fec-57bd-4f87-aff6-6e3db989843d': {
    run: async (t) => {
      const { VolumeId } = await t.moto('ec2', 'CreateVolume', { AvailabilityZone: 'us-east-1a', Size: 1 });
      const { SnapshotId } = await t.moto('ec2', 'CreateSnapshot', { VolumeId });
      const of = { SnapshotId, Attribute: 'createVolumePermission' };
      await t.moto('ec2', 'ModifySnapshotAttribute', { ...of, OperationType: 'add', UserIds: ['210987654321'] });
      t.nearMisses();
      await t.moto('ec2', 'DescribeSnapshotAttribute', of);
    },
  },
  // Databases and files
  '14f3f1c8-02d5-43a2-a191-91ffb52d3015': {
    run: async (t) => {
      const group = { DBSecurityGroupName: 'open', DBSecurityGroupDescription: 'open' };
      await t.moto('rds', 'CreateDBSecurityGroup', group);
      t.nearMisses();
      await t.moto('rds', 'DescribeDBSecurityGroups');
    },
  },
  '8a63cdd4-6207-414a-85bc-7e032bd3c1a2': {
    run: async (t) => {
      const changed = { DBInstanceIdentifier: 'mail', MasterUserPassword: 'hush-again' };
      await t.yes('rds', 'ModifyDBInstance', changed);
      t.nearMisses();
      await t.moto('rds', 'CreateDBInstance', instance('mail'));
      await t.moto('rds', 'ModifyDBInstance', { DBInstanceIdentifier: 'mail', AllocatedStorage: 20 });
    },
  },
  'c3f265c7-ff03-4056-8ab2-d486227b4599': {
    run: async (t) => {
      const restore = async (id: string, PubliclyAccessible: boolean) => {
        const snapshot = { DBSnapshotIdentifier: id, DBInstanceIdentifier: id };
        await t.moto('rds', 'CreateDBInstance', instance(id, { PubliclyAccessible }));
        await t.moto('rds', 'CreateDBSnapshot', snapshot);
        await t.moto('rds', 'RestoreDBInstanceFromDBSnapshot', { ...snapshot, DBInstanceIdentifier: `${id}-restored` });
      };
      await restore('open', true);
      t.nearMisses();
      await restore('closed', false);
    },
  },
  '457cc9ac-d8e6-4d1d-8c0e-251d0f11a74c': {
    run: async (t) => {
      const DBClusterIdentifier = 'books';
      const made = { Engine: 'aurora-mysql', MasterUsername: 'admin', MasterUserPassword: 'hush-hush' };
      await t.moto('rds', 'CreateDBCluster', { DBClusterIdentifier, ...made });
      await t.moto('rds', 'DeleteDBCluster', { DBClusterIdentifier, SkipFinalSnapshot: true });
      t.nearMisses();
      await t.moto('rds', 'DescribeDBClusters');
    },
  },
  '25cb1ba1-8a19-4a23-a198-d252664c8cef': {
    run: async (t) => {
      const { FileSystemId } = await t.moto('efs', 'CreateFileSystem', { CreationToken: 'doomed' });
      await t.moto('efs', 'DeleteFileSystem', { FileSystemId });
      t.nearMisses();
      await t.moto('efs', 'DescribeFileSystems');
    },
  },
  '6a7ba45c-63d8-473e-9736-2eaabff79964': {
    run: async (t) => {
      const [{ SubnetId }] = await subnetsOf(t);
      const { FileSystemId } = await t.moto('efs', 'CreateFileSystem', { CreationToken: 'mounted' });
      const { MountTargetId } = await t.moto('efs', 'CreateMountTarget', { FileSystemId, SubnetId });
      await t.moto('efs', 'DeleteMountTarget', { MountTargetId });
      t.nearMisses();
      await t.moto('efs', 'DescribeMountTargets', { FileSystemId });
    },
  },
  // What runs code
  '38e7f511-3f74-41d4-836e-f57dfa18eead': {
    run: async (t) => {
      const Parameters = { commands: ['id'] };
      const DocumentName = 'AWS-RunShellScript';
      await t.moto('ssm', 'SendCommand', { InstanceIds: ['i-0dbc91f429e48eeed'], DocumentName, Parameters });
      t.nearMisses();
      await t.moto('ssm', 'ListCommands');
    },
  },
  'b94bf91e-c2bf-4047-9c43-c6810f43baad': {
    run: async (t) => {
      await t.moto('ecs', 'RegisterTaskDefinition', task(EXFILTRATE));
      t.nearMisses();
      await t.moto('ecs', 'RegisterTaskDefinition', task('serve'));
    },
  },
  '33d50d03-20ec-4b74-a74e-1e65a38af1c0': {
    run: async (t) => {
      const made = { name: 'test', roleArn: ROLE, resourcesVpcConfig: { subnetIds: ['subnet-1'] } };
      await t.moto('eks', 'CreateCluster', made);
      t.nearMisses();
      await t.moto('eks', 'ListClusters');
    },
  },
  'ec541962-c05a-4420-b9ea-84de072d18f4': steps(
    [['lambda', 'CreateFunctionUrlConfig', { FunctionName: 'f', AuthType: 'NONE' }]],
    [['lambda', 'GetFunctionUrlConfig', { FunctionName: 'f' }]],
  ),
  '97fbabf8-8e1b-47a2-b7d5-a418d2b95e3d': steps(
    [['lambda', 'UpdateFunctionConfiguration', { FunctionName: 'f', Layers: [LAYER] }]],
    [['lambda', 'UpdateFunctionConfiguration', { FunctionName: 'f', Timeout: 3 }]],
  ),
  'd914951b-52c8-485f-875e-86abab710c0b': {
    ...steps(
      [
        ['lambda', 'CreateFunction', { FunctionName: 'f', Role: ROLE, Code: { ZipFile: ZIP } }],
        ['lambda', 'Invoke', { FunctionName: 'f' }],
      ],
      [],
    ),
    never: 'CloudTrail writes CreateFunction20150331, which is not CreateFunction',
  },
  '20f754db-d025-4a8f-9d74-e0037e999a9a': {
    run: async (t) => {
      await t.moto('ses', 'VerifyEmailIdentity', { EmailAddress: 'ann@example.com' });
      await t.moto('ses', 'DeleteIdentity', { Identity: 'ann@example.com' });
      t.nearMisses();
      await t.moto('ses', 'ListIdentities');
    },
  },
};
