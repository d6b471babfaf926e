import { STATUS_CODES } from 'node:http';
import type { ServiceSchema, StructureShape } from '../../schema/types.ts';
import { cborTree } from './cbor.ts';
import { isMarkup } from './markup.ts';
import { shapeOf } from './problem.ts';
import { requestIdOf } from './request-id.ts';
import type { Answered, CallTarget } from './types.ts';
import { child, errorElement } from './xml-answer.ts';
import { parseXml } from './xml-parse.ts';

export interface ReadError {
  /** As on the wire, without namespace: which name CloudTrail gives it is the conventions' affair. */
  readonly code: string;
  readonly message: string;
  readonly requestId?: string;
}

interface Said {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

/** An error tells what is wrong in a page at most; what is larger is no message. */
const ERROR_BODY_BYTES_MAX = 1024 * 1024;
/** A record has room for 1 KB of either (spec: records §2); events are cut there to the byte. */
const MESSAGE_CHARS_MAX = 4096;
const CODE_PATTERN = /^[\w.:-]{1,256}$/;

/** The start of an S3 error, after what S3 sends to keep the connection alive. */
const S3_ERROR = /^\s*(?:<\?xml[^>]*>\s*)?<Error[\s>]/;
/** A line break every few seconds for as long as S3 takes. */
const S3_ERROR_BYTES = 4096;

/**
 * Whether an answer tells of failure: by its status, or as some of S3's do (CopyObject, CompleteMultipartUpload), which
 * promise success before they know, by an error in a body of status 200.
 */
export function isErrorAnswer(target: CallTarget | undefined, { status, body }: Answered): boolean {
  const operation = target?.schema.operations[target.operation];
  if (status >= 300) return status !== operation?.http?.code;
  if (target?.protocol !== 'restXml' || !operation) return false;
  if (!isMarkup(body, S3_ERROR_BYTES) || hasBytesPayload(target.schema, operation.output)) return false;
  return S3_ERROR.test(body.toString('latin1', 0, S3_ERROR_BYTES));
}

function hasBytesPayload(schema: ServiceSchema, output: string | undefined): boolean {
  if (output === undefined) return false;
  const { members } = shapeOf(schema, output) as StructureShape;
  return Object.values(members).some((m) => m.location === 'payload' && shapeOf(schema, m.shape).type === 'blob');
}

/**
 * Reads an error in whatever shape it came: upstreams answer in other protocols than they were asked in, and proxies on
 * the way in none. Never throws; what the answer does not say is told by its status.
 */
export function decodeError(target: CallTarget | undefined, answer: Answered): ReadError {
  const said = { ...defined(saidByBody(answer.body)), ...defined(saidByHeaders(answer)) };
  const fallback = saidByStatus(target, answer.status);
  const requestId = requestIdOf(answer, target?.protocol);
  return {
    code: said.code ?? fallback.code,
    message: (said.message ?? fallback.message).slice(0, MESSAGE_CHARS_MAX),
    ...(requestId !== undefined && { requestId }),
  };
}

const defined = ({ code, message }: Said): Said => ({
  ...(code !== undefined && CODE_PATTERN.test(code) && { code }),
  ...(message !== undefined && { message }),
});

/**
 * In answers to HEAD nothing else can say it: MinIO has headers of its own for it. `x-amzn-query-error` is left alone:
 * it holds the code that a service had when it still spoke awsQuery, for old clients, whereas CloudTrail names errors
 * by the model (`DashboardNotFoundError`, whose code in awsQuery is ResourceNotFound; spec: record-conventions §9).
 */
function saidByHeaders({ headers }: Answered): Said {
  return {
    code: bareCode(headers['x-amzn-errortype'] ?? headers['x-amz-error-code'] ?? headers['x-minio-error-code']),
    message: headers['x-amz-error-message'] ?? headers['x-minio-error-desc'],
  };
}

/** `Code` of `com.amazonaws.x#Code` and `Code:http://internal…`. */
function bareCode(text: string | undefined): string | undefined {
  const code = /^(?:[^#:]*#)?([^#:,]+)/.exec(text ?? '')?.[1]?.trim();
  return code === undefined || /^\d*$/.test(code) ? undefined : code;
}

function saidByBody(body: Buffer): Said {
  const first = body
    .toString('utf8', 0, 256)
    .replace(/^\ufeff/, '')
    .trimStart()
    .charAt(0);
  if (first === '' || body.length > ERROR_BODY_BYTES_MAX) return {};
  try {
    if (first === '<') return saidByXml(body);
    return saidByTree(first === '{' ? JSON.parse(body.toString()) : cborTree(body));
  } catch {
    return {};
  }
}

/** Coral services that know no XML have the error's name for the root element. */
const NAMED_ROOT = /(?:Exception|Error|Fault)$/;

function saidByXml(body: Buffer): Said {
  const root = parseXml(body.toString());
  const element = errorElement(root);
  const from = element ?? root;
  const text = (...names: string[]) => names.map((name) => child(from, name)?.text.trim()).find((found) => found);
  if (!element && !NAMED_ROOT.test(root.name)) return {};
  return { code: text('Code', 'code') ?? (element ? undefined : root.name), message: text('Message', 'message') };
}

function saidByTree(tree: unknown): Said {
  const outer = isObject(tree) ? tree : {};
  // What the query services say in JSON, when asked to, is XML's tree.
  const from = isObject(own(outer, 'Error')) ? (own(outer, 'Error') as object) : outer;
  const text = (...names: string[]) =>
    names.map((name) => own(from, name)).find((found): found is string => typeof found === 'string' && found !== '');
  return {
    code: [own(from, '__type'), own(from, 'code'), own(from, 'Code')]
      .map((code) => (typeof code === 'string' ? bareCode(code) : undefined))
      .find((code) => code !== undefined),
    message: text('message', 'Message', 'errorMessage'),
  };
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const own = (object: object, name: string): unknown =>
  Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;

interface Fallback {
  readonly code: string;
  readonly message: string;
}

/** HEAD has no body to say what is missing; CloudTrail does say it, in the words of the operation that reads. */
const S3_HEAD_404: Readonly<Record<string, Fallback>> = {
  HeadBucket: { code: 'NoSuchBucket', message: 'The specified bucket does not exist' },
  HeadObject: { code: 'NoSuchKey', message: 'The specified key does not exist.' },
};

function saidByStatus(target: CallTarget | undefined, status: number): Fallback {
  const missing = target?.schema.id === 's3' && status === 404 ? S3_HEAD_404[target.operation] : undefined;
  if (missing) return missing;
  const s3 = target?.schema.id === 's3' ? S3_CODES[status] : undefined;
  const code = s3 ?? CODES[status] ?? (status < 500 ? 'BadRequest' : 'InternalFailure');
  return {
    code,
    message: code === 'AccessDenied' ? 'Access Denied' : (STATUS_CODES[status] ?? `HTTP status ${status}`),
  };
}

/** The commonest of AWS's own names (AWS API references, "Common Errors"), else HTTP's. */
const CODES: Readonly<Record<number, string>> = {
  301: 'MovedPermanently',
  302: 'Found',
  304: 'NotModified',
  307: 'TemporaryRedirect',
  308: 'PermanentRedirect',
  401: 'Unauthorized',
  403: 'AccessDenied',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  408: 'RequestTimeout',
  409: 'Conflict',
  412: 'PreconditionFailed',
  413: 'RequestEntityTooLarge',
  416: 'InvalidRange',
  429: 'TooManyRequestsException',
  501: 'NotImplemented',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

/** S3 API reference, "Error responses". */
const S3_CODES: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  500: 'InternalError',
  503: 'SlowDown',
};
