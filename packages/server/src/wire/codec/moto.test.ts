import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { schemaFromClient } from '../../../../../scripts/schema-from-client.mjs';
import { loadSchema } from '../../schema/load.ts';
import type { Protocol, ServiceSchema } from '../../schema/types.ts';
import { decodeError, decodeOutput, isErrorAnswer, requestIdOf } from './index.ts';
import { plain } from './sdk-exchange.suite.ts';
import { parseXml } from './xml-parse.ts';

/** A call that boto3 made to a real moto_server (moto-answers.py), and what it read in the answer. */
interface Shown {
  readonly service: string;
  readonly operation: string;
  readonly protocol: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly parsed: Record<string, unknown> & {
    readonly ResponseMetadata: { readonly RequestId?: string };
    /** `QueryErrorCode` is the model's name where `Code` is that of `x-amzn-query-error`. */
    readonly Error?: { readonly Code: string; readonly QueryErrorCode?: string; readonly Message: string };
  };
}

const SCRIPT = fileURLToPath(new URL('./moto-answers.py', import.meta.url));
const ANSWERS_BYTES_MAX = 64 * 1024 * 1024;

/** None where there is no moto (or one without a server): the tests then are skipped, and say so. */
function motoAnswers(): Shown[] {
  if (spawnSync('python3', ['-c', 'import boto3, moto.server']).status !== 0) return [];
  const env = { ...process.env, MOTO_ACCOUNT_ID: '123456789012' };
  const run = spawnSync('python3', [SCRIPT], { encoding: 'utf8', env, maxBuffer: ANSWERS_BYTES_MAX, timeout: 120_000 });
  if (run.status !== 0) throw new Error(`moto-answers.py failed: ${run.stderr.slice(-2000)}`);
  return run.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Shown);
}

const fromClient = (id: string) => schemaFromClient(`@aws-sdk/client-${id}`, { id, fractional: 'all' });
const SCHEMAS: Readonly<Record<string, ServiceSchema>> = Object.fromEntries(
  [
    loadSchema('cloudtrail'),
    loadSchema('s3'),
    loadSchema('sts'),
    ...['cloudwatch', 'dynamodb', 'ec2', 'iam', 'lambda', 'sqs'].map(fromClient),
  ].map((schema) => [schema.id, schema]),
);

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  json: 'awsJson1_0',
  query: 'awsQuery',
  ec2: 'ec2Query',
  'rest-json': 'restJson1',
  'rest-xml': 'restXml',
};

/** What HEAD cannot say, and boto3 makes of it. */
const HEAD_CODES: Readonly<Record<string, string>> = { HeadObject: 'NoSuchKey', HeadBucket: 'NoSuchBucket' };
/** Members that boto3 adds, or reads as another type than S3's newer model says. */
const BOTO3_ONLY = new Set(['ResponseMetadata', 'ExpiresString', 'Body', 'PartNumberMarker', 'NextPartNumberMarker']);
/** boto3 reads this in a later step. */
const BOTO3_LACKS: Readonly<Record<string, object>> = { GetBucketLocation: { LocationConstraint: 'eu-west-1' } };

function target({ service, operation, protocol }: Shown) {
  return { schema: SCHEMAS[service]!, protocol: PROTOCOLS[protocol]!, operation, labels: {} };
}

function answered({ status, headers, body }: Shown) {
  return { status, headers, body: Buffer.from(body, 'base64') };
}

/** boto3's reading in our terms: dates and bytes as they are marked, and nothing that is empty. */
function fromBoto3(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromBoto3);
  if (typeof value !== 'object' || value === null) return value;
  const { $date, $bytes } = value as { $date?: number; $bytes?: string };
  if ($date !== undefined) return new Date($date);
  if ($bytes !== undefined) return `bytes ${$bytes}`;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fromBoto3(inner)]));
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, withoutEmpty(inner)] as const);
  const isEmpty = (v: unknown) =>
    v === undefined || v === null || (typeof v === 'object' && !(v instanceof Date) && Object.keys(v).length === 0);
  return Object.fromEntries(entries.filter(([, v]) => !isEmpty(v)));
}

const answers = motoAnswers();
if (answers.length === 0) process.stderr.write('SKIPPED: moto and boto3 are not installed, nothing real was read\n');

describe.skipIf(answers.length === 0)('what moto answers', () => {
  const named = answers.map((shown, i) => ({
    name: `${i} ${shown.service} ${shown.operation} ${shown.status}`,
    shown,
  }));

  it('is enough to go by', () => {
    expect(answers.length).toBeGreaterThan(80);
    expect(new Set(answers.map(({ protocol }) => protocol)).size).toBeGreaterThanOrEqual(5);
  });

  it.each(named)('is read as boto3 reads it: $name', ({ shown }) => {
    const [to, given] = [target(shown), answered(shown)];
    const { Error: failure, ResponseMetadata } = shown.parsed;
    expect(isErrorAnswer(to, given)).toBe(failure !== undefined);
    // For want of a body boto3 takes none of HEAD's.
    if (ResponseMetadata.RequestId) {
      expect(requestIdOf(given, to.protocol)).toBe(ResponseMetadata.RequestId);
    }
    if (failure) {
      const error = decodeError(to, given);
      const inBody = failure.QueryErrorCode ?? failure.Code;
      const code = HEAD_CODES[shown.operation] ?? inBody;
      expect(error.code).toBe(code);
      if (inBody === code) expect(error.message).toBe(failure.Message);
      return;
    }
    const compared = (all: object) =>
      withoutEmpty(Object.fromEntries(Object.entries(all).filter(([name]) => !BOTO3_ONLY.has(name))));
    const read = plain(decodeOutput(to, given)) as object;
    const parsed = { ...(fromBoto3(shown.parsed) as object), ...BOTO3_LACKS[shown.operation] };
    expect(compared(read)).toEqual(compared(parsed));
    if (given.body.subarray(0, 1).toString() === '<') expect(() => parseXml(given.body.toString())).not.toThrow();
  });
});
