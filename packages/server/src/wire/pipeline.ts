import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { type Authorizer, denialOf } from '../access/authorizer.ts';
import type { KnownKey } from '../access/identities.ts';
import type { KeyRefusal } from '../access/session-keys.ts';
import type { Clock } from '../base/clock.ts';
import { AwsError, Pushback } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { type Random, randomString, UPPER_ALNUM, uuid } from '../base/random.ts';
import type { Call, CallNotes } from '../event/call.ts';
import type { Protocol, ServiceSchema } from '../schema/types.ts';
import type { Auditor } from './audit.ts';
import { plainBody, verifiedBody } from './body.ts';
import { whyBroken } from './broken-body.ts';
import { decodeInput, type EncodedResponse, encodeError, encodeOutput } from './codec/index.ts';
import { detect, operationFromForm } from './detect.ts';
import type { Detected } from './detected.ts';
import { drain } from './drain.ts';
import { uncompressed } from './gzip-body.ts';
import { HandlerContext } from './handler-context.ts';
import { type HttpRequest, readRequest } from './request.ts';
import { respond } from './respond.ts';
import { SERVER_NAME } from './server-name.ts';
import { type CallContext, type Caller, factsOf, type PermissionTable, type Service } from './service.ts';
import { type AuthStyle, authError } from './sigv4/errors.ts';
import { type ParsedAuthorization, parseAuthorization, verifySignature } from './sigv4/index.ts';

/**
 * The request path, top to bottom: detect → authenticate → decode → authorize → handle → encode → record → answer.
 * Nobody passes `authenticate` without a valid signature, and what passed it is recorded however it ends.
 */
export interface PipelineDeps {
  readonly services: readonly Service[];
  /** Whose key it is, or why it may not be used; undefined when nobody knows it. */
  readonly findAccessKey: (accessKeyId: string, sessionToken?: string) => Promise<KnownKey | KeyRefusal | undefined>;
  /** Told of each good signature. MUST NOT throw. */
  readonly keyUsed?: (accessKeyId: string, caller: Caller, service: string, region: string) => void;
  readonly authorizer: Pick<Authorizer, 'require'>;
  readonly auditor: Auditor;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Aborts when the server begins to stop: what only waits for more (tails) ends then. */
  readonly stopping: AbortSignal;
  /** Region and host suffixes for requests that do not say. */
  readonly defaultRegion: string;
  readonly hostSuffixes: readonly string[];
}

/**
 * Most bodies are a few KB; the largest that AWS's JSON and query services take has 1 MB, which base64 makes larger.
 * Reading one keeps everybody else waiting, about a tenth of a second for each MB at worst.
 */
export const BODY_BYTES_MAX = 2 * 1024 * 1024;

/** One request's way through the steps: each fills in what it found, so that an error knows how far it got. */
interface Exchange {
  readonly http: HttpRequest;
  readonly startMs: number;
  readonly res: ServerResponse;
  readonly notes: CallNotes;
  requestId: string;
  /** S3's second request id, `x-amz-id-2`. */
  readonly hostId: string;
  authorization: ParsedAuthorization | undefined;
  detected?: Detected;
  service?: Service;
  operation: string | undefined;
  caller?: Caller;
  input?: Record<string, unknown>;
  output?: Record<string, unknown>;
}

