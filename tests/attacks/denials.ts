import * as calls from './calls.ts';
import { allOfCloudTrail, allOfIam, allOfKms, allOfOrganizations, allOfS3, LOG_FILE } from './operations.ts';
import { attempts, denied, type Refusal, type Row } from './row.ts';
import { type Credentials, presigned, unsigned } from './wire.ts';
import { A, type World } from './world.ts';

/** Who is known, and may not. */
export interface People {
  /** No policy allows them anything. */
  readonly nobody: Credentials;
  readonly nobodyOfB: Credentials;
  /** A federated session without a policy. */
  readonly guest: Credentials;
  /** AWSCloudTrail_ReadOnlyAccess. */
  readonly reader: Credentials;
  /** Everything but what an explicit Deny takes: stopping and deleting trails, log files. */
  readonly restrained: Credentials;
}

/** IAM takes no federated sessions at all, nor those of GetSessionToken without a second factor (STS, API reference). */
export const NO_TOKEN_FOR_IAM: Refusal = [403, 'InvalidClientTokenId'];

/** Callers without any policy: no operation of any service is theirs. */
export function strangerRows(world: World, { nobody, nobodyOfB, guest }: People): Row[] {
  return [
    ...attempts('no policy', nobody, allOfCloudTrail(world)),
    ...attempts('no policy', nobody, allOfS3('a-private', 'doc.txt')),
    ...attempts('no policy', nobody, [
      calls.s3('ListBuckets', 'GET', '/'),
      calls.s3('CreateBucket', 'PUT', '/a-new-one'),
    ]),
    ...attempts('no policy', nobody, allOfKms(world)),
    ...attempts(
      'no policy',
      nobody,
      calls.OWN_OPERATIONS.map((name) => calls.own(name)),
    ),
    ...attempts('no policy', nobody, [
      calls.sts('AssumeRole', { RoleArn: `arn:aws:iam::${A}:role/victim-role`, RoleSessionName: 'me' }),
      calls.sts('GetFederationToken', { Name: 'me' }),
      calls.sts('GetAccessKeyInfo', { AccessKeyId: world.a.accessKeyId }),
      calls.sts('DecodeAuthorizationMessage', { EncodedMessage: 'x' }),
    ]),
    ...attempts("no policy, on another account's", nobodyOfB, allOfS3('a-logs', LOG_FILE)),
    ...attempts('no policy', nobody, allOfIam(A)),
    ...attempts('no policy', nobody, allOfOrganizations()),
    ...attempts('no policy, federated', guest, allOfIam(A), NO_TOKEN_FOR_IAM),
    ...attempts('no policy, federated', guest, allOfCloudTrail(world)),
    ...attempts('no policy, federated', guest, allOfS3('a-private', 'doc.txt')),
    ...attempts('no policy, federated', guest, [
      calls.sts('GetSessionToken'),
      calls.sts('GetFederationToken', { Name: 'me' }),
      calls.sts('AssumeRole', { RoleArn: `arn:aws:iam::${A}:role/victim-role`, RoleSessionName: 'me' }),
    ]),
  ];
}

/** Nobody at all: S3 takes unsigned calls, and records them under the bucket's owner. */
export function anonymousRows(): Row[] {
  const ofBuckets = [...allOfS3('a-private', 'doc.txt'), ...allOfS3('a-logs', LOG_FILE)].map((call) =>
    denied(`unsigned, ${call.path.split('/')[1]!.split('?')[0]}`, call, () => unsigned(call)),
  );
  const ofNone = [calls.s3('ListBuckets', 'GET', '/'), calls.s3('CreateBucket', 'PUT', '/a-new-one')].map(
    (call): Row => ({ ...denied('unsigned', call, () => unsigned(call)), leaves: 'count' }),
  );
  return [...ofBuckets, ...ofNone];
}

/** Administrators of account B, on what is A's. */
export function otherAccountRows(world: World): Row[] {
  const { b, trailOfA } = world;
  const notFound: Refusal = [400, 'TrailNotFoundException'];
  const ofA = { TrailName: trailOfA, Name: trailOfA };
  const selectors = { EventSelectors: [{ ReadWriteType: 'All' }] };
  const trails = [
    ...['GetTrail', 'GetTrailStatus', 'StartLogging', 'StopLogging', 'DeleteTrail', 'UpdateTrail'],
    ...['GetEventSelectors', 'GetInsightSelectors'],
  ].map((operation) => calls.cloudTrail(operation, ofA));
  return [
    ...attempts(
      'another account',
      b,
      [...trails, calls.cloudTrail('PutEventSelectors', { ...ofA, ...selectors })],
      notFound,
    ),
    ...attempts('another account', b, allOfS3('a-private', 'doc.txt')),
    ...attempts('another account, a log file', b, allOfS3('a-logs', LOG_FILE)),
    ...attempts('another account', b, allOfKms(world, ON_KEYS)),
    ...attempts('another account', b, [
      calls.own('CreateAccount'),
      calls.own('ReportEvents'),
      calls.own('PutRecords', `?account=${A}`),
      calls.own('TailRecords', `&account=${A}`),
      calls.own('TailRecords', `&account=${A}&from=0`),
      calls.own(
        'PutRecords',
        '',
        `{"eventTime":"2026-01-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"X","recipientAccountId":"${A}"}`,
      ),
      calls.own(
        'PutRecords',
        '',
        `{"eventTime":"2026-01-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"X","userIdentity":{"accountId":"${A}"}}`,
      ),
    ]),
    ...['GET', 'PUT', 'DELETE'].map((method) => {
      const call = calls.s3(`${method} object`, method, '/a-private/doc.txt', method === 'PUT' ? 'x' : '');
      return denied('another account, by a presigned URL', call, () => presigned(call, b));
    }),
  ];
}

