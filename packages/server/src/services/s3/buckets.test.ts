import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { objectsPort } from './index.ts';
import {
  ANONYMOUS,
  b,
  caller,
  code,
  type Harness,
  OTHER,
  type Output,
  OWNER,
  openHarness,
  policy,
} from './testing/harness.ts';

let s3: Harness;
let call: Harness['call'];
let put: Harness['put'];
beforeEach(async () => {
  s3 = await openHarness();
  ({ call, put } = s3);
});
afterEach(() => s3.close());

describe('buckets', () => {
  test.each([
    ['ab', 'InvalidBucketName'],
    ['Upper', 'InvalidBucketName'],
    ['a..b', 'InvalidBucketName'],
    ['192.168.0.1', 'InvalidBucketName'],
    ['xn--abc', 'InvalidBucketName'],
    ['metrics', 'InvalidBucketName'],
    ['healthz', 'InvalidBucketName'],
    ['opentrail', 'InvalidBucketName'],
  ])('the name %s is refused', async (Bucket, expected) => {
    expect(await code(call('CreateBucket', { Bucket }))).toBe(expected);
  });

  test('what was allowed on one bucket is not done to the next of its name', async () => {
    const Policy = policy({
      Effect: 'Allow',
      Principal: { AWS: OWNER },
      Action: 's3:*',
      Resource: 'arn:aws:s3:::logs/*',
    });
    // Each is let in and waits in line for the disk, which no microtask can outrun.
    const inLine = async (...calls: (() => Promise<unknown>)[]) => {
      const begun: Promise<unknown>[] = [];
      for (const one of calls) {
        begun.push(one());
        for (let i = 0; i < 20; i++) await undefined;
      }
      return Promise.allSettled(begun);
    };
    const [removed, made, ...late] = await inLine(
      () => call('DeleteBucket', b()),
      () => call('CreateBucket', b(), caller(OTHER)),
      () => call('PutBucketPolicy', b({ Policy })),
      () => call('PutBucketVersioning', b({ VersioningConfiguration: { Status: 'Enabled' } })),
      () => call('DeleteBucket', b()),
    );
    expect([removed!.status, made!.status]).toEqual(['fulfilled', 'fulfilled']);
    for (const one of late) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'NoSuchBucket' } });
    expect(await code(call('GetBucketPolicy', b(), caller(OTHER)))).toBe('NoSuchBucketPolicy');
  });

  test('a name is taken once', async () => {
    expect(await code(call('CreateBucket', b(), caller(OTHER)))).toBe('BucketAlreadyExists');
    expect(await call('CreateBucket', b())).toMatchObject({ Location: '/logs' }); // us-east-1 alone says yes
    const eu = { CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } };
    await call('CreateBucket', { Bucket: 'eu-logs', ...eu });
    expect(await code(call('CreateBucket', { Bucket: 'eu-logs', ...eu }))).toBe('BucketAlreadyOwnedByYou');
    expect(await call('GetBucketLocation', { Bucket: 'eu-logs' })).toEqual({ LocationConstraint: 'eu-west-1' });
    expect(await call('GetBucketLocation', b())).toEqual({});
    expect((await call('HeadBucket', { Bucket: 'eu-logs' })).BucketRegion).toBe('eu-west-1');
  });

  test('the constraint must fit the endpoint', async () => {
    const eu = { region: 'eu-west-1' };
    const of = (LocationConstraint: string) => ({ Bucket: 'new', CreateBucketConfiguration: { LocationConstraint } });
    expect(await code(call('CreateBucket', { Bucket: 'new' }, caller(OWNER), eu))).toBe(
      'IllegalLocationConstraintException',
    );
    expect(await code(call('CreateBucket', of('us-west-2'), caller(OWNER), eu))).toBe(
      'IllegalLocationConstraintException',
    );
    expect(await code(call('CreateBucket', of('us-east-1')))).toBe('InvalidLocationConstraint');
    await call('CreateBucket', of('EU'), caller(OWNER), eu);
  });

  test('only an empty one is deleted; lists are one account’s', async () => {
    await put('k', 'x');
    expect(await code(call('DeleteBucket', b()))).toBe('BucketNotEmpty');
    await call('DeleteObject', b({ Key: 'k' }));
    expect((await call('ListBuckets')).Buckets.map((x: Output) => x.Name)).toEqual(['logs']);
    expect((await call('ListBuckets', {}, caller(OTHER))).Buckets).toEqual([]);
    expect(await code(call('ListBuckets', {}, ANONYMOUS))).toBe('AccessDenied');
    await call('DeleteBucket', b());
    expect(await code(call('HeadBucket', b()))).toBe('NoSuchBucket');
    expect(s3.notes.last.resourceAccountId).toBeUndefined();
  });

  test('answers what Terraform asks of a bucket', async () => {
    const expected: Record<string, string | object> = {
      GetBucketPolicy: 'NoSuchBucketPolicy',
      GetBucketCors: 'NoSuchCORSConfiguration',
      GetBucketWebsite: 'NoSuchWebsiteConfiguration',
      GetBucketVersioning: {},
      GetBucketAccelerateConfiguration: {},
      GetBucketRequestPayment: { Payer: 'BucketOwner' },
      GetBucketLogging: {},
      GetBucketLifecycleConfiguration: 'NoSuchLifecycleConfiguration',
      GetBucketReplication: 'ReplicationConfigurationNotFoundError',
      GetObjectLockConfiguration: 'ObjectLockConfigurationNotFoundError',
      GetBucketTagging: 'NoSuchTagSet',
    };
    for (const [operation, answer] of Object.entries(expected)) {
      if (typeof answer === 'string') expect(await code(call(operation, b()))).toBe(answer);
      else expect(await call(operation, b())).toEqual(answer);
    }
    expect((await call('GetBucketAcl', b())).Grants).toHaveLength(1);
    expect((await call('GetPublicAccessBlock', b())).PublicAccessBlockConfiguration.BlockPublicPolicy).toBe(true);
    expect(await code(call('PutBucketCors', b()))).toBe('NotImplemented');
    expect(await code(call('PutBucketLogging', b({ BucketLoggingStatus: { LoggingEnabled: {} } })))).toBe(
      'NotImplemented',
    );
  });

  test('tags, encryption, ownership and versioning are kept', async () => {
    const TagSet = [{ Key: 'team', Value: 'audit' }];
    await call('PutBucketTagging', b({ Tagging: { TagSet } }));
    expect(await call('GetBucketTagging', b())).toEqual({ TagSet });
    await call('DeleteBucketTagging', b());
    expect(await code(call('GetBucketTagging', b()))).toBe('NoSuchTagSet');
    await call(
      'PutBucketOwnershipControls',
      b({ OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerPreferred' }] } }),
    );
    await call('PutBucketAcl', b({ ACL: 'log-delivery-write' }));
    expect((await call('GetBucketAcl', b())).Grants).toHaveLength(3);
    expect(await code(call('PutBucketAcl', b({ ACL: 'public-read' })))).toBe('AccessDenied');
    const encryptBy = (rule: object) =>
      call(
        'PutBucketEncryption',
        b({ ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: rule }] } }),
      );
    expect(await code(encryptBy({ SSEAlgorithm: 'aws:kms:dsse' }))).toBe('NotImplemented');
    expect(await code(encryptBy({ SSEAlgorithm: 'ROT13' }))).toBe('MalformedXML');
    expect(await code(encryptBy({ SSEAlgorithm: 'AES256', KMSMasterKeyID: 'alias/x' }))).toBe('InvalidArgument');
    const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'alias/x' };
    await encryptBy(ApplyServerSideEncryptionByDefault);
    expect((await call('GetBucketEncryption', b())).ServerSideEncryptionConfiguration.Rules).toEqual([
      { ApplyServerSideEncryptionByDefault, BucketKeyEnabled: false },
    ]);
    await call('PutBucketVersioning', b({ VersioningConfiguration: { Status: 'Enabled' } }));
    expect(await call('GetBucketVersioning', b())).toEqual({ Status: 'Enabled' });
  });

  test('ACLs are disabled by default', async () => {
    expect(await code(call('PutBucketAcl', b({ ACL: 'public-read' })))).toBe('AccessControlListNotSupported');
    expect(await code(put('k', 'x', { ACL: 'public-read' }))).toBe('AccessControlListNotSupported');
    await put('k', 'x', { ACL: 'bucket-owner-full-control' });
  });
});

