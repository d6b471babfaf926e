import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../access/parse-policy.ts';
import type { Calls, Outcome } from './calls.ts';
import { diagnosisText } from './findings.ts';
import { diagnose } from './index.ts';
import type { ShownTrail } from './trail.ts';

const TRAIL: ShownTrail = {
  Name: 'main',
  TrailARN: 'arn:aws:cloudtrail:us-east-1:123456789012:trail/main',
  HomeRegion: 'us-east-1',
  S3BucketName: 'logs',
  S3KeyPrefix: 'all',
  LogFileValidationEnabled: true,
};
const KEY = 'arn:aws:kms:us-east-1:123456789012:key/0123';
const TOPIC = 'arn:aws:sns:us-east-1:123456789012:told';
const NOW_MS = Date.UTC(2026, 0, 2, 12);
const NOW = NOW_MS / 1000;
const error = (code: string): Outcome<never> => ({ code, message: 'so it is' });

const service = { Service: 'cloudtrail.amazonaws.com' };
const allow = (Action: string, Resource: string, more: object = {}) => ({
  Effect: 'Allow',
  Principal: service,
  Action,
  Resource,
  ...more,
});
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const GOOD_POLICY = document(
  allow('s3:GetBucketAcl', 'arn:aws:s3:::logs'),
  allow('s3:PutObject', 'arn:aws:s3:::logs/*'),
);

/** All is well, but for what `over` says. */
function callsOf(over: Readonly<Record<string, unknown>> = {}): Calls {
  const answers: Readonly<Record<string, unknown>> = {
    GetTrailStatus: { IsLogging: true, StartLoggingTime: NOW - 86_400, LatestDeliveryTime: NOW - 60 },
    LookupEvents: { Events: [] },
    DescribeKey: { KeyMetadata: { Arn: KEY, KeyState: 'Enabled' } },
    GetKeyPolicy: { Policy: document(allow('kms:*', '*')) },
    HeadBucket: '',
    policy: GOOD_POLICY,
    topicPolicy: document(allow('SNS:Publish', TOPIC)),
    troubles: [],
    ...over,
  };
  const answer = async <T>(name: string): Promise<Outcome<T>> => {
    const found = answers[name] as T & { readonly code?: string };
    return typeof found === 'object' && found.code !== undefined ? (found as unknown as Outcome<T>) : { value: found };
  };
  return {
    cloudTrail: answer,
    kms: answer,
    organizations: answer,
    topicPolicy: () => answer('topicPolicy'),
    bucket: (_bucket, subresource) => answer(subresource ?? 'HeadBucket'),
    troubles: async () => answers.troubles as readonly string[],
  };
}
const told = async (over: Readonly<Record<string, unknown>>, trail: Partial<ShownTrail> = {}) =>
  diagnose(callsOf(over), { ...TRAIL, ...trail }, NOW_MS);
const badOf = async (over: Readonly<Record<string, unknown>>, trail: Partial<ShownTrail> = {}) => {
  const { findings, healthy } = await told(over, trail);
  const bads = findings.filter(({ state }) => state === 'bad');
  expect(healthy).toBe(bads.length === 0);
  return bads;
};

describe('a trail', () => {
  test('that is well', async () => {
    const diagnosis = await told({}, { KmsKeyId: KEY });
    expect(diagnosis.healthy).toBe(true);
    expect(diagnosis.findings.map(({ about, state }) => [about, state])).toEqual([
      ['logging', 'good'],
      ['delivery', 'good'],
      ['bucket', 'good'],
      ['bucket policy', 'good'],
      ['key', 'good'],
      ['key policy', 'good'],
      ['server', 'good'],
    ]);
    expect(diagnosisText(diagnosis)).toContain('Nothing found');
  });

  test.each<[string, Readonly<Record<string, unknown>>, Partial<ShownTrail>, string, string]>([
    ['is stopped', { GetTrailStatus: { IsLogging: false } }, {}, 'logging', 'start-logging'],
    [
      'failed last',
      { GetTrailStatus: { IsLogging: true, LatestDeliveryError: 'NoSuchBucket', LatestDeliveryTime: NOW } },
      {},
      'deliveries',
      'tried again',
    ],
    [
      'failed to tell its topic',
      { GetTrailStatus: { IsLogging: true, LatestNotificationError: 'AuthorizationError', LatestDeliveryTime: NOW } },
      {},
      'notifications',
      '',
    ],
    [
      'failed to reach its log group',
      {
        GetTrailStatus: { IsLogging: true, LatestCloudWatchLogsDeliveryError: 'AccessDenied', LatestDeliveryTime: NOW },
      },
      {},
      'log group',
      '',
    ],
    [
      'is late',
      { GetTrailStatus: { IsLogging: true, LatestDeliveryTime: NOW - 7200 }, LookupEvents: { Events: [{}] } },
      {},
      'delivery',
      '',
    ],
    ['has lost its bucket', { HeadBucket: error('NotFound') }, {}, 'bucket', 'create-bucket'],
    [
      'has a key that is disabled',
      { DescribeKey: { KeyMetadata: { Arn: KEY, KeyState: 'Disabled' } } },
      { KmsKeyId: KEY },
      'key',
      'enable-key',
    ],
    [
      'has a key that will be deleted',
      { DescribeKey: { KeyMetadata: { Arn: KEY, KeyState: 'PendingDeletion' } } },
      { KmsKeyId: KEY },
      'key',
      'cancel-key-deletion',
    ],
    ['has lost its key', { DescribeKey: error('NotFoundException') }, { KmsKeyId: KEY }, 'key', 'update-trail'],
    ['is on a full disk', { troubles: ['the disk is full'] }, {}, 'server', ''],
  ])('that %s', async (_, over, trail, about, how) => {
    const bads = await badOf(over, trail);
    expect(bads.map((finding) => finding.about)).toEqual([about]);
    expect(bads[0]!.fix?.how ?? '').toContain(how);
  });

  test('that nothing has happened to is not late', async () => {
    expect(await badOf({ GetTrailStatus: { IsLogging: true, LatestDeliveryTime: NOW - 7200 } })).toEqual([]);
  });

  test('whose state may not be seen is not called ill', async () => {
    const denied = error('AccessDenied');
    const { healthy, findings } = await told(
      { GetTrailStatus: denied, HeadBucket: denied, policy: denied, DescribeKey: denied },
      { KmsKeyId: KEY },
    );
    expect(healthy).toBe(true);
    expect(findings.filter(({ state }) => state === 'unknown')).toHaveLength(4);
  });
});

