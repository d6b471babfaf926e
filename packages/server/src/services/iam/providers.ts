import type * as iam from '@aws-sdk/client-iam';
import { keys, type OidcProvider, type SamlProvider, type StateKey } from '../../access/iam/entities.ts';
import type { IamReader } from '../../access/iam/iam-data.ts';
import { uuid } from '../../base/random.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError, noSuch, overQuota } from './errors.ts';
import { tagsOut, timeOf } from './output.ts';
import { withTags } from './tag-rules.ts';

/** IAM's quotas. */
const PROVIDERS_MAX = 100;
const CLIENT_IDS_MAX = 100;
const THUMBPRINTS_MAX = 5;
/** As JSON. Below AWS's 10 MB: State's values are bounded, and real metadata has some KB. */
const METADATA_BYTES_MAX = 900_000;
/** Of metadata that does not say. */
const VALID_YEARS_USUAL = 100;

/** The key that an ARN of the account's own provider stands for; undefined when it is none. */
export function oidcKey(accountId: string, arn: string): StateKey<OidcProvider> | undefined {
  const prefix = `arn:aws:iam::${accountId}:oidc-provider/`;
  return arn.startsWith(prefix) ? keys.oidcProvider(accountId, arn.slice(prefix.length)) : undefined;
}
export function samlKey(accountId: string, arn: string): StateKey<SamlProvider> | undefined {
  const prefix = `arn:aws:iam::${accountId}:saml-provider/`;
  return arn.startsWith(prefix) ? keys.samlProvider(accountId, arn.slice(prefix.length)) : undefined;
}

export async function findOidc(reader: IamReader, accountId: string, arn: string): Promise<OidcProvider> {
  const key = oidcKey(accountId, arn);
  const provider = key && (await reader.get(key));
  if (provider) return provider;
  throw noSuch(`OpenIDConnect Provider not found for arn ${arn}`);
}

export async function findSaml(reader: IamReader, accountId: string, arn: string): Promise<SamlProvider> {
  const key = samlKey(accountId, arn);
  const provider = key && (await reader.get(key));
  if (provider) return provider;
  throw noSuch(`Manifest not found for arn ${arn}`);
}

/** Without scheme. @throws AwsError InvalidInput */
function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const fits = url?.protocol === 'https:' && url.search === '' && url.hash === '' && url.username === '';
  if (fits && /^https:\/\/[\x21-\x7e]+$/.test(text)) return text.slice('https://'.length).replace(/\/$/, '');
  throw iamError('InvalidInput', 'Invalid Open ID Connect Provider URL');
}

function checkedThumbprints(list: readonly string[] = []): readonly string[] {
  if (list.length > THUMBPRINTS_MAX)
    throw iamError('InvalidInput', 'Thumbprint list must contain fewer than 5 entries.');
  const bad = list.find((thumbprint) => !/^[0-9a-f]{40}$/i.test(thumbprint));
  if (bad !== undefined) throw iamError('InvalidInput', `Invalid thumbprint: ${bad}`);
  return list.map((thumbprint) => thumbprint.toLowerCase());
}

function checkedClientIds(list: readonly string[] = []): readonly string[] {
  const ids = [...new Set(list)];
  if (ids.length > CLIENT_IDS_MAX) throw overQuota('ClientIdsPerOpenIdConnectProvider', CLIENT_IDS_MAX);
  return ids;
}

/** Identity providers, which STS asks for. */
export function createProviderHandlers(deps: IamDeps): Record<string, Handler> {
  return { ...oidcHandlers(deps), ...samlHandlers(deps) };
}

