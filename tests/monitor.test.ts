import { afterAll, expect } from 'vitest';
import { alarmNameOf, CIS_CONTROLS } from '../packages/server/src/cli/monitor/cis.ts';
import {
  compileFilterPattern,
  filterEvent,
  parseFilterPattern,
} from '../packages/server/src/event/filter-pattern/index.ts';
import { aws, boto3, eventually, run, testWith } from './support/clients.ts';
import { startMoto, stopMotos } from './support/moto.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { signedFetch } from './support/sdk.ts';

afterAll(cleanUp);
afterAll(stopMotos);

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const opentrail = (server: RunningOpenTrail, args: readonly string[], input = '') =>
  run(process.execPath, [COMMAND, ...args, '--data-dir', server.dataDir], server.env, { input });

/** What each call must raise; calls that are not here must raise nothing. */
const RAISES: Readonly<Record<string, readonly string[]>> = {
  IamPolicyChanges: [
    'CreatePolicy',
    'AttachUserPolicy',
    'DetachUserPolicy',
    'PutUserPolicy',
    'DeleteUserPolicy',
    'DeletePolicy',
    'AttachGroupPolicy',
    'DetachGroupPolicy',
    'PutRolePolicy',
    'DeleteRolePolicy',
    'CreatePolicyVersion',
    'DeletePolicyVersion',
    'AttachRolePolicy',
    'DetachRolePolicy',
    'PutGroupPolicy',
    'DeleteGroupPolicy',
  ],
  CloudTrailChanges: ['CreateTrail', 'UpdateTrail', 'StartLogging', 'StopLogging', 'DeleteTrail'],
  KmsKeyDisabling: ['DisableKey', 'ScheduleKeyDeletion'],
  S3BucketPolicyChanges: ['PutBucketPolicy', 'DeleteBucketPolicy', 'PutBucketAcl', 'PutBucketCors', 'DeleteBucketCors'],
  ConfigChanges: [
    'PutConfigurationRecorder',
    'PutDeliveryChannel',
    'StopConfigurationRecorder',
    'DeleteDeliveryChannel',
  ],
  SecurityGroupChanges: [
    'CreateSecurityGroup',
    'AuthorizeSecurityGroupIngress',
    'AuthorizeSecurityGroupEgress',
    'RevokeSecurityGroupIngress',
    'RevokeSecurityGroupEgress',
    'DeleteSecurityGroup',
  ],
  NetworkAclChanges: [
    'CreateNetworkAcl',
    'CreateNetworkAclEntry',
    'ReplaceNetworkAclEntry',
    'DeleteNetworkAclEntry',
    'DeleteNetworkAcl',
  ],
  NetworkGatewayChanges: [
    'CreateInternetGateway',
    'AttachInternetGateway',
    'DetachInternetGateway',
    'DeleteInternetGateway',
    'CreateCustomerGateway',
    'DeleteCustomerGateway',
  ],
  RouteTableChanges: ['CreateRouteTable', 'CreateRoute', 'ReplaceRoute', 'DeleteRoute', 'DeleteRouteTable'],
  VpcChanges: [
    'CreateVpc',
    'ModifyVpcAttribute',
    'CreateVpcPeeringConnection',
    'AcceptVpcPeeringConnection',
    'DeleteVpcPeeringConnection',
    'DeleteVpc',
  ],
  OrganizationsChanges: ['CreateOrganizationalUnit', 'UpdateOrganizationalUnit', 'DeleteOrganizationalUnit'],
};
/** Near misses that were made, so that their silence means something. */
const QUIET = [
  'CreateUser',
  'GetPolicy',
  'DescribeTrails',
  'DescribeKey',
  'EnableKey',
  'GetBucketPolicy',
  'PutBucketTagging',
  'DescribeConfigurationRecorders',
  'DescribeSecurityGroups',
  'DescribeNetworkAcls',
  'DescribeInternetGateways',
  'DescribeRouteTables',
  'CreateSubnet',
  'DescribeVpcs',
  'ListRoots',
  'CreateOrganization',
  'ListUsers',
];

