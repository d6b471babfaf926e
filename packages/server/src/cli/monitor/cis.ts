/**
 * The metric filters and alarms of the CIS AWS Foundations Benchmark, as Security Hub's controls CloudWatch.1 to
 * CloudWatch.14 check for them (AWS Security Hub user guide), and that for Organizations of CIS 1.4 and later. Patterns
 * stand as those controls want them, word for word: they compare texts.
 */
export interface Control {
  /** Of the filter, the metric and the alarm. */
  readonly name: string;
  /** Security Hub's number, and those of the benchmark's versions 1.2 and 1.4. */
  readonly ids: readonly string[];
  readonly purpose: string;
  readonly pattern: string;
}

const names = (list: string): string =>
  list
    .split(' ')
    .map((name) => `($.eventName=${name})`)
    .join(' || ');
const anyOf = (list: string): string => `{${names(list)}}`;
const ofSource = (source: string, list: string): string => `{($.eventSource=${source}) && (${names(list)})}`;

export const CIS_CONTROLS: readonly Control[] = [
  {
    name: 'RootUsage',
    ids: ['CloudWatch.1', '1.2:3.3', '1.4:4.3'],
    purpose: 'The root user did something',
    pattern: '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
  },
  {
    name: 'UnauthorizedApiCalls',
    ids: ['CloudWatch.2', '1.2:3.1', '1.4:4.1'],
    purpose: 'A call was refused for want of permission',
    pattern: '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
  },
  {
    name: 'ConsoleSigninWithoutMfa',
    ids: ['CloudWatch.3', '1.2:3.2', '1.4:4.2'],
    purpose: 'A user signed in to the console without MFA',
    pattern:
      '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }',
  },
  {
    name: 'IamPolicyChanges',
    ids: ['CloudWatch.4', '1.2:3.4', '1.4:4.4'],
    purpose: 'An IAM policy was changed',
    pattern: ofSource(
      'iam.amazonaws.com',
      'DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy AttachGroupPolicy DetachGroupPolicy',
    ),
  },
  {
    name: 'CloudTrailChanges',
    ids: ['CloudWatch.5', '1.2:3.5', '1.4:4.5'],
    purpose: 'A trail was changed or stopped',
    pattern: anyOf('CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging'),
  },
  {
    name: 'ConsoleAuthenticationFailures',
    ids: ['CloudWatch.6', '1.2:3.6', '1.4:4.6'],
    purpose: 'A sign-in to the console failed',
    pattern: '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
  },
  {
    name: 'KmsKeyDisabling',
    ids: ['CloudWatch.7', '1.2:3.7', '1.4:4.7'],
    purpose: 'A key of KMS was disabled, or is to be deleted',
    pattern: ofSource('kms.amazonaws.com', 'DisableKey ScheduleKeyDeletion'),
  },
  {
    name: 'S3BucketPolicyChanges',
    ids: ['CloudWatch.8', '1.2:3.8', '1.4:4.8'],
    purpose: "A bucket's policy was changed",
    pattern: ofSource(
      's3.amazonaws.com',
      'PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication',
    ),
  },
  {
    name: 'ConfigChanges',
    ids: ['CloudWatch.9', '1.2:3.9', '1.4:4.9'],
    purpose: 'AWS Config was changed or stopped',
    pattern: ofSource(
      'config.amazonaws.com',
      'StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder',
    ),
  },
  {
    name: 'SecurityGroupChanges',
    ids: ['CloudWatch.10', '1.2:3.10', '1.4:4.10'],
    purpose: 'A security group was changed',
    pattern: anyOf(
      'AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup',
    ),
  },
  {
    name: 'NetworkAclChanges',
    ids: ['CloudWatch.11', '1.2:3.11', '1.4:4.11'],
    purpose: 'A network ACL was changed',
    pattern: anyOf(
      'CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry ReplaceNetworkAclAssociation',
    ),
  },
  {
    name: 'NetworkGatewayChanges',
    ids: ['CloudWatch.12', '1.2:3.12', '1.4:4.12'],
    purpose: 'A network gateway was changed',
    pattern: anyOf(
      'CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway DeleteInternetGateway DetachInternetGateway',
    ),
  },
  {
    name: 'RouteTableChanges',
    ids: ['CloudWatch.13', '1.2:3.13', '1.4:4.13'],
    purpose: 'A route table was changed',
    pattern: ofSource(
      'ec2.amazonaws.com',
      'CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute DisassociateRouteTable',
    ),
  },
  {
    name: 'VpcChanges',
    ids: ['CloudWatch.14', '1.2:3.14', '1.4:4.14'],
    purpose: 'A VPC was changed',
    pattern: anyOf(
      'CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection DeleteVpcPeeringConnection RejectVpcPeeringConnection AttachClassicLinkVpc DetachClassicLinkVpc DisableVpcClassicLink EnableVpcClassicLink',
    ),
  },
  {
    name: 'OrganizationsChanges',
    ids: ['1.4:4.15'],
    purpose: 'The organization was changed',
    pattern: ofSource(
      'organizations.amazonaws.com',
      'AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit CreatePolicy DeclineHandshake DeleteOrganization DeleteOrganizationalUnit DeletePolicy DetachPolicy DisablePolicyType EnablePolicyType InviteAccountToOrganization LeaveOrganization MoveAccount RemoveAccountFromOrganization UpdatePolicy UpdateOrganizationalUnit',
    ),
  },
];

export const CIS_NAMESPACE = 'CISBenchmark';

export const filterNameOf = ({ name }: Control): string => `CIS-${name}`;
export const metricNameOf = ({ name }: Control): string => name;
export const alarmNameOf = ({ name }: Control): string => `CIS-${name}`;

/** "Sum, 5 minutes, at least 1" (Security Hub user guide); no calls are no reason for an alarm. */
export function alarmOf(control: Control, topicArn: string) {
  return {
    AlarmName: alarmNameOf(control),
    AlarmDescription: `${control.purpose} (CIS AWS Foundations: ${control.ids.join(', ')})`,
    Namespace: CIS_NAMESPACE,
    MetricName: metricNameOf(control),
    Statistic: 'Sum',
    Period: 300,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
    AlarmActions: [topicArn],
  };
}

export function filterOf(control: Control, logGroupName: string) {
  return {
    logGroupName,
    filterName: filterNameOf(control),
    filterPattern: control.pattern,
    metricTransformations: [{ metricName: metricNameOf(control), metricNamespace: CIS_NAMESPACE, metricValue: '1' }],
  };
}
