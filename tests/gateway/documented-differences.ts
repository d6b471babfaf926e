import type { CloudTrailRecord } from './harness.ts';

/**
 * How the records that AWS documents differ from ours, and why: `example field: documented ≠ ours`, ids, times and the
 * client apart. The examples are of 2016 to 2020, and edited by hand.
 */
const NEWEST = 'each service writes the version of its day; we write the newest';
const NEWER_MEMBER = 'records have it since version 1.06 or 1.07';
const NO_WEB_IDENTITY = 'records of 2024 and later leave it out where it is empty';
const SLIP = 'a slip of the guide';
const PREVIEW = 'the name in the preview of 2018; real records have the API’s';
const EKS_NAME = 'the API has called it name since its release';
const PLACEHOLDER = 'no Region, but where one is to be put';

/** What every example of a call lacks. */
const older = (
  example: string,
  { version, readOnly = 'false' }: { version: string; readOnly?: string | undefined },
) => ({
  [`${example} eventVersion: "${version}" ≠ "1.11"`]: NEWEST,
  ...(readOnly !== '' && { [`${example} readOnly: absent ≠ ${readOnly}`]: NEWER_MEMBER }),
  [`${example} managementEvent: absent ≠ true`]: NEWER_MEMBER,
  [`${example} eventCategory: absent ≠ "Management"`]: NEWER_MEMBER,
});

export const EXPLAINED: Readonly<Record<string, string>> = {
  ...older('elasticfilesystem-CreateTags', { version: '1.06' }),
  ...older('elasticfilesystem-DeleteTags', { version: '1.06' }),
  ...older('ec2-TerminateInstances', { version: '1.03' }),
  'ec2-TerminateInstances responseElements.requestId: absent ≠ "(id)"': 'EC2’s records have it since version 1.05',
  ...older('ec2-CreateNetworkInterface', { version: '1.05' }),
  'ec2-CreateNetworkInterface userIdentity.sessionContext.webIdFederationData: {} ≠ absent': NO_WEB_IDENTITY,
  'ec2-CreateNetworkInterface userIdentity.invokedBy: "AWS Internal" ≠ "elasticfilesystem.amazonaws.com"':
    'a service that sourceIPAddress names is named here too: 5,044 of 5,056 real records',
  ...older('ec2-instance-connect-SendSSHPublicKey', { version: '1.05' }),
  'ec2-instance-connect-SendSSHPublicKey eventName: "SendSSHPublicKey " ≠ "SendSSHPublicKey"': SLIP,
  'ec2-instance-connect-SendSSHPublicKey requestParameters.osUser: "ec2-user" ≠ absent': PREVIEW,
  'ec2-instance-connect-SendSSHPublicKey requestParameters.SSHKey: {"publicKey":"ssh-rsa ABCDEFGHIJKLMNO01234567890EXAMPLE"} ≠ absent':
    PREVIEW,
  'ec2-instance-connect-SendSSHPublicKey requestParameters.instanceOSUser: absent ≠ "ec2-user"': PREVIEW,
  'ec2-instance-connect-SendSSHPublicKey requestParameters.sSHPublicKey: absent ≠ "ssh-rsa ABCDEFGHIJKLMNO01234567890EXAMPLE"':
    PREVIEW,
  'ec2-instance-connect-SendSSHPublicKey responseElements: null ≠ {"requestId":"(id)","success":true}':
    'real records have the answer',
  ...older('eks-CreateCluster', { version: '1.05', readOnly: '' }),
  'eks-CreateCluster awsRegion: "region-code" ≠ "us-west-2"': PLACEHOLDER,
  'eks-CreateCluster requestParameters.clusterName: "test" ≠ absent': EKS_NAME,
  'eks-CreateCluster requestParameters.name: absent ≠ "test"': EKS_NAME,
  'eks-CreateCluster requestParameters.clientRequestToken: absent ≠ "(id)"': 'boto3 makes one up; Postman did not',
  'eks-CreateCluster responseElements.cluster.clusterName: "test" ≠ absent': EKS_NAME,
  'eks-CreateCluster responseElements.cluster.name: absent ≠ "test"': EKS_NAME,
  'eks-CreateCluster responseElements.cluster.arn: "arn:aws:eks:region-code:(account):cluster/test" ≠ "arn:aws:eks:us-west-2:(account):cluster/test"':
    PLACEHOLDER,
  ...older('elasticfilesystem-NewClientConnection', { version: '1.05', readOnly: '' }),
  'elasticfilesystem-NewClientConnection userIdentity.sessionContext.webIdFederationData: {} ≠ absent': NO_WEB_IDENTITY,
  ...older('iam-CreateServiceLinkedRole', { version: '1.05' }),
  'iam-CreateServiceLinkedRole userIdentity.invokedBy: "elasticfilesystem.amazonaws.com" ≠ absent':
    'EFS called for the user; here the user does it alone',
  ...older('iam-DeleteInstanceProfile', { version: '1.05' }),
  'iam-DeleteInstanceProfile awsRegion: "region-code" ≠ "us-east-1"': PLACEHOLDER,
  'iam-DeleteInstanceProfile userIdentity.sessionContext.webIdFederationData: {} ≠ absent': NO_WEB_IDENTITY,
};

/** Members that are ids or times of the moment, or say which client it was. */
const OF_THE_MOMENT: ReadonlySet<string> = new Set([
  ...['eventTime', 'eventID', 'requestID', 'requestId', 'creationDate', 'createdAt', 'createDate'],
  ...[
    'accessKeyId',
    'principalId',
    'roleId',
    'clientRequestToken',
    'accountId',
    'ownerId',
    'requesterId',
    'recipientAccountId',
  ],
  'assumeRolePolicyDocument',
]);
/** Who called, where that is a client and no service. */
const CLIENT: ReadonlySet<string> = new Set(['sourceIPAddress', 'userAgent']);
const SERVICE = /^(?!console\.)[\w-]+\.amazonaws\.com$|^AWS Internal$|^elasticfilesystem$/;

/** With marks in place of what two runs cannot have the same: a value is there, and of the same kind. */
export function masked(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => masked(item, name));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner, key)]));
  }
  if (OF_THE_MOMENT.has(name)) return typeof value === 'number' ? '(number)' : '(id)';
  if (typeof value !== 'string') return value;
  if (CLIENT.has(name) && !SERVICE.test(value)) return '(client)';
  return value.replace(/\b(\d{12,13}|0123456789ab)\b/g, '(account)');
}

/** Lines of what differs. */
export function documentedDifferences(example: string, documented: CloudTrailRecord, ours: CloudTrailRecord): string[] {
  return [...compare(example, masked(documented), masked(ours), ' ')];
}

function* compare(path: string, documented: unknown, ours: unknown, between = '.'): Generator<string> {
  if (isTree(documented) && isTree(ours) && Array.isArray(documented) === Array.isArray(ours)) {
    const names = new Set([...Object.keys(documented), ...Object.keys(ours)]);
    for (const name of names) yield* compare(`${path}${between}${name}`, documented[name], ours[name]);
  } else if (documented !== ours) {
    yield `${path}: ${JSON.stringify(documented) ?? 'absent'} ≠ ${JSON.stringify(ours) ?? 'absent'}`;
  }
}

const isTree = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
