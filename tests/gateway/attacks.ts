import { type Attack, ROOT, S3_BROWSER, steps, times } from './attacker.ts';
import { ATTACKS_ON_RESOURCES } from './attacks-on-resources.ts';

const ACCOUNT = '123456789012';
const signIn = (more: object) => ({ SignIn: { AccountId: ACCOUNT, UserName: 'alice', ...more } });
const SAMLMetadataDocument = '<EntityDescriptor/>'.padEnd(1_000, ' ');
const POLICY = (bucket: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${bucket}/*`] }],
  });
const GET_CALLER_IDENTITY = 'Action=GetCallerIdentity&Version=2011-06-15';
const JSON_BODY = { 'content-type': 'application/x-amz-json-1.1' };
const OF_DOMAINS =
  'AWS registers domains as route53domains.amazonaws.com (its list of events in EventBridge), not route53';

/** Sigma's rules over CloudTrail, by id: the calls that each is to detect, and near misses. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  ...ATTACKS_ON_RESOURCES,
  // Console sign-ins
  '313e72de-0c0d-4d65-8c95-87f4d546eceb': {
    run: async (t) => {
      await t.report(signIn({ Success: true }));
      t.nearMisses();
      await t.report(signIn({ Success: false }));
    },
  },
  '6393e346-1977-46ef-8987-ad414a145fad': {
    run: async (t) => {
      await t.report(signIn({ Success: false }));
      t.nearMisses();
      await t.report(signIn({ Success: true }));
    },
  },
  '77caf516-34e5-4df9-b4db-20744fea0a60': {
    run: async (t) => {
      await t.report(signIn({ Success: true, MFAUsed: false }));
      t.nearMisses();
      await t.report(signIn({ Success: true, MFAUsed: true }));
      await t.report(signIn({ Success: false, MFAUsed: false }));
    },
  },
  'f8103686-e3e8-46f3-be72-65f7fcb4aa53': {
    run: async (t) => {
      await t.report(signIn({ EventName: 'GetSigninToken', Success: true, UserAgent: 'aws_consoler' }));
      t.nearMisses();
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the console's own user agent
      const UserAgent = 'Jersey/${project.version} (HttpUrlConnection 1.8.0_352)';
      await t.report(signIn({ EventName: 'GetSigninToken', Success: true, UserAgent }));
    },
  },
  // Who it was
  '8ad1600d-e9dc-4251-b0ee-a65268f29add': {
    run: async (t) => {
      await t.moto('iam', 'ListUsers', {}, { key: ROOT });
      t.nearMisses();
      await t.moto('iam', 'ListUsers');
    },
  },
  // Credentials of `aws:ec2-instance` are EC2's own: no call of STS makes them that a gateway could learn from.
  '352a918a-34d8-4882-8470-44830c507aa3': {
    run: async (t) => {
      const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/aws:ec2-instance/i-0dbc91f429e48eeed`;
      const call = (EventSource: string, EventName: string) => ({
        ServiceCall: {
          AccountId: ACCOUNT,
          Service: 'ec2.amazonaws.com',
          UserIdentity: { type: 'AssumedRole', arn, accountId: ACCOUNT },
          SourceIpAddress: '192.0.2.7',
          EventSource,
          EventName,
        },
      });
      await t.report(call('sts.amazonaws.com', 'GetCallerIdentity'));
      t.nearMisses();
      await t.report(call('ssm.amazonaws.com', 'RegisterManagedInstance'));
    },
  },
  '905d389b-b853-46d0-9d3d-dea0d3a3cd49': {
    run: async (t) => {
      const RoleArn = `arn:aws:iam::${ACCOUNT}:role/admin`;
      const { Credentials } = await t.moto('sts', 'AssumeRole', { RoleArn, RoleSessionName: 'one' });
      const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials;
      await t.moto('s3', 'ListBuckets', {}, { key: [AccessKeyId, SecretAccessKey, SessionToken] });
      t.nearMisses();
      await t.moto('s3', 'ListBuckets');
    },
  },
  'f305fd62-beca-47da-ad95-7690a0620084': {
    run: async (t) => {
      await t.moto('s3', 'ListBuckets');
      t.nearMisses();
      const RoleArn = `arn:aws:iam::${ACCOUNT}:role/admin`;
      const { Credentials } = await t.moto('sts', 'AssumeRole', { RoleArn, RoleSessionName: 'two' });
      const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials;
      await t.moto('s3', 'ListBuckets', {}, { key: [AccessKeyId, SecretAccessKey, SessionToken] });
    },
  },
  'b45ab1d2-712f-4f01-a751-df3826969807': {
    run: async (t) => {
      await t.moto('sts', 'GetSessionToken');
      t.nearMisses();
      await t.moto('sts', 'GetSessionToken', {}, { key: ROOT });
    },
  },
  // Tools
  'a840e606-7c8c-4684-9bc1-eb6b6155127f': {
    run: async (t) => {
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      await t.post('sts', { ...form, 'user-agent': 'TruffleHog' }, GET_CALLER_IDENTITY);
      t.nearMisses();
      await t.post('sts', { ...form, 'user-agent': 'Curl' }, GET_CALLER_IDENTITY);
    },
  },
  '9b1b8e9b-0a5d-4af1-9d2f-4c4b6e7c2c9d': {
    run: async (t) => {
      await t.moto('sts', 'GetCallerIdentity', {}, { userAgent: 'TruffleHog/3.88' });
      t.nearMisses();
      await t.moto('iam', 'ListUsers', {}, { userAgent: 'TruffleHog/3.88' });
    },
  },
  // IAM
  '0a5177f4-6ca9-44c2-aacf-d3f3d8b6e4d2': {
    run: async (t) => {
      await t.moto('iam', 'CreateUser', { UserName: 'victim' });
      await t.moto('iam', 'CreateAccessKey', { UserName: 'victim' });
      t.nearMisses();
      await t.moto('iam', 'ListAccessKeys', { UserName: 'victim' });
    },
  },
  'db014773-d9d9-4792-91e5-133337c0ffee': {
    run: async (t) => {
      await t.moto('iam', 'CreateUser', { UserName: 'browser' }, { userAgent: S3_BROWSER });
      t.nearMisses();
      await t.moto('iam', 'CreateUser', { UserName: 'other' });
    },
  },
  'db014773-b1d3-46bd-ba26-133337c0ffee': {
    run: async (t) => {
      await t.moto('iam', 'CreateUser', { UserName: 'guest' });
      const login = { UserName: 'guest', Password: 'Hush-hush-1' };
      await t.moto('iam', 'CreateLoginProfile', login, { userAgent: S3_BROWSER });
      t.nearMisses();
      await t.moto('iam', 'GetLoginProfile', { UserName: 'guest' });
    },
  },
  '055fb148-60f8-462d-ad16-26926ce050f1': {
    run: async (t) => {
      await t.moto('iam', 'CreateUser', { UserName: 'admin' });
      await t.moto('iam', 'CreateLoginProfile', { UserName: 'admin', Password: 'Hush-hush-1' });
      await t.moto('iam', 'UpdateLoginProfile', { UserName: 'admin', Password: 'Hush-hush-2' });
      t.nearMisses();
      await t.moto('iam', 'GetLoginProfile', { UserName: 'admin' });
    },
  },
  'db014773-7375-4f4e-b83b-133337c0ffee': {
    run: async (t) => {
      await t.moto('iam', 'CreateUser', { UserName: 'public' });
      const put = (bucket: string) => ({ UserName: 'public', PolicyName: 'p', PolicyDocument: POLICY(bucket) });
      await t.moto('iam', 'PutUserPolicy', put('<YOUR-BUCKET-NAME>'), { userAgent: S3_BROWSER });
      t.nearMisses();
      await t.moto('iam', 'PutUserPolicy', put('mine'), { userAgent: S3_BROWSER });
    },
  },
  'f43f5d2f-3f2a-4cc8-b1af-81fde7dbaf0e': {
    run: async (t) => {
      const { SAMLProviderArn } = await t.moto('iam', 'CreateSAMLProvider', { Name: 'idp', SAMLMetadataDocument });
      await t.moto('iam', 'UpdateSAMLProvider', { SAMLProviderArn, SAMLMetadataDocument });
      t.nearMisses();
      await t.moto('iam', 'GetSAMLProvider', { SAMLProviderArn });
    },
  },
  'ccd6a6c8-bb4e-4a91-9d2a-07e632819374': {
    never: 'it asks for `status: success`, a member that no CloudTrail record has',
    run: async (t) => {
      const { SAMLProviderArn } = await t.moto('iam', 'CreateSAMLProvider', { Name: 'gone', SAMLMetadataDocument });
      await t.moto('iam', 'DeleteSAMLProvider', { SAMLProviderArn });
    },
  },
  // Services that moto has not, or has in part
  '59b70e4d-dd17-44a9-b740-acf07ae3eb6a': steps(
    [['bedrock', 'DeleteGuardrail', { guardrailIdentifier: 'g' }]],
    [['bedrock', 'GetGuardrail', { guardrailIdentifier: 'g' }]],
  ),
  '1c722651-254a-4b04-a9f4-99b62a2d0a1f': steps(
    [
      [
        'bedrock',
        'UpdateGuardrail',
        { guardrailIdentifier: 'g', name: 'g', blockedInputMessaging: 'no', blockedOutputsMessaging: 'no' },
      ],
    ],
    [['bedrock', 'ListGuardrails', {}]],
  ),
  'a5ffb6ea-c784-4e01-b30a-deb6e58ca2ab': steps(
    [['account', 'EnableRegion', { RegionName: 'af-south-1' }]],
    [['account', 'GetRegionOptStatus', { RegionName: 'af-south-1' }]],
  ),
  '4ae68615-866f-4304-b24b-ba048dfa5ca7': steps(
    [['elasticache', 'CreateCacheSecurityGroup', { CacheSecurityGroupName: 'g', Description: 'g' }]],
    [['elasticache', 'DescribeCacheSecurityGroups', {}]],
  ),
  '7c797da2-9cf2-4523-ba64-33b06339f0cc': steps(
    [['elasticache', 'DeleteCacheSecurityGroup', { CacheSecurityGroupName: 'g' }]],
    [['elasticache', 'CreateCacheSecurityGroup', { CacheSecurityGroupName: 'g', Description: 'g' }]],
  ),
  '1279262f-1464-422f-ac0d-5b545320c526': steps(
    [['kms', 'DeleteImportedKeyMaterial', { KeyId: 'k' }]],
    [['kms', 'DescribeKey', { KeyId: 'k' }]],
  ),
  '4990c2e3-f4b8-45e3-bc3c-30b14ff0ed26': steps(
    [['glue', 'CreateDevEndpoint', { EndpointName: 'e', RoleArn: `arn:aws:iam::${ACCOUNT}:role/admin` }]],
    [['glue', 'GetDevEndpoints', {}]],
  ),
  'a607e1fe-74bf-4440-a3ec-b059b9103157': steps(
    [['securityhub', 'DeleteInsight', { InsightArn: `arn:aws:securityhub:us-east-1:${ACCOUNT}:insight/i` }]],
    [['securityhub', 'GetInsights', {}]],
  ),
  '54b9a76a-3c71-4673-b4b3-2edb4566ea7b': {
    run: async (t) => {
      const wanted = { TargetEnvironment: 'vmware', ExportToS3Task: { S3Bucket: 'loot' } };
      await t.yes('ec2', 'CreateInstanceExportTask', { InstanceId: 'i-1', ...wanted });
      t.nearMisses();
      await t.yes('ec2', 'CreateInstanceExportTask', { InstanceId: 'i-nobody', ...wanted }, { fails: true });
    },
  },
  'd3adb3ef-b7e7-4003-9092-1924c797db35': {
    run: async (t) => {
      // Operations of the console's, in no API description.
      const target = (operation: string) => ({ ...JSON_BODY, 'x-amz-target': `SWBService.${operation}` });
      await t.post('sso', target('AssociateDirectory'), '{}');
      t.nearMisses();
      await t.post('sso', target('DescribeDirectories'), '{}');
    },
  },
  '3940b5f1-3f46-44aa-b746-ebe615b879e0': {
    ...steps([['route53domains', 'DisableDomainTransferLock', { DomainName: 'example.com' }]], []),
    never: OF_DOMAINS,
  },
  'b056de1a-6e6e-4e40-a67e-97c9808cf41b': {
    ...steps(
      [
        [
          'route53domains',
          'TransferDomainToAnotherAwsAccount',
          { DomainName: 'example.com', AccountId: '210987654321' },
        ],
      ],
      [],
    ),
    never: OF_DOMAINS,
  },
  // Many events in some minutes
  '26ff4080-194e-47e7-9889-ef7602efed0c': steps(
    times(11, ['ec2', 'DescribeInstanceAttribute', { InstanceId: 'i-1', Attribute: 'userData' }]),
    times(10, ['ec2', 'DescribeInstanceAttribute', { InstanceId: 'i-1', Attribute: 'userData' }]),
  ),
  '76255e09-755e-4675-8b6b-dbce9842cd2a': steps(
    [
      ['ec2', 'GetPasswordData', { InstanceId: 'i-1' }],
      ['ec2', 'GetEbsEncryptionByDefault'],
      ['ec2', 'GetEbsDefaultKmsKeyId'],
      ['ec2', 'DescribeVolumes'],
      ['ec2', 'DescribeSnapshotAttribute', { SnapshotId: 'snap-1', Attribute: 'createVolumePermission' }],
      ['ec2', 'DescribeImages'],
    ],
    times(5, ['ec2', 'DescribeVolumes']),
  ),
  'e9c14b23-47e2-4a8b-8a63-d36618e33d70': steps(times(51, ['iam', 'ListRoles']), times(50, ['iam', 'ListRoles'])),
  'c3d53999-4b14-4ddd-9d9b-e618c366b54d': steps(
    [
      ['ec2', 'DescribeCarrierGateways'],
      ['ec2', 'DescribeVpcEndpointConnectionNotifications'],
      ['ec2', 'DescribeTransitGatewayMulticastDomains'],
      ['ec2', 'DescribeClientVpnRoutes', { ClientVpnEndpointId: 'cvpn-endpoint-1' }],
      ['ec2', 'DescribeDhcpOptions'],
      ['ec2', 'GetTransitGatewayRouteTableAssociations', { TransitGatewayRouteTableId: 'tgw-rtb-1' }],
    ],
    times(5, ['ec2', 'DescribeDhcpOptions']),
  ),
  '91f6a16c-ef71-437a-99ac-0b070e3ad221': steps(
    [
      ['macie2', 'DisableMacie'],
      ['macie2', 'UpdateMacieSession', { status: 'PAUSED' }],
      ['macie2', 'DeleteMember', { id: '210987654321' }],
      ['macie2', 'DisassociateMember', { id: '210987654321' }],
      ['macie2', 'UpdateFindingsFilter', { id: 'f', action: 'ARCHIVE' }],
      ['macie2', 'UpdateMemberSession', { id: '210987654321', status: 'PAUSED' }],
    ],
    times(5, ['macie2', 'DisableMacie']),
  ),
  '60b84424-a724-4502-bd0d-cc676e1bc90e': steps(
    [
      ['ses', 'UpdateAccountSendingEnabled', { Enabled: true }],
      ['ses', 'VerifyEmailIdentity', { EmailAddress: 'ann@example.com' }],
    ],
    [['ses', 'VerifyEmailIdentity', { EmailAddress: 'ann@example.com' }]],
  ),
};
