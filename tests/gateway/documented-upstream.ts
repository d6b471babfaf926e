/**
 * Answers in AWS's own words to the calls of the documented examples: no emulator has all of these operations, or answers
 * what the examples say. Sessions are numbered, so that each has a key of its own.
 */

interface Asked {
  readonly url: string;
  readonly body: string;
}
interface Answered {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

const REQUEST_ID = '0708e4ad-03f6-4802-b4ce-4ba987d94b8d';
const HOUR_MS = 3_600_000;
export const NODEGROUP_ROLE =
  'arn:aws:iam::111122223333:role/aws-service-role/eks-nodegroup.amazonaws.com/AWSServiceRoleForAmazonEKSNodegroup';
/** When EKS says that it made the cluster, seconds since the epoch. */
export const CREATED_AT = 1527535003.208;

const json = (body: unknown): Answered => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'x-amzn-requestid': REQUEST_ID },
  body: JSON.stringify(body),
});
const xml = (body: string): Answered => ({ status: 200, headers: { 'content-type': 'text/xml' }, body });
const nothing: Answered = { status: 204, headers: { 'x-amzn-requestid': REQUEST_ID } };
const query = (operation: string, namespace: string, result: string) =>
  xml(
    `<${operation}Response xmlns="${namespace}">${result}` +
      `<ResponseMetadata><RequestId>${REQUEST_ID}</RequestId></ResponseMetadata></${operation}Response>`,
  );
const IAM = 'https://iam.amazonaws.com/doc/2010-05-08/';
const STS = 'https://sts.amazonaws.com/doc/2011-06-15/';

let sessions = 0;
function credentials(): string {
  sessions += 1;
  const until = new Date(Date.now() + HOUR_MS).toISOString();
  return `<Credentials><AccessKeyId>ASIASESSION0000000${String(sessions).padStart(3, '0')}</AccessKeyId>
    <SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>${until}</Expiration></Credentials>`;
}

const TRUST = '{"Version":"2012-10-17","Statement":[{"Action":["sts:AssumeRole"],"Effect":"Allow"}]}';

/** By the action of a form. */
const ACTIONS: Readonly<Record<string, () => Answered>> = {
  TerminateInstances: () =>
    xml(`<TerminateInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>${REQUEST_ID}</requestId>
      <instancesSet><item><instanceId>i-1a2b3c4d</instanceId>
        <currentState><code>32</code><name>shutting-down</name></currentState>
        <previousState><code>16</code><name>running</name></previousState></item></instancesSet></TerminateInstancesResponse>`),
  CreateServiceLinkedRole: () =>
    query(
      'CreateServiceLinkedRole',
      IAM,
      `<CreateServiceLinkedRoleResult><Role><AssumeRolePolicyDocument>${encodeURIComponent(TRUST)}</AssumeRolePolicyDocument>
        <Arn>arn:aws:iam::111122223333:role/aws-service-role/elasticfilesystem.amazonaws.com/AWSServiceRoleForAmazonElasticFileSystem</Arn>
        <RoleId>AROACKCEVSQ6C2EXAMPLE</RoleId><CreateDate>2019-10-23T22:45:41Z</CreateDate>
        <RoleName>AWSServiceRoleForAmazonElasticFileSystem</RoleName>
        <Path>/aws-service-role/elasticfilesystem.amazonaws.com/</Path></Role></CreateServiceLinkedRoleResult>`,
    ),
  DeleteInstanceProfile: () => query('DeleteInstanceProfile', IAM, ''),
  GetSessionToken: () =>
    query('GetSessionToken', STS, `<GetSessionTokenResult>${credentials()}</GetSessionTokenResult>`),
  AssumeRole: () =>
    query(
      'AssumeRole',
      STS,
      `<AssumeRoleResult>${credentials()}<AssumedRoleUser><AssumedRoleId>AROA3WHGPEZ7SJ2CW55C5:EKS</AssumedRoleId>
        <Arn>arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAmazonEKSNodegroup/EKS</Arn></AssumedRoleUser></AssumeRoleResult>`,
    ),
};

/** By the path of a call, or its target. */
const PATHS: readonly (readonly [RegExp, (asked: Asked) => Answered])[] = [
  [/^\/2015-02-01\/(create|delete)-tags\/fs-00112233$/, () => nothing],
  [
    /^\/clusters$/,
    ({ body }) => {
      const { name, roleArn, resourcesVpcConfig } = JSON.parse(body);
      const cluster = {
        name,
        status: 'CREATING',
        createdAt: CREATED_AT,
        certificateAuthority: {},
        arn: `arn:aws:eks:us-west-2:111122223333:cluster/${name}`,
        roleArn,
        version: '1.10',
        resourcesVpcConfig: { securityGroupIds: [], vpcId: 'vpc-21277358', ...resourcesVpcConfig },
      };
      return json({ cluster });
    },
  ],
];

export function answerAsAws(asked: Asked): Answered {
  const action = /(?:^|&)Action=(\w+)/.exec(asked.body)?.[1];
  if (action !== undefined && ACTIONS[action]) return ACTIONS[action]();
  const found = PATHS.find(([path]) => path.test(asked.url));
  return found ? found[1](asked) : json({ RequestId: REQUEST_ID, Success: true });
}
