import type { Directory, KnownIdentity, LearnedFact } from '../access/directory.ts';
import type { Call, CallHttp, CallNotes } from '../event/call.ts';
import { recordsResponse } from '../event/conventions/classes.ts';
import { listsFromAnswer } from '../event/conventions/resources.ts';
import type { UnknownCall } from '../event/record-from-unknown.ts';
import {
  type Answered,
  type CallTarget,
  decodeError,
  decodeInput,
  decodeOutput,
  isErrorAnswer,
  requestIdOf,
} from '../wire/codec/index.ts';
import type { Exchange } from './exchange.ts';
import { identify } from './identify.ts';
import { factsOf, learnsFrom } from './learn.ts';
import { mayTeach } from './may-teach.ts';
import { plainBody } from './plain-body.ts';
import type { Recognised } from './recognise.ts';

/** What an exchange was: a call that a schema describes, one that none does, and what it teaches about identities. */
export interface ReadCall {
  readonly call?: Call;
  readonly unknown?: UnknownCall;
  readonly facts: readonly LearnedFact[];
}

export interface ReadDeps {
  readonly directory: Pick<Directory, 'unknownAccountId'>;
  /** Host names of the gateway's own. */
  readonly ownHosts: readonly string[];
  /** A new UUID. */
  readonly newId: () => string;
}

/** What is known of a request before its answer. */
export interface Seen {
  readonly recognised: Recognised;
  /** As the directory knew the key when the call came. */
  readonly known: KnownIdentity | undefined;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads what passed. What cannot be decoded is left out: the call is recorded all the same.
 * @param exchange its request's body as `plainBody` gives it
 */
export function readCall({ directory, ownHosts, newId }: ReadDeps, exchange: Exchange, seen: Seen): ReadCall {
  const { recognised, known } = seen;
  const { detected, accessKeyId } = recognised;
  const request = exchange.requestBody;
  const answer = answeredIn(exchange);
  const target = detected?.operation === undefined ? undefined : { ...detected, operation: detected.operation };
  const failed = exchange.failure !== undefined || answer === undefined || isErrorAnswer(target, answer.whole);
  const input =
    target &&
    attempt(() => decodeInput(target, exchange.http, request.whole ? request.bytes : NOTHING, { lenient: true }));
  const output = target && !failed ? outputOf(target, answer) : undefined;
  const who = identify({
    schemaId: detected?.schema.id,
    operation: target?.operation,
    accessKeyId,
    known,
    input,
    output,
    unknownAccountId: directory.unknownAccountId,
  });
  const requestId = (answer && requestIdOf(answer.whole, detected?.protocol)) ?? newId();
  // One member after the other where they may be absent: spreading costs several times as much.
  const common: Growing<Call> & CommonCall = {
    timeMs: exchange.endMs,
    region: recognised.region,
    userIdentity: who.identity,
    accountId: who.accountId,
    sourceIp: exchange.http.sourceIp,
    userAgent: exchange.http.headers['user-agent'] ?? '',
    requestId,
    eventId: newId(),
    http: httpOf(exchange, recognised),
    notes: NO_NOTES,
  };
  if (failed) common.error = exchange.failure ?? decodeError(target, answer!.whole);
  if (exchange.http.tls) common.tls = exchange.http.tls;
  if (!target) {
    const { signingName } = recognised;
    return {
      unknown: {
        ...common,
        ...(detected && { schema: detected.schema }),
        signingName,
        operation: detected?.unknownOperation,
        path: exchange.http.rawPath,
        requestBody: request,
      },
      facts: NO_FACTS,
    };
  }
  const { schema, operation } = target;
  common.schema = schema;
  common.operation = operation;
  if (schema.id === 's3') common.notes = bucketOwner(common);
  if (input) common.input = input;
  if (output) common.output = output;
  const call = common as Call;
  const teaches = !failed && learnsFrom(schema.id, operation) && mayTeach(exchange, schema, ownHosts);
  if (!teaches) return { call, facts: NO_FACTS };
  const taught = { schemaId: schema.id, operation, input, caller: known, accessKeyId, accountId: who.accountId };
  const facts = factsOf({ ...taught, output, timeMs: exchange.endMs, resigned: exchange.resigned === true });
  return { call, facts };
}

type Growing<T> = { -readonly [K in keyof T]?: T[K] };
/** What is known of every call. */
type CommonCall = Omit<UnknownCall, 'schema' | 'signingName' | 'operation' | 'path' | 'requestBody'>;

const NO_NOTES: CallNotes = Object.freeze({});
const NO_FACTS: readonly LearnedFact[] = [];

/**
 * Whose bucket it is: no answer says it, and most are their callers' own. Nothing is said where the caller expects another
 * owner, was refused, or signs nothing.
 */
function bucketOwner({ accountId, error, http }: Pick<Call, 'accountId' | 'error' | 'http'>): CallNotes {
  const expected = http.headers['x-amz-expected-bucket-owner'] ?? accountId;
  const isTheirs = expected === accountId && error?.code !== 'AccessDenied' && http.authentication !== 'None';
  return isTheirs ? { resourceAccountId: accountId } : {};
}

const NOTHING = Buffer.alloc(0);

interface AnswerRead {
  readonly whole: Answered;
  /** Whether the body is all there. */
  readonly isWhole: boolean;
}

function answeredIn({ answer }: Exchange): AnswerRead | undefined {
  if (!answer) return undefined;
  const { status, headers } = answer;
  const body = plainBody(answer.body, headers);
  return { whole: { status, headers, body: body.bytes }, isWhole: body.whole };
}

/** Reads' answers are decoded only where something is learned from them or recorded of them. */
function outputOf(target: CallTarget, answer: AnswerRead): Members | undefined {
  const { schema, operation } = target;
  const wanted =
    recordsResponse(schema.id, operation) || learnsFrom(schema.id, operation) || listsFromAnswer(schema.id);
  if (!wanted) return undefined;
  if (answer.isWhole) return attempt(() => decodeOutput(target, answer.whole));
  // What the record shows of an object is in the headers; of anything else a part would pass for all of it.
  return schema.id === 's3' ? attempt(() => decodeOutput(target, { ...answer.whole, body: NOTHING })) : undefined;
}

/** undefined when what came is not what the schema says. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function httpOf({ http, requestBody, answer }: Exchange, { authentication }: Recognised): CallHttp {
  return {
    host: http.host,
    method: http.method,
    query: http.query,
    headers: http.headers,
    responseHeaders: answer?.headers ?? {},
    bytesIn: Number(http.headers['x-amz-decoded-content-length'] ?? requestBody.totalBytes) || 0,
    bytesOut: answer?.body.totalBytes ?? 0,
    authentication,
  };
}
