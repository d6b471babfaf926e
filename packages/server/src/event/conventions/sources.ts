import type { ServiceSchema } from '../../schema/types.ts';

/** Where a service's records say they come from, and in which version of what. */

/**
 * Schema id → eventSource without the domain, where that is not the service's host prefix. Sources: records (spec:
 * record-conventions §8.1, §18; selectors §5), else the CloudTrail page of the service's own guide.
 */
export const EVENT_SOURCES: Readonly<Record<string, string>> = {
  'application-auto-scaling': 'autoscaling',
  'application-insights': 'application-insights',
  appstream: 'appstream',
  'bedrock-agent': 'bedrock',
  'bedrock-agent-runtime': 'bedrock',
  'bedrock-runtime': 'bedrock',
  'chime-sdk-identity': 'chime',
  'chime-sdk-media-pipelines': 'chime',
  'chime-sdk-meetings': 'chime',
  'chime-sdk-messaging': 'chime',
  'chime-sdk-voice': 'chime',
  'cloudhsm-v2': 'cloudhsm',
  'cloudwatch-logs': 'logs',
  cloudwatch: 'monitoring',
  'cost-explorer': 'ce',
  docdb: 'rds',
  efs: 'elasticfilesystem',
  'elastic-load-balancing': 'elasticloadbalancing',
  'elastic-load-balancing-v2': 'elasticloadbalancing',
  'elasticsearch-service': 'es',
  eventbridge: 'events',
  'iot-data-plane': 'iotdata',
  iotsecuretunneling: 'iotsecuredtunneling',
  'ivs-realtime': 'ivs',
  'lex-models-v2': 'lex',
  'lex-runtime-v2': 'lex',
  mailmanager: 'ses',
  'marketplace-metering': 'metering-marketplace',
  memorydb: 'memorydb',
  mq: 'amazonmq',
  neptune: 'rds',
  opensearch: 'es',
  pinpoint: 'mobiletargeting',
  'pinpoint-email': 'ses',
  'rds-data': 'rdsdata',
  'resource-groups-tagging-api': 'tagging',
  's3-control': 's3',
  ses: 'ses',
  sesv2: 'ses',
  sfn: 'states',
  'signer-data': 'signer',
  sso: 'sso',
  'sso-oidc': 'sso',
};

/** `cloudtrail` → `cloudtrail.amazonaws.com`. A prefix with dots names a host of the service (`api.ecr`), not the service. */
export function eventSourceOf({ id, endpointPrefix = id, signingName }: ServiceSchema): string {
  const name = EVENT_SOURCES[id] ?? (endpointPrefix.includes('.') ? signingName : endpointPrefix);
  return `${name}.amazonaws.com`;
}

/** The few services that write apiVersion, in their own spelling (spec: record-conventions §14). */
export const API_VERSIONS: Readonly<Record<string, string>> = {
  'app-mesh': '2019-01-25',
  cloudfront: '2020_05_31',
  'cloudwatch-logs': '20140328',
  dynamodb: '2012-08-10',
  efs: '2015-02-01',
  'elastic-load-balancing': '2012-06-01',
  'elastic-load-balancing-v2': '2015-12-01',
  'route-53': '2013-04-01',
};

/** The newest that CloudTrail writes; what we write has only members that it knows (spec: records §13). */
export const EVENT_VERSION = '1.11';

/**
 * Services with one endpoint for all Regions, and the Region that their records name (spec: record-conventions §1, §18).
 * STS is not here: it is regional when a Region's endpoint is asked.
 */
export const GLOBAL: Readonly<Record<string, string>> = {
  account: 'us-east-1',
  budgets: 'us-east-1',
  cloudfront: 'us-east-1',
  'cost-explorer': 'us-east-1',
  'global-accelerator': 'us-west-2',
  health: 'us-east-1',
  iam: 'us-east-1',
  networkmanager: 'us-west-2',
  organizations: 'us-east-1',
  'route-53': 'us-east-1',
  'route-53-domains': 'us-east-1',
  savingsplans: 'us-east-1',
  shield: 'us-east-1',
  support: 'us-east-1',
  waf: 'us-east-1',
};

/** awsRegion of a call whose client named `region`: other partitions have homes of their own, which their clients name. */
export const recordedRegionOf = (schemaId: string, region: string): string =>
  /^(?:cn|us-gov|us-iso|eu-isoe)/.test(region) ? region : (GLOBAL[schemaId] ?? region);
