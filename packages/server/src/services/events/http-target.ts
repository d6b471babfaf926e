import type { Sealer } from '../../access/sealed-secrets.ts';
import type { Clock } from '../../base/clock.ts';
import type { EndpointAnswer, HttpSender } from '../../ports/http-sender.ts';
import { type AuthParameters, type ConnectionHttpParameters, sealedPlace } from './credentials.ts';
import { compileJsonPath, membersOf } from './json-path.ts';
import type { ApiDestination, Connection, HttpParameters } from './model.ts';
import { TargetError } from './target-error.ts';

export interface HttpTargetDeps {
  readonly http: HttpSender;
  readonly sealer: Sealer;
  readonly clock: Clock;
}

export interface Invocation {
  readonly destination: ApiDestination;
  readonly connection: Connection;
  readonly parameters: HttpParameters;
  readonly event: unknown;
  readonly payload: string;
}

/** EventBridge's time-out for API destinations. */
const TIMEOUT_MS = 5_000;
/** How long before its end an access token is not used any more. */
const TOKEN_MARGIN_MS = 60_000;
/** Of tokens whose issuer does not say how long they last. */
const TOKEN_LIFE_MS = 3_600_000;
/** Connections whose tokens are kept. */
const TOKENS_MAX = 1_000;
/** The endpoint wants other credentials, asks to come back later, or is in trouble: the rest will not change. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([401, 407, 409, 429]);

/** Invokes API destinations: authorizes by their connection and keeps to their rate. */
export function createHttpTarget({ http, sealer, clock }: HttpTargetDeps): (invocation: Invocation) => Promise<void> {
  const tokens = new Map<string, { readonly version: number; readonly token: string; readonly endsMs: number }>();
  const pace = createPace(clock);

  async function tokenOf(connection: Connection, oauth: NonNullable<AuthParameters['OAuthParameters']>) {
    const known = tokens.get(connection.arn);
    if (known?.version === connection.modifiedMs && known.endsMs > clock.monotonicMs()) return known.token;
    const answer = await http.send({ ...tokenRequest(oauth), timeoutMs: TIMEOUT_MS });
    const { access_token: token, expires_in: seconds } = readToken(answer);
    const lifeMs = typeof seconds === 'number' ? Math.max(0, seconds * 1000 - TOKEN_MARGIN_MS) : TOKEN_LIFE_MS;
    if (tokens.size >= TOKENS_MAX) tokens.delete(tokens.keys().next().value!);
    tokens.set(connection.arn, { version: connection.modifiedMs, token, endsMs: clock.monotonicMs() + lifeMs });
    return token;
  }

  async function authorization(connection: Connection, auth: AuthParameters): Promise<Record<string, string>> {
    const { BasicAuthParameters: basic, ApiKeyAuthParameters: key, OAuthParameters: oauth } = auth;
    if (basic) {
      return { authorization: `Basic ${Buffer.from(`${basic.Username}:${basic.Password}`).toString('base64')}` };
    }
    if (key) return { [key.ApiKeyName!]: key.ApiKeyValue! };
    return oauth ? { authorization: `Bearer ${await tokenOf(connection, oauth)}` } : {};
  }

  return async (invocation) => {
    const { destination, connection, parameters, event } = invocation;
    const sealed = connection.sealedAuth;
    const auth = sealed === undefined ? undefined : sealer.open(sealedPlace(connection), sealed);
    if (auth === undefined) throw new TargetError('NO_PERMISSIONS', `Connection ${connection.name} is not authorized.`);
    const credentials = auth as AuthParameters;
    const shared = credentials.InvocationHttpParameters ?? {};
    const url = urlOf(destination.endpoint, parameters, shared, event);
    await pace(destination);
    const isBodiless = destination.method === 'GET' || destination.method === 'HEAD';
    const answer = await http.send({
      method: destination.method,
      url,
      headers: {
        ...dynamicValues(parameters.HeaderParameters, event),
        ...valuesOf(shared.HeaderParameters),
        ...(await authorization(connection, credentials)),
        ...(!isBodiless && { 'content-type': 'application/json; charset=utf-8' }),
        'user-agent': 'Amazon/EventBridge/ApiDestinations',
      },
      ...(!isBodiless && { body: bodyOf(invocation.payload, shared) }),
      timeoutMs: TIMEOUT_MS,
    });
    if (answer.status >= 200 && answer.status < 300) return;
    if (answer.status === 401 || answer.status === 407) tokens.delete(connection.arn);
    const passing = answer.status >= 500 || PASSING_STATUSES.has(answer.status);
    const code = answer.status === 429 ? 'THROTTLING' : passing ? 'INTERNAL_ERROR' : 'SDK_CLIENT_ERROR';
    throw new TargetError(code, `The endpoint answered with HTTP status ${answer.status}.`);
  };
}

