import { beforeEach, describe, expect, test } from 'vitest';
import { Pushback } from '../../base/errors.ts';
import { ObjectsError } from '../../ports/objects.ts';
import { memoryState } from '../../ports/state/memory.ts';
import { StateConflict } from '../../ports/state.ts';
import { listRetiredTrails, loggingPeriods, type Trail } from '../../trails/trail.ts';
import { ACCOUNT, AWAY, createHarness, type Harness, HOME } from './testing/harness.ts';

const ARN = `arn:aws:cloudtrail:${HOME}:${ACCOUNT}:trail/main`;
const MAIN = { Name: 'main', S3BucketName: 'logs' };
let h: Harness;
beforeEach(() => {
  h = createHarness();
});
const stored = async (name = 'main') => (await h.state.get<Trail>(`trail/${ACCOUNT}/${HOME}/${name}`))!.value;

describe('CreateTrail', () => {
  test('answers with every setting and AWS’s defaults', async () => {
    expect(await h.call('CreateTrail', MAIN)).toEqual({
      Name: 'main',
      S3BucketName: 'logs',
      IncludeGlobalServiceEvents: true,
      IsMultiRegionTrail: false,
      TrailARN: ARN,
      LogFileValidationEnabled: false,
      IsOrganizationTrail: false,
      RecursiveLogging: true,
    });
    expect(await h.call('GetTrailStatus', { Name: 'main' })).toMatchObject({ IsLogging: false });
    expect(h.changes.count).toBe(1);
  });

  test('keeps what it was given', async () => {
    const settings = {
      S3KeyPrefix: 'a/b',
      IncludeGlobalServiceEvents: true,
      IsMultiRegionTrail: true,
      RecursiveLogging: false,
    };
    const output = await h.call('CreateTrail', { ...MAIN, ...settings, EnableLogFileValidation: true });
    expect(output).toMatchObject({ ...settings, LogFileValidationEnabled: true });
  });

  test('writes an empty marker as CloudTrail does, and one for digests', async () => {
    await h.call('CreateTrail', { ...MAIN, S3KeyPrefix: 'p', EnableLogFileValidation: true });
    const caller = { service: 'cloudtrail.amazonaws.com', sourceArn: ARN, sourceAccount: ACCOUNT };
    const object = {
      bucket: 'logs',
      body: Buffer.alloc(0),
      contentType: 'application/json',
      contentEncoding: 'gzip',
      acl: 'bucket-owner-full-control',
    };
    expect(h.objects.puts).toEqual([
      { caller, object: { ...object, key: `p/AWSLogs/${ACCOUNT}/CloudTrail/` } },
      { caller, object: { ...object, key: `p/AWSLogs/${ACCOUNT}/CloudTrail-Digest/` } },
    ]);
  });

  test.each([
    [{ Name: undefined }, 'InvalidTrailNameException', 'Trail name cannot be blank!'],
    [{ S3BucketName: 'NO' }, 'InvalidS3BucketNameException', /3 to 63/],
    [{ S3BucketName: undefined }, 'InvalidS3BucketNameException', /3 to 63/],
    [{ S3KeyPrefix: 'AWSLogs/x' }, 'InvalidS3PrefixException', /AWSLogs/],
    [{ S3BucketName: 'absent' }, 'S3BucketDoesNotExistException', 'S3 bucket absent does not exist!'],
    [
      { IsMultiRegionTrail: true, IncludeGlobalServiceEvents: false },
      'InvalidParameterCombinationException',
      'Multi-Region trail must include global service events.',
    ],
    [{ IsOrganizationTrail: true }, 'OrganizationsNotInUseException', /organization/],
    [{ SnsTopicName: 'bad topic' }, 'InvalidSnsTopicNameException', /topic/],
    [{ SnsTopicName: 'orders.fifo' }, 'InvalidSnsTopicNameException', /FIFO/],
    [{ SnsTopicName: 'topic' }, 'InsufficientSnsTopicPolicyException', /^SNS Topic does not exist/],
    [
      { SnsTopicName: `arn:aws:sns:${HOME}:${ACCOUNT}:topic` },
      'InsufficientSnsTopicPolicyException',
      /^SNS Topic does not exist/,
    ],
    [
      { CloudWatchLogsLogGroupArn: `arn:aws:logs:${HOME}:${ACCOUNT}:log-group:g:*` },
      'InvalidCloudWatchLogsRoleArnException',
      /role ARN/,
    ],
    [
      { CloudWatchLogsRoleArn: `arn:aws:iam::${ACCOUNT}:role/r` },
      'InvalidCloudWatchLogsLogGroupArnException',
      /log group ARN/,
    ],
    [
      { CloudWatchLogsLogGroupArn: 'g', CloudWatchLogsRoleArn: `arn:aws:iam::${ACCOUNT}:role/r` },
      'InvalidCloudWatchLogsLogGroupArnException',
      /must look like/,
    ],
    [
      {
        CloudWatchLogsLogGroupArn: `arn:aws:logs:${HOME}:${ACCOUNT}:log-group:g:*`,
        CloudWatchLogsRoleArn: `arn:aws:iam::${ACCOUNT}:role/r`,
      },
      'CloudWatchLogsDeliveryUnavailableException',
      /CloudWatch Logs/,
    ],
    [{ KmsKeyId: 'not a key' }, 'InvalidKmsKeyIdException', /key/],
    [{ TagsList: [{ Key: 'a' }, { Key: 'a' }] }, 'InvalidTagParameterException', /more than once/],
  ])('refuses %j with %s', async (changes, code, message) => {
    const [actual, text] = await h.refusal('CreateTrail', { ...MAIN, ...changes });
    expect(actual).toBe(code);
    if (typeof message === 'string') expect(text).toBe(message);
    else expect(text).toMatch(message);
    expect(await h.call('ListTrails')).toEqual({ Trails: [] });
  });

  test('says what the bucket policy lacks, and tries both permissions', async () => {
    h.objects.refusals.set('acl', new ObjectsError('AccessDenied', 'no', 's3:GetBucketAcl on arn:aws:s3:::logs'));
    expect(await h.refusal('CreateTrail', MAIN)).toEqual([
      'InsufficientS3BucketPolicyException',
      'Incorrect S3 bucket policy is detected for bucket: logs. Missing: s3:GetBucketAcl on arn:aws:s3:::logs',
    ]);
    expect(h.objects.puts).toHaveLength(1);
  });

  test('a bucket that cannot answer now is not the caller’s fault', async () => {
    h.objects.refusals.set('put', new ObjectsError('SlowDown', 'later'));
    await expect(h.call('CreateTrail', MAIN)).rejects.toBeInstanceOf(Pushback);
  });

  test('resolves a key once, and tells what is wrong with it', async () => {
    const KmsKeyId = 'alias/mine';
    for (const [code, named] of [
      ['KMS.DisabledException', 'KmsException'],
      ['KMS.WrongRegion', 'KmsKeyNotFoundException'],
      ['KMS.NotFoundException', 'InsufficientEncryptionPolicyException'],
      ['AccessDenied', 'InsufficientEncryptionPolicyException'],
    ] as const) {
      h.objects.refusals.set('key', new ObjectsError(code, 'why'));
      const [name, text] = await h.refusal('CreateTrail', { ...MAIN, KmsKeyId });
      expect(name).toBe(named);
      expect(text).toContain('why');
    }
    h.objects.refusals.clear();
    h.objects.puts.length = 0;
    const arn = `arn:aws:kms:${HOME}:${ACCOUNT}:alias/mine`;
    expect(await h.call('CreateTrail', { ...MAIN, KmsKeyId })).toMatchObject({ KmsKeyId: arn });
    expect(h.objects.puts[0]!.object).toMatchObject({
      kmsKeyId: arn,
      kmsContext: { 'aws:s3:arn': `arn:aws:s3:::logs/AWSLogs/${ACCOUNT}/CloudTrail/` },
    });
    expect(await h.call('UpdateTrail', { Name: 'main', KmsKeyId: '' })).not.toHaveProperty('KmsKeyId');
  });

  test('takes a name once in a Region, shadows included', async () => {
    await h.call('CreateTrail', { ...MAIN, IsMultiRegionTrail: true });
    for (const region of [HOME, AWAY]) {
      expect(await h.refusal('CreateTrail', MAIN, { region })).toEqual([
        'TrailAlreadyExistsException',
        `Trail main already exists for customer: ${ACCOUNT}`,
      ]);
    }
    await h.call('CreateTrail', MAIN, { accountId: '210987654321' });
  });

  test('gives a Region five trails, shadows included', async () => {
    for (const n of [1, 2, 3, 4]) await h.call('CreateTrail', { ...MAIN, Name: `trail-${n}` });
    await h.call('CreateTrail', { ...MAIN, Name: 'multi', IsMultiRegionTrail: true }, { region: AWAY });
    const full = ['MaximumNumberOfTrailsExceededException', `User already has 5 trails in ${HOME}`];
    expect(await h.refusal('CreateTrail', { ...MAIN, Name: 'sixth' })).toEqual(full);
    expect(
      await h.refusal('CreateTrail', { ...MAIN, Name: 'multi-2', IsMultiRegionTrail: true }, { region: AWAY }),
    ).toEqual(full);
    await h.call('CreateTrail', { ...MAIN, Name: 'single' }, { region: AWAY });
  });

  test('holds the quota when many come at once', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `trail-${i}`);
    const results = await Promise.allSettled(names.map((Name) => h.call('CreateTrail', { ...MAIN, Name })));
    expect(results.filter((r) => r.status === 'fulfilled').length).toBeLessThanOrEqual(5);
    expect((await h.call('ListTrails')).Trails.length).toBe(results.filter((r) => r.status === 'fulfilled').length);
  });

  test('of two at once with one name, one exists', async () => {
    const results = await Promise.allSettled([h.call('CreateTrail', MAIN), h.call('CreateTrail', MAIN)]);
    expect(results.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('finding a trail', () => {
  const READS = ['GetTrail', 'GetTrailStatus'];
  const CHANGES = ['UpdateTrail', 'DeleteTrail', 'StartLogging', 'StopLogging'];

  test.each([...READS, ...CHANGES])('%s takes a name or an ARN', async (operation) => {
    await h.call('CreateTrail', MAIN);
    await h.call(operation, { Name: 'main' });
    if (operation !== 'DeleteTrail') await h.call(operation, { Name: ARN });
  });

  test.each([...READS, ...CHANGES])('%s refuses what is not there, in AWS’s words', async (operation) => {
    expect(await h.refusal(operation, { Name: 'main' })).toEqual([
      'TrailNotFoundException',
      `Unknown trail: ${ARN} for the user: ${ACCOUNT}`,
    ]);
    const foreign = `arn:aws:cloudtrail:${HOME}:210987654321:trail/main`;
    await h.call('CreateTrail', MAIN, { accountId: '210987654321' });
    expect(await h.refusal(operation, { Name: foreign })).toEqual([
      'TrailNotFoundException',
      `Unknown trail: ${foreign} for the user: ${ACCOUNT}`,
    ]);
    expect((await h.refusal(operation, { Name: 'arn:aws:s3:::x' }))[0]).toBe('CloudTrailARNInvalidException');
    expect((await h.refusal(operation, { Name: 'a' }))[0]).toBe('InvalidTrailNameException');
    expect((await h.refusal(operation, {}))[0]).toBe('InvalidTrailNameException');
  });

  test.each(CHANGES)('%s works only in the home Region', async (operation) => {
    await h.call('CreateTrail', { ...MAIN, IsMultiRegionTrail: true });
    for (const Name of ['main', ARN]) {
      expect((await h.refusal(operation, { Name }, { region: AWAY }))[0]).toBe('InvalidHomeRegionException');
    }
  });

  test('a shadow is read by ARN everywhere, by name with GetTrail only', async () => {
    await h.call('CreateTrail', { ...MAIN, IsMultiRegionTrail: true });
    expect((await h.call('GetTrail', { Name: 'main' }, { region: AWAY })).Trail.HomeRegion).toBe(HOME);
    await h.call('GetTrailStatus', { Name: ARN }, { region: AWAY });
    expect(await h.refusal('GetTrailStatus', { Name: 'main' }, { region: AWAY })).toEqual([
      'TrailNotFoundException',
      `Unknown trail: arn:aws:cloudtrail:${AWAY}:${ACCOUNT}:trail/main for the user: ${ACCOUNT}`,
    ]);
  });
});

describe('DescribeTrails and ListTrails', () => {
  beforeEach(async () => {
    await h.call('CreateTrail', MAIN);
    await h.call('CreateTrail', { ...MAIN, Name: 'multi', IsMultiRegionTrail: true });
    await h.call('CreateTrail', { ...MAIN, Name: 'away' }, { region: AWAY });
  });
  const names = async (input: object, region = HOME) =>
    (await h.call('DescribeTrails', input, { region })).trailList.map((t: { Name: string }) => t.Name);

  test('show what is visible in the Region', async () => {
    expect(await names({})).toEqual(['main', 'multi']);
    expect(await names({ trailNameList: [] })).toEqual(['main', 'multi']);
    expect(await names({}, AWAY)).toEqual(['away', 'multi']);
    expect(await names({ includeShadowTrails: false }, AWAY)).toEqual(['away']);
    expect(await names({ includeShadowTrails: true }, AWAY)).toEqual(['away', 'multi']);
  });
  test('names mean this Region, ARNs any; unknown ones are left out', async () => {
    expect(await names({ trailNameList: ['main', 'absent'] })).toEqual(['main']);
    expect(await names({ trailNameList: ['main'] }, AWAY)).toEqual([]);
    expect(await names({ trailNameList: [ARN, ARN] }, AWAY)).toEqual(['main']);
    expect(await names({ trailNameList: [`arn:aws:cloudtrail:${HOME}:210987654321:trail/main`] })).toEqual([]);
    expect((await h.refusal('DescribeTrails', { trailNameList: ['a'] }))[0]).toBe('InvalidTrailNameException');
    expect((await h.refusal('DescribeTrails', { trailNameList: ['arn:x'] }))[0]).toBe('CloudTrailARNInvalidException');
  });
  test('a trail in full', async () => {
    expect((await h.call('GetTrail', { Name: 'main' })).Trail).toEqual({
      Name: 'main',
      S3BucketName: 'logs',
      IncludeGlobalServiceEvents: true,
      IsMultiRegionTrail: false,
      HomeRegion: HOME,
      TrailARN: ARN,
      LogFileValidationEnabled: false,
      HasCustomEventSelectors: false,
      HasInsightSelectors: false,
      IsOrganizationTrail: false,
      RecursiveLogging: true,
    });
  });
  test('ListTrails lists all Regions', async () => {
    const { Trails } = await h.call('ListTrails', {}, { region: 'ap-south-1' });
    expect(Trails).toContainEqual({ TrailARN: ARN, Name: 'main', HomeRegion: HOME });
    expect(Trails).toHaveLength(3);
    expect((await h.refusal('ListTrails', { NextToken: 'x' }))[0]).toBe('InvalidNextTokenException');
  });
});

describe('UpdateTrail', () => {
  beforeEach(() => h.call('CreateTrail', { ...MAIN, S3KeyPrefix: 'p', EnableLogFileValidation: true }));

  test('keeps what is left out and changes what is given', async () => {
    expect(await h.call('UpdateTrail', { Name: 'main', S3BucketName: 'other-logs' })).toMatchObject({
      S3BucketName: 'other-logs',
      S3KeyPrefix: 'p',
      LogFileValidationEnabled: true,
    });
    const output = await h.call('UpdateTrail', { Name: ARN, S3KeyPrefix: '', EnableLogFileValidation: false });
    expect(output).not.toHaveProperty('S3KeyPrefix');
    expect(output).toMatchObject({ S3BucketName: 'other-logs', LogFileValidationEnabled: false });
  });
  test('empty strings take away what is not there either', async () => {
    const nothing = { SnsTopicName: '', KmsKeyId: '', CloudWatchLogsLogGroupArn: '', CloudWatchLogsRoleArn: '' };
    await h.call('UpdateTrail', { Name: 'main', ...nothing });
  });
  test.each([
    [{ S3BucketName: 'absent' }, 'S3BucketDoesNotExistException'],
    [{ S3BucketName: '' }, 'InvalidS3BucketNameException'],
    [{ S3KeyPrefix: 'AWSLogs/' }, 'InvalidS3PrefixException'],
    [{ SnsTopicName: 'topic' }, 'InsufficientSnsTopicPolicyException'],
    [{ KmsKeyId: 'no key' }, 'InvalidKmsKeyIdException'],
    [{ IsOrganizationTrail: true }, 'OrganizationsNotInUseException'],
    [{ IsMultiRegionTrail: true, IncludeGlobalServiceEvents: false }, 'InvalidParameterCombinationException'],
    [
      { CloudWatchLogsLogGroupArn: '', CloudWatchLogsRoleArn: `arn:aws:iam::${ACCOUNT}:role/r` },
      'InvalidCloudWatchLogsLogGroupArnException',
    ],
    [
      { CloudWatchLogsLogGroupArn: `arn:aws:logs:${HOME}:${ACCOUNT}:log-group:g:*`, CloudWatchLogsRoleArn: '' },
      'InvalidCloudWatchLogsRoleArnException',
    ],
  ])('with %j is refused with %s and changes nothing', async (changes, code) => {
    const before = await stored();
    expect((await h.refusal('UpdateTrail', { Name: 'main', ...changes }))[0]).toBe(code);
    expect(await stored()).toEqual(before);
  });
  test('a multi-Region trail cannot lose the global events', async () => {
    await h.call('UpdateTrail', { Name: 'main', IsMultiRegionTrail: true });
    expect((await h.refusal('UpdateTrail', { Name: 'main', IncludeGlobalServiceEvents: false }))[0]).toBe(
      'InvalidParameterCombinationException',
    );
  });
  test('two at once both take effect', async () => {
    await Promise.all([
      h.call('UpdateTrail', { Name: 'main', S3BucketName: 'other-logs' }),
      h.call('AddTags', { ResourceId: ARN, TagsList: [{ Key: 'a', Value: 'b' }] }),
      h.call('StartLogging', { Name: 'main' }),
      h.call('UpdateTrail', { Name: 'main', RecursiveLogging: false }),
    ]);
    expect(await stored()).toMatchObject({
      bucket: 'other-logs',
      tags: [{ Key: 'a', Value: 'b' }],
      isLogging: true,
      recursiveLogging: false,
    });
  });
  test('gives up with ConflictException when others never let it through', async () => {
    const state = memoryState();
    const contested = { ...state, write: () => Promise.reject(new StateConflict('x')) };
    expect((await createHarness({ state: contested }).refusal('CreateTrail', MAIN))[0]).toBe('ConflictException');
  });
});

describe('StartLogging, StopLogging and status', () => {
  beforeEach(() => h.call('CreateTrail', MAIN));

  test('status tells the last start and stop, as numbers and as strings', async () => {
    expect(await h.call('GetTrailStatus', { Name: 'main' })).toEqual({
      IsLogging: false,
      LatestDeliveryAttemptTime: '',
      LatestNotificationAttemptTime: '',
      LatestNotificationAttemptSucceeded: '',
      LatestDeliveryAttemptSucceeded: '',
      TimeLoggingStarted: '',
      TimeLoggingStopped: '',
    });
    await h.call('StartLogging', { Name: 'main' });
    await h.clock.advance(60_500);
    await h.call('StopLogging', { Name: 'main' });
    expect(await h.call('GetTrailStatus', { Name: 'main' })).toMatchObject({
      IsLogging: false,
      StartLoggingTime: new Date('2026-01-01T00:00:00Z'),
      StopLoggingTime: new Date('2026-01-01T00:01:00.500Z'),
      TimeLoggingStarted: '2026-01-01T00:00:00Z',
      TimeLoggingStopped: '2026-01-01T00:01:00Z',
    });
    await h.call('StartLogging', { Name: 'main' });
    expect(await h.call('GetTrailStatus', { Name: 'main' })).toMatchObject({
      IsLogging: true,
      TimeLoggingStopped: '2026-01-01T00:01:00Z',
    });
  });

  test('status of deliveries is of the Region asked', async () => {
    const { id } = await stored();
    const at = Date.parse('2026-01-02T03:04:05.678Z');
    const status = {
      latestDeliveryMs: at,
      latestDeliveryAttemptMs: at + 1000,
      latestDeliveryAttemptSucceeded: false,
      latestDeliveryError: 'NoSuchBucket',
      latestDigestDeliveryMs: at,
      latestDigestDeliveryError: 'AccessDenied',
    };
    await h.state.write([{ put: `delivery-status/${id}/${AWAY}`, value: status }]);
    expect(await h.call('GetTrailStatus', { Name: ARN }, { region: AWAY })).toMatchObject({
      LatestDeliveryTime: new Date(at),
      LatestDeliveryError: 'NoSuchBucket',
      LatestDigestDeliveryTime: new Date(at),
      LatestDigestDeliveryError: 'AccessDenied',
      LatestDeliveryAttemptTime: '2026-01-02T03:04:06Z',
      LatestDeliveryAttemptSucceeded: '2026-01-02T03:04:05Z',
    });
    expect(await h.call('GetTrailStatus', { Name: ARN })).not.toHaveProperty('LatestDeliveryTime');
  });

  test('a stop marks its own record; a second one changes nothing', async () => {
    await h.call('StartLogging', { Name: 'main' });
    h.log.end = 150;
    await h.call('StopLogging', { Name: 'main' }, { requestId: 'first' });
    h.log.end = 160;
    await h.call('StopLogging', { Name: 'main' }, { requestId: 'second' });
    expect(loggingPeriods(await stored())).toMatchObject([
      { beginSequence: 100, endingCall: { requestId: 'first', floorSequence: 150, calledMs: h.clock.now() } },
    ]);
  });

  test('a second start keeps the session', async () => {
    await h.call('StartLogging', { Name: 'main' });
    const { count } = h.changes;
    await h.clock.advance(1000);
    await h.call('StartLogging', { Name: 'main' });
    expect((await stored()).startLoggingMs).toBe(h.clock.now() - 1000);
    expect(h.changes.count).toBe(count);
  });
});

describe('DeleteTrail', () => {
  test('forgets a trail that never logged', async () => {
    await h.call('CreateTrail', MAIN);
    expect(await h.call('DeleteTrail', { Name: ARN })).toEqual({});
    expect((await h.refusal('GetTrail', { Name: 'main' }))[0]).toBe('TrailNotFoundException');
    expect(await listRetiredTrails(h.state)).toEqual([]);
  });
  test('keeps one that logged for its follower, stopped by this very call', async () => {
    await h.call('CreateTrail', MAIN);
    await h.call('StartLogging', { Name: 'main' });
    h.log.end = 200;
    await h.call('DeleteTrail', { Name: 'main' }, { requestId: 'the-delete' });
    const [retired] = await listRetiredTrails(h.state);
    expect(retired!.value).toMatchObject({
      isLogging: false,
      endingCall: { requestId: 'the-delete', floorSequence: 200 },
    });
    await h.call('CreateTrail', MAIN);
    expect((await stored()).id).not.toBe(retired!.value.id);
  });
  test('does not touch the stop of one that was stopped before', async () => {
    await h.call('CreateTrail', MAIN);
    await h.call('StartLogging', { Name: 'main' });
    await h.call('StopLogging', { Name: 'main' }, { requestId: 'the-stop' });
    await h.call('DeleteTrail', { Name: 'main' }, { requestId: 'the-delete' });
    expect((await listRetiredTrails(h.state))[0]!.value.endingCall?.requestId).toBe('the-stop');
  });
  test('of two at once, one finds nothing', async () => {
    await h.call('CreateTrail', MAIN);
    const results = await Promise.allSettled([
      h.call('DeleteTrail', { Name: ARN }),
      h.call('DeleteTrail', { Name: ARN }),
    ]);
    expect(results.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