/** What is done with one key. */
const ON_KEYS: readonly string[] = [
  ...['CancelKeyDeletion', 'CreateAlias', 'CreateGrant', 'Decrypt', 'DescribeKey', 'DisableKey', 'DisableKeyRotation'],
  ...[
    'EnableKey',
    'EnableKeyRotation',
    'Encrypt',
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'GetKeyPolicy',
  ],
  ...['GetKeyRotationStatus', 'ListGrants', 'ListKeyPolicies', 'ListKeyRotations', 'ListResourceTags', 'PutKeyPolicy'],
  ...['ReEncrypt', 'RevokeGrant', 'RotateKeyOnDemand', 'ScheduleKeyDeletion', 'TagResource', 'UntagResource'],
  'UpdateKeyDescription',
];

const READS = /^(Get|Describe|List|Lookup)/;

/** AWSCloudTrail_ReadOnlyAccess, on everything that is no read of CloudTrail's. */
export function readerRows(world: World, { reader }: People): Row[] {
  const writes = allOfCloudTrail(world).filter(({ name }) => !READS.test(name.split(':')[1]!));
  return [
    ...attempts('read-only', reader, writes),
    ...attempts(
      'read-only',
      reader,
      calls.OWN_OPERATIONS.map((name) => calls.own(name)),
    ),
    ...attempts('read-only', reader, allOfS3('a-logs', LOG_FILE)),
    ...attempts('read-only', reader, allOfKms(world, ON_KEYS)),
  ];
}

/** An administrator with an explicit Deny on what ends or falsifies the audit trail. */
export const RESTRAINT = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    {
      Effect: 'Deny',
      Action: [
        'cloudtrail:Stop*',
        'cloudtrail:Delete*',
        'cloudtrail:Update*',
        'cloudtrail:Put*',
        'opentrail:Put*',
        'opentrail:Report*',
        'opentrail:CreateAccount',
      ],
      Resource: '*',
    },
    { Effect: 'Deny', Action: ['s3:Delete*', 's3:Put*'], Resource: ['arn:aws:s3:::a-logs', 'arn:aws:s3:::a-logs/*'] },
    {
      Effect: 'Deny',
      Action: ['kms:Disable*', 'kms:ScheduleKeyDeletion', 'kms:PutKeyPolicy', 'kms:Decrypt'],
      Resource: '*',
    },
  ],
});

export function restrainedRows(world: World, { restrained }: People): Row[] {
  const trail = { Name: world.trailOfA, TrailName: world.trailOfA };
  const byName = { Name: 'main-a', TrailName: 'main-a' };
  const harm = [
    'StopLogging',
    'DeleteTrail',
    'UpdateTrail',
    'PutEventSelectors',
    'PutInsightSelectors',
    'PutEventConfiguration',
    'PutResourcePolicy',
    'DeleteResourcePolicy',
  ];
  const changes = allOfS3('a-logs', LOG_FILE).filter(
    ({ method, name }) => (method === 'DELETE' && /Delete/.test(name)) || /^s3:(Put|Delete|Upload|Copy)/.test(name),
  );
  return [
    ...attempts(
      'explicit deny, by ARN',
      restrained,
      harm.map((name) => calls.cloudTrail(name, { ...trail, ResourceArn: world.trailOfA })),
    ),
    ...attempts(
      'explicit deny, by name',
      restrained,
      harm.slice(0, 6).map((name) => calls.cloudTrail(name, byName)),
    ),
    ...attempts(
      'explicit deny',
      restrained,
      ['CreateAccount', 'PutRecords', 'ReportEvents'].map((name) => calls.own(name)),
    ),
    ...attempts(
      'explicit deny',
      restrained,
      allOfKms(world, ['DisableKey', 'DisableKeyRotation', 'ScheduleKeyDeletion', 'PutKeyPolicy', 'Decrypt']),
    ),
    ...attempts('explicit deny', restrained, changes),
  ];
}
