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
import type { Call } from '../event/call.ts';
import type { ServiceSchema } from '../schema/types.ts';
import type { Auditor } from './audit.ts';
import { plainBody, verifiedBody } from './body.ts';
import { whyBroken } from './broken-body.ts';
import { decodeInput, type EncodedResponse, encodeError, encodeOutput } from './codec/index.ts';
import { detect, operationFromForm } from './detect.ts';
import { drain } from './drain.ts';
import {
  authenticationOf,
  credentialOf,
  type Exchange,
  knownOperation,
  newHostId,
  openExchange,
  operationOf,
  ownerGone,
  styleOf,
  unknownOperation,
} from './exchange.ts';
import { asAwsError, describe, protocolByLooks } from './failures.ts';
import { uncompressed } from './gzip-body.ts';
import { HandlerContext } from './handler-context.ts';
import { readRequest } from './request.ts';
import { respond } from './respond.ts';
import { SERVER_NAME } from './server-name.ts';
import { type CallContext, type Caller, factsOf, type PermissionTable, type Service } from './service.ts';
import type { SignedIn } from './signed-in.ts';
import { authError } from './sigv4/errors.ts';
import { type ParsedAuthorization, parseAuthorization, verifySignature } from './sigv4/index.ts';

/**
 * The request path, top to bottom: detect → authenticate → decode → authorize → handle → encode → record → answer.
 * Nobody passes `authenticate` without a valid signature or a session of the console, and what passed it is recorded however it ends.
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

export interface Pipeline {
  /**
   * Answers every AWS request. Never throws.
   * @param signedIn whose it is, where the request comes through a session and not with a signature
   */
  answer(req: IncomingMessage, res: ServerResponse, signedIn?: SignedIn): Promise<void>;
  /**
   * Does one operation for who is signed in, authorized and recorded as if the session had asked for it.
   * @throws what the operation does; AwsError when the session's key is refused
   */
  perform(res: ServerResponse, signedIn: SignedIn, part: PartOfCall): Promise<Record<string, unknown>>;
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
  return { answer, refuse, within, perform: performFor };

  async function answer(req: IncomingMessage, res: ServerResponse, signedIn?: SignedIn): Promise<void> {
    const began = deps.clock.monotonicMs();
    let exchange: Exchange | undefined;
    let encoded: EncodedResponse;
    try {
      exchange = openExchange(deps, signedIn?.http ?? readRequest(req), res, signedIn);
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
    if (x.signedIn) return undefined;
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
    const detected = detect(x.http, credentialOf(x)?.service, schemas, deps.hostSuffixes);
    if (detected) {
      x.detected = detected;
      x.service = serviceOf.get(detected.schema)!;
      if (detected.operation !== undefined) x.operation = detected.operation;
      x.requestId = newRequestId(detected.schema, x.requestId);
      return;
    }
    if (!credentialOf(x)) throw authError('json', 'missing-token');
    throw new AwsError('UnknownOperationException', 'No service here answers this request.', { status: 404 });
  }

  async function authenticate(x: Exchange): Promise<KnownKey | undefined> {
    const auth = credentialOf(x);
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
      if (!x.signedIn) {
        verifySignature({
          request: x.http,
          parsed: x.authorization!,
          secretAccessKey: key.secretAccessKey,
          nowMs: deps.clock.now(),
          body: bodySha256,
          style: styleOf(x),
          service: x.service!.schema.signingName,
        });
      }
      x.caller = key.caller;
      const { accessKeyId, region } = credentialOf(x)!;
      deps.keyUsed?.(accessKeyId, key.caller, x.service!.schema.signingName, region);
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

  function within(outer: CallContext, part: PartOfCall): Promise<Record<string, unknown>> {
    return performPart((outer as HandlerContext<Exchange>).parts, part);
  }

  async function performFor(res: ServerResponse, signedIn: SignedIn, part: PartOfCall) {
    const x = openExchange(deps, signedIn.http, res, signedIn);
    const key = await authenticate(x);
    if (!key || key.caller.principal.gone) throw authError('json', 'unknown-key');
    return performPart({ ...x, caller: key.caller }, part);
  }

  async function performPart(parts: Exchange, part: PartOfCall): Promise<Record<string, unknown>> {
    const { operation, input, method, rawPath, query = [], region = regionOf(parts) } = part;
    const service = deps.services.find(({ schema }) => schema.id === part.schemaId)!;
    const { schema } = service;
    const headers = { host: parts.http.host, 'user-agent': parts.http.headers['user-agent'] ?? '' };
    const x: Exchange = {
      ...parts,
      signedIn: parts.signedIn && { ...parts.signedIn, region },
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
        authentication: authenticationOf(x),
      },
      ...(x.http.tls && { tls: x.http.tls }),
      ...(x.signedIn && { fromConsole: true as const }),
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
    return credentialOf(x)?.region ?? deps.defaultRegion;
  }
}

const bytesOf = ({ headers, body }: EncodedResponse): number =>
  Buffer.isBuffer(body) ? body.length : Number(headers['content-length'] ?? 0);

const EMPTY = Buffer.alloc(0);
/** As records may have it: digests of whatever was imported are verified with keys of its Region. */
const REGION = /^[A-Za-z0-9-]{1,64}$/;

/** An unsigned caller, as S3 writes it into records (spec: record-conventions §4). */
const ANONYMOUS: Caller = {
  anonymous: true,
  accountId: 'anonymous',
  arn: '*',
  identity: { type: 'AWSAccount', principalId: '', accountId: 'ANONYMOUS_PRINCIPAL' },
  principal: { kind: 'anonymous' },
};
