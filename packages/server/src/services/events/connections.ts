import { uuid } from '../../base/random.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import { type AuthParameters, mergeAuth, sealedPlace, shownAuth } from './credentials.ts';
import type { EventsDeps } from './deps.ts';
import { eventsError, invalid, limitExceeded, unsupported } from './errors.ts';
import { type ApiDestination, type Connection, connectionArn, destinationArn, parseArn } from './model.ts';
import { type PageRequest, pageOf } from './pages.ts';
import { found, placeOf } from './store.ts';

/** EventBridge's quotas, an account and Region. */
const CONNECTIONS_MAX = 3_000;
const DESTINATIONS_MAX = 3_000;
/** EventBridge's default of calls a second. */
const RATE_DEFAULT = 300;

interface ConnectionInput {
  readonly Name: string;
  readonly Description?: string;
  readonly AuthorizationType?: Connection['authorizationType'];
  readonly AuthParameters?: AuthParameters & { readonly ConnectivityParameters?: object };
  readonly InvocationConnectivityParameters?: object;
  readonly KmsKeyIdentifier?: string;
}

interface DestinationInput {
  readonly Name: string;
  readonly Description?: string;
  readonly ConnectionArn?: string;
  readonly InvocationEndpoint?: string;
  readonly HttpMethod?: ApiDestination['method'];
  readonly InvocationRateLimitPerSecond?: number;
}

/** Connections: how to authorize at somebody's endpoint. Their credentials are sealed, and shown to nobody. */
export function createConnectionHandlers({ store, sealer, clock, random }: EventsDeps): Record<string, Handler> {
  const seal = (arn: string, auth: AuthParameters) => ({
    sealedAuth: sealer.seal(sealedPlace({ arn }), auth),
    shownAuth: shownAuth(auth),
  });

  return {
    async CreateConnection(context: CallContext, input: ConnectionInput) {
      refuseUnbuilt(input);
      const { Name: name, Description: description, AuthorizationType: authorizationType = 'BASIC' } = input;
      const auth = input.AuthParameters ?? {};
      checkAuth(authorizationType, auth);
      const place = placeOf(context);
      if ((await store.list(place, 'connection')).length >= CONNECTIONS_MAX)
        throw tooMany('connections', CONNECTIONS_MAX);
      const arn = connectionArn(place, name, uuid(random));
      const nowMs = clock.now();
      const made: Connection = {
        ...place,
        name,
        arn,
        authorizationType,
        state: 'AUTHORIZED',
        createdMs: nowMs,
        modifiedMs: nowMs,
        authorizedMs: nowMs,
        ...(description !== undefined && { description }),
        ...seal(arn, auth),
      };
      await store.change(place, 'connection', name, (old) => {
        if (old) throw eventsError('ResourceAlreadyExistsException', `Connection ${name} already exists.`);
        return made;
      });
      return outcome(made);
    },

    async UpdateConnection(context: CallContext, input: ConnectionInput) {
      refuseUnbuilt(input);
      const place = placeOf(context);
      let made: Connection | undefined;
      await store.change(place, 'connection', input.Name, (old) => {
        const known = found(old, `Connection ${input.Name}`);
        const type = input.AuthorizationType ?? known.authorizationType;
        const opened = known.sealedAuth === undefined ? {} : sealer.open(sealedPlace(known), known.sealedAuth);
        const before = (type === known.authorizationType ? (opened ?? {}) : {}) as AuthParameters;
        const auth = mergeAuth(before, input.AuthParameters ?? {});
        checkAuth(type, auth);
        const nowMs = Math.max(clock.now(), known.modifiedMs + 1);
        made = {
          ...known,
          authorizationType: type,
          state: 'AUTHORIZED',
          modifiedMs: nowMs,
          authorizedMs: nowMs,
          ...(input.Description !== undefined && { description: input.Description }),
          ...seal(known.arn, auth),
        };
        return made;
      });
      return outcome(made!);
    },

    async DeauthorizeConnection(context: CallContext, { Name }: ConnectionInput) {
      let made: Connection | undefined;
      await store.change(placeOf(context), 'connection', Name, (old) => {
        const { sealedAuth: _, ...rest } = found(old, `Connection ${Name}`);
        made = { ...rest, state: 'DEAUTHORIZED', modifiedMs: Math.max(clock.now(), rest.modifiedMs + 1) };
        return made;
      });
      return outcome(made!);
    },

    async DeleteConnection(context: CallContext, { Name }: ConnectionInput) {
      const place = placeOf(context);
      const known = found(await store.get(place, 'connection', Name), `Connection ${Name}`);
      const users = await store.list(place, 'api-destination');
      if (users.some((one) => one.connectionArn === known.arn)) {
        throw invalid(`Connection ${Name} is used by an API destination. Delete that first.`);
      }
      await store.change(place, 'connection', Name, () => undefined);
      return { ...outcome(known), ConnectionState: 'DELETING' };
    },

    async DescribeConnection(context: CallContext, { Name }: ConnectionInput) {
      const known = found(await store.get(placeOf(context), 'connection', Name), `Connection ${Name}`);
      const { name, authorizationType, shownAuth: AuthParameters, description } = known;
      return {
        ...outcome(known),
        Name: name,
        AuthorizationType: authorizationType,
        AuthParameters,
        ...(description !== undefined && { Description: description }),
      };
    },

    async ListConnections(
      context: CallContext,
      input: PageRequest & { NamePrefix?: string; ConnectionState?: string },
    ) {
      const { NamePrefix = '', ConnectionState } = input;
      const all = await store.list(placeOf(context), 'connection', NamePrefix);
      const wanted = all.filter(({ state }) => ConnectionState === undefined || state === ConnectionState);
      const listed = ['ListConnections', NamePrefix, ConnectionState];
      const { page, ...rest } = pageOf(wanted, ({ name }) => name, input, listed);
      const shown = page.map((one) => ({ ...outcome(one), Name: one.name, AuthorizationType: one.authorizationType }));
      return { Connections: shown, ...rest };
    },
  };
}

