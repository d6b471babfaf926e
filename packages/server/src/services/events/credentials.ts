import type { Connection } from './model.ts';

interface Parameter {
  readonly Key?: string;
  readonly Value?: string;
  readonly IsValueSecret?: boolean;
}

export interface ConnectionHttpParameters {
  readonly HeaderParameters?: readonly Parameter[];
  readonly QueryStringParameters?: readonly Parameter[];
  readonly BodyParameters?: readonly Parameter[];
}

/** AuthParameters of CreateConnection and UpdateConnection, the secrets among them. */
export interface AuthParameters {
  readonly BasicAuthParameters?: { readonly Username?: string; readonly Password?: string };
  readonly ApiKeyAuthParameters?: { readonly ApiKeyName?: string; readonly ApiKeyValue?: string };
  readonly OAuthParameters?: {
    readonly ClientParameters?: { readonly ClientID?: string; readonly ClientSecret?: string };
    readonly AuthorizationEndpoint?: string;
    readonly HttpMethod?: 'GET' | 'POST' | 'PUT';
    readonly OAuthHttpParameters?: ConnectionHttpParameters;
  };
  readonly InvocationHttpParameters?: ConnectionHttpParameters;
}

/** What the sealed credentials are bound to: they open nowhere else. */
export const sealedPlace = ({ arn }: Pick<Connection, 'arn'>): string => `events-connection ${arn}`;

/** What may be shown of it: DescribeConnection's AuthParameters. */
export function shownAuth(auth: AuthParameters): Readonly<Record<string, unknown>> {
  const { BasicAuthParameters: basic, ApiKeyAuthParameters: key, OAuthParameters: oauth } = auth;
  return {
    ...(basic && { BasicAuthParameters: { Username: basic.Username } }),
    ...(key && { ApiKeyAuthParameters: { ApiKeyName: key.ApiKeyName } }),
    ...(oauth && {
      OAuthParameters: {
        ClientParameters: { ClientID: oauth.ClientParameters?.ClientID },
        AuthorizationEndpoint: oauth.AuthorizationEndpoint,
        HttpMethod: oauth.HttpMethod,
        ...(oauth.OAuthHttpParameters && { OAuthHttpParameters: shownParameters(oauth.OAuthHttpParameters) }),
      },
    }),
    ...(auth.InvocationHttpParameters && { InvocationHttpParameters: shownParameters(auth.InvocationHttpParameters) }),
  };
}

const shownParameters = (parameters: ConnectionHttpParameters): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, list]) => [
      name,
      (list as readonly Parameter[]).map(({ Key, Value, IsValueSecret = false }) => ({
        Key,
        ...(!IsValueSecret && { Value }),
        IsValueSecret,
      })),
    ]),
  );

/** New parameters over those that a connection had: what is not named stays. */
export function mergeAuth(old: AuthParameters, changes: AuthParameters): AuthParameters {
  const merged: Record<string, unknown> = { ...old };
  for (const [name, value] of Object.entries(changes) as [keyof AuthParameters, object][]) {
    if (value === undefined) continue;
    merged[name] = name === 'InvocationHttpParameters' ? value : { ...(old[name] as object | undefined), ...value };
  }
  const [before, after] = [old.OAuthParameters?.ClientParameters, changes.OAuthParameters?.ClientParameters];
  if (before && after) {
    merged.OAuthParameters = { ...(merged.OAuthParameters as object), ClientParameters: { ...before, ...after } };
  }
  return merged;
}
