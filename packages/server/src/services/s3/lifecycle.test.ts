import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../base/logger.ts';
import { startLifecycle } from './index.ts';
import { b, code, type Harness, type Output, openHarness } from './testing/harness.ts';

let s3: Harness;
let call: Harness['call'];
let put: Harness['put'];
beforeEach(async () => {
  s3 = await openHarness();
  ({ call, put } = s3);
});
afterEach(() => s3.close());

const DAY = 86_400_000;
const rules = (...Rules: object[]) => call('PutBucketLifecycleConfiguration', b({ LifecycleConfiguration: { Rules } }));
const sweep = async () => {
  const lifecycle = startLifecycle({ store: s3.store, clock: s3.clock, logger: silentLogger });
  const count = await lifecycle.sweep();
  await lifecycle.close();
  return count;
};

test('expires by prefix and age', async () => {
  await rules({ ID: 'r', Status: 'Enabled', Filter: { Prefix: 'AWSLogs/' }, Expiration: { Days: 2 } });
  const out = await put('AWSLogs/x', 'x');
  expect(out.Expiration).toBe('expiry-date="Sat, 03 Jan 2026 00:00:00 GMT", rule-id="r"');
  await put('kept', 'x');
  s3.clock.jump(2 * DAY - 1);
  expect(await sweep()).toBe(0);
  s3.clock.jump(DAY);
  expect(await sweep()).toBe(1);
  expect((await call('ListObjectsV2', b())).Contents.map((c: Output) => c.Key)).toEqual(['kept']);
});

test('noncurrent versions, lone markers and forgotten uploads go', async () => {
  await call('PutBucketVersioning', b({ VersioningConfiguration: { Status: 'Enabled' } }));
  for (const text of ['1', '2', '3']) await put('k', text);
  await call('DeleteObject', b({ Key: 'k' }));
  await call('CreateMultipartUpload', b({ Key: 'u' }));
  await rules({
    Status: 'Enabled',
    Filter: {},
    Expiration: { ExpiredObjectDeleteMarker: true },
    NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 1 },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
  });
  expect(await sweep()).toBe(0);
  s3.clock.jump(3 * DAY);
  expect(await sweep()).toBe(3);
  const left = await call('ListObjectVersions', b());
  expect([left.Versions.length, left.DeleteMarkers.length]).toEqual([1, 1]);
  await call('DeleteObject', b({ Key: 'k', VersionId: left.Versions[0].VersionId }));
  expect(await sweep()).toBe(1);
  await call('DeleteBucket', b());
});

test('a rule by tags expires what bears them all, and says so beforehand', async () => {
  const tagged = (...names: string[]) => ({ And: { Prefix: '', Tags: names.map((Key) => ({ Key, Value: '1' })) } });
  await rules(
    { ID: 'both', Status: 'Enabled', Filter: tagged('a', 'b'), Expiration: { Days: 1 } },
    { ID: 'one', Status: 'Enabled', Filter: { Tag: { Key: 'c', Value: '1' } }, Expiration: { Days: 1 } },
  );
  expect((await put('both', 'x', { Tagging: 'a=1&b=1&d=2' })).Expiration).toContain('rule-id="both"');
  expect((await put('half', 'x', { Tagging: 'a=1&b=2' })).Expiration).toBeUndefined();
  await put('later', 'x');
  await call('PutObjectTagging', b({ Key: 'later', Tagging: { TagSet: [{ Key: 'c', Value: '1' }] } }));
  expect((await call('HeadObject', b({ Key: 'later' }))).Expiration).toContain('rule-id="one"');
  s3.clock.jump(3 * DAY);
  expect(await sweep()).toBe(2);
  expect((await call('ListObjectsV2', b())).Contents.map((c: Output) => c.Key)).toEqual(['half']);
});