describe('a topic', () => {
  const SnsTopicARN = TOPIC;
  test('that may be published to is good', async () => {
    const { findings } = await told({}, { SnsTopicARN });
    expect(findings).toContainEqual({ about: 'topic policy', state: 'good', says: 'it lets CloudTrail publish' });
  });

  test('whose policy says nothing of CloudTrail is given with what it lacks, and is good then', async () => {
    const policy = document(allow('SNS:Publish', TOPIC, { Principal: { Service: 'config.amazonaws.com' } }));
    const [finding] = await badOf({ topicPolicy: policy }, { SnsTopicARN });
    expect(finding).toMatchObject({ about: 'topic policy', says: 'it does not allow sns:Publish to CloudTrail' });
    expect(await badOf({ topicPolicy: JSON.stringify(finding!.fix!.policy) }, { SnsTopicARN })).toEqual([]);
  });

  test('that is gone is bad, and one that may not be seen is not', async () => {
    expect(await badOf({ topicPolicy: error('NotFound') }, { SnsTopicARN })).toMatchObject([{ about: 'topic' }]);
    expect(await badOf({ topicPolicy: error('AuthorizationError') }, { SnsTopicARN })).toEqual([]);
  });
});

describe('a bucket policy', () => {
  test.each([
    ['that is not there', error('NoSuchBucketPolicy')],
    ['that says nothing of CloudTrail', document(allow('s3:GetObject', 'arn:aws:s3:::logs/*', { Principal: '*' }))],
    [
      'for another prefix',
      document(allow('s3:GetBucketAcl', 'arn:aws:s3:::logs'), allow('s3:PutObject', 'arn:aws:s3:::logs/AWSLogs/*')),
    ],
    [
      'for another trail',
      document(allow('s3:*', '*', { Condition: { StringEquals: { 'aws:SourceArn': `${TRAIL.TrailARN}2` } } })),
    ],
  ])('%s is given with what it lacks, and is good then', async (_, policy) => {
    const [finding, ...more] = await badOf({ policy });
    expect(more).toEqual([]);
    const mended = JSON.stringify(finding!.fix!.policy);
    expect(parsePolicy(mended)).toHaveProperty('policy');
    expect(mended).toContain('arn:aws:s3:::logs/all/AWSLogs/123456789012/*');
    expect(await badOf({ policy: mended })).toEqual([]);
  });

  test('of an organization trail lets it write to the folders of the organization and of the account', async () => {
    const described = { DescribeOrganization: { Organization: { Id: 'o-example' } } };
    const ofTrail = { IsOrganizationTrail: true };
    const [finding] = await badOf({ ...described, policy: error('NoSuchBucketPolicy') }, ofTrail);
    const mended = JSON.stringify(finding!.fix!.policy);
    expect(mended).toContain('arn:aws:s3:::logs/all/AWSLogs/o-example/*');
    expect(mended).toContain('arn:aws:s3:::logs/all/AWSLogs/123456789012/*');
    expect(await badOf({ ...described, policy: mended }, ofTrail)).toEqual([]);
    const { findings } = await told({ DescribeOrganization: error('AccessDeniedException') }, ofTrail);
    expect(findings).toContainEqual(expect.objectContaining({ about: 'bucket policy', state: 'unknown' }));
  });

  test('of a trail with Insights lets it write to their folder too', async () => {
    const write = allow('s3:PutObject', 'arn:aws:s3:::logs/all/AWSLogs/123456789012/CloudTrail/*');
    const digests = allow('s3:PutObject', 'arn:aws:s3:::logs/all/AWSLogs/123456789012/CloudTrail-Digest/*');
    const policy = document(allow('s3:GetBucketAcl', 'arn:aws:s3:::logs'), write, digests);
    expect(await badOf({ policy })).toEqual([]);
    const [finding] = await badOf({ policy }, { HasInsightSelectors: true });
    expect(finding).toMatchObject({ about: 'bucket policy', says: 'it does not allow s3:PutObject to CloudTrail' });
    expect(await badOf({ policy: JSON.stringify(finding!.fix!.policy) }, { HasInsightSelectors: true })).toEqual([]);
  });

  test('that denies cannot be mended by another statement', async () => {
    const deny = { ...allow('s3:PutObject', 'arn:aws:s3:::logs/*'), Effect: 'Deny', Sid: 'Closed' };
    const [finding] = await badOf({ policy: document(...JSON.parse(GOOD_POLICY).Statement, deny) });
    expect(finding).toMatchObject({ about: 'bucket policy', says: expect.stringContaining('Closed') });
    expect(finding!.fix!.policy).toBeUndefined();
  });
});