export function createApiDestinationHandlers({ store, clock, random }: EventsDeps): Record<string, Handler> {
  /** @throws AwsError ResourceNotFoundException */
  const checkConnection = async (context: CallContext, arn: string) => {
    const parsed = parseArn(arn);
    const known = parsed && (await store.get(placeOf(context), 'connection', parsed.name));
    if (known?.arn !== arn) throw eventsError('ResourceNotFoundException', `Connection ${arn} does not exist.`);
  };

  return {
    async CreateApiDestination(context: CallContext, input: DestinationInput) {
      const { Name: name, ConnectionArn = '', InvocationEndpoint: endpoint = '', HttpMethod: method = 'POST' } = input;
      checkEndpoint(endpoint);
      await checkConnection(context, ConnectionArn);
      const place = placeOf(context);
      if ((await store.list(place, 'api-destination')).length >= DESTINATIONS_MAX) {
        throw tooMany('API destinations', DESTINATIONS_MAX);
      }
      const nowMs = clock.now();
      const made: ApiDestination = {
        ...place,
        name,
        arn: destinationArn(place, name, uuid(random)),
        connectionArn: ConnectionArn,
        endpoint,
        method,
        ratePerSecond: input.InvocationRateLimitPerSecond ?? RATE_DEFAULT,
        createdMs: nowMs,
        modifiedMs: nowMs,
        ...(input.Description !== undefined && { description: input.Description }),
      };
      await store.change(place, 'api-destination', name, (old) => {
        if (old) throw eventsError('ResourceAlreadyExistsException', `An api-destination '${name}' already exists.`);
        return made;
      });
      return destinationOutcome(made);
    },

    async UpdateApiDestination(context: CallContext, input: DestinationInput) {
      const { ConnectionArn, InvocationEndpoint: endpoint, HttpMethod: method, Description: description } = input;
      if (endpoint !== undefined) checkEndpoint(endpoint);
      if (ConnectionArn !== undefined) await checkConnection(context, ConnectionArn);
      let made: ApiDestination | undefined;
      await store.change(placeOf(context), 'api-destination', input.Name, (old) => {
        const known = found(old, `Api-destination ${input.Name}`);
        made = {
          ...known,
          modifiedMs: clock.now(),
          ...(ConnectionArn !== undefined && { connectionArn: ConnectionArn }),
          ...(endpoint !== undefined && { endpoint }),
          ...(method !== undefined && { method }),
          ...(description !== undefined && { description }),
          ratePerSecond: input.InvocationRateLimitPerSecond ?? known.ratePerSecond,
        };
        return made;
      });
      return destinationOutcome(made!);
    },

    async DeleteApiDestination(context: CallContext, { Name }: DestinationInput) {
      await store.change(placeOf(context), 'api-destination', Name, (old) => {
        found(old, `Api-destination ${Name}`);
        return undefined;
      });
      return {};
    },

    async DescribeApiDestination(context: CallContext, { Name }: DestinationInput) {
      const known = found(await store.get(placeOf(context), 'api-destination', Name), `Api-destination ${Name}`);
      return { ...shownDestination(known), ...(known.description !== undefined && { Description: known.description }) };
    },

    async ListApiDestinations(
      context: CallContext,
      input: PageRequest & { NamePrefix?: string; ConnectionArn?: string },
    ) {
      const { NamePrefix = '', ConnectionArn } = input;
      const all = await store.list(placeOf(context), 'api-destination', NamePrefix);
      const wanted = all.filter((one) => ConnectionArn === undefined || one.connectionArn === ConnectionArn);
      const listed = ['ListApiDestinations', NamePrefix, ConnectionArn];
      const { page, ...rest } = pageOf(wanted, ({ name }) => name, input, listed);
      return { ApiDestinations: page.map(shownDestination), ...rest };
    },
  };
}

