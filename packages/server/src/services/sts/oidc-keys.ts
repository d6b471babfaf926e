import type { Clock } from '../../base/clock.ts';
import { isAlgorithm, type Jwk } from './jwt.ts';

/** An identity provider as IAM has it. */
export interface KeySource {
  /** Without scheme. */
  readonly url: string;
  readonly thumbprints: readonly string[];
}

/** What the provider publishes about itself, from where it says so. */
export interface OidcFetch {
  /** The `issuer` URL that goes with a provider: its scheme is the operator's to decide. */
  issuerOf(url: string): string;
  /** @throws Error when it does not answer, answers with anything but JSON, or is not to be asked */
  json(url: string, thumbprints: readonly string[]): Promise<unknown>;
}

export interface OidcKeys {
  issuerOf(url: string): string;
  /**
   * The provider's keys that may have signed a token.
   * @param kid as the token names it
   * @throws ProviderTrouble
   */
  keysFor(provider: KeySource, kid: string | undefined): Promise<readonly Jwk[]>;
}

/** The provider's keys cannot be had. Nobody learns what it answered: that may be from within a network. */
export class ProviderTrouble extends Error {
  /** Whether it answered, though not with keys. */
  readonly wasReached: boolean;

  constructor(wasReached: boolean) {
    super('no keys from the identity provider');
    this.wasReached = wasReached;
  }
}

/** Keys are asked for again after this time; sooner when a token names one that is not among them. */
const FRESH_MS = 3_600_000;
/** But no sooner than this, so that made-up key names cost the provider nothing. The same for a provider that fails. */
const PAUSE_MS = 10_000;
/** Providers at a time, some 10 KB each; the one that was asked longest ago goes first. */
const PROVIDERS_MAX = 500;
/** Large providers publish a handful. */
const KEYS_MAX = 100;

interface Known {
  readonly atMs: number;
  readonly keys: Promise<readonly Jwk[]>;
}

/** Keeps the keys of identity providers, which are told from each other by URL and trusted certificates. */
export function createOidcKeys(fetch: OidcFetch, clock: Clock): OidcKeys {
  const known = new Map<string, Known>();

  const ask = (id: string, provider: KeySource): Promise<readonly Jwk[]> => {
    const keys = keysOf(fetch, provider);
    keys.catch(() => {}); // whoever waits hears of it
    known.delete(id);
    known.set(id, { atMs: clock.monotonicMs(), keys });
    if (known.size > PROVIDERS_MAX) known.delete(known.keys().next().value!);
    return keys;
  };

  return {
    issuerOf: (url) => fetch.issuerOf(url),
    async keysFor(provider, kid) {
      const id = JSON.stringify([provider.url, provider.thumbprints]);
      const last = known.get(id);
      const ageMs = last ? clock.monotonicMs() - last.atMs : Number.POSITIVE_INFINITY;
      if (!last || ageMs >= FRESH_MS) return named(await ask(id, provider), kid);
      const found = await last.keys.then(
        (keys) => named(keys, kid),
        (error) => {
          if (ageMs < PAUSE_MS) throw error;
          return [];
        },
      );
      if (found.length > 0 || ageMs < PAUSE_MS) return found;
      return named(await ask(id, provider), kid);
    },
  };
}

/** A token that names no key may have been signed with any. */
const named = (keys: readonly Jwk[], kid: string | undefined): readonly Jwk[] =>
  kid === undefined ? keys : keys.filter((key) => key.kid === kid);

async function keysOf(fetch: OidcFetch, { url, thumbprints }: KeySource): Promise<readonly Jwk[]> {
  const issuer = withoutSlash(fetch.issuerOf(url));
  const ask = async (what: string) => {
    try {
      return members(await fetch.json(what, thumbprints));
    } catch {
      throw new ProviderTrouble(false);
    }
  };
  const about = await ask(`${issuer}/.well-known/openid-configuration`);
  const isOwn = typeof about.issuer === 'string' && withoutSlash(about.issuer) === issuer;
  if (!isOwn || typeof about.jwks_uri !== 'string') throw new ProviderTrouble(true);
  const { keys } = await ask(about.jwks_uri);
  if (!Array.isArray(keys)) throw new ProviderTrouble(true);
  return keys.slice(0, KEYS_MAX).filter(isJwk);
}

const withoutSlash = (url: string): string => url.replace(/\/$/, '');

const members = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** Others than strings under these names would not be what the checks of `jwt.ts` take them for. */
function isJwk(value: unknown): value is Jwk {
  const { kty, kid, use, alg, crv } = members(value);
  return (
    typeof kty === 'string' &&
    [kid, use, alg, crv].every((member) => member === undefined || typeof member === 'string') &&
    (alg === undefined || isAlgorithm(alg as string))
  );
}