test('a key policy is given with what it lacks, and is good then', async () => {
  const Policy = document({ ...allow('kms:*', '*'), Principal: { AWS: 'arn:aws:iam::123456789012:root' } });
  const [finding] = await badOf({ GetKeyPolicy: { Policy } }, { KmsKeyId: KEY });
  const mended = JSON.stringify(finding!.fix!.policy);
  expect(await badOf({ GetKeyPolicy: { Policy: mended } }, { KmsKeyId: KEY })).toEqual([]);
  expect(diagnosisText(await told({ GetKeyPolicy: { Policy } }, { KmsKeyId: KEY }))).toContain('put-key-policy');
});

describe('policies that name the organization', () => {
  const conditions = {
    id: { StringEquals: { 'aws:SourceOrgID': 'o-example' } },
    paths: { 'ForAnyValue:StringLike': { 'aws:SourceOrgPaths': 'o-example/r-1/ou-1/*' } },
  };
  const named = (Condition: object) => ({
    policy: document(allow('s3:*', '*', { Condition })),
    GetKeyPolicy: { Policy: document(allow('kms:*', '*', { Condition })) },
  });
  const organization = {
    DescribeOrganization: { Organization: { Id: 'o-example' } },
    ListParents: { Parents: [{ Id: 'r-1', Type: 'ROOT' }] },
  };
  const statesOf = async (over: Readonly<Record<string, unknown>>) => {
    const { findings } = await told(over, { KmsKeyId: KEY });
    return findings.filter(({ about }) => about.endsWith('policy')).map(({ state }) => state);
  };

  test.each<[string, object, object, string]>([
    ['its own, by its id', conditions.id, organization, 'good'],
    ['another', conditions.id, { DescribeOrganization: { Organization: { Id: 'o-other' } } }, 'bad'],
    [
      'one, and it is in none',
      conditions.id,
      { DescribeOrganization: error('AWSOrganizationsNotInUseException') },
      'bad',
    ],
    ['one that it may not see', conditions.id, { DescribeOrganization: error('AccessDeniedException') }, 'unknown'],
    ['its own, by a path that is not its', conditions.paths, organization, 'bad'],
    [
      'a path that it may not see',
      conditions.paths,
      { ...organization, ListParents: error('AccessDeniedException') },
      'unknown',
    ],
  ])('%s', async (_, condition, answers, state) => {
    expect(await statesOf({ ...named(condition), ...answers })).toEqual([state, state]);
  });

  test('by a path that is', async () => {
    const above = [
      { Id: 'ou-1', Type: 'ORGANIZATIONAL_UNIT' },
      { Id: 'r-1', Type: 'ROOT' },
    ];
    const asked: string[] = [];
    const calls = callsOf({ ...named(conditions.paths), ...organization });
    const walking: Calls = {
      ...calls,
      organizations: async <T>(operation: string, input: { readonly ChildId?: string }): Promise<Outcome<T>> => {
        if (operation !== 'ListParents') return calls.organizations(operation, input);
        asked.push(input.ChildId!);
        return { value: { Parents: [above[(asked.length - 1) % 2]!] } as T };
      },
    };
    const { findings } = await diagnose(walking, TRAIL, NOW_MS);
    expect(findings.find(({ about }) => about === 'bucket policy')?.state).toBe('good');
    expect(asked).toEqual(['123456789012', 'ou-1']);
  });
});

test('a bucket and key of another store are left to what that has answered', async () => {
  const { findings } = await diagnose(
    callsOf({ HeadBucket: error('NotFound') }),
    { ...TRAIL, KmsKeyId: KEY },
    NOW_MS,
    'https://s3.test',
  );
  expect(findings.map(({ about, state }) => [about, state])).toEqual([
    ['logging', 'good'],
    ['delivery', 'good'],
    ['bucket', 'unknown'],
    ['server', 'good'],
  ]);
});
