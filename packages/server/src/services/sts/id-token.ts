import type { Tag } from '@aws-sdk/client-sts';
import type { StsDeps, StsOidcProvider } from './deps.ts';
import { stsError } from './errors.ts';
import { isSignedBy, type Jwt, parseJwt } from './jwt.ts';
import { ProviderTrouble } from './oidc-keys.ts';
import { validateInput } from './validate.ts';

/** What an ID token says, once it is verified. */
export interface WebIdentity {
  readonly provider: StsOidcProvider;
  /** The client that it was issued for: `azp` where the token has that, else `aud`. One of the provider's client ids. */
  readonly audience: string;
  /** `aud`, where `azp` went before it. */
  readonly originalAudience?: readonly string[];
  readonly subject: string;
  /** `amr`: how the user signed in. */
  readonly methods?: readonly string[];
  /** Session tags that the provider asks for, in the API's own form. */
  readonly tags: { readonly Tags?: readonly Tag[]; readonly TransitiveTagKeys?: readonly string[] };
  readonly sourceIdentity?: string;
}

/** How far the provider's clock may be ahead of ours. */
const SKEW_S = 300;

const TAGS_CLAIM = 'https://aws.amazon.com/tags';
const SOURCE_IDENTITY_CLAIM = 'https://aws.amazon.com/source_identity';

const invalid = (message: string) => stsError('InvalidIdentityToken', message);

/**
 * Verifies an ID token against the keys of its issuer, which must be a provider of the account.
 * @param onKnown hears of provider and (once the signature is good) whom the token names, also if it is refused then
 * @throws AwsError InvalidIdentityToken, ExpiredTokenException, IDPCommunicationError
 */
export async function verifyIdToken(
  deps: StsDeps,
  accountId: string,
  token: string,
  onKnown: (providerArn: string, who?: Pick<WebIdentity, 'audience' | 'subject'>) => void,
): Promise<WebIdentity> {
  const jwt = parseJwt(token);
  if (!jwt) {
    throw invalid('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)');
  }
  const provider = await providerOf(deps, accountId, jwt);
  onKnown(provider.arn);
  await checkSignature(deps, provider, jwt);
  const { sub, azp, aud } = jwt.claims;
  if (typeof sub !== 'string' || sub === '') throw invalid('Missing a required claim: sub');
  const audiences = typeof azp === 'string' ? [azp] : listOf(aud);
  const audience = audiences.find((one) => provider.clientIds.includes(one));
  onKnown(provider.arn, { subject: sub, audience: audience ?? audiences[0] ?? '' });
  checkTimes(jwt, deps.clock.now());
  if (audience === undefined) throw invalid('Incorrect token audience');
  const methods = listOf(jwt.claims.amr);
  return {
    provider,
    audience,
    subject: sub,
    ...(typeof azp === 'string' && { originalAudience: listOf(aud) }),
    ...(methods.length > 0 && { methods }),
    ...sessionClaims(jwt),
  };
}

/** Tokens name their issuer by URL, with its scheme. Some write a slash behind it, which IAM's entity may lack. */
async function providerOf(
  { directory, oidcKeys }: StsDeps,
  accountId: string,
  { claims }: Jwt,
): Promise<StsOidcProvider> {
  const { iss } = claims;
  if (typeof iss !== 'string') throw invalid('Missing a required claim: iss');
  const url = iss.replace(/^https?:\/\//, '');
  for (const name of new Set([url, url.replace(/\/$/, '')])) {
    const provider = await directory.oidcProvider(accountId, name);
    if (provider && oidcKeys.issuerOf(url) === iss) return provider;
  }
  throw invalid(`No OpenIDConnect provider found in your account for ${iss.slice(0, ISSUER_CHARS_SHOWN)}`);
}

/** IAM takes URLs up to this length. */
const ISSUER_CHARS_SHOWN = 255;

async function checkSignature({ oidcKeys }: StsDeps, provider: StsOidcProvider, jwt: Jwt): Promise<void> {
  try {
    const keys = await oidcKeys.keysFor(provider, jwt.header.kid);
    if (keys.length === 0) throw invalid(NO_KEY);
    if (!keys.some((key) => isSignedBy(jwt, key))) {
      throw invalid("The ID Token's signature does not match any key of its issuer, or is of a kind that is not taken");
    }
  } catch (error) {
    if (!(error instanceof ProviderTrouble)) throw error;
    if (error.wasReached) throw invalid(NO_KEY);
    throw stsError('IDPCommunicationError', 'The identity provider could not be reached. Please try again.');
  }
}

const NO_KEY =
  "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";

function checkTimes({ claims: { exp, nbf, iat } }: Jwt, nowMs: number): void {
  const now = Math.floor(nowMs / 1000);
  if (typeof exp !== 'number') throw invalid('Missing a required claim: exp');
  if (typeof iat !== 'number') throw invalid('Missing a required claim: iat');
  if (now >= exp) {
    throw stsError(
      'ExpiredTokenException',
      `Token expired: current date/time ${now} must be before the expiration date/time${exp}`,
    );
  }
  if (Math.max(iat, typeof nbf === 'number' ? nbf : 0) > now + SKEW_S) throw invalid('The ID Token is not valid yet');
}

/** Session tags and source identity, as IAM's guide has providers write them ("Passing session tags using AssumeRoleWithWebIdentity"). */
function sessionClaims({ claims }: Jwt): Pick<WebIdentity, 'tags' | 'sourceIdentity'> {
  const asked = claims[TAGS_CLAIM] as {
    readonly principal_tags?: unknown;
    readonly transitive_tag_keys?: unknown;
  } | null;
  const pairs = typeof asked === 'object' ? Object.entries((asked?.principal_tags ?? {}) as object) : [];
  const Tags = pairs.map(([Key, value]) => ({ Key, Value: listOf(value)[0] ?? '' }));
  const TransitiveTagKeys = typeof asked === 'object' ? listOf(asked?.transitive_tag_keys) : [];
  const named = claims[SOURCE_IDENTITY_CLAIM];
  const SourceIdentity = typeof named === 'string' ? named : undefined;
  try {
    validateInput('', { Tags, TransitiveTagKeys, SourceIdentity });
  } catch (error) {
    throw invalid((error as Error).message);
  }
  return {
    tags: { ...(Tags.length > 0 && { Tags }), ...(TransitiveTagKeys.length > 0 && { TransitiveTagKeys }) },
    ...(SourceIdentity !== undefined && { sourceIdentity: SourceIdentity }),
  };
}

const listOf = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((entry): entry is string => typeof entry === 'string');