export interface Pipeline {
  /** Answers every AWS request. Never throws. */
  answer(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Words, counts and logs the answer to what never became a request; `headers` may hold whatever could be read of it. */
  refuse(error: AwsError, headers: Readonly<Record<string, string>>, sourceIp: string): EncodedResponse;
  /**
   * Does another operation as part of a call, authorized and recorded as if the caller had asked for it by itself.
   * @param outer as its handler was given it
   * @throws what the operation does
   */
  within(outer: CallContext, part: PartOfCall): Promise<Record<string, unknown>>;
}

/** An operation, and the request that would have asked for it. */
export interface PartOfCall {
  readonly schemaId: string;
  readonly operation: string;
  readonly input: Record<string, unknown>;
  readonly method: string;
  readonly rawPath: string;
  readonly query?: readonly (readonly [string, string])[];
  /** Default: that of the outer call. */
  readonly region?: string;
}

export function createPipeline(deps: PipelineDeps): Pipeline {
  const schemas = deps.services.map((s) => s.schema);
  const serviceOf = new Map(deps.services.map((s) => [s.schema, s]));
  return { answer, refuse, within };

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const began = deps.clock.monotonicMs();
    let exchange: Exchange | undefined;
    let encoded: EncodedResponse;
    try {
      exchange = openExchange(deps, req, res);
      encoded = await run(exchange, req);
    } catch (error) {
      encoded = failure(error, exchange);
    }
    const whole = req.complete || (await drain(req, deps.clock));
    if (!whole || whyBroken(req)) res.setHeader('connection', 'close');
    try {
      await respond(res, req.method ?? 'GET', encoded);
    } catch (error) {
      deps.logger.warn({ err: error, requestId: exchange?.requestId }, 'an answer could not be sent whole');
    }
    const service = exchange?.service?.schema.id ?? 'unknown';
    // A label for each name that a caller may think of would fill the memory.
    const operation = (exchange && knownOperation(exchange)) ?? 'unknown';
    deps.metrics.requests.inc({ service, operation, status: encoded.status });
    deps.metrics.requestSeconds.observe({ service }, (deps.clock.monotonicMs() - began) / 1000);
  }

  /** Everything but the answer's way out. An error before the caller is known leaves no record. */
  async function run(x: Exchange, req: IncomingMessage): Promise<EncodedResponse> {
    x.authorization = readAuthorization(x);
    detectInto(x);
    const key = await authenticate(x);
    const streamed = x.operation !== undefined && x.service!.streamedInputs?.has(x.operation) === true;
    let stream: Readable | undefined;
    let error: unknown;
    let answer: EncodedResponse;
    try {
      const body = await readVerified(x, req, key, streamed);
      stream = body.stream;
      if (x.operation === undefined && styleOf(x) === 'query') {
        x.operation = operationFromForm(x.detected!.schema, body.bytes, x.http.query);
      }
      if (knownOperation(x) === undefined) throw unknownOperation(x);
      await call(x, body);
      answer = encodeOutput(operationOf(x), x.output ?? {}, x.requestId);
      if (styleOf(x) === 's3')
        answer = { ...answer, headers: { ...answer.headers, 'x-amz-id-2': x.hostId, server: SERVER_NAME } };
    } catch (thrown) {
      if (!x.caller || knownOperation(x) === undefined) throw thrown;
      error = thrown;
      stream?.destroy();
      answer = failure(error, x);
    }
    try {
      if (!x.service!.unrecorded?.has(x.operation!)) {
        await record(x, { headers: answer.headers, bodyBytes: bytesOf(answer) }, error);
      }
    } catch (refused) {
      if (!Buffer.isBuffer(answer.body)) answer.body.destroy();
      throw refused;
    }
    return answer;
  }

  /** What is no signature does not say whose request it is: its looks do, and so in which words it is refused. */
  function readAuthorization(x: Exchange): ParsedAuthorization | undefined {
    try {
      return parseAuthorization(x.http, styleOf(x));
    } catch (error) {
      const looks = detect(x.http, undefined, schemas, deps.hostSuffixes);
      if (!looks) throw error;
      x.detected = looks;
      return parseAuthorization(x.http, styleOf(x));
    }
  }

  function detectInto(x: Exchange): void {
    const detected = detect(x.http, x.authorization?.service, schemas, deps.hostSuffixes);
    if (detected) {
      x.detected = detected;
      x.service = serviceOf.get(detected.schema)!;
      if (detected.operation !== undefined) x.operation = detected.operation;
      x.requestId = newRequestId(detected.schema, x.requestId);
      return;
    }
    if (!x.authorization) throw authError('json', 'missing-token');
    throw new AwsError('UnknownOperationException', 'No service here answers this request.', { status: 404 });
  }

  async function authenticate(x: Exchange): Promise<KnownKey | undefined> {
    const auth = x.authorization;
    if (!auth) {
      if (!x.service!.allowsAnonymous) throw authError(styleOf(x), 'missing-token');
      x.caller = ANONYMOUS;
      return undefined;
    }
    // The Region becomes part of records and object keys, and is the client's own word.
    if (!REGION.test(auth.region)) throw authError(styleOf(x), 'wrong-scope');
    const key = await deps.findAccessKey(auth.accessKeyId, auth.sessionToken);
    if (typeof key === 'string') throw authError(styleOf(x), key);
    if (!key?.active) throw authError(styleOf(x), 'unknown-key');
    if (key.sessionToken !== auth.sessionToken) throw authError(styleOf(x), 'bad-token');
    return key;
  }

