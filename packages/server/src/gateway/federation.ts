import { createHash } from 'node:crypto';
import type { UserIdentity } from '../event/record.ts';

/** Decoded input or output of an operation. */
export type Members = Readonly<Record<string, unknown>>;

/** Longest text that is read out of an answer or a request: an ARN has up to 2,048 characters. */
const TEXT_CHARS_MAX = 2_048;
/** STS takes tokens of up to 20,000 characters, and assertions of up to 100,000. */
const TOKEN_CHARS_MAX = 20_000;
const ASSERTION_CHARS_MAX = 100_000;

/** A member that is a string of sensible length. */
export function text(members: unknown, name: string, charsMax = TEXT_CHARS_MAX): string | undefined {
  const value = (members as Members | undefined | null)?.[name];
  return typeof value === 'string' && value !== '' && value.length <= charsMax ? value : undefined;
}

/** The account and the last part of the name in `arn:…:role/path/name`. */
export function roleOfArn(arn: string | undefined): { accountId: string; roleName: string } | undefined {
  const m = /^arn:[\w-]+:iam::(\d{12}):role\/(?:[\x21-\x7e]*\/)?([\w+=,.@-]{1,128})$/.exec(arn ?? '');
  return m ? { accountId: m[1]!, roleName: m[2]! } : undefined;
}

/** Who a web identity is, by its provider's word. */
export interface WebIdentity {
  /** As records show it: the ARN of an OIDC provider, or one of the providers that AWS knows by name. */
  readonly provider: string;
  readonly audience?: string;
  readonly subject?: string;
}

/** Providers that need no OIDC provider in IAM, and what their attributes are called (IAM, condition keys for federation). */
const PUBLIC_PROVIDERS: Readonly<Record<string, { readonly audience: string; readonly subject: string }>> = {
  'www.amazon.com': { audience: 'app_id', subject: 'user_id' },
  'graph.facebook.com': { audience: 'app_id', subject: 'id' },
  'accounts.google.com': { audience: 'aud', subject: 'sub' },
  'cognito-identity.amazonaws.com': { audience: 'aud', subject: 'sub' },
};

/**
 * Of an AssumeRoleWithWebIdentity: what the answer says, and where it does not say (a failure, an upstream that leaves
 * it out), the claims of the token. The upstream verifies the token, or it does not; here nobody trusts it: it only
 * says in a record whom the caller claimed to be.
 */
export function webIdentityOf(input: Members | undefined, output: Members | undefined): WebIdentity | undefined {
  const claims = claimsOf(text(input, 'WebIdentityToken', TOKEN_CHARS_MAX));
  const issuer = text(output, 'Provider') ?? text(input, 'ProviderId') ?? text(claims, 'iss');
  if (issuer === undefined) return undefined;
  const name = issuer.replace(/^https?:\/\//, '');
  const account = roleOfArn(text(input, 'RoleArn'))?.accountId;
  const isNamed = issuer.startsWith('arn:') || Object.hasOwn(PUBLIC_PROVIDERS, name) || account === undefined;
  const audience = text(output, 'Audience') ?? audienceOf(claims);
  const subject = text(output, 'SubjectFromWebIdentityToken') ?? text(claims, 'sub');
  return {
    provider: isNamed ? name : `arn:aws:iam::${account}:oidc-provider/${name}`,
    ...(audience !== undefined && { audience }),
    ...(subject !== undefined && { subject }),
  };
}

function claimsOf(token: string | undefined): Members | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? (claims as Members) : undefined;
  } catch {
    return undefined; // an access token of OAuth, or nonsense
  }
}

function audienceOf(claims: Members | undefined): string | undefined {
  const aud = claims?.aud;
  return text(claims, 'azp') ?? (Array.isArray(aud) ? text(aud, '0') : text(claims, 'aud'));
}

/** The caller of AssumeRoleWithWebIdentity (spec: records §3). */
export function webIdentityUser(web: WebIdentity | undefined): UserIdentity {
  if (!web) return { type: 'WebIdentityUser' };
  const { provider, audience = '', subject } = web;
  return {
    type: 'WebIdentityUser',
    principalId: [provider, audience, subject ?? ''].join(':'),
    ...(subject !== undefined && { userName: subject }),
    identityProvider: provider,
  };
}

/** `sessionContext.webIdFederationData` of the session. Only of providers that AWS knows are attributes shown. */
export function federationDataOf({ provider, audience, subject }: WebIdentity) {
  const names = Object.hasOwn(PUBLIC_PROVIDERS, provider) ? PUBLIC_PROVIDERS[provider] : undefined;
  const attributes = {
    ...(names && audience !== undefined && { [`${provider}:${names.audience}`]: audience }),
    ...(names && subject !== undefined && { [`${provider}:${names.subject}`]: subject }),
  };
  return { federatedProvider: provider, attributes };
}

/**
 * The caller of AssumeRoleWithSAML: by the answer, or on failure by the assertion, as unverified as it is
 * (NameQualifier: IAM, "uniquely identifying users in SAML-based federation").
 */
export function samlUser(input: Members | undefined, output: Members | undefined): UserIdentity {
  const claimed = output ? undefined : claimedInAssertion(input);
  const qualifier = text(output, 'NameQualifier') ?? claimed?.qualifier;
  const subject = text(output, 'Subject') ?? claimed?.subject;
  return {
    type: 'SAMLUser',
    ...(qualifier !== undefined && subject !== undefined && { principalId: `${qualifier}:${subject}` }),
    ...(subject !== undefined && { userName: subject }),
    ...(qualifier !== undefined && { identityProvider: qualifier }),
  };
}

function claimedInAssertion(input: Members | undefined) {
  const xml = Buffer.from(text(input, 'SAMLAssertion', ASSERTION_CHARS_MAX) ?? '', 'base64').toString('utf8');
  const subject = /<(?:\w+:)?NameID\b[^<>]{0,1000}>([^<>&]{1,1024})</.exec(xml)?.[1];
  const issuer = /<(?:\w+:)?Issuer\b[^<>]{0,1000}>([^<>&]{1,1024})</.exec(xml)?.[1];
  const provider = /^arn:[\w-]+:iam::(\d{12}):saml-provider\/([\w.-]{1,128})$/.exec(text(input, 'PrincipalArn') ?? '');
  const qualifier =
    issuer !== undefined && provider
      ? createHash('sha1').update(`${issuer}${provider[1]}/${provider[2]}`).digest('base64')
      : undefined;
  return { subject, qualifier };
}
