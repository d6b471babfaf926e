import type { Expected, Scenario } from './harness.ts';
import { failed, lowered, oldTime, read, write } from './shapes.ts';

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

export const route53: Scenario = async (t) => {
  const source = 'route53';
  const versioned = (expected: Expected): Expected => ({ ...expected, apiVersion: '2013-04-01' });
  const { HostedZone } = await t.call(
    source,
    'CreateHostedZone',
    { Name: 'example.com', CallerReference: 'once', HostedZoneConfig: { Comment: 'mail' } },
    (r) =>
      versioned(
        write(
          source,
          { name: 'example.com', callerReference: 'once', hostedZoneConfig: { comment: 'mail' } },
          lowered(r, oldTime),
        ),
      ),
  );
  const id = HostedZone.Id.replace('/hostedzone/', '');
  const recordSet = { Name: 'prod.example.com.', Type: 'A', TTL: 300, ResourceRecords: [{ Value: '192.0.1.1' }] };
  // AWS's own example, Note and all.
  await t.call(
    source,
    'ChangeResourceRecordSets',
    {
      HostedZoneId: id,
      ChangeBatch: { Comment: 'Adding subdomains', Changes: [{ Action: 'CREATE', ResourceRecordSet: recordSet }] },
    },
    (r) => ({
      ...versioned(
        write(
          source,
          {
            hostedZoneId: id,
            changeBatch: {
              comment: 'Adding subdomains',
              changes: [
                {
                  action: 'CREATE',
                  resourceRecordSet: {
                    name: 'prod.example.com.',
                    type: 'A',
                    tTL: 300,
                    resourceRecords: [{ value: '192.0.1.1' }],
                  },
                },
              ],
            },
          },
          lowered(r, oldTime),
        ),
      ),
      additional: { Note: 'Do not use to reconstruct hosted zone' },
    }),
  );
  await t.call(
    source,
    'ChangeTagsForResource',
    { ResourceType: 'hostedzone', ResourceId: id, AddTags: [{ Key: 'Team', Value: 'mail' }] },
    versioned(write(source, { resourceType: 'hostedzone', resourceId: id, addTags: [{ key: 'Team', value: 'mail' }] })),
  );
  await t.call('route53', 'ListHostedZones', {}, versioned(read(source)));
  await t.call(
    source,
    'GetHostedZone',
    { Id: 'Z0000000000000' },
    versioned(failed(read(source, { id: 'Z0000000000000' }), 'NoSuchHostedZone')),
  );
};

export const acm: Scenario = async (t) => {
  const source = 'acm';
  const { CertificateArn } = await t.call(
    source,
    'RequestCertificate',
    { DomainName: 'mail.example.com', ValidationMethod: 'DNS', IdempotencyToken: 'once' },
    (r) =>
      write(
        source,
        { domainName: 'mail.example.com', validationMethod: 'DNS', idempotencyToken: 'once' },
        { certificateArn: r.CertificateArn },
      ),
  );
  await t.call(
    source,
    'AddTagsToCertificate',
    { CertificateArn, Tags: [{ Key: 'Team', Value: 'mail' }] },
    write(source, { certificateArn: CertificateArn, tags: [{ key: 'Team', value: 'mail' }] }),
  );
  await t.cli(
    'ListCertificates',
    ['acm', 'list-certificates', '--certificate-statuses', 'ISSUED'],
    read(source, { certificateStatuses: ['ISSUED'] }),
  );
  const missing = 'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000';
  await t.call(
    source,
    'DescribeCertificate',
    { CertificateArn: missing },
    failed(read(source, { certificateArn: missing }), 'ResourceNotFoundException'),
  );
  await t.call(source, 'DeleteCertificate', { CertificateArn }, write(source, { certificateArn: CertificateArn }));
};

export const cloudfront: Scenario = async (t) => {
  const source = 'cloudfront';
  const versioned = (expected: Expected): Expected => ({ ...expected, apiVersion: '2020_05_31' });
  const config = {
    CallerReference: 'once',
    Comment: 'the plan',
    Enabled: false,
    Origins: {
      Quantity: 1,
      Items: [{ Id: 'o', DomainName: 'mail.s3.amazonaws.com', S3OriginConfig: { OriginAccessIdentity: '' } }],
    },
    DefaultCacheBehavior: {
      TargetOriginId: 'o',
      ViewerProtocolPolicy: 'allow-all',
      CachePolicyId: '658327ea-f89d-4fab-a63d-7e88639e58f6',
    },
  };
  const { Distribution, ETag } = await t.call(source, 'CreateDistribution', { DistributionConfig: config }, (r) => {
    const shown = lowered(r, oldTime);
    shown.distribution.distributionConfig.comment = HIDDEN;
    return versioned(write(source, { distributionConfig: { ...lowered(config), comment: HIDDEN } }, shown));
  });
  await t.call(
    source,
    'TagResource',
    { Resource: Distribution.ARN, Tags: { Items: [{ Key: 'WAF', Value: 'Internal' }] } },
    versioned(write(source, { resource: Distribution.ARN, tags: { items: [{ key: 'WAF', value: 'Internal' }] } })),
  );
  await t.call('cloudfront', 'ListDistributions', {}, versioned(read(source)));
  await t.call(
    source,
    'GetDistribution',
    { Id: 'E0000000000000' },
    versioned(failed(read(source, { id: 'E0000000000000' }), 'NoSuchDistribution')),
  );
  await t.call(
    source,
    'DeleteDistribution',
    { Id: Distribution.Id, IfMatch: ETag },
    versioned(write(source, { id: Distribution.Id, ifMatch: ETag })),
  );
};