  /** Reads the body (or opens its stream) and verifies the signature; the caller is known from here on. */
  async function readVerified(x: Exchange, req: IncomingMessage, key: KnownKey | undefined, streamed: boolean) {
    const body = { x: x.http, authorization: x.authorization, secret: key?.secretAccessKey, style: styleOf(x) };
    const verify = (bodySha256: string | 'streamed') => {
      if (!key) return;
      const now = deps.clock.now();
      verifySignature({
        request: x.http,
        parsed: x.authorization!,
        secretAccessKey: key.secretAccessKey,
        nowMs: now,
        body: bodySha256,
        style: styleOf(x),
        service: x.service!.schema.signingName,
      });
      x.caller = key.caller;
      deps.keyUsed?.(x.authorization!.accessKeyId, key.caller, x.service!.schema.signingName, x.authorization!.region);
    };
    if (streamed) {
      verify('streamed');
      return { stream: verifiedBody(req, body), bytes: EMPTY };
    }
    const sizeBytesMax = x.service!.bodyBytesMax ?? BODY_BYTES_MAX;
    const bytes = await plainBody(req, { ...body, sizeBytesMax, verify });
    const encoding = styleOf(x) === 's3' ? undefined : x.http.headers['content-encoding'];
    return {
      stream: undefined,
      bytes: encoding === undefined ? bytes : await uncompressed(bytes, encoding, sizeBytesMax),
    };
  }

  async function call(
    x: Exchange,
    body: { readonly stream: Readable | undefined; readonly bytes: Buffer },
  ): Promise<void> {
    x.input = decodeInput(operationOf(x), x.http, body.bytes);
    if (x.caller!.principal.gone) throw ownerGone(x);
    await perform(x, body.stream ? { ...x.input, Body: body.stream } : x.input);
  }

  async function within(outer: CallContext, part: PartOfCall): Promise<Record<string, unknown>> {
    const { parts } = outer as HandlerContext<Exchange>;
    const { operation, input, method, rawPath, query = [], region = outer.region } = part;
    const service = deps.services.find(({ schema }) => schema.id === part.schemaId)!;
    const { schema } = service;
    const headers = { host: parts.http.host, 'user-agent': outer.userAgent };
    const x: Exchange = {
      ...parts,
      authorization: parts.authorization && { ...parts.authorization, region },
      http: { ...parts.http, method, rawPath, rawQuery: '', query, headers },
      startMs: deps.clock.now(),
      notes: {},
      requestId: newRequestId(schema),
      hostId: newHostId(deps.random),
      detected: { schema, protocol: schema.protocols[0]!, operation, labels: {} },
      service,
      operation,
      input,
    };
    let error: unknown;
    try {
      await perform(x, input);
    } catch (thrown) {
      error = thrown;
    }
    const output = x.output ?? {};
    await record(x, { headers: {}, bodyBytes: Number(output.ContentLength ?? 0) }, error);
    if (error !== undefined) throw error;
    return output;
  }

  async function perform(x: Exchange, input: Record<string, unknown>): Promise<void> {
    const service = x.service!;
    const handler = Object.hasOwn(service.operations, x.operation!) ? service.operations[x.operation!] : undefined;
    const context = contextOf(x);
    await service.authorize?.(context, input);
    if (service.permissions) await requirePermissions(service, service.permissions, context, input);
    if (!handler) throw service.notImplemented?.(x.operation!) ?? unknownOperation(x);
    deps.auditor.check(x.detected!.schema.id, x.operation!);
    x.output = await handler(context, input);
  }

  async function requirePermissions(
    { schema }: Service,
    permissions: PermissionTable,
    context: CallContext,
    input: Record<string, unknown>,
  ): Promise<void> {
    const { operation, caller } = context;
    const permission = permissions[operation];
    if (typeof permission === 'string') return;
    const asked = permission
      ? await permission(context, input)
      : [{ action: `${schema.signingName}:${operation}`, resource: '*' }];
    const facts = factsOf(context);
    for (const request of asked) await deps.authorizer.require(caller, facts, request, denialOf(schema));
  }

