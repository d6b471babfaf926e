import { dist } from './dist.mjs';
import { round } from './measure.mjs';

const [filters, { compileEventPattern }, sigma, { generateEvents }] = await Promise.all(
  ['event/filter-pattern/index.js', 'event/event-pattern/index.js', 'event/sigma/index.js', 'testing/generate.js'].map(
    dist,
  ),
);

const EVALUATIONS_TARGET = 500_000;
const RECORDS = 2_000;
const WARM_UP_MS = 500;
/** A few seconds suffice: nothing here waits for a disk or another process. */
const SECONDS_MAX = 5;

/**
 * What watching costs beside taking: filter patterns of CloudWatch Logs (the CIS benchmark's among them) and event patterns
 * of EventBridge, evaluations a second on parsed records on one core; and events a second through sixty Sigma rules as
 * the follower runs them, parsing included.
 */
export async function patterns({ seconds, say }) {
  const measuredMs = 1000 * Math.min(seconds, SECONDS_MAX);
  say('evaluating patterns');
  const events = [...generateEvents(RECORDS, {})];
  const records = events.map(({ json }) => JSON.parse(json.toString('utf8')));
  const logEvents = events.map(({ json }, i) => ({ text: json.toString('utf8'), json: records[i] }));
  const envelopes = records.map((detail) => ({
    version: '0',
    'detail-type': 'AWS API Call via CloudTrail',
    source: `aws.${detail.eventSource.split('.')[0]}`,
    account: detail.recipientAccountId,
    region: detail.awsRegion,
    detail,
  }));

  const filterTests = FILTER_PATTERNS.map((text) => filters.compileFilterPattern(filters.parseFilterPattern(text)));
  const eventTests = EVENT_PATTERNS.map((pattern) => compileEventPattern(JSON.stringify(pattern)));
  const filterRate = evaluationsPerSecond(measuredMs, filterTests, logEvents);
  const eventRate = evaluationsPerSecond(measuredMs, eventTests, envelopes);
  const sigmaRate = throughRules(measuredMs, events);
  return {
    figures: [
      figure('filter patterns evaluated', filterRate, EVALUATIONS_TARGET),
      figure('event patterns evaluated', eventRate, EVALUATIONS_TARGET),
      { name: 'events through 60 Sigma rules', value: round(sigmaRate), unit: 'events/s' },
    ],
    details: { records: RECORDS, filterPatterns: filterTests.length, eventPatterns: eventTests.length },
  };
}

const figure = (name, value, atLeast) => ({
  name,
  value: round(value),
  unit: 'a second',
  atLeast,
  met: value >= atLeast,
});

function evaluationsPerSecond(ms, tests, inputs) {
  let matched = 0;
  const rate = perSecond(ms, (i) => {
    const input = inputs[i % inputs.length];
    for (const test of tests) if (test(input)) matched++;
    return tests.length;
  });
  if (matched === 0) throw new Error('no pattern has matched any record');
  return rate;
}

function throughRules(ms, events) {
  const stored = SIGMA_RULES.map((detection, i) => ({ id: `r${i}`, accountId: '', text: ruleText(i, detection) }));
  const rules = sigma.createRuleSet(
    stored.map((rule) => ({ ...rule, allAccounts: true })),
    (_, error) => {
      throw error;
    },
  );
  return perSecond(ms, (i) => {
    const { header, json } = events[i % events.length];
    const candidates = rules.concerning(header, json);
    if (candidates.length === 0) return 1;
    const record = sigma.sigmaRecord(JSON.parse(json.toString('utf8')));
    for (const { rule } of candidates) rule.matches(record);
    return 1;
  });
}

/** By the time that the process had a core, so that a busy machine does not change the figure. */
function perSecond(forMs, work) {
  const run = (ms) => {
    const before = process.cpuUsage();
    const end = performance.now() + ms;
    let done = 0;
    for (let i = 0; performance.now() < end; ) for (let n = 0; n < 100; n++) done += work(i++);
    const { user, system } = process.cpuUsage(before);
    return (1e6 * done) / (user + system);
  };
  run(WARM_UP_MS);
  return run(forMs);
}

const anyOf = (...names) => names.map((name) => `($.eventName = ${name})`).join(' || ');

