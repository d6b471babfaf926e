import * as calls from './calls.ts';
import { allOfCloudTrail, allOfIam, allOfKms, allOfOrganizations, allOfS3, LOG_FILE } from './operations.ts';
import { denialOf, denied, type Refusal, type Row } from './row.ts';
import { type Call, type Credentials, presigned, signed, unsigned } from './wire.ts';
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

const attempts = (who: string, as: Credentials, list: readonly Call[], refusal?: Refusal): Row[] =>
  list.map((call, i) => {
    const isRepeated = list.findIndex(({ name }) => name === call.name) < i;
    return denied(who, call, () => signed(call, as), refusal ?? denialOf(call), isRepeated ? `(${i + 1})` : '');
  });

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
    ...attempts('no policy, federated', guest, allOfIam(A)),
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

/** CloudTrail as somebody's deputy: trails that would write where their owner may not. */
export function deputyRows(world: World): Row[] {
  const { a, b } = world;
  const insufficient: Refusal = [400, 'InsufficientS3BucketPolicyException'];
  const create = (input: Readonly<Record<string, unknown>>) =>
    calls.cloudTrail('CreateTrail', { Name: 'deputy', ...input });
  const row = (what: string, as: Credentials, call: Call, refusal = insufficient): Row =>
    denied(`confused deputy: ${what}`, call, () => signed(call, as), refusal);
  return [
    row("B's trail into A's bucket, which names A's trail alone", b, create({ S3BucketName: 'a-logs' })),
    row(
      "B's trail of the same name as A's",
      b,
      calls.cloudTrail('CreateTrail', { Name: 'main-a', S3BucketName: 'a-logs' }),
    ),
    row("B's trail with A's folder for a prefix", b, create({ S3BucketName: 'a-logs', S3KeyPrefix: `AWSLogs/${A}` }), [
      400,
      'InvalidS3PrefixException',
    ]),
    row(
      "B's trail, moved into A's bucket",
      b,
      calls.cloudTrail('UpdateTrail', { Name: 'main-b', S3BucketName: 'a-logs' }),
    ),
    row("B's trail into A's bucket without any policy", b, create({ S3BucketName: 'a-private' })),
    row("B's trail with digests", b, create({ S3BucketName: 'a-logs', EnableLogFileValidation: true })),
    row("A's own trail that the bucket does not name", a, create({ S3BucketName: 'a-logs' })),
    row(
      "A's own trail, of another Region",
      a,
      calls.cloudTrail('CreateTrail', { Name: 'main-a-2', S3BucketName: 'a-logs' }),
    ),
    row(
      "A's trail, moved into B's bucket",
      a,
      calls.cloudTrail('UpdateTrail', { Name: 'main-a', S3BucketName: 'b-logs' }),
    ),
    row(
      "A's trail, moved to a prefix that the policy does not cover",
      a,
      calls.cloudTrail('UpdateTrail', { Name: 'main-a', S3KeyPrefix: 'elsewhere' }),
    ),
    row('a bucket that is not there', b, create({ S3BucketName: 'not-there-at-all' }), [
      400,
      'S3BucketDoesNotExistException',
    ]),
    row('a prefix that climbs', a, create({ S3BucketName: 'a-logs', S3KeyPrefix: '../b-logs' })),
  ];
}

/** Bucket policies that try to widen themselves by odd wildcards, other resources or principals that are none. */
export function policyRows({ a }: World): Row[] {
  const policy = (statement: Readonly<Record<string, unknown>>) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: A },
          Action: 's3:GetObject',
          Resource: 'arn:aws:s3:::a-private/*',
          ...statement,
        },
      ],
    });
  const ODD: readonly (readonly [what: string, text: string])[] = [
    ['part of an account as principal', policy({ Principal: { AWS: 'arn:aws:iam::1234*:root' } })],
    ['any account as principal', policy({ Principal: { AWS: 'arn:aws:iam::*:root' } })],
    ['any user of an account', policy({ Principal: { AWS: `arn:aws:iam::${A}:user/*` } })],
    ['any role of an account', policy({ Principal: { AWS: `arn:aws:iam::${A}:role/*` } })],
    ['a user with a wildcard inside', policy({ Principal: { AWS: `arn:aws:iam::${A}:user/op*` } })],
    ['any service', policy({ Principal: { Service: '*' } })],
    ['a wildcard inside a service', policy({ Principal: { Service: '*.amazonaws.com' } })],
    ['a kind of principal that is none', policy({ Principal: { Everyone: '*' } })],
    ["another bucket's objects", policy({ Resource: 'arn:aws:s3:::b-private/*' })],
    ['a bucket whose name begins like it', policy({ Resource: 'arn:aws:s3:::a-private-2/*' })],
    ['a trail', policy({ Resource: `arn:aws:cloudtrail:us-east-1:${A}:trail/main-a` })],
    ["another service's action", policy({ Action: 'cloudtrail:StopLogging' })],
    ["any service's actions by a wildcard before the colon", policy({ Action: '*:GetObject' })],
    ['no principal', policy({ Principal: undefined })],
    ['principal and its contrary', policy({ NotPrincipal: { AWS: A } })],
    ['action and its contrary', policy({ NotAction: 's3:PutObject' })],
    ['resource and its contrary', policy({ NotResource: 'arn:aws:s3:::b-private/*' })],
    ['an effect that is none', policy({ Effect: 'allow' })],
    ['an operator that is none', policy({ Condition: { StringSortOf: { 'aws:SourceArn': 'x' } } })],
    ['a condition of two maps', policy({ Condition: { StringEquals: 'x' } })],
    ['a version of the future', policy({}).replace('2012-10-17', '2032-10-17')],
    ['no statement', '{"Version":"2012-10-17"}'],
    ['an empty list of statements', '{"Version":"2012-10-17","Statement":[]}'],
    ['a string', '"*"'],
    ['no JSON', '{'],
    ['a member twice', policy({}).replace('"Effect":"Allow"', '"Effect":"Deny","Effect":"Allow"')],
  ];
  return ODD.map(([what, text]) => {
    const call = calls.s3('PutBucketPolicy', 'PUT', '/a-private?policy', text);
    return denied('a policy with', call, () => signed(call, a), [400, 'MalformedPolicy'], what);
  });
}

