import { describe, expect, test } from 'vitest';
import { createInput, emptyForm, formOf, problemsOfStep, type TrailForm, updateInput } from './form.ts';
import { planOf } from './plan.ts';
import { DEFAULT_SELECTORS } from './selectors.ts';

const PLACE = { accountId: '123456789012', region: 'eu-west-1' };
const ARN = 'arn:aws:cloudtrail:eu-west-1:123456789012:trail/main';
const FORM: TrailForm = { ...emptyForm(PLACE), name: 'main', bucket: 'logs' };
const SAVED = formOf(
  {
    Name: 'main',
    TrailARN: ARN,
    HomeRegion: 'eu-west-1',
    S3BucketName: 'logs',
    IsMultiRegionTrail: true,
    LogFileValidationEnabled: true,
  },
  DEFAULT_SELECTORS,
  [],
  true,
);

describe('inputs', () => {
  test('CreateTrail is told what is set', () => {
    expect(createInput(FORM, PLACE)).toEqual({
      Name: 'main',
      S3BucketName: 'logs',
      IsMultiRegionTrail: true,
      IncludeGlobalServiceEvents: true,
      EnableLogFileValidation: true,
    });
    expect(
      createInput(
        { ...FORM, topicIs: 'new', topic: 't', logsIs: 'new', logGroup: 'g', role: 'r', key: 'alias/k' },
        PLACE,
      ),
    ).toMatchObject({
      KmsKeyId: 'alias/k',
      SnsTopicName: 'arn:aws:sns:eu-west-1:123456789012:t',
      CloudWatchLogsLogGroupArn: 'arn:aws:logs:eu-west-1:123456789012:log-group:g:*',
      CloudWatchLogsRoleArn: 'arn:aws:iam::123456789012:role/r',
    });
  });
  test('UpdateTrail is told what has changed, group and role together', () => {
    expect(updateInput(SAVED, SAVED, PLACE)).toBeUndefined();
    expect(updateInput({ ...SAVED, prefix: 'p' }, SAVED, PLACE)).toEqual({ Name: ARN, S3KeyPrefix: 'p' });
    const withLogs: TrailForm = {
      ...SAVED,
      logsIs: 'existing',
      logGroup: 'g',
      roleIs: 'existing',
      role: 'arn:aws:iam::123456789012:role/r',
    };
    expect(updateInput({ ...withLogs, logGroup: 'h' }, withLogs, PLACE)).toEqual({
      Name: ARN,
      CloudWatchLogsLogGroupArn: 'arn:aws:logs:eu-west-1:123456789012:log-group:h:*',
      CloudWatchLogsRoleArn: 'arn:aws:iam::123456789012:role/r',
    });
    expect(updateInput({ ...withLogs, logsIs: 'none' }, withLogs, PLACE)).toEqual({
      Name: ARN,
      CloudWatchLogsLogGroupArn: '',
      CloudWatchLogsRoleArn: '',
    });
  });
});

describe('problems', () => {
  test.each(['', 'ab', '-abc', 'abc-', 'a..b', 'a_.b', '10.0.0.1', 'a b', 'x'.repeat(129)])(
    'the trail name %j is refused',
    (name) => {
      expect(problemsOfStep('general', { ...FORM, name }).name).toBeDefined();
    },
  );
  test.each(['main', 'a.b-c_d', ' main ', 'x'.repeat(128)])('the trail name %j is taken', (name) => {
    expect(problemsOfStep('general', { ...FORM, name })).toEqual({});
  });
  test('of storage and tellings', () => {
    expect(problemsOfStep('storage', { ...FORM, bucket: 'Big', prefix: '/x' })).toEqual({
      bucket: expect.any(String),
      prefix: expect.any(String),
    });
    expect(problemsOfStep('storage', FORM)).toEqual({});
    expect(problemsOfStep('tellings', FORM)).toEqual({});
    expect(
      problemsOfStep('tellings', { ...FORM, topicIs: 'new', topic: 'a b', logsIs: 'new', logGroup: 'a b', role: '' }),
    ).toEqual({
      topic: expect.any(String),
      logGroup: expect.any(String),
      role: expect.any(String),
    });
  });
});

describe('planOf', () => {
  const kinds = (...args: Parameters<typeof planOf>) =>
    planOf(...args).map((call) => (call.kind === 'cloudtrail' ? call.operation : call.kind));
  const missing = { text: '{}', missing: [{ Effect: 'Allow' } as const] };
  test('makes what the trail needs before the trail, and starts it last', () => {
    expect(kinds(FORM, PLACE, { bucket: missing })).toEqual([
      'create-bucket',
      'bucket-policy',
      'CreateTrail',
      'StartLogging',
    ]);
    const all: TrailForm = {
      ...FORM,
      topicIs: 'new',
      topic: 't',
      logsIs: 'new',
      key: 'k',
      selectors: { ...DEFAULT_SELECTORS, kind: 'advanced' },
    };
    expect(kinds(all, PLACE, { bucket: missing, key: missing, topic: missing })).toEqual([
      ...['create-bucket', 'bucket-policy', 'key-policy', 'create-topic', 'topic-policy'],
      ...['create-log-group', 'create-role', 'role-policy', 'CreateTrail', 'PutEventSelectors', 'StartLogging'],
    ]);
  });
  test('changes no policy without consent, and nothing that is as it was', () => {
    expect(
      kinds({ ...FORM, bucketIs: 'existing', applyPolicies: false, startLogging: false }, PLACE, { bucket: missing }),
    ).toEqual(['CreateTrail']);
    expect(kinds(SAVED, PLACE, {}, SAVED)).toEqual([]);
    expect(kinds({ ...SAVED, validation: false }, PLACE, {}, SAVED)).toEqual(['UpdateTrail']);
    expect(kinds({ ...SAVED, selectors: { ...DEFAULT_SELECTORS, kind: 'advanced' } }, PLACE, {}, SAVED)).toEqual([
      'PutEventSelectors',
    ]);
  });
});