const tooMany = (what: string, most: number) =>
  limitExceeded(`The requested resource exceeds the maximum number allowed: ${most} ${what}.`);

function refuseUnbuilt(input: ConnectionInput): void {
  if (input.InvocationConnectivityParameters || input.AuthParameters?.ConnectivityParameters) {
    throw unsupported('private connections');
  }
  if (input.KmsKeyIdentifier) throw unsupported('KMS keys of connections');
}

/** The parameters of its type, all of them, and none of another. */
const NEEDED: Readonly<
  Record<Connection['authorizationType'], [keyof AuthParameters, (auth: AuthParameters) => readonly unknown[]]>
> = {
  BASIC: ['BasicAuthParameters', ({ BasicAuthParameters: b }) => [b?.Username, b?.Password]],
  API_KEY: ['ApiKeyAuthParameters', ({ ApiKeyAuthParameters: k }) => [k?.ApiKeyName, k?.ApiKeyValue]],
  OAUTH_CLIENT_CREDENTIALS: [
    'OAuthParameters',
    ({ OAuthParameters: o }) => [
      o?.ClientParameters?.ClientID,
      o?.ClientParameters?.ClientSecret,
      o?.AuthorizationEndpoint,
      o?.HttpMethod,
    ],
  ],
};

/** @throws AwsError ValidationException */
function checkAuth(type: Connection['authorizationType'], auth: AuthParameters): void {
  const [member, valuesOf] = NEEDED[type];
  if (valuesOf(auth).includes(undefined)) throw invalid(`AuthParameters for ${type} must have all of ${member}.`);
  const foreign = Object.values(NEEDED).find(([other]) => other !== member && auth[other] !== undefined);
  if (foreign) throw invalid(`AuthParameters for ${type} must not have ${foreign[0]}.`);
  const { ApiKeyAuthParameters: key, OAuthParameters: oauth } = auth;
  if (key && !/^[!#$%&'*+.^_`|~0-9a-zA-Z-]+$/.test(key.ApiKeyName!))
    throw invalid('ApiKeyName is no name of a header.');
  if (oauth) checkEndpoint(oauth.AuthorizationEndpoint!);
}

/** @throws AwsError ValidationException */
function checkEndpoint(endpoint: string): void {
  if (!URL.canParse(endpoint) || !/^https?:\/\/[^/?#*]+([/?#]|$)/i.test(endpoint)) {
    const rule = 'It must be a URL that begins with https:// or http://; * may stand in its path alone.';
    throw invalid(`Parameter InvocationEndpoint is not valid. ${rule}`);
  }
}

function outcome({ arn, state, createdMs, modifiedMs, authorizedMs }: Connection) {
  return {
    ConnectionArn: arn,
    ConnectionState: state,
    CreationTime: new Date(createdMs),
    LastModifiedTime: new Date(modifiedMs),
    ...(authorizedMs !== undefined && { LastAuthorizedTime: new Date(authorizedMs) }),
  };
}

const destinationOutcome = ({ arn, createdMs, modifiedMs }: ApiDestination) => ({
  ApiDestinationArn: arn,
  ApiDestinationState: 'ACTIVE',
  CreationTime: new Date(createdMs),
  LastModifiedTime: new Date(modifiedMs),
});

const shownDestination = (one: ApiDestination) => ({
  ...destinationOutcome(one),
  Name: one.name,
  ConnectionArn: one.connectionArn,
  InvocationEndpoint: one.endpoint,
  HttpMethod: one.method,
  InvocationRateLimitPerSecond: one.ratePerSecond,
});
