import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { awsRaw, eventually } from '../support/clients.ts';
import type { RunningOpenTrail } from '../support/opentrail.ts';
import { signedFetch } from '../support/sdk.ts';

/** What a record must say of a call, written by hand: nothing here is computed by the product. */
export interface Expected {
  /** eventSource without `.amazonaws.com`. */
  readonly source: string;
  /** eventName, where it is not the operation's name. */
  readonly name?: string;
  readonly readOnly: boolean;
  readonly request: unknown;
  /** responseElements; default null. */
  readonly response?: unknown;
  /** errorCode; absent means that there MUST be none. */
  readonly error?: string;
  readonly resources?: unknown;
  readonly additional?: unknown;
  readonly apiVersion?: string;
  /** A data event; default a management event. */
  readonly data?: true;
  /** userIdentity; default alice, whom the directory file names. */
  readonly identity?: unknown;
  readonly region?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: answers of any AWS operation
export type Answer = any;
type Expectation = Expected | ((response: Answer) => Expected);

export interface CallOptions {
  readonly region?: string;
  /** Access key id, secret and session token, where the caller is not alice. */
  readonly key?: readonly string[];
  /** What boto3 itself would refuse to send. */
  readonly unchecked?: true;
}

export interface CloudTrailRecord {
  readonly eventSource: string;
  readonly eventName: string;
  readonly [member: string]: unknown;
}

/** One scenario's view: makes calls through the gateway, each with what its record must say. */
export interface Caller {
  /** By boto3. @returns boto3's answer (bytes as `{$bytes}`, times as `{$time}`), undefined for an expected error */
  call(
    service: string,
    operation: string,
    params: object,
    expected: Expectation,
    options?: CallOptions,
  ): Promise<Answer>;
  /** By the AWS CLI: `t.cli('ec2', 'DescribeVpcs', ['ec2', 'describe-vpcs'], …)`. @returns what it printed */
  cli(operation: string, args: readonly string[], expected: Expectation): Promise<Answer>;
}

export type Scenario = (t: Caller) => Promise<void>;

export const ALICE_KEY = 'AKIAALICE00000000000';
export const ALICE = {
  type: 'IAMUser',
  principalId: 'AIDAALICE000000000000',
  arn: 'arn:aws:iam::123456789012:user/alice',
  accountId: '123456789012',
  accessKeyId: ALICE_KEY,
  userName: 'alice',
};
/** What `--identities` is given. */
export const IDENTITIES = {
  accounts: [
    {
      accountId: '123456789012',
      users: [
        {
          userName: 'alice',
          userId: ALICE.principalId,
          accessKeys: [{ accessKeyId: ALICE_KEY, secretAccessKey: 'secret' }],
        },
      ],
    },
  ],
};

interface Made {
  readonly what: string;
  readonly service: string;
  readonly operation: string;
  readonly expected: Expected;
  readonly requestId?: string;
}

/** Makes the calls of scenarios, and afterwards holds the records against what they must say. */
export class Play {
  readonly made: Made[] = [];
  readonly #python: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #env: Readonly<Record<string, string>>;

  constructor(gatewayEndpoint: string) {
    this.#env = {
      AWS_ENDPOINT_URL: gatewayEndpoint,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_ACCESS_KEY_ID: ALICE_KEY,
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_MAX_ATTEMPTS: '1',
      AWS_PAGER: '',
    };
    const driver = new URL('boto-driver.py', import.meta.url).pathname;
    this.#python = spawn('python3', [driver], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...this.#env },
    });
    this.#answers = createInterface({ input: this.#python.stdout! })[Symbol.asyncIterator]();
  }

  readonly caller: Caller = {
    call: async (service, operation, params, expected, options = {}) => {
      const what = `${service} ${operation} ${JSON.stringify(params)}`;
      this.#python.stdin!.write(`${JSON.stringify({ service, operation, params, ...options })}\n`);
      const line = await this.#answers.next();
      if (line.done) throw new Error(`the boto3 driver ended at ${what}`);
      const answer = JSON.parse(line.value) as {
        response?: Answer;
        error?: { code: string; requestId?: string };
        fault?: string;
      };
      if (answer.fault !== undefined) throw new Error(`${what}: ${answer.fault}`);
      const response = answer.response;
      const says = typeof expected === 'function' ? expected(response) : expected;
      if (answer.error && says.error === undefined)
        throw new Error(`${what}: failed with ${JSON.stringify(answer.error)}`);
      if (!answer.error && says.error !== undefined) throw new Error(`${what}: was to fail with ${says.error}`);
      // Empty, where a HEAD's answer has it in another header than boto3 reads.
      const requestId = (answer.error?.requestId ?? response?.ResponseMetadata?.RequestId) || undefined;
      this.made.push({ what, service, operation, expected: says, requestId });
      return response;
    },
    cli: async (operation, args, expected) => {
      const what = `aws ${args.join(' ')}`;
      const done = await awsRaw(this.#env, ...args);
      const response = done.stdout.trim() === '' ? undefined : JSON.parse(done.stdout);
      const says = typeof expected === 'function' ? expected(response) : expected;
      if ((done.code !== 0) !== (says.error !== undefined))
        throw new Error(`${what}: ended with ${done.code}: ${done.stderr}`);
      this.made.push({ what, service: args[0]!, operation, expected: says });
      return response;
    },
  };

  end(): void {
    this.#python.stdin!.end();
  }
}

/** All records of the gateway's calls in the order that they were made, without our own operations and what S3 tells besides. */
export async function recordsOf(server: RunningOpenTrail, count: number): Promise<CloudTrailRecord[]> {
  return eventually(async () => {
    const answer = await signedFetch(server, 'GET', '/opentrail/v1/tail?from=0&follow=false');
    const lines = (await answer.text()).split('\n').filter((line) => line !== '');
    const records = lines.map((line) => JSON.parse(line) as CloudTrailRecord);
    const captured = records.filter(
      ({ eventSource: source, eventType }) =>
        source !== 'opentrail.amazonaws.com' && !(source === 's3.amazonaws.com' && eventType === 'AwsServiceEvent'),
    );
    return captured.length >= count ? captured : undefined;
  }, `${count} records`);
}

/** Field by field; what a case does not mention must be absent, or have its default. @returns what differs, in words */
export function differences(record: CloudTrailRecord, { operation, expected, requestId }: Made): string[] {
  const { source, name = operation, readOnly, request, response = null, error } = expected;
  const { resources, additional, apiVersion } = expected;
  const wanted: Readonly<Record<string, unknown>> = {
    eventSource: `${source}.amazonaws.com`,
    eventName: name,
    readOnly,
    errorCode: error,
    requestParameters: request,
    responseElements: response,
    resources,
    additionalEventData: additional,
    apiVersion,
    awsRegion: expected.region ?? 'us-east-1',
    managementEvent: expected.data !== true,
    eventCategory: expected.data ? 'Data' : 'Management',
    eventType: 'AwsApiCall',
    userIdentity: expected.identity ?? ALICE,
    ...(requestId !== undefined && { requestID: requestId }),
  };
  return Object.entries(wanted).flatMap(([field, value]) => {
    try {
      expect(record[field]).toEqual(value);
      return [];
    } catch {
      return [`  ${field}\n    is     ${shown(record[field])}\n    not    ${shown(value)}`];
    }
  });
}

const shown = (value: unknown) =>
  value === undefined
    ? 'absent'
    : JSON.stringify(value, (_key, inner) => (typeof inner?.asymmetricMatch === 'function' ? String(inner) : inner));
