export interface Sample {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const ARN = 'arn:aws:cloudtrail:us-east-1:123456789012:trail/main';
const ct = (operation: string, input: unknown): Sample => ({
  service: 'cloudtrail',
  method: 'POST',
  path: '/',
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `CloudTrail_20131101.${operation}` },
  body: JSON.stringify(input),
});
const s3 = (method: string, path: string, body = '', headers: Record<string, string> = {}): Sample => ({
  service: 's3',
  method,
  path,
  headers,
  body,
});

/** One of each kind of request that real clients send, as they send it. */
export const CORPUS: readonly Sample[] = [
  ct('CreateTrail', {
    Name: 'other',
    S3BucketName: 'fuzz',
    TagsList: [{ Key: 'a', Value: 'b' }],
    IsMultiRegionTrail: true,
  }),
  ct('UpdateTrail', { Name: ARN, S3KeyPrefix: 'p', EnableLogFileValidation: true }),
  ct('DescribeTrails', { trailNameList: ['main', ARN], includeShadowTrails: true }),
  ct('GetTrailStatus', { Name: 'main' }),
  ct('ListTrails', { NextToken: 'x' }),
  ct('PutEventSelectors', {
    TrailName: 'main',
    EventSelectors: [
      {
        ReadWriteType: 'All',
        IncludeManagementEvents: true,
        DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::fuzz/'] }],
      },
    ],
  }),
  ct('PutEventSelectors', {
    TrailName: 'main',
    AdvancedEventSelectors: [
      {
        Name: 'n',
        FieldSelectors: [
          { Field: 'eventCategory', Equals: ['Data'] },
          { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
          { Field: 'eventName', StartsWith: ['Get'], NotEquals: ['GetObjectAcl'] },
        ],
      },
    ],
  }),
  ct('GetEventSelectors', { TrailName: ARN }),
  ct('PutInsightSelectors', {
    TrailName: 'main',
    InsightSelectors: [{ InsightType: 'ApiCallRateInsight', EventCategories: ['Management'] }],
  }),
  ct('ListInsightsData', { InsightSource: ARN, DataType: 'InsightsEvents', Dimensions: { EventName: 'GetObject' } }),
  ct('AddTags', { ResourceId: ARN, TagsList: [{ Key: 'k', Value: 'v' }] }),
  ct('RemoveTags', { ResourceId: ARN, TagsList: [{ Key: 'k' }] }),
  ct('ListTags', { ResourceIdList: [ARN] }),
  ct('LookupEvents', {
    LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'CreateTrail' }],
    StartTime: 1_750_000_000,
    EndTime: 1_990_000_000,
    MaxResults: 10,
  }),
  ct('ListPublicKeys', { StartTime: 1_750_000_000, EndTime: 1_990_000_000 }),
  ct('CreateEventDataStore', { Name: 'store' }),
  {
    service: 'sts',
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  },
  s3('PUT', '/fuzz/a%20key/b.txt', 'hello', {
    'x-amz-meta-name': 'v',
    'content-type': 'text/plain',
    'x-amz-checksum-crc32': 'NhCmhg==',
  }),
  s3('GET', '/fuzz/a%20key/b.txt', '', { range: 'bytes=0-3' }),
  s3('HEAD', '/fuzz/a%20key/b.txt'),
  s3('PUT', '/fuzz/copy', '', { 'x-amz-copy-source': '/fuzz/a%20key/b.txt' }),
  s3('GET', '/fuzz?list-type=2&prefix=a&delimiter=%2F&max-keys=10&encoding-type=url'),
  s3('GET', '/fuzz?versions&key-marker=a'),
  s3(
    'POST',
    '/fuzz?delete',
    '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>gone</Key></Object><Quiet>true</Quiet></Delete>',
    { 'content-md5': 'x' },
  ),
  s3('POST', '/fuzz/big?uploads'),
  s3('PUT', '/fuzz/big?partNumber=1&uploadId=abc', 'part'),
  s3(
    'PUT',
    '/fuzz?policy',
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::fuzz/*' }],
    }),
  ),
  s3('PUT', '/fuzz?tagging', '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'),
  s3(
    'PUT',
    '/fuzz?lifecycle',
    '<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix>x</Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>',
  ),
  s3('PUT', '/fuzz?versioning', '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'),
  s3(
    'PUT',
    '/new-bucket-name',
    '<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>',
  ),
  {
    service: 'opentrail',
    method: 'POST',
    path: '/opentrail/v1/records?deduplicate=true',
    headers: { 'content-type': 'application/x-ndjson' },
    body: '{"eventVersion":"1.08","eventTime":"2026-01-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1","eventID":"x","userIdentity":{"type":"Root"}}\n',
  },
  {
    service: 'opentrail',
    method: 'POST',
    path: '/opentrail/v1/accounts',
    headers: { 'content-type': 'application/json' },
    body: '{"AccountId":"12"}',
  },
  {
    service: 'opentrail',
    method: 'GET',
    path: '/opentrail/v1/tail?last=5&follow=false&eventName=x',
    headers: {},
    body: '',
  },
  {
    service: 'opentrail',
    method: 'GET',
    path: '/opentrail/v1/tail?last=5&follow=false&filter=eventName%20%3D%20x%20or%20not%20a',
    headers: {},
    body: '',
  },
  {
    service: 'opentrail',
    method: 'POST',
    path: '/opentrail/v1/search',
    headers: { 'content-type': 'application/json' },
    body: '{"Filter":"eventName in (a, \\"b c\\") and (requestParameters.x[*].y > 5 or not text) errorCode exists","StartTime":"2026-01-01T00:00:00Z","Limit":5,"Order":"oldest","Facets":["userName","requestParameters.\\"a b\\""],"FacetLimit":3,"Histogram":{"Buckets":9},"Count":true,"UpTo":99}',
  },
];
