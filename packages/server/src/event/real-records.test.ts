import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { schemaFromClient } from '../../../../scripts/schema-from-client.mjs';
import { loadSchema } from '../schema/load.ts';
import type { ServiceSchema } from '../schema/types.ts';
import { realDataDir, realFiles } from '../testing/real-data.ts';
import type { Call } from './call.ts';
import { eventNameOf } from './conventions/event-names.ts';
import { eventSourceOf } from './conventions/sources.ts';
import { differences, httpOf, inputOf, outputOf, type Real } from './rebuild.suite.ts';
import { recordFromCall } from './record-from-call.ts';

/**
 * The independent check: every real record of an API call whose operation a schema knows is taken apart into the call
 * that it was made of (rebuild.suite.ts), made again, and compared. What differs must be explained below.
 */

/** Why a real record is not what we make of its call. Matched against `corpus service:event version path: real ≠ made`. */
const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [/^datadog-stratus.* awsRegion: /, 'the anonymiser made Regions up (spec: record-conventions §18)'],
  [/^awsdocs-.* iam:\S+ 1\.0 awsRegion: "us-east-2"/, 'put in by hand: IAM’s records name us-east-1'],
  [
    / 1\.0[0-4]? .*(requestID|requestId|managementEvent|eventCategory|readOnly|Host|additionalEventData|resources)/,
    'an old version has no such member',
  ],
  [/^awsdocs-.* kms:\S+ \S+ resources.*\.type: absent/, 'version 1.02 has resources without type'],
  [/^awsdocs-.* resources: \[\] ≠ absent/, 'version 1.02 has empty lists of resources'],
  [
    /^awsdocs-.* kms:\S+ \S+ resources/,
    'an example of the guide whose parts were edited apart: keys, accounts, Regions',
  ],
  [
    /^awsdocs-.* kms:(Decrypt|Encrypt) \S+ requestParameters.encryptionAlgorithm: absent/,
    'from before 2019, when KMS had one algorithm',
  ],
  [/ kms:\S+ \S+ additionalEventData/, 'what KMS knows of its key stores, keys and enclaves; the call does not say it'],
  [/^awsdocs-.*\.AWSAccountId/, 'the guide has both spellings'],
  [/ (ec2):RunInstances 1\.0[0-5] requestParameters.disableApiStop/, 'came in 2022'],
  [
    / ec2:RunInstances 1\.0[0-5] responseElements.*(nterfaceId|availabilityZone|requesterManaged|nstanceOwnerId|attachment.instanceId|BySet)/,
    'internals that EC2 logged until 2016',
  ],
  [
    / ec2:\S+ \S+ responseElements.*(tagSet|association|associationState|httpProtocolIpv4): /,
    'in EC2’s answer, but in no API description',
  ],
  [/ ec2:CreateNetworkInterface \S+ requestParameters.denyAllIgwTraffic/, 'a parameter for AWS’s own services'],
  [
    /^panther-.* ec2:AuthorizeSecurityGroupIngress \S+ (errorCode|responseElements)/,
    'a fixture: a failure with an answer',
  ],
  [/^panther-.* (iam:GetGroup|securityhub:CreateInsight) /, 'a fixture: no such parameter'],
  [/ rds:\S+ \S+ .*"\*\*\*\*"/, 'RDS wrote four stars until 2022'],
  [
    / rds:\S+ \S+ responseElements.httpEndpointEnabled/,
    'in RDS’s answer, but not of an instance in its API description',
  ],
  [
    / cloudfront:\S+ \S+ responseElements.*(oacSigningBehavior|location)/,
    'in CloudFront’s answer, but not in its API description',
  ],
  [
    / apigateway:\S+ \S+ responseElements\.(stageUpdate|stageDelete|stageFlushAuthorizerCache|self): /,
    'links of the answer’s HAL, which no API description has',
  ],
  [
    / ssm:SendCommand \S+ responseElements.command.(client|has|interactive)/,
    'in SSM’s answer, but not in its API description',
  ],
  [
    / lambda:\S+ \S+ responseElements.layers.*uncompressedCodeSize/,
    'in Lambda’s answer, but not in its API description',
  ],
  [
    / (health|ssm|kms):\S+ \S+ .*\d{4} \d+:\d\d:\d\d [AP]M" ≠ .*\d{4}, \d/,
    'both spellings of a time occur in this service, minutes apart',
  ],
  [/ rolesanywhere:\S+ \S+ .*\d{9}Z" ≠ .*\.\d{3}Z"/, 'nanoseconds, which neither the wire nor a Date has'],
  [/^flaws.* logs:\S+ \S+ apiVersion: "55606"/, 'its digits were made random'],
  [
    /^flaws.* 1\.0[57] (responseElements|resources): .* ≠ absent/,
    'until 2020 some services recorded answers of reads, and empty lists',
  ],
  [/ glue:\S+ \S+ additionalEventData/, 'what Lake Formation knows'],
  [/^awsdocs-.* kms:\S+ \S+ responseElements(\.keyId)?: absent ≠ /, 'from before December 2022, as the guide says'],
  [/ kms:UpdatePrimaryRegion \S+ resources: absent/, 'the guide’s example for the other Region'],
];