function oidcHandlers({ store: { data }, clock }: IamDeps): Record<string, Handler> {
  const update = (accountId: string, arn: string, change: (provider: OidcProvider) => OidcProvider) =>
    data.change(accountId, async (changes) => {
      changes.put(oidcKey(accountId, arn)!, change(await findOidc(changes, accountId, arn)));
      return {};
    });

  return {
    async CreateOpenIDConnectProvider(
      { caller: { accountId } },
      input: iam.CreateOpenIDConnectProviderRequest,
    ): Promise<iam.CreateOpenIDConnectProviderResponse> {
      const url = checkedUrl(input.Url!);
      const provider: OidcProvider = {
        arn: `arn:aws:iam::${accountId}:oidc-provider/${url}`,
        url,
        clientIds: checkedClientIds(input.ClientIDList),
        thumbprints: checkedThumbprints(input.ThumbprintList),
        createdMs: clock.now(),
        tags: withTags({}, input.Tags),
      };
      await data.change(accountId, async (change) => {
        if (await change.get(keys.oidcProvider(accountId, url))) {
          throw iamError('EntityAlreadyExists', `Provider with url https://${url} already exists.`);
        }
        if ((await change.list(keys.oidcProviders(accountId))).length >= PROVIDERS_MAX) {
          throw overQuota('OpenIdConnectProvidersPerAccount', PROVIDERS_MAX);
        }
        change.put(keys.oidcProvider(accountId, url), provider);
      });
      return { OpenIDConnectProviderArn: provider.arn, Tags: tagsOut(provider.tags) };
    },

    async GetOpenIDConnectProvider(
      { caller: { accountId } },
      input: iam.GetOpenIDConnectProviderRequest,
    ): Promise<iam.GetOpenIDConnectProviderResponse> {
      const provider = await findOidc(data, accountId, input.OpenIDConnectProviderArn!);
      return {
        Url: provider.url,
        ClientIDList: [...provider.clientIds],
        ThumbprintList: [...provider.thumbprints],
        CreateDate: timeOf(provider.createdMs),
        Tags: tagsOut(provider.tags),
      };
    },

    async ListOpenIDConnectProviders({ caller: { accountId } }): Promise<iam.ListOpenIDConnectProvidersResponse> {
      const providers = await data.list(keys.oidcProviders(accountId));
      return { OpenIDConnectProviderList: providers.map(({ arn }) => ({ Arn: arn })) };
    },

    async DeleteOpenIDConnectProvider({ caller: { accountId } }, input: iam.DeleteOpenIDConnectProviderRequest) {
      await data.change(accountId, async (change) => {
        await findOidc(change, accountId, input.OpenIDConnectProviderArn!);
        change.remove(oidcKey(accountId, input.OpenIDConnectProviderArn!)!);
      });
      return {};
    },

    /** An id that is there already stays there once. */
    AddClientIDToOpenIDConnectProvider: (
      { caller: { accountId } },
      input: iam.AddClientIDToOpenIDConnectProviderRequest,
    ) =>
      update(accountId, input.OpenIDConnectProviderArn!, (provider) => ({
        ...provider,
        clientIds: checkedClientIds([...provider.clientIds, input.ClientID!]),
      })),

    RemoveClientIDFromOpenIDConnectProvider: (
      { caller: { accountId } },
      input: iam.RemoveClientIDFromOpenIDConnectProviderRequest,
    ) =>
      update(accountId, input.OpenIDConnectProviderArn!, (provider) => ({
        ...provider,
        clientIds: provider.clientIds.filter((id) => id !== input.ClientID),
      })),

    UpdateOpenIDConnectProviderThumbprint: (
      { caller: { accountId } },
      input: iam.UpdateOpenIDConnectProviderThumbprintRequest,
    ) =>
      update(accountId, input.OpenIDConnectProviderArn!, (provider) => ({
        ...provider,
        thumbprints: checkedThumbprints(input.ThumbprintList),
      })),
  };
}

/** Until when metadata says that it is valid. @throws AwsError InvalidInput for what is no metadata */
function validUntil(metadata: string, nowMs: number): number {
  if (Buffer.byteLength(JSON.stringify(metadata)) > METADATA_BYTES_MAX) {
    throw iamError('InvalidInput', `SAML metadata may have at most ${METADATA_BYTES_MAX} bytes here, written as JSON.`);
  }
  const root = /<(?:[\w.-]+:)?EntityDescriptor\b([^>]*)>/.exec(metadata);
  if (!root || !/^\s*</.test(metadata)) throw iamError('InvalidInput', 'Could not parse metadata');
  const said = /\bvalidUntil\s*=\s*["']([^"']+)["']/.exec(root[1]!)?.[1];
  const saidMs = said === undefined ? Number.NaN : Date.parse(said);
  if (!Number.isNaN(saidMs)) return saidMs;
  const date = new Date(nowMs);
  return date.setUTCFullYear(date.getUTCFullYear() + VALID_YEARS_USUAL);
}