/** Ways out of a bucket, to the server's own files and other buckets. */
export function pathRows(world: World): Row[] {
  const { a, b } = world;
  const noKey: Refusal = [404, 'NoSuchKey'];
  const noBucket: Refusal = [404, 'NoSuchBucket'];
  const badName: Refusal = [400, 'InvalidBucketName'];
  const files = ['sealing-key', 'credentials', 'state/journal', 'log', 'layout.json', 'objects', 'spool'];
  const climbs = [
    '../',
    '../../',
    '..%2f',
    '..%2F..%2F',
    '%2e%2e/',
    '%2e%2e%2f',
    './',
    '//',
    '%2f',
    '..%5c',
    '%00/',
    '..%00/',
    '....//',
    '%252e%252e%252f',
    '..;/',
  ];
  const get = (path: string) => calls.s3('GetObject', 'GET', path);
  const fromBucket = climbs.flatMap((climb) =>
    [`${climb}credentials`, `${climb}sealing-key`, `${climb}b-private/doc.txt`].map((rest) =>
      denied(
        'path',
        get(`/a-private/${climb === '//' ? '/' : climb}${rest.slice(climb.length)}`),
        () => signed(get(`/a-private/${climb === '//' ? '/' : climb}${rest.slice(climb.length)}`), a),
        noKey,
        `of ${climb}${rest.slice(climb.length)}`,
      ),
    ),
  );
  const asBucket = files.map((file) => {
    const call = get(`/${file.split('/')[0]}/${file.split('/')[1] ?? 'x'}`);
    return denied('path', call, () => signed(call, a), noBucket, `a folder of the server for a bucket: ${file}`);
  });
  const buckets = [
    '..',
    '.',
    '%2e%2e',
    '..%2fobjects',
    'a-private%2f..',
    'A-PRIVATE',
    'a_private',
    '127.0.0.1',
    'xn--a',
  ].map((name) => {
    const call = calls.s3('CreateBucket', 'PUT', `/${name}`);
    return denied('path', call, () => signed(call, a), badName, `a bucket of the name ${name}`);
  });
  const copies = [
    '/../credentials',
    '/a-private/../../credentials',
    '/a-private/..%2f..%2fsealing-key',
    '/b-private/doc.txt',
    'b-private/doc.txt',
    '/b-private/doc.txt?versionId=null',
  ].map((source) => {
    const call = calls.s3('CopyObject', 'PUT', '/a-private/stolen', '', { 'x-amz-copy-source': source });
    const refusal: Refusal = source.includes('b-private')
      ? [403, 'AccessDenied']
      : source.startsWith('/..')
        ? noBucket
        : noKey;
    return denied('path', call, () => signed(call, a), refusal, `copy source ${source}`);
  });
  const climbing = [
    `/a-logs/../a-private/doc.txt`,
    '/b-private/../a-private/doc.txt',
    '/b-private/%2e%2e/a-private/doc.txt',
    '/b-private/..%2fa-private%2fdoc.txt',
  ].map((path) =>
    denied(
      'path',
      get(path),
      () => signed(get(path), b),
      path.startsWith('/a-logs') ? [403, 'AccessDenied'] : noKey,
      `from B's bucket: ${path}`,
    ),
  );
  return [...fromBucket, ...asBucket, ...buckets, ...copies, ...climbing];
}