/** With more schemas than this, everything that AWS describes is known. */
const ALL_OF_AWS = 300;
/** Operations of AWS's own agents and consoles, of what is gone, and of what is newer than the catalogue. */
const NOT_IN_THE_API: ReadonlySet<string> = new Set([
  ...['bedrock:PutFoundationModelEntitlement', 's3:GetStorageLensDashboardDataInternal'],
  ...['ssm:UpdateInstanceInformation', 'ssm:UpdateInstanceAssociationStatus', 'ssm:ListInstanceAssociations'],
  ...['kms:SynchronizeMultiRegionKey', 'robomaker:ListDeploymentJobs', 'robomaker:ListSimulationApplications'],
  ...['robomaker:ListRobotApplications', 'robomaker:ListSimulationJobs', 'notifications:ListNotificationHubs'],
]);

const COMPARED = [
  ...['eventSource', 'eventName', 'errorCode', 'errorMessage', 'requestParameters', 'responseElements'],
  ...['additionalEventData', 'requestID', 'readOnly', 'resources', 'eventType', 'apiVersion', 'managementEvent'],
  ...['recipientAccountId', 'eventCategory', 'awsRegion'],
] as const;
/** Members that older versions lack; compared where they are. */
const WHERE_PRESENT: ReadonlySet<string> = new Set([
  ...['readOnly', 'eventType', 'apiVersion', 'managementEvent', 'eventCategory', 'requestID', 'recipientAccountId'],
  'errorMessage',
]);

/** The catalogue of all of AWS where it is there; the few clients that are installed otherwise. */
async function knownSchemas(): Promise<readonly ServiceSchema[]> {
  const own = (['cloudtrail', 's3', 'sts'] as const).map((id) => loadSchema(id));
  const catalogue = new URL('../schema/catalogue.ts', import.meta.url);
  if (!existsSync(new URL('../../schemas/catalogue.br', import.meta.url))) {
    const clients = ['cloudwatch', 'dynamodb', 'ec2', 'iam', 'lambda', 'sqs'];
    return [...own, ...clients.map((id) => schemaFromClient(`@aws-sdk/client-${id}`, { id, fractional: 'all' }))];
  }
  const { loadCatalogue } = await import(catalogue.href);
  const { entries, schema } = loadCatalogue();
  const others = entries.filter(({ id }: ServiceSchema) => !own.some((known) => known.id === id));
  return [...own, ...others.map(({ id }: ServiceSchema) => schema(id))];
}

interface Candidate {
  readonly schema: ServiceSchema;
  readonly operation: string;
}

function byEvent(schemas: readonly ServiceSchema[]): ReadonlyMap<string, readonly Candidate[]> {
  const out = new Map<string, Candidate[]>();
  for (const schema of schemas) {
    for (const operation of Object.keys(schema.operations)) {
      const key = `${eventSourceOf(schema)}:${eventNameOf(schema.id, operation)}`;
      out.set(key, [...(out.get(key) ?? []), { schema, operation }]);
    }
  }
  return out;
}