describe('trail delivery', () => {
  const trail = `arn:aws:cloudtrail:us-east-1:${OWNER}:trail/main`;
  const service = { service: 'cloudtrail.amazonaws.com', sourceArn: trail, sourceAccount: OWNER };
  const object = {
    bucket: 'logs',
    key: `AWSLogs/${OWNER}/CloudTrail/us-east-1/2026/01/01/x.json.gz`,
    body: Buffer.from('log'),
    contentType: 'application/json',
    contentEncoding: 'gzip',
    acl: 'bucket-owner-full-control' as const,
  };

  test('needs the bucket’s policy, says what it lacks, and repeats harmlessly', async () => {
    const port = objectsPort(s3.store, s3.clock, s3.keys);
    const error = await port.put(service, object).catch((e) => e);
    expect(error).toMatchObject({ name: 'ObjectsError', code: 'AccessDenied' });
    const write = JSON.parse(error.missing);
    expect(write.Resource).toBe(`arn:aws:s3:::logs/AWSLogs/${OWNER}/*`);
    const ofMember = { ...object, key: `all/AWSLogs/o-a1b2c3d4e5/${OWNER}/CloudTrail/` };
    const organization = await port.put(service, ofMember).catch((e) => e);
    expect(JSON.parse(organization.missing).Resource).toBe('arn:aws:s3:::logs/all/AWSLogs/o-a1b2c3d4e5/*');
    const aclError = await port.checkBucketAcl(service, 'logs').catch((e) => e);
    await call('PutBucketPolicy', b({ Policy: policy(write, JSON.parse(aclError.missing)) }));
    await call('PutBucketVersioning', b({ VersioningConfiguration: { Status: 'Enabled' } }));
    await port.checkBucketAcl(service, 'logs');
    await port.put(service, object);
    await port.put(service, object);
    expect((await call('ListObjectVersions', b())).Versions).toHaveLength(1);
    expect((await call('HeadObject', b({ Key: object.key }))).ContentEncoding).toBe('gzip');
    await expect(port.put({ ...service, sourceArn: `${trail}2` }, object)).rejects.toMatchObject({
      code: 'AccessDenied',
    });
    await expect(port.put(service, { ...object, bucket: 'none' })).rejects.toMatchObject({ code: 'NoSuchBucket' });
  });

  test('may be let in by the organization that the trail belongs to', async () => {
    const place = { organizationId: 'o-a1b2c3d4e5', path: 'o-a1b2c3d4e5/r-ab12/', managementAccountId: OWNER };
    const member = { placeOf: async (id: string) => (id === OWNER ? { ...place, serviceControl: [] } : undefined) };
    const allow = {
      Effect: 'Allow',
      Principal: { Service: 'cloudtrail.amazonaws.com' },
      Action: 's3:PutObject',
      Resource: 'arn:aws:s3:::logs/*',
      Condition: { StringEquals: { 'aws:SourceOrgID': place.organizationId } },
    };
    await call('PutBucketPolicy', b({ Policy: policy(allow) }));
    await objectsPort(s3.store, s3.clock, s3.keys, member).put(service, object);
    const refused = objectsPort(s3.store, s3.clock, s3.keys).put(service, { ...object, key: `${object.key}2` });
    await expect(refused).rejects.toMatchObject({ code: 'AccessDenied' });
  });
});
