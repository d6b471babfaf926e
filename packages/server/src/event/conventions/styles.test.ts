import { describe, expect, it } from 'vitest';
import { loadCatalogue } from '../../schema/catalogue.ts';
import type { Call } from '../call.ts';
import { recordsOfDeletedObjects } from '../deleted-objects.ts';
import { ownerRecordFromCall, recordFromCall } from '../record-from-call.ts';

/** What KMS, S3, STS and EC2 write otherwise than the rest. */
const catalogue = loadCatalogue();

const record = (...call: Parameters<typeof callOf>) => recordFromCall(callOf(...call));

function callOf(id: string, operation: string, input: object, changes: Partial<Call> = {}): Call {
  return {
    schema: catalogue.schema(id)!,
    operation,
    timeMs: 0,
    region: 'eu-west-1',
    userIdentity: { type: 'IAMUser', principalId: 'AIDA1', accountId: '111111111111' },
    accountId: '111111111111',
    sourceIp: '192.0.2.1',
    userAgent: 'ua',
    requestId: 'R1',
    eventId: '6f0d3a3e-1f0a-4c40-8f3b-4b7c0a4b1c55',
    input: input as Record<string, unknown>,
    output: {},
    http: httpWith([]),
    notes: {},
    ...changes,
  };
}

const httpWith = (query: Call['http']['query']): Call['http'] => ({
  ...{ host: 'h', method: 'POST', query, headers: {}, responseHeaders: {}, bytesIn: 0, bytesOut: 0 },
  authentication: 'AuthHeader',
});

describe('KMS', () => {
  const ARN = 'arn:aws:kms:eu-west-1:111111111111:key/k-1';
  it('names the key in what changes something, also where it answers nothing', () => {
    const answered = (operation: string, input: object, output: object = {}) =>
      record('kms', operation, input, { output: output as Record<string, unknown> }).responseElements;
    expect(answered('EnableKey', { KeyId: 'k-1' })).toEqual({ keyId: ARN });
    expect(answered('CreateAlias', { AliasName: 'alias/a', TargetKeyId: ARN })).toEqual({ keyId: ARN });
    expect(answered('CreateGrant', { KeyId: ARN }, { GrantId: 'g', GrantToken: 'SECRET' })).toEqual({
      keyId: ARN,
      grantId: 'g',
    });
    expect(answered('CancelKeyDeletion', { KeyId: 'k-1' }, { KeyId: ARN })).toEqual({ keyId: ARN });
    expect(answered('CreateKey', {}, { KeyMetadata: { KeyId: 'k-1', Arn: ARN } })).toEqual({
      keyMetadata: { keyId: 'k-1', arn: ARN },
    });
  });
  it('names none that only an alias tells of, and none of reads', () => {
    expect(record('kms', 'EnableKey', { KeyId: 'alias/a' }).responseElements).toBeNull();
    expect(record('kms', 'DeleteAlias', { AliasName: 'alias/a' }).responseElements).toBeNull();
    expect(record('kms', 'Encrypt', { KeyId: 'k-1' }).responseElements).toBeNull();
  });
});

