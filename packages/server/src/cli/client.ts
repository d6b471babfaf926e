import type { IncomingMessage } from 'node:http';
import { MessageChannel } from 'node:worker_threads';
import { type Clock, systemClock } from '../base/clock.ts';
import { OperatorError, systemErrorCode } from '../base/errors.ts';
import { createSigningClient, readAnswer } from '../wire/signing-client.ts';
import { type Credentials, objectGetSigner } from '../wire/sigv4/index.ts';
import { findCredentials } from './credentials.ts';
import { type ClientConfig, credentialsPath, endpointOf } from './endpoints.ts';
import { createQuickGets } from './quick-get.ts';

/** The largest answer is a log file: 50 MB before gzip, by AWS's rule; others' may be somewhat larger. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
/** Tries of a call that was answered with "come back later" or not at all. */
const TRIES_MAX = 6;
const FIRST_PAUSE_MS = 200;

/** Whom a client calls, and as whom. */
export interface ClientPlace {
  readonly endpoint: string;
  /** Of S3, where it is another. */
  readonly s3Endpoint?: string | undefined;
  readonly credentials: Credentials;
  readonly region: string;
  /** Calls that may be under way at once on kept-alive connections. */
  readonly connections?: number;
}

export interface ClientOptions extends ClientPlace {
  readonly clock: Clock;
}

export interface CallOptions {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly service?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: IncomingMessage;
}

export interface PutRecordsAnswer {
  readonly Results: readonly { readonly Status: string; readonly ErrorCode?: string; readonly ErrorMessage?: string }[];
  readonly AcceptedCount: number;
  readonly DuplicateCount: number;
  readonly RefusedCount: number;
}

export type OpenTrailClient = ReturnType<typeof createClient>;

/** A small signing client for our own commands: OpenTrail's operations, AWS JSON ones, and S3 reads. */
export function createClient(options: ClientOptions) {
  const base = new URL(options.endpoint);
  const signing = createSigningClient({ clock: options.clock, connections: options.connections ?? 8 });
  const s3Base = new URL(options.s3Endpoint ?? options.endpoint);
  const quickGets = createQuickGets(s3Base, ANSWER_BYTES_MAX);
  const signGet = objectGetSigner({ ...options, host: s3Base.host });

  /** One signed request; the answer's body is still to be read. @throws OperatorError when nobody answers */
  async function request(method: string, path: string, call: CallOptions = {}): Promise<Answer> {
    const url = new URL(path, call.service === 's3' ? s3Base : base);
    for (const [name, value] of Object.entries(call.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, value);
    try {
      const body = await signing.send({
        method,
        url,
        headers: call.headers ?? {},
        ...(call.body && { body: call.body }),
        credentials: options.credentials,
        region: options.region,
        service: call.service ?? 'opentrail',
      });
      return { status: body.statusCode ?? 0, headers: body.headers, body };
    } catch (cause) {
      const why = systemErrorCode(cause) ?? (cause as Error).message;
      throw new OperatorError(`No answer from ${url.origin}: ${why}. Is \`opentrail serve\` running there?`, {
        cause,
      });
    }
  }

  /** Repeats what was refused for load or broken off; every call made through it may be made twice without harm. */
  async function fetched(method: string, path: string, call: CallOptions) {
    let pauseMs = FIRST_PAUSE_MS;
    for (let left = TRIES_MAX - 1; ; left--) {
      try {
        const answer = await request(method, path, call);
        const body = await readAnswer(answer.body, ANSWER_BYTES_MAX);
        const overloaded = answer.status >= 500 || answer.status === 429 || isThrottled(answer.status, body);
        if (!overloaded || left === 0) return { status: answer.status, headers: answer.headers, body };
      } catch (error) {
        if (left === 0 || systemErrorCode((error as OperatorError).cause) === 'ECONNREFUSED') throw error;
      }
      await pause(pauseMs);
      pauseMs *= 2;
    }
  }

  const pause = (delayMs: number) => new Promise<void>((resume) => holdOpen(options.clock, delayMs, resume));

  async function json<T>(method: string, path: string, call: CallOptions): Promise<T> {
    const { status, body } = await fetched(method, path, call);
    if (status >= 300) throw new OperatorError(describe(status, body));
    return JSON.parse(body.toString('utf8')) as T;
  }

  const { clock: _, ...place } = options;
  return {
    place,
    request,
    fetched,
    /**
     * The plain answer to a GET of an S3 object, quickly; undefined for every other, which `fetched` then gives.
     * @param path its segments encoded by `uriEncode`
     */
    quickGet: (path: string) => quickGets.get(path, signGet(path, options.clock.now())),
    json,
    /** Waits, and keeps the process from ending meanwhile. */
    pause,
    putRecords: (records: Buffer, query: { deduplicate: boolean; account?: string | undefined }) =>
      json<PutRecordsAnswer>('POST', '/opentrail/v1/records', {
        query: { deduplicate: String(query.deduplicate), account: query.account },
        headers: { 'content-type': 'application/x-ndjson' },
        body: records,
      }),
    instanceId: async () => (await json<{ InstanceId: string }>('GET', '/opentrail/v1/accounts', {})).InstanceId,
    /** A CloudTrail operation. */
    cloudTrail: <T>(operation: string, input: unknown) =>
      json<T>('POST', '/', {
        service: 'cloudtrail',
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `CloudTrail_20131101.${operation}` },
        body: Buffer.from(JSON.stringify(input)),
      }),
    /** What an answer that is an error says, for people. */
    problemOf: async (answer: Answer) => describe(answer.status, await readAnswer(answer.body, ANSWER_BYTES_MAX)),
    close: () => {
      signing.close();
      quickGets.close();
    },
  };
}