  function contextOf(x: Exchange): CallContext {
    return new HandlerContext(x, regionOf(x), deps.stopping);
  }

  async function record(
    x: Exchange,
    { headers, bodyBytes }: { readonly headers: EncodedResponse['headers']; readonly bodyBytes: number },
    error: unknown,
  ): Promise<void> {
    const { actor } = x.notes;
    const accountId = actor?.accountId ?? (x.caller!.anonymous ? x.notes.resourceAccountId : x.caller!.accountId);
    // An anonymous call to a bucket that nobody owns is nobody's record.
    if (accountId === undefined) {
      if (error !== undefined) rejectedOf(x, describe(error).code);
      return;
    }
    const call: Call = {
      schema: x.detected!.schema,
      operation: x.operation!,
      timeMs: deps.clock.now(),
      region: regionOf(x),
      userIdentity: actor?.identity ?? x.caller!.identity,
      accountId,
      sourceIp: x.http.sourceIp,
      userAgent: x.http.headers['user-agent'] ?? '',
      requestId: x.requestId,
      eventId: uuid(deps.random),
      ...(x.input && { input: x.input }),
      ...(error === undefined ? { output: x.output ?? {} } : { error: describe(error) }),
      http: {
        host: x.http.host,
        method: x.http.method,
        query: x.http.query,
        headers: x.http.headers,
        responseHeaders: { ...headers, 'x-amz-id-2': x.hostId },
        bytesIn: Number(x.http.headers['x-amz-decoded-content-length'] ?? x.http.headers['content-length'] ?? 0),
        bytesOut: bodyBytes,
        authentication: x.authorization ? (x.authorization.kind === 'header' ? 'AuthHeader' : 'QueryString') : 'None',
      },
      ...(x.http.tls && { tls: x.http.tls }),
      notes: x.notes,
    };
    await deps.auditor.record(call, error instanceof Pushback);
  }

  /** The one place where an error becomes an answer. What is neither the caller's fault nor overload is a bug. */
  function failure(error: unknown, x: Exchange | undefined): EncodedResponse {
    const style = x ? styleOf(x) : 'json';
    const known = asAwsError(error, style);
    const requestId = x?.requestId ?? uuid(deps.random);
    if (known.code === 'InternalFailure' || known.code === 'InternalError') {
      deps.logger.error(
        { err: error, requestId, service: x?.service?.schema.id, operation: x?.operation },
        'a request failed by a fault of ours',
      );
    }
    if (!x) rejected({ code: known.code, requestId });
    else if (!x.caller) rejectedOf(x, known.code);
    const target = x?.detected
      ? { schema: x.detected.schema, protocol: x.detected.protocol }
      : { protocol: protocolByLooks(x?.http.headers) };
    return encodeError(target, known, requestId, { hostId: x?.hostId ?? '', resource: x?.http.rawPath ?? '/' });
  }

  function refuse(error: AwsError, headers: Readonly<Record<string, string>>, sourceIp: string): EncodedResponse {
    const requestId = uuid(deps.random);
    rejected({ code: error.code, requestId, sourceIp });
    const place = { hostId: newHostId(deps.random), resource: '/' };
    return encodeError({ protocol: protocolByLooks(headers) }, error, requestId, place);
  }

  function rejectedOf({ requestId, http, authorization }: Exchange, code: string): void {
    rejected({ code, requestId, sourceIp: http.sourceIp, accessKeyId: authorization?.accessKeyId });
  }

  function rejected(request: { readonly code: string; readonly [detail: string]: string | undefined }): void {
    deps.metrics.rejectedRequests.inc({ code: request.code });
    deps.logger.info(request, 'request rejected');
  }

  /** S3's look different from all others'. */
  function newRequestId({ id }: ServiceSchema, made?: string): string {
    return id === 's3' ? randomString(deps.random, 16, UPPER_ALNUM) : (made ?? uuid(deps.random));
  }

  function regionOf(x: Exchange): string {
    return x.authorization?.region ?? deps.defaultRegion;
  }
}

