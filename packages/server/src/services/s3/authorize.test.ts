import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePolicy } from '../../access/parse-policy.ts';
import type { Policy } from '../../access/policy.ts';
import { unlimitedPolicies } from '../../access/testing/unlimited.ts';
import {
  ANONYMOUS,
  b,
  caller,
  code,
  type Harness,
  headers,
  OTHER,
  OWNER,
  openHarness,
  policy,
  refused,
} from './testing/harness.ts';

/** Users of both accounts have the policy that a test gives them. */
let identity: Policy[] | undefined;
const given = (...statements: object[]) => {
  const parsed = parsePolicy(policy(...statements), { principal: 'refused' });
  if ('problem' in parsed) throw new Error(parsed.problem);
  identity = [parsed.policy];
};

let s3: Harness;
let call: Harness['call'];
let put: Harness['put'];
let get: Harness['get'];
beforeEach(async () => {
  identity = undefined;
  s3 = await openHarness({
    policiesOf: async (...asked) => (identity ? { identity, tags: {} } : unlimitedPolicies.policiesOf(...asked)),
  });
  ({ call, put, get } = s3);
});
afterEach(() => s3.close());

describe('who may do what', () => {
  const setPolicy = (...statements: object[]) => call('PutBucketPolicy', b({ Policy: policy(...statements) }));
  const allow = (more: object) => ({
    Effect: 'Allow',
    Action: 's3:GetObject',
    Resource: 'arn:aws:s3:::logs/*',
    ...more,
  });

  test('strangers get nothing, and are told so in AWS’s words', async () => {
    await put('k', 'x');
    expect((await refused(get('k', {}, caller(OTHER)))).message).toBe(
      `User: arn:aws:iam::${OTHER}:user/alice is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::logs/k" because no resource-based policy allows the s3:GetObject action`,
    );
    expect((await refused(get('k', {}, ANONYMOUS))).message).toBe('Access Denied');
    expect(await code(call('HeadBucket', b({ ExpectedBucketOwner: OTHER })))).toBe('AccessDenied');
  });

  test('a policy lets another account in; what is not there stays hidden', async () => {
    await put('k', 'x');
    await setPolicy(allow({ Principal: { AWS: OTHER } }));
    expect(await get('k', {}, caller(OTHER))).toBe('x');
    expect(await code(get('absent', {}, caller(OTHER)))).toBe('AccessDenied');
    expect(await code(put('k', 'y', {}, caller(OTHER)))).toBe('AccessDenied');
    expect(await code(call('DeleteBucketPolicy', b(), caller(OTHER)))).toBe('AccessDenied');
    const Delete = { Objects: [{ Key: 'k' }] };
    const out = await call('DeleteObjects', b({ Delete }), caller(OTHER), headers({ 'content-md5': 'x' }));
    expect(out.Errors).toMatchObject([{ Key: 'k', Code: 'AccessDenied' }]);
  });

  test('a policy for everyone is blocked until it is unblocked', async () => {
    await put('k', 'x');
    expect(await code(setPolicy(allow({ Principal: '*' })))).toBe('AccessDenied');
    await call('PutPublicAccessBlock', b({ PublicAccessBlockConfiguration: {} }));
    await setPolicy(allow({ Principal: '*' }));
    expect((await call('GetBucketPolicyStatus', b())).PolicyStatus.IsPublic).toBe(true);
    expect(await get('k', {}, ANONYMOUS)).toBe('x');
    await call('PutPublicAccessBlock', b({ PublicAccessBlockConfiguration: { RestrictPublicBuckets: true } }));
    expect(await code(get('k', {}, ANONYMOUS))).toBe('AccessDenied');
  });

  test.each([
    ['a key that may be absent', { StringEqualsIfExists: { 'aws:SourceVpce': 'vpce-1' } }],
    ['the whole Internet in halves', { IpAddress: { 'aws:SourceIp': ['0.0.0.0/1', '128.0.0.0/1'] } }],
    ['all of IPv6', { IpAddress: { 'aws:SourceIp': '2000::/3' } }],
  ])('a policy for everyone with %s is public', async (_, Condition) => {
    expect(await code(setPolicy(allow({ Principal: '*', Condition })))).toBe('AccessDenied');
  });

  test('a policy for everyone from one network is not public', async () => {
    await setPolicy(allow({ Principal: '*', Condition: { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8'] } } }));
    await put('k', 'x');
    expect((await call('GetBucketPolicyStatus', b())).PolicyStatus.IsPublic).toBe(false);
  });

  test('a write that shares or tags the object needs the right to do that', async () => {
    await setPolicy(allow({ Action: 's3:PutObject', Principal: { AWS: OTHER } }));
    await put('k', 'x', { ACL: 'bucket-owner-full-control' }, caller(OTHER));
    const sharing: object[] = [{ ACL: 'public-read' }, { GrantRead: 'id=0' }, { Tagging: 'a=b' }];
    for (const more of sharing) expect(await code(put('k', 'x', { ...more }, caller(OTHER)))).toBe('AccessDenied');
    expect(await code(call('CreateMultipartUpload', b({ Key: 'k', ACL: 'public-read' }), caller(OTHER)))).toBe(
      'AccessDenied',
    );
    await put('tagged', 'x', { Tagging: 'a=b' });
    const action = ['s3:PutObjectAcl', 's3:PutObjectTagging'];
    await setPolicy(allow({ Effect: 'Deny', Action: action, Principal: '*' }));
    for (const more of sharing) expect(await code(put('k', 'x', { ...more }))).toBe('AccessDenied');
    expect(await code(call('CopyObject', b({ Key: 'copy', CopySource: 'logs/tagged' })))).toBe('AccessDenied');
    await call('CopyObject', b({ Key: 'copy', CopySource: 'logs/k' }));
  });

  test('what is too long to be real is refused before any policy sees it', async () => {
    expect(await code(get('k'.repeat(1025)))).toBe('KeyTooLongError');
    expect(await code(call('ListObjectsV2', b({ Prefix: 'p'.repeat(8193) })))).toBe('RequestHeaderSectionTooLarge');
    const Delete = { Objects: [{ Key: 'k'.repeat(1025) }] };
    const out = await call('DeleteObjects', b({ Delete }), caller(OWNER), headers({ 'content-md5': 'x' }));
    expect(out.Errors).toMatchObject([{ Code: 'KeyTooLongError' }]);
  });

  test('a condition that could never hold is refused, so that no Deny is silent', async () => {
    const deny = (Condition: object) =>
      setPolicy({ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::logs/*', Condition });
    expect(await code(deny({ StringEquals: { 's3:NoSuchKey': 'x' } }))).toBe('MalformedPolicy');
    await put('secret', 'x', { Tagging: 'class=secret' });
    await put('open', 'x');
    await deny({ StringEquals: { 's3:ExistingObjectTag/class': 'secret' } });
    expect(await code(get('secret'))).toBe('AccessDenied');
    expect(await get('open')).toBe('x');
    await deny({ StringEquals: { 's3:RequestObjectTag/class': 'secret' } });
    expect(await code(put('k', 'x', { Tagging: 'class=secret' }))).toBe('AccessDenied');
    const Tagging = { TagSet: [{ Key: 'class', Value: 'secret' }] };
    expect(await code(call('PutObjectTagging', b({ Key: 'open', Tagging })))).toBe('AccessDenied');
    await deny({ StringNotEquals: { 's3:ResourceAccount': OTHER } });
    expect(await code(get('open'))).toBe('AccessDenied');
    await deny({ StringLike: { 'aws:Referer': 'http://evil/*' } });
    const linked = call('GetObject', b({ Key: 'open' }), caller(OWNER), headers({ referer: 'http://evil/x' }));
    expect(await code(linked)).toBe('AccessDenied');
  });

  test('a deny binds the owner too, but root can mend it', async () => {
    await setPolicy({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: ['arn:aws:s3:::logs', 'arn:aws:s3:::logs/*'],
    });
    expect((await refused(put('k', 'x'))).message).toContain('with an explicit deny in a resource-based policy');
    expect(await code(call('DeleteBucketPolicy', b()))).toBe('AccessDenied');
    await call('DeleteBucketPolicy', b(), caller(OWNER, 'Root'));
    await put('k', 'x');
  });

  test('a policy that is none is refused', async () => {
    expect(await code(call('PutBucketPolicy', b({ Policy: 'no' })))).toBe('MalformedPolicy');
    expect(await code(setPolicy(allow({ Principal: '*', Resource: 'arn:aws:s3:::other/*' })))).toBe('MalformedPolicy');
  });

  test('copying needs the right to read the source', async () => {
    await put('k', 'x');
    await call('CreateBucket', { Bucket: 'theirs' }, caller(OTHER));
    const copy = call('CopyObject', { Bucket: 'theirs', Key: 'k', CopySource: 'logs/k' }, caller(OTHER));
    expect(await code(copy)).toBe('AccessDenied');
  });

  test('public ACLs count where they are enabled and not ignored', async () => {
    await call(
      'PutBucketOwnershipControls',
      b({ OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] } }),
    );
    await call('DeletePublicAccessBlock', b());
    await put('k', 'x', { ACL: 'public-read' });
    await put('private', 'x');
    expect(await get('k', {}, ANONYMOUS)).toBe('x');
    expect(await code(get('private', {}, ANONYMOUS))).toBe('AccessDenied');
    await call('PutPublicAccessBlock', b({ PublicAccessBlockConfiguration: { IgnorePublicAcls: true } }));
    expect(await code(get('k', {}, ANONYMOUS))).toBe('AccessDenied');
  });
});

describe('the policies of users', () => {
  const setPolicy = (...statements: object[]) => call('PutBucketPolicy', b({ Policy: policy(...statements) }));
  const reads = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::logs/*' };

  test('decide in their own account, and so does a bucket policy that names them', async () => {
    await put('k', 'x');
    const alice = 'arn:aws:iam::111111111111:user/alice';
    await setPolicy({ ...reads, Principal: { AWS: alice }, Resource: 'arn:aws:s3:::logs/named' });
    await put('named', 'y');
    given({ Effect: 'Allow', Action: 's3:Nothing', Resource: '*' });
    expect((await refused(get('k'))).message).toBe(
      `User: ${alice} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::logs/k" because no identity-based policy allows the s3:GetObject action`,
    );
    expect(await get('named')).toBe('y');
    given(reads);
    expect(await get('k')).toBe('x');
    expect(await code(put('k', 'z'))).toBe('AccessDenied');
    given({ Effect: 'Allow', Action: 's3:*', Resource: '*' }, { ...reads, Effect: 'Deny' });
    expect((await refused(get('named'))).message).toContain('with an explicit deny in an identity-based policy');
    expect(await get('k', {}, caller(OWNER, 'Root'))).toBe('x');
  });

  test('of another account must allow as well as the bucket policy or the ACL', async () => {
    await put('k', 'x');
    await setPolicy({ ...reads, Principal: { AWS: OTHER } });
    given(reads);
    expect(await get('k', {}, caller(OTHER))).toBe('x');
    given({ ...reads, Resource: 'arn:aws:s3:::logs/other' });
    expect(await code(get('k', {}, caller(OTHER)))).toBe('AccessDenied');
  });

  test('decide about buckets that are not there yet, and about the list of all', async () => {
    given({
      Effect: 'Allow',
      Action: ['s3:CreateBucket', 's3:ListAllMyBuckets'],
      Resource: 'arn:aws:s3:::mine-*',
      Condition: { StringEqualsIfExists: { 's3:LocationConstraint': 'eu-west-1' } },
    });
    const into = (LocationConstraint: string) => ({ CreateBucketConfiguration: { LocationConstraint } });
    await call('CreateBucket', { Bucket: 'mine-1', ...into('eu-west-1') });
    expect(await code(call('CreateBucket', { Bucket: 'mine-2', ...into('us-west-2') }))).toBe('AccessDenied');
    expect(await code(call('CreateBucket', { Bucket: 'theirs-1' }))).toBe('AccessDenied');
    expect(await code(call('CreateBucket', { Bucket: 'mine-3', ObjectOwnership: 'ObjectWriter' }))).toBe(
      'AccessDenied',
    );
    expect(await code(call('ListBuckets'))).toBe('AccessDenied');
    given({ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: 'arn:aws:s3:::*' });
    await call('ListBuckets');
  });

  test('may ask for the tags of an object', async () => {
    await put('open', 'x', { Tagging: 'class=open' });
    await put('closed', 'x');
    given({ ...reads, Condition: { StringEquals: { 's3:ExistingObjectTag/class': 'open' } } });
    expect(await get('open')).toBe('x');
    expect(await code(get('closed'))).toBe('AccessDenied');
  });
});