export const apigateway: Scenario = async (t) => {
  const source = 'apigateway';
  const template = { template: false };
  const { id, rootResourceId } = await t.call(source, 'CreateRestApi', { name: 'mail', description: 'of mail' }, (r) =>
    write(source, { createRestApiInput: { name: 'mail', description: 'of mail' }, ...template }, lowered(r, oldTime)),
  );
  await t.call(
    source,
    'PutMethod',
    { restApiId: id, resourceId: rootResourceId, httpMethod: 'GET', authorizationType: 'NONE' },
    (r) =>
      write(
        source,
        {
          restApiId: id,
          resourceId: rootResourceId,
          httpMethod: 'GET',
          putMethodInput: { authorizationType: 'NONE' },
          ...template,
        },
        lowered(r),
      ),
  );
  await t.call(
    source,
    'PutIntegration',
    { restApiId: id, resourceId: rootResourceId, httpMethod: 'GET', type: 'MOCK' },
    (r) =>
      write(
        source,
        {
          restApiId: id,
          resourceId: rootResourceId,
          httpMethod: 'GET',
          putIntegrationInput: { type: 'MOCK' },
          ...template,
        },
        lowered(r),
      ),
  );
  const deployment = await t.call(source, 'CreateDeployment', { restApiId: id }, (r) =>
    write(source, { restApiId: id, ...template }, lowered(r, oldTime)),
  );
  await t.call(
    source,
    'CreateStage',
    { restApiId: id, stageName: 'latest', deploymentId: deployment.id, tracingEnabled: false },
    (r) =>
      write(
        source,
        {
          restApiId: id,
          createStageInput: { stageName: 'latest', deploymentId: deployment.id, tracingEnabled: false },
          ...template,
        },
        lowered(r, oldTime),
      ),
  );
  await t.call('apigateway', 'GetRestApis', {}, read(source, template));
  await t.call(
    source,
    'GetRestApi',
    { restApiId: 'nobody' },
    failed(read(source, { restApiId: 'nobody', ...template }), 'NotFoundException'),
  );
  await t.call(source, 'DeleteRestApi', { restApiId: id }, write(source, { restApiId: id, ...template }));
};

export const apigatewayv2: Scenario = async (t) => {
  const source = 'apigateway';
  const service = 'apigatewayv2';
  const { ApiId } = await t.call(service, 'CreateApi', { Name: 'chat', ProtocolType: 'HTTP' }, (r) =>
    write(source, { name: 'chat', protocolType: 'HTTP' }, lowered(r)),
  );
  await t.call('apigatewayv2', 'GetApis', {}, read(source));
  await t.call(service, 'GetApi', { ApiId: 'nobody' }, failed(read(source, { apiId: 'nobody' }), 'NotFoundException'));
  await t.call(service, 'DeleteApi', { ApiId }, write(source, { apiId: ApiId }));
};

export const wafv2: Scenario = async (t) => {
  const source = 'wafv2';
  const { Summary } = await t.call(
    source,
    'CreateIPSet',
    { Name: 'office', Scope: 'REGIONAL', IPAddressVersion: 'IPV4', Addresses: ['192.0.2.0/24'] },
    (r) =>
      write(
        source,
        { name: 'office', scope: 'REGIONAL', iPAddressVersion: 'IPV4', addresses: ['192.0.2.0/24'] },
        lowered(r),
      ),
  );
  await t.cli('ListIPSets', ['wafv2', 'list-ip-sets', '--scope', 'REGIONAL'], read(source, { scope: 'REGIONAL' }));
  await t.call(
    source,
    'GetIPSet',
    { Name: 'nobody', Scope: 'REGIONAL', Id: 'x' },
    failed(read(source, { name: 'nobody', scope: 'REGIONAL', id: 'x' }), 'WAFNonexistentItemException'),
  );
  const named = { Name: 'office', Scope: 'REGIONAL', Id: Summary.Id, LockToken: Summary.LockToken };
  await t.call(source, 'DeleteIPSet', named, write(source, lowered(named)));
};
