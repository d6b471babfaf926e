import { expect, test } from 'vitest';
import { rowOf, valuesOf } from './event-row.ts';
import { fieldNamed, labelOf, pathsIn } from './fields.ts';

const record = {
  eventTime: '2026-01-31T10:00:00Z',
  eventName: 'DeleteBucket',
  eventSource: 's3.amazonaws.com',
  eventID: 'e-1',
  recipientAccountId: '123456789012',
  readOnly: false,
  userIdentity: { type: 'AssumedRole', arn: 'arn:aws:sts::123456789012:assumed-role/admin/alice' },
  requestParameters: {
    bucketName: 'logs',
    'x-amz:acl': 'private',
    tags: [{ key: 'a' }, { key: 'b' }],
    deep: { a: { b: { c: 1 } } },
  },
  responseElements: null,
};

test('a row has the values that LookupEvents would show, and any path', () => {
  const row = rowOf({
    Sequence: 7,
    AccountId: '210987654321',
    EventTime: record.eventTime,
    Record: JSON.stringify(record),
  });
  expect(row).toMatchObject({ key: '7', accountId: '210987654321', eventId: 'e-1' });
  expect(valuesOf(row, 'userName')).toEqual(['alice']);
  expect(valuesOf(row, 'resourceType')).toEqual(['AWS::S3::Bucket']);
  expect(valuesOf(row, 'resourceName')).toEqual(['logs']);
  expect(valuesOf(row, 'requestParameters.tags[*].key')).toEqual(['a', 'b']);
  expect(valuesOf(row, 'errorCode')).toEqual([]);
});

test('whatever a record is, it is a row', () => {
  for (const Record of ['', '[]', '"x"', '{', '{"userIdentity":7,"requestParameters":"x"}']) {
    const row = rowOf({ Sequence: 1, AccountId: '210987654321', EventTime: 0, Record });
    expect(valuesOf(row, 'eventName')).toEqual([]);
  }
});

test('labels are AWS’s, and paths say which side of the call they are', () => {
  expect(labelOf('sourceIPAddress')).toBe('Source IP address');
  expect(labelOf('requestParameters.bucketName')).toBe('Request: bucketName');
  expect(labelOf('tlsDetails.tlsVersion')).toBe('tlsDetails.tlsVersion');
  expect(fieldNamed(' requestparameters.bucketName ')).toBe('requestParameters.bucketName');
  expect(fieldNamed('nonsense.path')).toBeUndefined();
});

test('paths are found in records, and each is a field', () => {
  const paths = pathsIn([record, { requestParameters: { bucketName: 'b' } }]);
  expect(paths[0]).toBe('requestParameters.bucketName');
  expect(paths).toContain('requestParameters."x-amz:acl"');
  expect(paths.some((path) => path.includes('deep.a.b'))).toBe(false);
});