/** The CIS benchmark's fourteen, and further kinds. */
export const FILTER_PATTERNS = [
  '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
  '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
  '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") }',
  `{ ${anyOf('DeleteGroupPolicy', 'DeleteRolePolicy', 'PutGroupPolicy', 'PutRolePolicy', 'PutUserPolicy', 'CreatePolicy', 'DeletePolicy', 'CreatePolicyVersion', 'AttachRolePolicy', 'DetachRolePolicy', 'AttachUserPolicy', 'DetachUserPolicy')} }`,
  `{ ${anyOf('CreateTrail', 'UpdateTrail', 'DeleteTrail', 'StartLogging', 'StopLogging')} }`,
  '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
  '{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}',
  `{ ($.eventSource = s3.amazonaws.com) && (${anyOf('PutBucketAcl', 'PutBucketPolicy', 'PutBucketCors', 'DeleteBucketPolicy', 'DeleteBucketCors')}) }`,
  `{ ($.eventSource = config.amazonaws.com) && (${anyOf('StopConfigurationRecorder', 'DeleteDeliveryChannel', 'PutDeliveryChannel')}) }`,
  `{ ${anyOf('AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress', 'RevokeSecurityGroupIngress', 'RevokeSecurityGroupEgress', 'CreateSecurityGroup', 'DeleteSecurityGroup')} }`,
  `{ ${anyOf('CreateNetworkAcl', 'CreateNetworkAclEntry', 'DeleteNetworkAcl', 'DeleteNetworkAclEntry', 'ReplaceNetworkAclEntry')} }`,
  `{ ${anyOf('CreateCustomerGateway', 'DeleteCustomerGateway', 'AttachInternetGateway', 'CreateInternetGateway')} }`,
  `{ ${anyOf('CreateRoute', 'CreateRouteTable', 'ReplaceRoute', 'DeleteRouteTable', 'DeleteRoute')} }`,
  `{ ${anyOf('CreateVpc', 'DeleteVpc', 'ModifyVpcAttribute', 'AcceptVpcPeeringConnection', 'CreateVpcPeeringConnection')} }`,
  '{ $.sourceIPAddress != 10.* && $.readOnly IS FALSE }',
  '{ $.userAgent = %aws-cli/[12]\\.% }',
  '{ $.resources[*].type = "AWS::S3::*" }',
  '{ $.errorCode = * }',
  'AccessDenied',
  '"Failed authentication" -ConsoleLogin',
];

const calls = (source, ...eventName) => ({ source: [`aws.${source}`], detail: { eventName } });
export const EVENT_PATTERNS = [
  calls('iam', 'CreateUser', 'CreateAccessKey', 'AttachUserPolicy'),
  calls('ec2', 'RunInstances', 'TerminateInstances', { prefix: 'Authorize' }),
  calls('s3', { wildcard: 'PutBucket*' }, { suffix: 'Policy' }),
  calls('kms', { 'anything-but': ['Decrypt', 'GenerateDataKey'] }),
  { 'detail-type': ['AWS API Call via CloudTrail'], detail: { errorCode: [{ exists: true }] } },
  { detail: { errorCode: ['AccessDenied', { suffix: 'UnauthorizedOperation' }] } },
  { detail: { userIdentity: { type: ['Root'] }, eventType: [{ 'anything-but': 'AwsServiceEvent' }] } },
  { detail: { sourceIPAddress: [{ cidr: '10.0.0.0/8' }] } },
  { detail: { userAgent: [{ prefix: 'aws-cli/' }], readOnly: [false] } },
  { $or: [{ region: ['us-east-1'] }, { detail: { readOnly: [false] } }] },
];

const named = (source, ...names) => ({
  x: { eventSource: `${source}.amazonaws.com`, eventName: names },
  condition: 'x',
});
/** In the proportions of the public rules: most are about one or two API names, a few about any call. */
export const SIGMA_RULES = Array.from({ length: 60 }, (_, i) => {
  if (i % 12 === 0)
    return { x: { 'userIdentity.type': 'Root' }, f: { eventType: 'AwsServiceEvent' }, condition: 'x and not f' };
  if (i % 12 === 1) return { x: { 'userAgent|contains': [`tool-${i}`, 'kali'] }, condition: 'x' };
  const service = ['iam', 's3', 'ec2', 'kms', 'sts', 'cloudtrail'][i % 6];
  const names = [
    ['CreateUser', 'CreateAccessKey'],
    ['PutBucketPolicy'],
    ['RunInstances'],
    ['DisableKey'],
    ['AssumeRole'],
  ];
  return named(service, ...names[i % 5]);
});

export const ruleText = (i, detection) =>
  `title: Rule ${i}\nlogsource: {product: aws, service: cloudtrail}\ndetection: ${JSON.stringify(detection)}\n`;