const bytesOf = ({ headers, body }: EncodedResponse): number =>
  Buffer.isBuffer(body) ? body.length : Number(headers['content-length'] ?? 0);

const EMPTY = Buffer.alloc(0);
const REGION = /^[a-z0-9-]{1,32}$/;

/** How to answer when no service here knows the request: in the tongue that its client seems to speak. */
function protocolByLooks(headers: Readonly<Record<string, string>> = {}): Protocol {
  const contentType = headers['content-type'] ?? '';
  if (contentType.startsWith('application/x-www-form-urlencoded')) return 'awsQuery';
  return contentType.includes('json') || headers['x-amz-target'] !== undefined ? 'awsJson1_1' : 'restXml';
}

/** An unsigned caller, as S3 writes it into records (spec: record-conventions §4). */
const ANONYMOUS: Caller = {
  anonymous: true,
  accountId: 'anonymous',
  arn: '*',
  identity: { type: 'AWSAccount', principalId: '', accountId: 'ANONYMOUS_PRINCIPAL' },
  principal: { kind: 'anonymous' },
};

const newHostId = (random: Random): string => random.bytes(57).toString('base64');

function openExchange(deps: PipelineDeps, req: IncomingMessage, res: ServerResponse): Exchange {
  return {
    http: readRequest(req),
    startMs: deps.clock.now(),
    res,
    notes: {},
    authorization: undefined,
    operation: undefined,
    requestId: uuid(deps.random),
    hostId: newHostId(deps.random),
  };
}

/** Which family of error shapes the caller expects; guessed from the signature while the service is not known. */
function styleOf(x: Exchange): AuthStyle {
  const protocol = x.detected?.protocol;
  if (protocol === undefined) return x.authorization?.service === 's3' ? 's3' : 'json';
  if (protocol === 'restXml') return 's3';
  if (protocol === 'awsQuery' || protocol === 'ec2Query') return 'query';
  return protocol === 'restJson1' ? 'rest-json' : 'json';
}

function operationOf(x: Exchange) {
  const { schema, protocol, labels } = x.detected!;
  return { schema, protocol, labels, operation: x.operation! };
}

/** Its name, once it is known to be one of the service's. */
function knownOperation({ operation, detected }: Exchange): string | undefined {
  return operation !== undefined && detected && Object.hasOwn(detected.schema.operations, operation)
    ? operation
    : undefined;
}

/** The credentials are good until they run out, but nobody is left whom they could stand for. */
function ownerGone(x: Exchange): AwsError {
  const { schema } = x.detected!;
  const { code, status } = denialOf(schema);
  const action = `${schema.signingName}:${x.operation}`;
  const message = `User: ${x.caller!.arn} is not authorized to perform: ${action} because its user or role no longer exists`;
  return new AwsError(code, message, { status });
}

function unknownOperation(x: Exchange): AwsError {
  const name = x.operation ?? x.detected?.unknownOperation;
  if (styleOf(x) === 'query') {
    return new AwsError(
      'InvalidAction',
      `Could not find operation ${name ?? '(none)'} for version ${x.detected?.schema.version}.`,
    );
  }
  if (styleOf(x) === 's3')
    return new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
      status: 405,
    });
  return new AwsError(
    'UnknownOperationException',
    `The operation ${name ?? '(none)'} is not one of ${x.detected?.schema.id}.`,
  );
}

function asAwsError(error: unknown, style: AuthStyle): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof Pushback) {
    const headers = { 'retry-after': String(Math.ceil(error.retryAfterMs / 1000)) };
    if (style === 's3') return new AwsError('SlowDown', 'Please reduce your request rate.', { status: 503, headers });
    if (style === 'json') return new AwsError('ThrottlingException', `Rate exceeded: ${error.message}`, { headers });
    return new AwsError('ServiceUnavailable', `Come back later: ${error.message}`, { status: 503, headers });
  }
  const code = style === 's3' ? 'InternalError' : 'InternalFailure';
  return new AwsError(code, 'We encountered an internal error. Please try again.', { status: 500, cause: error });
}

function describe(error: unknown): { code: string; message: string } {
  const known = asAwsError(error, 'json');
  return { code: known.code, message: known.message };
}
