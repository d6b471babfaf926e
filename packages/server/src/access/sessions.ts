import { createHash, createHmac } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { assert } from '../base/errors.ts';
import { BASE32, type Random } from '../base/random.ts';
import { openBytes, purposeKey, sealBytes } from './sealed-secrets.ts';

/**
 * Temporary credentials. Nothing is stored of them: who has them, how and until when stands in the session token, sealed
 * with a key of this server and bound to the access key id. So there is no limit to how many there are, and a crash
 * loses none. What may change meanwhile (the role or user is deleted, a policy is attached) is looked up at each call.
 */
export interface SessionGrant {
  readonly accountId: string;
  readonly owner: SessionOwner;
  readonly issuedMs: number;
  readonly expiresMs: number;
  /** Whether a code of an MFA device was checked on the way here. */
  readonly mfa: boolean;
  /** Session policies as given, JSON. */
  readonly policies?: readonly string[];
  /** Managed policies that limit the session, beside the documents. */
  readonly policyArns?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
  readonly sourceIdentity?: string;
  /** As records show it under `sessionContext`. */
  readonly webIdFederationData?: WebIdFederationData;
  /** Made with the credentials of a role's session. */
  readonly chained?: true;
  /** Made by signing in to the console, which stands in for the second factor that IAM asks of other sessions. */
  readonly console?: true;
}

export interface WebIdFederationData {
  readonly federatedProvider: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Whom the credentials belong to. Ids tell a user or role from a later one of the same name. */
export type SessionOwner =
  | { readonly kind: 'root' }
  | { readonly kind: 'user'; readonly userName: string; readonly userId: string }
  | {
      readonly kind: 'role';
      readonly roleName: string;
      readonly roleId: string;
      readonly roleArn: string;
      readonly sessionName: string;
    }
  | {
      readonly kind: 'federated';
      readonly name: string;
      /** Who called GetFederationToken. */
      readonly issuer: SessionOwner & { readonly kind: 'root' | 'user' };
    };

export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresMs: number;
}

export interface Sessions {
  /**
   * @param grant what it carries MUST have passed `packedBytes`: tokens travel in headers
   */
  issue(grant: SessionGrant): SessionCredentials;
  /** Whether they have run out, the caller must see. undefined: no token of ours, or another key's. Never throws. */
  open(accessKeyId: string, sessionToken: string): OpenedSession | undefined;
}

export interface OpenedSession {
  readonly grant: SessionGrant;
  readonly secretAccessKey: string;
}

export const SESSION_PREFIX = 'ASIA';
/** Ids carry 40 random bits, so two of an account may once be equal: the salt keeps their secrets apart. */
const SALT_BYTES = 16;
/** 40 characters of base 64. */
const SECRET_BYTES = 30;
/** What a token inflates to at most: 50 tags of the longest kind and the rest have 25 KB. */
const GRANT_BYTES_MAX = 64 * 1024;
/** Longer ones are not ours; clients would not get them into a header anyway. */
const TOKEN_CHARS_MAX = 8192;
/** Sessions in use at a time that need not be opened anew for each call, some 2 KB each. */
const OPENED_MAX = 2_000;

/**
 * @param sealingKey as `openSealingKey` gives it. Without it all temporary credentials end.
 */
export function createSessions(sealingKey: Buffer, random: Random): Sessions {
  const tokenKey = purposeKey(sealingKey, 'session tokens');
  const secretKey = purposeKey(sealingKey, 'session secrets');
  const opened = new Map<string, OpenedSession>();

  /** Each token has a key of its own, so that the number of tokens is not bounded by how often GCM may draw a nonce. */
  const keyOf = (accessKeyId: string) => createHmac('sha256', tokenKey).update(accessKeyId).digest();
  const secretOf = (accessKeyId: string, salt: string) =>
    createHmac('sha256', secretKey)
      .update(`${accessKeyId}/${salt}`)
      .digest()
      .subarray(0, SECRET_BYTES)
      .toString('base64');

  return {
    issue(grant) {
      const accessKeyId = newAccessKeyId(grant.accountId, random);
      const salt = random.bytes(SALT_BYTES).toString('base64');
      const packed = deflateRawSync(JSON.stringify({ salt, grant }));
      const sessionToken = sealBytes(keyOf(accessKeyId), accessKeyId, packed, random).toString('base64');
      assert(sessionToken.length <= TOKEN_CHARS_MAX, 'a session token is too long for a header');
      return { accessKeyId, secretAccessKey: secretOf(accessKeyId, salt), sessionToken, expiresMs: grant.expiresMs };
    },
    open(accessKeyId, sessionToken) {
      if (sessionToken.length > TOKEN_CHARS_MAX) return undefined;
      // A digest, so that how long the look-up takes says nothing of tokens that are known.
      const id = createHash('sha256').update(`${accessKeyId}/${sessionToken}`).digest('base64');
      const known = opened.get(id);
      if (known) return known;
      const sealed = Buffer.from(sessionToken, 'base64');
      if (sealed.toString('base64') !== sessionToken) return undefined; // one token, one spelling
      const packed = openBytes(keyOf(accessKeyId), accessKeyId, sealed);
      if (!packed) return undefined;
      const json = inflateRawSync(packed, { maxOutputLength: GRANT_BYTES_MAX }).toString();
      const { salt, grant } = JSON.parse(json) as { readonly salt: string; readonly grant: SessionGrant };
      const session = { grant, secretAccessKey: secretOf(accessKeyId, salt) };
      if (opened.size >= OPENED_MAX) opened.delete(opened.keys().next().value!);
      opened.set(id, session);
      return session;
    },
  };
}

/**
 * How much room the session's policies and tags take in its token, bytes. STS bounds it ("PackedPolicySize") beside the
 * lengths of its parts.
 */
export const packedBytes = (carried: Pick<SessionGrant, 'policies' | 'policyArns' | 'tags'>): number =>
  deflateRawSync(JSON.stringify([carried.policies ?? [], carried.policyArns ?? [], carried.tags ?? {}])).length;

/**
 * An id of AWS's form: 80 bits in base 32, of which bits 1 to 40 are the account's number, as tools that read it out of
 * ids expect.
 */
function newAccessKeyId(accountId: string, random: Random): string {
  const bits = (BigInt(`0x${random.bytes(10).toString('hex')}`) & ~ACCOUNT_BITS) | (BigInt(accountId) << 39n) | TOP_BIT;
  let id = '';
  for (let shift = 75n; shift >= 0n; shift -= 5n) id += BASE32[Number((bits >> shift) & 31n)];
  return SESSION_PREFIX + id;
}

const TOP_BIT = 1n << 79n;
const ACCOUNT_BITS = ((1n << 40n) - 1n) << 39n;

/** The account that an id of temporary credentials names; undefined when it is no such id. */
export function accountOfSessionKey(accessKeyId: string): string | undefined {
  if (!/^ASIA[A-Z2-7]{16}$/.test(accessKeyId)) return undefined;
  let bits = 0n;
  for (const char of accessKeyId.slice(SESSION_PREFIX.length)) bits = (bits << 5n) | BigInt(BASE32.indexOf(char));
  const account = ((bits & ACCOUNT_BITS) >> 39n).toString().padStart(12, '0');
  return account.length === 12 ? account : undefined;
}