const CALLS = `
import boto3 as b3
def own(name): return client(name)
def beyond(name): return b3.client(name, endpoint_url=os.environ['GATEWAY'])
policy = json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 's3:GetObject', 'Resource': '*'}]})
iam = own('iam')
iam.create_user(UserName='u'); iam.create_group(GroupName='g')
trust = json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'Service': 'ec2.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]})
iam.create_role(RoleName='r', AssumeRolePolicyDocument=trust)
arn = iam.create_policy(PolicyName='p', PolicyDocument=policy)['Policy']['Arn']
iam.get_policy(PolicyArn=arn)
version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy)['PolicyVersion']['VersionId']
iam.delete_policy_version(PolicyArn=arn, VersionId=version)
for kind, name in (('user', 'u'), ('group', 'g'), ('role', 'r')):
    who = {kind.title() + 'Name': name}
    getattr(iam, 'attach_%s_policy' % kind)(PolicyArn=arn, **who)
    getattr(iam, 'detach_%s_policy' % kind)(PolicyArn=arn, **who)
    getattr(iam, 'put_%s_policy' % kind)(PolicyName='i', PolicyDocument=policy, **who)
    getattr(iam, 'delete_%s_policy' % kind)(PolicyName='i', **who)
iam.delete_policy(PolicyArn=arn)
s3 = own('s3'); s3.create_bucket(Bucket='logs')
s3.put_bucket_policy(Bucket='logs', Policy=json.dumps({'Version': '2012-10-17', 'Statement': [
  {'Effect': 'Allow', 'Principal': {'Service': 'cloudtrail.amazonaws.com'}, 'Action': 's3:GetBucketAcl', 'Resource': 'arn:aws:s3:::logs'},
  {'Effect': 'Allow', 'Principal': {'Service': 'cloudtrail.amazonaws.com'}, 'Action': 's3:PutObject', 'Resource': 'arn:aws:s3:::logs/*'}]}))
s3.get_bucket_policy(Bucket='logs')
def anyway(fn):
    try: fn()
    except Exception as e: pass
trail = own('cloudtrail')
trail.create_trail(Name='audit', S3BucketName='logs'); trail.start_logging(Name='audit'); trail.update_trail(Name='audit', IsMultiRegionTrail=True)
trail.stop_logging(Name='audit'); trail.describe_trails(); trail.delete_trail(Name='audit')
s3.delete_bucket_policy(Bucket='logs')
anyway(lambda: s3.put_bucket_acl(Bucket='logs', ACL='private'))
anyway(lambda: s3.put_bucket_cors(Bucket='logs', CORSConfiguration={'CORSRules': [{'AllowedMethods': ['GET'], 'AllowedOrigins': ['*']}]}))
anyway(lambda: s3.delete_bucket_cors(Bucket='logs'))
anyway(lambda: s3.put_bucket_tagging(Bucket='logs', Tagging={'TagSet': [{'Key': 'a', 'Value': 'b'}]}))
kms = own('kms'); key = kms.create_key()['KeyMetadata']['KeyId']
kms.describe_key(KeyId=key); kms.disable_key(KeyId=key); kms.enable_key(KeyId=key); kms.schedule_key_deletion(KeyId=key)
org = own('organizations'); org.create_organization()
root = org.list_roots()['Roots'][0]['Id']
ou = org.create_organizational_unit(ParentId=root, Name='ou')['OrganizationalUnit']['Id']
org.update_organizational_unit(OrganizationalUnitId=ou, Name='ou2'); org.delete_organizational_unit(OrganizationalUnitId=ou)
config = beyond('config')
anyway(lambda: config.put_configuration_recorder(ConfigurationRecorder={'name': 'r', 'roleARN': 'arn:aws:iam::123456789012:role/r'}))
anyway(lambda: config.put_delivery_channel(DeliveryChannel={'name': 'c', 's3BucketName': 'logs'}))
anyway(lambda: config.describe_configuration_recorders())
anyway(lambda: config.stop_configuration_recorder(ConfigurationRecorderName='r'))
anyway(lambda: config.delete_delivery_channel(DeliveryChannelName='c'))
ec2 = beyond('ec2')
vpc = ec2.create_vpc(CidrBlock='10.1.0.0/16')['Vpc']['VpcId']
other = ec2.create_vpc(CidrBlock='10.2.0.0/16')['Vpc']['VpcId']
ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={'Value': True}); ec2.describe_vpcs()
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='10.1.1.0/24')['Subnet']['SubnetId']
group = ec2.create_security_group(GroupName='g', Description='d', VpcId=vpc)['GroupId']
rule = [{'IpProtocol': 'tcp', 'FromPort': 22, 'ToPort': 22, 'IpRanges': [{'CidrIp': '10.0.0.0/8'}]}]
ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule); ec2.authorize_security_group_egress(GroupId=group, IpPermissions=rule)
ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule); ec2.revoke_security_group_egress(GroupId=group, IpPermissions=rule)
ec2.describe_security_groups(); ec2.delete_security_group(GroupId=group)
acl = ec2.create_network_acl(VpcId=vpc)['NetworkAcl']['NetworkAclId']
entry = dict(NetworkAclId=acl, RuleNumber=100, Protocol='-1', RuleAction='allow', Egress=False, CidrBlock='0.0.0.0/0')
ec2.create_network_acl_entry(**entry); ec2.replace_network_acl_entry(**entry)
ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=False); ec2.describe_network_acls(); ec2.delete_network_acl(NetworkAclId=acl)
igw = ec2.create_internet_gateway()['InternetGateway']['InternetGatewayId']
ec2.attach_internet_gateway(InternetGatewayId=igw, VpcId=vpc); ec2.describe_internet_gateways()
table = ec2.create_route_table(VpcId=vpc)['RouteTable']['RouteTableId']
ec2.create_route(RouteTableId=table, DestinationCidrBlock='0.0.0.0/0', GatewayId=igw)
anyway(lambda: ec2.replace_route(RouteTableId=table, DestinationCidrBlock='0.0.0.0/0', GatewayId=igw))
ec2.delete_route(RouteTableId=table, DestinationCidrBlock='0.0.0.0/0'); ec2.describe_route_tables(); ec2.delete_route_table(RouteTableId=table)
ec2.detach_internet_gateway(InternetGatewayId=igw, VpcId=vpc); ec2.delete_internet_gateway(InternetGatewayId=igw)
cgw = ec2.create_customer_gateway(Type='ipsec.1', PublicIp='203.0.113.1', BgpAsn=65000)['CustomerGateway']['CustomerGatewayId']
ec2.delete_customer_gateway(CustomerGatewayId=cgw)
peer = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)['VpcPeeringConnection']['VpcPeeringConnectionId']
ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peer); ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peer)
ec2.delete_vpc(VpcId=other)
# Without permission: a user with nothing; with it: nothing is refused.
made = iam.create_access_key(UserName='u')['AccessKey']
poor = b3.client('iam', endpoint_url=os.environ['AWS_ENDPOINT_URL'], aws_access_key_id=made['AccessKeyId'], aws_secret_access_key=made['SecretAccessKey'])
anyway(lambda: poor.list_users())
iam.list_users()
print(json.dumps(True))
`;

