import * as calls from './calls.ts';
import { makeUser } from './escalation.ts';
import { denied, type Row } from './row.ts';
import { type Call, type Credentials, signed } from './wire.ts';
import { A } from './world.ts';

/** What a policy asks of the circumstances, which a caller must not be able to say of itself. */
interface Circumstance {
  readonly action: string;
  readonly call: Call;
  readonly condition: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Headers with which one would like to be believed. */
  readonly claims: Readonly<Record<string, string>>;
}

const onBucket = (name: string, query: string) => ({
  action: `s3:${name}`,
  call: calls.s3(name, 'GET', `/a-private?${query}`),
});
const TRAIL = `arn:aws:cloudtrail:us-east-1:${A}:trail/main-a`;

const CIRCUMSTANCES: readonly Circumstance[] = [
  {
    ...onBucket('GetBucketAcl', 'acl'),
    condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    claims: {
      'x-forwarded-for': '10.0.0.1',
      forwarded: 'for=10.0.0.1',
      'x-real-ip': '10.0.0.1',
      'client-ip': '10.0.0.1',
    },
  },
  {
    ...onBucket('GetBucketPolicy', 'policy'),
    condition: { Bool: { 'aws:SecureTransport': 'true' } },
    claims: { 'x-forwarded-proto': 'https', forwarded: 'proto=https', 'x-forwarded-ssl': 'on' },
  },
  {
    ...onBucket('GetBucketVersioning', 'versioning'),
    condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
    claims: { 'x-amz-mfa': `arn:aws:iam::${A}:mfa/conditional 123456` },
  },
  {
    ...onBucket('GetBucketLocation', 'location'),
    condition: { ArnEquals: { 'aws:SourceArn': TRAIL } },
    claims: { 'x-amz-source-arn': TRAIL },
  },
  {
    ...onBucket('GetBucketTagging', 'tagging'),
    condition: { StringEquals: { 'aws:SourceAccount': A } },
    claims: { 'x-amz-source-account': A },
  },
  {
    ...onBucket('GetBucketRequestPayment', 'requestPayment'),
    condition: { Bool: { 'aws:ViaAWSService': 'true' } },
    claims: { 'x-amz-via-aws-service': 'true', 'x-amz-invoked-by': 'cloudtrail.amazonaws.com' },
  },
  {
    ...onBucket('GetBucketLogging', 'logging'),
    condition: { 'ForAnyValue:StringEquals': { 'aws:CalledVia': 'cloudtrail.amazonaws.com' } },
    claims: { 'x-amz-called-via': 'cloudtrail.amazonaws.com', 'x-amz-via': 'cloudtrail.amazonaws.com' },
  },
  {
    ...onBucket('GetBucketNotification', 'notification'),
    condition: { StringEquals: { 'aws:SourceVpce': 'vpce-12345678' } },
    claims: { 'x-amzn-vpc-endpoint-id': 'vpce-12345678' },
  },
  {
    ...onBucket('GetBucketWebsite', 'website'),
    condition: { StringEquals: { 'aws:PrincipalTag/team': 'auditors' } },
    claims: { 'x-amz-principal-tag-team': 'auditors', 'x-amz-tagging': 'team=auditors' },
  },
  {
    ...onBucket('GetBucketCORS', 'cors'),
    condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1234567890' } },
    claims: { 'x-amz-principal-org-id': 'o-1234567890' },
  },
  {
    ...onBucket('GetBucketOwnershipControls', 'ownershipControls'),
    condition: { DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } },
    claims: { date: 'Wed, 01 Jan 2019 00:00:00 GMT' },
  },
  {
    ...onBucket('GetEncryptionConfiguration', 'encryption'),
    condition: { StringEquals: { 'aws:username': 'opentrail' } },
    claims: { 'x-amz-user': 'opentrail', 'x-remote-user': 'opentrail' },
  },
  {
    ...onBucket('ListBucketVersions', 'versions'),
    condition: { StringEquals: { 's3:prefix': 'public/' } },
    claims: { 'x-amz-prefix': 'public/', prefix: 'public/' },
  },
];

/** A user whose every permission hangs on a condition that does not hold. */
export const makeConditional = (as: Credentials): Promise<Credentials> =>
  makeUser(as, 'conditional', {
    inline: JSON.stringify({
      Version: '2012-10-17',
      Statement: CIRCUMSTANCES.map(({ action, condition }) => ({
        Effect: 'Allow',
        Action: action,
        Resource: '*',
        Condition: condition,
      })),
    }),
  });

export const conditionRows = (conditional: Credentials): Row[] =>
  CIRCUMSTANCES.flatMap(({ call, claims }) => [
    denied('a condition that does not hold', call, () => signed(call, conditional)),
    denied('a condition claimed by signed headers', call, () =>
      signed({ ...call, headers: { ...call.headers, ...claims } }, conditional),
    ),
  ]);
