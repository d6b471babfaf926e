import { describe, expect, it } from 'vitest';
import { loadSchema, type SchemaId } from '../schema/load.ts';
import type { ServiceSchema } from '../schema/types.ts';
import { realDataDir, realFiles } from '../testing/real-data.ts';
import { eventFromBytes } from './accept.ts';
import type { Call } from './call.ts';
import { isReadOnly } from './conventions/classes.ts';
import { isDataEvent } from './conventions/data-events.ts';
import { errorCodeOf } from './conventions/errors.ts';
import { eventNameOf } from './conventions/event-names.ts';
import { timeOf } from './conventions/times.ts';
import { eventFromRecord, ownerRecordFromCall, recordFromCall } from './record-from-call.ts';

const SCHEMAS = Object.fromEntries(
  (['cloudtrail', 'cloudtrail-data', 'opentrail', 's3', 'sts'] as const).map((id) => [id, loadSchema(id)]),
) as Record<SchemaId, ServiceSchema>;

const TLS = { tlsVersion: 'TLSv1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256', clientProvidedHostHeader: 'h' };
const ALICE = {
  userName: 'Alice',
  type: 'IAMUser',
  principalId: 'AIDA1',
  arn: 'arn:aws:iam::111111111111:user/Alice',
  accountId: '111111111111',
  accessKeyId: 'AKIA1',
};

function call(id: SchemaId, operation: string, changes: Partial<Call> = {}): Call {
  return {
    schema: SCHEMAS[id],
    operation,
    timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    region: 'us-east-1',
    userIdentity: ALICE,
    accountId: '111111111111',
    sourceIp: '192.0.2.1',
    userAgent: 'aws-cli/2',
    requestId: 'R1',
    eventId: '6f0d3a3e-1f0a-4c40-8f3b-4b7c0a4b1c55',
    input: {},
    output: {},
    http: {
      host: 'b.s3.amazonaws.com',
      method: 'GET',
      query: [],
      headers: {},
      responseHeaders: { 'x-amz-id-2': 'ID2' },
      bytesIn: 3,
      bytesOut: 5,
      authentication: 'AuthHeader',
    },
    notes: {},
    ...changes,
  };
}
const withHttp = (changes: Partial<Call['http']>): Pick<Call, 'http'> => ({
  http: { ...call('s3', '').http, ...changes },
});
const record = (...args: Parameters<typeof call>) => recordFromCall(call(...args));

