import { loadCatalogue } from '../../packages/server/src/schema/catalogue.ts';
import { loadSchema } from '../../packages/server/src/schema/load.ts';
import type { ServiceSchema } from '../../packages/server/src/schema/types.ts';
import { cloudTrail, iam, kms, organizations, s3 } from './calls.ts';
import type { Call } from './wire.ts';
import { A, logFileOf, type World } from './world.ts';

/** Every operation of a service, aimed at what account A has. */

const namesOf = (schema: ServiceSchema): string[] => Object.keys(schema.operations).sort();

/** Members that several operations call the same; each takes those that it knows. */
export function allOfCloudTrail({ trailOfA }: Pick<World, 'trailOfA'>): Call[] {
  const store = trailOfA.replace('trail/main-a', 'eventdatastore/01234567-89ab-cdef-0123-456789abcdef');
  const usual = {
    Name: trailOfA,
    TrailName: trailOfA,
    S3BucketName: 'a-logs',
    ResourceId: trailOfA,
    ResourceIdList: [trailOfA],
    ResourceArn: trailOfA,
    TagsList: [{ Key: 'k', Value: 'v' }],
    EventDataStore: store,
    StartTime: 0,
  };
  /** Where a trail and an event data store exclude each other. */
  const ofTrail = new Set([
    'GetInsightSelectors',
    'PutInsightSelectors',
    'GetEventConfiguration',
    'PutEventConfiguration',
  ]);
  return namesOf(loadSchema('cloudtrail')).map((operation) =>
    cloudTrail(operation, {
      ...usual,
      ...(operation === 'CreateTrail' && { Name: 'new-one' }),
      ...(ofTrail.has(operation) && { EventDataStore: undefined }),
    }),
  );
}

/** Those of directory buckets and Object Lambda have endpoints of their own. */
/** DeleteObjects answers for each key, with status 200. */
const NOT_OF_BUCKETS = new Set([
  'CreateBucket',
  'CreateSession',
  'DeleteObjects',
  'ListBuckets',
  'ListDirectoryBuckets',
  'RenameObject',
  'WriteGetObjectResponse',
]);
const QUERIES: Readonly<Record<string, string>> = {
  AbortMultipartUpload: 'uploadId=x',
  CompleteMultipartUpload: 'uploadId=x',
  ListParts: 'uploadId=x',
  UploadPart: 'partNumber=1&uploadId=x',
  UploadPartCopy: 'partNumber=1&uploadId=x',
};
const BODIES: Readonly<Record<string, string>> = {
  CompleteMultipartUpload: '<CompleteMultipartUpload/>',
  PutBucketTagging: '<Tagging><TagSet/></Tagging>',
  PutObjectTagging: '<Tagging><TagSet/></Tagging>',
  PutBucketPolicy: '{}',
  PutBucketVersioning: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
};
const HEADERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CopyObject: { 'x-amz-copy-source': '/a-private/doc.txt' },
  UploadPartCopy: { 'x-amz-copy-source': '/a-private/doc.txt' },
  GetObjectAttributes: { 'x-amz-object-attributes': 'ETag' },
};

export function allOfS3(bucket: string, key: string): Call[] {
  const schema = loadSchema('s3');
  return namesOf(schema)
    .filter((operation) => !NOT_OF_BUCKETS.has(operation))
    .map((operation) => {
      const { method, uri } = schema.operations[operation]!.http!;
      const [path = '', query = ''] = uri.split('?');
      const joined = [
        query,
        QUERIES[operation] ?? '',
        /analytics|tiering|inventory|metrics/.test(query) && !operation.startsWith('List') ? 'id=x' : '',
      ]
        .filter((part) => part !== '')
        .join('&');
      const place = path.startsWith('/{Key+}') ? `/${bucket}/${key}` : `/${bucket}`;
      return s3(
        operation,
        method,
        joined === '' ? place : `${place}?${joined}`,
        BODIES[operation] ?? '',
        HEADERS[operation],
      );
    });
}

/** Where log files of account A are. */
export const LOG_FILE = logFileOf(A);