test('rules by tags are applied once a day', async () => {
  await rules({ Status: 'Enabled', Filter: { Tag: { Key: 'c', Value: '1' } }, Expiration: { Days: 1 } });
  await put('k', 'x');
  const lifecycle = startLifecycle({ store: s3.store, clock: s3.clock, logger: silentLogger });
  s3.clock.jump(3 * DAY);
  expect(await lifecycle.sweep()).toBe(0);
  await call('PutObjectTagging', b({ Key: 'k', Tagging: { TagSet: [{ Key: 'c', Value: '1' }] } }));
  expect(await lifecycle.sweep()).toBe(0);
  s3.clock.jump(DAY);
  expect(await lifecycle.sweep()).toBe(1);
  await lifecycle.close();
});

const WHOLE = [
  {
    ID: 'logs',
    Status: 'Enabled',
    Filter: {
      And: {
        Prefix: 'AWSLogs/',
        ObjectSizeGreaterThan: 500,
        ObjectSizeLessThan: 64_000,
        Tags: [{ Key: 'kind', Value: 'log' }],
      },
    },
    Transitions: [
      { Days: 30, StorageClass: 'STANDARD_IA' },
      { Days: 90, StorageClass: 'GLACIER' },
    ],
    Expiration: { Days: 400 },
    NoncurrentVersionTransitions: [{ NoncurrentDays: 0, StorageClass: 'GLACIER_IR', NewerNoncurrentVersions: 2 }],
    NoncurrentVersionExpiration: { NoncurrentDays: 60, NewerNoncurrentVersions: 3 },
  },
  {
    ID: 'dated',
    Status: 'Disabled',
    Filter: {},
    Transitions: [{ Date: new Date('2027-01-01T00:00:00Z'), StorageClass: 'DEEP_ARCHIVE' }],
    Expiration: { Date: new Date('2028-01-01T00:00:00Z') },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
  },
];

test('all that S3 takes is given back as it was, and transitions change nothing', async () => {
  await rules(...WHOLE);
  expect(await call('GetBucketLifecycleConfiguration', b())).toEqual({
    Rules: WHOLE,
    TransitionDefaultMinimumObjectSize: 'all_storage_classes_128K',
  });
  const sizes = { TransitionDefaultMinimumObjectSize: 'varies_by_storage_class' };
  const moved = { Status: 'Enabled', Filter: {}, Transitions: [{ Days: 0, StorageClass: 'GLACIER' }] };
  const config = b({ LifecycleConfiguration: { Rules: [moved] }, ...sizes });
  expect(await call('PutBucketLifecycleConfiguration', config)).toEqual(sizes);
  expect(await call('GetBucketLifecycleConfiguration', b())).toMatchObject(sizes);
  await put('k', 'x');
  s3.clock.jump(30 * DAY);
  expect(await sweep()).toBe(0);
  expect((await call('ListObjectsV2', b())).Contents[0].StorageClass).toBe('STANDARD');
});

const on = { Status: 'Enabled', Filter: {} };
const expiring = { ...on, Expiration: { Days: 10 } };
const to = (StorageClass: string, Days: number) => ({ StorageClass, Days });
const noncurrent = (NoncurrentDays: number, StorageClass: string) => ({ NoncurrentDays, StorageClass });
const midnight = new Date('2027-01-01T00:00:00Z');
const tag = { Key: 'k', Value: 'v' };

