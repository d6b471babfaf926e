import { clock, pause } from '../base/clock.ts';
import { errorOfAnswer } from './answer.ts';
import { ApiError, isAbort, isThrottled } from './error.ts';
import { readNdjson } from './ndjson.ts';
import { queryForm } from './query-form.ts';
import { JSON_SERVICES, type JsonService, QUERY_SERVICES, type QueryService } from './services.ts';
import { parseXml, type XmlValue } from './xml.ts';

/**
 * Calls of AWS's operations as the session's caller. Each goes to `/aws/<signing name>/<region>/<path>`, where the console's
 * server signs nothing and forwards it to the same pipeline that takes signed calls: what is called here is in the audit log.
 */
export interface CallOptions {
  /** Default: the Region chosen in the top bar. */
  readonly region?: string;
  readonly signal?: AbortSignal;
}

export interface RawOptions extends CallOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyInit;
  /** `false`: a refusal for load is told at once. */
  readonly retry?: false;
}

/** What calls need to know of the session; set by session.ts, so that neither imports the other. */
export interface CallerPlace {
  readonly region: () => string;
  readonly csrfToken: () => string | undefined;
  /** The session is not what this page believes. */
  readonly lost: (error: ApiError) => void;
}

let place: CallerPlace = { region: () => 'us-east-1', csrfToken: () => undefined, lost: () => undefined };

export function setCallerPlace(next: CallerPlace): void {
  place = next;
}

/** Tries of a call that was refused for load: nothing of it was done, so that it may be repeated. */
const TRIES_MAX = 4;
const FIRST_PAUSE_MS = 250;
/** A page must not seem dead: what is asked to wait longer is told as an error with "Try again". */
const PAUSE_MS_MAX = 5000;

/**
 * One request with the session's header, repeated when refused for load.
 * @throws ApiError for every answer that is no success; DOMException AbortError when aborted
 */
export async function send(method: string, path: string, options: RawOptions = {}): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const answer = await fetchOnce(method, path, options);
    if (answer.ok) return answer;
    const error = await errorOfAnswer(answer);
    if (answer.status === 401 || error.code === 'InvalidCsrfToken') place.lost(error);
    if (!isThrottled(error) || options.retry === false || tries === TRIES_MAX) throw error;
    await pause(pauseMs(answer, tries), options.signal);
  }
}

async function fetchOnce(method: string, path: string, { query, headers, body, signal }: RawOptions) {
  const csrf = place.csrfToken();
  try {
    return await fetch(path + queryString(query), {
      method,
      credentials: 'same-origin',
      headers: { ...headers, ...(csrf !== undefined && { 'x-opentrail-csrf': csrf }) },
      body,
      signal,
    });
  } catch (error) {
    if (isAbort(error) || signal?.aborted) throw error;
    throw new ApiError('NetworkError', 'No answer from OpenTrail. Is it running, and is the network up?', 0);
  }
}

/** Doubling, with a part of chance taken from the clock, so that many pages do not come back at once. */
function pauseMs(answer: Response, tries: number): number {
  const asked = Number(answer.headers.get('retry-after')) * 1000;
  const own = FIRST_PAUSE_MS * 2 ** (tries - 1) * (1 + (clock.now() % 100) / 100);
  return Math.min(Math.max(asked || 0, own), PAUSE_MS_MAX);
}

function queryString(query: RawOptions['query']): string {
  const set = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}`;
}

/** Path of the forwarder for a service. @param path within the service, with its leading slash */
export function awsPath(service: string, path: string, region = place.region()): string {
  return `/aws/${service}/${region}${path}`;
}

/** An operation of AWS's JSON protocols: `json('cloudtrail', 'DescribeTrails', {})`. Times are seconds since the epoch. */
export async function json<T>(
  service: JsonService,
  operation: string,
  input: object = {},
  { region, signal }: CallOptions = {},
): Promise<T> {
  const { target, version } = JSON_SERVICES[service];
  const answer = await send('POST', awsPath(service, '/', region), {
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': `${target}.${operation}` },
    body: JSON.stringify(input),
    signal,
  });
  const text = await answer.text();
  return (text === '' ? {} : JSON.parse(text)) as T;
}

/**
 * An operation of the query protocol: `query('iam', 'ListUsers')`. All scalars of the answer are text, times ISO 8601;
 * read lists by `listOf`, for an empty one comes as text.
 */
export async function query<T = XmlValue>(
  service: QueryService,
  operation: string,
  input: object = {},
  { region, signal }: CallOptions = {},
): Promise<T> {
  const body = queryForm(operation, QUERY_SERVICES[service], input);
  const answer = await send('POST', awsPath(service, '/', region), { body, signal });
  const root = parseXml(await answer.text()) as Readonly<Record<string, XmlValue>>;
  return (root[`${operation}Result`] ?? {}) as T;
}

/** Path of an object or bucket, each segment encoded; a key's slashes stay. */
export const s3Path = (bucket: string, key = ''): string =>
  `/${[bucket, ...(key === '' ? [] : key.split('/'))].map(encodeURIComponent).join('/')}`;

/** A call of S3, its answer untouched: `s3('GET', s3Path(bucket, key), { signal })`. */
export function s3(method: string, path: string, options: RawOptions = {}): Promise<Response> {
  return send(method, awsPath('s3', path, options.region), options);
}

/** The same, for answers in XML. */
export async function s3Xml<T = XmlValue>(method: string, path: string, options: RawOptions = {}): Promise<T> {
  return parseXml(await (await s3(method, path, options)).text()) as T;
}

const nativePath = (path: string, region?: string) => awsPath('opentrail', `/opentrail/v1/${path}`, region);

/** An operation of OpenTrail's own, its answer untouched, for exports: POST with an input, else GET. */
export function nativeAnswer(
  path: string,
  input?: object,
  options: RawOptions & { method?: string } = {},
): Promise<Response> {
  const { method = input === undefined ? 'GET' : 'POST', ...rest } = options;
  return send(method, nativePath(path, options.region), {
    ...rest,
    ...(input !== undefined && {
      headers: { 'content-type': 'application/json', ...rest.headers },
      body: JSON.stringify(input),
    }),
  });
}

/** An operation of OpenTrail's own: `native('search', { Filter, Limit: 50 }, { signal })`, `native('accounts')`. */
export async function native<T>(
  path: string,
  input?: object,
  options: RawOptions & { method?: string } = {},
): Promise<T> {
  const text = await (await nativeAnswer(path, input, options)).text();
  return (text === '' ? {} : JSON.parse(text)) as T;
}

/** The NDJSON of an operation of OpenTrail's own, value by value as it comes: `stream('tail', { query, signal })`. */
export async function* stream<T>(path: string, options: RawOptions & { input?: object } = {}): AsyncGenerator<T> {
  const { input, ...rest } = options;
  const answer = await nativeAnswer(path, input, rest);
  if (answer.body) yield* readNdjson<T>(answer.body);
}
