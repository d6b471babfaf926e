import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';

/** A JSON Web Token (RFC 7519) in its compact form; nothing of it is verified yet. */
export interface Jwt {
  readonly header: { readonly alg: string; readonly kid?: string };
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** A key of an identity provider (RFC 7517). */
export interface Jwk {
  readonly kty: string;
  readonly kid?: string;
  readonly use?: string;
  readonly alg?: string;
  readonly crv?: string;
  readonly [member: string]: unknown;
}

/** undefined when it is no signed token of that form. Never throws. */
export function parseJwt(token: string): Jwt | undefined {
  const [, head, body, signature] = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(token) ?? [];
  const header = readObject(head);
  const claims = readObject(body);
  if (!header || !claims || typeof header.alg !== 'string') return undefined;
  if (header.kid !== undefined && typeof header.kid !== 'string') return undefined;
  if (header.crit !== undefined) return undefined; // extensions that must be understood: none are
  return {
    header: { alg: header.alg, ...(header.kid !== undefined && { kid: header.kid }) },
    claims,
    signed: Buffer.from(`${head}.${body}`),
    signature: Buffer.from(signature!, 'base64url'),
  };
}

function readObject(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The algorithms that STS takes, and the key that each needs: so neither `none` nor a public key used as a shared secret
 * can pass for a signature.
 */
const ALGORITHMS: Readonly<Record<string, { readonly kty: string; readonly crv?: string; readonly hash: string }>> = {
  RS256: { kty: 'RSA', hash: 'sha256' },
  RS384: { kty: 'RSA', hash: 'sha384' },
  RS512: { kty: 'RSA', hash: 'sha512' },
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256' },
  ES384: { kty: 'EC', crv: 'P-384', hash: 'sha384' },
  ES512: { kty: 'EC', crv: 'P-521', hash: 'sha512' },
};

export const isAlgorithm = (alg: string): boolean => Object.hasOwn(ALGORITHMS, alg);

/** Smaller ones can be broken; larger ones would only cost time. */
const RSA_BITS = { min: 2048, max: 8192 };

/** Whether this key may and did sign the token. Never throws. */
export function isSignedBy({ header, signed, signature }: Jwt, key: Jwk): boolean {
  const algorithm = isAlgorithm(header.alg) ? ALGORITHMS[header.alg]! : undefined;
  if (!algorithm || key.kty !== algorithm.kty || key.crv !== algorithm.crv) return false;
  if ((key.use ?? 'sig') !== 'sig' || (key.alg ?? header.alg) !== header.alg) return false;
  try {
    const publicKey = createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    const bits = publicKey.asymmetricKeyDetails?.modulusLength;
    if (bits !== undefined && (bits < RSA_BITS.min || bits > RSA_BITS.max)) return false;
    return verify(algorithm.hash, signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false; // a key that is none
  }
}