/** A client of the OpenTrail that the environment or the settings point at. @throws OperatorError without credentials */
export function clientFor(
  config: ClientConfig,
  env: Readonly<Record<string, string | undefined>>,
  region?: string,
): OpenTrailClient {
  return createClient({
    endpoint: env.AWS_ENDPOINT_URL ?? endpointOf(config),
    s3Endpoint: env.AWS_ENDPOINT_URL_S3,
    credentials: findCredentials(env, credentialsPath(config)),
    region: region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? config.region,
    clock: systemClock,
    connections: 32,
  });
}

/** With a client for each Region that is asked for; closed in the end. @throws OperatorError without credentials */
export async function withClientsFor(
  config: ClientConfig,
  use: (clientOf: (region?: string) => OpenTrailClient) => Promise<void>,
): Promise<void> {
  const clients = new Map<string | undefined, OpenTrailClient>();
  const clientOf = (region?: string) => {
    const client = clients.get(region) ?? clientFor(config, process.env, region);
    clients.set(region, client);
    return client;
  };
  try {
    await use(clientOf);
  } finally {
    for (const client of clients.values()) client.close();
  }
}

/** The clock's timers let the process end; while a command waits to try again it must not. */
function holdOpen(clock: Clock, delayMs: number, fn: () => void): void {
  const hold = new MessageChannel().port1;
  hold.ref();
  clock.after(delayMs, () => {
    hold.close();
    fn();
  });
}

/** JSON services throttle with a 400. */
const isThrottled = (status: number, body: Buffer) => status === 400 && body.includes('ThrottlingException');

function describe(status: number, body: Buffer): string {
  const text = body.toString('utf8');
  try {
    const parsed = JSON.parse(text) as { __type?: string; code?: string; message?: string; Message?: string };
    const code = (parsed.__type ?? parsed.code ?? '').replace(/^.*#/, '');
    return `${code || `HTTP ${status}`}: ${parsed.message ?? parsed.Message ?? text.slice(0, 300)}`;
  } catch {
    const code = /<Code>([^<]*)/.exec(text)?.[1];
    return `${code ?? `HTTP ${status}`}: ${/<Message>([^<]*)/.exec(text)?.[1] ?? text.slice(0, 300)}`;
  }
}
