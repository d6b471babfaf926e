import { beforeEach, describe, expect, test } from 'vitest';
import { ACCOUNT, AWAY, createHarness, type Harness, HOME } from './testing/harness.ts';

const ARN = `arn:aws:cloudtrail:${HOME}:${ACCOUNT}:trail/main`;
let h: Harness;
beforeEach(async () => {
  h = createHarness();
  await h.call('CreateTrail', { Name: 'main', S3BucketName: 'logs' });
});
const tags = async () => (await h.call('ListTags', { ResourceIdList: [ARN] })).ResourceTagList[0].TagsList;
const add = (TagsList: object[]) => h.call('AddTags', { ResourceId: ARN, TagsList });
const numbered = (n: number, from = 0) => Array.from({ length: n }, (_, i) => ({ Key: `k${from + i}`, Value: 'v' }));

describe('tags', () => {
  test('are there, if only as an empty list', async () => {
    expect(await h.call('ListTags', { ResourceIdList: [ARN, ARN] })).toEqual({
      ResourceTagList: [
        { ResourceId: ARN, TagsList: [] },
        { ResourceId: ARN, TagsList: [] },
      ],
    });
  });
  test('can come with the trail', async () => {
    await h.call('CreateTrail', { Name: 'tagged', S3BucketName: 'logs', TagsList: [{ Key: 'a', Value: 'b' }] });
    const ResourceIdList = [ARN.replace('main', 'tagged')];
    expect((await h.call('ListTags', { ResourceIdList })).ResourceTagList[0].TagsList).toEqual([
      { Key: 'a', Value: 'b' },
    ]);
  });
  test('are added, changed by key and removed by key', async () => {
    await add([{ Key: 'a', Value: '1' }, { Key: 'b' }]);
    await add([
      { Key: 'c', Value: '3' },
      { Key: 'a', Value: '2' },
    ]);
    expect(await tags()).toEqual([
      { Key: 'a', Value: '2' },
      { Key: 'b', Value: null },
      { Key: 'c', Value: '3' },
    ]);
    await h.call('RemoveTags', { ResourceId: ARN, TagsList: [{ Key: 'a', Value: 'other' }, { Key: 'absent' }] });
    expect((await tags()).map((t: { Key: string }) => t.Key)).toEqual(['b', 'c']);
  });
  test('are at most 50, whatever is in one request', async () => {
    await add(numbered(50));
    expect((await h.refusal('AddTags', { ResourceId: ARN, TagsList: numbered(1, 50) }))[0]).toBe(
      'TagsLimitExceededException',
    );
    await add([{ Key: 'k7', Value: 'new' }]);
    expect(await tags()).toHaveLength(50);
    expect((await h.refusal('AddTags', { ResourceId: ARN, TagsList: numbered(51) }))[0]).toBe(
      'TagsLimitExceededException',
    );
  });
  test.each([
    [{ Key: '' }],
    [{ Value: 'no key' }],
    [{ Key: 'x'.repeat(129) }],
    [{ Key: 'a', Value: '' }],
    [{ Key: 'a', Value: 'x'.repeat(257) }],
    [{ Key: 'aws:owner', Value: 'x' }],
  ])('%j is none', async (tag) => {
    for (const operation of ['AddTags', 'RemoveTags']) {
      expect((await h.refusal(operation, { ResourceId: ARN, TagsList: [tag] }))[0]).toBe(
        'InvalidTagParameterException',
      );
    }
  });
  test('may be in any script, counted in characters', async () => {
    await add([{ Key: '🦩'.repeat(128), Value: 'é'.repeat(256) }]);
    expect((await h.refusal('AddTags', { ResourceId: ARN, TagsList: [{ Key: 'a' }, { Key: 'a' }] }))[0]).toBe(
      'InvalidTagParameterException',
    );
  });
  test.each([
    ['main', 'CloudTrailARNInvalidException'],
    ['', 'CloudTrailARNInvalidException'],
    [ARN.replace('main', 'a'), 'InvalidTrailNameException'],
    [ARN.replace('main', 'absent'), 'ResourceNotFoundException'],
    [ARN.replace(ACCOUNT, '210987654321'), 'ResourceNotFoundException'],
    [ARN.replace(HOME, AWAY), 'CloudTrailARNInvalidException'],
    [
      ARN.replace('trail/main', 'eventdatastore/12345678-1234-1234-1234-123456789012'),
      'EventDataStoreNotFoundException',
    ],
    [ARN.replace('trail/main', 'channel/12345678-1234-1234-1234-123456789012'), 'ResourceNotFoundException'],
    [ARN.replace('trail/main', 'dashboard/x'), 'ResourceNotFoundException'],
    [ARN.replace('trail/main', 'constructor/x'), 'ResourceTypeNotSupportedException'],
    ['arn:aws:s3:::logs', 'CloudTrailARNInvalidException'],
  ])('of %s: %s', async (id, code) => {
    expect((await h.refusal('AddTags', { ResourceId: id, TagsList: [{ Key: 'a' }] }))[0]).toBe(code);
    expect((await h.refusal('RemoveTags', { ResourceId: id, TagsList: [{ Key: 'a' }] }))[0]).toBe(code);
    expect((await h.refusal('ListTags', { ResourceIdList: [id] }))[0]).toBe(code);
  });
  test('are reached in the home Region only', async () => {
    expect(await h.refusal('ListTags', { ResourceIdList: [ARN] }, { region: AWAY })).toEqual([
      'CloudTrailARNInvalidException',
      `Region in ARN is wrong, you can only access resources in region ${AWAY}.`,
    ]);
  });
  test('ListTags takes 1 to 20 ARNs and no token', async () => {
    await h.call('ListTags', { ResourceIdList: Array(20).fill(ARN) });
    expect((await h.refusal('ListTags', { ResourceIdList: Array(21).fill(ARN) }))[0]).toBe('InvalidParameterException');
    expect((await h.refusal('ListTags', {}))[0]).toBe('InvalidParameterException');
    expect((await h.refusal('ListTags', { ResourceIdList: [ARN], NextToken: 'x' }))[0]).toBe('InvalidTokenException');
  });
  test('two clients at once lose nothing', async () => {
    await Promise.all(numbered(5).map((t) => add([t])));
    expect(await tags()).toHaveLength(5);
  });
});