describe('S3', () => {
  const asked = (operation: string, input: object, query: Call['http']['query']) =>
    record('s3', operation, { Bucket: 'b', ...input }, { http: httpWith(query) }).requestParameters;

  it('shows what was asked in the URL: repeated parameters as a list, signatures not at all', () => {
    const query: Call['http']['query'] = [
      ['x-id', 'GetObject'],
      ['X-Amz-Date', '20260131T000000Z'],
      ['X-Amz-Signature', 'SECRET'],
      ['X-Amz-Security-Token', 'SECRET'],
      ['v', '1'],
      ['v', '2'],
      ['v', '3'],
      ['__proto__', 'p'],
    ];
    const shown = asked('GetObject', { Key: 'k' }, query);
    expect(shown).toMatchObject({ 'x-id': 'GetObject', 'X-Amz-Date': '20260131T000000Z', v: ['1', '2', '3'] });
    expect(Object.keys(shown!)).toContain('__proto__');
    expect(JSON.stringify(shown)).not.toContain('SECRET');
  });
  it('does not list the objects that were to be deleted', () => {
    expect(asked('DeleteObjects', { Delete: { Objects: [{ Key: 'k' }] } }, [['delete', '']])).toEqual({
      bucketName: 'b',
      Host: 'h',
      delete: '',
    });
  });
  it('says of each of them by a record of its own what became of it', () => {
    const Objects: { Key: string; VersionId?: string }[] = [
      ...[{ Key: 'a' }, { Key: 'a', VersionId: 'v1' }, { Key: 'kept/b' }, { Key: 'quiet' }, { Key: 'a' }],
    ];
    const output = {
      Deleted: [
        { Key: 'a', DeleteMarker: true, DeleteMarkerVersionId: 'v2' },
        { Key: 'a', VersionId: 'v1' },
        { Key: 'a', DeleteMarker: true, DeleteMarkerVersionId: 'v3' },
      ],
      Errors: [{ Key: 'kept/b', Code: 'AccessDenied', Message: 'no' }],
    };
    const call = callOf('s3', 'DeleteObjects', { Bucket: 'b', Delete: { Objects } }, { output });
    const all = recordFromCall(call);
    const records = recordsOfDeletedObjects(call, all);
    const ids = new Set(records.map(({ eventID }) => eventID));
    expect([ids.size, ids.has(all.eventID)]).toEqual([5, false]);
    expect(recordsOfDeletedObjects(call, all)).toEqual(records); // the same ids again
    const { userIdentity, eventTime, requestID, recipientAccountId } = all;
    for (const [i, { Key, VersionId }] of Objects.entries()) {
      expect(records[i]).toMatchObject({
        ...{ userIdentity, eventTime, requestID, recipientAccountId, eventName: 'DeleteObject', eventCategory: 'Data' },
        ...{ eventType: 'AwsServiceEvent', readOnly: false, managementEvent: false },
        requestParameters: { bucketName: 'b', Host: 'h', key: Key, ...(VersionId && { versionId: VersionId }) },
        resources: [
          { type: 'AWS::S3::Object', ARN: `arn:aws:s3:::b/${Key}` },
          { type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::b' },
        ],
      });
    }
    expect(records.map(({ responseElements }) => responseElements)).toEqual([
      { 'x-amz-delete-marker': 'true', 'x-amz-version-id': 'v2' },
      { 'x-amz-version-id': 'v1' },
      null,
      null,
      { 'x-amz-delete-marker': 'true', 'x-amz-version-id': 'v3' },
    ]);
    expect(records.flatMap(({ errorCode }, i) => (errorCode ? [[i, errorCode]] : []))).toEqual([[2, 'AccessDenied']]);
    expect(Object.keys(records[2]!).slice(7, 11)).toEqual([
      ...['userAgent', 'errorCode', 'errorMessage', 'requestParameters'],
    ]);
    expect(recordsOfDeletedObjects({ ...call, operation: 'DeleteObject' }, all)).toEqual([]);
    const foreign = { ...call, notes: { resourceAccountId: '222222222222' } };
    const copies = recordsOfDeletedObjects(foreign, recordFromCall(foreign));
    expect(copies.map(({ resources }) => resources?.[1]?.accountId)).toEqual(
      [0, 1, 2, 3, 4].map((i) => (i === 2 ? '' : '222222222222')),
    );
    expect(new Set(copies.map(({ sharedEventID }) => sharedEventID)).size).toBe(5);
    expect(ownerRecordFromCall(foreign, copies[2]!)?.resources?.[1]?.accountId).toBe('222222222222');
  });
});

describe('STS', () => {
  const roleArn = 'arn:aws:iam::111111111111:role/r';
  const asked = (xml: string) =>
    record('sts', 'AssumeRoleWithSAML', { RoleArn: roleArn, SAMLAssertion: Buffer.from(xml).toString('base64') })
      .requestParameters;
  it('shows what an assertion says, and not the assertion', () => {
    const name = 'Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"';
    const xml = `<saml2p:Response ID="_r"><saml2:Assertion Version="2.0" ID="_a"><saml2:Attribute ${name} NameFormat="x">
      <saml2:AttributeValue xsi:type="xs:string">carol@example.com</saml2:AttributeValue></saml2:Attribute></saml2:Assertion>`;
    expect(asked(xml)).toEqual({ sAMLAssertionID: '_a', roleSessionName: 'carol@example.com', roleArn });
  });
  it('shows nothing of what is no assertion, and takes no time for it', () => {
    for (const xml of [
      '',
      '<Assertion',
      '<EncryptedAssertion ID="x">',
      '<Assertion '.repeat(6_000),
      '\0'.repeat(70_000),
    ])
      expect(asked(xml)).toEqual({ roleArn });
  });
});

it('EC2 names a snapshot’s attributes by its older type', () => {
  const asked = (Attribute: string) =>
    record('ec2', 'DescribeSnapshotAttribute', { SnapshotId: 's', Attribute }).requestParameters;
  expect(asked('productCodes')).toEqual({ snapshotId: 's', attributeType: 'PRODUCT_CODES' });
  expect(asked('createVolumePermission')).toEqual({ snapshotId: 's', attributeType: 'CREATE_VOLUME_PERMISSION' });
});