const signIn = (more: object) => ({
  SignIn: { AccountId: '123456789012', Region: 'us-east-1', UserName: 'alice', ...more },
});

testWith(
  ['boto3', 'moto'],
  'each control is raised by the real calls that it is about, and by nothing else',
  async () => {
    const moto = await startMoto();
    const server = await startOpenTrail({ flags: { upstream: `*=${moto.endpoint}`, 'gateway-port': 0 } });
    await boto3({ ...server.env, GATEWAY: server.gateway! }, CALLS);
    const reports = [
      signIn({ Success: true, MFAUsed: false }),
      signIn({ Success: true, MFAUsed: true }),
      signIn({ Success: false }),
      { SignIn: { AccountId: '123456789012', Success: true, MFAUsed: true } }, // root
    ];
    const reported = await opentrail(server, ['report', '-'], JSON.stringify(reports));
    expect(reported.stderr + reported.stdout).toContain('4 events reported, 0 refused');
    const answer = await signedFetch(server, 'GET', '/opentrail/v1/tail?from=0&follow=false');
    const lines = (await answer.text()).split('\n').filter((line) => line !== '');
    const patterns = CIS_CONTROLS.map(({ name, pattern }) => ({
      name,
      matches: compileFilterPattern(parseFilterPattern(pattern)),
    }));
    const raised = new Set<string>();
    const made = new Set<string>();
    for (const line of lines) {
      const record = JSON.parse(line);
      made.add(record.eventName);
      const found = patterns.filter(({ matches }) => matches(filterEvent(line))).map(({ name }) => name);
      for (const name of found) raised.add(name);
      expect([record.eventName, found], line).toEqual([record.eventName, expectedOf(record)]);
    }
    const documented = Object.values(RAISES).flat();
    expect([...documented, ...QUIET].filter((name) => !made.has(name))).toEqual([]);
    expect(CIS_CONTROLS.filter(({ name }) => !raised.has(name)).map(({ name }) => name)).toEqual([]);
    await server.stop();
    await moto.stop();
  },
  300_000,
);