export function allOfKms(
  { keyOfA, ciphertextOfA, grantOfA }: Pick<World, 'keyOfA' | 'ciphertextOfA' | 'grantOfA'>,
  names: readonly string[] = namesOf(loadCatalogue().schema('kms')!),
): Call[] {
  const Plaintext = Buffer.from('x').toString('base64');
  const usual = {
    KeyId: keyOfA,
    TargetKeyId: keyOfA,
    DestinationKeyId: keyOfA,
    CiphertextBlob: ciphertextOfA,
    AliasName: 'alias/of-a',
    GranteePrincipal: 'arn:aws:iam::210987654321:root',
    RetiringPrincipal: 'arn:aws:iam::210987654321:root',
    Operations: ['Decrypt'],
    GrantId: grantOfA,
    Plaintext,
    Policy: '{}',
    PolicyName: 'default',
    Tags: [{ TagKey: 'k', TagValue: 'v' }],
    TagKeys: ['k'],
    Description: 'x',
    NumberOfBytes: 32,
  };
  return names.map((operation) =>
    kms(operation, { ...usual, ...(operation === 'CreateAlias' && { AliasName: 'alias/stolen' }) }),
  );
}

export function allOfIam(account: string, names: readonly string[] = namesOf(loadCatalogue().schema('iam')!)): Call[] {
  const usual = {
    UserName: 'victim',
    NewUserName: 'renamed',
    GroupName: 'victims',
    RoleName: 'victim-role',
    AWSServiceName: 'cloudtrail.amazonaws.com',
    InstanceProfileName: 'victim-profile',
    PolicyName: 'victim-policy',
    PolicyArn: `arn:aws:iam::${account}:policy/victim-policy`,
    PolicySourceArn: `arn:aws:iam::${account}:user/victim`,
    PermissionsBoundary: 'arn:aws:iam::aws:policy/AdministratorAccess',
    PolicyDocument: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    AssumeRolePolicyDocument:
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}',
    VersionId: 'v1',
    AccessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    Status: 'Inactive',
    Password: 'a-new-Passw0rd!',
    OldPassword: 'an-old-Passw0rd!',
    NewPassword: 'a-new-Passw0rd!',
    AccountAlias: 'stolen',
    'ActionNames.member.1': 's3:GetObject',
    'PolicyInputList.member.1': '{"Version":"2012-10-17","Statement":[]}',
    'Tags.member.1.Key': 'k',
    'Tags.member.1.Value': 'v',
    'TagKeys.member.1': 'k',
    OpenIDConnectProviderArn: `arn:aws:iam::${account}:oidc-provider/example.com`,
    Url: 'https://example.com',
    'ThumbprintList.member.1': 'a'.repeat(40),
    Thumbprint: 'a'.repeat(40),
    ClientID: 'x',
    Name: 'x',
    Description: 'x',
    SAMLMetadataDocument: 'x'.repeat(1000),
    GlobalEndpointTokenVersion: 'v2Token',
    SAMLProviderArn: `arn:aws:iam::${account}:saml-provider/x`,
    SerialNumber: `arn:aws:iam::${account}:mfa/victim`,
    VirtualMFADeviceName: 'victim',
    AuthenticationCode1: '123456',
    AuthenticationCode2: '654321',
    DeletionTaskId:
      'task/aws-service-role/cloudtrail.amazonaws.com/AWSServiceRoleForCloudTrail/01234567-89ab-cdef-0123-456789abcdef',
    JobId: '01234567-89ab-cdef-0123-456789abcdef',
    Arn: `arn:aws:iam::${account}:user/victim`,
  };
  return names.map((operation) => iam(operation, usual));
}

export function allOfOrganizations(): Call[] {
  const usual = {
    FeatureSet: 'ALL',
    AccountId: A,
    AccountName: 'x',
    Email: 'x@example.com',
    PolicyId: 'p-12345678',
    TargetId: A,
    ChildId: A,
    ParentId: 'r-abcd',
    RootId: 'r-abcd',
    Name: 'x',
    Content: '{}',
    Type: 'SERVICE_CONTROL_POLICY',
    PolicyType: 'SERVICE_CONTROL_POLICY',
    Filter: 'SERVICE_CONTROL_POLICY',
    Description: 'x',
    HandshakeId: 'h-12345678',
    OrganizationalUnitId: 'ou-abcd-12345678',
    SourceParentId: 'r-abcd',
    DestinationParentId: 'r-abcd',
    ServicePrincipal: 'cloudtrail.amazonaws.com',
    ResourceId: A,
    Target: { Type: 'ACCOUNT', Id: A },
    ChildType: 'ACCOUNT',
    CreateAccountRequestId: 'car-12345678',
    Tags: [],
    TagKeys: ['k'],
  };
  return namesOf(loadCatalogue().schema('organizations')!).map((operation) =>
    organizations(operation, {
      ...usual,
      ...(operation.startsWith('ListHandshakes') && { Filter: { ActionType: 'INVITE' } }),
    }),
  );
}