describe('is refused as S3 refuses it:', () => {
  test.each<[string, string, object | readonly object[]]>([
    ['no action', 'InvalidRequest: At least one action', on],
    ['an unknown status', 'MalformedXML', { ...expiring, Status: 'On' }],
    ['neither filter nor prefix', 'MalformedXML', { Status: 'Enabled', Expiration: { Days: 1 } }],
    ['filter and prefix', 'MalformedXML', { ...expiring, Prefix: 'a' }],
    [
      'the same ID twice',
      'InvalidArgument: Rule ID must be unique',
      [
        { ...expiring, ID: 'x' },
        { ...expiring, ID: 'x' },
      ],
    ],
    [
      'a prefix after a filter',
      'InvalidRequest: Base level prefix',
      [expiring, { ...expiring, Filter: undefined, Prefix: '' }],
    ],
    ['two things beside each other', 'MalformedXML', { ...expiring, Filter: { Prefix: 'a', Tag: tag } }],
    ['And of one', 'MalformedXML', { ...expiring, Filter: { And: { Prefix: 'a' } } }],
    ['the same tag twice', 'InvalidRequest: Duplicate Tag', { ...expiring, Filter: { And: { Tags: [tag, tag] } } }],
    ['a tag without name', 'InvalidTag', { ...expiring, Filter: { Tag: { Key: '', Value: '' } } }],
    [
      'a size of nothing',
      "InvalidRequest: 'ObjectSizeLessThan' should be",
      { ...expiring, Filter: { ObjectSizeLessThan: 0 } },
    ],
    [
      'sizes that leave none',
      "InvalidRequest: 'ObjectSizeLessThan' has to be",
      { ...expiring, Filter: { And: { ObjectSizeGreaterThan: 5, ObjectSizeLessThan: 5 } } },
    ],
    [
      'uploads by tags',
      'InvalidRequest: AbortIncompleteMultipartUpload cannot be specified with Tags.',
      { ...on, Filter: { Tag: tag }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
    ],
    [
      'markers by size',
      'InvalidRequest: ExpiredObjectDeleteMarker cannot be specified with Object Size.',
      { ...on, Filter: { ObjectSizeGreaterThan: 1 }, Expiration: { ExpiredObjectDeleteMarker: true } },
    ],
    ['an unknown storage class', 'MalformedXML', { ...on, Transitions: [to('STANDARD', 30)] }],
    ['a transition at no time', 'MalformedXML', { ...on, Transitions: [{ StorageClass: 'GLACIER' }] }],
    [
      'a transition before the object',
      "InvalidArgument: 'Days' in Transition action must be nonn",
      { ...on, Transitions: [to('GLACIER', -1)] },
    ],
    [
      'infrequent access at once',
      "InvalidArgument: 'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
      { ...on, Transitions: [to('STANDARD_IA', 29)] },
    ],
    [
      'a storage class twice',
      "InvalidRequest: 'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter '(prefix=p)'",
      { ...on, Filter: { Prefix: 'p' }, Transitions: [to('GLACIER', 1), to('GLACIER', 2)] },
    ],
    [
      'colder before warmer',
      "InvalidArgument: 'Days' in the 'GLACIER'",
      { ...on, Transitions: [to('GLACIER', 30), to('STANDARD_IA', 40)] },
    ],
    [
      'days and dates',
      "InvalidRequest: Found mixed 'Date' and 'Days'",
      { ...expiring, Transitions: [{ Date: midnight, StorageClass: 'GLACIER' }] },
    ],
    [
      'a date within a day',
      "InvalidArgument: 'Date' must be at",
      { ...on, Expiration: { Date: new Date(+midnight + 1) } },
    ],
    [
      'a transition of what is gone',
      "InvalidArgument: 'Days' in the Expiration action for filter '(prefix=)' must be greater than 'Days' in the Transition action",
      { ...expiring, Transitions: [to('GLACIER', 10)] },
    ],
    [
      'one of old versions that are gone',
      "InvalidArgument: 'NoncurrentDays' in the NoncurrentVersionExpiration action for filter '(prefix=)' must be greater",
      {
        ...on,
        NoncurrentVersionTransitions: [noncurrent(30, 'STANDARD_IA')],
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      },
    ],
    [
      'old versions of the old form kept by number',
      'InvalidRequest: NewerNoncurrentVersions element',
      { Status: 'Enabled', Prefix: '', NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 1 } },
    ],
  ])('%s', async (_, expected, given) => {
    const error = await rules(...(Array.isArray(given) ? given : [given])).catch((e) => e);
    expect(`${error.code}: ${error.message}`).toContain(expected);
  });

  test('an unknown rule of sizes', async () => {
    const config = { LifecycleConfiguration: { Rules: [expiring] }, TransitionDefaultMinimumObjectSize: 'x' };
    expect(await code(call('PutBucketLifecycleConfiguration', b(config)))).toBe('InvalidRequest');
  });
});