function urlOf(
  endpoint: string,
  { PathParameterValues = [], QueryStringParameters }: HttpParameters,
  shared: ConnectionHttpParameters,
  event: unknown,
): string {
  const values = PathParameterValues.map((value) => encodeURIComponent(dynamic(value, event)));
  const [path = '', query = ''] = endpoint.split(/\?(.*)/s, 2);
  const filled = path.replace(/\*/g, () => values.shift() ?? '');
  // `..` in a value would lead out of the folder that the endpoint names.
  if (/\/\.{1,2}(\/|$)/.test(filled)) {
    throw new TargetError('INVALID_PARAMETER', 'A value for the path of the endpoint is no part of a path.');
  }
  const url = new URL(filled + (query && `?${query}`));
  const pairs = { ...dynamicValues(QueryStringParameters, event), ...valuesOf(shared.QueryStringParameters) };
  for (const [name, value] of Object.entries(pairs)) url.searchParams.set(name, value);
  return url.href;
}

/** Body parameters of the connection become members of a payload that is an object. */
function bodyOf(payload: string, { BodyParameters = [] }: ConnectionHttpParameters): string {
  if (BodyParameters.length === 0 || !payload.trimStart().startsWith('{')) return payload;
  return JSON.stringify({ ...membersOf(payload), ...valuesOf(BodyParameters) });
}

const valuesOf = (list: ConnectionHttpParameters['HeaderParameters'] = []): Record<string, string> =>
  Object.fromEntries(list.map(({ Key = '', Value = '' }) => [Key, Value]));

const dynamicValues = (values: Readonly<Record<string, string>> = {}, event: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, dynamic(value, event)]));

/** A value of a target's HttpParameters may be a path into the event. */
function dynamic(text: string, event: unknown): string {
  const path = text.startsWith('$.') ? compileJsonPath(text) : undefined;
  if (!path) return text;
  const value = path(event);
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

/** RFC 6749 §4.4, the client's name and secret in the body (in the query where the method has no body). */
function tokenRequest(oauth: NonNullable<AuthParameters['OAuthParameters']>) {
  const { ClientParameters = {}, AuthorizationEndpoint = '', HttpMethod = 'POST', OAuthHttpParameters = {} } = oauth;
  const url = new URL(AuthorizationEndpoint);
  for (const [name, value] of Object.entries(valuesOf(OAuthHttpParameters.QueryStringParameters))) {
    url.searchParams.set(name, value);
  }
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: ClientParameters.ClientID ?? '',
    client_secret: ClientParameters.ClientSecret ?? '',
    ...valuesOf(OAuthHttpParameters.BodyParameters),
  });
  const headers = valuesOf(OAuthHttpParameters.HeaderParameters);
  if (HttpMethod === 'GET') {
    for (const [name, value] of form) url.searchParams.set(name, value);
    return { method: HttpMethod, url: url.href, headers };
  }
  const typed = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
  return { method: HttpMethod, url: url.href, headers: typed, body: form.toString() };
}

function readToken({ status, body }: EndpointAnswer): { readonly access_token: string; readonly expires_in?: unknown } {
  if (status !== 200) {
    const code = status >= 500 || status === 429 ? 'INTERNAL_ERROR' : 'NO_PERMISSIONS';
    throw new TargetError(code, `The authorization endpoint answered with HTTP status ${status}.`);
  }
  try {
    const answer = JSON.parse(body.toString()) as { access_token?: unknown; expires_in?: unknown };
    if (typeof answer.access_token === 'string') return { ...answer, access_token: answer.access_token };
  } catch {
    // No JSON: told below.
  }
  throw new TargetError('NO_PERMISSIONS', 'The authorization endpoint gave no access token.');
}

/** Destinations whose pace is kept in mind. */
const PACES_MAX = 10_000;

/** Waits until the destination's rate allows one more. */
function createPace(clock: Clock): (destination: ApiDestination) => Promise<void> {
  const nextMs = new Map<string, number>();
  return async ({ arn, ratePerSecond }) => {
    const nowMs = clock.monotonicMs();
    const slotMs = Math.max(nowMs, nextMs.get(arn) ?? 0);
    if (nextMs.size >= PACES_MAX) nextMs.clear();
    nextMs.set(arn, slotMs + 1000 / ratePerSecond);
    if (slotMs > nowMs) await new Promise<void>((resolve) => clock.after(slotMs - nowMs, resolve));
  };
}