function samlHandlers({ store: { data }, clock, random }: IamDeps): Record<string, Handler> {
  const refuseKeys = (input: { readonly AddPrivateKey?: string; readonly AssertionEncryptionMode?: string }) => {
    if (input.AddPrivateKey === undefined && input.AssertionEncryptionMode === undefined) return;
    throw iamError('InvalidInput', 'Encrypted SAML assertions are not supported here.');
  };
  return {
    async CreateSAMLProvider(
      { caller: { accountId } },
      input: iam.CreateSAMLProviderRequest,
    ): Promise<iam.CreateSAMLProviderResponse> {
      refuseKeys(input as never);
      const name = input.Name!;
      const createdMs = clock.now();
      const provider: SamlProvider = {
        arn: `arn:aws:iam::${accountId}:saml-provider/${name}`,
        providerId: uuid(random),
        metadata: input.SAMLMetadataDocument!,
        createdMs,
        validUntilMs: validUntil(input.SAMLMetadataDocument!, createdMs),
        tags: withTags({}, input.Tags),
      };
      await data.change(accountId, async (change) => {
        if (await change.get(keys.samlProvider(accountId, name))) {
          throw iamError('EntityAlreadyExists', `SAMLProvider with name ${name} already exists.`);
        }
        if ((await change.list(keys.samlProviders(accountId))).length >= PROVIDERS_MAX) {
          throw overQuota('SAMLProvidersPerAccount', PROVIDERS_MAX);
        }
        change.put(keys.samlProvider(accountId, name), provider);
      });
      return { SAMLProviderArn: provider.arn, Tags: tagsOut(provider.tags) };
    },

    async GetSAMLProvider(
      { caller: { accountId } },
      input: iam.GetSAMLProviderRequest,
    ): Promise<iam.GetSAMLProviderResponse> {
      const provider = await findSaml(data, accountId, input.SAMLProviderArn!);
      return {
        SAMLProviderUUID: provider.providerId,
        SAMLMetadataDocument: provider.metadata,
        CreateDate: timeOf(provider.createdMs),
        ValidUntil: timeOf(provider.validUntilMs),
        Tags: tagsOut(provider.tags),
      };
    },

    async ListSAMLProviders({ caller: { accountId } }): Promise<iam.ListSAMLProvidersResponse> {
      const SAMLProviderList = (await data.list(keys.samlProviders(accountId))).map((provider) => ({
        Arn: provider.arn,
        ValidUntil: timeOf(provider.validUntilMs),
        CreateDate: timeOf(provider.createdMs),
      }));
      return { SAMLProviderList };
    },

    async UpdateSAMLProvider(
      { caller: { accountId } },
      input: iam.UpdateSAMLProviderRequest,
    ): Promise<iam.UpdateSAMLProviderResponse> {
      refuseKeys(input as never);
      const { SAMLProviderArn, SAMLMetadataDocument: metadata } = input;
      await data.change(accountId, async (change) => {
        const provider = await findSaml(change, accountId, SAMLProviderArn!);
        if (metadata === undefined) return;
        const validUntilMs = validUntil(metadata, clock.now());
        change.put(samlKey(accountId, SAMLProviderArn!)!, { ...provider, metadata, validUntilMs });
      });
      return { SAMLProviderArn };
    },

    async DeleteSAMLProvider({ caller: { accountId } }, input: iam.DeleteSAMLProviderRequest) {
      await data.change(accountId, async (change) => {
        await findSaml(change, accountId, input.SAMLProviderArn!);
        change.remove(samlKey(accountId, input.SAMLProviderArn!)!);
      });
      return {};
    },
  };
}