// biome-ignore lint/suspicious/noExplicitAny: records
function expectedOf(record: any): string[] {
  const names = Object.keys(RAISES).filter((name) => RAISES[name]!.includes(record.eventName));
  const byEvent = names.filter(
    (name) => name !== 'OrganizationsChanges' || record.eventSource.startsWith('organizations.'),
  );
  const refused = /^AccessDenied/.test(record.errorCode ?? '') ? ['UnauthorizedApiCalls'] : [];
  const root = record.userIdentity.type === 'Root' && record.eventType !== 'AwsServiceEvent' ? ['RootUsage'] : [];
  const signedIn =
    record.eventName !== 'ConsoleLogin'
      ? []
      : record.responseElements.ConsoleLogin === 'Failure'
        ? ['ConsoleAuthenticationFailures']
        : record.additionalEventData.MFAUsed === 'No'
          ? ['ConsoleSigninWithoutMfa']
          : [];
  const all = new Set([...byEvent, ...refused, ...root, ...signedIn]);
  return CIS_CONTROLS.map(({ name }) => name).filter((name) => all.has(name));
}

testWith(
  ['aws'],
  'monitor install cis makes what is missing, once; a root call in the log group is told with its record',
  async () => {
    const server = await startOpenTrail();
    const cli = <T>(...args: string[]) => aws<T>(server.env, '--endpoint-url', server.endpoint, ...args);
    expect((await opentrail(server, ['monitor', 'install', 'cis'])).stderr).toContain(
      'There is no trail of all Regions',
    );
    await cli('s3api', 'create-bucket', '--bucket', 'logs');
    const allow = (Service: string, Action: string, Resource: string) => ({
      Effect: 'Allow',
      Principal: { Service },
      Action,
      Resource,
    });
    const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
    const policy = document(
      allow('cloudtrail.amazonaws.com', 's3:GetBucketAcl', 'arn:aws:s3:::logs'),
      allow('cloudtrail.amazonaws.com', 's3:PutObject', 'arn:aws:s3:::logs/*'),
    );
    await cli('s3api', 'put-bucket-policy', '--bucket', 'logs', '--policy', policy);
    await cli('cloudtrail', 'create-trail', '--name', 'audit', '--s3-bucket-name', 'logs', '--is-multi-region-trail');
    await cli('cloudtrail', 'start-logging', '--name', 'audit');
    const dry = await opentrail(server, ['monitor', 'install', 'cis', '--dry-run']);
    expect(dry.stdout).toContain('Nothing was changed');
    expect((await opentrail(server, ['monitor', 'status'])).code).toBe(1);
    const installed = await opentrail(server, ['monitor', 'install', 'cis']);
    expect(installed.stdout.match(/made {5}alarm/g), installed.stdout + installed.stderr).toHaveLength(
      CIS_CONTROLS.length,
    );
    expect(installed.code, installed.stdout).toBe(0);
    const again = await opentrail(server, ['monitor', 'install', 'cis']);
    expect(again.stdout, again.stdout).not.toContain('made     ');
    const status = await opentrail(server, ['monitor', 'status']);
    expect([status.code, status.stdout]).toEqual([0, expect.not.stringContaining('MISSING')]);

    const topic = 'arn:aws:sns:us-east-1:123456789012:cis-alarms';
    const queue = 'arn:aws:sqs:us-east-1:123456789012:alarms';
    const { QueueUrl: url } = await cli<{ QueueUrl: string }>('sqs', 'create-queue', '--queue-name', 'alarms');
    const attributes = JSON.stringify({ Policy: document(allow('sns.amazonaws.com', 'sqs:SendMessage', queue)) });
    await cli('sqs', 'set-queue-attributes', '--queue-url', url, '--attributes', attributes);
    const raw = ['--attributes', 'RawMessageDelivery=true'];
    await cli('sns', 'subscribe', '--topic-arn', topic, '--protocol', 'sqs', '--notification-endpoint', queue, ...raw);
    const record = {
      eventID: 'c2a9cbd7-6f4a-4e5f-9f6c-2a1a4f1d4c11',
      eventType: 'AwsApiCall',
      eventName: 'ListBuckets',
      userIdentity: { type: 'Root', accountId: '123456789012' },
    };
    const group = [
      '--log-group-name',
      'CloudTrail/DefaultLogGroup',
      '--log-stream-name',
      '123456789012_CloudTrail_us-east-1',
    ];
    await cli('logs', 'create-log-stream', ...group).catch(() => {});
    const events = JSON.stringify([{ timestamp: Date.now(), message: JSON.stringify(record) }]);
    await cli('logs', 'put-log-events', ...group, '--log-events', events);
    // And a real call, by way of the trail.
    const { KeyMetadata: key } = await cli<{ KeyMetadata: { KeyId: string } }>('kms', 'create-key');
    await cli('kms', 'disable-key', '--key-id', key.KeyId);
    // biome-ignore lint/suspicious/noExplicitAny: messages of alarms
    const told = new Map<string, any>();
    await eventually(
      async () => {
        const taken = await cli<{ Messages?: { Body: string }[] }>('sqs', 'receive-message', '--queue-url', url);
        for (const { Body } of taken.Messages ?? []) told.set(JSON.parse(Body).AlarmName, JSON.parse(Body));
        return told.has('CIS-RootUsage') && told.has('CIS-KmsKeyDisabling');
      },
      'the alarms of a root call and of a disabled key',
      180_000,
    );
    expect(told.get(alarmNameOf(CIS_CONTROLS[0]!))).toMatchObject({
      NewStateValue: 'ALARM',
      OpenTrail: { Events: expect.arrayContaining([record]) },
    });
    expect(told.get('CIS-KmsKeyDisabling').OpenTrail.Events).toMatchObject([
      { eventName: 'DisableKey', requestParameters: { keyId: key.KeyId } },
    ]);

    const tested = await opentrail(server, ['alarm', 'test', 'CIS-KmsKeyDisabling', '--since', '1h']);
    expect(tested.stdout + tested.stderr).toMatch(
      /records read, 1 counted; CIS-KmsKeyDisabling would have fired once\./,
    );
    await server.stop();
  },
  360_000,
);