describe('recordFromCall', () => {
  it('writes a record as CloudTrail does, member for member', () => {
    const made = record('cloudtrail', 'CreateTrail', {
      tls: TLS,
      input: {
        TagsList: [{ Value: 'v', Key: 'k' }],
        S3BucketName: 'b',
        Name: 'main',
        IncludeGlobalServiceEvents: true,
      },
      output: { TrailARN: 'arn:t', Name: 'main', S3BucketName: 'b', IsMultiRegionTrail: false },
    });
    expect(JSON.stringify(made)).toBe(
      '{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDA1","arn":"arn:aws:iam::111111111111:user/Alice","accountId":"111111111111","accessKeyId":"AKIA1","userName":"Alice"},' +
        '"eventTime":"2026-01-02T03:04:05Z","eventSource":"cloudtrail.amazonaws.com","eventName":"CreateTrail","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli/2",' +
        '"requestParameters":{"name":"main","s3BucketName":"b","includeGlobalServiceEvents":true,"tagsList":[{"key":"k","value":"v"}]},' +
        '"responseElements":{"name":"main","s3BucketName":"b","isMultiRegionTrail":false,"trailARN":"arn:t"},' +
        '"requestID":"R1","eventID":"6f0d3a3e-1f0a-4c40-8f3b-4b7c0a4b1c55","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111111111111","eventCategory":"Management",' +
        '"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"h"}}',
    );
  });

  it('has null where there is nothing to say', () => {
    const lookup = { input: { StartTime: new Date('2025-10-26T23:50:52Z') }, output: { Events: [{ EventId: 'e' }] } };
    expect(record('cloudtrail', 'LookupEvents', lookup)).toMatchObject({
      readOnly: true,
      requestParameters: { startTime: 'Oct 26, 2025, 11:50:52 PM' },
      responseElements: null,
    });
    expect(record('cloudtrail', 'StopLogging', { input: { Name: 'x' } }).responseElements).toBeNull();
    expect(record('cloudtrail', 'DescribeTrails').requestParameters).toBeNull();
    const { input: _, ...undecoded } = call('cloudtrail', 'CreateTrail');
    expect(recordFromCall(undecoded).requestParameters).toBeNull();
    expect(record('cloudtrail', 'StopLogging')).not.toHaveProperty('tlsDetails');
  });

  it('writes failures with their code, and without parameters when they were never looked at', () => {
    const failed = (code: string, id: SchemaId = 'cloudtrail', operation = 'DeleteTrail') =>
      record(id, operation, { input: { Name: 'x', Bucket: 'b' }, output: { A: 1 }, error: { code, message: 'no' } });
    expect(failed('TrailNotFoundException')).toMatchObject({
      errorCode: 'TrailNotFoundException',
      errorMessage: 'no',
      requestParameters: { name: 'x' },
      responseElements: null,
    });
    expect(failed('AccessDeniedException').requestParameters).toBeNull();
    expect(failed('RequestAborted').errorCode).toBeUndefined(); // nobody was there to be given one
    expect(failed('AccessDenied', 's3', 'GetBucketAcl').requestParameters).toMatchObject({ bucketName: 'b' });
    const iam = { ...SCHEMAS.sts, operations: { GetUser: { errors: ['NoSuchEntityException'] } } };
    expect(errorCodeOf(iam, 'GetUser', 'NoSuchEntity')).toBe('NoSuchEntityException');
    expect(errorCodeOf({ ...iam, protocols: ['ec2Query'] }, 'X', 'DryRunOperation')).toBe('Client.DryRunOperation');
  });

  it('never shows secrets or bulk content', () => {
    const assumed = record('sts', 'AssumeRole', {
      input: { RoleArn: 'arn:aws:iam::222222222222:role/r', RoleSessionName: 's', TokenCode: '123456' },
      output: {
        Credentials: { AccessKeyId: 'ASIA', SecretAccessKey: 'SECRET', SessionToken: 't', Expiration: new Date(0) },
        PackedPolicySize: 7n,
      },
    });
    expect(assumed).toMatchObject({
      readOnly: true,
      requestParameters: { roleArn: 'arn:aws:iam::222222222222:role/r', roleSessionName: 's' },
      responseElements: {
        credentials: { accessKeyId: 'ASIA', sessionToken: 't', expiration: 'Jan 1, 1970, 12:00:00 AM' },
        packedPolicySize: 7,
      },
      resources: [{ accountId: '222222222222', type: 'AWS::IAM::Role', ARN: 'arn:aws:iam::222222222222:role/r' }],
    });
    const account = record('opentrail', 'CreateAccount', {
      output: { AccessKeyId: 'AKIA', SecretAccessKey: 'SECRET' },
    });
    const put = record('opentrail', 'PutRecords', {
      input: { Records: Buffer.from('SECRET'), Deduplicate: true },
      output: { Results: [{ EventId: 'SECRET' }], AcceptedCount: 1 },
    });
    const audit = record('cloudtrail-data', 'PutAuditEvents', {
      input: {
        auditEvents: [{ id: '1', eventData: 'SECRET' }],
        channelArn: 'arn:aws:cloudtrail:us-east-1:1:channel/c',
      },
    });
    for (const made of [assumed, account, put, audit]) expect(JSON.stringify(made)).not.toMatch(/SECRET|123456/);
    expect(put).toMatchObject({
      eventCategory: 'Data',
      managementEvent: false,
      eventSource: 'opentrail.amazonaws.com',
    });
    expect(put.requestParameters).toEqual({ deduplicate: true });
    expect(put.responseElements).toEqual({ acceptedCount: 1 });
    expect(audit).toMatchObject({ eventCategory: 'Data', resources: [{ type: 'AWS::CloudTrail::Channel' }] });
    const named = { ...SCHEMAS.sts, id: 'cognito-idp' };
    const hidden = recordFromCall({
      ...call('sts', 'AssumeRoleWithSAML'),
      schema: named,
      input: { SAMLAssertion: 'SECRET' },
    });
    expect(hidden.requestParameters).toEqual({ sAMLAssertion: 'HIDDEN_DUE_TO_SECURITY_REASONS' });
  });

  it('takes what the handler notes, and names of all kinds', () => {
    const made = record('cloudtrail', 'CreateTrail', {
      region: '../x y',
      userIdentity: { type: 'AWSService', invokedBy: 'ec2.amazonaws.com' },
      tls: TLS,
      notes: {
        requestParameters: { a: 1 },
        responseElements: null,
        resources: [{ ARN: 'arn:x', type: 'T' }],
        additionalEventData: { b: 2 },
      },
    });
    expect(made).toMatchObject({
      awsRegion: '---x-y',
      sourceIPAddress: 'ec2.amazonaws.com',
      userAgent: 'ec2.amazonaws.com',
      requestParameters: { a: 1 },
      responseElements: null,
      additionalEventData: { b: 2 },
      sharedEventID: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(JSON.stringify(made.resources)).toBe('[{"type":"T","ARN":"arn:x"}]');
    expect(made).not.toHaveProperty('tlsDetails');
  });
});

describe('recordFromCall for S3', () => {
  it('writes bucket calls', () => {
    const made = record('s3', 'GetBucketAcl', {
      input: { Bucket: 'b' },
      tls: TLS,
      ...withHttp({ query: [['acl', '']] }),
      notes: { resourceAccountId: '111111111111' },
    });
    expect(made).toMatchObject({
      userAgent: '[aws-cli/2]',
      readOnly: true,
      managementEvent: true,
      requestParameters: { bucketName: 'b', Host: 'b.s3.amazonaws.com', acl: '' },
      responseElements: null,
      resources: [{ accountId: '111111111111', type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::b' }],
    });
    expect(JSON.stringify(made.additionalEventData)).toBe(
      '{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":3,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"ID2","bytesTransferredOut":5}',
    );
    expect(made).not.toHaveProperty('sharedEventID');
  });

  it('writes object calls, by their headers, without keys, checksums and metadata', () => {
    const made = record('s3', 'PutObject', {
      input: { Bucket: 'b', Key: 'a/k', SSECustomerKey: 'SECRET' },
      ...withHttp({
        query: [
          ['x-id', 'PutObject'],
          ['X-Amz-Signature', 'SECRET'],
          ['X-Amz-Expires', '300'],
        ],
        headers: {
          'x-amz-acl': 'private',
          'x-amz-server-side-encryption-aws-kms-key-id': 'arn:key',
          'x-amz-server-side-encryption-customer-key': 'SECRET',
          'x-amz-security-token': 'SECRET',
          'x-amz-meta-note': 'SECRET',
          'x-amz-checksum-crc32': 'SECRET',
          'content-type': 'text/plain',
        },
        responseHeaders: {
          'x-amz-server-side-encryption': 'AES256',
          etag: '"x"',
          'x-amz-checksum-crc32': 'y',
          'x-amz-id-2': 'I',
        },
      }),
    });
    expect(made).toMatchObject({
      eventCategory: 'Data',
      managementEvent: false,
      requestParameters: {
        bucketName: 'b',
        Host: 'b.s3.amazonaws.com',
        key: 'a/k',
        'X-Amz-Expires': '300',
        'x-amz-acl': 'private',
        'x-amz-server-side-encryption-aws-kms-key-id': 'arn:key',
      },
      responseElements: { 'x-amz-server-side-encryption': 'AES256' },
      additionalEventData: { SSEApplied: 'Default_SSE_S3' },
      resources: [
        { type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::b/a/k' },
        { type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::b' },
      ],
    });
    expect(JSON.stringify(made)).not.toContain('SECRET');
  });

  it('writes listings, old names and bodies', () => {
    const list = record('s3', 'ListObjectsV2', {
      input: { Bucket: 'b', Prefix: 'p/' },
      ...withHttp({
        query: [
          ['list-type', '2'],
          ['prefix', 'p/'],
        ],
      }),
    });
    expect(list).toMatchObject({
      eventName: 'ListObjects',
      eventCategory: 'Data',
      requestParameters: { 'list-type': '2', prefix: 'p/' },
      resources: [{ type: 'AWS::S3::Object', ARNPrefix: 'arn:aws:s3:::b/p/' }, { type: 'AWS::S3::Bucket' }],
    });
    const body = (operation: string, input: object) =>
      record('s3', operation, { input: { Bucket: 'b', ...input } }).requestParameters;
    expect(body('PutBucketTagging', { Tagging: { TagSet: [{ Key: 'StratusRedTeam', Value: 'true' }] } })).toMatchObject(
      {
        Tagging: {
          xmlns: 'http://s3.amazonaws.com/doc/2006-03-01/',
          TagSet: { Tag: { Value: true, Key: 'StratusRedTeam' } },
        },
      },
    );
    const rule = { ID: 'nuke', Status: 'Enabled', Filter: { Prefix: '*' }, Expiration: { Days: 1 } };
    expect(body('PutBucketLifecycleConfiguration', { LifecycleConfiguration: { Rules: [rule] } })).toMatchObject({
      LifecycleConfiguration: { Rule: rule },
    });
    expect(body('PutBucketPolicy', { Policy: '{"Version":"2012-10-17"}' })).toMatchObject({
      bucketPolicy: { Version: '2012-10-17' },
    });
    expect(body('PutBucketPolicy', { Policy: 'not json' })).toMatchObject({ bucketPolicy: 'not json' });
    expect(record('s3', 'ListBuckets')).not.toHaveProperty('resources');
    expect(body('GetObject', { Key: '__proto__' })).toMatchObject({ key: '__proto__' });
  });

  it('writes anonymous and foreign callers, and the owner has a record of its own', () => {
    const anonymous = record('s3', 'GetObject', {
      input: { Bucket: 'b', Key: 'k' },
      userIdentity: { accountId: 'ANONYMOUS_PRINCIPAL', type: 'AWSAccount', principalId: '' },
      ...withHttp({ authentication: 'None' }),
    });
    expect(JSON.stringify(anonymous.userIdentity)).toBe(
      '{"type":"AWSAccount","principalId":"","accountId":"ANONYMOUS_PRINCIPAL"}',
    );
    expect(anonymous.additionalEventData).toEqual({
      bytesTransferredIn: 3,
      'x-amz-id-2': 'ID2',
      bytesTransferredOut: 5,
    });

    const foreign = call('s3', 'GetObject', {
      input: { Bucket: 'b', Key: 'k' },
      error: { code: 'AccessDenied', message: 'Access Denied' },
      notes: { resourceAccountId: '222222222222' },
    });
    const callers = recordFromCall(foreign);
    const owners = ownerRecordFromCall(foreign, callers)!;
    expect(callers.resources?.[1]?.accountId).toBe('');
    expect(owners).toMatchObject({
      userIdentity: { type: 'AWSAccount', principalId: 'AIDA1', accountId: '111111111111' },
      recipientAccountId: '222222222222',
      sharedEventID: callers.sharedEventID,
      resources: [{}, { accountId: '222222222222' }],
    });
    expect(owners.eventID).not.toBe(callers.eventID);
    expect(ownerRecordFromCall(call('s3', 'GetObject'), callers)).toBeUndefined();
  });
});

describe('eventFromRecord', () => {
  it('makes bytes and header', () => {
    const made = record('cloudtrail', 'CreateTrail', { input: { Name: 'main' } });
    const { header, json } = eventFromRecord(made);
    expect(JSON.parse(json.toString())).toEqual(made);
    expect(header).toMatchObject({
      accountId: '111111111111',
      username: 'Alice',
      resources: [['AWS::CloudTrail::Trail', 'main']],
    });
    expect(eventFromRecord(made, '333333333333').header.accountId).toBe('333333333333');
  });

  it('makes the header that its bytes would give to whoever reads them', () => {
    const input = { Bucket: 'b', Key: 'k\ud800', Body: Buffer.from('x'), Name: 'main' };
    const changes: readonly Partial<Call>[] = [
      { input },
      { input, error: { code: 'AccessDenied', message: 'no' } },
      { input, notes: { requestParameters: { name: 'x'.repeat(110_000) }, responseElements: { name: 'main' } } },
      { input, notes: { resources: [{ type: 'T', ARN: 'a' }, { type: 'T', ARNPrefix: 'b' }, {}] } },
      { input, userIdentity: { type: 'AWSService', invokedBy: 'cloudtrail.amazonaws.com' } },
    ];
    for (const change of changes) {
      for (const [id, operation] of [
        ['s3', 'PutObject'],
        ['s3', 'GetBucketAcl'],
        ['cloudtrail', 'CreateTrail'],
        ['cloudtrail', 'LookupEvents'],
        ['sts', 'GetCallerIdentity'],
      ] as const) {
        const made = record(id, operation, change);
        const { header, json } = eventFromRecord(made);
        const { accountId = '' } = made.userIdentity;
        expect(eventFromBytes(json, { fallbackAccountId: accountId })).toEqual({ event: { header, json } });
      }
    }
  });

  it("keeps to CloudTrail's limits", () => {
    const fit = (changes: Partial<Call>) =>
      JSON.parse(eventFromRecord(record('cloudtrail', 'CreateTrail', changes)).json.toString());
    const cut = fit({ userAgent: 'é'.repeat(2_000), error: { code: 'X', message: 'm'.repeat(2_000) } });
    expect(Buffer.byteLength(cut.userAgent)).toBe(1024);
    expect(cut.errorMessage).toBe('m'.repeat(1024));
    const notes = {
      requestParameters: { a: 'x'.repeat(110_000) },
      responseElements: { a: 'y'.repeat(90_000) },
      additionalEventData: { a: 'z'.repeat(30_000) },
    };
    const omitted = fit({ notes });
    expect(omitted.requestParameters).toMatchObject({ omitted: true, originalSize: 110_008 });
    expect(omitted.responseElements).toEqual(notes.responseElements);
    expect(omitted.additionalEventData).toMatchObject({ omitted: true });
    // Together too large although each is within its own limit: the response gives way before the request.
    const both = { requestParameters: { a: '\u0001'.repeat(17_000) }, responseElements: { a: 'y'.repeat(99_000) } };
    const identity = { ...ALICE, sessionContext: { a: 'x'.repeat(80_000) } };
    const whole = fit({ notes: both, userIdentity: identity });
    expect(whole.responseElements).toMatchObject({ omitted: true });
    expect(whole.requestParameters).toEqual(both.requestParameters);
  });
});

describe('conventions', () => {
  it('tell reads from writes and data from management', () => {
    const readOnly = (id: string, ...names: string[]) => names.map((n) => isReadOnly(id, n));
    expect(readOnly('sts', 'AssumeRole', 'GetCallerIdentity', 'GetFederationToken')).toEqual([true, true, false]);
    expect(readOnly('kms', 'Decrypt', 'ScheduleKeyDeletion')).toEqual([true, false]);
    expect(readOnly('x', 'GetA', 'ListB', 'PutC', 'CreateD', 'Getaway', 'StartLogging')).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    const data = (...names: string[]) => names.filter((n) => isDataEvent(SCHEMAS.s3, n));
    expect(data('GetObject', 'PutObjectTagging', 'HeadBucket', 'ListObjects', 'UploadPart')).toHaveLength(5);
    expect(data('GetBucketAcl', 'ListBuckets', 'CreateBucket', 'PutBucketPolicy')).toHaveLength(0);
  });

  it('print times as the services do', () => {
    const time = new Date('2023-07-10T11:54:39.5Z');
    expect(timeOf('cloudtrail', time)).toBe('Jul 10, 2023, 11:54:39 AM');
    expect(timeOf('iam', time)).toBe('Jul 10, 2023 11:54:39 AM');
    expect(timeOf('ec2', time)).toBe(1_688_990_079_500);
    expect(timeOf('lambda', time)).toBe('2023-07-10T11:54:39.500+0000');
    expect(timeOf('sts', new Date('2024-02-29T00:05:09Z'))).toBe('Feb 29, 2024, 12:05:09 AM');
  });
});

// biome-ignore lint/suspicious/noExplicitAny: a parsed record, compared with what is typed
type Real = Record<string, any>;

describe.skipIf(!realDataDir)('recordFromCall on real data (../shared/data)', () => {
  /** The call that a real S3 record without a body was made of; undefined for other APIs and shapes. */
  function callOf(r: Real): Call | undefined {
    const operation = Object.keys(SCHEMAS.s3.operations).find((o) => eventNameOf('s3', o) === r.eventName);
    const { bucketName, Host, ...query } = r.requestParameters ?? {};
    const extra = r.additionalEventData;
    if (operation === undefined || !extra || Object.values(query).some((v) => typeof v !== 'string')) return undefined;
    return call('s3', operation, {
      timeMs: Date.parse(r.eventTime),
      region: r.awsRegion,
      userIdentity: r.userIdentity,
      accountId: r.recipientAccountId,
      sourceIp: r.sourceIPAddress,
      userAgent: r.userAgent.replace(/^\[|\]$/g, ''),
      requestId: r.requestID,
      eventId: r.eventID,
      input: bucketName === undefined ? {} : { Bucket: bucketName },
      ...(r.errorCode && { error: { code: r.errorCode, message: r.errorMessage } }),
      tls: r.tlsDetails ?? { cipherSuite: extra.CipherSuite },
      notes: { resourceAccountId: r.recipientAccountId },
      ...withHttp({
        host: Host,
        query: Object.entries(query as Record<string, string>),
        responseHeaders: { 'x-amz-id-2': extra['x-amz-id-2'] },
        bytesIn: extra.bytesTransferredIn,
        bytesOut: extra.bytesTransferredOut,
        authentication: extra.AuthenticationMethod,
      }),
    });
  }
  // What depends on things that a record does not tell, or on the service's version.
  const comparable = ({
    eventVersion,
    sharedEventID,
    vpcEndpointId,
    sessionCredentialFromConsole,
    tlsDetails,
    ...rest
  }: Real) => rest;

  it('writes real S3 calls as AWS did, in its order', () => {
    const order = Object.keys(
      record('s3', 'GetObject', {
        tls: TLS,
        error: { code: 'c', message: 'm' },
        notes: { resourceAccountId: '2' },
        input: { Bucket: 'b' },
      }),
    );
    let compared = 0;
    for (const { name, bytes } of realFiles('events', '.ndjson')) {
      for (const line of bytes.toString().split('\n').filter(Boolean)) {
        const real = JSON.parse(line);
        if (name.startsWith('invictus')) {
          const known = Object.keys(real).filter((key) => order.includes(key));
          expect(known).toEqual(order.filter((key) => known.includes(key)));
        }
        const made = real.eventSource === 's3.amazonaws.com' ? callOf(real) : undefined;
        if (!made) continue;
        expect(comparable(recordFromCall(made))).toEqual(comparable(real));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(100);
  });
});
