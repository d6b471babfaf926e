import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { loadCatalogue } from '../schema/catalogue.ts';
import type { HttpRequest } from '../wire/request.ts';
import { createRecogniser } from './recognise.ts';

/** What botocore-requests.py prints. */
interface Sent {
  readonly id: string;
  readonly operation: string;
  readonly protocol: string;
  readonly signingName: string;
  readonly endpointPrefix: string;
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly http: { readonly method: string; readonly requestUri: string };
  readonly members: Readonly<Record<string, readonly [location: string | null, name: string | null, type: string]>>;
}

/** Services of every protocol, of which real records are known; chosen so that each shared signing name is among them. */
const SERVICES =
  'accessanalyzer acm apigateway apigatewayv2 athena autoscaling bedrock bedrock-agent bedrock-runtime cloudformation ' +
  'cloudfront cloudtrail cloudwatch codebuild cognito-identity cognito-idp config dynamodb ec2 ec2-instance-connect ecr ' +
  'ecs efs eks elb elbv2 events firehose glue guardduty iam kinesis kms lambda logs opensearch organizations rds redshift ' +
  'route53 s3 s3control sagemaker secretsmanager ses sns sqs ssm stepfunctions sts wafv2';
const everything = process.env.OPENTRAIL_ALL_OPERATIONS !== undefined;

/** Operations that botocore still has beside the newer one with the same request; only the newer can be told. */
const TOLD_AS: Readonly<Record<string, string>> = {
  's3 GetBucketLifecycle': 'GetBucketLifecycleConfiguration',
  's3 GetBucketNotification': 'GetBucketNotificationConfiguration',
  // A scope of its own that botocore's models do not tell, only its endpoint rules.
  's3 ListDirectoryBuckets': 'ListBuckets',
  's3 PutBucketLifecycle': 'PutBucketLifecycleConfiguration',
  's3 PutBucketNotification': 'PutBucketNotificationConfiguration',
};

const say = (text: string) => process.stderr.write(`${text}\n`);

function sentByBotocore(): readonly Sent[] | undefined {
  const script = new URL('botocore-requests.py', import.meta.url).pathname;
  const args = everything ? [] : SERVICES.split(' ');
  const ran = spawnSync('python3', [script, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (ran.status === 0)
    return ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Sent);
  say('SKIPPED: no python3 with botocore here, so the catalogue is not held against it');
  return undefined;
}

const sent = sentByBotocore();
const catalogue = loadCatalogue();
const recogniser = createRecogniser(catalogue, { hostSuffixes: ['localhost'], defaultRegion: 'us-east-1' });
const known = (sent ?? []).filter(({ id, operation }) => catalogue.schema(id)?.operations[operation]);
const share = (good: number, all: number) => Math.round((good / all) * 10_000) / 100;

function requestOf({ method, path, query, headers, signingName, endpointPrefix }: Sent): HttpRequest {
  const scope = path === '/WriteGetObjectResponse' ? 's3-object-lambda' : signingName;
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIAX/20240101/eu-west-1/${scope}/aws4_request, SignedHeaders=host, Signature=0`;
  const host = `${endpointPrefix}.eu-west-1.amazonaws.com`;
  return { method, rawPath: path, rawQuery: '', query, headers: { ...headers, authorization }, host, sourceIp: '::1' };
}

describe.skipIf(!sent)('held against botocore', () => {
  it('the catalogue has nearly all operations', () => {
    const lacking = sent!.filter((s) => !known.includes(s)).map(({ id, operation }) => `${id} ${operation}`);
    if (everything) say(`${lacking.length} of ${sent!.length} are not in the catalogue`);
    expect(share(known.length, sent!.length)).toBeGreaterThan(everything ? 90 : 98);
  });

  it('operations have the same HTTP bindings', () => {
    const plain = (uri: string) =>
      uri
        .replace(/[?&]x-id=\w+/, '')
        .replace(/(?<=.)\/$/, '')
        .replace(/\{[\w-]+/g, '{');
    const rest = known.filter(({ protocol, id }) => protocol.startsWith('rest') && id !== 's3');
    const other = rest.filter(({ id, operation, http }) => {
      const ours = catalogue.schema(id)!.operations[operation]!.http;
      return ours?.method !== http.method || plain(ours.uri) !== plain(http.requestUri);
    });
    if (other.length > 0) say(`other bindings: ${other.map((s) => `${s.id} ${s.operation}`).join(', ')}`);
    expect(share(rest.length - other.length, rest.length)).toBeGreaterThanOrEqual(99);
  });

  it('inputs have the same members in the same places', () => {
    const places: Readonly<Record<string, string>> = { querystring: 'query' };
    const other = known.flatMap(({ id, operation, members, protocol }) => {
      const schema = catalogue.schema(id)!;
      const { input } = schema.operations[operation]!;
      const shape = input === undefined ? undefined : schema.shapes[input]!;
      const ours = shape && 'members' in shape ? shape.members : {};
      return Object.entries(members).flatMap(([name, [location, , type]]) => {
        if (!protocol.startsWith('rest') || location === null)
          return name in ours ? [] : [`${id} ${operation}.${name}`];
        const expected = location === 'querystring' && type === 'map' ? 'queryMap' : (places[location] ?? location);
        return ours[name]?.location === expected ? [] : [`${id} ${operation}.${name}`];
      });
    });
    const all = known.reduce((sum, { members }) => sum + Object.keys(members).length, 0);
    if (other.length > 0) say(`${other.length} of ${all} members differ, such as ${other.slice(0, 20).join(', ')}`);
    expect(share(all - other.length, all)).toBeGreaterThanOrEqual(99);
  });

  it('every request is recognised', () => {
    const wrong = known.flatMap((s) => {
      const http = requestOf(s);
      const head = recogniser.head(http).detected;
      const detected = head?.operation === undefined ? recogniser.whole(http, Buffer.from(s.body)).detected : head;
      const expected = TOLD_AS[`${s.id} ${s.operation}`] ?? s.operation;
      // rds, docdb and neptune send the same requests, and so do a few generations of one service.
      return detected?.operation === expected && detected.schema.signingName === s.signingName
        ? []
        : [`${s.id} ${s.operation} (${s.protocol}) as ${detected?.schema.id} ${detected?.operation}`];
    });
    if (everything) say(`${known.length - wrong.length} of ${known.length} recognised; not: ${wrong.join(', ')}`);
    else expect(wrong).toEqual([]);
    expect(share(known.length - wrong.length, known.length)).toBeGreaterThan(99.8);
  });
});