function callOf({ schema, operation }: Candidate, real: Real): Call {
  const s3 = schema.id.startsWith('s3');
  const cipherSuite = real.additionalEventData?.CipherSuite;
  // Answers of KMS name the key, and are not recorded but for that.
  const keys = schema.id === 'kms' && real.readOnly ? (real.resources ?? []).map(({ ARN }: Real) => ARN) : [];
  return {
    schema,
    operation,
    timeMs: Date.parse(real.eventTime),
    region: real.awsRegion,
    userIdentity: real.userIdentity,
    accountId: real.recipientAccountId ?? real.userIdentity.accountId,
    sourceIp: real.sourceIPAddress,
    userAgent: real.userAgent,
    requestId: real.requestID,
    eventId: real.eventID,
    input: inputOf(schema, operation, real.requestParameters),
    output: {
      ...(keys.length > 0 && { KeyId: keys.at(-1) }),
      ...(keys.length > 1 && { SourceKeyId: keys[0] }),
      ...outputOf(schema, operation, real.responseElements),
    },
    ...(real.errorCode && {
      error: { code: real.errorCode.replace(/^Client\./, ''), message: real.errorMessage ?? '' },
    }),
    http: httpOf(real),
    tls: real.tlsDetails ?? (cipherSuite && { cipherSuite }),
    notes: s3 ? { resourceAccountId: real.recipientAccountId } : {},
  };
}

function compare(candidate: Candidate, real: Real): string[] {
  const made = recordFromCall(callOf(candidate, real)) as Real;
  const out: string[] = [];
  for (const field of COMPARED) {
    if (real[field] === undefined && WHERE_PRESENT.has(field)) continue;
    differences(field, real[field] ?? undefined, made[field] ?? undefined, out);
  }
  return out;
}

function* realCalls(): Generator<{ corpus: string; real: Real }> {
  for (const { name, bytes } of realFiles('events', '.ndjson')) {
    for (const line of bytes.toString().split('\n').filter(Boolean)) {
      const parsed = JSON.parse(line);
      const real = parsed.detail?.eventName ? parsed.detail : parsed;
      if (real.eventName && (real.eventType ?? 'AwsApiCall') === 'AwsApiCall') yield { corpus: name, real };
    }
  }
}

describe.skipIf(!realDataDir)('recordFromCall on the calls of real records (../shared/data)', () => {
  it('makes them again, and nothing that differs is unexplained', async () => {
    const schemas = await knownSchemas();
    const known = byEvent(schemas);
    const counts = { compared: 0, equal: 0, explained: 0, unknown: 0 };
    const operations = new Set<string>();
    const unexplained = new Set<string>();
    for (const { corpus, real } of realCalls()) {
      const event = `${real.eventSource.replace('.amazonaws.com', '')}:${real.eventName}`;
      const candidates = known.get(`${real.eventSource}:${real.eventName}`);
      if (!candidates) {
        counts.unknown++;
        if (schemas.length > ALL_OF_AWS && !NOT_IN_THE_API.has(event)) unexplained.add(`${event} is not known`);
        continue;
      }
      const least = candidates.map((c) => compare(c, real)).sort((a, b) => a.length - b.length)[0]!;
      counts.compared++;
      operations.add(event);
      const lines = least.map((line) => `${corpus} ${event} ${real.eventVersion} ${line}`);
      const open = lines.filter((line) => !EXPLAINED.some(([pattern]) => pattern.test(line)));
      if (lines.length === 0) counts.equal++;
      else if (open.length === 0) counts.explained++;
      for (const line of open) unexplained.add(line);
    }
    // biome-ignore lint/suspicious/noConsole: what was compared depends on the schemas that are there
    console.info({ ...counts, operations: operations.size, schemas: schemas.length });
    expect([...unexplained]).toEqual([]);
    expect(counts.equal).toBeGreaterThan(schemas.length > ALL_OF_AWS ? 1_870 : 600);
  });
});
